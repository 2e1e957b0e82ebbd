"""Tables that questions are asked of: names and measures, stories, and tables of many kinds of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import log10

from numpy.random import Generator

from sightline.train.symbolic.table_lists import (
    Group,
    Measure,
    SchemaColumn,
    full_name,
    groups,
    listed,
    measures_of,
    schemas,
    stories,
)
from sightline.train.symbolic.table_view import Speak
from sightline.train.symbolic.table_words import chance, fill, pick, some

NAMED = tuple(
    "country state city town person fruit crop animal company brand website sport subject school "
    "language vehicle energy planet mountain river building food shopitem team agegroup profession "
    "sector expense element movie island airport course museum flavor color day month year".split()
)
FULL_MONTHS = (
    "January February March April May June July August September October November December".split()
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A table as it is printed, and how its columns are said.

    Args:
        entity: what a row is.
        columns: the printed cells of each column.
        absent: names that are not in it.
        topic: a kind of table that has questions of its own.
    """

    entity: tuple[str, str]
    heads: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    speaks: tuple[Speak, ...]
    roles: tuple[str, ...]
    key: int = 0
    at: tuple[str, ...] = ()
    title: str = ""
    intro: tuple[str, ...] = ()
    matrix: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()
    ordered: bool = False
    other_columns: tuple[str, ...] = ()
    topic: str = ""
    clean: bool = False


def numbers(
    rng: Generator, low: float, high: float, decimals: int, count: int, *, close: float = 0.35
) -> list[float]:
    """Numbers of a column, a few of them twice; `close`: how often they lie close together."""
    if high / max(low, 1) > 200:
        high = max(low, 1) * float(10 ** rng.uniform(1.2, log10(high / max(low, 1))))
    if chance(rng, close) and decimals == 0 and high - low > 12:
        low = low + float(rng.integers(0, max(int((high - low) * 0.6), 1)))
        high = min(high, low + float(rng.integers(6, 16)))
    spread = rng.uniform(low, high, count)
    made = [round(float(n), decimals) for n in spread]
    if chance(rng, 0.35) and count > 3:
        made[int(rng.integers(count))] = made[int(rng.integers(count))]
    return made


def printed(value: float, decimals: int, unit: str, style: str) -> str:
    """A number as a cell shows it."""
    text = f"{value:,.{decimals}f}" if style != "plain" else f"{value:.{decimals}f}"
    if style == "space":
        text = text.replace(",", " ")
    if unit == "$":
        return f"${text}"
    return f"{text}{unit}" if unit and style != "plain" else text


def style_of(rng: Generator) -> str:
    """How a column's numbers are printed."""
    return str(pick(rng, ("comma", "comma", "comma", "plain", "plain", "space")))


def column_of(rng: Generator, measure: Measure, count: int) -> tuple[str, tuple[str, ...], Speak]:
    """A measure's head, cells and words."""
    values = numbers(rng, measure.low, measure.high, measure.decimals, count)
    style = style_of(rng)
    head = pick(rng, measure.heads)
    unit = measure.unit
    if unit == "$" and ("$" in head or chance(rng, 0.2)):
        unit = ""
    decimals = measure.decimals if not (unit == "$" and measure.decimals == 0 and measure.high < 100) else 2
    speak = measure.speak
    if measure.unit == "$" or speak.money:
        speak = replace(speak, money=True)
    return head, tuple(printed(v, decimals, unit, style) for v in values), speak


def names_of(rng: Generator, group: Group, count: int) -> tuple[str, ...]:
    """Names of a group, in an order of their own where they have one."""
    if group.id == "year":
        step = int(pick(rng, (1, 1, 1, 1, 2, 5, 10) if count < 8 else (1, 1, 2)))
        first = int(rng.integers(1990, 2024)) - step * (count - 1)
        return tuple(str(first + step * n) for n in range(count))
    if group.id in ("day", "month", "agegroup", "planet"):
        count = min(count, len(group.names))
        first = int(rng.integers(len(group.names) - count + 1))
        found = group.names[first : first + count]
        if group.id == "day" and chance(rng, 0.15):
            return tuple(name[:3] for name in found)
        return found
    chosen = some(rng, group.names, count)
    return tuple(sorted(chosen) if chance(rng, 0.3) else chosen)


