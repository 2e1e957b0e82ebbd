"""SAM models behind one function: ours, Meta's files, and those of transformers.

Ours (safetensors and a manifest) and Meta's (`sam_vit_*.pth`) are `segment_anything.modeling.Sam`, made by
one builder whose sizes are read off the tensors. Ours takes images of 256 px. The manifest holds the
`sha256` of the weights beside it and whatever the training records.
Source: Kirillov et al. 2023, Segment Anything.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.tools.yolo import file_hash, weights_file

if TYPE_CHECKING:
    from torch import Tensor

EMBEDDED = Path(__file__).parent / "weights" / "segmenter.json"
"""The manifest of the segmenter that ships with the package."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_DECODER_HEADS = 8  # of every SAM; the tensors do not tell
_TRANSFORMERS = ("sam", "sam2")
"""The kinds of models of transformers that are tried and known to work."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a model answers to N prompts about one picture, M masks each, the scale of the masks' cells.

    Args:
        logits: float32[N, M, h, w], above 0 inside; the cells cover the picture, and perhaps padding to the
            right and below.
        scores: float32[N, M], the IoU that the model foresees.
        scale: cells for one px of the picture, along x and along y.
    """

    logits: Floats
    scores: Floats
    scale: tuple[float, float]


Ask = Callable[[Floats], Asked]
"""From boxes float32[N, 4] (XYXY) or points float32[N, 2] of one picture, px. A box gives one mask, a point
three: a whole, a part and a part of that."""


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """A model that is ready: `encode` a picture uint8[H, W, 3] RGB once, then ask as often as you like.

    `side` is that of the model's own images, px.
    """

    encode: Callable[[Pixels], Ask]
    side: int


@dataclass(frozen=True, kw_only=True)
class SamSizes:
    """All sizes of a SAM; the defaults are those of the embedded one."""

    image: int = 256
    """Side of the square that images are scaled into, px."""
    patch: int = 16
    """Side of a patch, px. Masks come at a quarter of it."""
    width: int = 128
    """Of the image encoder."""
    depth: int = 6
    """Layers of the image encoder."""
    heads: int = 4
    """Of each layer of the image encoder."""
    mlp: int = 512
    """Hidden width of the image encoder's layers."""
    window: int = 8
    """Side of the windows within which most layers attend, in patches; 0 where all layers are global."""
    whole: tuple[int, ...] = (2, 5)
    """The layers that attend over the whole image."""
    prompt: int = 128
    """Width of prompts and of the mask decoder."""
    mask_channels: int = 16
    """Hidden channels where a mask is a prompt."""
    decoder_depth: int = 2
    """Layers of the mask decoder."""
    decoder_mlp: int = 512
    """Hidden width of the mask decoder's layers."""
    quality: int = 128
    """Hidden width of the head that foresees a mask's IoU."""
    quality_depth: int = 3
    """Layers of that head."""

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.image // self.patch


def modeling() -> Any:
    """The module `segment_anything.modeling` (untyped), imported when it is needed.

    By name, because the training room imports this file, and must load on a machine without the library.
    """
    return import_module("segment_anything.modeling")


def new_sam(sizes: SamSizes) -> Any:
    """A freshly initialised `Sam`."""
    from torch import nn

    parts = modeling()
    return parts.Sam(
        image_encoder=parts.ImageEncoderViT(
            img_size=sizes.image,
            patch_size=sizes.patch,
            embed_dim=sizes.width,
            depth=sizes.depth,
            num_heads=sizes.heads,
            mlp_ratio=sizes.mlp / sizes.width,
            out_chans=sizes.prompt,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=sizes.window,
            global_attn_indexes=sizes.whole,
        ),
        prompt_encoder=parts.PromptEncoder(
            embed_dim=sizes.prompt,
            image_embedding_size=(sizes.grid, sizes.grid),
            input_image_size=(sizes.image, sizes.image),
            mask_in_chans=sizes.mask_channels,
        ),
        mask_decoder=parts.MaskDecoder(
            num_multimask_outputs=3,
            transformer=parts.TwoWayTransformer(
                depth=sizes.decoder_depth,
                embedding_dim=sizes.prompt,
                mlp_dim=sizes.decoder_mlp,
                num_heads=_DECODER_HEADS,
            ),
            transformer_dim=sizes.prompt,
            iou_head_depth=sizes.quality_depth,
            iou_head_hidden_dim=sizes.quality,
        ),
    )


