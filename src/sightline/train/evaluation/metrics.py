"""The metrics by name: each takes the answered rows of a suite to `Scores`.

The scorers themselves are pure functions in modules of their own; here their arguments are taken from rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sightline.train.evaluation import (
    boxes,
    captions,
    charts,
    choices,
    hallusion,
    mathvision,
    mme,
    nlvr,
    pope,
    texts,
    vqa,
)
from sightline.train.evaluation.scores import Scores, accuracy

ABSTAINED = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A row of a suite with what was said. `said` is None where there was no reply, which is always wrong."""

    id: str
    group: str
    family: str
    answers: tuple[str, ...]
    said: str | None
    choices: tuple[str, ...] = ()
    gold: dict[str, Any] = field(default_factory=dict)

    @property
    def reply(self) -> str | None:
        """What was said, or None: also for `cannot tell`, unless that is a right answer."""
        if self.said is None or (self.said.casefold() == ABSTAINED and ABSTAINED not in self.answers):
            return None
        return self.said


Rows = Sequence[Answered]
Metric = Callable[[Rows], Scores]


def _replies(rows: Rows) -> list[str | None]:
    return [row.reply for row in rows]


def _answers(rows: Rows) -> list[tuple[str, ...]]:
    return [row.answers for row in rows]


def _labels(rows: Rows) -> list[str]:
    return [row.answers[0] for row in rows]


def _groups(rows: Rows) -> list[str]:
    return [row.group for row in rows]


def _options(rows: Rows) -> list[tuple[str, ...]]:
    return [row.choices for row in rows]


def _choice(rows: Rows) -> Scores:
    return accuracy(choices.chosen(_replies(rows), _labels(rows), _options(rows)))


def _exact(rows: Rows) -> Scores:
    """Exact match; of rows with options, the option chosen."""
    plain = texts.exact(_replies(rows), _answers(rows)).credits
    picked = choices.chosen(_replies(rows), _labels(rows), _options(rows))
    return accuracy([p if row.choices else e for row, p, e in zip(rows, picked, plain, strict=True)], "exact")


def _box(row: Answered) -> boxes.Corners | None:
    size = tuple(row.gold["size"])
    return boxes.parse(row.reply, (size[0], size[1]), row.gold.get("unit", "px")) if row.reply else None


def _gold_box(row: Answered) -> boxes.Corners:
    x1, y1, x2, y2 = map(float, row.gold["box"])
    return x1, y1, x2, y2


def _hallusion(rows: Rows) -> Scores:
    names = ("category", "subcategory", "set_id", "figure_id", "question_id")
    places = [hallusion.Place(**{name: str(row.gold[name]) for name in names}) for row in rows]
    return hallusion.hallusion(hallusion.rights(_replies(rows), _labels(rows)), places)


METRICS: dict[str, Metric] = {
    "exact": _exact,
    "anls": lambda rows: texts.anls(_replies(rows), _answers(rows)),
    "relaxed": lambda rows: charts.relaxed(_replies(rows), _answers(rows)),
    "vqa": lambda rows: vqa.vqa(_replies(rows), _answers(rows)),
    "choice": _choice,
    "circular": lambda rows: choices.circular(
        _replies(rows), _labels(rows), choices=_options(rows), questions=_groups(rows)
    ),
    "one_shot": lambda rows: choices.one_shot(_replies(rows), _labels(rows)),
    "mme": lambda rows: mme.mme(
        _replies(rows), _labels(rows), tasks=[row.family for row in rows], images=_groups(rows)
    ),
    "pope": lambda rows: pope.pope(_replies(rows), _labels(rows)),
    "nlvr": lambda rows: nlvr.nlvr(_replies(rows), _labels(rows), statements=_groups(rows)),
    "hallusion": _hallusion,
    "refcoco": lambda rows: boxes.refcoco([_box(row) for row in rows], [_gold_box(row) for row in rows]),
    "captions": lambda rows: captions.captions(_replies(rows), _answers(rows)),
    "mathvision": lambda rows: mathvision.mathvision(_replies(rows), _labels(rows), choices=_options(rows)),
}
"""Rows say in `answers`, `choices`, `group` and `gold` what each needs.

`mme`: the family is the sub-task, the group the image. `nlvr`, `circular`: the group is the statement or the
question. `refcoco`: `gold` has `box` (XYXY, px), `size` (width, height) and, where replies are not in px,
`unit`. `hallusion`: `gold` has the five names of a `Place`.
"""
