"""Reading the form of a question about a chart: its family, told by how it is put."""

from __future__ import annotations

import re

_SUPERLATIVE = (
    r"\b(?:most|least|fewest|highest|lowest|largest|smallest|biggest|greatest|longest|shortest|leading|top|main|"
    r"majority|peak|maximum|minimum|best|worst|record|largest|oldest|youngest|fastest)\b"
)
_WHICH = r"^(?:which|what|who|where|when|in (?:what|which)|by (?:what|which)|at (?:what|which))\b"
FORMS: tuple[tuple[str, str], ...] = (
    (
        "colour",
        r"\bcolou?r\b|\b(?:blue|green|red|orange|yellow|gr[ae]y|black|purple|dark|light) (?:bar|line|"
        r"part|slice|segment)",
    ),
    ("ratio", r"\bratio\b|how many times|\btimes (?:as|more|larger|higher)\b"),
    ("average", r"\b(?:average|mean|median) of\b|what(?: is|'s) the (?:mean|median)\b"),
    ("difference", r"\bdifference\b|how (?:much|many) (?:more|less|fewer|higher|lower|larger)\b.*\bthan\b"),
    ("sum", r"\bsum\b|\badd(?:ed|ing)?\b|\bcombined\b|\baltogether\b|\btotal of\b"),
    (
        "count",
        r"^how many (?:bars?|lines?|slices?|colou?rs?|categories|segments?)\b|^how many (?:years|"
        r"countries|companies|groups) .*\b(?:above|below|over|more than|less than|shown|in the chart)",
    ),
    (
        "trend",
        r"\b(?:trend|increas\w+|decreas\w+|ris\w+|fall\w+|declin\w+|grow\w*)\b.*\bor\b|\btrend\b|^(?:is|does|did|has)\b.*\b(?:increase|decrease|rise|fall|grow)",
    ),
    ("order", r"\b(?:second|third|fourth|2nd|3rd|4th)[- ](?:\w+ )?(?:" + _SUPERLATIVE[5:-3] + r")"),
    ("compare", r"^(?:is|are|was|were|does|did|do|has|have)\b"),
    ("extremum", _WHICH + ".*" + _SUPERLATIVE),
    ("find_category", _WHICH + r".*(?:\b(?:had|has|have|did|accounted|reach|reached|equal|value)\b).*\d"),
    (
        "retrieve",
        r"^(?:what|how (?:much|many)|in \d{4}, (?:what|how))\b.*\b(?:was|is|were|are|did|do|does|had|"
        r"have|has|will|of|in)\b",
    ),
)


def read_form(question: str) -> str | None:
    """The family that a question is of by its form, or None where no form fits."""
    text = question.strip().lower()
    return next((family for family, pattern in FORMS if re.search(pattern, text)), None)
