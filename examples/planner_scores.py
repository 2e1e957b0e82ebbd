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
from everyday_score import has, numbers, side, words
from packs import markdown
from read_documents import is_it
from scoring import interval, normalise
from sightline.agent.language_planner import LOOK
from sightline.planning.references import value_text
from sightline.tools.document_values import days_in, money_in
from sightline.train.evaluation.pope import pope
from sightline.types import Answer, Box, DocumentField, Evidence, Frame, Relation, ToolCall

CANNOT_TELL = "cannot tell"
BINS = 10
DECISIONS = ("first_calls", "unseen_tools")
"""Suites of single replies: no pictures, no answers."""

USER_TOOLS = "user_tools"
"""The suite in which the first call is right or wrong, and near is about the answer."""

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

BARS: dict[tuple[str, str, str], str] = {
    ("coco_existence", "", "F1"): ".84",
    ("coco_counts", "", "right"): "44 %",
    ("coco_counts", "", "near"): "78 %",
    ("chartqa", "", "right"): "55 %",
    ("tabmwp", "", "right"): "60 %",
    ("wtq_drawn", "", "right"): "22 %",
    ("wtq_gold", "", "right"): "32 %",
    ("receipts", "date", "right"): "90 %",
    ("receipts", "total", "right"): "85 %",
    ("receipts", "company", "right"): "60 %",
    ("scenes", "", "right"): "96 %",
    ("scenes_text", "", "right"): "96 %",
    ("scenes_dark", "", "right"): "96 %",
    ("shapes", "", "right"): "90 %",
    ("nlvr", "", "right"): "62 %",
    ("bccd", "", "right"): "65 %",
    ("first_calls", "", "near"): "96 %",
    ("unseen_tools", "", "right"): "80 %",
    ("user_tools", "", "right"): "80 %",
    ("everyday", "", "right"): "60 %",
    ("everyday", "", "wrong"): "at most 12 %",
    ("unanswerable", "", "cannot tell"): "90 %",
    ("unanswerable", "", "wrongly cannot tell"): "at most 8 %",
}
"""What the project aims at, by suite, group of its rows and figure."""


def bar(suite: str, figure: str, group: str = "") -> str:
    """The bar of a figure, or nothing where there is none."""
    return BARS.get((suite, group, figure), "")


