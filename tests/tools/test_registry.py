"""The embedded experts, as the controller meets them."""

from __future__ import annotations

import subprocess
import sys

from sightline.images import ImageStore
from sightline.tools.crop import Cropper
from sightline.tools.registry import default_tools


def test_the_tools_and_their_signatures() -> None:
    store = ImageStore()
    tools = default_tools(store=store)
    assert [
        (name, tool.name, [(p.name, p.kind, p.required) for p in tool.parameters])
        for name, tool in tools.items()
    ] == [
        ("detect", "detect", [("query", "phrase", True)]),
        ("read_text", "read_text", [("region", "region", False)]),
        ("crop", "crop", [("region", "region", True)]),
    ]
    crop = tools["crop"]
    assert isinstance(crop, Cropper)
    assert crop.store is store
    for tool in tools.values():
        assert "\n" not in tool.covers()
        assert tool.version
        tool.close()


def test_making_them_loads_nothing_heavy() -> None:
    code = (
        "import sys; from sightline.tools.registry import default_tools; t = default_tools();"
        "[(tool.covers(), tool.version, tool.weights) for tool in t.values()];"
        "print([m for m in ('torch', 'ultralytics', 'rapidocr', 'onnxruntime', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
