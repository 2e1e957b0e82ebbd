"""Captions: what the tools found in words, failures that are said, and speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sightline.errors import WeightsError
from sightline.images import Picture, Pixels, make_picture
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.caption import SIDE, Asker, Captioner, Spoken
from sightline.tools.clock import seconds_left
from sightline.tools.describe import Describer
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import Box, Caption, Detection, Detections, TextLines, TextSpan, ToolResult

PICTURE = make_picture(np.full((300, 300, 3), 255, np.uint8))
WHOLE = Box(x1=0, y1=0, x2=300, y2=300, frame=PICTURE.frame)


class Given(Tool):
    """A tool that finds what it was given, in the frame of the picture, and keeps what it was asked."""

    def __init__(self, name: str, result: ToolResult, *items: tuple[str, str, float, float]) -> None:
        self.name, self.result, self.items = name, result, items
        self.asked: list[tuple[Picture, dict[str, Any]]] = []
        self.state = ""

    @property
    def version(self) -> str:
        return f"{self.name} 1"

    @property
    def weights(self) -> str:
        return self.name[:1] * 16

    def covers(self) -> str:
        return f"{self.name}s"

    def __call__(self, picture: Picture, query: str | None = None) -> ToolResult:
        """Finds what it was given."""
        self.asked.append((picture, {"query": query} if query else {}))
        if not self.items:
            return self.result
        found = tuple(
            Detection(
                label=label,
                score=0.9 - 0.1 * n,
                box=Box.clipped(x - 10, y - 10, x + 10, y + 10, picture.frame),
                attributes={"size": "small", "color": colour},
            )
            for n, (colour, label, x, y) in enumerate(self.items)
        )
        return ToolResult(status="ok", payload=Detections(query="objects", items=found))

    def warm(self) -> None:
        self.state = "warm"

    def close(self) -> None:
        self.state = "closed"


def lines(*texts: str) -> ToolResult:
    box = Box(x1=0, y1=0, x2=9, y2=9, frame=PICTURE.frame)
    rows = tuple((TextSpan(text=text, score=0.9, box=box),) for text in texts)
    return ToolResult(status="ok" if texts else "empty", payload=TextLines(rows=rows))


NOTHING = ToolResult(status="empty", payload=Detections(query="objects"))
THINGS = (("red", "circle", 20.0, 20.0), ("blue", "star", 150.0, 150.0), ("red", "circle", 280.0, 150.0))


def caption(
    *things: tuple[str, str, float, float],
    objects: ToolResult = NOTHING,
    text: ToolResult | None = None,
    **arguments: object,
) -> ToolResult:
    detector, reader = Given("detect", objects, *things), Given("read_text", text or lines())
    return guard.run(Captioner(detector, reader), PICTURE, arguments, timeout_s=60)


def test_without_a_speaker_it_is_what_describe_says() -> None:
    result = caption(*THINGS, text=lines("SALE", "50 % off"))
    detector, reader = Given("detect", NOTHING, *THINGS), Given("read_text", lines("SALE", "50 % off"))
    described = guard.run(Describer(detector, reader), PICTURE, {}, timeout_s=60)
    assert result.to_text() == described.to_text()
    assert isinstance(result.payload, Caption)
    assert result.payload.region == WHOLE
    assert result.payload.confidence == pytest.approx(0.7)
    assert (result.version, result.weights) == ("detect 1, read_text 1", "d" * 16 + "+" + "r" * 16)


def test_a_short_caption_counts() -> None:
    text = caption(*THINGS, text=lines(*"abcde"), detail="short").to_text()
    assert text.endswith('There are five lines of text, which begin "a", "b" and "c".')


def test_nothing_found_is_empty_and_promises_no_more() -> None:
    assert caption().to_text() == (
        "empty: Nothing was found of the kinds of things that can be detected. No text was found."
    )


def test_its_parts_are_warmed_and_closed() -> None:
    detector, reader = Given("detect", NOTHING), Given("read_text", lines())
    made = Captioner(detector, reader)
    made.warm()
    assert (detector.state, reader.state) == ("warm", "warm")
    made.close()
    assert (detector.state, reader.state) == ("closed", "closed")
    assert made.covers() == "says what other tools find and no more: detects; read_texts"


def test_what_is_refused() -> None:
    assert caption(detail="poetic").status == "refused"
    assert caption(region=Box(x1=5, y1=5, x2=5, y2=9, frame=PICTURE.frame)).message.startswith("region is")


class Parrot:
    """A speaker that says what it was shown and asked."""

    version = "parrot 1"
    weights = "p" * 16

    def __init__(self, error: Exception | None = None, reply: str | None = None) -> None:
        self.error, self.reply = error, reply

    def covers(self) -> str:
        return "says what it is asked"

    def __call__(self, pixels: Pixels, question: str | None) -> Spoken:
        assert seconds_left() > 0
        if self.error:
            raise self.error
        said = f"{pixels.shape[1]}x{pixels.shape[0]}: {question}"
        return (said if self.reply is None else self.reply), 0.5

    def warm(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to free."""


def test_a_speaker_speaks_for_the_tools() -> None:
    detector = Given("detect", NOTHING)
    made = Captioner(detector, Given("read_text", lines()), Parrot())
    result = guard.run(made, PICTURE, {}, timeout_s=60)
    assert result.to_text() == f"ok: {SIDE}x{SIDE}: None"
    assert (result.version, result.weights, detector.asked) == ("parrot 1", "p" * 16, [])
    assert isinstance(result.payload, Caption)
    assert result.payload.confidence == 0.5
    assert made.covers() == "captions by a model: says what it is asked"


def test_a_question_about_a_region() -> None:
    region = Box(x1=0, y1=0, x2=100, y2=50, frame=PICTURE.frame)
    result = guard.run(Asker(Parrot()), PICTURE, {"question": "red?", "region": region}, timeout_s=60)
    assert result.to_text() == f"ok: {SIDE}x{SIDE // 2}: red?"
    assert isinstance(result.payload, Caption)
    assert result.payload.region == region
    assert guard.run(Asker(Parrot()), PICTURE, {}, timeout_s=60).message == "ask needs question"


@pytest.mark.parametrize(
    ("parrot", "status", "message"),
    [
        (Parrot(WorkerTimeout("stopped after 9 s")), "timeout", "stopped after 9 s"),
        (Parrot(WorkerFailed("the process died")), "error", "the process died"),
        (Parrot(WeightsError("no weights")), "error", "no weights"),
        (Parrot(reply=" "), "unsupported", "the model says that it cannot tell"),
    ],
)
def test_a_speaker_that_fails_says_nothing(parrot: Parrot, status: str, message: str) -> None:
    tools: tuple[Tool, ...] = (
        Asker(parrot),
        Captioner(Given("detect", NOTHING), Given("read_text", lines()), parrot),
    )
    for tool in tools:
        arguments = {"question": "red?"} if tool.name == "ask" else {}
        result = guard.run(tool, PICTURE, arguments, timeout_s=60)
        assert (result.status, result.message, result.payload) == (status, message, None)