# What was said, and whether it is right.


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer as it is scored: its text, its value, how the run ended, and each of several values.

    `first` are the tools that were called in the first round after the look.
    """

    text: str
    value: bool | int | float | str | None = None
    status: str = "answered"
    listed: tuple[tuple[str, ...], ...] = ()
    first: tuple[str, ...] = ()

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
    first = tuple(call.name for call in first_round(answer))
    return Said(text=answer.text, value=answer.value, status=answer.status, listed=listed, first=first)


def first_round(answer: Answer) -> list[ToolCall]:
    """The calls of the first round that does more than look; none where there is no such round."""
    rounds = ([call for call in step.calls if call.name != LOOK] for step in answer.trace)
    return next(filter(None, rounds), [])


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


def right_first(name: str, said: Said) -> bool:
    """Whether a tool was called in the first round after the look."""
    return name in said.first


def right_returned(returned: str | float, said: Said) -> bool:
    """Whether the answer holds the text or the number that a tool returned."""
    if said.silent:
        return False
    if isinstance(returned, str):
        return has(words(said.text), returned)
    return any(abs(found - returned) < 1e-6 for found in numbers(said.text))


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
        name: [_answer(suite, row) for (suite, who), rows in files.items()
               if who == name and suite not in DECISIONS for row in rows]
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


def _answer(suite: str, row: JsonRow) -> JsonRow:
    """A row whose `right` is about the answer, not about the first call."""
    return row | {"right": row["near"]} if suite == USER_TOOLS else row


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
    answered = [_answer(suite, row)["right"] for row in rows if not is_silent(row)]
    of_answered = f"{np.mean(answered):.1%}" if answered else "-"
    seconds = statistics.median(row["cpu"] for row in rows)
    name = f"{suite}: {group}" if group else suite
    share = f"{np.mean([is_silent(row) for row in rows]):.1%}"
    late = f"{np.mean([bool(row.get('late')) for row in rows]):.1%}"
    shown = [name, planner, str(len(rows)), percents([row["right"] for row in rows]), share, of_answered]
    return [*shown, late, f"{seconds:.2f}", CEILINGS.get((suite, group), ""), bar(suite, "right", group)]


def percents(hits: Sequence[bool]) -> str:
    """`mean [low, high]` in percent."""
    mean, low, high = interval(hits)
    return f"{mean:.1%} [{low:.1%}, {high:.1%}]" if hits else "-"


def _kinds(files: Files) -> list[str]:
    """Tables of the suites that have figures of their own."""
    existence, near, everyday, unable = [], [], [], []
    for (suite, who), rows in files.items():
        if suite == "coco_existence":
            for group in ("random", "popular", "adversarial"):
                if own := [row for row in rows if row["group"] == group]:
                    f1, accuracy = (f"{score:.3f}" for score in existence_scores(own))
                    existence.append([group, who, str(len(own)), f1, bar(suite, "F1"), accuracy])
        if any(row.get("near") is not None for row in rows):
            near.append([suite, who, str(len(rows)), *_with_bars(suite, rows, ("right", "near"))])
        if suite == "everyday" and rows:
            told = [row | {"wrong": not row["right"] and not is_silent(row)} for row in rows]
            everyday.append([who, str(len(rows)), *_with_bars(suite, told, ("right", "wrong"))])
        if suite == "unanswerable" and rows:
            unable.append(_unable(who, rows))
    found = []
    heads: tuple[str, ...]
    if existence:
        heads = ("COCO", "planner", "n", "F1", "bar", "accuracy")
        found += ["## Is there one", markdown(heads, existence)]
    if near:
        text = "Of counts, near is at most one off. Of replies, it is the right tool with any arguments. "
        text += f"In {USER_TOOLS}, exact is the right tool at first, and near is the answer that it returned."
        heads = ("suite", "planner", "n", "exact", "bar", "near", "bar")
        found += ["## Within one, or the right tool", text, markdown(heads, near)]
    if everyday:
        text = "An answer that is not right is wrong. To `cannot tell` where one could is neither."
        heads = ("planner", "n", "right", "bar", "wrong", "bar")
        found += ["## Everyday", text, markdown(heads, everyday)]
    if unable:
        heads = ("planner", "nobody can answer", "cannot tell", "bar", "can be answered")
        found += ["## Unanswerable", markdown((*heads, "wrongly cannot tell", "bar", "right"), unable)]
    return found


def _with_bars(suite: str, rows: Sequence[JsonRow], figures: Sequence[str]) -> list[str]:
    """The share of rows for which each figure holds, and its bar."""
    return [
        cell
        for name in figures
        for cell in (f"{np.mean([bool(row[name]) for row in rows]):.1%}", bar(suite, name))
    ]


def existence_scores(rows: Sequence[JsonRow]) -> tuple[float, float]:
    """F1 and accuracy as POPE counts them, 0..1; no answer is the wrong one."""
    said = [None if is_silent(row) or not side(row["text"]) else side(row["text"]) for row in rows]
    figures = pope(said, [row["expected"][0] for row in rows]).figures
    return figures["F1"] / 100, figures["accuracy"] / 100


def _unable(who: str, rows: Sequence[JsonRow]) -> list[str]:
    open_ = [row for row in rows if row["group"] == "answerable"]
    shut = [row for row in rows if row["group"] != "answerable"]
    told: list[str] = []
    for own, figure in ((shut, "cannot tell"), (open_, "wrongly cannot tell")):
        told += [str(len(own)), percents([is_silent(row) for row in own]), bar("unanswerable", figure)]
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
