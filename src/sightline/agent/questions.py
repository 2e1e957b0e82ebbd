"""What a question must be before anything is loaded for it."""

from __future__ import annotations

import unicodedata

from sightline.errors import QuestionError

MAX_CHARS = 2000

# Characters that reorder or hide what stands beside them (Unicode Standard Annex 9), and marks with
# no width that are no part of any word.
_BIDI = {
    "\u061c", "\u200e", "\u200f", "\u2066", "\u2067", "\u2068", "\u2069",
    "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\ufeff",
}  # fmt: skip


def clean_question(question: str) -> str:
    """The question without control and bidirectional characters, white space squeezed.

    Raises `QuestionError` if nothing is left of it or more than `MAX_CHARS` characters are.
    """
    if not isinstance(question, str):
        raise QuestionError(f"a question is a text, not {type(question).__name__}")
    spaced = " ".join(question.split())
    text = "".join(c for c in spaced if c not in _BIDI and unicodedata.category(c) not in ("Cc", "Cs"))
    text = " ".join(text.split())
    if not text:
        raise QuestionError("the question is empty")
    if len(text) > MAX_CHARS:
        raise QuestionError(f"the question has {len(text)} characters; {MAX_CHARS} are allowed")
    return text