def size_of(rng: Generator) -> int:
    """How many rows a table of names has."""
    return int(pick(rng, (3, 4, 4, 5, 5, 5, 6, 6, 7, 8, 9, 10, 12, 14)))


def named_table(rng: Generator) -> Draft:
    """Names, and one to four measures of them."""
    group = groups()[str(pick(rng, NAMED))]
    names = names_of(rng, group, size_of(rng))
    choice = measures_of(group.id)
    chosen = some(rng, choice, min(int(pick(rng, (1, 1, 2, 2, 3, 4))), len(choice)))
    chosen = [m for n, m in enumerate(chosen) if m.speak.noun[0] not in [o.speak.noun[0] for o in chosen[:n]]]
    made = [column_of(rng, m, len(names)) for m in chosen]
    entity = group.entity
    head = entity[0].capitalize() if chance(rng, 0.8) else entity[1].capitalize() if chance(rng, 0.5) else ""
    if group.id == "person":
        entity = pick(
            rng,
            (
                ("person", "people"),
                ("student", "students"),
                ("friend", "friends"),
                ("player", "players"),
                ("employee", "employees"),
            ),
        )
        head = pick(rng, ("Name", "Name", entity[0].capitalize(), ""))
    left = [m for m in choice if m not in chosen]
    return Draft(
        entity=entity,
        heads=(head, *(h for h, _, _ in made)),
        columns=(names, *(c for _, c, _ in made)),
        speaks=(Speak(noun=(entity[0],), who=group.id == "person"), *(s for _, _, s in made)),
        roles=("name", *("num" for _ in made)),
        at=group.at,
        title=_title(rng, [m.speak.noun[0] for m in chosen], entity[1]),
        matrix=(),
        absent=_absent(rng, group, names),
        ordered=group.id in ("year", "month", "day"),
        other_columns=tuple(m.speak.noun[0] for m in some(rng, left, min(3, len(left)))),
    )


def _title(rng: Generator, nouns: Sequence[str], rows: str) -> str:
    if chance(rng, 0.35):
        return ""
    what = nouns[0] if len(nouns) == 1 else f"{nouns[0]} and {nouns[1]}"
    made = fill(
        pick(
            rng,
            (f"{what} by {rows}", f"{what} of some {rows}", f"{rows}: {what}", f"{what}", f"selected {rows}"),
        ),
        rng,
        {},
    )
    return made.title() if chance(rng, 0.3) else made


