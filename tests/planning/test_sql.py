"""The SQL that may be said: what is taken, what is refused, and that what is said at random runs."""

from __future__ import annotations

import pytest
from tests.planning.doubles import TEAMS, allowed, asked, done, fields, looked, objects, parsed, table

from sightline.planning.grammar import Said
from sightline.planning.sql_relations import sql_relations
from sightline.train.symbolic.episode import run_query
from sightline.types import Evidence

QUESTION = "Which of the red teams won more than 25 points in May?"
READ = done(2, "read_table", TEAMS)
WORLD = asked(QUESTION, looked(), READ)
SEEN = (looked("square"), done(2, "detect", objects("red", "blue", "red"), query="squares"))


def taken(sql: str, *evidence: Evidence, question: str = QUESTION) -> bool:
    situation = asked(question, *evidence) if evidence else WORLD
    return allowed(situation, f"number: query(sql={sql})")


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "Team" FROM "table"',
        'SELECT "Team", "Points" FROM "table" WHERE "Team" = \'Reds\'',
        'SELECT count(*) FROM "table" WHERE "Team" LIKE \'%red teams%\'',
        'SELECT count(DISTINCT "Team") FROM "table"',
        'SELECT sum("Points") FROM "table" WHERE "Team" IN (\'Reds\', \'Blues\')',
        'SELECT avg("Points") FROM "table" WHERE "Points" BETWEEN 25 AND 31',
        'SELECT "Team" FROM "table" ORDER BY "Points" DESC LIMIT 1',
        'SELECT "Team" FROM "table" ORDER BY "Points" LIMIT 1 OFFSET 1',
        'SELECT "Team" FROM "table" WHERE "Points" > 25 AND "Won on" IS NOT NULL OR "Team" <> \'Blues\'',
        'SELECT "Team" FROM "table" WHERE "Team" = \'O\'\'Hara\'\'s\'',
        'SELECT "Team" FROM "table" WHERE "Points" = (SELECT max("Points") FROM "table")',
        'SELECT (SELECT "Points" FROM "table" WHERE "Team" = \'Reds\') - '
        '(SELECT "Points" FROM "table" WHERE "Team" = \'Blues\')',
        'SELECT (SELECT count(*) FROM "table") > 2',
        'SELECT abs("Points" - 25) FROM "table"',
        'SELECT round(avg("Points"), 2) FROM "table"',
        'SELECT "Points" * 100 / sum("Points") FROM "table" GROUP BY "Points"',
        'SELECT "Won on", count(*) FROM "table" GROUP BY "Won on" HAVING count(*) > 1',
        'SELECT mode("Won on") FROM "table"',
        'SELECT max("Team") FROM "table"',
        'SELECT "Points" - 1 + "Points" - 1 FROM "table"',
        'SELECT "Won on" FROM "table" WHERE "Team" = \'Reds\' OR "Team" = \'Blues\' AND "Points" > 25',
        'SELECT "Team" FROM "table" WHERE "Points" > 1 AND "Points" < 25',
        'SELECT "Team" FROM "table" WHERE row_no = 3',
        'SELECT max("Points") - min("Points") FROM "table"',
        'SELECT count(*) = 3 FROM "table"',
        'SELECT "Team" FROM "table" WHERE "Won on" = \'2 May 2020\'',
        'SELECT text FROM table_cells WHERE row_name = \'Reds\'',
    ],
)  # fmt: skip
def test_the_engine_takes_what_the_grammar_takes(sql: str) -> None:
    assert taken(sql)
    assert run_query(sql, WORLD.evidence).status in ("ok", "empty")


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "Team" FROM "table" WHERE "Team" = \'Greens\'',  # a literal that the column does not hold
        'SELECT "Team" FROM "table" WHERE "Team" = \'reds\'',
        'SELECT "Team" FROM "table" WHERE "Team" = \'2 May 2020\'',  # of another column
        'SELECT "Team" FROM "table" WHERE "Team" IN (\'Reds\', \'Greens\')',
        'SELECT "Team" FROM "table" WHERE "Points" > 26',  # neither asked nor printed nor small
        'SELECT "Team" FROM "table" WHERE "Team" LIKE \'%green teams%\'',  # no words of the question
        'SELECT "Team" FROM "table" WHERE "Team" LIKE \'%teams red%\'',
        'SELECT "Team" FROM "table" WHERE "Team" LIKE \'%tea%\'',
        'SELECT "Goals" FROM "table"',  # no such column
        'SELECT color FROM "table"',  # of another relation
        'SELECT "Team" FROM objects',
        'SELECT "Team" FROM chart',
        'SELECT "Team", row_name FROM table_cells',
        'SELECT * FROM "table"',
        'SELECT a."Team" FROM "table" a JOIN "table" b ON a."Team" = b."Team"',
        'SELECT "Team" FROM "table" JOIN table_cells ON "Team" = text',
        'SELECT "Team" FROM "table", table_cells',
        'SELECT "Team" AS best FROM "table"',
        'SELECT CASE WHEN "Points" > 2 THEN 1 END FROM "table"',
        'WITH x AS (SELECT 1) SELECT 1 FROM x',
        'SELECT sum("Points") OVER () FROM "table"',
        'SELECT "Team" FROM "table" UNION SELECT "Won on" FROM "table"',
        'SELECT lower("Team") FROM "table"',
        'SELECT "Team" FROM "table" LIMIT 0',
        'SELECT "Team" FROM "table"; DROP TABLE "table"',
        'SELECT "Team" FROM "table" -- all',
        'select "Team" from "table"',
        'SELECT ("Points" + 1) * 2 FROM "table"',
        'SELECT (SELECT (SELECT (SELECT 1 FROM "table") FROM "table") FROM "table")',
        'SELECT "Team"',
        'DELETE FROM "table"',
        "SELECT 'Reds'",
        'SELECT sum("Team") FROM "table"',  # texts are not computed with
        'SELECT avg("Won on" - "Team") FROM "table"',
        'SELECT "Points" FROM "table" WHERE "Team" + 1 = 2',
        'SELECT "Points" * 2 * 2 FROM "table"',  # no two numbers in a row
        "SELECT 2 * 3 + 1",
        'SELECT "Points" - 1 + "Points" - 1 + "Points" FROM "table"',  # five operands
        'SELECT "Won on" FROM "table" WHERE "Team" = \'Reds\' AND "Team" = \'Blues\'',  # nothing is both
        'SELECT "Won on" FROM "table" WHERE "Points" = 7 AND "Points" = 7',
        'SELECT "Won on" FROM "table" WHERE "Team" IN (\'Reds\', \'Reds\')',
        'SELECT "Team" FROM "table" WHERE row_no = 25',  # three rows
        "",
    ],
)  # fmt: skip
def test_nothing_else_is_taken(sql: str) -> None:
    assert not taken(sql)


