"""What a reference means: text, typed value, boxes; and when it means no one thing."""

from __future__ import annotations

import pytest
from tests.planning.doubles import TEAMS, box, done, fields, looked, objects, page

from sightline.planning.grammar import Reference
from sightline.planning.references import Resolved, Unresolved, resolved, value_text
from sightline.train.symbolic.episode import run_query
from sightline.types import (
    Caption,
    Class,
    Classes,
    DocumentField,
    Evidence,
    Fact,
    Facts,
    Fields,
    Finding,
    RelationValue,
    TextLines,
)

READ = done(2, "read_table", TEAMS)


def mean(what: str, payload: Finding | Evidence, *names: str, status: str = "ok") -> Resolved:
    one = payload if isinstance(payload, Evidence) else done(2, "x", payload, status)
    said = Reference(what=what, of=one.id, names=names)  # type: ignore[arg-type] # an accessor
    return resolved(said, [looked("cup"), one])


def asked(sql: str) -> Resolved:
    result = run_query(sql, (READ,))
    return mean("value", READ.model_copy(update={"id": "e3", "result": result}))


def test_counts_are_of_what_counts() -> None:
    found = mean("count", objects("red", "blue", "red", perhaps=1))
    assert (found.text, found.value, len(found.boxes)) == ("2", 2, 2)
    assert found.score == pytest.approx(0.8)
    assert mean("count", objects(), status="empty").value == 0
    with pytest.raises(Unresolved, match="no count"):
        mean("count", page(("a",)))


def test_existence() -> None:
    assert (mean("exists", objects("red")).text, mean("exists", objects("red")).value) == ("yes", True)
    nothing = mean("exists", objects(), status="empty")
    assert (nothing.text, nothing.value, nothing.boxes) == ("no", False, ())
    assert mean("exists", objects("red", perhaps=1)).text == "yes"
    assert mean("exists", TextLines(), status="empty").value is False


def test_attributes_of_one_object_and_of_several_alike() -> None:
    assert mean("color", objects("red")).text == "red"
    both = mean("color", objects("red", "red"))
    assert (both.text, both.ambiguous, len(both.boxes)) == ("red", False, 2)
    assert mean("label", objects("red")).text == "square"
    assert mean("place", objects("red")).text == "top left"
    assert mean("size", objects("red")).text != ""


def test_several_objects_that_differ_are_ambiguous() -> None:
    assert mean("color", objects("red", "blue")).ambiguous
    assert not mean("label", objects("red", "blue")).ambiguous
    assert mean("color", objects("red", "blue", perhaps=1)).text == "red"


def test_an_attribute_that_is_not_there_is_unresolved() -> None:
    with pytest.raises(Unresolved, match="nothing was found"):
        mean("color", objects(), status="empty")
    with pytest.raises(Unresolved, match="could not be told"):
        mean("color", objects(""))
    with pytest.raises(Unresolved):
        mean("color", page(("a",)))


def test_fields_keep_their_print_and_their_typed_value() -> None:
    read = fields(total="RM 45.00", date="2 May 2020")
    one = mean("field", read, "total")
    assert (one.text, one.value, one.boxes) == ("RM 45.00", "RM 45.00", (read.items[0].box,))
    two = mean("field", read, "total", "date")
    assert two.text == "total: RM 45.00, date: 2 May 2020"
    assert len(two.boxes) == 2
    with pytest.raises(Unresolved, match="no such field"):
        mean("field", read, "total", "sum")


@pytest.mark.parametrize("value", [12.5, 0.0, "2020-05-02", None])
def test_the_value_of_a_field_is_its_own(value: float | str | None) -> None:
    read = Fields(items=(DocumentField(name="tax", text="0.00", value=value, score=0.9, box=box()),))
    told = mean("field", read, "tax").value
    assert told == ("0.00" if value is None else value)


def test_facts() -> None:
    fact = Fact(name="distance", value=12.5, unit="px", of=(box(), box(80)))
    one = mean("value", Facts(items=(fact,)))
    assert (one.text, one.value, len(one.boxes)) == ("12.5 px", 12.5, 2)
    assert mean("field", Facts(items=(fact, Fact(name="b", value=True))), "distance").value == 12.5


