"""The Q-Former of BLIP-2 (Li et al. 2023): learned queries that read an image, and text, in one transformer.

Self-attention is shared between queries and text; a mask says who sees whom. Each has feed-forward layers of
its own, and the queries alone look at the image, in every second block. The blocks and their embeddings are
transformers' own, under its names, so that weights of a `Blip2ForImageTextRetrieval` go in; the head that
predicts words is what that model lacks.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from transformers import (
    Blip2Config,
    Blip2QFormerConfig,
    Blip2QFormerModel,
    Blip2VisionConfig,
    PreTrainedConfig,
)
from transformers.models.blip_2.modeling_blip_2 import Blip2PreTrainedModel, Blip2TextEmbeddings

from sightline.errors import ConfigError

Sight = Literal["apart", "together", "onward"]
"""Who sees whom. `apart`: queries and text do not see each other. `together`: all see all. `onward`: queries
see queries, a word sees the queries and the words up to itself."""


def sight_mask(sight: Sight, queries: int, text: Tensor) -> Tensor:
    """What is added to the scores of self-attention over queries, then text.

    Args:
        sight: see `Sight`.
        queries: how many stand before the text.
        text: bool[B, T], true on tokens; nobody sees the padding.

    Returns:
        float32[B, 1, Q + T, Q + T]: 0 where row may see column, float32's lowest number elsewhere.
    """
    rows, words = text.shape
    is_text = torch.arange(queries + words, device=text.device) >= queries
    place = torch.arange(queries + words, device=text.device)
    seen = {
        "apart": is_text[:, None] == is_text,
        "together": torch.ones(queries + words, queries + words, dtype=torch.bool, device=text.device),
        "onward": (~is_text | (is_text[:, None] & (place <= place[:, None]))),
    }[sight]
    there = torch.cat([text.new_ones(rows, queries), text], 1)  # [B, Q + T]
    mask = torch.zeros(rows, 1, queries + words, queries + words, device=text.device)
    return mask.masked_fill(~(seen & there[:, None, None]), torch.finfo(mask.dtype).min)


class QFormer(Blip2PreTrainedModel):
    """Queries, text and what stage 1 asks of them; float32, as transformers keeps it.

    Of the config count `qformer_config`, `num_query_tokens`, `image_text_hidden_size` and the vision's width.
    """

    def __init__(self, config: Blip2Config) -> None:
        super().__init__(config)
        inner = config.qformer_config
        assert isinstance(inner, Blip2QFormerConfig)
        width, joint = inner.hidden_size, config.image_text_hidden_size
        self.query_tokens = nn.Parameter(torch.empty(1, config.num_query_tokens, width))
        self.embeddings = Blip2TextEmbeddings(inner)
        self.qformer = Blip2QFormerModel(inner)
        self.vision_projection = nn.Linear(width, joint)
        self.text_projection = nn.Linear(width, joint)
        self.itm_head = nn.Linear(width, 2)
        self.temperature = nn.Parameter(torch.tensor(0.07))
        self.words = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.words_bias = nn.Parameter(torch.zeros(inner.vocab_size))
        self.post_init()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        nn.init.normal_(self.query_tokens, std=inner.initializer_range)

    def get_input_embeddings(self) -> nn.Module:
        """Of the text."""
        embeddings: nn.Module = self.embeddings.word_embeddings
        return embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Of the text."""
        assert isinstance(value, nn.Embedding)
        self.embeddings.word_embeddings = value

    def read(self, features: Tensor, ids: Tensor, text: Tensor, sight: Sight) -> tuple[Tensor, Tensor]:
        """What queries and words become over an image.

        Args:
            features: float[B, N, D_vision] of the image.
            ids: int[B, T].
            text: bool[B, T], true on tokens.
            sight: see `Sight`.

        Returns:
            float32[B, Q, D] of the queries and float32[B, T, D] of the words.
        """
        queries = self.query_tokens.shape[1]
        states = self.qformer(
            query_embeds=self.embeddings(
                input_ids=ids, query_embeds=self.query_tokens.expand(len(ids), -1, -1)
            ),
            query_length=queries,
            attention_mask=sight_mask(sight, queries, text),
            encoder_hidden_states=features,
        ).last_hidden_state
        return states[:, :queries], states[:, queries:]

    def similarity(self, features: Tensor, ids: Tensor, text: Tensor) -> Tensor:
        """Of each image with each text, float32[B, B]: the largest cosine of a query with the first word."""
        seen, said = self.read(features, ids, text, "apart")
        seen = nn.functional.normalize(self.vision_projection(seen), dim=-1)  # [B, Q, J]
        said = nn.functional.normalize(self.text_projection(said[:, 0]), dim=-1)  # [B, J]
        return torch.einsum("iqj,tj->itq", seen, said).amax(-1)

    def match(self, features: Tensor, ids: Tensor, text: Tensor) -> Tensor:
        """Whether each text is of its image, float32[B, 2]: logits of no and yes, a mean over the queries."""
        seen, _ = self.read(features, ids, text, "together")
        logits: Tensor = self.itm_head(seen).mean(1)
        return logits

    def predict(self, features: Tensor, ids: Tensor, text: Tensor) -> Tensor:
        """Logits of the next word at each, float32[B, T, V]."""
        _, said = self.read(features, ids, text, "onward")
        return nn.functional.linear(self.words(said), self.embeddings.word_embeddings.weight, self.words_bias)


