"""YOLO models as safetensors and a JSON manifest: built with ultralytics' own classes, no pickle.

The manifest holds `model` (ultralytics' model config), `names` (the classes in order), `imgsz` (the
side in px that images are letterboxed to), `sha256` of the weights file beside it, and whatever the
training wants to record. Ultralytics is imported here and nowhere else, offline and without telemetry: to
train, to make `prepared_networks`, and for the user's own files. What `detect` looks with is `yolo_onnx`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.errors import WeightsError
from sightline.tools.tiles import Find, Rows, Tiling, look, suppressed

EMBEDDED = Path(__file__).parent / "weights" / "detector.json"
"""The manifest of the detector that ships with the package."""

OVERLAP = 0.7
"""Of two boxes with a greater intersection over union, the one with the lower score is dropped. Disks that
hide each other in part stay."""

DARK = 100
"""Of 255. A picture whose ground is darker is seen twice, as it is and as its negative: most of what the
network was trained on has a light ground."""

SPREAD = 3.0
"""The exponent of the negative. Chosen by mAP on pictures of other seeds than those that are reported."""

AGAIN = 0.6
"""As `OVERLAP`, of boxes of the two looks, which lie a little apart."""

MOST = 1000
"""Objects in an image; a tile of 256 px holds as many of the smallest."""


@cache
def ultralytics() -> Any:
    """The library, set up to stay offline, silent, and out of the user's configuration folder.

    Its own `PIL.Image.open`, which would install a package for each file that is no image, is put back.

    Returns:
        The module `ultralytics` (untyped: the library ships no types).
    """
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp(prefix="sightline-yolo-")
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    opens = Image.open
    import ultralytics

    Image.open = opens
    ultralytics.settings.update({"sync": False})
    logging.getLogger("ultralytics").setLevel(logging.WARNING)
    return ultralytics


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest at `path`. Raises `WeightsError` where it is missing or no manifest."""
    try:
        manifest = json.loads(path.read_text())
        missing = {"model", "names", "imgsz", "sha256"} - set(manifest)
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"no detector weights: {path}: {error}") from error
    if missing:
        raise WeightsError(f"{path} lacks {', '.join(sorted(missing))}")
    return dict(manifest)


def weights_file(path: Path) -> Path:
    """The file that holds the tensors: beside a manifest (`.json`), or `path` itself."""
    return path.with_suffix(".safetensors") if path.suffix == ".json" else path


def checked_weights(path: Path, manifest: dict[str, Any]) -> Path:
    """The tensors' file of the manifest at `path`. Raises `WeightsError` where it is not the one it names."""
    weights = weights_file(path)
    if file_hash(weights) != manifest["sha256"]:
        raise WeightsError(f"the hash of {weights.name} is not the one that {path.name} records")
    return weights


