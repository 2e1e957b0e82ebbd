"""Elements of large files: the same as `json.load` gives, at whatever place the buffer is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.train.data.json_stream import array_elements, line_elements, object_members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(VALUES, max_size=6), chunk=st.integers(1, 40), pretty=st.booleans(), plain=st.booleans()
)
def test_an_array_is_what_json_says(
    tmp_path_factory: pytest.TempPathFactory, values: list[object], chunk: int, pretty: bool, plain: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.json"
    text = json.dumps(values, indent=1 if pretty else None, ensure_ascii=plain)
    raw = text.encode("utf-8", "surrogatepass")
    path.write_bytes(raw)
    elements = list(array_elements(path, chunk=chunk))
    assert [e.broken for e in elements] == [None] * len(values)
    assert [e.value for e in elements] == values
    for element in elements:
        assert json.loads(raw[element.offset : element.offset + element.size]) == element.value
        assert element.line == raw[: element.offset].count(b"\n") + 1


@settings(max_examples=80, deadline=None)
@given(members=st.dictionaries(st.text(), VALUES, max_size=5), chunk=st.integers(1, 30))
def test_members_of_an_object_inside_another(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, object], chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "object.json"
    path.write_text(json.dumps({"meta": {"a": [1, {}]}, "data": members, "more": 1}, ensure_ascii=False))
    found = {e.key: e.value for e in object_members(path, inside="data", chunk=chunk)}
    assert found == members
    whole = {e.key: e.value for e in object_members(path, chunk=chunk)}
    assert whole["data"] == members


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_a_broken_element_is_told_and_the_next_is_read(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"a": 1},\n{"a": },\n{"b": "x}]," NaN},\nnul,\n{"a": NaN},\n{"a": 2}\n]')
    elements = list(array_elements(path, chunk=chunk))
    assert [(e.line, e.broken.kind if e.broken else e.value) for e in elements] == [
        (2, {"a": 1}),
        (3, "bad_json"),
        (4, "bad_json"),
        (5, "bad_json"),
        (6, "bad_json"),
        (7, {"a": 2}),
    ]


@pytest.mark.parametrize(
    ("text", "values", "last"),
    [
        ('[{"a": 1}, {"b"', [{"a": 1}], "never ends"),
        ('[{"a": 1}', [{"a": 1}], "the file ends"),
        ("[1 2]", [1], "a comma"),
        ("[1] 2", [1], "after the end"),
        ('{"a": 1}', [], "begin with ["),
        ("", [], "begin with ["),
    ],
)
def test_what_ends_the_reading_is_told_last(
    tmp_path: Path, text: str, values: list[object], last: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    *fine, end = array_elements(path)
    assert [e.value for e in fine] == values
    assert end.broken is not None
    assert last in end.broken.message


def test_lines_that_are_not_utf8_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"a": "\xff"}\r\n{"a": 2}')
    assert [(e.line, e.broken is None) for e in line_elements(path)] == [(1, True), (3, False), (4, True)]
