"""When two answers are the same, as the makers of three sets of questions count it.

- ChartQA (Masry et al., 2022): numbers within 5 %, texts without case. A whole number from 1900 to 2100 is
  taken for a year here and must be met exactly: within 5 % of a year are all the years of a chart.
- TabMWP (Lu et al., 2023): exact, with units, thousands' marks and currencies put aside; `3/4` is 0.75, and
  `1 hour` is 60 minutes.
- WikiTableQuestions (Pasupat and Liang, 2015): the official evaluator's: lists whose order does not matter,
  texts without case, accents, quotes and remarks in brackets, numbers within 1e-6, dates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

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


# WikiTableQuestions.


def same_wtq(said: Answer, answer: Answer) -> bool:
    """The official denotation match: as many values, each of which equals one of the other list."""
    a, b = _values(said), _values(answer)
    return len(a) == len(b) and all(any(_equal(x, y) for y in b) for x in a)


Value = tuple[str, float | None, tuple[int | None, int | None, int | None] | None]
"""A text as it is compared, the number and the date (year, month, day) that it is."""


def _values(texts: Answer) -> list[Value]:
    return list({value[0]: value for value in map(_value, texts)}.values())


def _equal(a: Value, b: Value) -> bool:
    if a[0] == b[0]:
        return True
    if a[1] is not None and b[1] is not None:
        return abs(a[1] - b[1]) < 1e-6
    return a[2] is not None and a[2] == b[2]


@cache
def _value(text: str) -> Value:
    plain = normalized(text)
    number = number_of(plain) if re.fullmatch(r"[-+]?[\d,]*\.?\d+", plain) else None
    return plain, number, _date(plain)


def normalized(text: str) -> str:
    """As the official evaluator compares texts."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")
    text = re.sub(r"[‘’´`]", "'", text)
    text = re.sub(r"[“”]", '"', text)
    text = re.sub(r"[‐‑‒–—−]", "-", text)
    while True:
        before = text
        text = re.sub(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$", "", text.strip())
        text = re.sub(r"(?<!^)( \([^)]*\))*$", "", text.strip())
        text = re.sub(r'^"([^"]*)"$', r"\1", text.strip())
        if text == before:
            break
    text = text.removesuffix(".")
    return re.sub(r"\s+", " ", text).casefold().strip()


def _date(text: str) -> tuple[int | None, int | None, int | None] | None:
    if found := re.fullmatch(r"(\d{4}|xx)-(\d{1,2}|xx)-(\d{1,2}|xx)", text):
        year, month, day = (None if part == "xx" else int(part) for part in found.groups())
        return year, month, day
    if not re.fullmatch(r"[a-z\d][\w .,]{5,20}\d", text):
        return None
    for form in ("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y"):
        try:
            day: date = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day.year, day.month, day.day
    return None
