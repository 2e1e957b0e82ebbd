"""Connectors: from the vision tower's features to the language model's embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MLPProjector(nn.Module):
    """Linear-GELU-Linear (LLaVA-1.5), then, with `places`, where each token lies: a row and a column vector.

    Without the 2-D positions a small model trained from scratch does not learn to say where things are. With
    `content_scale`, the content is normalised (Yi-VL's LayerNorm, without weights) to that deviation: its own
    grows twentyfold while a model learns to see, and drowns the places.
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
    ) -> None:
        super().__init__()
        self.grid, self.content_scale = grid, content_scale
        self.linear_1 = nn.Linear(vision_width, text_width)
        self.linear_2 = nn.Linear(text_width, text_width)
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
        content: Tensor = self.linear_2(nn.functional.gelu(self.linear_1(features)))
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
