"""What findings say in plain English, each clause with what it stands on. Pure functions of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from sightline.tools.english import a, at, listed, number, quoted
from sightline.tools.words import plain, plural, words
from sightline.types import Box, ChartData, ChartMark, DocumentField, Fields, Table, TextLines
from sightline.types.description import Clause

MOST_GROUPS = 8
"""Kinds of things that are told with colors and places; of the others only how many there are."""

MOST_ONES = 3
"""Things of a kind that are told one by one."""

MOST_LOOKS = 4
"""Different colors that are told of the things of a kind."""

MOST_LINES = {True: 12, False: 3}
"""Lines of text that are quoted, in full and in short."""

SURE_FROM = 0.5
"""A score below which a thing is said to be `perhaps` there."""

_MOSTLY = 0.7
"""The share of a group that stands on one side, from which it is said to be mostly there."""

_PEOPLE = frozenset("person human face head hand pedestrian man woman child boy girl".split())
"""What is not called by its color: that of a person's box is the color of clothes."""

_DIGITS = 3
"""Of a value that was measured on a drawing: no eye tells more."""

_MASS = frozenset("broccoli bread water food furniture grass sand snow".split())
"""What is not counted: `green broccoli`, not a green broccoli."""

_PAIRS = frozenset("scissors skis glasses sunglasses pants jeans shorts".split())
"""What has no singular: a pair of it."""

_KINDS = {"text": "a picture of text", "blank": "a blank picture"}

