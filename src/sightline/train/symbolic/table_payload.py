"""From a drafted table to what `look` and `read_table` say of it, and to the view that questions need."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from sightline.tools.relations import Rows, source_of
from sightline.train.symbolic.table_states import Draft
from sightline.train.symbolic.table_view import Col, View
from sightline.train.symbolic.table_words import chance, pick
from sightline.types import Box, Cell, Evidence, Frame, Table, ToolCall, ToolResult
from sightline.types.overview import Medium, Overview
from sightline.types.payload import Payload

_CONFUSED = (
    ("l", "1"),
    ("O", "0"),
    ("0", "O"),
    ("I", "l"),
    ("rn", "m"),
    ("S", "5"),
    ("1", "l"),
    ("é", "e"),
    ("B", "8"),
)
COLORS = (
    "white",
    "black",
    "gray",
    "blue",
    "light blue",
    "orange",
    "green",
    "red",
    "purple",
    "beige",
    "yellow",
    "brown",
)
SHORT = {
    "United States": ("the US", "the USA", "America", "the U.S."),
    "United Kingdom": ("the UK", "Britain", "Great Britain"),
    "United Arab Emirates": ("the UAE", "the Emirates"),
    "Netherlands": ("the Netherlands", "Holland"),
    "Philippines": ("the Philippines",),
    "Czech Republic": ("the Czech Republic", "Czechia"),
    "New York": ("New York", "NY"),
    "Monday": ("monday", "Mon"),
    "Tuesday": ("tuesday", "Tues."),
    "Wednesday": ("wednesday", "Wed"),
    "Thursday": ("thursday", "Thurs"),
    "Friday": ("friday", "Fri"),
    "Saturday": ("saturday", "Sat"),
    "Sunday": ("sunday", "Sun"),
    "Mon": ("Monday",),
    "Tue": ("Tuesday",),
    "Wed": ("Wednesday",),
    "Thu": ("Thursday",),
    "Fri": ("Friday",),
    "Sat": ("Saturday",),
    "Sun": ("Sunday",),
    "January": ("Jan", "january"),
    "February": ("Feb",),
    "September": ("Sept",),
    "December": ("Dec", "december"),
    "Math": ("mathematics", "maths"),
    "Gym": ("gymnastics class", "gym"),
    "Soccer": ("football", "soccer"),
    "65 and over": ("people over 65", "those 65 and older"),
}
"""Other names of things."""


VAGUE = frozenset(
    "the a an of and south north new united saudi east west costa sri aid high middle old st black".split()
)
"""Words that name nothing alone."""


def misread(text: str, rng: Generator) -> str:
    """A text as a reader may get it wrong: a letter for a digit, a lost space, a lost end."""
    kind = int(rng.integers(3))
    if kind == 0:
        fit = [pair for pair in _CONFUSED if pair[0] in text]
        return text.replace(*pick(rng, fit), 1) if fit else text
    if kind == 1:
        return text.replace(" ", "", 1)
    return text[:-1] if len(text) > 6 and text[-1].isalpha() else text


def frame_of(rng: Generator, wide: int = 0, high: int = 0) -> Frame:
    """The frame of a picture."""
    width = wide or int(rng.integers(200, 900))
    height = high or int(rng.integers(120, 800))
    return Frame(image=f"{int(rng.integers(2**62)):064x}", width=width, height=height)


def table_of(draft: Draft, rng: Generator) -> Table:
    """What `read_table` reads: now and then a cell misread, missing or split."""
    count = len(draft.columns[0])
    rows = [[column[n] for column in draft.columns] for n in range(count)]
    header_rows = 1
    heads = list(draft.heads)
    noisy = not draft.clean and chance(rng, 0.3)
    if noisy:
        for row in rows:
            for at, text in enumerate(row):
                if chance(rng, 0.05):
                    row[at] = misread(text, rng)
                elif chance(rng, 0.012) and at != draft.key:
                    row[at] = ""
        heads = [misread(h, rng) if chance(rng, 0.06) else h for h in heads]
    grid = [heads, *rows]
    if not draft.clean and chance(rng, 0.05):
        heads = [h.rpartition(" (")[0] or h for h in heads]
        units = ["(" + h.rpartition(" (")[2] if " (" in h else "" for h in draft.heads]
        if any(units):
            grid, header_rows = [heads, units, *rows], 2
    elif not draft.clean and chance(rng, 0.04):
        grid, header_rows = rows, 0
    return grid_of(grid, header_rows, "" if chance(rng, 0.25) else draft.title, rng)


def grid_of(grid: Sequence[Sequence[str]], header_rows: int, title: str, rng: Generator) -> Table:
    """A table with boxes where its cells would lie."""
    widths = [max(len(row[c]) for row in grid) * 8 + 24 for c in range(len(grid[0]))]
    line = int(rng.integers(18, 34))
    frame = frame_of(rng, sum(widths) + 20, line * (len(grid) + 2))
    lefts = [10 + sum(widths[:c]) for c in range(len(widths))]

    def cell(text: str, row: int, column: int) -> Cell:
        if not text:
            return Cell()
        left, upper = lefts[column] + 6.0, line * (row + 1.2)
        box = Box.model_construct(
            x1=left, y1=upper, x2=left + len(text) * 8, y2=upper + line * 0.6, frame=frame
        )
        return Cell.model_construct(text=text, score=round(float(rng.uniform(0.86, 0.999)), 3), box=box)

    rows = tuple(tuple(cell(text, r, c) for c, text in enumerate(row)) for r, row in enumerate(grid))
    return Table(title=title, header_rows=header_rows, rows=rows)


def evidence(number: int, tool: str, payload: Payload, **arguments: str) -> Evidence:
    """A finished call that found something."""
    result = ToolResult(status="ok", payload=payload, tool=tool)
    return Evidence(
        id=f"e{number}", step=number, call=ToolCall(name=tool, arguments=dict(arguments)), result=result
    )


def overview_of(
    medium: Medium, lines: Sequence[str], frame: Frame, rng: Generator, second: Medium | None = None
) -> Overview:
    """What `look` says: the medium, now and then not sure, the first lines as read, the colors."""
    sure = round(float(rng.uniform(0.55, 0.99)), 3) if second else round(float(rng.uniform(0.8, 0.999)), 3)
    mediums: dict[str, float] = {medium: sure}
    if second:
        mediums[second] = round(1 - sure, 3)
    kept = [line[:80] for line in lines[:8]]
    step = frame.height / (len(kept) + 1)
    boxes = tuple(
        Box.model_construct(
            x1=10.0, y1=step * n + 2, x2=min(10.0 + 8 * len(line), frame.width), y2=step * n + 16, frame=frame
        )
        for n, line in enumerate(kept)
    )
    return Overview(
        region=Box.whole(frame),
        medium=medium,
        mediums=mediums,
        lines=tuple(kept),
        line_boxes=boxes,
        line_count=len(lines),
        colors=tuple(dict.fromkeys(["white", *(pick(rng, COLORS) for _ in range(int(rng.integers(1, 4))))])),
        partial=f"objects not looked for on a {medium}",
        score=sure,
    )


def lines_of_table(table: Table, rng: Generator) -> list[str]:
    """The lines that `look` reads of a table."""
    joint = pick(rng, (" ", " ", " | ", "  "))
    lines = [table.title] if table.title else []
    return lines + [joint.join(cell.text for cell in row if cell.text) for row in table.rows]


def called(name: str, others: Sequence[str], rng: Generator) -> str:
    """How a row is called in a question: as printed or as people say it, where it is clear which is meant."""
    said = name
    words = name.split()
    roll = float(rng.random())
    if name in SHORT and roll < 0.4:
        said = pick(rng, SHORT[name])
    elif roll < 0.06:
        said = name.lower()
    elif roll < 0.13 and len(words) > 1 and words[0] not in ("The", "A"):
        said = pick(rng, (words[0], words[-1], " ".join(words[:2])))
    elif roll < 0.16 and words[0] == "The":
        said = name[4:]
    elif roll < 0.19 and "(" in name:
        said = name.partition(" (")[0]
    if said.strip(".").casefold() in VAGUE or len(said) < 2 or not any(map(str.isalnum, said)):
        return name
    rest = [other.casefold() for other in others if other != name]
    return name if any(said.casefold() in other for other in rest) else said


def view_of(draft: Draft, table: Table, rng: Generator) -> View:
    """The relation as the engine has it, with the words of the draft."""
    relation = next(r for r in source_of(table).relations if r.name == "table")
    return view_from(draft, relation, '"table"', "table_cells", rng)


def view_from(draft: Draft, relation: Rows, rel: str, cells: str, rng: Generator) -> View:
    """A view of a relation whose columns (after row_no) are those of the draft."""
    columns = []
    for at, (speak, role) in enumerate(zip(draft.speaks, draft.roles, strict=True)):
        column = relation.columns[at + 1]
        slots = [row[at + 1] for row in relation.rows]
        columns.append(
            Col(
                name=column.name,
                kind=column.kind,
                values=tuple(slot.value for slot in slots),
                texts=tuple(slot.text for slot in slots),
                speak=speak,
                role=role,
            )
        )
    clean = draft.columns[draft.key]
    return View(
        rel=rel,
        cells=cells,
        entity=draft.entity,
        key=draft.key,
        at=draft.at,
        told=tuple(called(name, clean, rng) for name in clean),
        clean=clean,
        cols=tuple(columns),
        intro=draft.intro,
        matrix=draft.matrix,
        ordered=draft.ordered,
        absent=draft.absent,
        other_columns=draft.other_columns,
    )
