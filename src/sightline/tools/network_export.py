"""Make the ONNX files of `prepared_networks`: run as a module, in a process that alone imports torch.

python -m sightline.tools.network_export detector MANIFEST NETWORK
python -m sightline.tools.network_export classifier WEIGHTS NETWORK
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.errors import SightlineError, WeightsError
from sightline.tools import yolo

if TYPE_CHECKING:
    from torch import nn

OPSET = 17


def export_detector(manifest: Path, to: Path) -> None:
    """Write the network of a detector, for any number of images of any fit size.

    Raises `WeightsError` where it cannot be loaded, or its head is of another kind.
    """
    import onnx
    import torch

    model, about = yolo.load_model(manifest)
    model = model.fuse(verbose=False)
    head, side = model.model[-1], int(about["imgsz"])
    if type(head).__name__ != "Detect" or head.end2end:
        raise WeightsError(
            f"{manifest.name}: only a head `Detect` whose boxes are suppressed can be prepared"
        )
    head.export = head.dynamic = True
    axes = {"images": {0: "images", 2: "height", 3: "width"}, "found": {0: "images", 2: "places"}}
    _export(model, torch.zeros(1, 3, side, side), to, input_names=["images"], dynamic_axes=axes)
    made = onnx.load(to)
    made.metadata_props.add(key="stride", value=str(int(model.stride.max())))
    onnx.save(made, to)


def export_classifier(file: Path, to: Path) -> None:
    """Write the network of EfficientNet-Lite0."""
    import torch

    from sightline.tools.classify import SIDE

    _export(timm_network(file), torch.zeros(1, 3, SIDE, SIDE), to, input_names=["image"])


def timm_network(file: Path) -> nn.Module:
    """The network as timm has it; the file's weights are in its order, under another package's names."""
    import timm
    import torch

    network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    values = torch.load(file, map_location="cpu", weights_only=True).values()
    network.load_state_dict(dict(zip(network.state_dict(), values, strict=True)))
    return network.eval()


def _export(network: nn.Module, example: Any, to: Path, **how: Any) -> None:
    """By tracing: the newer exporter needs a package more, and keeps no size open here."""
    import torch

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (example,), to, dynamo=False, opset_version=OPSET, output_names=["found"], **how
        )


def main(kind: str, source: str, to: str) -> None:
    """Write one of the networks; what is wrong is one line on stderr, and exit code 1."""
    try:
        {"detector": export_detector, "classifier": export_classifier}[kind](Path(source), Path(to))
    except SightlineError as error:
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main(*sys.argv[1:])
