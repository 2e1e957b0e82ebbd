"""The embedded experts, as the controller meets them."""

from __future__ import annotations

import subprocess
import sys

from sightline.images import ImageStore
from sightline.tools.arguments import schema
from sightline.tools.crop import Cropper
from sightline.tools.registry import EXPERTS, all_tools, default_tools


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


def test_every_expert_keeps_the_contract() -> None:
    store = ImageStore()
    tools = all_tools(store=store)
    assert list(tools) == list(EXPERTS)
    assert set(default_tools()) <= set(tools)
    for name, tool in tools.items():
        assert tool.name == name
        assert tool.doc
        assert len(tool.doc) <= 80
        assert tool.version
        assert "\n" not in tool.covers()
        names = [p.name for p in tool.parameters]
        assert len(set(names)) == len(names)
        for parameter in tool.parameters:
            assert parameter.doc
            assert bool(parameter.options) == (parameter.kind == "choice")
        assert schema(tool)["type"] == "object"
        tool.close()
    assert all(tool.store is store for tool in tools.values() if hasattr(tool, "store"))


def test_experts_that_need_another_share_it() -> None:
    tools = all_tools()
    for name, (_, needs) in EXPERTS.items():
        held = list(vars(tools[name]).values())
        for need in needs:
            assert need == "store" or any(part is tools[need] for part in held)


def test_making_them_loads_nothing_heavy() -> None:
    code = (
        "import sys; from sightline.tools.registry import all_tools; t = all_tools();"
        "[(tool.covers(), tool.version, tool.weights) for tool in t.values()];"
        "print([m for m in ('torch', 'ultralytics', 'rapidocr', 'onnxruntime', 'pint') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
