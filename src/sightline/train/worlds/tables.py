"""Tables as in school word problems: price lists, tallies, schedules, stem-and-leaf plots and their kin.

A table's state is its printed cells; every answer is derived from these. Never trained on: one tint of
paper for each kind (`HELD_OUT`), and tables that lie on their side (`Look.sideways`). `split="heldout"`
always wears its kind's tint, and lies on its side in seven of ten draws of those narrow enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sightline.train.worlds import table_words as words
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.lexicon import FIRST_NAMES, MONTHS
from sightline.train.worlds.scenes import Split

Row = tuple[str, ...]
KINDS = (
    "prices",
    "rates",
    "counts",
    "years",
    "pairs",
    "two_way",
    "frequency",
    "stem",
    "events",
    "stops",
    "timetable",
    "function",
    "market",
    "multiples",
    "votes",
    "ledger",
    "changes",
)
TINTS = ("blue", "green", "purple", "red", "orange", "teal", "grey")
HELD_OUT = frozenset((kind, TINTS[i % len(TINTS)]) for i, kind in enumerate(KINDS))
"""(kind, tint) pairs that are never trained on."""
_WIDEST = 50  # characters across a table on its side
LOOKS = ("rules", "bands", "boxed", "plain")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a table is drawn.

    Args:
        tint: a name of TINTS.
        look: `rules` between rows, `bands` of colour, `boxed` cells or `plain`.
        typeface: a key of typefaces.FACES; size: its em in px.
        strong: the header is white on the full tint instead of dark on a pale one.
        roomy: the space around a cell's text, as a fraction of the em.
        margin: white around the table, px.
        sideways: rows and columns change places.
    """

    tint: str = "blue"
    look: str = "rules"
    typeface: str = "sans"
    size: int = 15
    strong: bool = False
    roomy: float = 0.5
    margin: int = 6
    sideways: bool = False