_CHARTS = {"columns": "column chart", "bars": "bar chart", "lines": "line chart", "pie": "pie chart"}


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing that was found; `color` may be two, `place` is that of `places.place_of`."""

    label: str
    score: float
    box: Box
    place: str
    color: str = ""
    size: str = ""

    @property
    def look(self) -> str:
        """What is said before its name: its size where it is a shape, and its color where it has one."""
        noun = plain(self.label)
        size = self.size if noun in words().shapes or noun in words().shape_words else ""
        color = "" if noun in _PEOPLE or self.color == noun else self.color
        return " ".join(filter(None, (size, color)))


def of_kind(kind: str, score: float | None, *, tool: str) -> list[Clause]:
    """What kind of picture it is."""
    unsure = score is not None and score < SURE_FROM
    text = ("perhaps " if unsure else "") + _KINDS.get(kind, a(kind))
    return [Clause(text=text, topic="kind", tool=tool, score=score, data={"kind": kind})]


# Things.


def of_things(things: Sequence[Thing], *, full: bool, tool: str, score: float | None = None) -> list[Clause]:
    """A clause a kind of thing, those that take up most of the picture first.

    Where there are none, one that says so, and no more than that: `score` is how likely there are none.
    """
    if not things:
        text = "nothing was found of the kinds of things that can be detected"
        return [Clause(text=text, topic="things", tool=tool, score=score, data={"count": 0})]
    groups: dict[str, list[Thing]] = {}
    for thing in sorted(things, key=lambda t: (t.box.y1, t.box.x1)):
        groups.setdefault(thing.label, []).append(thing)
    order = sorted(groups.values(), key=lambda group: -sum(t.box.area for t in group))
    clauses = [_of_group(group, full, tool) for group in order[:MOST_GROUPS]]
    return clauses + ([_of_rest(order[MOST_GROUPS:], tool)] if order[MOST_GROUPS:] else [])


def _of_group(group: list[Thing], full: bool, tool: str) -> Clause:
    """Things of one label: `two dogs on the left, one brown and one white`."""
    looks, places = [t.look for t in group], [t.place for t in group]
    noun, many = plain(group[0].label), plural(group[0].label)
    same, together = len(set(looks)) == 1, len(set(places)) == 1
    if len(group) == 1:
        text = _one(looks[0], noun) + (f" {at(places[0])}" if full else "")
    elif same:
        text = f"{number(len(group))} {looks[0]} {many}".replace("  ", " ")
        text += _where(places, together) if full else ""
    elif len(group) <= MOST_ONES and full and not together:
        text = f"{number(len(group))} {many}, {_ones(group)}"
    else:
        text = f"{number(len(group))} {many}" + (_where(places, together) if full else "") + _looks(looks)
    least = min(t.score for t in group)
    data: dict[str, JsonValue] = {
        "what": noun,
        "count": len(group),
        "looks": list(looks),
        "places": list(places),
    }
    return Clause(
        text=("perhaps " if least < SURE_FROM else "") + text,
        topic="things",
        tool=tool,
        boxes=tuple(t.box for t in group),
        score=least,
        data=data,
    )


def _one(look: str, noun: str) -> str:
    """`a red ball`, `a red pair of scissors`, `green broccoli`."""
    if noun in _MASS:
        return f"{look} {noun}".strip()
    return a(f"{look} pair of {noun}".strip() if noun in _PAIRS else f"{look} {noun}".strip())


def _ones(group: Sequence[Thing]) -> str:
    """`a brown one on the left and two white ones at the top`."""
    counts = Counter((thing.look, thing.place) for thing in group)
    ones = [
        (a(f"{look} one".strip()) if n == 1 else f"{number(n)} {look} ones", place)
        for (look, place), n in counts.items()
    ]
    return listed([f"{some} {at(place)}".replace("  ", " ") for some, place in ones])


def _looks(looks: Sequence[str]) -> str:
    """`, two red and one blue`; of many looks at most the one that most have."""
    counts = Counter(look for look in looks if look).most_common()
    if counts and len(counts) <= MOST_LOOKS:
        return ", " + listed([f"{number(count)} {look}" for look, count in counts])
    return f", mostly {counts[0][0]}" if counts and counts[0][1] >= _MOSTLY * len(looks) else ""


def _where(places: Sequence[str], together: bool) -> str:
    """Where several are: ` on the left`, `, at the top and on the right`, or ` mostly at the top`."""
    if together:
        return f" {at(places[0])}"
    if len(places) <= MOST_ONES:
        return ", " + listed([at(place) for place in dict.fromkeys(places)])
    sides = Counter(side for place in places for side in place.split())
    side, count = sides.most_common(1)[0]
    return f", mostly {at(side)}" if count >= _MOSTLY * len(places) else " across the picture"


def _of_rest(groups: Sequence[Sequence[Thing]], tool: str) -> Clause:
    """The kinds that are only counted."""
    things = [thing for group in groups for thing in group]
    counts = [(plain(group[0].label), len(group)) for group in groups]
    said = [_one("", noun) if count == 1 else f"{number(count)} {plural(noun)}" for noun, count in counts]
    return Clause(
        text=f"also {listed(said)}",
        topic="things",
        tool=tool,
        boxes=tuple(thing.box for thing in things),
        score=min(thing.score for thing in things),
        data={"also": dict(counts)},
    )


# Text.


def of_text(found: TextLines, *, full: bool, tool: str) -> Clause:
    """The first lines in quotation marks, and how many there are."""
    lines = [" ".join(span.text for span in row) for row in found.rows]
    scores: list[float | None] = [*(span.score for span in found.spans()), found.score]
    return of_lines(lines, found.boxes(), len(lines), scores, full=full, tool=tool)


def of_lines(
    lines: Sequence[str],
    boxes: Sequence[Box],
    count: int,
    scores: Sequence[float | None] = (),
    *,
    full: bool,
    tool: str,
) -> Clause:
    """As `of_text`, of the first lines and boxes of `count`; `scores` where they are known."""
    shown = [quoted(line) for line in lines[: MOST_LINES[full]]]
    if not count:
        text = "no text was found"
    elif len(shown) == count:
        text = f"the text reads {listed(shown)}"
    else:
        text = f"there are {number(count)} lines of text, which begin {listed(shown)}"
    score = min((score for score in scores if score is not None), default=None)
    data: dict[str, JsonValue] = {"lines": list(lines), "count": count}
    return Clause(text=text, topic="text", tool=tool, boxes=tuple(boxes), score=score, data=data)


# Charts.


def of_chart(chart: ChartData, *, full: bool, tool: str) -> list[Clause]:
    """Its kind, title, series and categories; then its extremes."""
    categories = list(dict.fromkeys(mark.category for mark in chart.marks if mark.category))
    series = list(dict.fromkeys(mark.series for mark in chart.marks if mark.series))
    head = a(_CHARTS[chart.chart]) + (f" titled {quoted(chart.title)}," if _says(chart.title) else "")
    if series:
        named = listed([_with_color(name, chart.colors.get(name, "")) for name in series])
        head += f" with {number(len(series))} series" + (f" ({named})" if full else "")
    if categories:
        head += f" {'over' if series else 'of'} {_count(categories)}" + (
            f" ({_ends(categories)})" if full else ""
        )
    head = head.rstrip(",")
    data: dict[str, JsonValue] = {"chart": chart.chart, "title": chart.title, "unit": chart.unit}
    data |= {"series": list(series), "categories": list(categories)}
    boxes = tuple(mark.box for mark in chart.marks)
    first = Clause(text=head, topic="chart", tool=tool, boxes=boxes, score=chart.confidence, data=data)
    return [first, *_extremes(chart, tool)]


def _says(title: str) -> bool:
    """Whether a title is more than a sign or an icon."""
    return any(sign.isalnum() for sign in title)


def _with_color(name: str, color: str) -> str:
    return f"{name} in {color}" if color and color not in name.lower() else name


def _count(categories: Sequence[str]) -> str:
    return f"{number(len(categories))} {'category' if len(categories) == 1 else 'categories'}"


def _ends(names: Sequence[str]) -> str:
    """All of a few names, or the first and the last of many."""
    return listed(list(names)) if len(names) <= 5 else f"{names[0]} to {names[-1]}"


def _extremes(chart: ChartData, tool: str) -> Iterator[Clause]:
    """The highest and the lowest value, where values differ."""
    low = min(chart.marks, key=lambda mark: mark.value, default=None)
    high = max(chart.marks, key=lambda mark: mark.value, default=None)
    if low is None or high is None or low.value == high.value:
        return
    for name, mark in (("highest", high), ("lowest", low)):
        data: dict[str, JsonValue] = {name: mark.value, "category": mark.category, "series": mark.series}
        yield Clause(
            text=f"the {name} value is {_valued(mark, chart.unit)}",
            topic="chart",
            tool=tool,
            boxes=(mark.box,),
            score=mark.score,
            data=data,
        )


def _valued(mark: ChartMark, unit: str) -> str:
    about = "" if mark.printed else "about "
    value = f"{mark.value:.{6 if mark.printed else _DIGITS}g}"
    if "e" in value:
        value = f"{mark.value:,.0f}"
    sign = f"{unit}{value}" if unit in ("$", "£", "€") else f"{value} {unit}".strip().replace(" %", "%")
    of = ", ".join(filter(None, (mark.series, mark.category)))
    return f"{about}{sign}" + (f" ({of})" if of else "")


# Tables.


def of_table(table: Table, *, full: bool, tool: str) -> list[Clause]:
    """Its title, columns and number of rows."""
    heads, body = table.rows[: table.header_rows], table.rows[table.header_rows :]
    width = max((len(row) for row in table.rows), default=0)
    names = [" ".join(filter(None, (row[n].text for row in heads))) for n in range(width)] if heads else []
    head = "a table" + (f" titled {quoted(table.title)}" if _says(table.title) else "")
    head += f" with {number(width)} {'column' if width == 1 else 'columns'}"
    head += f" ({', '.join(name or 'unnamed' for name in names)})" if any(names) else ""
    head += f" and {number(len(body))} {'row' if len(body) == 1 else 'rows'}"
    first = [row[0].text for row in body if row and row[0].text]
    if full and first:
        head += f"; its rows begin with {_ends(first)}"
    cells = [cell for row in table.rows for cell in row if cell.text]
    data: dict[str, JsonValue] = {"title": table.title, "columns": list(names), "rows": len(body)}
    score = sum(cell.score for cell in cells) / len(cells) if cells else None
    return [Clause(text=head, topic="table", tool=tool, boxes=tuple(table.boxes()), score=score, data=data)]


# Documents.

_KNOWN = {"company": "from {}", "date": "dated {}", "total": "for a total of {}"}
"""Fields that are said in the first clause, in this order."""


_PAID = frozenset("cash change paid tendered card".split())
"""Fields that only a receipt has."""


def of_document(fields: Fields, *, full: bool, tool: str) -> list[Clause]:
    """Company, date and total first; then what was bought, and the other fields."""
    what = "receipt" if any(field.name.lower() in _PAID for field in fields.items) else "document"
    known = {name: field for name in _KNOWN if (field := _field(fields.items, name)) is not None}
    used = list(known.values())
    said = [_KNOWN[name].format(field.text) for name, field in known.items()]
    clauses = [_of_fields(" ".join([a(what), ", ".join(said)]).strip(), used, tool)] if used else []
    if fields.lines:
        clauses.append(_of_lines(fields, full, tool))
    others = [f for f in fields.items if f.name.lower() not in known and f.box not in [u.box for u in used]]
    if others and (full or not used):
        shown = others[: 8 if full else 3]
        more = len(others) - len(shown)
        text = "it also says " if used else f"{a(what)} that says "
        text += "; ".join(f"{f.name}: {f.text}" for f in shown) + (
            f"; and {number(more)} more fields" if more else ""
        )
        clauses.append(_of_fields(text, shown, tool))
    return clauses


def _field(fields: Iterable[DocumentField], name: str) -> DocumentField | None:
    """The surest field of that name."""
    return max((f for f in fields if f.name.lower() == name), key=lambda f: f.score, default=None)


def _of_fields(text: str, fields: Sequence[DocumentField], tool: str) -> Clause:
    return Clause(
        text=text,
        topic="document",
        tool=tool,
        boxes=tuple(field.box for field in fields),
        score=min(field.score for field in fields),
        data={field.name: field.text if field.value is None else field.value for field in fields},
    )


def _of_lines(fields: Fields, full: bool, tool: str) -> Clause:
    names = [line.name.text for line in fields.lines]
    shown = names[: 8 if full else 3]
    more = len(names) - len(shown)
    text = f"it lists {number(len(names))} {'item' if len(names) == 1 else 'items'}: "
    text += listed(shown + ([f"{number(more)} more"] if more else []))
    return Clause(
        text=text,
        topic="document",
        tool=tool,
        boxes=tuple(line.box for line in fields.lines),
        score=min(line.score for line in fields.lines),
        data={"items": [line.to_text() for line in fields.lines]},
    )
