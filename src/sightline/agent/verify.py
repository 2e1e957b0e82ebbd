"""Checks of an answer against the evidence. Pure functions: nothing is loaded, run or evaluated.

Each check looks only at what it can decide exactly, and says nothing where it cannot: a check that
does not apply is not listed. What fails is reported in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from rapidfuzz import fuzz

from sightline.agent.planners import CANNOT_TELL, Plan
from sightline.types import Check, Detections, Evidence, TextLines, TextSpan

_NUMBER = r"\d+(?:\.\d+)?"
_SUM = re.compile(rf"(?<![\d.]){_NUMBER}(?:\s+[-+*/]\s+{_NUMBER})+(?:\s*=\s*{_NUMBER})?(?![\d.]*\d)")
_COMPARED = re.compile(rf"<?({_NUMBER})>? is (less|fewer|more|greater) than <?({_NUMBER})>?")
_EXISTENCE = re.compile(
    r"\b(is there|are there|there (is|are)|(can|do) you see|is any|are any|does .* (show|contain|have))\b",
    re.I,
)
_COMPARISON = re.compile(
    r"\b(more|fewer|less|than|as many|equal|same|both|left|right|above|below|over|under|only|exactly"
    r"|at (least|most)|no|not|without)\b|n't\b|\d",
    re.I,
)


def verify(question: str, plan: Plan, evidence: Sequence[Evidence]) -> tuple[Check, ...]:
    """All checks that apply to the answer of `plan`. An answer of `cannot tell` claims nothing."""
    if plan.answer is None or plan.answer == CANNOT_TELL:
        return ()
    cited = tuple(e for e in evidence if e.id in plan.cites)
    checks = [_kind(plan), _cites(plan, evidence), _quotation(plan, cited), _count(question, plan, cited)]
    checks += [_existence(question, plan, cited), _arithmetic(plan)]
    return tuple(check for check in checks if check is not None)


def _kind(plan: Plan) -> Check | None:
    """The answer is of the kind that the planner said the question expects, where that can be told."""
    if plan.kind not in _OF_KIND or plan.answer is None:
        return None
    fits = isinstance(plan.value, bool) if plan.kind == "yes/no" else _is_of(plan.kind, plan)
    return Check(name="kind", passed=fits, detail=f'"{plan.answer}" is {"" if fits else "no "}{plan.kind}')


_OF_KIND = {"number": r"\d", "yes/no": "", "money": r"\d", "date": r"\d"}
"""Kinds that an answer shows, and what stands in each at least."""


def _is_of(kind: str, plan: Plan) -> bool:
    """A number is no yes or no, and has digits; so have amounts and dates."""
    if isinstance(plan.value, bool):
        return False
    return isinstance(plan.value, int | float) or re.search(_OF_KIND[kind], plan.answer or "") is not None


def _cites(plan: Plan, evidence: Sequence[Evidence]) -> Check | None:
    """Each cited id exists, and its call found something or found that there is nothing."""
    if not plan.cites:
        return None
    status = {e.id: e.result.status for e in evidence}
    bad = [f"{c} is {status.get(c, 'unknown')}" for c in plan.cites if status.get(c) not in ("ok", "empty")]
    return Check(name="cites", passed=not bad, detail="; ".join(bad) or f"{', '.join(plan.cites)} found")


def _quotation(plan: Plan, cited: Sequence[Evidence]) -> Check | None:
    """A quotation stands in a cited text to the letter; if not, how close the nearest row is."""
    texts = [e.result.payload for e in cited if isinstance(e.result.payload, TextLines)]
    if not plan.quote or plan.answer is None:
        return None
    if any(quoted_spans(plan.answer, text) for text in texts):
        return Check(name="quotation", passed=True, detail=f'"{plan.answer}" stands in the text')
    rows = [_row_text(row) for text in texts for row in text.rows]
    ratio, row = max(((fuzz.partial_ratio(plan.answer, row), row) for row in rows), default=(0.0, ""))
    nearest = f'; the nearest is "{row}" ({ratio:.0f} % alike)' if row else "; no text is cited"
    return Check(
        name="quotation", passed=False, detail=f'"{plan.answer}" does not stand in the text{nearest}'
    )


def _count(question: str, plan: Plan, cited: Sequence[Evidence]) -> Check | None:
    """A whole number that answers from found objects is one of their counts, or their sum or difference."""
    answer = (plan.answer or "").strip()
    if (
        not answer.isdecimal()
        or not cited
        or not re.search(r"\b(how many|number of|count)\b", question, re.I)
    ):
        return None
    found = [e.result.payload for e in cited if e.result.status in ("ok", "empty")]
    counts = [len(p.items) if isinstance(p, Detections) else 0 for p in found]
    if not counts or any(p is not None and not isinstance(p, Detections) for p in found):
        return None
    right = {*counts, sum(counts)} | {abs(a - b) for a in counts for b in counts if len(counts) > 1}
    detail = " and ".join(str(n) for n in counts) + f" found, {answer} answered"
    return Check(name="count", passed=int(answer) in right, detail=detail)


def _existence(question: str, plan: Plan, cited: Sequence[Evidence]) -> Check | None:
    """To "is there ...?", yes needs something found, and no needs nothing found, by the one call cited."""
    said = (plan.answer or "").strip().casefold()
    if said not in ("yes", "no") or len(cited) != 1:
        return None
    if not _EXISTENCE.search(question) or _COMPARISON.search(question):
        return None
    result = cited[0].result
    if not (result.status == "empty" or isinstance(result.payload, Detections)):
        return None
    found = len(result.payload.items) if isinstance(result.payload, Detections) else 0
    unsure = isinstance(result.payload, Detections) and bool(result.payload.perhaps) and not found
    passed = unsure or (said == "yes") == (found > 0)
    told = f"{found} found" + (", and perhaps one" if unsure else "")
    return Check(name="existence", passed=passed, detail=f"{told}, {said} answered")


def _arithmetic(plan: Plan) -> Check | None:
    """Sums and comparisons that the thought writes out are right, and a last sum is the answer given."""
    wrong = [f"{found[0]} is false" for found in _COMPARED.finditer(plan.thought) if not _holds(found)]
    sums = [found[0] for found in _SUM.finditer(plan.thought)]
    for text in sums:
        sum_, _, claimed = text.partition("=")
        if claimed and _value(sum_) != Fraction(claimed.strip()):
            wrong.append(f"{text} is false")
    answer = (plan.answer or "").strip()
    if sums and re.fullmatch(_NUMBER, answer) and _value(sums[-1].partition("=")[0]) != Fraction(answer):
        wrong.append(f"{sums[-1]} is not {answer}")
    if not sums and not _COMPARED.search(plan.thought):
        return None
    return Check(name="arithmetic", passed=not wrong, detail="; ".join(wrong) or "calculated again")


def _holds(found: re.Match[str]) -> bool:
    left, word, right = Fraction(found[1]), found[2], Fraction(found[3])
    return left < right if word in ("less", "fewer") else left > right


def _value(text: str) -> Fraction | None:
    """The value of numbers joined by + - * /, products first; None for a division by nought."""
    parts = re.split(r"\s*([-+*/])\s*", text.strip())
    terms = [Fraction(parts[0])]
    for sign, number in zip(parts[1::2], map(Fraction, parts[2::2]), strict=True):
        if sign == "/" and number == 0:
            return None
        if sign in "*/":
            terms[-1] = terms[-1] * number if sign == "*" else terms[-1] / number
        else:
            terms.append(number if sign == "+" else -number)
    return sum(terms, Fraction(0))


def quoted_spans(quote: str, text: TextLines) -> list[TextSpan]:
    """The spans that hold the first place where `quote` stands in `text`; none if it does not.

    White space counts as one space; so may the ` | ` between spans of a row. A
    quotation that runs over several rows is looked for in all rows joined by a space. A place where
    the quotation is a word of its own is preferred to one inside a longer word.
    """
    wanted = _squeezed(quote)
    if not wanted:
        return []
    return _spans_with(wanted, text, " | ") or _spans_with(wanted, text, " ")


def _spans_with(wanted: str, text: TextLines, between: str) -> list[TextSpan]:
    """The same, with what stands between the spans of a row."""
    pieces: list[tuple[int, int, TextSpan]] = []
    whole = ""
    for row in text.rows:
        for i, span in enumerate(row):
            whole += (between if i else " ") if whole else ""
            said = _squeezed(span.text)
            pieces.append((len(whole), len(whole) + len(said), span))
            whole += said
    found = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", whole)
    start = found.start() if found else whole.find(wanted)
    if start < 0:
        return []
    end = start + len(wanted)
    return [span for a, b, span in pieces if a < end and b > start]


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _row_text(row: Sequence[TextSpan]) -> str:
    return " | ".join(span.text for span in row)
