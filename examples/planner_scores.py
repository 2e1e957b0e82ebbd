"""What is right for `planner_table.py`, and its report: accuracy, calibration, answers that may not be."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from denotations import same_chartqa, same_tabmwp, same_wtq
from everyday_score import numbers, side
from packs import markdown
from read_documents import is_it
from scoring import interval, normalise
from sightline.planning.references import value_text
from sightline.tools.document_values import days_in, money_in
from sightline.train.evaluation.pope import pope
from sightline.types import Answer, Box, DocumentField, Evidence, Frame, Relation

CANNOT_TELL = "cannot tell"
BINS = 10
DECISIONS = ("first_calls", "unseen_tools")
"""Suites of single replies: no pictures, no answers."""

CALL = re.compile(r"\w+\(.*\)")
JsonRow = dict[str, Any]
Files = Mapping[tuple[str, str], Sequence[JsonRow]]
"""Rows by (suite, planner)."""

CEILINGS: dict[tuple[str, str], str] = {
    ("chartqa", ""): "85.7 %",
    ("tabmwp", ""): "99.0 %",
    ("wtq_drawn", ""): "80.5 %",
    ("receipts", "date"): "97.5 %",
    ("receipts", "total"): "98.3 %",
    ("receipts", "company"): "89.2 %",
    ("receipts", "address"): "65.0 %",
    ("coco_existence", "random"): "F1 .936",
    ("coco_existence", "popular"): "F1 .908",
    ("coco_existence", "adversarial"): "F1 .892",
    ("coco_counts", ""): "52.9 %, within one 83.3 %",
}
"""What the tools allow: `ceilings.py` (ChartQA, TabMWP, WTQ), `read_documents.py` (by its own name) and
`photographs.py` (COCO), as they printed it; the first and the last of other choices of rows."""

BARS: dict[str, str] = {"chartqa": "60 %", "tabmwp": "90 %", "wtq_drawn": "55 %"}
"""As in `ceilings.py`."""


# What was said, and whether it is right.


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer as it is scored: its text, its value, how the run ended, and each of several values."""

    text: str
    value: bool | int | float | str | None = None
    status: str = "answered"
    listed: tuple[tuple[str, ...], ...] = ()

    @property
    def silent(self) -> bool:
        """Whether nothing was answered."""
        return is_silent({"text": self.text, "status": self.status})

    def ways(self) -> list[tuple[str, ...]]:
        """The ways in which its values may be written: the text, the value, and of a list each of them."""
        told = _written(self.value)
        found = [(self.text,), *([(told,)] if told else []), *self.listed]
        return list(dict.fromkeys(found))


def said_of(answer: Answer) -> Said:
    """An answer of the agent; where it lists the rows of a query, each row is a value."""
    cited = [e for e in answer.evidence if e.id in answer.cites]
    listed = next(filter(None, (_listed(e, answer.text) for e in cited)), ())
    return Said(text=answer.text, value=answer.value, status=answer.status, listed=listed)


def _listed(evidence: Evidence, text: str) -> tuple[tuple[str, ...], ...]:
    payload = evidence.result.payload
    if not isinstance(payload, Relation):
        return ()
    rows = [row for r in payload.rows if (row := [v for v in r if v.kind != "nothing"])]
    said = dict.fromkeys(" ".join(value_text(v) for v in row) for row in rows)
    if ", ".join(said) != text:
        return ()
    flat = [v for row in rows for v in row]
    return tuple(said), tuple(v.text for v in flat), tuple(_written(v.value) for v in flat)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    return "" if value is None else str(value)


def right_chartqa(expected: Sequence[str], said: Said) -> bool:
    """Relaxed accuracy."""
    return not said.silent and any(same_chartqa(way, expected) for way in said.ways())


def right_wtq(expected: Sequence[str], said: Said) -> bool:
    """The official match of denotations."""
    return not said.silent and any(same_wtq(way, expected) for way in said.ways())


def right_tabmwp(expected: Sequence[str], unit: str | None, choices: Sequence[str], said: Said) -> bool:
    """Exact; of choices their letter stands for them."""
    ways = [tuple(_chosen(text, choices) for text in way) for way in said.ways()]
    return not said.silent and any(same_tabmwp(way, expected, unit, choices) for way in ways)


def _chosen(text: str, choices: Sequence[str]) -> str:
    """A choice without its letter; for a letter alone the choice that it stands for."""
    if not (choices and (found := re.fullmatch(r"([A-Z])(?:[.)](?:\s+(.*))?)?", text.strip()))):
        return text
    at = ord(found[1]) - ord("A")
    return found[2] or (choices[at] if at < len(choices) else text)


def right_side(expected: Sequence[str], said: Said) -> bool:
    """The same of yes and no."""
    return not said.silent and side(said.text) == expected[0]


def right_plain(expected: Sequence[str], said: Said) -> bool:
    """The same text, as `scoring.normalise` has it."""
    return not said.silent and any(normalise(way[0]) == normalise(expected[0]) for way in said.ways())


