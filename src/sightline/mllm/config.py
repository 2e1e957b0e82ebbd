"""The shape of the model. All sizes of the embedded tier live in `embedded_config`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from transformers import AutoConfig, LlamaConfig, PreTrainedConfig

ConnectorName = Literal["mlp", "mlp_norm", "resampler", "qformer"]


class ConvStemViTConfig(PreTrainedConfig):
    """A vision transformer behind a convolutional stem.

    Args:
        image_size: side of the square input, px; a multiple of 16, the stem's stride.
        stem_channels: output channels of the three stride-2 convolutions before the last one.
        hidden_size: width of the transformer.
        depth: its number of blocks.
        num_heads: attention heads a block.
    """

    model_type = "sightline_vit"

    def __init__(
        self,
        *,
        image_size: int = 128,
        stem_channels: tuple[int, int, int] = (48, 96, 192),
        hidden_size: int = 320,
        depth: int = 6,
        num_heads: int = 5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size
        self.stem_channels = list(stem_channels)
        self.hidden_size = hidden_size
        self.depth = depth
        self.num_heads = num_heads

    @property
    def grid(self) -> int:
        """Cells along one side of the feature map; an image is grid * grid tokens."""
        return self.image_size // 16


class SightlineConfig(PreTrainedConfig):
    """Vision tower + projector + language model.

    Args:
        vision_config: of a `ConvStemViT`, or of any transformers vision encoder.
        text_config: of any transformers causal language model.
        image_token_id: the id that stands for one visual token in the text.
        connector: what joins the two (see `connectors`): `mlp` (LLaVA-1.5), `mlp_norm` (Yi-VL), both of which
            give a token for each patch, `resampler` (Qwen-VL) or `qformer` (BLIP-2), which give `queries`
            tokens an image.
        queries: of the resampler, a square number, or of the Q-Former.
        qformer_config: sizes of the Q-Former, where there is one.
        grid: patches along one side of an image.
        places: the projector adds where each token lies, as a row and a column vector.
        content_scale: the standard deviation over channels of what the projector says of a token's content;
            None leaves it as it comes. Held near that of word embeddings, it does not drown the places.
        select_layer: which of the tower's hidden states is taken, as `hidden_states` counts them (-2: the
            last layer but one, as LLaVA does); None takes its `last_hidden_state`.
        leading: tokens that the tower puts before those of the grid (CLS, registers); they are dropped.
        image_mean: of the tower's input, by channel, of pixels in 0..1; None where it takes them in -1..1.
        image_std: likewise.
        experts: networks in each layer of the language model that has several (see `moe`); 0: none has.
        experts_per_token: how many of them work on a token.
        expert_layers: which layers have them, counted from 0.
    """

    model_type = "sightline"
    sub_configs = {"vision_config": AutoConfig, "text_config": AutoConfig}  # noqa: RUF012 (as transformers has it)

    def __init__(
        self,
        *,
        vision_config: PreTrainedConfig | dict[str, Any] | None = None,
        text_config: PreTrainedConfig | dict[str, Any] | None = None,
        image_token_id: int = 4,
        connector: ConnectorName = "mlp",
        queries: int = 256,
        qformer_config: PreTrainedConfig | dict[str, Any] | None = None,
        grid: int = 8,
        places: bool = True,
        content_scale: float | None = None,
        select_layer: int | None = None,
        leading: int = 0,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        experts: int = 0,
        experts_per_token: int = 2,
        expert_layers: Sequence[int] = (),
        **kwargs: Any,
    ) -> None:
        self.vision_config = _config(vision_config) or ConvStemViTConfig()
        self.text_config = _config(text_config) or LlamaConfig()
        self.image_token_id = image_token_id
        self.connector = connector
        self.queries = queries
        self.qformer_config = _config(qformer_config)
        self.grid = grid
        self.places = places
        self.content_scale = content_scale
        self.select_layer = select_layer
        self.leading = leading
        self.image_mean = list(image_mean) if image_mean else None
        self.image_std = list(image_std) if image_std else None
        self.experts = experts
        self.experts_per_token = experts_per_token
        self.expert_layers = list(expert_layers)
        kwargs.setdefault("tie_word_embeddings", bool(self.text_config.tie_word_embeddings))
        super().__init__(**kwargs)

    @property
    def tokens_per_image(self) -> int:
        """Visual tokens that one image becomes."""
        return self.queries if self.connector in ("resampler", "qformer") else self.grid * self.grid


def _config(config: PreTrainedConfig | dict[str, Any] | None) -> PreTrainedConfig | None:
    if isinstance(config, dict):
        fields = {k: v for k, v in config.items() if k != "model_type"}
        return AutoConfig.for_model(config["model_type"], **fields)
    return config


def embedded_config(
    vocab_size: int, *, image_token_id: int, pad_id: int, bos_id: int, eos_id: int
) -> SightlineConfig:
    """The embedded model: about 20M parameters, 64 visual tokens for an image of 128 px."""
    text = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=320,
        intermediate_size=864,
        num_hidden_layers=8,
        num_attention_heads=5,
        num_key_value_heads=5,
        head_dim=64,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=pad_id,
        bos_token_id=bos_id,
        eos_token_id=eos_id,
    )
    return _with_special_ids(text, image_token_id, pad_id, bos_id, eos_id)


def tiny_config(
    vocab_size: int, *, image_token_id: int, pad_id: int, bos_id: int, eos_id: int
) -> SightlineConfig:
    """A model of a few ten thousand parameters with the same parts: for tests and rehearsals."""
    text = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=pad_id,
        bos_token_id=bos_id,
        eos_token_id=eos_id,
    )
    vision = ConvStemViTConfig(stem_channels=(8, 8, 16), hidden_size=32, depth=2, num_heads=2)
    return _with_special_ids(text, image_token_id, pad_id, bos_id, eos_id, vision)


def _with_special_ids(
    text: LlamaConfig, image: int, pad: int, bos: int, eos: int, vision: ConvStemViTConfig | None = None
) -> SightlineConfig:
    return SightlineConfig(
        vision_config=vision or ConvStemViTConfig(),
        text_config=text,
        image_token_id=image,
        pad_token_id=pad,
        bos_token_id=bos,
        eos_token_id=eos,
    )


AutoConfig.register("sightline_vit", ConvStemViTConfig)
AutoConfig.register("sightline", SightlineConfig)
