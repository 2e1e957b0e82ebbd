"""When two answers are the same, as the makers of three sets of questions count it.

- ChartQA (Masry et al., 2022): numbers within 5 %, texts without case. A whole number from 1900 to 2100 is
  taken for a year here and must be met exactly: within 5 % of a year are all the years of a chart.
- TabMWP (Lu et al., 2023): exact, with units, thousands' marks and currencies put aside; `3/4` is 0.75, and
  `1 hour` is 60 minutes.
- WikiTableQuestions (Pasupat and Liang, 2015): the official match, see `sightline.train.evaluation.wtq`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sightline.train.evaluation.wtq import same_wtq

__all__ = ["Answer", "number_of", "same_chartqa", "same_tabmwp", "same_wtq"]

Answer = Sequence[str]
"""The values of an answer, one or more."""


def number_of(text: str) -> float | None:
    """A number, with marks, currencies and a unit around it; a fraction; None for anything else."""
    bare = text.strip().replace("−", "-").replace(",", "").replace("$", "").replace("%", "").strip()
    if found := re.fullmatch(r"(-?\d+)\s*/\s*(\d+)", bare):
        return int(found[1]) / int(found[2]) if int(found[2]) else None
    found = re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", bare)
    return float(found.group()) if found else None


def same_chartqa(said: Answer, answer: Answer) -> bool:
    """Relaxed accuracy: one value within 5 %, or the same text."""
    if len(said) != len(answer):
        return False
    return all(_near(a, b) for a, b in zip(sorted(said), sorted(answer), strict=True))


def _near(said: str, answer: str) -> bool:
    a, b = number_of(said), number_of(answer)
    if a is None or b is None:
        return _plain(said) == _plain(answer)
    if b.is_integer() and 1900 <= b <= 2100:
        return a == b
    return abs(a - b) <= 0.05 * abs(b)


def _plain(text: str) -> str:
    return re.sub(r"[^\w]+", "", text.casefold())


def same_tabmwp(
    said: Answer, answer: Answer, unit: str | None = None, choices: Sequence[str] | None = None
) -> bool:
    """One value, exact; a time that passed may be told in minutes or in words.

    Where there are choices, a text stands for the one choice that holds all of its words, as `Geometry` does
    for `Geometry class`.
    """
    if len(said) != 1:
        return False
    a, b = _tabmwp_number(said[0], unit), _tabmwp_number(answer[0], unit)
    if a is None or b is None:
        return _plain(_chosen(said[0], choices or ())) == _plain(answer[0])
    return abs(a - b) < 1e-6


def _chosen(said: str, choices: Sequence[str]) -> str:
    words = set(re.findall(r"\w+", said.casefold()))
    held = [choice for choice in choices if words and words <= set(re.findall(r"\w+", choice.casefold()))]
    exact = [choice for choice in choices if _plain(choice) == _plain(said)]
    return exact[0] if exact else held[0] if len(held) == 1 else said


def _tabmwp_number(text: str, unit: str | None) -> float | None:
    text = text.removesuffix(unit).strip() if unit else text
    if found := re.fullmatch(r"(?:(\d+) hours?)?(?: and )?(?:(\d+) minutes?)?", text) if text else None:
        return 60 * int(found[1] or 0) + int(found[2] or 0)
    return number_of(text)
