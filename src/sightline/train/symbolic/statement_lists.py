"""The statements that charts of published statistics are asked about, read from text files.

A subject is a block of lines. Its first line is

    @title|categories|low..high|decimals|scale|keys|series

and each other line begins with a mark. A question for one value stands behind `?`, with `<at>` or `<n>`
for the category; a verb and what is measured behind `=` (`were smartphone sales`). A clause that follows
`in which year` stands behind `+`, with `<q>` for a quantity. A clause whose subject is the category (it
follows `which country`) stands behind `*`, one whose subject is a series behind `&`. Whole questions for the
largest and the smallest stand behind `^` and `v`. A clause begins with the kind of its quantity, a key of
`QUANTITIES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from numpy.random import Generator

from sightline.train.symbolic.table_lists import full_name, groups
from sightline.train.symbolic.table_words import chance, lines_of, pick, sections_of, some

FILES = tuple(f"chart_statements_{part}.txt" for part in ("people", "money", "world", "series"))
FRAMES = "chart_statements.txt"
TIMES = ("years", "quarters", "fiscal", "months")
COMMON = frozenset("sector expense energy crop food".split())
"""Groups whose names are common nouns, which a sentence writes small."""
WITH_THE = frozenset(
    (
        "United States",
        "United Kingdom",
        "United Arab Emirates",
        "Netherlands",
        "Philippines",
        "Czech Republic",
    )
)
"""Countries that a sentence names with an article."""
PLACES = frozenset("country state city town region continent island".split())
QUANTITIES: dict[str, dict[str, str]] = {
    "many": {
        "most": "{the most|the most|most|the highest number of|the largest number of}",
        "least": "{the fewest|the fewest|the lowest number of|the smallest number of|the least number of}",
        "over": "{more than|more than|over} <v>",
        "under": "{fewer than|less than|under} <v>",
        "exact": "<v>",
        "more": "more",
        "fewer": "fewer",
    },
    "much": {
        "most": "{the most|the most|most}",
        "least": "the least",
        "over": "{more than|more than|over} <v>",
        "under": "{less than|under} <v>",
        "exact": "<v>",
        "more": "more",
        "fewer": "less",
    },
    "mass": {
        "most": "{the most|the most|the largest amount of}",
        "least": "{the least|the smallest amount of}",
        "over": "{more than|over} <v> of",
        "under": "{less than|under} <v> of",
        "exact": "<v> of",
        "more": "more",
        "fewer": "less",
    },
    "rate": {
        "most": "{the highest|highest|at its highest|at its peak}",
        "least": "{the lowest|lowest|at its lowest}",
        "over": "{above|higher than|over|more than} <v>",
        "under": "{below|lower than|under|less than} <v>",
        "exact": "{at|} <v>",
        "more": "higher",
        "fewer": "lower",
    },
    "rates": {
        "most": "{the highest|highest|at their highest|at their peak}",
        "least": "{the lowest|lowest|at their lowest}",
        "over": "{above|higher than|over|more than} <v>",
        "under": "{below|lower than|under|less than} <v>",
        "exact": "{at|} <v>",
        "more": "higher",
        "fewer": "lower",
    },
    "share": {
        "most": "{most|the most|the largest share of|the highest percentage of}",
        "least": "{the fewest|the smallest share of|the lowest percentage of}",
        "over": "{more than|over} <v> of",
        "under": "{less than|fewer than|under} <v> of",
        "exact": "<v> of",
        "more": "a larger share of",
        "fewer": "a smaller share of",
    },
    "level": {"most": "the highest", "least": "the lowest", "more": "the higher", "fewer": "the lower"},
}
"""How a quantity is said in a clause of each kind: the largest, the smallest, above or below a number."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A clause with `<q>` for a quantity; `subject`: the category is its subject."""

    kind: str
    text: str
    subject: bool


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A subject of published statistics and its own words.

    Args:
        be: the verb that agrees with `noun`: was, were.
        noun: what is measured, such as `smartphone sales`.
        scale: of its numbers in words: `million`, `$ million`, `%`.
        sums: whether two of its values may be added.
        proper: whether the names of its categories are written with capitals in a sentence.
        kind: what a series is, where series are told apart by `which`.
    """

    title: str
    categories: tuple[str, ...]
    low: float
    high: float
    decimals: int
    scale: str
    money: bool
    sums: bool
    at: tuple[str, ...]
    period: tuple[str, str]
    span: tuple[str, ...]
    proper: bool
    kind: tuple[str, str]
    series: tuple[tuple[str, str], ...]
    asks: tuple[str, ...]
    be: str
    noun: str
    clauses: tuple[Clause, ...]
    series_clauses: tuple[Clause, ...]
    top: tuple[str, ...]
    low_asks: tuple[str, ...]


@cache
def statements() -> tuple[Statement, ...]:
    """All subjects."""
    blocks: list[list[str]] = []
    for name in FILES:
        for line in lines_of(name):
            if line.startswith("@"):
                blocks.append([])
            blocks[-1].append(line)
    return tuple(_statement(block) for block in blocks)


def _statement(block: list[str]) -> Statement:
    title, categories, span, decimals, scale, keys, series = block[0][1:].rsplit("|", 6)
    told = dict(part.partition("=")[::2] for part in keys.split(";") if part)
    low, high = map(float, span.split(".."))
    be, _, noun = next((line[2:].partition(" ") for line in block if line.startswith("= ")), ("", "", ""))
    clauses: dict[str, list[Clause]] = {"+": [], "*": [], "&": []}
    for line in block:
        if line[0] in clauses:
            word, _, text = line[2:].partition(" ")
            clauses[line[0]].append(Clause(kind=word, text=text, subject=line[0] != "+"))
    kind = told.get("kind", ",").split(",")
    period = tuple(told.get("period", "fiscal year,fiscal years").split(","))
    names = [one.partition(":")[::2] for one in series.split(";")] if series != "-" else []
    return Statement(
        title=title,
        categories=(categories,) if categories.startswith("=") else tuple(categories.split("/")),
        low=low,
        high=high,
        decimals=int(decimals),
        scale=scale,
        money="money" in told,
        sums="sum" in told,
        at=tuple(told["at"].split(",")) if "at" in told else (),
        period=(period[0], period[1]),
        span=tuple(told["span"].split(",")) if "span" in told else (),
        proper="proper" in told,
        kind=(kind[0], kind[1]),
        series=tuple((printed, said or printed) for printed, said in names),
        asks=tuple(line[2:] for line in block if line.startswith("? ")),
        be=be,
        noun=noun,
        clauses=(*clauses["+"], *clauses["*"]),
        series_clauses=tuple(clauses["&"]),
        top=tuple(line[2:] for line in block if line.startswith("^ ")),
        low_asks=tuple(line[2:] for line in block if line.startswith("v ")),
    )


def frames(section: str) -> tuple[str, ...]:
    """The wordings that all subjects share."""
    return sections_of(FRAMES)[section]


def proper(rng: Generator) -> dict[str, str]:
    """A name for each slot that a subject's title and questions share."""
    kinds = ("country", "company", "brand", "city", "website", "state", "team")
    names = {kind: pick(rng, groups()[kind].names) for kind in kinds}
    place = names.pop("country")
    return {"person": full_name(rng), "place": f"the {place}" if place in WITH_THE else place, **names}


