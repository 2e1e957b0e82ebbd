"""Counts: their boxes, doubt, labels, and what the detector hands on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sightline.images import Picture, make_picture
from sightline.tools import guard
from sightline.tools.base import Phrase, Tool
from sightline.tools.count import Counter, compared
from sightline.tools.detect import Detector
from sightline.train.worlds.scenes import Scene, Thing, draw_scene
from sightline.types import Box, Detection, Detections, Facts, ToolResult

PICTURE = make_picture(np.zeros((100, 200, 3), np.uint8))
SCENE = Scene(
    things=(
        Thing(shape="circle", colour="red", size="small", x=0.2, y=0.2, diameter=0.12),
        Thing(shape="circle", colour="green", size="large", x=0.3, y=0.7, diameter=0.24),
        Thing(shape="star", colour="yellow", size="small", x=0.8, y=0.8, diameter=0.12),
    )
)


class Given(Tool):
    """A detector that returns what it was given."""

    name = "detect"
    version = "given 1"
    weights = "0123456789abcdef"

    def __init__(self, result: ToolResult) -> None:
        self.result = result

    def covers(self) -> str:
        return "knows what it is given"

    def __call__(self, picture: Picture, query: Phrase) -> ToolResult:
        """Finds objects."""
        return self.result


def seen(x: float, label: str = "circle", score: float = 0.9) -> Detection:
    return Detection(label=label, score=score, box=Box(x1=x, y1=0, x2=x + 20, y2=20, frame=PICTURE.frame))


def count(*found: Detection) -> ToolResult:
    detections = Detections(query="things", items=found)
    given = ToolResult(status="ok" if found else "empty", payload=detections)
    return guard.run(Counter(Given(given)), PICTURE, {"query": "things"}, timeout_s=60)


def test_a_sure_count_stands_on_its_boxes() -> None:
    result = count(seen(0), seen(40), seen(80))
    assert result.to_text() == "ok: count: 3"
    assert isinstance(result.payload, Facts)
    assert [box.x1 for box in result.payload.boxes()] == [0, 40, 80]
    assert (result.tool, result.weights) == ("count", "0123456789abcdef")
    assert result.version.startswith("given 1")


def test_none_is_a_count_too() -> None:
    assert count().to_text() == "empty: count: 0"


def test_a_doubtful_count_says_so() -> None:
    weak = count(seen(0), seen(40), seen(80, score=0.45))
    assert weak.to_text().splitlines() == [
        "ok: count: 3",
        "count, at least: 2",
        "count, at most: 3",
        "doubtful: circle 45%",
    ]
    twice = count(seen(0, "circle"), seen(40), seen(2, "square", 0.8))
    assert "count, at least: 2" in twice.to_text()
    assert "at least" not in count(seen(0), seen(18)).to_text()


def test_several_labels_are_counted_each() -> None:
    text = count(seen(0), seen(40, "star"), seen(80, "star"), seen(120)).to_text()
    assert text.splitlines()[1:] == ["count of circle: 2", "count of star: 2"]


@pytest.mark.parametrize("status", ["unsupported", "error", "timeout", "refused"])
def test_a_failure_is_never_a_count(status: Any) -> None:
    given = ToolResult(status=status, message="no class for giraffe; it knows circle")
    result = guard.run(Counter(Given(given)), PICTURE, {"query": "giraffes"}, timeout_s=60)
    assert (result.status, result.message, result.payload) == (status, given.message, None)


def test_arguments() -> None:
    counter = Counter(Given(ToolResult(status="empty")))
    assert guard.run(counter, PICTURE, {}, timeout_s=60).message == "count needs query"
    assert guard.run(counter, PICTURE, {"query": "x", "where": "y"}, timeout_s=60).status == "refused"


def test_with_the_embedded_detector() -> None:
    counter = Counter(Detector())
    picture = make_picture(draw_scene(SCENE, 320))
    try:
        assert guard.run(counter, picture, {"query": "circles"}, timeout_s=60).to_text() == "ok: count: 2"
        assert (
            guard.run(counter, picture, {"query": "blue squares"}, timeout_s=60).to_text()
            == "empty: count: 0"
        )
        assert guard.run(counter, picture, {"query": "giraffes"}, timeout_s=60).status == "unsupported"
        assert counter.covers().startswith("counts by the detector, which finds circle")
    finally:
        counter.close()


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    made = Counter(Detector())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("query", "two", "holds"),
    [
        ("more circles than stars", ("circles", "stars"), True),
        ("Fewer red circles than stars", ("red circles", "stars"), False),
        ("as many red circles as stars", ("red circles", "stars"), True),
        ("the same number of circles as stars", ("circles", "stars"), False),
        ("number of circles is greater than that of the stars", ("circles", "stars"), True),
        ("stars outnumber the circles", ("stars", "circles"), False),
    ],
)
def test_two_numbers_are_compared(counter: Counter, query: str, two: tuple[str, str], holds: bool) -> None:
    assert compared(query) == two
    picture = make_picture(draw_scene(SCENE, 256))
    result = guard.run(counter, picture, {"query": query}, timeout_s=60)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Facts)
    (fact,) = result.payload.items
    assert fact.value is holds
    assert all(word in fact.name for word in two)
    assert len(fact.of) == (2 if "red" in query else 3)


def test_a_number_is_no_second_kind_of_thing() -> None:
    assert compared("more than 3 circles") is None
    assert compared("small red circles") is None


def test_a_comparison_with_what_has_no_class_is_unsupported(counter: Counter) -> None:
    picture = make_picture(draw_scene(SCENE, 256))
    result = guard.run(counter, picture, {"query": "more circles than ghosts"}, timeout_s=60)
    assert (result.status, "ghosts" in result.message) == ("unsupported", True)
