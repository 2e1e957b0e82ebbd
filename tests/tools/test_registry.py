"""The embedded tools, as the controller meets them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.errors import WeightsError
from sightline.images import ImageStore
from sightline.tools.arguments import schema
from sightline.tools.crop import Cropper
from sightline.tools.registry import TOOLS, all_tools, default_tools


def test_the_tools_and_their_signatures() -> None:
    store = ImageStore()
    tools = default_tools(store=store)
    # What the embedded planner sees, and was trained on: arguments that must be given.
    assert [
        (name, tool.name, [(p.name, p.kind) for p in tool.parameters if p.required])
        for name, tool in tools.items()
    ] == [
        ("detect", "detect", [("query", "phrase")]),
        ("read_text", "read_text", []),
        ("crop", "crop", [("region", "region")]),
    ]
    assert ("region", "region") in [(p.name, p.kind) for p in tools["read_text"].parameters]
    crop = tools["crop"]
    assert isinstance(crop, Cropper)
    assert crop.store is store
    for tool in tools.values():
        assert "\n" not in tool.covers()
        assert tool.version
        tool.close()


def test_every_tool_keeps_the_contract() -> None:
    store = ImageStore()
    tools = all_tools(store=store)
    assert list(tools) == [name for name in TOOLS if name in tools]
    assert set(default_tools()) <= set(tools)
    for name, tool in tools.items():
        assert tool.name == name
        assert tool.doc
        assert len(tool.doc) <= 80
        assert tool.version
        with contextlib.suppress(WeightsError):  # weights that are not part of this installation
            assert "\n" not in tool.covers()
        names = [p.name for p in tool.parameters]
        assert len(set(names)) == len(names)
        for parameter in tool.parameters:
            assert parameter.doc
            assert bool(parameter.options) == (parameter.kind == "choice")
        assert schema(tool)["type"] == "object"
        tool.close()
    assert all(tool.store is store for tool in tools.values() if hasattr(tool, "store"))


def test_tools_that_need_another_share_it() -> None:
    tools = all_tools()
    for name, tool in tools.items():
        held = list(vars(tool).values())
        held += [part for one in held if isinstance(one, dict) for part in one.values()]
        for need in TOOLS[name][1]:
            assert need == "store" or any(part is tools[need] for part in held)


def test_making_them_loads_nothing_heavy() -> None:
    code = (
        "import sys; from sightline.tools.registry import all_tools; t = all_tools();"
        "[(tool.version, tool.weights) for tool in t.values()];"
        "[t[name].covers() for name in ('detect', 'read_text', 'crop')];"
        "print([m for m in ('torch', 'ultralytics', 'rapidocr', 'onnxruntime', 'pint') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_tool_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOOLS, "dream", ("sightline.tools.dream:Dreamer", ("read_text",)))
    assert "dream" not in all_tools()
    monkeypatch.setitem(TOOLS, "count", ("sightline.tools.count:Nobody", ("detect",)))
    with pytest.raises(AttributeError, match="Nobody"):  # a mistake in the registry is not hidden
        all_tools()


def test_a_detector_of_the_users_own_is_what_all_others_share(tmp_path: Path) -> None:
    tools = all_tools(detector=tmp_path / "own.onnx")
    assert tools["detect"] is tools["look"]._detector  # type: ignore[attr-defined]
    assert list(tools) == list(all_tools())
