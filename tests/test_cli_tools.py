"""`sightline tools` and `sightline tool`: what they print where, what they draw, and their exit codes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco
from tests.agent.doubles import Blobs, Faulty, Page, Toolish, canvas, raise_

import tools_table
from sightline import cli
from sightline.agent.captioning import embedded_speaker
from sightline.agent.overlay import decode, draw_result
from sightline.agent.render import MARKS
from sightline.agent.tool_list import describe
from sightline.errors import WeightsError
from sightline.images import ImageStore, Picture, make_picture
from sightline.tools import guard, registry
from sightline.tools.base import Tool
from sightline.tools.crop import Cropper
from sightline.types import Box, Mask, Masks, Point, ToolResult

TWO_REDS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))


class Masker(Toolish):
    """The blue square as a mask."""

    name = "segment"

    def __call__(
        self, picture: Picture, points: tuple[Point, ...] = (), mode: Literal["fast", "fine"] = "fast"
    ) -> Masks:
        """Cuts out the blue square.

        Args:
            points: where to touch
            mode: how
        """
        where = np.zeros(picture.pixels.shape[:2], np.uint8, order="F")
        where[70:90, 150:170] = 1
        rle = coco.encode(where)["counts"].decode()
        box = Box(x1=150, y1=70, x2=170, y2=90, frame=picture.frame)
        return Masks(items=(Mask(score=1, box=box, area=400, rle=rle),))


class Unready(Blobs):
    """Its weights are not there."""

    def covers(self) -> str:
        raise WeightsError("no such weights")


def hang() -> ToolResult:
    time.sleep(5)
    raise AssertionError


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tool]:
    """Small tools in place of the tools."""
    made: dict[str, Tool] = {}

    def all_tools(*, store: ImageStore | None = None, speaker: object = None) -> dict[str, Tool]:
        given = (Blobs(), Page(("TOTAL", "12.50")), Cropper(store or ImageStore()), Masker())
        faulty = (Faulty("broken", raise_), Faulty("slow", hang))
        made.update({tool.name: tool for tool in (*given, *faulty)})
        return made

    monkeypatch.setattr(registry, "all_tools", all_tools)
    monkeypatch.setenv("COLUMNS", "100")
    return made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "two.png"
    Image.fromarray(TWO_REDS).save(path)
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command run in this process."""
    code = 0
    try:
        cli.app(args=[str(a) for a in arguments], standalone_mode=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("tools")
def test_the_list_says_how_each_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "tools")
    assert (code, err) == (0, "")
    assert "detect query=TEXT\n  ready  test 1, weights 0123456789abcdef\n  what the tests need\n" in out
    assert "segment [points=x,y;…] [mode=fast|fine]\n" in out
    assert "crop region=x1,y1,x2,y2\n" in out
    assert not any(line.endswith(" ") for line in out.splitlines())


@pytest.mark.usefixtures("tools")
def test_the_list_as_json_holds_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "tools", "--json")
    listed = {tool["name"]: tool for tool in json.loads(out)}
    assert code == 0
    assert listed["detect"]["arguments"]["required"] == ["query"]
    assert listed["segment"]["arguments"]["properties"]["mode"]["enum"] == ["fast", "fine"]
    assert (listed["detect"]["state"], listed["detect"]["version"]) == ("ready", "test 1")


def test_an_tool_that_is_not_ready_says_why() -> None:
    class Odd(Blobs):
        @property
        def weights(self) -> str:  # type: ignore[override]
            raise RuntimeError("odd")

    missing, broken = describe({"detect": Unready(), "odd": Odd()})
    assert (missing.state, missing.note, missing.covers) == ("missing", "no such weights", "")
    assert (broken.state, broken.note, broken.usage) == ("broken", "RuntimeError: odd", "query=TEXT")


def test_the_real_list_loads_nothing_heavy() -> None:
    code = (
        "import sys, sightline.cli\n"
        "sys.argv = ['sightline', 'tools']\n"
        "try:\n"
        "    sightline.cli.main()\n"
        "finally:\n"
        "    heavy = {'torch', 'transformers', 'ultralytics', 'rapidocr', 'mcp'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name in registry.all_tools(speaker=embedded_speaker()):
        assert f"\n{name}" in "\n" + done.stdout
    assert "  broken" not in done.stdout


@pytest.mark.usefixtures("tools")
def test_a_result_is_shown_with_its_maker(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "tool", "detect", image, "--arg", "query=red squares")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == ["ok", "2 found", "red square (10,5)-(30,25) 90%"]
    assert lines[-1].startswith("test 1, weights 0123456789abcdef, 0.")
    code, out, _ = call(capsys, "tool", "detect", image, "--arg", "query=green squares")
    assert (code, out.splitlines()[:2]) == (0, ["empty", "0 found"])


@pytest.mark.usefixtures("tools")
def test_json_is_the_result_and_nothing_else(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "tool", "detect", image, "--arg", "query=red squares", "--json")
    assert (code, err) == (0, "")
    result = ToolResult.model_validate_json(out)
    assert (result.status, result.tool) == ("ok", "detect")
    code, out, err = call(capsys, "tool", "detect", image, "--arg", "query=dogs", "--json")
    assert (code, ToolResult.model_validate_json(out).status) == (2, "unsupported")
    assert err.startswith('sightline: unsupported: no class for "dogs"')


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["detect", "--arg", "query=dogs"], 2, 'unsupported: no class for "dogs"; it knows red, blue, green'),
        (["detect"], 2, "detect needs query"),
        (["detect", "--arg", "query"], 2, 'an argument is name=value, not "query"'),
        (["detect", "--arg", "query=red", "--arg", "size=3"], 2, "detect takes no argument size"),
        (["crop", "--arg", "region=1,2,3"], 2, 'region must be x1,y1,x2,y2 in px of the image, not "1,2,3"'),
        (["segment", "--arg", "mode=slow"], 2, "mode must be one of fast, fine"),
        (["nothing"], 2, 'no tool "nothing"; there are detect, read_text, crop, segment, broken, slow'),
        (["broken"], 1, "error: RuntimeError: the lens fell off"),
        (["slow", "--timeout", "0.1"], 1, "timeout: not answered within 0.1 s"),
    ],
)
def test_what_cannot_be_done_is_a_line_and_an_exit_code(
    image: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, line: str
) -> None:
    assert call(capsys, "tool", arguments[0], image, *arguments[1:]) == (code, "", f"sightline: {line}\n")


