"""Episodes about charts: what to call first, what to ask of what was read, how to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from numpy.random import Generator

from sightline.train.symbolic.chart_questions import CHARTS, ith, ith_bar
from sightline.train.symbolic.chart_states import Plot, plot
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.table_payload import evidence, overview_of
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_view import Ask
from sightline.train.symbolic.table_words import chance, pick
from sightline.train.symbolic.tables import ANSWERED, FAMILIES, LEAST, MOST, drawn_from, rounds
from sightline.types import Evidence
from sightline.types.overview import Medium

UNFIT = frozenset(
    "reverse_other names_where best_where same_as of_group best_group of_category common by_time count_years "
    "count_month days_between ambiguous other_of_extreme like year_of_rows years_apart "
    "more_of_category".split()
)
"""Families of tables that need columns that charts do not have."""


def families(chart: Plot) -> dict[str, tuple[Family, float]]:
    """The families that a chart may be asked."""
    found = {name: one for name, one in FAMILIES.items() if name not in UNFIT}
    found |= CHARTS
    if chart.data.chart in ("columns", "bars"):
        found["ith"] = (ith_bar if chart.data.chart == "bars" else ith, 3)
    return found


def chart_asks(chart: Plot, rng: Generator, count: int) -> Iterator[Ask]:
    """Questions of different families about one chart."""
    return drawn_from(families(chart), chart.view, rng, count)


def lines_of_chart(chart: Plot, rng: Generator) -> list[str]:
    """The lines that `look` reads of a chart: title, ticks, names, legend, values."""
    data = chart.data
    categories = list(dict.fromkeys(mark.category for mark in data.marks))
    series = [name for name in dict.fromkeys(mark.series for mark in data.marks) if name]
    lines = [data.title] if data.title else []
    if data.chart == "pie":
        return lines + [f"{mark.category} {mark.value:g}{data.unit}" for mark in data.marks]
    high = max(mark.value for mark in data.marks)
    step = max(float(f"{high / 5:.1g}"), 0.1)
    ticks = [f"{step * n:g}" for n in range(6, -1, -1)]
    if data.chart == "bars":
        lines += [f"{mark.category} {mark.value:g}" if mark.printed else mark.category for mark in data.marks]
        return [*lines, " ".join(reversed(ticks)), " ".join(series)][: 8 + int(rng.integers(6))]
    names = [" ".join(categories)] if chance(rng, 0.7) else categories
    return [
        *lines,
        *([" ".join(series)] if series and chance(rng, 0.5) else []),
        *ticks,
        *names,
        " ".join(series),
    ]


def seen(chart: Plot, rng: Generator) -> Evidence:
    """What `look` says of a picture of a chart."""
    mediums: tuple[Medium, ...] = ("chart",) * 9 + ("document", "text")
    medium = pick(rng, mediums)
    others: tuple[Medium, ...] = ("drawing", "document", "text", "screenshot", "table")
    second: Medium | None = pick(rng, [o for o in others if o != medium]) if chance(rng, 0.2) else None
    lines = [line for line in lines_of_chart(chart, rng) if line]
    frame = chart.data.marks[0].box.frame
    return evidence(
        1, "look", overview_of(medium, lines, frame, rng, second if medium == "chart" else "chart")
    )


def chart_episode(rng: Generator) -> Episode:
    """Questions about one chart that has been read."""
    chart = plot(rng)
    return episode_over(chart, families(chart), rng) or chart_episode(rng)


def episode_over(chart: Plot, asked_of: Mapping[str, tuple[Family, float]], rng: Generator) -> Episode | None:
    """Questions of some families about a chart that has been read; None where none fits."""
    given = (seen(chart, rng), evidence(2, "read_chart", chart.data))
    answered = chance(rng, ANSWERED)
    branches: list[Branch] = []
    for n, asked in enumerate(drawn_from(asked_of, chart.view, rng, int(rng.integers(LEAST, MOST + 1)))):
        one = answered and (n == 0 or asked.final != "value") and n < 3
        branches += rounds(asked, noisy(asked.question, rng), given, rng, answered=one)
    if not branches:
        return None
    return Episode(needs=("read_chart", "query"), evidence=given, branches=tuple(branches))


def chart_first_calls(rng: Generator) -> Episode:
    """Questions about one chart of which only the overview is known."""
    chart = plot(rng)
    return first_calls_over(chart, families(chart), rng) or chart_first_calls(rng)


def first_calls_over(
    chart: Plot, asked_of: Mapping[str, tuple[Family, float]], rng: Generator
) -> Episode | None:
    """Questions of some families about a chart of which only the overview is known; None where none fits."""
    branches = [
        Branch(question=noisy(asked.question, rng), reply=f"{asked.kind}: read_chart()", task="first chart")
        for asked in drawn_from(asked_of, chart.view, rng, int(rng.integers(4, 9)))
    ]
    if not branches:
        return None
    return Episode(needs=("read_chart", "query"), evidence=(seen(chart, rng),), branches=tuple(branches))
