"""The tool `query`: reads what its SQL names, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.tools.query_worlds import chart, fields, objects, table

from sightline.images import Picture, load_image
from sightline.tools.base import Phrase, Tool, Unsupported
from sightline.tools.guard import run
from sightline.tools.query import Query
from sightline.types import Box, ChartData, Finding, Relation, ToolResult, map_box


class Said(Tool):
    """A reader that finds what it was given, in the frame of the picture, and counts its calls."""

    def __init__(self, name: str, finding: Finding | ToolResult) -> None:
        self.name = name
        self.calls: list[str] = []
        self._finding = finding

    def __call__(self, picture: Picture, region: Box | None = None) -> Any:
        """Finds it."""
        self.calls.append("")
        return _moved(self._finding, picture)


class Detects(Said):
    def __call__(self, picture: Picture, query: Phrase) -> Any:  # type: ignore[override]  # as `detect` takes it
        """Finds it.

        Args:
            query: what
        """
        self.calls.append(query)
        if query == "unicorn":
            raise Unsupported('no class for "unicorn"')
        return _moved(self._finding, picture)


def _moved(finding: Any, picture: Picture) -> Any:
    """The finding with its boxes on the picture."""
    frame = picture.frame.model_dump()
    body = finding.model_dump(mode="json")

    def at(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: frame if k == "frame" else at(v) for k, v in value.items()}
        return [at(one) for one in value] if isinstance(value, list) else value

    return type(finding).model_validate(at(body))


@pytest.fixture(scope="module")
def picture() -> Picture:
    return load_image(np.full((1000, 1000, 3), 255, np.uint8))


@pytest.fixture(scope="module")
def tools() -> Iterator[dict[str, Any]]:
    made: dict[str, Any] = {
        "read_table": Said("read_table", table().model_copy(update={"partial": "2 lines unread"})),
        "read_chart": Said("read_chart", ToolResult(status="unsupported", message="no scale")),
        "read_document": Said("read_document", fields(total=("$5.00", 5.0))),
        "detect": Detects("detect", objects(("cup", "red"), ("dog", "brown"))),
    }
    made["read_chart"]._finding = chart({("a", ""): 1.0})
    made["query"] = Query(made["read_table"], made["read_chart"], made["read_document"], made["detect"])
    yield made
    made["query"].close()


def asked(tools: dict[str, Any], picture: Picture, sql: str, timeout_s: float = 30) -> ToolResult:
    for name in ("read_table", "read_chart", "read_document", "detect"):
        tools[name].calls.clear()
    return run(tools["query"], picture, {"sql": sql}, timeout_s=timeout_s)


def test_it_reads_what_the_query_names_alone(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(
        tools, picture, 'SELECT "Team" FROM "table" WHERE "Pay" = (SELECT max("Pay") FROM "table")'
    )

    assert result.status == "ok", result.message
    assert isinstance(result.payload, Relation)
    assert result.payload.rows[0][0].text == "Cats"
    assert result.payload.partial == "2 lines unread"
    assert result.payload.score == 0.9
    assert [len(tools[name].calls) for name in ("read_table", "read_chart", "read_document", "detect")] == [
        1,
        0,
        0,
        0,
    ]


def test_its_boxes_are_those_of_the_cells(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(tools, picture, 'SELECT max("Points") FROM "table"')

    assert isinstance(result.payload, Relation)
    assert [(box.x1, box.y1) for box in result.payload.boxes()] == [(10, 20), (10, 40)]
    assert all(map_box(box, picture.frame) == box for box in result.payload.boxes())


def test_leaves_are_read_with_their_table(tools: dict[str, Any], picture: Picture) -> None:
    sql = "SELECT count(*) FROM leaves WHERE value BETWEEN 20 AND 39"
    assert "there is no relation leaves" in asked(tools, picture, sql).message

    before = tools["read_table"]._finding
    tools["read_table"]._finding = table([["Stem", "Leaf"], ["1", "0 3"], ["2", "068"], ["3", "5, 9"]])
    try:
        result = asked(tools, picture, sql)
        called = [len(tools[name].calls) for name in ("read_table", "read_chart", "read_document", "detect")]
    finally:
        tools["read_table"]._finding = before
    assert called == [1, 0, 0, 0]
    assert isinstance(result.payload, Relation)
    assert result.payload.rows[0][0].value == 5
    assert {cell.text for cell in result.payload.cited} == {"2", "068", "3", "5, 9"}


def test_texts_of_results(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(
        tools,
        picture,
        'SELECT "Team", sum("Pay") AS pay FROM "table" WHERE row_no < 3 GROUP BY ALL ORDER BY 2',
    )

    assert result.to_text() == "ok: Team | pay\nBees | $900\nAnts | $1200\nnot seen: 2 lines unread"


def test_nothing_is_empty_with_a_score(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(tools, picture, 'SELECT "Team" FROM "table" WHERE "Team" = \'Elks\'')

    assert result.status == "empty"
    assert result.payload
    assert result.payload.score == 0.9


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (ToolResult(status="empty", message="no scale was found"), "read_chart: no scale was found"),
        (ChartData(chart="bars", confidence=0.5), "read_chart found no chart in the picture"),
    ],
)
def test_a_picture_without_a_chart_says_so(
    tools: dict[str, Any], picture: Picture, found: ToolResult | Finding, message: str
) -> None:
    query = Query(tools["read_table"], Said("read_chart", found), tools["read_document"], tools["detect"])
    try:
        result = run(query, picture, {"sql": "SELECT count(*) FROM chart"}, timeout_s=30)
    finally:
        query.close()
    assert (result.status, result.message) == ("unsupported", message)


def test_objects_are_looked_for(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(tools, picture, "SELECT color FROM objects WHERE class = 'dog'")

    assert result.status == "ok", result.message
    assert tools["detect"].calls == ["dog", "objects"]


def test_a_class_that_nobody_knows_is_not_none_of_it(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(tools, picture, "SELECT count(*) FROM objects WHERE class = 'unicorn'")

    assert (result.status, result.message) == ("unsupported", 'no class for "unicorn"')


def test_refused_in_one_line(tools: dict[str, Any], picture: Picture) -> None:
    result = asked(tools, picture, "COPY \"table\" TO 'x'")

    assert (result.status, result.message) == ("refused", "only SELECT is taken, not COPY")
    assert tools["read_table"].calls == []


def test_a_long_query_times_out_and_the_next_one_runs(tools: dict[str, Any], picture: Picture) -> None:
    assert asked(tools, picture, "SELECT count(*) FROM range(1000000000000)", timeout_s=2).status == "timeout"
    assert asked(tools, picture, "SELECT total FROM document").status == "ok"


@pytest.mark.parametrize(
    "bomb",
    [
        "WITH RECURSIVE t(s) AS (SELECT 'xx' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t",
        "WITH a AS (SELECT concat(x,x,x,x,x,x,x,x,x,x) x FROM (SELECT concat(y,y,y,y,y,y,y,y,y,y) x FROM "
        "(SELECT string_agg('abcdefgh') y FROM range(1000000)))) "
        "SELECT length(concat(x,x,x,x,x,x,x,x,x,x)) FROM a",
    ],
)
def test_memory_is_bounded(tools: dict[str, Any], picture: Picture, bomb: str) -> None:
    result = asked(tools, picture, bomb, timeout_s=20)

    assert result.status in ("refused", "timeout")
    assert asked(tools, picture, "SELECT total FROM document").status == "ok"


def test_its_version_tells_of_all(tools: dict[str, Any]) -> None:
    assert tools["query"].version.startswith("duckdb ")