def right_count(expected: Sequence[str], within: int, said: Said) -> bool:
    """The same whole number, or one at most `within` off."""
    told = [said.value] if isinstance(said.value, int | float) and not isinstance(said.value, bool) else []
    found = told or numbers(said.text)
    return not said.silent and len(found) == 1 and abs(float(found[0]) - float(expected[0])) <= within


def right_field(kind: str, expected: Sequence[str], said: Said) -> bool:
    """As `read_documents.py` compares the fields of receipts; or `receipts.py`, the plain text."""
    if said.silent:
        return False
    values: list[float | str] = [said.text]
    if isinstance(said.value, int | float | str) and not isinstance(said.value, bool):
        values.append(said.value if isinstance(said.value, str) else float(said.value))
    if kind == "total":
        values += [money.value for money in money_in(said.text)[-1:]] or numbers(said.text)[-1:]
    if kind == "date":
        values += [day.value.isoformat() for day in days_in(said.text, compact=True) if day.value]
    fields = (DocumentField(name=kind, text=said.text, value=v, score=1, box=_NOWHERE) for v in values)
    return right_plain(expected, said) or any(is_it(kind, expected[0], field) for field in fields)


_NOWHERE = Box(x1=0, y1=0, x2=1, y2=1, frame=Frame(image="0" * 64, width=1, height=1))


# Figures over rows as they lie in files.


def is_silent(row: Mapping[str, Any]) -> bool:
    """Whether a row holds no answer."""
    return row["status"] in ("cannot_tell", "failed") or row["text"].casefold() == CANNOT_TELL


def calibration(rows: Sequence[JsonRow]) -> tuple[float, list[tuple[float, float, int]]]:
    """The expected calibration error of the answered rows, and of each bin confidence, accuracy and count."""
    said = [(float(row["confidence"]), bool(row["right"])) for row in rows if not is_silent(row)]
    bins = []
    for n in range(BINS):
        own = [one for one in said if min(int(one[0] * BINS), BINS - 1) == n]
        if own:
            bins.append((float(np.mean([c for c, _ in own])), float(np.mean([r for _, r in own])), len(own)))
    total = sum(count for *_, count in bins)
    error = sum(count * abs(c - a) for c, a, count in bins) / total if total else float("nan")
    return error, bins


def faults(row: Mapping[str, Any]) -> list[str]:
    """What no answer may have: call syntax, the message of a failed call, nothing cited."""
    if is_silent(row):
        return []
    found = ["call syntax"] if CALL.search(row["text"]) else []
    texts = [message for message in row["failures"] if len(message) > 3]
    found += ["message of a failed call"] if any(message in row["text"] for message in texts) else []
    return found + ([] if row["cites"] else ["no cited evidence"])


