"""The networks of `detect` and `classify` as ONNX files: made once, so that their use needs no torch.

They are made of a detector's safetensors and of the weights of EfficientNet-Lite0, by `network_export` in a
process of its own, and lie in `models/` beside the fetched weights (see `weights.prepared`). onnxruntime runs
them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sightline import weights
from sightline.errors import WeightsError
from sightline.tools import yolo
from sightline.weights import prepared

CLASSIFIER, CLASSIFIER_FILE = "efficientnet-lite0", "efficientnet-lite0-57934424.pth"
"""What the classifier's network is made of."""

FORMAT = "onnx-1"
"""How they are made; another name where that changes, so that what lies there from before is not taken."""

NETWORK = "network.onnx"

_TAKES = "about half a minute"


def detector_network(manifest: Path = yolo.EMBEDDED) -> Path:
    """The ONNX file of a detector, made where it is not there. One process makes it, others wait.

    Args:
        manifest: of the detector, see `yolo`.

    Returns:
        A network of float32[N, 3, H, W] RGB, 0..1, H and W multiples of the `stride` that its metadata names,
        to float32[N, 4 + classes, places] of the middle, width and height in px, and the scores.

    Raises:
        WeightsError: a file is missing, damaged, or not the one that the manifest names, or the making fails.
    """
    about = yolo.read_manifest(manifest)
    source = yolo.checked_weights(manifest, about)
    config = json.dumps([about["model"], len(about["names"]), about["imgsz"]], sort_keys=True)
    folder = prepared.folder_of("detector", about["sha256"], config, FORMAT)

    def make(to: Path) -> None:
        prepared.run_module(_EXPORT, "detector", str(manifest), str(to / NETWORK), what=what)

    what = "the detector's network"
    said = {"of": source.name, "sha256": about["sha256"], "format": FORMAT}
    return prepared.made(folder, make, what=what, takes=_TAKES, about=said) / NETWORK


def classifier_network() -> Path:
    """The ONNX file of the classifier, made where it is not there, of weights that are fetched then.

    Returns:
        A network of float32[1, 3, 224, 224], normalized RGB, to logits, float32[1, 1000].

    Raises:
        WeightsError: the weights cannot be fetched, or the making fails.
    """
    pinned = classifier_hash()
    folder = prepared.folder_of("classifier", pinned, FORMAT)

    def make(to: Path) -> None:
        file = weights.path(CLASSIFIER, CLASSIFIER_FILE)
        prepared.run_module(_EXPORT, "classifier", str(file), str(to / NETWORK), what=what)

    what = "the classifier's network"
    said = {"of": CLASSIFIER_FILE, "sha256": pinned, "format": FORMAT}
    return prepared.made(folder, make, what=what, takes=_TAKES, about=said) / NETWORK


def classifier_hash() -> str:
    """sha256 of the weights that the classifier's network is made of, as the manifest pins them."""
    entry = next((entry for entry in weights.entries() if entry.name == CLASSIFIER), None)
    if entry is None:
        raise WeightsError(f"the manifest of weights lacks {CLASSIFIER}")
    return entry.file(CLASSIFIER_FILE).sha256


def load_network(file: Path) -> Any:
    """An `InferenceSession` on the CPU (untyped: the library ships no types).

    Of one thread, or as many as OMP_NUM_THREADS says. Raises `WeightsError` where the file cannot be read.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    told = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = max(int(told), 1) if told.isdecimal() else 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own errors share no other base
        said = " ".join(str(error).split())[:200]
        raise WeightsError(f"{file} cannot be loaded: {said}; delete its folder to make it anew") from error


_EXPORT = "sightline.tools.network_export"