def _absent(rng: Generator, group: Group, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the same kind that are not in the table, also not in part."""
    if group.id == "year":
        return ()
    whole = " | ".join(names).casefold()
    left = [n for n in group.names if n.casefold() not in whole]
    return tuple(some(rng, left, min(4, len(left))))


SERIES = (
    ("Boys", "Girls", "number of boys", "number of girls", "boys", "girls"),
    ("Men", "Women", "number of men", "number of women", "men", "women"),
    ("2019", "2020", "value in 2019", "value in 2020", "", ""),
    ("2010", "2020", "figure for 2010", "figure for 2020", "", ""),
    ("Morning", "Afternoon", "number in the morning", "number in the afternoon", "", ""),
    ("Red", "Blue", "number of red ones", "number of blue ones", "red ones", "blue ones"),
    ("Small", "Large", "number of small ones", "number of large ones", "small ones", "large ones"),
    ("Adults", "Children", "number of adults", "number of children", "adults", "children"),
    ("Imports", "Exports", "imports", "exports", "", ""),
    ("Income", "Expenses", "income", "expenses", "", ""),
    ("Home", "Away", "home score", "away score", "", ""),
    ("Cats", "Dogs", "number of cats", "number of dogs", "cats", "dogs"),
    ("Apples", "Pears", "number of apples", "number of pears", "apples", "pears"),
    ("Online", "In store", "online sales", "sales in store", "", ""),
    ("Freshmen", "Sophomores", "number of freshmen", "number of sophomores", "freshmen", "sophomores"),
    ("Urban", "Rural", "urban figure", "rural figure", "", ""),
    ("Juniors", "Seniors", "number of juniors", "number of seniors", "juniors", "seniors"),
    ("Cars", "Trucks", "number of cars", "number of trucks", "cars", "trucks"),
    ("Tea", "Coffee", "cups of tea", "cups of coffee", "cups of tea", "cups of coffee"),
    ("Gold", "Silver", "number of gold medals", "number of silver medals", "gold medals", "silver medals"),
)


def matrix_table(rng: Generator) -> Draft:
    """Names, and two or three columns that can be set against each other."""
    group = groups()[
        str(
            pick(
                rng,
                (
                    "country",
                    "city",
                    "town",
                    "day",
                    "month",
                    "year",
                    "school",
                    "company",
                    "sport",
                    "fruit",
                    "team",
                    "museum",
                ),
            )
        )
    ]
    names = names_of(rng, group, size_of(rng))
    one, two, noun1, noun2, many1, many2 = pick(rng, SERIES)
    low, high = pick(rng, ((2, 20), (5, 60), (10, 99), (100, 900), (1000, 9000)))
    style = style_of(rng)
    cells = [tuple(printed(v, 0, "", style) for v in numbers(rng, low, high, 0, len(names))) for _ in (1, 2)]
    heads, nouns, manys = [one, two], [noun1, noun2], [many1, many2]
    if chance(rng, 0.3):
        cells.append(tuple(printed(v, 0, "", style) for v in numbers(rng, low, high, 0, len(names))))
        heads, nouns, manys = (
            [*heads, "Other"],
            [*nouns, pick(rng, ("figure for others", "other", "number of others"))],
            [*manys, ""],
        )
    money = one in ("Imports", "Income", "Online")
    speaks = [Speak(noun=(n,), many=m, money=money) for n, m in zip(nouns, manys, strict=True)]
    return Draft(
        entity=group.entity,
        heads=(group.entity[0].capitalize() if chance(rng, 0.8) else "", *heads),
        columns=(names, *cells),
        speaks=(Speak(noun=(group.entity[0],)), *speaks),
        roles=("name", *("num" for _ in cells)),
        at=group.at,
        title=_title(rng, heads, group.entity[1]),
        matrix=tuple(range(1, len(cells) + 1)),
        absent=_absent(rng, group, names),
        ordered=group.id in ("year", "month", "day"),
        other_columns=tuple(m.speak.noun[0] for m in some(rng, measures_of(group.id), 2)),
    )


def story_table(rng: Generator) -> Draft:
    """A story of which the table is never mentioned."""
    story = pick(rng, stories())
    group = groups()[story.group]
    names = names_of(rng, group, int(pick(rng, (4, 5, 5, 6, 6, 7, 8))))
    he, his = pick(rng, (("he", "his"), ("she", "her")))
    person = pick(rng, groups()["person"].names)
    told = story.intro.replace("<p>", person).replace("<he>", he).replace("<his>", his)
    subject = person if "<p>" in story.intro else ""
    if subject and chance(rng, 0.35):
        subject = he
    speak = Speak(
        noun=(f"number of {story.many}",),
        many=story.many,
        verb=story.verb if subject or group.id in ("person", "town", "school", "company") else None,
        subject=subject,
    )
    values = numbers(rng, story.low, story.high, 0, len(names))
    entity = ("person", "people") if group.id == "person" else group.entity
    head = pick(rng, story.heads)
    return Draft(
        entity=entity,
        heads=("Name" if group.id == "person" else entity[0].capitalize(), head),
        columns=(names, tuple(f"{v:,.0f}" for v in values)),
        speaks=(Speak(noun=(entity[0],), who=group.id == "person"), speak),
        roles=("name", "num"),
        at=group.at,
        title=pick(rng, (f"{story.many} {story.verb[1]}".capitalize(), head, "")),
        intro=(fill(told, rng, {}),),
        absent=_absent(rng, group, names),
        ordered=group.id in ("month", "day"),
        other_columns=("price", "weight", "color"),
    )


def schema_table(rng: Generator) -> Draft:
    """A table of many kinds of columns, 6 to 24 rows, some columns left out."""
    schema = pick(rng, schemas())
    count = int(rng.integers(6, 25)) if chance(rng, 0.8) else int(rng.integers(4, 8))
    named = [c for c in schema.columns if c.role == "name"]
    key = named[0] if named else next(c for c in schema.columns if c.role == "date")
    kept = [c for c in schema.columns if c is key or chance(rng, 0.85)]
    if sum(c.role == "num" and not c.rank for c in kept) == 0:
        kept = list(schema.columns)
    columns = [_cells(rng, column, count) for column in kept]
    count = min(map(len, columns))
    columns = [column[:count] for column in columns]
    for n, column in enumerate(kept):
        if column.source == "total":
            golds = [columns[at] for at, other in enumerate(kept) if other.matrix]
            columns[n] = (
                [str(sum(int(c[row]) for c in golds)) for row in range(count)] if golds else columns[n]
            )
    slots = {
        "year": str(int(rng.integers(1962, 2023))),
        "n": str(int(rng.integers(1, 12))),
        "person": full_name(rng),
        "team": pick(rng, groups()["team"].names),
        "place": pick(rng, groups()["country"].names),
        "album": pick(rng, listed("album")),
        "river": pick(rng, groups()["river"].names),
        "company": pick(rng, groups()["company"].names),
    }
    title = pick(rng, schema.titles).format(**slots) if chance(rng, 0.75) else ""
    at = kept.index(key)
    absent: tuple[str, ...] = ()
    if key.role == "name" and key.source != "fullname":
        whole = " | ".join(columns[at]).casefold()
        left = [n for n in listed(key.source) if n.casefold() not in whole]
        absent = tuple(some(rng, left, min(3, len(left))))
    return Draft(
        entity=schema.entity,
        heads=tuple(pick(rng, c.heads) for c in kept),
        columns=tuple(map(tuple, columns)),
        speaks=tuple(c.speak for c in kept),
        roles=tuple("name" if c is key and c.role == "name" else "rank" if c.rank else c.role for c in kept),
        key=at,
        title=title,
        matrix=tuple(n for n, c in enumerate(kept) if c.matrix),
        absent=absent,
        other_columns=tuple(c.speak.noun[0] for c in schema.columns if c not in kept),
    )


def _cells(rng: Generator, column: SchemaColumn, count: int) -> list[str]:
    """The printed cells of a column."""
    source = column.source
    if source == "rank":
        return [str(n) for n in range(1, count + 1)]
    if source == "total":
        return ["0"] * count
    if source == "days":
        return _days(rng, count)
    if source == "scores":
        return [f"{int(rng.integers(0, 6))}–{int(rng.integers(0, 5))}" for _ in range(count)]
    if source == "sets":
        return [
            f"6–{int(rng.integers(0, 5))}, {int(rng.integers(6, 8))}–{int(rng.integers(2, 6))}"
            for _ in range(count)
        ]
    if ".." in source:
        return _ranged(rng, column, count)
    if "," in source:
        return [pick(rng, source.split(",")) for _ in range(count)]
    if source == "fullname" and column.role == "name":
        return list(dict.fromkeys(full_name(rng) for _ in range(count)))
    if source == "fullname":
        few = [full_name(rng) for _ in range(max(2, count // 3))]
        return [pick(rng, few) for _ in range(count)]
    pool = listed(source)
    if column.role == "name":
        return some(rng, pool, min(count, len(pool)))
    few = some(rng, pool, max(2, min(count // 2, len(pool))))
    return [pick(rng, few) for _ in range(count)]


def _ranged(rng: Generator, column: SchemaColumn, count: int) -> list[str]:
    low, high = map(float, column.source.split(".."))
    if column.role == "year":
        years = [int(n) for n in rng.integers(int(low), int(high), count)]
        return [str(y) for y in (sorted(years) if chance(rng, 0.6) else years)]
    decimals = max((len(part.partition(".")[2]) for part in column.source.split("..")), default=0)
    values = numbers(rng, low, high, decimals, count)
    if chance(rng, 0.3):
        values.sort(reverse=True)
    style = style_of(rng)
    return [printed(v, decimals, column.unit, style) for v in values]


def _days(rng: Generator, count: int) -> list[str]:
    """Days in their order, printed in one way."""
    now = date(int(rng.integers(1960, 2023)), int(rng.integers(1, 10)), int(rng.integers(1, 28)))
    form = str(pick(rng, ("worded", "worded", "british", "iso")))
    made = []
    for _ in range(count):
        month = FULL_MONTHS[now.month - 1]
        worded = f"{month} {now.day}, {now.year}"
        made.append(
            {"worded": worded, "british": f"{now.day} {month} {now.year}", "iso": now.isoformat()}[form]
        )
        now += timedelta(days=int(rng.integers(3, 24)))
    return made
