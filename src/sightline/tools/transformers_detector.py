"""Object detectors of transformers from a folder: with classes of their own, or for whatever words are asked.

The first are those of `AutoModelForObjectDetection` (D-FINE, RT-DETR, DETR, YOLOS, ...), the second those of
`AutoModelForZeroShotObjectDetection` (Grounding DINO, OWLv2, OmDet-Turbo, ...). The folder is what
`save_pretrained` writes, processor included; weights are read from safetensors alone, and no code from the
folder is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.errors import WeightsError
from sightline.images import Pixels
from sightline.tools.yolo import OVERLAP, Found

ZERO_SHOT_FROM = 0.25
"""Zero-shot models score lower than those with classes; 0.25 is Grounding DINO's own default."""

Predict = Callable[[Pixels, str], Found]
"""From uint8[H, W, 3] RGB and words, which a model with classes ignores, to what is there."""


def is_folder(path: Path) -> bool:
    """Whether this is a folder that transformers saved a model in."""
    return (path / "config.json").is_file()


def weights_files(path: Path) -> list[Path]:
    """The config and the tensors of the model in the folder. Raises `WeightsError` where one is missing."""
    tensors = sorted(path.glob("*.safetensors"))
    if not (is_folder(path) and tensors):
        raise WeightsError(f"no config.json with *.safetensors in {path}")
    return [path / "config.json", *tensors]


def load_predictor(path: Path, *, score_from: float | None) -> tuple[list[str], Predict]:
    """The classes of the model, none for one that takes any words, and the function that finds.

    Args:
        path: the folder.
        score_from: detections below this score, 0..1, are left out; None: 0.4, of zero-shot models 0.25.

    Raises:
        WeightsError: the folder holds no object detector that transformers knows.
    """
    import torch
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES,
        MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING_NAMES,
    )

    weights_files(path)
    torch.set_num_threads(max(min((os.cpu_count() or 1) // 2, 4), 1))
    try:
        kind = str(json.loads((path / "config.json").read_text())["model_type"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}/config.json is no model's: {error!r}") from error
    if kind in MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING_NAMES:
        return [], _zero_shot(path, ZERO_SHOT_FROM if score_from is None else score_from)
    if kind in MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES:
        return _with_classes(path, 0.4 if score_from is None else score_from)
    raise WeightsError(f"{path} holds a model of type {kind}, which detects no objects")


def _with_classes(path: Path, score_from: float) -> tuple[list[str], Predict]:
    import torch
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    # Both read-only pixels and views warn there: each call hands in a copy.
    processor: Any = _load(AutoImageProcessor, path)
    model: Any = _load(AutoModelForObjectDetection, path, use_safetensors=True).eval()
    names: dict[int, str] = model.config.id2label

    @torch.inference_mode()
    def predict(pixels: Pixels, words: str) -> Found:
        outputs = model(**processor(images=pixels.copy(), return_tensors="pt"))
        (found,) = processor.post_process_object_detection(
            outputs, threshold=score_from, target_sizes=[pixels.shape[:2]]
        )
        return [
            (names[int(label)], float(score), (float(x1), float(y1), float(x2), float(y2)))
            for label, score, (x1, y1, x2, y2) in zip(
                found["labels"].tolist(), found["scores"].tolist(), found["boxes"].tolist(), strict=True
            )
        ]

    return [name for name in names.values() if name != "N/A"], predict  # gaps in COCO's numbers


def _zero_shot(path: Path, score_from: float) -> Predict:
    import torch
    from torchvision.ops import nms
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    processor: Any = _load(AutoProcessor, path)
    model: Any = _load(AutoModelForZeroShotObjectDetection, path, use_safetensors=True).eval()
    longest = int(model.config.text_config.max_position_embeddings)
    longest = min(longest, getattr(model.config, "max_text_len", longest))  # Grounding DINO's own

    @torch.inference_mode()
    def predict(pixels: Pixels, words: str) -> Found:
        asked = [[words.replace(".", " ").strip().lower()]]  # a full stop sets phrases apart
        inputs = processor(images=pixels.copy(), text=asked, return_tensors="pt")
        if inputs["input_ids"].shape[-1] > longest:
            raise ValueError(f"a phrase of more than {longest} tokens is too long for this model")
        outputs = model(**inputs)
        (found,) = processor.post_process_grounded_object_detection(
            outputs, text_labels=asked, threshold=score_from, target_sizes=[pixels.shape[:2]]
        )
        scores, boxes = found["scores"].float(), found["boxes"].float()
        return [
            (words, float(scores[n]), (float(x1), float(y1), float(x2), float(y2)))
            for n in nms(boxes, scores, OVERLAP).tolist()
            for x1, y1, x2, y2 in [boxes[n].tolist()]
        ]

    return predict


def _load(auto: Any, path: Path, **options: Any) -> Any:
    """What `auto` loads from the folder. Raises `WeightsError` in one line."""
    from safetensors import SafetensorError

    try:
        return auto.from_pretrained(str(path), local_files_only=True, **options)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} cannot be loaded by {auto.__name__}: {said}") from error