def test_pairs_of_objects_are_compared_without_a_join() -> None:
    sql = (
        "SELECT (SELECT min(x) FROM objects WHERE color = 'red') < "
        "(SELECT max(x) FROM objects WHERE class = 'circle')"
    )
    assert taken(sql, *SEEN, question="Is some red thing left of a circle?")


def test_classes_may_be_named_in_the_words_of_the_question() -> None:
    count = "SELECT count(*) FROM objects WHERE class = '{}' AND color <> 'red'"
    question = "How many small blue wing nuts?"
    for known in ("square", "circle", "dog", "nut", "wing nut"):
        assert taken(count.format(known), *SEEN, question=question), known
    for other in ("gadget", "blue", "blue wing", "small", "small blue"):
        assert not taken(count.format(other), *SEEN, question=question), other


def test_the_end_of_the_query_is_the_end_of_the_call() -> None:
    told = 'number: query(sql=SELECT round("Points", 1) FROM "table")'
    reply = parsed(WORLD, told)
    assert reply.calls == (
        Said(name="query", arguments=(("sql", 'SELECT round("Points", 1) FROM "table"'),)),
    )
    twice = parsed(WORLD, f"{told.removesuffix(')')}); read_text()")
    assert [call.name for call in twice.calls] == ["query", "read_text"]


def test_relations_are_those_that_were_read() -> None:
    def names(*evidence: Evidence) -> list[str]:
        return [one.name for one in sql_relations(evidence, "?")]

    assert names() == ["objects"]
    assert names(looked()) == ["objects"]
    assert names(looked(), READ) == ["table", "table_cells"]
    plot = done(2, "read_table", table(("Stem", "Leaf"), ("1", "0 3")))
    assert names(looked(), plot) == ["table", "table_cells", "leaves"]
    assert names(looked("cup"), READ) == ["table", "table_cells", "objects"]
    assert "document" in names(done(2, "read_document", fields(total="9.00")))
    assert names(done(2, "read_table", None, "error")) == ["objects"]


def test_columns_have_their_kinds_and_their_prints() -> None:
    (wide, *_) = sql_relations((READ,), "?")
    told = {c.name: (c.kind, c.texts, c.numbers) for c in wide.columns}
    assert told["Team"] == ("text", ("Reds", "Blues", "O'Hara's"), ())
    assert told["Points"] == ("number", (), ("31", "28", "7"))
    assert told["Won on"][0] == "other"


def test_of_many_texts_the_nearest_to_the_question_may_be_said() -> None:
    rows = [(f"Plain {n}", str(n)) for n in range(900)]
    long = done(2, "read_table", table(("Name", "Size"), *rows, ("Rare thing", "7")))
    where = 'SELECT "Size" FROM "table" WHERE "Name" = \'{}\''
    assert taken(where.format("Rare thing"), long, question="How big is the rare thing?")
    assert taken(where.format("Plain 877"), long, question="How big is 877?")
    assert not taken(where.format("Plain 877"), long, question="How big is the rare thing?")