def sizes_of(state: dict[str, Any]) -> SamSizes:
    """The sizes of the SAM whose tensors these are. Raises `WeightsError` where it is none."""
    try:
        return _sizes_of({name: tuple(tensor.shape) for name, tensor in state.items()})
    except (KeyError, IndexError, AttributeError, ValueError) as error:
        raise WeightsError(f"these are not the weights of a SAM: {error}") from error


def _sizes_of(shapes: dict[str, tuple[int, ...]]) -> SamSizes:
    encoder, decoder = "image_encoder.", "mask_decoder."
    _, rows, _, width = shapes[encoder + "pos_embed"]
    patch = shapes[encoder + "patch_embed.proj.weight"][-1]
    depth = _count(shapes, encoder + "blocks.")
    # A table of relative places has 2 n - 1 rows, where n is the side that its layer attends over.
    spans = [shapes[f"{encoder}blocks.{n}.attn.rel_pos_h"] for n in range(depth)]
    sides = [(rows_of_table + 1) // 2 for rows_of_table, _ in spans]
    return SamSizes(
        image=rows * patch,
        patch=patch,
        width=width,
        depth=depth,
        heads=width // spans[0][1],
        mlp=shapes[encoder + "blocks.0.mlp.lin1.weight"][0],
        window=min(sides) if min(sides) < rows else 0,
        whole=tuple(n for n, side in enumerate(sides) if side == rows and min(sides) < rows),
        prompt=shapes[encoder + "neck.0.weight"][0],
        mask_channels=shapes["prompt_encoder.mask_downscaling.3.weight"][0],
        decoder_depth=_count(shapes, decoder + "transformer.layers."),
        decoder_mlp=shapes[decoder + "transformer.layers.0.mlp.lin1.weight"][0],
        quality=shapes[decoder + "iou_prediction_head.layers.0.weight"][0],
        quality_depth=_count(shapes, decoder + "iou_prediction_head.layers."),
    )


def _count(shapes: dict[str, tuple[int, ...]], prefix: str) -> int:
    """How many numbered parts stand below `prefix`."""
    return 1 + max(int(name[len(prefix) :].split(".")[0]) for name in shapes if name.startswith(prefix))


def save_sam(sam: Any, manifest_path: Path, *, record: dict[str, Any]) -> dict[str, Any]:
    """Write `<stem>.safetensors` (fp16) and the manifest beside it; returns the manifest."""
    from safetensors.torch import save_file

    weights = weights_file(manifest_path)
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in sam.state_dict().items()}, weights)
    weights.chmod(0o644)  # safetensors writes 0600
    manifest = {"sha256": file_hash(weights), **record}
    manifest_path.write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def load_sam(path: Path) -> Any:
    """The `Sam` of a manifest (`.json`) or of one of Meta's files, fp32 and in evaluation mode.

    Raises:
        WeightsError: the file is missing, damaged, not the one that its manifest names, or no SAM's.
    """
    state = _read_embedded(path) if path.suffix == ".json" else _read_pickled(path)
    sam = new_sam(sizes_of(state))
    try:
        sam.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path}: {' '.join(str(error).split())[:300]}") from error
    return sam.float().eval()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest at `path`. Raises `WeightsError` where it is missing or no manifest."""
    try:
        manifest = json.loads(path.read_text())
        digest = manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"no segmenter weights: {path}: {error}") from error
    if not isinstance(digest, str):
        raise WeightsError(f"no segmenter weights: {path}: sha256 is no text")
    return dict(manifest)


def decode(sam: Any, embedding: Tensor, boxes: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The masks of one picture for several prompts, each of them a box or a point, in one pass.

    Args:
        sam: the model.
        embedding: float32[C, g, g], the encoded picture.
        boxes: float32[B, 4], XYXY in px of the network's image.
        points: float32[P, 2], x and y in px of the network's image.

    Returns:
        Logits float32[B + P, 4, 4 g, 4 g] and foreseen IoU float32[B + P, 4]: the single mask, then the three
        to choose from.
    """
    import torch

    prompts = sam.prompt_encoder
    of_boxes, _ = prompts(points=None, boxes=boxes, masks=None)
    of_points, _ = prompts(points=(points[:, None], torch.ones(len(points), 1)), boxes=None, masks=None)
    no_mask = prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
    logits, quality = sam.mask_decoder.predict_masks(
        image_embeddings=embedding[None],
        image_pe=prompts.get_dense_pe(),
        sparse_prompt_embeddings=torch.cat([of_boxes, of_points]),
        dense_prompt_embeddings=no_mask.expand(len(boxes) + len(points), -1, *embedding.shape[-2:]),
    )
    return logits, quality