def file_hash(*paths: Path) -> str:
    """sha256 of files, one after the other, hex. Raises `WeightsError` where one cannot be read."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                hashlib.file_digest(file, lambda: digest)
        except OSError as error:
            raise WeightsError(f"no detector weights: {path}: {error.strerror}") from error
    return digest.hexdigest()


def new_model(config: dict[str, Any] | str, names: list[str]) -> Any:
    """A freshly initialised `DetectionModel` for these classes; `config` is a dict or `yolo11n.yaml`."""
    ultralytics()
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils import DEFAULT_CFG

    model: Any = DetectionModel(config, ch=3, nc=len(names), verbose=False)
    model.names = dict(enumerate(names))
    model.args = DEFAULT_CFG
    model.task = "detect"
    return model


def save_model(model: Any, manifest_path: Path, *, imgsz: int, record: dict[str, Any]) -> dict[str, Any]:
    """Write `<stem>.safetensors` (fp16) and the manifest beside it; returns the manifest."""
    from safetensors.torch import save_file

    tensors = {
        name: (value.detach().half() if value.is_floating_point() else value.detach()).contiguous().clone()
        for name, value in model.state_dict().items()
    }
    weights = weights_file(manifest_path)
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, weights)
    weights.chmod(0o644)  # safetensors writes 0600
    manifest = {
        "names": list(model.names.values()),
        "imgsz": imgsz,
        "sha256": file_hash(weights),
        **record,
        "model": model.yaml,
    }
    manifest_path.write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def load_model(manifest_path: Path) -> tuple[Any, dict[str, Any]]:
    """The model (fp32, in evaluation mode) and its manifest.

    Raises `WeightsError` where a file is missing, damaged, or not the one that the manifest names.
    """
    from safetensors.torch import load_file

    manifest = read_manifest(manifest_path)
    weights = checked_weights(manifest_path, manifest)
    if wrong := _forbidden(manifest["model"]):
        raise WeightsError(f"{manifest_path.name}: {wrong}")
    model = new_model(manifest["model"], manifest["names"])
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(weights).items()})
    return model.eval(), manifest


def _forbidden(config: Any) -> str:
    """What a model config must not hold, in one line; empty where it may be built.

    Ultralytics evaluates `activation` as Python and calls whatever in its modules a layer names.
    """
    ultralytics()
    from torch import nn
    from ultralytics.nn import tasks

    if not isinstance(config, dict) or config.get("activation"):
        return "a model config is an object without activation"
    for layer in [*config.get("backbone", []), *config.get("head", [])]:
        name = str(layer[2]) if isinstance(layer, list) and len(layer) == 4 else ""
        made = getattr(nn, name[3:], None) if name.startswith("nn.") else getattr(tasks, name, None)
        # The models of `tasks` are modules too, and take a config of their own.
        if not (isinstance(made, type) and issubclass(made, nn.Module)) or made.__module__ == tasks.__name__:
            return f"not a layer: {str(layer)[:100]}"
    return ""


Found = list[tuple[str, float, tuple[float, float, float, float]]]
"""Class, score, and XYXY in px of the image, of each object."""


class Looked(NamedTuple):
    """What was found, and in one line what was not looked for (empty: nothing was left out)."""

    rows: Found
    partial: str = ""


Predict = Callable[[NDArray[np.uint8]], Looked]
"""Finds objects in uint8[H, W, 3] RGB."""


def load_predictor(path: Path, *, score_from: float) -> tuple[list[str], Predict]:
    """The classes of a model, and the function that finds them.

    A manifest's model looks at large pictures in tiles too (see `tiles`), so that it sees small things.

    Args:
        path: a manifest (`.json`) or a model file of ultralytics, which is unpickled.
        score_from: detections below this score, 0..1, are left out.

    Raises:
        WeightsError: the file is missing, damaged, or not the one that its manifest names.
    """
    import torch

    torch.set_num_threads(max(min((os.cpu_count() or 1) // 2, 4), 1))
    if path.suffix == ".json":
        return predictor(read_manifest(path), _network(path, score_from))
    return _predict_any(path, score_from)


def predictor(manifest: dict[str, Any], find: Find) -> tuple[list[str], Predict]:
    """The classes of a manifest, and the function that finds them in pictures of any size with `find`."""
    names: list[str] = manifest["names"]
    tiling = Tiling(side=int(manifest["imgsz"]))

    def predict(pixels: NDArray[np.uint8]) -> Looked:
        rows, left_out = look(pixels, find, tiling)
        return Looked(_rows(names, rows[:, 5], rows[:, 4], rows[:, :4]), left_out)

    return names, predict


def _network(path: Path, score_from: float) -> Find:
    """Letterbox, network and suppression alone: ultralytics' predictor takes seconds more to load."""
    import torch

    model, manifest = load_model(path)
    # Batch norms folded into convolutions, channels last: a fifth faster on a CPU.
    model = model.fuse(verbose=False).to(memory_format=torch.channels_last)
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import scale_boxes

    letterbox = LetterBox(manifest["imgsz"], auto=True, stride=int(model.stride.max()))
    suppress = partial(
        non_max_suppression, nc=len(manifest["names"]), agnostic=True, max_det=MOST, max_time_img=10.0
    )

    @torch.inference_mode()
    def seen(images: Sequence[NDArray[np.uint8]]) -> list[Rows]:
        boxed: NDArray[np.uint8] = np.stack([np.asarray(letterbox(image=image)) for image in images])
        batch = torch.from_numpy(boxed.transpose(0, 3, 1, 2))  # still channels last
        found = suppress(model(batch.float() / 255), score_from, OVERLAP)
        for rows, image in zip(found, images, strict=True):
            rows[:, :4] = scale_boxes((batch.shape[2], batch.shape[3]), rows[:, :4], image.shape)
        return [rows[:, :6].float().numpy() for rows in found]

    return twice_where_dark(seen)


def twice_where_dark(seen: Find) -> Find:
    """`seen`, which looks at pictures with a dark ground as they are and at their negatives (see `DARK`)."""

    def find(images: Sequence[NDArray[np.uint8]]) -> list[Rows]:
        found = seen(images)
        dark = [n for n, image in enumerate(images) if _ground(image) < DARK]
        if dark:
            for n, rows in zip(dark, seen([_negative(images[n]) for n in dark]), strict=True):
                both = np.concatenate([found[n], rows])
                found[n] = suppressed(both[np.argsort(-both[:, 4], kind="stable")], AGAIN)
        return found

    return find


def _ground(image: NDArray[np.uint8]) -> float:
    """How light the ground is, 0..255: the middle of the levels along the edges, over all channels."""
    edges = np.concatenate([*image[[0, -1]], *image[:, [0, -1]].swapaxes(0, 1)])
    return float(np.median(edges, axis=0).mean())


def _negative(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The negative, with its dark levels, which become light ones, spread apart."""
    return (255 * (1 - image / 255) ** SPREAD).astype(np.uint8)


def _predict_any(path: Path, score_from: float) -> tuple[list[str], Predict]:
    file_hash(path)  # a missing file must not start a search for it
    yolo = ultralytics().YOLO(str(path), task="detect")
    names: dict[int, str] = dict(yolo.names)
    imgsz = int(yolo.overrides.get("imgsz") or 640)

    def predict(pixels: NDArray[np.uint8]) -> Looked:
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])  # what ultralytics takes arrays to be
        options = {"imgsz": imgsz, "conf": score_from, "iou": OVERLAP, "agnostic_nms": True, "device": "cpu"}
        boxes = yolo.predict(bgr, save=False, verbose=False, **options)[0].boxes
        return Looked(_rows(names, boxes.cls, boxes.conf, boxes.xyxy))

    return list(names.values()), predict


def _rows(names: list[str] | dict[int, str], labels: Any, scores: Any, corners: Any) -> Found:
    """Rows of plain Python values from tensors of N classes, N scores and N x 4 corners."""
    return [
        (names[int(label)], float(score), (float(x1), float(y1), float(x2), float(y2)))
        for label, score, (x1, y1, x2, y2) in zip(
            labels.tolist(), scores.tolist(), corners.tolist(), strict=True
        )
    ]