def category_names(
    source: str, statement: Statement, rng: Generator
) -> tuple[tuple[str, ...], tuple[str, str], tuple[str, ...]]:
    """Names of categories, what one is called, and its prepositions."""
    if source in TIMES:
        return (*_times(source, statement, rng), ("in",))
    if source.startswith("="):
        entity, _, listed = source[1:].partition(":")
        names = tuple(listed.split(";"))
        if len(names) > 4 and chance(rng, 0.5):
            names = tuple(names[n] for n in sorted(some(rng, range(len(names)), len(names) - 1)))
        one, many = entity.split(",")
        return names, (one, many), statement.at or ("for",)
    group = groups()[source]
    count = int(pick(rng, (4, 5, 6, 6, 7, 8, 9, 10, 12)))
    names = group.names if source == "agegroup" else tuple(some(rng, group.names, count))
    if source == "person":
        names = tuple(dict.fromkeys(full_name(rng) for _ in range(count)))
    return names, group.entity, statement.at or group.at[:1]


def _times(source: str, statement: Statement, rng: Generator) -> tuple[tuple[str, ...], tuple[str, str]]:
    """Names of years, quarters, fiscal years or months in their order."""
    last = int(pick(rng, (*range(2005, 2024), *range(2016, 2024))))
    count = int(pick(rng, (4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17)))
    if source == "years":
        step = int(pick(rng, (1,) * 12 + (2, 5)))
        years = [str(last - step * n) for n in reversed(range(count))]
        if chance(rng, 0.06):
            years[-1] += "*"
        return tuple(years), ("year", "years")
    if source == "fiscal":
        form = pick(rng, ("{}/{:02}", "{}/{:02}", "{}-{:02}"))
        starts = [last - n for n in reversed(range(count))]
        return tuple(form.format(n, (n + 1) % 100) for n in starts), statement.period
    if source == "quarters":
        form = pick(rng, ("Q{} '{:02}", "Q{} '{:02}", "Q{} {}"))
        end = last * 4 + int(rng.integers(4))
        at = [end - n for n in reversed(range(count))]
        return tuple(form.format(n % 4 + 1, n // 4 % 100 if "'" in form else n // 4) for n in at), (
            "quarter",
            "quarters",
        )
    end = last * 12 + int(rng.integers(12))
    at = [end - n for n in reversed(range(min(count, 12)))]
    form = pick(rng, ("{:.3} '{:02}", "{:.3} '{:02}", "{:.3} {}"))
    return tuple(form.format(MONTHS[n % 12], n // 12 % 100 if "'" in form else n // 12) for n in at), (
        "month",
        "months",
    )


MONTHS = tuple(
    "January February March April May June July August September October November December".split()
)
_PLACES_IN_ORDER = (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"))


def time_said(name: str, source: str, rng: Generator) -> str:
    """How a question calls a year, a quarter, a fiscal year or a month."""
    if source == "years":
        return name.rstrip("*")
    if source == "fiscal":
        first, _, second = name.partition("/" if "/" in name else "-")
        other = pick(rng, ("/", "-"))
        return pick(rng, (name, name, f"{first}/{first[:2]}{second}", f"{first}{other}{second}"))
    head, _, year = name.partition(" ")
    full = f"20{year[1:]}" if year.startswith("'") else year
    if source == "quarters":
        word = pick(rng, _PLACES_IN_ORDER[int(head[1]) - 1])
        return pick(
            rng, (name, f"{head} {full}", f"the {word} quarter of {full}", f"the {word} quarter {full}")
        )
    month = next(one for one in MONTHS if one.startswith(head))
    return pick(rng, (name, f"{month} {full}", f"{month} {full}", f"{head} {full}"))
