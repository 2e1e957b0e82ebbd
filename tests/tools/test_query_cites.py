"""Each value of a query cites the cells it was computed from, each row those that it was chosen by."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tools.query_worlds import asked, cells, chart, reasons, table, texts

from sightline.tools.relations import source_of
from sightline.tools.sql_engine import answer, opened


def test_a_plain_value_cites_its_cell_and_what_chose_the_row() -> None:
    found = asked('SELECT "Team" FROM "table" WHERE "Points" > 2 ORDER BY "Pay" DESC LIMIT 1')

    assert texts(found) == [["Ants"]]
    assert cells(found) == ["Ants"]
    assert reasons(found) == ["3", "$1,200"]


PAY = ["$1,200", "$900", "$2,000", "$1,000", "$10.50"]
AGGREGATES = {
    'max("Points")': ["5", "5"],
    'min("Pay")': ["$10.50"],
    'sum("Pay")': PAY,
    'avg("Pay")': PAY,
    'median("Pay")': PAY,
    'count("Points")': ["3", "5", "5", "1"],
    'count(DISTINCT "Points")': ["3", "5", "5", "1"],
    'mode("Points")': ["5", "5"],
    "count(*)": ["Ants", "Bees", "Cats", "Dogs", "José"],
    'arg_max("Team", "Pay")': ["Cats", "$2,000"],
    'max("Pay") - min("Pay")': ["$2,000", "$10.50"],
    'count(*) FILTER (WHERE "Points" = 5)': ["5", "5"],
    'sum(CASE WHEN "Points" = 5 THEN 1 ELSE 0 END)': ["5", "5"],
    'max("Pay") FILTER (WHERE "Points" = 5)': ["$1,000"],
    'first("Team" ORDER BY "Pay")': ["José"],
    'any_value("Since")': ["January 3, 2009"],
    "string_agg(\"Team\", ', ')": ["Ants", "Bees", "Cats", "Dogs", "José"],
    'percentile_cont(0.5) WITHIN GROUP (ORDER BY "Pay")': PAY,
    'quantile_cont("Pay", 0.5)': PAY,
    'stddev("Pay")': PAY,
}


@pytest.mark.parametrize(("what", "wanted"), AGGREGATES.items())
def test_aggregates_cite_what_they_take_in(what: str, wanted: list[str]) -> None:
    assert sorted(cells(asked(f'SELECT {what} FROM "table"'))) == sorted(wanted)


def test_counted_rows_are_cited_by_what_they_were_chosen_for() -> None:
    assert cells(asked('SELECT count(*) FROM "table" WHERE "Points" > 2')) == ["3", "5", "5"]


def test_groups_cite_their_own_rows() -> None:
    found = asked('SELECT "Points", count(*), sum("Pay") FROM "table" GROUP BY "Points" HAVING count(*) > 1')

    assert texts(found) == [["5", "2", "1900"]]
    assert cells(found, 0, 0) == ["5", "5"]
    assert cells(found, 0, 2) == ["$900", "$1,000"]


def test_joins_cite_both() -> None:
    on = "a.\"Team\" = 'Ants' AND b.\"Team\" = 'Bees'"
    sql = f'SELECT a."Pay" - b."Pay" FROM "table" a JOIN "table" b ON {on}'
    found = asked(sql)

    assert texts(found) == [["300"]]
    assert cells(found) == ["$1,200", "$900"]
    assert reasons(found) == ["Ants", "Bees"]


def test_two_sources_are_joined() -> None:
    sql = 'SELECT t."Team", c.value FROM "table" t JOIN chart c ON t."Team" = c.category'
    found = asked(sql, table(), chart({("Bees", ""): 7.0, ("Cows", ""): 8.0}))

    assert texts(found) == [["Bees", "7"]]
    assert {cell.source for cell in found.cited} == {"table", "chart"}


SCALAR = 'SELECT (SELECT max("Pay") FROM "table") - (SELECT "Pay" FROM "table" WHERE "Team" = \'Bees\')'


def test_scalar_queries_cite_theirs() -> None:
    found = asked(SCALAR)

    assert texts(found) == [["1100"]]
    assert found.rows[0][0].unit == "$"
    assert cells(found) == ["$900", "$2,000"]
    assert reasons(found) == ["Bees"]


def test_queries_in_conditions_are_reasons() -> None:
    found = asked('SELECT "Team" FROM "table" WHERE "Pay" = (SELECT max("Pay") FROM "table")')

    assert texts(found) == [["Cats"]]
    assert reasons(found) == ["$2,000"]
    within = asked('SELECT "Team" FROM "table" WHERE "Points" IN (SELECT max("Points") FROM "table")')
    assert reasons(within) == ["5", "5"]
    exists = 'SELECT "Team" FROM "table" t WHERE EXISTS (SELECT 1 FROM "table" u WHERE u."Pay" > t."Pay")'
    assert texts(asked(exists)) == [["Ants"], ["Bees"], ["Dogs"], ["José"]]


def test_queries_named_by_with_and_in_from() -> None:
    sql = 'WITH x(who, p) AS (SELECT "Team", "Pay" * 2 FROM "table" WHERE "Points" > 2) SELECT max(p) FROM x'
    found = asked(sql)

    assert texts(found) == [["2400"]]
    assert cells(found) == ["$1,200"]
    assert reasons(found) == ["3", "5", "5"]
    inner = asked('SELECT s.y FROM (SELECT "Team" x FROM "table") s(y) LIMIT 1')
    assert cells(inner) == ["Ants"]


def test_windows() -> None:
    before = asked('SELECT lag("Team") OVER (ORDER BY row_no) FROM "table" QUALIFY "Team" = \'Dogs\'')
    assert cells(before) == ["Cats"]
    assert reasons(before) == ["Dogs"]
    running = asked('SELECT sum("Pay") OVER (ORDER BY row_no) FROM "table"')
    assert cells(running, 1) == ["$1,200", "$900"]
    ranked = asked('SELECT rank() OVER (ORDER BY "Pay" DESC), "Team" FROM "table"')
    assert cells(ranked) == ["$2,000"]


def test_rows_of_one_value_are_one_and_cite_all() -> None:
    found = asked('SELECT DISTINCT "Points" FROM "table" ORDER BY "Points" DESC NULLS LAST LIMIT 1')
    assert cells(found) == ["5", "5"]
    both = asked(
        'SELECT "Points" FROM "table" UNION SELECT "Points" FROM "table" ORDER BY 1 DESC NULLS LAST LIMIT 1'
    )
    assert cells(both) == ["5", "5"]
    listed = asked('SELECT "Team" FROM "table" UNION ALL SELECT \'x\'')
    assert len(listed.rows) == 6
    assert listed.rows[-1][0].cells == ()


def test_parts_of_a_cell_cite_it() -> None:
    found = asked('SELECT unnest(string_split("Since", \' \')) FROM "table" WHERE row_no = 1')
    assert texts(found) == [["January"], ["3,"], ["2009"]]
    assert cells(found, 2) == ["January 3, 2009"]
    beside = asked(
        'SELECT u.l FROM "table" t, unnest(string_split(t."Team", \'e\')) AS u(l) WHERE row_no = 2'
    )
    assert cells(beside) == ["Bees"]


def test_what_no_cell_says_cites_none() -> None:
    found = asked(
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT max(n) FROM r"
    )

    assert texts(found) == [["5"]]
    assert found.boxes() == []


COLUMNS = st.sampled_from(['"Team"', '"Points"', '"Pay"', '"Since"', "row_no"])
NUMBERS = st.sampled_from(['"Points"', '"Pay"', "row_no", '"Points" + "Pay"', 'coalesce("Points", 0)'])
CALLS = st.one_of(
    COLUMNS,
    st.builds("{}({})".format, st.sampled_from(["max", "min", "sum", "avg", "count", "median"]), NUMBERS),
    st.builds("arg_{}({}, {})".format, st.sampled_from(["max", "min"]), COLUMNS, NUMBERS),
    st.builds(
        '(SELECT {}({}) FROM "table" i WHERE i.row_no <= 3)'.format, st.sampled_from(["max", "sum"]), NUMBERS
    ),
)
WHERE = st.sampled_from(
    [
        "",
        'WHERE "Points" > 2',
        "WHERE \"Team\" IN ('ants', 'Bees')",
        'WHERE "Pay" < (SELECT avg("Pay") FROM "table")',
        "WHERE \"Since\" > '2010-01-01' OR row_no = 1",
    ]
)
TAIL = st.sampled_from(["", "ORDER BY 1", "ORDER BY 1 DESC NULLS LAST LIMIT 2"])


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=3), WHERE, TAIL, st.booleans())
def test_the_values_are_those_of_the_plain_query(
    what: list[str], where: str, tail: str, distinct: bool
) -> None:
    sql = f'SELECT {"DISTINCT " if distinct else ""}{", ".join(what)} FROM "table" {where} {tail}'
    relations = source_of(table()).relations
    with opened(relations) as connection:
        try:
            wanted = connection.execute(sql).fetchall()
        except Exception:  # a column beside an aggregate: no query at all
            return
    reply = answer(sql, relations, seconds=20)

    assert reply.status == "ok", reply.message
    got = [values for values, _, _ in reply.rows]
    assert sorted(map(str, got)) == sorted(map(str, wanted))
    if "ORDER BY" in tail:
        assert [row[0] for row in got] == [row[0] for row in wanted]
