"""The multimodal model: a vision tower and a causal language model joined by a projector."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

import sightline.mllm.vision  # noqa: F401 (registers ConvStemViT with AutoModel)
from sightline.mllm.config import SightlineConfig
from sightline.mllm.connectors import MLPProjector, make_connector
from sightline.mllm.moe import add_experts


class SightlineForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """`input_ids` hold one `image_token_id` for each visual token; their embeddings come from the projector.

    `language_model` is any transformers causal LM, `vision_tower` any encoder of whose hidden states
    (`config.select_layer`) the first `config.leading` tokens are dropped and float[B, grid * grid, D] stay.
    """

    config: SightlineConfig
    config_class = SightlineConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    _supports_sdpa = True
    _tied_weights_keys = {  # noqa: RUF012 (as transformers has it)
        "language_model.lm_head.weight": "language_model.model.embed_tokens.weight"
    }

    def __init__(self, config: SightlineConfig) -> None:
        super().__init__(config)
        self.vision_tower = AutoModel.from_config(config.vision_config)
        self.projector = make_connector(config)
        self.language_model = AutoModelForCausalLM.from_config(config.text_config)
        if config.experts:
            add_experts(
                self.language_model,
                config.expert_layers,
                experts=config.experts,
                per_token=config.experts_per_token,
            )
        self.post_init()  # type: ignore[no-untyped-call]  # transformers leaves it untyped

    def get_input_embeddings(self) -> nn.Module:
        """The language model's."""
        embeddings: nn.Module = self.language_model.get_input_embeddings()
        return embeddings

    def get_output_embeddings(self) -> nn.Module:
        """The language model's head."""
        head: nn.Module = self.language_model.get_output_embeddings()
        return head

    def image_features(self, pixel_values: Tensor) -> Tensor:
        """float[N, 3, S, S] in -1..1 -> float[N, tokens_per_image, D_text]."""
        features: Tensor = self.projector(self.patches(pixel_values))
        return features

    def patches(self, pixel_values: Tensor) -> Tensor:
        """What the tower sees in each cell. float[N, 3, S, S] in -1..1 -> float[N, grid * grid, D_vision]."""
        pixels, layer = self._normalised(pixel_values), self.config.select_layer
        seen = self.vision_tower(
            pixel_values=pixels, **({} if layer is None else {"output_hidden_states": True})
        )
        features: Tensor = seen.last_hidden_state if layer is None else seen.hidden_states[layer]
        return features[:, self.config.leading :]

    def _normalised(self, pixel_values: Tensor) -> Tensor:
        """From -1..1 to the mean and deviation that the tower was trained with, in its precision."""
        mean, std = self.config.image_mean, self.config.image_std
        if mean and std:
            shift, scale = (pixel_values.new_tensor(values)[:, None, None] for values in (mean, std))
            pixel_values = ((pixel_values + 1) / 2 - shift) / scale
        return pixel_values.to(self.vision_tower.dtype)

    def embed(self, input_ids: Tensor, pixel_values: Tensor | None) -> Tensor:
        """Token embeddings with the visual tokens in their places, in order. float[B, T, D]."""
        embeddings: Tensor = self.get_input_embeddings()(input_ids)
        places = input_ids == self.config.image_token_id
        if pixel_values is None:
            if bool(places.any()):
                raise ValueError("the text has image tokens but no pixel_values came with it")
            return embeddings
        features = self.image_features(pixel_values).flatten(0, 1)
        if int(places.sum()) != len(features):
            raise ValueError(f"{int(places.sum())} image tokens in the text, {len(features)} from the images")
        return embeddings.masked_scatter(places[..., None], features.to(embeddings.dtype))

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """As any transformers causal LM.

        Args:
            input_ids: int[B, T].
            pixel_values: float[N, 3, S, S] in -1..1, the batch's images in the order of their tokens.
            attention_mask: [B, T], 1 where a token is; or float[B, 1, T, T] from `masks.attention_mask`.
            position_ids: int[B, T].
            past_key_values: the cache of earlier tokens.
            inputs_embeds: float[B, T, D], in place of `input_ids`.
            labels: int[B, T], as `input_ids` has them (the language model shifts them); -100 is not counted.
            use_cache: whether to return a cache.
            logits_to_keep: how many positions from the end get logits (0: all), or which.
            **kwargs: handed to the language model.
        """
        if inputs_embeds is None:
            if input_ids is None:
                raise ValueError("neither input_ids nor inputs_embeds")
            inputs_embeds = self.embed(input_ids, pixel_values)
        output: CausalLMOutputWithPast = self.language_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            labels=labels,
            use_cache=use_cache,
            logits_to_keep=logits_to_keep,
            **kwargs,
        )
        return output

    def prepare_inputs_for_generation(
        self, *args: Any, pixel_values: Tensor | None = None, **kwargs: Any
    ) -> Any:
        """The images go in with the first tokens alone; afterwards they stand in the cache."""
        inputs = super().prepare_inputs_for_generation(*args, **kwargs)  # type: ignore[misc]  # a mixin
        if kwargs.get("is_first_iteration") or not kwargs.get("use_cache", True):
            inputs["pixel_values"] = pixel_values
        return inputs

    @torch.no_grad()
    def start_places(self, first_bin: int, bins: int = 100) -> None:
        """Give the projector's rows and columns the bins' embeddings (see `MLPProjector.set_places`)."""
        weights = self.get_input_embeddings().weight
        assert isinstance(weights, Tensor)
        assert isinstance(self.projector, MLPProjector)
        self.projector.set_places(weights[first_bin : first_bin + bins])


AutoModelForCausalLM.register(SightlineConfig, SightlineForConditionalGeneration)
