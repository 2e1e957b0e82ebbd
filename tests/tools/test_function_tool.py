"""Tools made of functions: their schema, their values, what they return, and what cannot be a tool."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import psutil
import pytest
from tests.agent.doubles import canvas

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.errors import ConfigError
from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.arguments import schema
from sightline.tools.function_tool import FunctionTool, tool
from sightline.types import Box, Fact, Facts, Frame, Point, TextLines, ToolCall, ToolResult

PICTURE = load_image(canvas(("red", 10, 5)))


@tool
def brightness(
    picture: Picture,
    region: Box | None = None,
    *,
    scale: float = 1.0,
    channels: int = 3,
    mode: Literal["mean", "max"] = "mean",
    invert: bool = False,
) -> float:
    """Measures how bright a region is.

    It takes the mean of all channels.

    Args:
        region: where to look;
            else everywhere
        scale (float): what white is
        mode: which value of all pixels counts

    Returns:
        0 for black, `scale` for white.
    """
    pixels = picture.pixels[..., :channels]
    if region is not None:
        pixels = pixels[int(region.y1) : int(region.y2), int(region.x1) : int(region.x2)]
    value = float(getattr(pixels, mode)()) / 255 * scale
    return scale - value if invert else value


@tool(in_process=False)
def elsewhere(picture: Picture, what: str, regions: tuple[Box, ...] = ()) -> Facts | None:
    """Does as it is told, in a process of its own."""
    if what == "sleep":
        time.sleep(600)
    if what == "raise":
        raise ValueError("not\nlike this")
    if what == "nothing":
        return None
    total = Fact(name="width", value=picture.frame.width, unit="px", of=regions)
    return Facts(items=(Fact(name="process", value=os.getpid()), total))


def run(made: FunctionTool, picture: Picture = PICTURE, **given: Any) -> ToolResult:
    return guard.run(made, picture, given, timeout_s=20)


def fact(result: ToolResult) -> Any:
    assert isinstance(result.payload, Facts), result
    return result.payload.items[0].value


def test_the_signature_is_the_schema() -> None:
    assert (brightness.name, brightness.doc) == ("brightness", "Measures how bright a region is")
    assert [(p.name, p.kind, p.required, p.options, p.doc) for p in brightness.parameters] == [
        ("region", "region", False, (), "where to look; else everywhere"),
        ("scale", "number", False, (), "what white is"),
        ("channels", "number", False, (), "channels"),
        ("mode", "choice", False, ("mean", "max"), "which value of all pixels counts"),
        ("invert", "choice", False, ("yes", "no"), "invert"),
    ]
    assert schema(brightness)["properties"]["mode"]["enum"] == ["mean", "max"]
    assert brightness.covers() == brightness.doc
    assert brightness.version.startswith("brightness ")


def test_arguments_are_typed_and_a_number_becomes_a_fact() -> None:
    whole = float(PICTURE.pixels.mean()) / 255
    assert fact(run(brightness)) == pytest.approx(whole)
    assert fact(run(brightness, scale="2", mode="max")) == 2.0
    assert fact(run(brightness, region="10,5,30,25", channels="1")) == pytest.approx(220 / 255)
    assert fact(run(brightness, invert="yes")) == pytest.approx(1 - whole)
    assert fact(run(brightness, invert="no")) == pytest.approx(whole)
    assert run(brightness).to_text().startswith("ok: brightness: 0.9")
    assert brightness(PICTURE, scale=2.0) == pytest.approx(2 * whole)  # still the function


def test_a_region_comes_in_the_frame_of_the_picture() -> None:
    frame = Frame(image=PICTURE.frame.image, width=40, height=40, x0=10, y0=5, scale=2)
    crop = Picture(pixels=PICTURE.pixels[5:25, 10:30].repeat(2, 0).repeat(2, 1), frame=frame)
    region = Box(x1=10, y1=5, x2=20, y2=15, frame=PICTURE.frame)
    seen: list[Box] = []

    @tool
    def look(region: Box, regions: list[Box]) -> None | str:  # noqa: RUF036
        """Looks."""
        seen.extend([region, *regions])
        assert isinstance(regions, list)
        return "seen"

    result = guard.run(look, crop, {"region": region, "regions": (region,)}, timeout_s=5)
    assert fact(result) == "seen"
    assert [(box.x1, box.y1, box.x2, box.y2) for box in seen] == [(0, 0, 20, 20)] * 2
    assert seen[0].frame == frame


def test_what_is_no_whole_number_is_refused() -> None:
    result = run(brightness, channels="1.5")
    assert (result.status, result.message) == ("refused", 'channels must be a whole number, not "1.5"')
    assert run(brightness, channels=2.0).status == "ok"


ONE = Fact(name="length", value=2.5, unit="px")


@pytest.mark.parametrize(
    ("returned", "status", "text"),
    [
        (3, "ok", "say it: 3"),
        (True, "ok", "say it: yes"),
        (0.25, "ok", "say it: 0.25"),
        ("red", "ok", "say it: red"),
        (np.float32(0.5), "ok", "say it: 0.5"),
        (np.bool_(False), "ok", "say it: no"),
        (ONE, "ok", "length: 2.5 px"),
        ([ONE, ONE], "ok", "length: 2.5 px\nlength: 2.5 px"),
        (Facts(items=(ONE,)), "ok", "length: 2.5 px"),
        (Facts(), "empty", ""),
        ([], "empty", ""),
        (None, "empty", ""),
        (TextLines(), "empty", ""),
        (ToolResult(status="unsupported", message="not today"), "unsupported", "not today"),
        (float("nan"), "error", "it returned the number nan"),
        (b"bytes", "error", "TypeError: it returned a bytes, which is no finding"),
        ({"a": 1}, "error", "TypeError: it returned a dict, which is no finding"),
    ],
)
def test_what_is_returned_becomes_a_finding(returned: Any, status: str, text: str) -> None:
    @tool
    def say_it() -> float:
        """Says it."""
        return returned  # type: ignore[no-any-return]

    result = run(say_it)
    assert result.status == status
    assert result.to_text() == (f"{status}: {text}" if text else status)


def test_what_is_raised_is_an_error_in_a_line() -> None:
    @tool
    def fails(picture: Picture) -> float:
        """Fails."""
        raise ZeroDivisionError("by\nzero")

    result = run(fails)
    assert (result.status, result.message) == ("error", "ZeroDivisionError: by zero")
    assert result.tool == "fails"


def test_the_version_is_that_of_the_source() -> None:
    def made(code: str) -> FunctionTool:
        scope: dict[str, Any] = {}
        exec(f"def f() -> int:\n    'Counts.'\n    return {code}", scope)
        return tool(scope["f"])

    assert made("1 + 1").version == made("1 + 1").version
    assert made("len([])").version != made("len([]) + 1").version
    assert brightness.version != elsewhere.version
    named = tool(version="lamp 2")(brightness.function)
    assert named.version == "lamp 2"


def no_docstring() -> float:
    return 1.0


def unannotated(picture: Picture, region) -> float:  # type: ignore[no-untyped-def]
    """Says."""
    return 1.0


def odd(picture: Picture, when: dict[str, int]) -> float:
    """Says."""
    return 1.0


def either(picture: Picture, what: str | float) -> float:
    """Says."""
    return 1.0


def numbers(mode: Literal[1, 2]) -> float:
    """Says."""
    return 1.0


def two(picture: Picture, other: Picture) -> float:
    """Says."""
    return 1.0


def many(*words: str) -> float:
    """Says."""
    return 1.0


def unnamed(word: str, /) -> float:
    """Says."""
    return 1.0


def silent(word: str):  # type: ignore[no-untyped-def]
    """Says."""


def array(word: str) -> np.ndarray:
    """Says."""
    return np.zeros(3)


def lost(word: Nowhere) -> float:  # type: ignore[name-defined] # noqa: F821
    """Says."""
    return 1.0


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_docstring, "no_docstring has no docstring"),
        (unannotated, r"unannotated\(region\) has no annotation: it takes Picture, Box"),
        (odd, r"odd\(when\) is a dict.*: it takes Picture, Box"),
        (either, r"either\(what\) is a str \| float|either\(what\) is a Union"),
        (numbers, r"numbers\(mode\) is a .*Literal"),
        (two, r"two\(other\): a tool looks at one Picture, and picture is one already"),
        (many, r"many\(words\) cannot be given by name"),
        (unnamed, r"unnamed\(word\) cannot be given by name"),
        (silent, "silent returns nothing; a tool returns float"),
        (array, "array returns ndarray; a tool returns float"),
        (lost, "the annotations of lost cannot be read: name 'Nowhere' is not defined"),
    ],
)
def test_what_cannot_be_a_tool_is_said_at_once(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        tool(function)
    assert "\n" not in str(caught.value)


def test_points_and_kinds_of_sequences() -> None:
    @tool
    def far(points: tuple[Point, ...], more: list[tuple[float, float]] | None = None) -> float:
        """Measures."""
        (x1, y1), (x2, y2) = points
        assert more is None
        return float(np.hypot(x2 - x1, y2 - y1))

    assert [p.kind for p in far.parameters] == ["points", "points"]
    assert fact(run(far, points="0,0;3,4")) == 5.0


def test_a_process_of_its_own() -> None:
    try:
        region = "1,2,30,40"
        result = run(elsewhere, what="go", regions=region)
        assert fact(result) not in (os.getpid(), 0)
        assert result.payload is not None
        assert result.payload.boxes() == [Box(x1=1, y1=2, x2=30, y2=40, frame=PICTURE.frame)]
        assert run(elsewhere, what="nothing").status == "empty"
        assert run(elsewhere, what="raise").message == "ValueError: not like this"
        slow = guard.run(elsewhere, PICTURE, {"what": "sleep"}, timeout_s=0.3)
        assert (slow.status, slow.message) == ("timeout", "stopped after 0.3 s")
        assert run(elsewhere, what="go").status == "ok"
        pid = fact(run(elsewhere, what="go"))
    finally:
        elsewhere.close()
    assert not psutil.pid_exists(pid)


def test_what_cannot_be_imported_by_name_gets_no_process() -> None:
    with pytest.raises(ConfigError, match="cannot be imported by name"):

        @tool(in_process=False)
        def inner(picture: Picture) -> float:
            """Says."""
            return 1.0

    outer = brightness.function
    main = type(outer)(outer.__code__, outer.__globals__, "brightness")  # type: ignore[attr-defined]
    main.__module__, main.__doc__, main.__annotations__ = "__main__", outer.__doc__, outer.__annotations__
    with pytest.raises(ConfigError, match="brightness of __main__ cannot be imported by name"):
        FunctionTool(main, in_process=False)


def test_the_agent_calls_it() -> None:
    look = Plan(calls=(ToolCall(name="brightness", arguments={"mode": "max", "scale": "3"}),))
    planner = ScriptedPlanner([look, Plan(answer="3", cites=("e1",))])
    with Agent(planner, {"brightness": brightness}) as agent:
        answer = agent.run(PICTURE, "How bright is the brightest spot?")
    assert answer.evidence[0].result.to_text() == "ok: brightness: 3"
    assert answer.status == "answered"