def test_a_quotation_is_found_with_its_boxes() -> None:
    read = page(("TOTAL", "RM 45.00"), ("Thank you",), ("RM 9",))
    assert mean("quote", read, "RM 45.00").boxes == (read.rows[0][1].box,)
    assert mean("quote", read, "45.00 Thank").boxes == (read.rows[0][1].box, read.rows[1][0].box)
    assert mean("quote", read, "RM 9").boxes == (read.rows[2][0].box,)
    assert mean("quote", read, "TOTAL RM").value == "TOTAL RM"
    with pytest.raises(Unresolved, match="does not stand"):
        mean("quote", read, "45.0")


def test_whole_texts() -> None:
    assert mean("text", page(("a", "b"), ("c",))).text == "a b\nc"
    dog = Caption(text="a dog", region=box())
    assert mean("text", dog).text == mean("value", dog).text == "a dog"
    kind = Classes(region=box(), items=(Class(label="tabby", score=0.6),), shown="cat")
    assert mean("value", kind).text == "cat"
    assert mean("value", kind.model_copy(update={"shown": ""})).text == "tabby"


@pytest.mark.parametrize(
    ("sql", "text", "value"),
    [
        ('SELECT "Points" FROM "table" WHERE "Team" = \'Reds\'', "31", 31),
        ('SELECT sum("Points") FROM "table"', "66", 66),
        ('SELECT avg("Points") FROM "table"', "22", 22),
        ('SELECT "Team" FROM "table" ORDER BY "Points" DESC LIMIT 2', "Reds, Blues", "Reds, Blues"),
        ('SELECT "Team", "Points" FROM "table" LIMIT 1', "Reds 31", "Reds 31"),
        ('SELECT "Won on" FROM "table" LIMIT 1', "2 May 2020", "2020-05-02"),
    ],
)  # fmt: skip
def test_values_of_queries(sql: str, text: str, value: object) -> None:
    found = asked(sql)
    assert found.text == text
    assert found.value == pytest.approx(value)


def test_what_is_computed_from_one_cell_has_two_decimals() -> None:
    assert asked('SELECT "Points" * 100 / 66 FROM "table" WHERE "Team" = \'Reds\'').text == "46.97"


@pytest.mark.parametrize(("more", "said"), [(">", "yes"), ("<", "no")])
def test_a_query_that_ends_in_a_truth_says_yes_or_no(more: str, said: str) -> None:
    found = asked(f'SELECT (SELECT max("Points") FROM "table") {more} (SELECT min("Points") FROM "table")')
    assert (found.text, found.value) == (said, said == "yes")


def test_a_query_without_a_value_is_unresolved() -> None:
    with pytest.raises(Unresolved, match="no value"):
        asked('SELECT "Points" FROM "table" WHERE "Team" = \'Nobody\'')


@pytest.mark.parametrize(
    ("value", "unit", "printed", "text"),
    [
        (12.5, "$", False, "$12.50"),
        (12.0, "$", False, "$12"),
        (12.5, "%", False, "12.5%"),
        (12.5, "km", False, "12.5 km"),
        (12.3456, "", False, "12.35"),
        (12.3456, "", True, "12.3456"),
        (0.0012345, "", False, "0.0012345"),
        (1234567, "", False, "1234567"),
        (-3.999, "", False, "-4"),
    ],
)
def test_numbers_are_said_with_their_units(value: float, unit: str, printed: bool, text: str) -> None:
    one = RelationValue(
        kind="number", text=f"{value:.15g}", value=value, unit=unit, cells=(0,) if printed else (0, 1)
    )
    assert value_text(one) == text


@pytest.mark.parametrize("status", ["error", "timeout", "unsupported", "refused"])
def test_what_failed_answers_nothing(status: str) -> None:
    with pytest.raises(Unresolved, match="found nothing"):
        mean("count", done(2, "detect", None, status))
    with pytest.raises(Unresolved, match="found nothing"):
        resolved(Reference(what="count", of="e9"), [looked()])
