"""The vision tower of the embedded tier, and how any tower comes to see at another resolution.

Ours is a convolutional stem and a transformer over its cells.

The stem (Xiao et al. 2021, "Early Convolutions Help Transformers See Better") replaces the patch
embedding: four stride-2 convolutions see edges before anything is cut into cells of 16 px.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from sightline.errors import ConfigError
from sightline.mllm.config import ConvStemViTConfig


class Stem(nn.Module):
    """float[B, 3, S, S] -> float[B, D, S/16, S/16]."""

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        sizes = [3, *channels]
        layers: list[nn.Module] = []
        for c_in, c_out in itertools.pairwise(sizes):
            layers += [
                nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False),
                nn.GroupNorm(8, c_out),
                nn.GELU(),
            ]
        layers.append(nn.Conv2d(sizes[-1], width, 3, stride=2, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.layers(pixels.contiguous(memory_format=torch.channels_last))
        return features


class Block(nn.Module):
    """A pre-norm transformer block without a mask. float[B, N, D] -> float[B, N, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def attend(self, x: Tensor) -> Tensor:
        """Every cell attends to every cell."""
        b, n, d = x.shape
        q, k, v = (
            self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        )  # each [B, H, N, d/H]
        # Written out: on a CPU the fused kernel's backward is about twice as slow.
        weights = (q * (d // self.heads) ** -0.5 @ k.transpose(-1, -2)).softmax(-1)
        mixed: Tensor = self.out((weights @ v).transpose(1, 2).reshape(b, n, d))
        return mixed

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = x + self.attend(self.norm1(x))
        fed: Tensor = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return fed


class ConvStemViT(PreTrainedModel):
    """float[B, 3, S, S] in -1..1 -> `last_hidden_state` float[B, (S/16)^2, D], cells in raster order."""

    config_class = ConvStemViTConfig
    base_model_prefix = "vision"
    main_input_name = "pixel_values"
    _supports_sdpa = True
    """Whatever is asked for, the attention here is its own."""

    def __init__(self, config: ConvStemViTConfig) -> None:
        super().__init__(config)
        self.stem = Stem(list(config.stem_channels), config.hidden_size)
        self.positions = nn.Embedding(config.grid**2, config.hidden_size)
        self.blocks = nn.ModuleList(Block(config.hidden_size, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()  # type: ignore[no-untyped-call]  # transformers leaves it untyped

    def forward(self, pixel_values: Tensor, **_: Any) -> BaseModelOutput:
        """See the class."""
        x = self.stem(pixel_values.to(self.positions.weight.dtype))
        x = x.flatten(2).transpose(1, 2) + self.positions.weight  # [B, N, D]
        for block in self.blocks:
            x = block(x)
        return BaseModelOutput(last_hidden_state=self.norm(x))


def resize_grid(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """float[h * w, D] of an (h, w) grid -> float[H * W, D] of an (H, W) one, between its points bicubic.

    As `interpolate_pos_encoding=True` of transformers' encoders, but in float32 whatever the precision is.
    """
    if old == new:
        return table
    image = table.float().view(1, *old, -1).permute(0, 3, 1, 2)  # [1, D, h, w]
    resized = nn.functional.interpolate(image, size=new, mode="bicubic", align_corners=False)
    return resized.permute(0, 2, 3, 1).flatten(0, 2).to(table.dtype)


@torch.no_grad()
def set_side(tower: PreTrainedModel, side: int) -> int:
    """Fit a tower (ours, SigLIP, CLIP) to images of `side` px, in place. Returns its patches along a side.

    Its table of positions is interpolated; a class token's stays.

    Raises `ConfigError` for a side that is no multiple of its patches', or a tower without such a table.
    """
    config = tower.config
    patch = getattr(config, "patch_size", 16)  # ours has none: its stem's stride
    if side < patch or side % patch:
        raise ConfigError(f"an image of {side} px cannot be cut into patches of {patch} px")
    owner, name = _positions(tower)
    old, new = config.image_size // patch, side // patch
    weight = getattr(owner, name).weight
    leading, cells = weight[: len(weight) - old * old], weight[len(weight) - old * old :]
    table = torch.cat([leading, resize_grid(cells, (old, old), (new, new))])
    setattr(owner, name, nn.Embedding.from_pretrained(table, freeze=False))
    if "position_ids" in dict(owner.named_buffers(recurse=False)):
        ids = torch.arange(len(table), device=table.device)[None]
        owner.register_buffer("position_ids", ids, persistent=False)
        owner.image_size, owner.num_patches, owner.num_positions = side, new * new, len(table)
    config.image_size = side
    return int(new)


def _positions(tower: PreTrainedModel) -> tuple[Any, str]:
    """The module that holds the table of positions, and its name there."""
    for owner, name in ((tower, "positions"), (getattr(tower, "embeddings", None), "position_embedding")):
        if isinstance(getattr(owner, name, None), nn.Embedding):
            return owner, name
    raise ConfigError(
        f"{tower.config.model_type} keeps to its own resolution: no table of positions is known"
    )


AutoModel.register(ConvStemViTConfig, ConvStemViT)