class QFormerConnector(nn.Module):
    """The queries alone read the image; a linear layer makes them a language model's soft prefix (stage 2).

    float[B, N, D_vision] -> float[B, queries, D_text]. Names are those of `Blip2ForConditionalGeneration`,
    whose weights go in. Raises `ConfigError` without the Q-Former's sizes.
    """

    def __init__(self, config: PreTrainedConfig | None, queries: int, text_width: int) -> None:
        super().__init__()
        if not isinstance(config, Blip2QFormerConfig):
            raise ConfigError("a Q-Former as connector needs a qformer_config: the stage `blip2` makes one")
        self.query_tokens = nn.Parameter(torch.zeros(1, queries, config.hidden_size))
        self.qformer = Blip2QFormerModel(config)
        self.language_projection = nn.Linear(config.hidden_size, text_width)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        queries = self.query_tokens.expand(len(features), -1, -1)
        seen = self.qformer(query_embeds=queries, encoder_hidden_states=features).last_hidden_state
        prefix: Tensor = self.language_projection(seen)
        return prefix

    @classmethod
    def after(cls, learnt: QFormer, text_width: int) -> QFormerConnector:
        """What stage 1 has learnt, without what it had for text, and a new linear layer."""
        inner = learnt.config.qformer_config
        assert isinstance(inner, Blip2QFormerConfig)
        config = Blip2QFormerConfig(**inner.to_dict() | {"use_qformer_text_input": False})
        connector = cls(config, learnt.config.num_query_tokens, text_width)
        own, given = connector.state_dict(), learnt.state_dict()
        own.update({name: given[name] for name in own if not name.startswith("language_projection.")})
        connector.load_state_dict(own)
        return connector


def qformer_config(
    vocab_size: int,
    *,
    pad_id: int,
    vision_width: int,
    width: int,
    layers: int,
    heads: int,
    queries: int = 32,
    joint: int = 256,
    longest: int = 512,
) -> Blip2Config:
    """All sizes of a `QFormer`; no dropout, since every sample is new.

    Args:
        vocab_size: of the text.
        pad_id: of the text.
        vision_width: of the image's features.
        width: of the transformer; its inner layers are four times as wide.
        layers: its blocks.
        heads: of its attention.
        queries: learned ones.
        joint: width in which images and texts are compared.
        longest: text, in tokens.
    """
    inner = Blip2QFormerConfig(
        vocab_size=vocab_size,
        pad_token_id=pad_id,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=longest,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        use_qformer_text_input=True,
    )
    return Blip2Config(
        qformer_config=inner.to_dict(),
        vision_config=Blip2VisionConfig(hidden_size=vision_width).to_dict(),  # what the queries look at
        num_query_tokens=queries,
        image_text_hidden_size=joint,
    )