def first_call(said: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The calls of a round without what they are about: names of arguments, and the shape of a query."""
    return "; ".join(
        f"{name}({_shape(args['sql']) if 'sql' in args else ', '.join(args)})" for name, args in said
    )


def _shape(sql: object) -> str:
    text = re.sub(r"'(?:[^']|'')*'", "'…'", str(sql))
    text = re.sub(r'"[^"]*"', lambda name: name[0] if name[0] == '"table"' else '"…"', text)
    return re.sub(r"(?<![\w.])-?\d+(?:\.\d+)?", "n", text)


# The report.


def report(files: Files, notes: Sequence[str], picture: Path | None = None) -> str:
    """The whole report as Markdown; the reliability diagram goes to `picture`."""
    planners = list(dict.fromkeys(planner for _, planner in files))
    answered = {
        name: [row for (suite, who), rows in files.items() if who == name and suite not in DECISIONS
               for row in rows]
        for name in planners
    }  # fmt: skip
    parts = ["# The agent, end to end", _accuracies(files), *_kinds(files), "## Calibration"]
    parts.append(_calibrations(answered))
    if picture is not None:
        draw_reliability(answered, picture)
        parts.append(f"![reliability]({picture.name})")
    parts += ["## Answers that may not be", _faulty(files), "## First calls", *_first_calls(files)]
    if notes:
        parts += ["## Left out", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


HEADS = ("suite", "planner", "n", "right [95 %]", "cannot tell", "right of the answered", "out of time",
         "CPU s", "ceiling", "bar")  # fmt: skip


def _accuracies(files: Files) -> str:
    """A line for each suite and planner, and below it one for each group of the suite's rows."""
    lines = []
    for suite in dict.fromkeys(suite for suite, _ in files):
        lines += [
            _line(suite, "", who, rows) for (name, who), rows in files.items() if name == suite and rows
        ]
        groups = sorted({row["group"] for (name, _), rows in files.items() if name == suite for row in rows})
        for group in groups if len(groups) > 1 else ():
            for (name, who), rows in files.items():
                own = [row for row in rows if row["group"] == group]
                if name == suite and own:
                    lines.append(_line(suite, group, who, own))
    note = "CPU: median seconds of this process and its children; what OCR and detection cost is in it only "
    note += "where they were not kept from before."
    return markdown(HEADS, lines) + "\n\n" + note


def _line(suite: str, group: str, planner: str, rows: Sequence[JsonRow]) -> list[str]:
    answered = [row["right"] for row in rows if not is_silent(row)]
    of_answered = f"{np.mean(answered):.1%}" if answered else "-"
    seconds = statistics.median(row["cpu"] for row in rows)
    name = f"{suite}: {group}" if group else suite
    bar = "" if group else BARS.get(suite, "")
    share = f"{np.mean([is_silent(row) for row in rows]):.1%}"
    late = f"{np.mean([bool(row.get('late')) for row in rows]):.1%}"
    shown = [name, planner, str(len(rows)), percents([row["right"] for row in rows]), share, of_answered]
    return [*shown, late, f"{seconds:.2f}", CEILINGS.get((suite, group), ""), bar]


def percents(hits: Sequence[bool]) -> str:
    """`mean [low, high]` in percent."""
    mean, low, high = interval(hits)
    return f"{mean:.1%} [{low:.1%}, {high:.1%}]" if hits else "-"


def _kinds(files: Files) -> list[str]:
    """Tables of the suites that have figures of their own."""
    existence, near, unable = [], [], []
    for (suite, who), rows in files.items():
        if suite == "coco_existence" and rows:
            for group in ("random", "popular", "adversarial"):
                if own := [row for row in rows if row["group"] == group]:
                    scores = existence_scores(own)
                    existence.append([group, who, str(len(own)), *(f"{s:.3f}" for s in scores)])
        if any(row.get("near") is not None for row in rows):
            shares = [np.mean([bool(row[key]) for row in rows]) for key in ("right", "near")]
            near.append([suite, who, str(len(rows)), *(f"{share:.1%}" for share in shares)])
        if suite == "unanswerable" and rows:
            unable.append(_unable(who, rows))
    found = []
    if existence:
        found += ["## Is there one", markdown(("COCO", "planner", "n", "F1", "accuracy"), existence)]
    if near:
        head = "## Within one, or the right tool"
        text = "Of counts: at most one off. Of replies: the right tool, whatever its arguments."
        found += [head, text, markdown(("suite", "planner", "n", "exact", "near"), near)]
    if unable:
        heads = ("planner", "nobody can answer", "cannot tell", "can be answered", "wrongly cannot tell")
        found += ["## Unanswerable", markdown((*heads, "right"), unable)]
    return found


def existence_scores(rows: Sequence[JsonRow]) -> tuple[float, float]:
    """F1 and accuracy as POPE counts them, 0..1; no answer is the wrong one."""
    said = [None if is_silent(row) or not side(row["text"]) else side(row["text"]) for row in rows]
    figures = pope(said, [row["expected"][0] for row in rows]).figures
    return figures["F1"] / 100, figures["accuracy"] / 100


def _unable(who: str, rows: Sequence[JsonRow]) -> list[str]:
    open_ = [row for row in rows if row["group"] == "answerable"]
    shut = [row for row in rows if row["group"] != "answerable"]
    told = [str(len(shut)), percents([is_silent(row) for row in shut])]
    told += [str(len(open_)), percents([is_silent(row) for row in open_])]
    return [who, *told, percents([row["right"] for row in open_])]


def _calibrations(answered: Mapping[str, Sequence[JsonRow]]) -> str:
    lines = []
    for name, rows in answered.items():
        error, bins = calibration(rows)
        lines.append([name, str(sum(count for *_, count in bins)), f"{error:.3f}"])
    return markdown(("planner", "answered", "ECE, 10 bins"), lines)


def draw_reliability(answered: Mapping[str, Sequence[JsonRow]], file: Path) -> None:
    """Accuracy over confidence, a line a planner; the larger a point the more answers."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="gray", linestyle=":")
    for name, rows in answered.items():
        error, bins = calibration(rows)
        if bins:
            xs, ys, counts = zip(*bins, strict=True)
            axes.plot(xs, ys, label=f"{name}, ECE {error:.3f}")
            axes.scatter(xs, ys, s=[12 + 120 * count / sum(counts) for count in counts])
    axes.set(xlabel="confidence", ylabel="right", xlim=(0, 1), ylim=(0, 1))
    if any(calibration(rows)[1] for rows in answered.values()):
        axes.legend()
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _faulty(files: Files) -> str:
    lines = [
        [suite, who, row["id"], ", ".join(found), _cell(row["text"])]
        for (suite, who), rows in files.items()
        if suite not in DECISIONS
        for row in rows
        if (found := faults(row))
    ]
    return markdown(("suite", "planner", "row", "has", "text"), lines) if lines else "There are none."


def _first_calls(files: Files) -> list[str]:
    parts = []
    for (suite, who), rows in files.items():
        if suite not in DECISIONS and rows:
            counts = Counter(row["first"] or "(none)" for row in rows).most_common(10)
            told = "\n".join(f"- {count} x `{_cell(name, 160)}`" for name, count in counts)
            parts.append(f"{suite}, {who}:\n\n{told}")
    return parts


def _cell(text: str, most: int = 80) -> str:
    return " ".join(text.split())[:most].replace("|", "¦").replace("`", "'")
