"""When two answers are the same, as the official evaluator of WikiTableQuestions counts it.

Pasupat and Liang 2015, arXiv 1508.00305: the order of an answer's values does not matter. Texts are compared
without case, accents, quotes and remarks in brackets, numbers within 1e-6, dates by year, month and day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import cache

Value = tuple[str, float | None, tuple[int | None, int | None, int | None] | None]
"""A text as it is compared, the number and the date (year, month, day) that it is."""


def same_wtq(said: Sequence[str], answer: Sequence[str]) -> bool:
    """Whether as many different values are said, each of which equals one of the answer's; never for none."""
    a, b = _values(said), _values(answer)
    return bool(a) and len(a) == len(b) and all(any(_equal(x, y) for y in b) for x in a)


def _values(texts: Sequence[str]) -> list[Value]:
    return list({value[0]: value for value in map(_value, texts)}.values())


def _equal(a: Value, b: Value) -> bool:
    if a[0] == b[0]:
        return True
    if a[1] is not None and b[1] is not None:
        return abs(a[1] - b[1]) < 1e-6
    return a[2] is not None and a[2] == b[2]


@cache
def _value(text: str) -> Value:
    bare = normalized(text)
    number = None
    if re.fullmatch(r"[-+]?[\d,]*\.?\d+", bare):
        number = float(bare.replace(",", ""))
    return bare, number, _date(bare)


@cache
def normalized(text: str) -> str:
    """As the official evaluator compares texts: no case, accents, quotes, footnotes and last brackets."""
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
    return re.sub(r"\s+", " ", text.removesuffix(".")).casefold().strip()


def _date(text: str) -> tuple[int | None, int | None, int | None] | None:
    if found := re.fullmatch(r"(\d{4}|xx)-(\d{1,2}|xx)-(\d{1,2}|xx)", text):
        year, month, day = (None if part == "xx" else int(part) for part in found.groups())
        return year, month, day
    if not re.fullmatch(r"[a-z\d][\w .,]{5,20}\d", text):
        return None
    for form in ("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y"):
        try:
            on = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return on.year, on.month, on.day
    return None
