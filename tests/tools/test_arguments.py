"""Arguments: texts, JSON and ids become typed values, and what is wrong is said in a line."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.doubles import Toolish

from sightline.errors import InputError
from sightline.tools.arguments import dump_arguments, schema, split_pairs, typed
from sightline.tools.base import Phrase
from sightline.tools.registry import default_tools
from sightline.tools.signature import LONGEST_TEXT
from sightline.types import Box, Frame, Point

FRAME = Frame(image="a" * 64, width=200, height=100)
CROP = Frame(image="a" * 64, width=300, height=300, x0=10, y0=20, scale=3)


class Everything(Toolish):
    """Takes one argument of every kind."""

    name = "all"

    def __call__(
        self,
        what: Phrase,
        mode: Literal["fast", "slow"] = "fast",
        scale: float = 1.0,
        region: Box | None = None,
        regions: tuple[Box, ...] = (),
        points: tuple[Point, ...] | None = None,
    ) -> None:
        """Takes everything.

        Args:
            what: what to look for
            mode: how
            scale: a factor
            region: where
            regions: where to look
            points: where to touch
        """


TOOL = Everything()


def box(x1: float, y1: float, x2: float, y2: float, frame: Frame = FRAME) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def value(name: str, given: Any, **named: list[Box]) -> Any:
    return typed(TOOL, {"what": "x", name: given}, FRAME, named or None)[name]


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("what", "small red circles", "small red circles"),
        ("mode", "slow", "slow"),
        ("scale", "2", 2),
        ("scale", " -2.5e1 ", -25.0),
        ("scale", 3, 3),
        ("region", "10,20,80,90", box(10, 20, 80, 90)),
        ("region", " 10, 20, 80.5, 90 ", box(10, 20, 80.5, 90)),
        ("region", "[10, 20, 80, 90]", box(10, 20, 80, 90)),
        ("region", [10, 20, 80, 90], box(10, 20, 80, 90)),
        ("region", "-5,20,900,90", box(0, 20, 200, 90)),
        ("regions", "10,20,80,90;5,5,9,9", (box(10, 20, 80, 90), box(5, 5, 9, 9))),
        ("regions", "10,20,80,90;", (box(10, 20, 80, 90),)),
        ("regions", [[10, 20, 80, 90], [5, 5, 9, 9]], (box(10, 20, 80, 90), box(5, 5, 9, 9))),
        ("regions", "[10, 20, 80, 90]", (box(10, 20, 80, 90),)),
        ("points", "3,4;5,6.5", ((3.0, 4.0), (5.0, 6.5))),
        ("points", "[[3, 4], [5, 6]]", ((3.0, 4.0), (5.0, 6.0))),
        ("points", "3,4", ((3.0, 4.0),)),
    ],
)
def test_what_is_said_is_typed(name: str, said: Any, meant: Any) -> None:
    assert value(name, said) == meant


@pytest.mark.parametrize(
    ("name", "said", "reason"),
    [
        ("what", "  ", "what must be a text that is not empty"),
        ("what", 3, "what must be a text that is not empty"),
        ("what", "x" * (LONGEST_TEXT + 1), "what is longer than 500 characters"),
        ("mode", "medium", "mode must be one of fast, slow"),
        ("scale", "two", 'scale must be a number, not "two"'),
        ("scale", "nan", "scale must be a number"),
        ("scale", True, "scale must be a number"),
        ("region", "10,20,80", 'region must be x1,y1,x2,y2 in px of the image, not "10,20,80"'),
        ("region", "ten,20,80,90", 'region must be x1,y1,x2,y2 in px of the image, not "ten,20,80,90"'),
        ("region", "1,2,3,4;5,6,7,8", "region must be x1,y1,x2,y2 in px"),
        ("region", "nan,0,1,1", "region must be x1,y1,x2,y2 in px"),
        ("region", [[[1]]], "region must be x1,y1,x2,y2 in px"),
        ("region", [True, 0, 5, 5], "region must be x1,y1,x2,y2 in px"),
        ("region", {"x1": 3}, "region must be x1,y1,x2,y2 in px"),
        ("region", "[" * 5000, "region must be x1,y1,x2,y2 in px"),
        ("region", "e1", 'region must be x1,y1,x2,y2 in px of the image, not "e1"'),
        ("region", "80,20,10,90", "region must be x1,y1,x2,y2 with x1 < x2 and y1 < y2, not 80,20,10,90"),
        ("region", "300,10,400,20", "region 300,10,400,20 lies outside the image of 200x100 px"),
        ("regions", "", 'regions must be x1,y1,x2,y2;x1,y1,x2,y2;... in px of the image, not ""'),
        ("regions", [], "regions must be x1,y1,x2,y2;x1,y1,x2,y2;... in px of the image, not []"),
        ("regions", [[1, 2, 3, 4]] * 201, "regions must be"),
        ("points", "3,4,5", 'points must be x,y;x,y;... in px of the image, not "3,4,5"'),
        ("shape", "x", "all takes no argument shape"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(name: str, said: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        value(name, said)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_what_is_missing_is_said_and_none_is_left_out() -> None:
    with pytest.raises(InputError, match="all needs what"):
        typed(TOOL, {"what": None}, FRAME)
    assert typed(TOOL, {"what": "x", "scale": None}, FRAME) == {"what": "x"}


def test_ids_stand_for_boxes() -> None:
    named = {"e1": [box(1, 2, 3, 4), box(5, 6, 7, 8)], "e2": [], "e3": [box(30, 0, 60, 30, CROP)]}
    carried = box(20, 20, 30, 30)
    assert value("region", "e1", **named) == box(1, 2, 3, 4)
    assert value("region", "e3", **named) == carried
    assert value("regions", "e1", **named) == (box(1, 2, 3, 4), box(5, 6, 7, 8))
    for said in ("e1 e3", "e1,e3", "e1; e3"):
        assert value("regions", said, **named) == (box(1, 2, 3, 4), box(5, 6, 7, 8), carried)
    assert value("points", "e3 e1", **named) == ((25.0, 25.0), (2.0, 3.0), (6.0, 7.0))
    assert value("region", "1,2,3,4", **named) == box(1, 2, 3, 4)
    for said in ("e2", "e9", "e1 e2"):
        with pytest.raises(InputError, match=f"regions: {said.split()[-1]} holds no box"):
            value("regions", said, **named)


@given(
    corners=st.lists(st.tuples(*[st.floats(0, 90)] * 2, *[st.floats(91, 100)] * 2), min_size=1, max_size=4),
    points=st.lists(st.tuples(st.floats(-50, 300), st.floats(-50, 300)), min_size=1, max_size=4),
    scale=st.floats(-1e6, 1e6),
)
def test_json_carries_every_value(
    corners: list[tuple[float, ...]], points: list[tuple[float, float]], scale: float
) -> None:
    values = typed(
        TOOL,
        {
            "what": "x",
            "scale": scale,
            "region": list(corners[0]),
            "regions": ";".join(",".join(map(repr, one)) for one in corners),
            "points": json.dumps(points),
        },
        FRAME,
    )
    assert values["points"] == tuple(points)
    assert values["region"] == values["regions"][0]
    assert typed(TOOL, json.loads(json.dumps(dump_arguments(values))), FRAME) == values


@given(st.text(max_size=40))
def test_any_text_is_typed_or_refused(text: str) -> None:
    for parameter in TOOL.parameters:
        with contextlib.suppress(InputError):
            assert parameter.name in typed(TOOL, {"what": "x", parameter.name: text}, FRAME, {})


def test_the_schema_says_what_each_argument_is() -> None:
    said = schema(TOOL)
    assert (said["required"], said["additionalProperties"]) == (["what"], False)
    properties = said["properties"]
    assert list(properties) == [p.name for p in TOOL.parameters]
    assert properties["what"]["maxLength"] == LONGEST_TEXT
    assert properties["mode"]["enum"] == ["fast", "slow"]
    assert properties["region"] == {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 4,
        "maxItems": 4,
        "description": "where: [x1, y1, x2, y2] in px of the image",
    }
    assert properties["regions"]["items"]["minItems"] == 4
    assert properties["points"]["items"]["maxItems"] == 2
    detect = default_tools()["detect"]
    assert schema(detect)["properties"]["query"]["description"] == detect.parameters[0].doc


def test_pairs_of_a_command_line() -> None:
    assert split_pairs(["query=a = b", "scale = 2"]) == {"query": "a = b", "scale": "2"}
    for bad, reason in ((["query"], "name=value"), (["=x"], "name=value"), (["a=1", "a=2"], "twice")):
        with pytest.raises(InputError, match=reason):
            split_pairs(bad)