def _read_embedded(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    manifest, weights = read_manifest(path), weights_file(path)
    if file_hash(weights) != manifest["sha256"]:
        raise WeightsError(f"the hash of {weights.name} is not the one that {path.name} records")
    try:
        return {name: tensor.float() for name, tensor in load_file(weights).items()}
    except SafetensorError as error:
        raise WeightsError(f"{weights}: {error}") from error


def _read_pickled(path: Path) -> dict[str, Any]:
    """Tensors of a `.pth` file; the reader makes tensors and plain values alone, and runs no code."""
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise WeightsError(f"no SAM weights: {path}: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(state, dict):
        raise WeightsError(f"no SAM weights: {path} holds no tensors by name")
    return state


# Asking.


def load_segmentation(path: Path) -> Segmentation:
    """A manifest (`.json`), one of Meta's files (`.pth`), or a folder that transformers saved.

    Raises:
        WeightsError: what stands at `path` is missing, damaged, or no such model.
    """
    import torch

    torch.set_num_threads(max(min((os.cpu_count() or 1) // 2, 4), 1))
    return _of_transformers(path) if path.is_dir() else of_sam(load_sam(path))


def model_file(path: Path) -> Path:
    """The file that holds the tensors of what `load_segmentation` takes."""
    return path / "model.safetensors" if path.is_dir() else weights_file(path)


def of_sam(sam: Any) -> Segmentation:
    """Of a `Sam`: Meta's predictor scales and encodes, and `decode` answers."""
    import torch

    predictor = import_module("segment_anything").SamPredictor(sam)
    side: int = sam.image_encoder.img_size

    def encode(pixels: Pixels) -> Ask:
        predictor.set_image(pixels)
        embedding, (height, width) = predictor.features[0], pixels.shape[:2]

        @torch.inference_mode()
        def ask(prompts: Floats) -> Asked:
            scaled = torch.from_numpy(prompts) * (side / max(height, width))
            boxed = prompts.shape[1] == 4
            nothing = torch.zeros(0, 2 if boxed else 4)
            logits, scores = decode(sam, embedding, *((scaled, nothing) if boxed else (nothing, scaled)))
            kept = slice(0, 1) if boxed else slice(1, None)
            scale = logits.shape[-1] / max(height, width)
            return Asked(logits=logits[:, kept].numpy(), scores=scores[:, kept].numpy(), scale=(scale, scale))

        return ask

    return Segmentation(encode=torch.inference_mode()(encode), side=side)


def _of_transformers(folder: Path) -> Segmentation:
    """Of a folder that holds a model and its processor; nothing is downloaded, and no pickle is read."""
    import torch
    from transformers import AutoModelForMaskGeneration, AutoProcessor

    try:
        kind = json.loads((folder / "config.json").read_text()).get("model_type")
        if kind not in _TRANSFORMERS:
            raise WeightsError(f"{folder}: a model of kind {kind}; known are {', '.join(_TRANSFORMERS)}")
        loaded = AutoModelForMaskGeneration.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        )
        processor: Any = AutoProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, AttributeError, RuntimeError) as error:
        raise WeightsError(f"no segmenter in {folder}: {' '.join(str(error).split())[:200]}") from error
    model: Any = loaded.float().eval()

    def encode(pixels: Pixels) -> Ask:
        inputs = processor(images=pixels, return_tensors="pt")
        embeddings = model.get_image_embeddings(inputs["pixel_values"])
        net = inputs["pixel_values"].shape[-2:]
        sizes = inputs.get("reshaped_input_sizes")
        filled = np.array(net if sizes is None else sizes[0].tolist())  # the rest is padding
        height, width = filled / pixels.shape[:2]

        @torch.inference_mode()
        def ask(prompts: Floats) -> Asked:
            boxed = prompts.shape[1] == 4
            scaled = torch.from_numpy(prompts * np.tile([width, height], 2 if boxed else 1)).float()[None]
            if boxed:
                given = {"input_boxes": scaled}
            else:
                labels = torch.ones(1, len(prompts), 1, dtype=torch.int)
                given = {"input_points": scaled[:, :, None], "input_labels": labels}
            found = model(image_embeddings=embeddings, multimask_output=not boxed, **given)
            cells = found.pred_masks.shape[-1] / net[1], found.pred_masks.shape[-2] / net[0]
            return Asked(
                logits=found.pred_masks[0].numpy(),
                scores=found.iou_scores[0].numpy(),
                scale=(float(cells[0] * width), float(cells[1] * height)),
            )

        return ask

    sides = dict(processor.image_processor.size).values()
    return Segmentation(encode=torch.inference_mode()(encode), side=max(side for side in sides if side))
