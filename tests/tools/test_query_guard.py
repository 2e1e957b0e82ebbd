"""What SQL is taken and what is refused, and how long and large a query may become."""

from __future__ import annotations

import pytest
from tests.tools.query_worlds import asked, refused, table, texts

from sightline.tools.relations import source_of
from sightline.tools.sql_engine import MOST_ROWS, answer, look

NOT_SELECT = [
    'DROP TABLE "table"',
    'INSERT INTO "table" VALUES (1)',
    'UPDATE "table" SET "Points" = 1',
    'DELETE FROM "table"',
    "CREATE TABLE x AS SELECT 1",
    "COPY \"table\" TO 'x.csv'",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 8",
    "EXPORT DATABASE 'x'",
    "CALL pragma_version()",
    'DESCRIBE "table"',
    "SHOW TABLES",
    "BEGIN",
]
READS_FILES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "x.csv"',
    "SELECT * FROM sniff_csv('x')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM query('SELECT 1')",
    'SELECT * FROM memory.main."table"',
]
FUNCTIONS = [
    "getenv('HOME')",
    "current_setting('threads')",
    "repeat('x', 9)",
    "read_blob('x')",
    "version()",
    "uuid()",
    "random()",
]


@pytest.mark.parametrize("sql", [*NOT_SELECT, *READS_FILES, *(f"SELECT {one}" for one in FUNCTIONS)])
def test_refused_before_anything_is_read(sql: str) -> None:
    reply = look(sql)

    assert reply.status == "refused"
    assert "\n" not in reply.message


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1; SELECT 2", "one SELECT is taken, not 2 statements"),
        ("DROP TABLE x", "only SELECT is taken, not DROP"),
        ("SELECT getenv('x')", "the function getenv is not taken"),
        ("SELECT * FROM nowhere", "there is no relation"),
        ("SELEC 1", "not SQL"),
        ("SELECT (", "not SQL"),
        ("SELECT", "SELECT names nothing to select"),
        ("SELECT " + "(" * 400 + "1" + ")" * 400, "nested too deep"),
        ("SELECT range(1000000000)", "in FROM alone"),
        ('WITH "table" AS (SELECT 1) SELECT * FROM "table"', "is a relation already"),
        ('SELECT 1 FROM "table" EXCEPT SELECT 1', "EXCEPT is not taken"),
        ("", "not 0 statements"),
    ],
)
def test_the_message_says_why(sql: str, why: str) -> None:
    assert why in look(sql).message


def test_what_is_read_is_known_before_it_is_read() -> None:
    sql = (
        "WITH x AS (SELECT 1) SELECT * FROM chart, x WHERE EXISTS (SELECT 1 FROM objects WHERE class = 'dog')"
    )
    reply = look(sql)

    assert reply.reads == ("chart", "objects")
    assert reply.classes == ("dog",)


def test_a_column_that_is_not_there_is_named_with_its_nearest() -> None:
    message = refused('SELECT "Pionts" FROM "table"')

    assert '"Pionts" not found' in message
    assert message.endswith('nearest to it are "Points"')
    assert "row_no" in refused('SELECT nothing_like_it FROM "table"')


def test_errors_of_duckdb_are_one_line() -> None:
    assert "\n" not in refused('SELECT "Team" + 1 FROM "table"')
    assert "\n" not in refused('SELECT "Team", count(*) FROM "table"')


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "SELECT -1.5 / 0", "SELECT 0 / 0.0"])
def test_a_division_by_zero_is_refused(sql: str) -> None:
    reply = answer(sql, (), seconds=5)
    assert (reply.status, "divides by zero" in reply.message) == ("refused", True)


def test_texts_compare_without_case_and_accents() -> None:
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Team" = \'jose\'')) == [["José"]]
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Team" ILIKE \'%BE%\'')) == [["Bees"]]


def test_a_number_that_meets_a_text_is_its_print() -> None:
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Points" = \'DNF\'')) == [["Cats"]]
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Pay" LIKE \'$1,%\'')) == [["Ants"], ["Dogs"]]
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Points" = \'3\'')) == [["Ants"]]
    assert texts(asked('SELECT upper("Since") FROM "table" WHERE row_no = 1')) == [["JANUARY 3, 2009"]]
    assert texts(asked('SELECT "Points"::TEXT FROM "table" WHERE row_no = 3')) == [["DNF"]]
    assert texts(asked('SELECT "Team" FROM "table" WHERE "Since" = \'may 5, 2011\'')) == [["Dogs"]]


def test_values_are_typed() -> None:
    found = asked(
        'SELECT "Team", "Pay", "Since", "Points" > 4, "Points" FROM "table" WHERE row_no IN (1, 3) ORDER BY 1'
    )
    first, third = found.rows

    assert [(v.kind, v.value, v.text, v.unit) for v in first] == [
        ("text", "Ants", "Ants", ""),
        ("number", 1200.0, "$1,200", "$"),
        ("day", "2009-01-03", "January 3, 2009", ""),
        ("bool", False, "no", ""),
        ("number", 3.0, "3", ""),
    ]
    assert [v.kind for v in third] == ["text", "number", "nothing", "nothing", "text"]
    assert third[4].text == "DNF"


def test_numbers_keep_their_digits() -> None:
    found = asked('SELECT "a", "a" * 2, 1 / 3 FROM "table"', table([["a"], ["1234567.0625"]]))

    assert texts(found) == [["1234567.0625", "2469134.125", "0.333333333333333"]]


def test_units_follow_the_values() -> None:
    found = asked(
        'SELECT sum("Pay"), sum("Pay") / 2, sum("Pay") / sum("Points"), count("Pay"), '
        'max("Pay") / min("Pay") FROM "table"'
    )
    assert [value.unit for value in found.rows[0]] == ["$", "$", "$", "", ""]
    days = asked('SELECT max("Since") - min("Since") FROM "table"')
    assert (days.rows[0][0].value, days.rows[0][0].unit) == (853, "days")


def test_rows_are_bounded_and_the_rest_is_said() -> None:
    found = asked("SELECT range FROM range(1000)")

    assert len(found.rows) == MOST_ROWS
    assert found.partial == "800 more rows"


SLOW = [
    "SELECT count(*) FROM range(1000000000000)",
    "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
]
LARGE = [
    "SELECT string_agg('x' || range) FROM range(1000000000)",
    'SELECT count(*) FROM "table" a, "table" b, "table" c, range(100000000)',  # the cells it cites grow
]


@pytest.mark.parametrize("sql", SLOW)
def test_a_long_query_is_interrupted(sql: str) -> None:
    reply = answer(sql, source_of(table()).relations, seconds=0.5)

    assert reply.status == "timeout"


@pytest.mark.parametrize("sql", LARGE)
def test_a_large_query_is_refused(sql: str) -> None:
    reply = answer(sql, source_of(table()).relations, seconds=60)

    assert reply.status == "refused"
    assert "memory" in reply.message
