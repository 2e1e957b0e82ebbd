"""Questions about documents that take more than one field: sums, comparisons, goods, what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable

from numpy.random import Generator

from sightline.tools.calculate import Calculator
from sightline.tools.relations import quoted, source_of
from sightline.train.symbolic.document_questions import (
    Course,
    Reading,
    Step,
    asked,
    call_step,
    evidence_of,
    framed,
    known_as,
    rough,
    shown,
    wordings,
)
from sightline.train.symbolic.documents_words import filled_sections, said_lines, spread
from sightline.train.symbolic.episode import run_query
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.lexicon import COMMON, FIRST_NAMES
from sightline.types import Cell, Detections, LineItem, Table, ToolResult

MONEY = ("total", "subtotal", "tax", "cash", "change", "discount", "service", "rounding", "card", "delivery")
_SPOKEN = {
    "total": "total",
    "subtotal": "subtotal",
    "tax": "tax",
    "cash": "cash",
    "change": "change",
    "discount": "discount",
    "service": "service charge",
    "rounding": "rounding",
    "card": "card payment",
    "delivery": "shipping",
    "date": "date",
    "time": "time",
    "company": "(shop|company|seller)",
    "phone": "(phone|phone number)",
    "address": "address",
    "number": "(number|invoice number|document number)",
    "due date": "due date",
    "customer": "(customer|buyer)",
    "cashier": "cashier",
    "order number": "order number",
    "delivery date": "delivery date",
    "tax id": "(tax id|tax number)",
}
_Maker = Callable[[Generator, Reading], Course | None]


def queried(
    reading: Reading, sql: str, question: str, kind: str, task: str, numbers: tuple[str, ...] = ()
) -> Course | None:
    """The course over a query of the document; None where one of the columns that it counts with is text."""
    first = reading.document
    kinds = {quoted(c.name): c.kind for c in source_of(reading.fields).relations[0].columns}
    if any(kinds.get(name) == "text" for name in numbers) or first.result.status != "ok":
        return None
    query = call_step("query", lambda: run_query(sql, evidence_of((first,))), f"query(sql={sql})", sql=sql)
    return Course(question=question, kind=kind, task=task, steps=(first, query), answer="value of e3")


def _column(reading: Reading, name: str) -> str:
    """A field as SQL names its column; empty where it is not told apart or not seen."""
    found = reading.named(name)
    columns = [c.name for c in source_of(reading.fields).relations[0].columns] if found else []
    return quoted(found) if found in columns and f"{found}: " in shown((reading.document,), 0) else ""


def two_fields(rng: Generator, reading: Reading) -> Course | None:
    """Two or three fields at once."""
    there = [n for n in _SPOKEN if (found := reading.named(n)) and "," not in found]
    chosen = shuffled(rng, there)[: 2 if chance(rng, 0.75) else 3]
    names = [reading.named(n) for n in chosen]
    if len(chosen) < 2 or len(set(names)) < len(names):
        return None
    if not all(f"{name}: " in shown((reading.document,), 0) for name in names):
        return None
    spoken = [spread(_SPOKEN[n], rng) for n in chosen]
    said = ", ".join(spoken[:-1]) + f" and {spoken[-1]}"
    frame = pick(
        rng,
        said_lines("two fields"),
    )
    question = frame.format(s=said)
    return Course(
        question=rough(rng, question[0].upper() + question[1:]),
        kind="list",
        task="document_list",
        steps=(reading.document,),
        answer="field of e2: " + ", ".join(names),
    )


def difference(rng: Generator, reading: Reading) -> Course | None:
    """How much lies between two amounts."""
    there = [n for n in MONEY if _column(reading, n) and n not in ("discount", "rounding")]
    if len(there) < 2:
        return None
    chosen = shuffled(rng, there)[:2]
    more, less = sorted(chosen, key=lambda n: -_value(reading, n))
    a, b = _column(reading, more), _column(reading, less)
    if a == b:
        return None
    question = pick(
        rng,
        said_lines("difference"),
    ).format(a=_SPOKEN[more], b=_SPOKEN[less])
    sql = f"SELECT {a} - {b} FROM document"
    return queried(
        reading, sql, rough(rng, question[0].upper() + question[1:]), "money", "document_query", (a, b)
    )


def together(rng: Generator, reading: Reading) -> Course | None:
    """Two amounts added up, or one as a part of another."""
    there = [n for n in MONEY if _column(reading, n) and n not in ("rounding", "discount")]
    if len(there) < 2:
        return None
    one, other = shuffled(rng, there)[:2]
    a, b = _column(reading, one), _column(reading, other)
    if a == b:
        return None
    if chance(rng, 0.5):
        question = pick(
            rng,
            said_lines("together"),
        )
        sql, kind = f"SELECT {a} + {b} FROM document", "money"
    else:
        question = pick(
            rng,
            said_lines("together 2"),
        )
        sql, kind = f"SELECT {a} * 100 / {b} FROM document", "number"
    said = question.format(a=_SPOKEN[one], b=_SPOKEN[other])
    return queried(reading, sql, rough(rng, said[0].upper() + said[1:]), kind, "document_query", (a, b))


def days_between(rng: Generator, reading: Reading) -> Course | None:
    """How many days lie between two dates."""
    dates = [n for n in ("date", "due date", "delivery date", "expiry date") if _column(reading, n)]
    if len(dates) < 2:
        return None
    first, second = dates[0], pick(rng, dates[1:])
    spoken = {
        "date": "(date of issue|date|invoice date)",
        "due date": "due date",
        "delivery date": "delivery date",
        "expiry date": "expiry date",
    }
    a, b = spread(spoken[first], rng), spoken[second]
    columns = (_column(reading, first), _column(reading, second))
    if chance(rng, 0.25):
        sql = f"SELECT {columns[1]} > {columns[0]} FROM document"
        question = pick(rng, said_lines("days between")).format(a=a, b=b)
        return queried(reading, sql, rough(rng, question), "yes/no", "document_query", columns)
    question = pick(
        rng,
        said_lines("days between 2"),
    ).format(a=a, b=b)
    sql = f"SELECT {columns[1]} - {columns[0]} FROM document"
    return queried(reading, sql, rough(rng, question), "number", "document_query", columns)


def compared(rng: Generator, reading: Reading) -> Course | None:
    """Whether an amount is more or less than a number."""
    there = [n for n in MONEY if _column(reading, n) and _value(reading, n) > 1]
    if not there:
        return None
    name = pick(rng, there)
    limit = max(1, round(_value(reading, name) * float(rng.uniform(0.4, 1.7))))
    limit = round(limit, -1) or limit if limit > 40 else limit
    sign, words = pick(
        rng,
        (
            (">", "(more than|over|above|higher than|greater than)"),
            ("<", "(less than|below|under|lower than)"),
        ),
    )
    question = spread(pick(rng, said_lines("compared")), rng).format(
        a=_SPOKEN[name], w=spread(words, rng), n=limit
    )
    sql = f"SELECT {_column(reading, name)} {sign} {limit} FROM document"
    return queried(reading, sql, rough(rng, question), "yes/no", "document_yes_no", (_column(reading, name),))


def paid_how(rng: Generator, reading: Reading) -> Course | None:
    """Whether they paid by card or in cash."""
    truth = {n: bool(reading.read.places.get(n)) for n in ("card", "cash")}
    if not any(truth.values()) or reading.read.paper.kind != "receipt":
        return None
    way = pick(rng, ("card", "cash"))
    sql = f"SELECT count(*) > 0 FROM document_cells WHERE column_name LIKE '%{way}%'"
    lines = {
        "card": said_lines("paid how"),
        "cash": said_lines("paid how 2"),
    }
    if any(way in f.name.casefold() for f in reading.fields.items) != truth[way]:
        return None
    return queried(reading, sql, pick(rng, lines[way]), "yes/no", "document_yes_no")


def printed_at_all(rng: Generator, reading: Reading) -> Course | None:
    """Whether there is a field of some name."""
    name = pick(
        rng, ("phone", "discount", "change", "tax", "email", "due date", "address", "fax", "iban", "tip")
    )
    frame = pick(
        rng,
        said_lines("printed at all"),
    )
    question = re.sub(r"\ba (?=[aei])", "an ", frame.format(n=name))
    sql = f"SELECT count(*) > 0 FROM document_cells WHERE column_name LIKE '%{name}%'"
    if any(name in f.name.casefold() for f in reading.fields.items) != bool(reading.read.places.get(name)):
        return None
    return queried(reading, sql, question, "yes/no", "document_yes_no")


def is_it(rng: Generator, reading: Reading) -> Course | None:
    """Whether a date is of a year, or the company, the customer or the cashier is somebody."""
    name = pick(rng, ("date", "company", "cashier", "customer", "due date"))
    found = reading.named(name)
    if not found or (found not in known_as(name) and found != reading.read.paper.labels.get(name)):
        return None
    value = reading.read.texts[name][0]
    if name in ("date", "due date"):
        years = re.findall(r"(?:19|20)\d\d", value)
        if not years:
            return None
        word = years[0] if chance(rng, 0.5) else str(int(years[0]) + pick(rng, (-2, -1, 1)))
        lines: tuple[str, ...] = said_lines("is it")
        lines = lines if name == "date" else lines[:1]
    else:
        words = [w for w in re.findall(r"[^\W\d_]{4,}", value) if w.isalpha()]
        if not words:
            return None
        word = (
            pick(rng, words)
            if chance(rng, 0.5)
            else pick(rng, (pick(rng, FIRST_NAMES), pick(rng, COMMON).title()))
        )
        lines = {
            "company": said_lines("is it 2"),
            "cashier": said_lines("is it 3"),
            "customer": said_lines("is it 4"),
        }[name]
    question = pick(rng, lines).format(f=name, v=word)
    literal = found.replace("'", "''")
    sql = f"SELECT count(*) > 0 FROM document_cells WHERE column_name = '{literal}' AND text LIKE '%{word}%'"
    told = next(f.text for f in reading.fields.items if f.name == found)
    if (word.casefold() in told.casefold()) != (word.casefold() in value.casefold()):
        return None
    return queried(reading, sql, question, "yes/no", "document_yes_no")


def _value(reading: Reading, name: str) -> float:
    found = reading.named(name)
    value = next((f.value for f in reading.fields.items if f.name == found), None)
    return value if isinstance(value, float) else 0.0


# Goods.


def price_of(rng: Generator, reading: Reading) -> Course | None:
    """What one thing cost; or one that was not bought."""
    paper = reading.read.paper
    bought = [n for n in paper.goods if n in reading.read.texts]
    if not bought:
        return None
    name = pick(rng, bought)
    lines = said_lines("price of")
    if chance(rng, 0.2):
        thing = pick(rng, said_lines("price of 2"))
        if thing in reading.read.words:
            return None
        question = spread(pick(rng, lines), rng).format(i=thing)
        return reading.missing(rough(rng, question), "money")
    said = reading.read.texts[name][0]
    same = sum(said.casefold() in text.casefold() for n in bought for text in reading.read.texts[n])
    if same != 1 or any(c in said for c in "{}"):
        return None
    item = said if chance(rng, 0.5) else said.lower()
    part, kind = "", "money"
    if name.removesuffix("name") + "price" in reading.read.texts:
        part, kind = pick(rng, (("", "money"), (".price", "money"), (".quantity", "number")))
    if part:
        lines = _OF_ONE if part == ".price" else _HOW_MANY
    question = spread(pick(rng, lines), rng).format(i=item)
    words = reading.read.quotable(name.removesuffix(".name") + part)
    return reading.quoted(words, rough(rng, question), kind, "document_goods")


_OF_ONE = said_lines("of one")
_HOW_MANY = said_lines("how many")


def everything_bought(rng: Generator, reading: Reading) -> Course | None:
    """All goods as they stand in their rows."""
    paper, read = reading.read.paper, reading.read
    if not paper.goods or len(paper.goods) > 5 or not all(n in read.places for n in paper.goods):
        return None
    first = read.places[paper.goods[0]][0].row
    last = max(read.places.get(n.removesuffix(".name"), read.places[n])[0].row for n in paper.goods)
    words = " ".join(w for row in read.rows[first : last + 1] for s in row for w in s.text.split())
    question = pick(
        rng,
        said_lines("everything bought"),
    )
    return reading.quoted(words, rough(rng, question), "list", "document_goods")


def cost_together(rng: Generator, reading: Reading) -> Course | None:
    """What two things cost together, or how much one cost more than another, from the lines of e2."""
    lines = [i for i in reading.fields.lines if i.amount and re.fullmatch(r"\d+\.\d\d", i.amount.text)]
    lines = [i for i in lines if i.to_text() in shown((reading.document,), 0) and i.name.text.isprintable()]
    if len(lines) < 2 or len({i.name.text for i in lines}) < len(lines) or not _true(reading, lines):
        return None
    one, other = shuffled(rng, lines)[:2]
    assert one.amount
    assert other.amount
    a, b = one.name.text, other.name.text
    if chance(rng, 0.6):
        expression = f"{one.amount.text} + {other.amount.text}"
        question = pick(
            rng,
            said_lines("cost together"),
        )
    else:
        if (one.amount.value or 0) < (other.amount.value or 0):
            one, other, a, b = other, one, b, a
        assert one.amount
        assert other.amount
        expression = f"{one.amount.text} - {other.amount.text}"
        question = pick(
            rng,
            said_lines("cost together 2"),
        )
    return worked_out(reading, expression, rough(rng, question.format(a=a, b=b)), "money")


def each_pays(rng: Generator, reading: Reading) -> Course | None:
    """The total shared out among some people."""
    text = next((f.text for f in reading.fields.items if f.name == reading.named("total")), "")
    if not re.fullmatch(r"\d+\.\d\d", text) or f"{reading.named('total')}: {text}" not in shown(
        (reading.document,), 0
    ):
        return None
    people = span(rng, 2, 8)
    question = pick(
        rng,
        said_lines("each pays"),
    ).format(n=people)
    return worked_out(reading, f"{text} / {people}", rough(rng, question), "money")


def would_be_change(rng: Generator, reading: Reading) -> Course | None:
    """What would be given back of a note."""
    text = next((f.text for f in reading.fields.items if f.name == reading.named("total")), "")
    if not re.fullmatch(r"\d+\.\d\d", text) or f"{reading.named('total')}: {text}" not in shown(
        (reading.document,), 0
    ):
        return None
    note = next((n for n in (5, 10, 20, 50, 100, 200, 500) if n > float(text)), 1000)
    question = pick(
        rng,
        said_lines("would be change"),
    ).format(n=note)
    return worked_out(reading, f"{note} - {text}", question, "money")


def worked_out(reading: Reading, expression: str, question: str, kind: str) -> Course:
    """The course over a calculation."""
    payload = _calculator(expression)
    result = ToolResult(status="ok", payload=payload, tool="calculate")
    step = call_step("calculate", result, f'calculate(expression="{expression}")', expression=expression)
    steps: tuple[Step, ...] = (reading.document, step)
    answer = "value of e3" if len(payload.items) == 1 else "field of e3: result"
    return Course(question=question, kind=kind, task="document_calculate", steps=steps, answer=answer)


_calculator = Calculator()


def _true(reading: Reading, lines: list[LineItem]) -> bool:
    """Whether lines that were read say what was printed."""
    read = reading.read
    truth = {
        read.texts[n][0]: read.texts.get(n.removesuffix(".name"), ("",))[0]
        for n in read.paper.goods
        if n in read.texts
    }
    return all(i.amount and truth.get(i.name.text) == i.amount.text for i in lines)


_COUNT = 'SELECT count(*) FROM "table"'


def goods_table(rng: Generator, reading: Reading) -> Course | None:
    """Which thing cost most, how many there are, and the like, where goods stand in a table with a head."""
    read = reading.read
    goods = [n.removesuffix(".name") for n in read.paper.goods]
    keys = [("head0", *(f"{n}.name" for n in goods))]
    keys += [
        (f"head{c}", *(n + part for n in goods)) for c, part in ((1, ".quantity"), (2, ".price"), (3, ""))
    ]
    if len(goods) < 2 or not all(k in read.texts for column in keys for k in column):
        return None
    grid = tuple(
        tuple(Cell(text=read.texts[k][0], score=0.97, box=read.box(read.places[k][0])) for k in row)
        for row in zip(*keys, strict=True)
    )
    heads = [cell.text for cell in grid[0]]
    if len(set(heads)) < 4:
        return None
    table = Table(header_rows=1, rows=grid)
    step = call_step("read_table", ToolResult(status="ok", payload=table, tool="read_table"))
    name, quantity, price, amount = (quoted(c.name) for c in source_of(table).relations[0].columns[1:])
    kind, question, sql = pick(
        rng,
        (
            (
                "name",
                "(Which|What) (item|thing|position) (cost|costs) (the|) most?",
                f'SELECT {name} FROM "table" ORDER BY {amount} DESC LIMIT 1',
            ),
            (
                "name",
                "(What is the most expensive item?|the dearest item?)",
                f'SELECT {name} FROM "table" ORDER BY {price} DESC LIMIT 1',
            ),
            (
                "name",
                "(What is the cheapest item?|Which item has the lowest price?|cheapest thing on it)",
                f'SELECT {name} FROM "table" ORDER BY {price} LIMIT 1',
            ),
            (
                "number",
                "How many (different items|positions|lines|kinds of things) are (there|listed|billed)?",
                _COUNT,
            ),
            (
                "number",
                "How many (pieces|units) (were bought|are there) in (all|total)?",
                f'SELECT sum({quantity}) FROM "table"',
            ),
            (
                "list",
                "(What was bought?|List the items.|Which articles are on it?)",
                f'SELECT {name} FROM "table"',
            ),
            (
                "list",
                "(List all items and prices.|Which items are there, and what do they cost?)",
                f'SELECT {name}, {amount} FROM "table"',
            ),
            (
                "name",
                "(Of which item were most bought?|Which item has the largest quantity?)",
                f'SELECT {name} FROM "table" ORDER BY {quantity} DESC LIMIT 1',
            ),
            (
                "money",
                "What is the (highest|largest) amount of a single line?",
                f'SELECT max({amount}) FROM "table"',
            ),
        ),
    )
    numbers = [c for n, c in enumerate(zip(*grid, strict=True)) if n]
    tied = any(len({cell.text for cell in column}) < len(column) for column in numbers)
    if "LIMIT" in sql and tied:
        return None
    query = call_step("query", lambda: run_query(sql, evidence_of((step,))), f"query(sql={sql})", sql=sql)
    return Course(
        question=rough(rng, spread(question, rng)),
        kind=kind,
        task="document_table",
        steps=(step, query),
        answer="value of e3",
    )


# What is not about the page.


def aside(rng: Generator) -> Course:
    """A question that is not about the picture, or that no tool can tell."""
    known = filled_sections("documents_other.txt")
    first, reason = ("unrelated", "not about the picture") if chance(rng, 0.6) else ("untellable", "no tool")
    head = pick(rng, [k for k in known if k.startswith(first + " ")])
    question = spread(pick(rng, known[head]), rng).format(
        n=span(rng, 2, 99), m=span(rng, 3, 40), w=pick(rng, COMMON)
    )
    kind = head.removeprefix(first + " ")
    return Course(
        question=question, kind=kind, task=f"document_{first}", steps=(), answer=f"cannot tell: {reason}"
    )


def objects(rng: Generator) -> Course:
    """A question about things on a page that shows print alone."""
    known = filled_sections("documents_other.txt")
    thing = pick(rng, known["things"])
    family = pick(rng, ("count things", "see things", "color things"))
    question = spread(pick(rng, known[family]), rng).format(t=thing)
    found = Detections(query=thing, score=round(float(rng.uniform(0.8, 0.98)), 3))
    step = call_step(
        "detect",
        ToolResult(status="empty", payload=found, tool="detect"),
        f'detect(query="{thing}")',
        query=thing,
    )
    kind, answer = {
        "count things": ("number", "count of e2"),
        "see things": ("yes/no", "exists in e2"),
        "color things": ("color", "cannot tell: not there"),
    }[family]
    return Course(question=question, kind=kind, task="document_objects", steps=(step,), answer=answer)


def absent(rng: Generator, reading: Reading) -> Course | None:
    """A question for something that does not stand on the page."""
    text = reading.read.words
    for _ in range(6):
        line = pick(rng, filled_sections("documents_absent.txt")["absent"])
        kind, words, noun = (part.strip() for part in line.split(" | "))
        if not any(word and word in text for word in words.split(";")):
            break
    else:
        return None
    return reading.missing(rough(rng, framed(rng, noun, reading.read.paper.kind)), kind)


def unpaid(rng: Generator, reading: Reading) -> Course | None:
    """A known amount that this page does not have."""
    name = pick(
        rng, ("cash", "change", "service", "rounding", "tip", "discount", "subtotal", "tax", "due date")
    )
    labels = {"subtotal": "sub|zwischen|sous|base|impon", "tax": "tax|vat|gst|sst|mwst|ust|tva|iva|btw|cukai"}
    words = labels.get(name, "")
    if name in reading.read.places or reading.claimed(name) or reading.read.paper.point == "":
        return None
    if words and re.search(words, reading.read.words):
        return None
    return reading.missing(rough(rng, asked(rng, name, reading.read.paper.kind)), wordings()[name].kind)


MAKERS: dict[_Maker, float] = {
    two_fields: 0.09,
    difference: 0.07,
    together: 0.05,
    days_between: 0.06,
    compared: 0.07,
    paid_how: 0.05,
    printed_at_all: 0.04,
    is_it: 0.07,
    price_of: 0.12,
    everything_bought: 0.05,
    cost_together: 0.06,
    each_pays: 0.02,
    would_be_change: 0.02,
    goods_table: 0.1,
    absent: 0.16,
    unpaid: 0.08,
}
"""Families and how often they are tried."""