@dataclass(frozen=True, kw_only=True)
class About:
    """What a table speaks of, for the wordings of questions.

    Args:
        things: plural, such as `pages`; done: what was done to them, such as `read`.
        row: the noun of a row, such as `day`; at: how a row stands in a sentence, such as `on {}`.
        unit: of a rate, such as `kilogram`; coin: the sign before money.
    """

    things: str = ""
    done: str = ""
    row: str = ""
    at: str = "{}"
    unit: str = ""
    coin: str = "$"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Printed cells. The first column names the rows; `header` and `title` may be empty."""

    kind: str
    title: str = ""
    header: Row = ()
    rows: tuple[Row, ...]
    about: About = About()
    look: Look = Look()

    @property
    def labels(self) -> Row:
        """The first cell of each row."""
        return tuple(row[0] for row in self.rows)


def holds_held_out(table: Table) -> bool:
    """Whether the table shows a held-out combination or layout."""
    return table.look.sideways or (table.kind, table.look.tint) in HELD_OUT


def make_table(rng: np.random.Generator, split: Split = "train", kind: str | None = None) -> Table:
    """A table of `kind`, drawn where None."""
    kind = kind or pick(rng, KINDS)
    title, header, rows, about = _MAKERS[kind](rng)
    look = _look(rng, kind, split, _may_lie(kind, header, rows))
    return Table(kind=kind, title=title, header=header, rows=rows, about=about, look=look)


def _may_lie(kind: str, header: Row, rows: tuple[Row, ...]) -> bool:
    """Whether a table can be read lying on its side: its rows become columns, which must not be too wide."""
    lines = (header, *rows) if header else rows
    return kind != "stem" and sum(max(map(len, line)) for line in lines) <= _WIDEST


def _look(rng: np.random.Generator, kind: str, split: Split, may_lie: bool) -> Look:
    held = split == "heldout"
    return Look(
        tint=pick(rng, [t for t in TINTS if ((kind, t) in HELD_OUT) == held]),
        look=pick(rng, LOOKS),
        typeface=pick(rng, ("sans", "sans", "grotesque", "narrow", "serif", "mono")),
        size=span(rng, 13, 20),
        strong=chance(rng, 0.3),
        roomy=round(float(rng.uniform(0.3, 0.75)), 2),
        margin=pick(rng, (0, 1, 4, 8, 16, 30)),
        sideways=held and may_lie and chance(rng, 0.7),
    )


Made = tuple[str, Row, tuple[Row, ...], About]


def grouped(value: int) -> str:
    """`4761` as `4,761`."""
    return f"{value:,}"


def _price(cents: int, coin: str, bare: bool) -> str:
    return f"{coin}{cents // 100:,}" if bare else f"{coin}{cents // 100:,}.{cents % 100:02d}"


def _coin(rng: np.random.Generator) -> str:
    return pick(rng, ("$", "$", "$", "£", "€"))


def _prices(rng: np.random.Generator) -> Made:
    """A price list: all prices whole, or all with cents."""
    coin, bare = _coin(rng), chance(rng, 0.3)
    ceiling = pick(rng, (100, 1000, 5000, 10000, 100000, 900000))
    # Below a hundred, whole prices would all be 1.
    bare = bare and ceiling >= 1000
    low = max(ceiling // 12, 2)
    cents = [span(rng, low, ceiling) for _ in range(span(rng, 4, 8))]
    cents = [max(c // 100, 1) * 100 if bare or ceiling == 100000 else c for c in cents]
    names = shuffled(rng, words.goods(rng, len(cents)))
    rows = tuple((name, _price(c, coin, bare)) for name, c in zip(names, cents, strict=True))
    header = pick(rng, ((), (), ("Item", "Price"), ("Product", "Price"), ("Article", "Cost")))
    title = pick(rng, ("", "", f"{pick(rng, FIRST_NAMES)}'s shop", "Price list", "Prices"))
    return title, header, rows, About(row="item", coin=coin)


def _rates(rng: np.random.Generator) -> Made:
    coin, unit = _coin(rng), pick(rng, ("kilogram", "pound", "litre", "metre"))
    form = pick(rng, ("{coin}{n}/{unit}", "{coin}{n} per {unit}"))
    names = shuffled(rng, words.BY_UNIT[unit])[: span(rng, 4, 6)]
    exact = chance(rng, 0.25)
    cells = (f"{rng.uniform(0.8, 9):.2f}" if exact else str(span(rng, 1, 19)) for _ in names)
    rows = tuple((n, form.format(coin=coin, n=c, unit=unit)) for n, c in zip(names, cells, strict=True))
    return "", (), rows, About(row="item", unit=unit, coin=coin)


def _counts(rng: np.random.Generator) -> Made:
    """Rows of one number each. In two of five the numbers are few, so that one occurs most often."""
    subject, row, at = words.subject(rng)
    names = words.row_names(rng, row, span(rng, 4, 8))
    base, spread = pick(rng, ((1, 9), (1, 19), (40, 59), (100, 899), (1000, 8999)))
    numbers = [base + int(rng.random() * spread) for _ in names]
    if chance(rng, 0.4):
        few = [base + int(rng.random() * min(spread, 30)) for _ in range(3)]
        numbers = [pick(rng, few) for _ in names]
    rows = tuple((name, grouped(n)) for name, n in zip(names, numbers, strict=True))
    header = (row.capitalize(), f"Number of {subject.things}")
    about = About(things=subject.things, done=subject.done, row=row, at=at)
    return f"{subject.things.capitalize()} {subject.done}", header, rows, about


def _years(rng: np.random.Generator) -> Made:
    subject = pick(rng, words.YEARLY)
    first, count = span(rng, 1995, 2019), span(rng, 4, 7)
    numbers = [span(rng, 5, 70) * pick(rng, (1, 1, 1, 10)) for _ in range(count)]
    rows = tuple((str(first + i), grouped(n)) for i, n in enumerate(numbers))
    header = ("Year", f"Number of {subject.things}")
    about = About(things=subject.things, done=subject.done, row="year", at="in {}")
    return f"{subject.things.capitalize()} {subject.done}", header, rows, about


def _pairs(rng: np.random.Generator) -> Made:
    """Names down, two or three days, months or years across; numbers up to 20."""
    subject, row, at = words.subject(rng, rows=("name", "shop", "town"))
    names = words.row_names(rng, row, span(rng, 3, 6))
    across = words.row_names(rng, pick(rng, ("day", "month", "year")), pick(rng, (2, 2, 3)))
    rows = tuple((name, *(str(span(rng, 1, 20)) for _ in across)) for name in names)
    about = About(things=subject.things, done=subject.done, row=row, at=at)
    return f"{subject.things.capitalize()} {subject.done}", (row.capitalize(), *across), rows, about


def _two_way(rng: np.random.Generator) -> Made:
    """Things by two features; the corner of the header is empty."""
    things, left, top = pick(rng, words.TWO_WAY)
    n = pick(rng, (2, 2, 3))
    rows = tuple((name, *(str(span(rng, 2, 9)) for _ in top[:n])) for name in left[: pick(rng, (2, 2, 3))])
    return pick(rng, ("", things.capitalize())), ("", *top[:n]), rows, About(things=things)


def _frequency(rng: np.random.Generator) -> Made:
    """How many people did something 0, 1, 2 ... times."""
    things, people, done = pick(rng, words.FREQUENCIES)
    first, count = span(rng, 0, 1), span(rng, 4, 7)
    rows = tuple((str(first + i), str(span(rng, 0, 20))) for i in range(count))
    title = f"{things.capitalize()} {done}"
    return title, (f"{title}", "Frequency"), rows, About(things=things, done=done, row=people)


def _stem(rng: np.random.Generator) -> Made:
    """A stem-and-leaf plot: a row for each ten, empty ones within the range included."""
    things, holders = pick(rng, words.STEMS)
    first, count = span(rng, 0, 5), span(rng, 4, 8)
    stems = range(first, min(first + count, 10))
    rows = []
    for stem in stems:
        ends = stem in (stems[0], stems[-1])
        leaves = sorted(span(rng, 0, 9) for _ in range(span(rng, 1 if ends else 0, 6)))
        rows.append((str(stem), " ".join(map(str, leaves))))
    about = About(things=things, row=holders)
    return f"{things.capitalize()} per {words.single(holders)}", ("Stem", "Leaf"), tuple(rows), about


def clock(minutes: int, form: str = "A.M.") -> str:
    """Minutes after midnight on a clock: `6:50 A.M.`, `6:50 am` or, for form `24`, `06:50`."""
    hour, minute = divmod(minutes % 1440, 60)
    if form == "24":
        return f"{hour:02d}:{minute:02d}"
    half = form.replace("A", "P").replace("a", "p") if hour >= 12 else form
    return f"{(hour + 11) % 12 + 1}:{minute:02d} {half}"


def _form(rng: np.random.Generator) -> str:
    return pick(rng, ("A.M.", "A.M.", "am", "24"))


def _times(rng: np.random.Generator, count: int, step: tuple[int, int] = (3, 17)) -> list[int]:
    """`count` rising times of a day in minutes, on the five minutes."""
    times = [span(rng, 84, 130) * 5]
    for _ in range(count - 1):
        times.append(times[-1] + 5 * span(rng, *step))
    return times


def _events(rng: np.random.Generator) -> Made:
    title, noun, names = pick(rng, words.EVENTS)
    names = tuple(shuffled(rng, names)[: span(rng, 4, 7)])
    times, form = _times(rng, 2 * len(names), (1, 12)), _form(rng)
    rows = tuple((n, clock(times[2 * i], form), clock(times[2 * i + 1], form)) for i, n in enumerate(names))
    header = (noun.capitalize(), *pick(rng, (("Begin", "End"), ("Start", "End"), ("Begins", "Ends"))))
    return title, header, rows, About(things="events", row=noun)


def _stops(rng: np.random.Generator) -> Made:
    ride, names = pick(rng, words.RIDES), words.row_names(rng, "stop", span(rng, 4, 8))
    times, form = _times(rng, 2 * len(names), (1, 12)), _form(rng)
    rows = tuple((n, clock(times[2 * i], form), clock(times[2 * i + 1], form)) for i, n in enumerate(names))
    return (
        f"{ride.capitalize()} schedule",
        ("Location", "Arrive", "Depart"),
        rows,
        About(things=ride, row="stop"),
    )


def _timetable(rng: np.random.Generator) -> Made:
    """Stops down, runs across, no header."""
    ride, names = pick(rng, words.RIDES), words.row_names(rng, "stop", span(rng, 3, 6))
    starts, form = _times(rng, pick(rng, (3, 4)), (6, 40)), _form(rng)
    gaps = [0, *(5 * span(rng, 1, 12) for _ in names[1:])]
    after = np.cumsum(gaps).tolist()
    rows = tuple((n, *(clock(s + after[i], form) for s in starts)) for i, n in enumerate(names))
    return f"{ride.capitalize()} schedule", (), rows, About(things=ride, row="stop")


def _function(rng: np.random.Generator) -> Made:
    """Of x and y: a third of them linear, a third bent, a third with one x twice."""
    form, count, x, step = (
        pick(rng, ("line", "bend", "twice")),
        span(rng, 3, 5),
        span(rng, 0, 15),
        span(rng, 1, 3),
    )
    slope, y = span(rng, -8, 9), span(rng, -5, 30)
    points = [(x + step * i, y + slope * step * i) for i in range(count)]
    if form == "bend" or (form == "twice" and chance(rng, 0.5)):
        bend, more = span(rng, 1, count - 2), span(rng, 1, 4)
        points = [(a, b + more * max(i - bend, 0)) for i, (a, b) in enumerate(points)]
    if form == "twice":
        points[1] = (points[0][0], points[1][1] + (points[1][1] == points[0][1]))
    if form == "twice" or chance(rng, 0.3):
        points = shuffled(rng, points)
    return "", ("x", "y"), tuple((str(a), str(b)) for a, b in points), About()


def _market(rng: np.random.Generator) -> Made:
    """Price, demand (falling) and supply (rising), which cross between two of the five rows."""
    price, step, cross = span(rng, 3, 90) * 10, span(rng, 2, 20) * 10, span(rng, 1, 4)
    middle, falls, rises = span(rng, 160, 240) * 100, span(rng, 6, 21) * 200, span(rng, 6, 21) * 200
    rows = []
    for i in range(5):
        before = 2 * (cross - i) - 1  # half steps before the crossing
        demand, supply = middle + falls * before // 2, middle - rises * before // 2
        rows.append((f"${grouped(price + step * i)}", grouped(demand), grouped(supply)))
    return "", ("Price", "Quantity demanded", "Quantity supplied"), tuple(rows), About(row="price")


def _multiples(rng: np.random.Generator) -> Made:
    holder, things = pick(rng, words.HOLDERS)
    each, last = span(rng, 2, 12), span(rng, 3, 7)
    rows = tuple((str(i), str(i * each) if i < last else "?") for i in range(1, last + 1))
    header = (f"Number of {words.many(holder)}", f"Number of {things}")
    return "", header, rows, About(things=things, row=holder)


def _votes(rng: np.random.Generator) -> Made:
    title, row, header, names = pick(rng, words.VOTES)
    names = tuple(shuffled(rng, names)[: span(rng, 3, 5)])
    scale = pick(rng, (1, 10))
    rows = tuple((n, str(span(rng, 2, 60) * scale)) for n in names)
    return title, (row.capitalize(), f"Number of {header}"), rows, About(things=header, row=row)


def _ledger(rng: np.random.Generator) -> Made:
    """A money record: date, what for, received, spent and what is left."""
    coin, month = _coin(rng), pick(rng, MONTHS)
    dates = sorted(shuffled(rng, range(1, 29))[: span(rng, 3, 6)])
    left = span(rng, 4000, 30000)
    rows: list[Row] = [("", "balance: start", "", "", _price(left, coin, False))]
    for date, name in zip(dates, shuffled(rng, words.JOBS + words.SPENDING)[: len(dates)], strict=True):
        earned = name in words.JOBS or left < 600
        name = name if name in words.JOBS or not earned else "gift"
        cents = span(rng, 500, 6000) if earned else span(rng, 200, min(left, 5000))
        left += cents if earned else -cents
        money = _price(cents, coin, False)
        cells = (money, "") if earned else ("", money)
        rows.append((f"{month[:3]} {date}", name, *cells, _price(left, coin, False)))
    header = ("Date", "Description", "Received", "Expenses", "Available funds")
    return f"{pick(rng, FIRST_NAMES)}'s record for {month}", header, tuple(rows), About(row=month, coin=coin)


def _changes(rng: np.random.Generator) -> Made:
    """Signed numbers whose sizes all differ."""
    row, column, names = pick(rng, words.CHANGES)
    names = tuple(shuffled(rng, names)[: span(rng, 2, 4)])
    sizes = shuffled(rng, range(2, 60))[: len(names)]
    rows = tuple((n, str(s if chance(rng, 0.5) else -s)) for n, s in zip(names, sizes, strict=True))
    return "", (row.capitalize(), column), rows, About(things=column[0].lower() + column[1:], row=row)


_MAKERS: dict[str, Callable[[np.random.Generator], Made]] = {
    "prices": _prices,
    "rates": _rates,
    "counts": _counts,
    "years": _years,
    "pairs": _pairs,
    "two_way": _two_way,
    "frequency": _frequency,
    "stem": _stem,
    "events": _events,
    "stops": _stops,
    "timetable": _timetable,
    "function": _function,
    "market": _market,
    "multiples": _multiples,
    "votes": _votes,
    "ledger": _ledger,
    "changes": _changes,
}
