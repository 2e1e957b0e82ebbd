"""Who answers an evaluation: the agent with its tools, none or an oracle; our model alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.agent.doubles import Blobs, canvas

from sightline.agent import Plan, ScriptedPlanner
from sightline.agent.answerers import (
    AgentAnswerer,
    ModelAnswerer,
    OracleDetector,
    gold_boxes,
    with_choices,
)
from sightline.errors import ConfigError, InputError, SightlineError
from sightline.images import ImageStore, load_image
from sightline.tools import guard
from sightline.tools.crop import Cropper
from sightline.types import Box, Crop, Detections, ToolCall

LOOK = Plan(calls=(ToolCall(name="detect", arguments={"query": "red squares"}),))
BOXES = [
    {"label": "square", "box": [10, 5, 30, 25], "attributes": {"size": "small", "color": "red"}},
    {"label": "square", "box": [100, 40, 120, 60]},
    {"label": "star", "box": [150, 70, 170, 90], "attributes": {"size": "small", "color": "blue"}},
]
PIXELS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "two.png"
    Image.fromarray(PIXELS).save(path)
    return path


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script in place of the model, and small tools in place of the tools."""
    planner = ScriptedPlanner([LOOK, Plan(answer="2", cites=("e1",))])
    monkeypatch.setattr("sightline.agent.answerers.default_planner", lambda: planner)
    monkeypatch.setattr("sightline.agent.answerers.embedded_tools", lambda store: {"detect": Blobs()})


def test_the_agent_answers_with_its_boxes(image: Path) -> None:
    with AgentAnswerer() as answerer:
        text, extras = answerer([image], "How many red squares?", (), ())
    assert text == "2"
    assert extras["boxes"] == [[10, 5, 30, 25], [100, 40, 120, 60]]
    assert extras["calls"] == ["detect(red squares): ok"]
    assert answerer.settings == {"kind": "agent", "model": "", "tools": ["detect:0123456789abcdef"]}
    json.dumps(extras)


def test_the_agent_without_tools_has_none(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planner = ScriptedPlanner([LOOK, Plan(answer="red")])
    monkeypatch.setattr("sightline.agent.answerers.default_planner", lambda: planner)
    with AgentAnswerer(tools=False) as answerer:
        text, extras = answerer([image.read_bytes()], "How many red squares?", (), ())
    assert (text, extras["calls"], answerer.settings["tools"]) == ("red", [], [])


def test_what_the_agent_does_not_take_is_said(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AgentAnswerer() as answerer:
        with pytest.raises(InputError, match="one image"):
            answerer([image, image], "How many?", (), ())
        with pytest.raises(InputError, match="no examples"):
            answerer([image], "How many?", (), ("an example",))

    class Broken(ScriptedPlanner):
        def plan(self, request: Any) -> Plan:
            raise RuntimeError("no plan")

    monkeypatch.setattr("sightline.agent.answerers.default_planner", lambda: Broken([]))
    with AgentAnswerer() as answerer, pytest.raises(SightlineError, match="no plan"):
        answerer([image], "How many?", (), ())


def test_options_are_lettered() -> None:
    assert with_choices("Which\none?", ["red", "blue"]) == "Which one? A. red B. blue"


def test_the_oracle_answers_what_the_suite_knows(image: Path) -> None:
    oracle = OracleDetector(gold_boxes([(image, {"boxes": BOXES}), (image, None)]))
    picture = load_image(image)

    def found(query: str) -> tuple[str, list[tuple[float, ...]]]:
        result = guard.run(oracle, picture, {"query": query}, timeout_s=1)
        payload = result.payload
        boxes = payload.boxes() if isinstance(payload, Detections) else []
        return result.status, [(b.x1, b.y1, b.x2, b.y2) for b in boxes]

    # The second square's colour is not named by the suite, and is measured.
    assert found("red squares") == ("ok", [(10, 5, 30, 25), (100, 40, 120, 60)])
    assert found("blue things") == ("ok", [(150, 70, 170, 90)])
    assert found("green squares") == ("empty", [])
    assert found("giraffes")[0] == "unsupported"
    assert guard.run(oracle, picture, {}, timeout_s=1).status == "refused"
    other = load_image(np.zeros((20, 20, 3), np.uint8))
    assert guard.run(oracle, other, {"query": "squares"}, timeout_s=1).status == "error"
    with AgentAnswerer(oracle=oracle) as answerer:
        text, extras = answerer([image], "How many red squares?", (), ())
    assert (text, len(extras["boxes"]), answerer.settings["tools"]) == ("2", 2, ["detect:oracle"])


def test_the_oracle_sees_in_the_frame_of_a_crop(image: Path) -> None:
    picture = load_image(image)
    store = ImageStore()
    crop = guard.run(
        Cropper(store),
        picture,
        {"region": Box(x1=90, y1=30, x2=130, y2=70, frame=picture.frame)},
        timeout_s=10,
    )
    assert isinstance(crop.payload, Crop)
    part = type(picture)(pixels=store.get(crop.payload.image), frame=crop.payload.frame)
    oracle = OracleDetector(gold_boxes([(image, {"boxes": BOXES})]))
    (item,) = guard.run(oracle, part, {"query": "things"}, timeout_s=1).payload.items  # type: ignore[union-attr]
    frame = crop.payload.frame
    assert item.box.frame == frame
    assert item.box.x1 == pytest.approx((100 - frame.x0) * frame.scale)
    assert item.box.width == pytest.approx(20 * frame.scale)


@pytest.mark.parametrize(
    "states", [[], [None], [{"boxes": [{"label": "x"}]}], [{"boxes": [{"label": "x", "box": [1, 2]}]}]]
)
def test_a_suite_without_boxes_has_no_oracle(image: Path, states: list[Any]) -> None:
    with pytest.raises(ConfigError):
        gold_boxes([(image, state) for state in states])


def test_the_bare_model_is_asked_once_without_tools(image: Path) -> None:
    from sightline.mllm.chat import Reply
    from sightline.mllm.reasoner import Said

    class Fake:
        weights = "f" * 64

        def reply(self, **asked: Any) -> Said:
            assert (asked["tools"], asked["notes"], asked["must_answer"]) == ((), (), True)
            assert [picture.shape for picture in asked["images"]] == [PIXELS.shape] * 2
            return Said(Reply(answer=asked["question"], thought="hm"), 0.5, 7)

    with ModelAnswerer(Fake()) as answerer:  # type: ignore[arg-type]
        assert answerer([image, image], "Which?", ("a", "b"), ()) == (
            "Which? A. a B. b",
            {"thought": "hm", "confidence": 0.5, "tokens": 7},
        )
        assert answerer.settings == {"kind": "bare model", "model": "f" * 16}
