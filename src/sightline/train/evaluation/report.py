"""The table of an evaluation: scores with bootstrap intervals, by family, by tag and in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import ConfigError
from sightline.train.evaluation.journal import Row, read
from sightline.train.evaluation.metrics import METRICS, Answered
from sightline.train.evaluation.scores import Interval, Scores, interval


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table: the rows of a family, of a tag, or all.

    Args:
        name: such as `count` or `wording: new`.
        rows: how many.
        score: the mean credit over groups of rows, 0..1.
        errors: rows without a reply.
        silent: replies of `cannot tell`.
        seconds: the mean of a row.
    """

    name: str
    rows: int
    score: Interval
    errors: int
    silent: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an evaluation came to: the benchmark's own figures, and the lines of the table, all rows last."""

    settings: Row
    figures: dict[str, float]
    lines: tuple[Line, ...]


def rescore(path: Path, *, seed: int = 0) -> Report:
    """The report of a journal that is there. Raises `ConfigError` where it is none, or holds no rows."""
    settings, rows = read(path)
    if not rows:
        raise ConfigError(f"{path}: no rows to score")
    return report(settings, rows, seed=seed)


def report(settings: Row, rows: Sequence[Row], *, seed: int = 0) -> Report:
    """Score rows of a journal by the metric that its settings name; `seed` is of the intervals."""
    try:
        metric = METRICS[settings["metric"]]
        scores = metric([answered(row) for row in rows])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"these rows cannot be scored: {error!r}") from error
    return Report(settings=settings, figures=scores.figures, lines=tuple(_lines(rows, scores, seed)))


def answered(row: Row) -> Answered:
    """A row of a journal as metrics take it."""
    return Answered(
        id=row["id"],
        group=row["group"],
        family=row["family"],
        answers=tuple(row["answers"]),
        said=row["said"],
        choices=tuple(row["choices"]),
        gold=row["gold"],
    )


def _lines(rows: Sequence[Row], scores: Scores, seed: int) -> Iterator[Line]:
    """A line for each value of each way to count that divides the rows, then one for all."""
    tags = dict.fromkeys(tag for row in rows for tag in row["tags"])
    ways = [("", [row["family"] for row in rows])]
    ways += [(f"{tag}: ", [row["tags"].get(tag, "") for row in rows]) for tag in tags]
    for head, values in ways:
        names = sorted(set(values))
        for name in names if len(names) > 1 else ():
            kept = [i for i, value in enumerate(values) if value == name]
            yield _line(f"{head}{name}", kept, rows, scores, seed)
    yield _line("all", range(len(rows)), rows, scores, seed)


def _line(name: str, kept: Sequence[int], rows: Sequence[Row], scores: Scores, seed: int) -> Line:
    of = [rows[i] for i in kept]
    credits = [scores.credits[i] for i in kept]
    return Line(
        name=name,
        rows=len(of),
        score=interval(credits, [row["group"] for row in of], seed=seed),
        errors=sum(row["said"] is None for row in of),
        silent=sum(str(row["said"]).casefold() == "cannot tell" for row in of),
        seconds=sum(row["seconds"] for row in of) / len(of),
    )


def markdown(of: Report) -> str:
    """The report as Markdown; scores of rows are in percent, figures in the benchmark's own units."""
    asked, settings = of.lines[-1], of.settings
    about = ", ".join(f"{key} {_shown(value)}" for key, value in settings["answerer"].items())
    figures = ", ".join(
        f"{name} {value:.4g}" if value < 10 else f"{name} {value:.2f}" for name, value in of.figures.items()
    )
    head = [
        f"# {settings['suite']}",
        "",
        f"{asked.rows} questions, metric {settings['metric']}; answered by: {about}.",
        "",
        f"Figures: {figures}.",
        "",
        "| family | rows | score % [95 %] | errors | cannot tell | seconds |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(_cells, of.lines)]) + "\n"


def _cells(line: Line) -> str:
    mean, low, high = (f"{100 * v:.1f}" for v in (line.score.mean, line.score.low, line.score.high))
    name = f"**{line.name}**" if line.name == "all" else line.name
    cells = (name, line.rows, f"{mean} [{low}, {high}]", line.errors, line.silent, f"{line.seconds:.2f}")
    return f"| {' | '.join(map(str, cells))} |"


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)
