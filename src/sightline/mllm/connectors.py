"""Connectors: from the vision tower's features to the language model's embeddings."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.config import SightlineConfig
from sightline.mllm.qformer import QFormerConnector
from sightline.mllm.vision import resize_grid


class MLPProjector(nn.Module):
    """Linear-GELU-Linear (LLaVA-1.5), then, with `places`, where each token lies: a row and a column vector.

    Without the 2-D positions a small model trained from scratch does not learn to say where things are. With
    `content_scale`, the content is normalised, without weights, to that deviation: its own grows twentyfold
    while a model learns to see, and drowns the places. With `norm`, a LayerNorm stands behind each linear
    layer (Yi-VL, `VL/llava/model/multimodal_projector/builder.py`).
    float[B, grid * grid, D_vision] -> float[B, grid * grid, D_text].
    """

    def __init__(
        self,
        vision_width: int,
        text_width: int,
        grid: int,
        *,
        places: bool = True,
        content_scale: float | None = None,
        norm: bool = False,
    ) -> None:
        super().__init__()
        self.grid, self.content_scale = grid, content_scale
        self.linear_1 = nn.Linear(vision_width, text_width)
        self.norm_1 = nn.LayerNorm(text_width) if norm else nn.Identity()
        self.linear_2 = nn.Linear(text_width, text_width)
        self.norm_2 = nn.LayerNorm(text_width) if norm else nn.Identity()
        self.places = places
        if places:
            self.rows = nn.Embedding(grid, text_width)
            self.columns = nn.Embedding(grid, text_width)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        if not self.places:
            return self.content(features)
        where = self.rows.weight[:, None] + self.columns.weight[None]  # [grid, grid, D]
        return self.content(features) + where.flatten(0, 1)

    def content(self, features: Tensor) -> Tensor:
        """What the tokens show, without where they lie. float[B, N, D_vision] -> float[B, N, D_text]."""
        hidden = nn.functional.gelu(self.norm_1(self.linear_1(features)))
        content: Tensor = self.norm_2(self.linear_2(hidden))
        if self.content_scale is None:
            return content
        return nn.functional.layer_norm(content, content.shape[-1:]) * self.content_scale

    @torch.no_grad()
    def set_places(self, bins: Tensor) -> None:
        """Start rows and columns from the mean embedding of the coordinate bins in each.

        Args:
            bins: float[100, D_text], the language model's embeddings of `<00>` to `<99>`.
        """
        means = torch.stack([part.float().mean(0) for part in bins.tensor_split(self.grid)])
        self.rows.weight.copy_(means)
        self.columns.weight.copy_(means)

    @torch.no_grad()
    def set_grid(self, grid: int) -> None:
        """Another number of tokens along a side: rows and columns are interpolated, in place."""
        if self.places:
            for table in (self.rows, self.columns):
                table.weight = nn.Parameter(resize_grid(table.weight, (self.grid, 1), (grid, 1)))
                table.num_embeddings = grid
        self.grid = grid


class Resampler(nn.Module):
    """One cross-attention layer from learned queries to all patches (Qwen-VL, its release's `visual.py`).

    2-D sine-cosine positions are added to queries and keys, not to values: those of the queries' own grid,
    and for the patches the same, stretched over their grid. Then a LayerNorm and a linear layer.
    float[B, N, D_vision] -> float[B, queries, D_text], for any square number N of patches in raster order.

    Raises `ConfigError` where `queries` is no square number or `text_width` is no multiple of 4.
    """

    def __init__(self, vision_width: int, text_width: int, queries: int) -> None:
        super().__init__()
        self.grid = math.isqrt(queries)
        if self.grid**2 != queries or queries < 1:
            raise ConfigError(f"{queries} queries do not lie in a square: take 64, 144, 256, ...")
        if text_width % 4:
            raise ConfigError(f"2-D positions need a width that is a multiple of 4, not {text_width}")
        self.query = nn.Parameter(torch.empty(queries, text_width))
        same = vision_width == text_width
        self.values = nn.Identity() if same else nn.Linear(vision_width, text_width, bias=False)
        self.norm_queries = nn.LayerNorm(text_width, eps=1e-6)
        self.norm_values = nn.LayerNorm(text_width, eps=1e-6)
        self.attention = nn.MultiheadAttention(text_width, _heads(text_width), batch_first=True)
        self.norm_out = nn.LayerNorm(text_width, eps=1e-6)
        self.out = nn.Linear(text_width, text_width, bias=False)
        self._start()

    def _start(self) -> None:
        nn.init.trunc_normal_(self.query, std=0.02)
        for layer in (self.values, self.attention.out_proj):
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
        nn.init.normal_(self.out.weight, std=len(self.out.weight) ** -0.5)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        values = self.norm_values(self.values(features))  # [B, N, D]
        queries = self.norm_queries(self.query)
        own = sine_places(self.grid, queries.shape[-1], queries.device)
        side = math.isqrt(values.shape[1])
        keys = values + resize_grid(own, (self.grid, self.grid), (side, side)).to(values.dtype)
        asked = (queries + own.to(queries.dtype)).expand(len(values), -1, -1)  # [B, queries, D]
        seen: Tensor = self.attention(asked, keys, values, need_weights=False)[0]
        mapped: Tensor = self.out(self.norm_out(seen))
        return mapped


Connector = MLPProjector | Resampler | QFormerConnector


def make_connector(config: SightlineConfig) -> Connector:
    """The connector that `config.connector` names, with new weights."""
    widths = config.vision_config.hidden_size, config.text_config.hidden_size
    if config.connector == "resampler":
        return Resampler(*widths, config.queries)
    if config.connector == "qformer":
        return QFormerConnector(config.qformer_config, config.queries, widths[1])
    norm, scale = config.connector == "mlp_norm", config.content_scale
    return MLPProjector(*widths, config.grid, places=config.places, content_scale=scale, norm=norm)


def sine_places(grid: int, width: int, device: torch.device | None = None) -> Tensor:
    """Where each cell lies, float32[grid * grid, width]: sine and cosine of its column, then of its row.

    A quarter of the width each; wavelengths from 2 pi to 10,000 times that, in cells (MAE, He et al. 2022).
    """
    waves = 10_000.0 ** -(torch.arange(width // 4, device=device) / (width // 4))
    angles = torch.arange(grid, device=device)[:, None] * waves  # [grid, width / 4]
    along = torch.cat([angles.sin(), angles.cos()], -1)  # [grid, width / 2]
    columns, rows = along[None].expand(grid, -1, -1), along[:, None].expand(-1, grid, -1)
    return torch.cat([columns, rows], -1).flatten(0, 1)


def _heads(width: int) -> int:
    """As many as Qwen-VL has, one for each 128 channels, or the next fewer that divide the width."""
    return next(heads for heads in range(max(width // 128, 1), 0, -1) if width % heads == 0)