@pytest.mark.usefixtures("tools")
def test_a_bad_image_and_a_bad_output_are_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "tool", "read_text", tmp_path / "none.png")
    assert (code, "no such file" in err) == (2, True)
    code, _, err = call(capsys, "tool", "read_text", image, "--draw", tmp_path)
    assert (code, "cannot write" in err) == (2, True)


def drawn(
    capsys: pytest.CaptureFixture[str], image: Path, name: str, *arguments: str
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    out = image.parent / "drawn.png"
    code, _, err = call(capsys, "tool", name, image, *arguments, "--draw", out)
    assert code == 0, err
    with Image.open(out) as picture:
        return np.asarray(picture)


def near(pixels: np.ndarray, colour: tuple[float, ...], within: float = 12) -> np.ndarray:
    """bool[H, W]: where the pixels have a colour."""
    close: np.ndarray = (np.abs(pixels.astype(float) - np.array(colour)) <= within).all(-1)
    return close


@pytest.mark.usefixtures("tools")
def test_boxes_are_drawn_where_they_stand(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = drawn(capsys, image, "detect", "--arg", "query=red squares")
    assert picture.shape == (320, 640, 3)  # enlarged 3.2 times
    edge = near(picture, MARKS[0])
    ys, xs = np.nonzero(edge[:, 300:])
    assert (xs.min() + 300, xs.max() + 300) == pytest.approx((320, 384), abs=100)  # a tag may be wider
    assert ys.max() == pytest.approx(192, abs=6)
    assert not near(picture, MARKS[0])[230:].any()


@pytest.mark.usefixtures("tools")
def test_masks_are_tinted_and_crops_are_shown(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = drawn(capsys, image, "segment")
    half = tuple((np.array((30, 30, 220)) + np.array(MARKS[0])) / 2)
    tinted = near(picture, half)
    ys, xs = np.nonzero(tinted)
    assert tinted.sum() > 0.7 * 64 * 64
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == pytest.approx((480, 544, 224, 288), abs=6)
    crop = drawn(capsys, image, "crop", "--arg", "region=100,40,120,60")
    assert crop.shape == (640, 640, 3)
    assert near(crop, (220, 30, 30)).mean() > 0.99


def test_masks_decode_and_many_boxes_have_no_tags() -> None:
    picture = make_picture(TWO_REDS.copy())
    masks = guard.run(Masker(), picture, {}, timeout_s=1)
    assert isinstance(masks.payload, Masks)
    where = decode(masks.payload.items[0])
    assert where.shape == (100, 200)
    assert where.sum() == 400
    assert where[70:90, 150:170].all()
    text = guard.run(Page(*[("a", "b")] * 9), picture, {}, timeout_s=1)
    plain = draw_result(picture, text, store=ImageStore(), shortest=0)
    assert plain.size == (200, 100)


def test_the_code_of_the_document_runs(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = (root / "docs/tools.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    assert len(blocks) == 3
    script = tmp_path / "document.py"
    script.write_text("\n".join(blocks))
    subprocess.run([sys.executable, script], cwd=root, check=True, timeout=120)


def test_the_commands_of_the_document_are_read(
    root: Path,
    tmp_path: Path,
    tools: dict[str, Tool],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = (root / "docs/tools.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    sightline (.*)$", document, re.MULTILINE)
    assert len(commands) == 4
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(root / "examples")
    for command in commands:
        code, out, err = call(capsys, *shlex.split(command))
        assert (code, err) == (0, ""), command
        assert out
    assert (tmp_path / "found.png").exists()


def test_the_table_measures_an_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "tools.md"
    document.write_text("before\n<!-- measured -->\nold\n<!-- measured -->\nafter\n")
    arguments = ["tools_table.py", "--only", "crop", "--runs", "2", "--into", str(document)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert tools_table.main() == 0
    lines = document.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert re.fullmatch(r"\| `crop` \| scene.png \| \d+\.\d s \| \d+\.\d ms \| none \|", lines[4])
    assert "old" not in lines
    assert lines.count("<!-- measured -->") == 2
