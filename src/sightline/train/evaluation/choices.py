"""Multiple choice: reading the chosen option, MMBench's CircularEval, and one-shot classification.

MMBench: Liu et al. 2023, arXiv 2307.06281: a question counts if it is right under each rotation of its
options. One-shot: Lake et al. 2015, 20 candidates, error rate.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from sightline.train.evaluation.scores import Scores, accuracy, all_right, share

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SAYS = re.compile(
    r"(?i:\b(?:answer|option|choice)(?:\s+is|\s*:)?\s*)\(?([A-Z])\)?(?![\w'])"  # the answer is B
    r"|^\W*([A-Z])(?:\s*[).:,]|\s*$)"  # B. (B) B: B
    r"|\(([A-Z])\)"  # ... (B) ...
)


def parse(reply: str, choices: Sequence[str]) -> int | None:
    """The index of the option that a reply chooses, or None where it chooses none or several.

    An option's own text wins over a letter, since options may be letters; then comes the letter that the
    reply begins with or names as its answer, then the one option whose text stands in the reply.
    """
    said = _plain(reply)
    texts = [_plain(choice) for choice in choices]
    if texts.count(said) == 1:
        return texts.index(said)
    named = {LETTERS.index(letter) for found in _SAYS.findall(reply) for letter in found if letter}
    named = {index for index in named if index < len(choices)}
    if not named:
        named = {i for i, text in enumerate(texts) if text and re.search(rf"\b{re.escape(text)}\b", said)}
    return named.pop() if len(named) == 1 else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def rotations(choices: Sequence[str]) -> list[tuple[str, ...]]:
    """The options turned by 0, 1, ... places: one question for each."""
    return [(*choices[i:], *choices[:i]) for i in range(len(choices))]


def chosen(
    replies: Sequence[str | None], golds: Sequence[str], choices: Sequence[Sequence[str]]
) -> list[float]:
    """1 for each reply that chooses the option whose text is the gold one, 0 for others and for None."""
    credits = []
    for reply, gold, options in zip(replies, golds, choices, strict=True):
        index = None if reply is None else parse(reply, options)
        credits.append(float(index is not None and options[index] == gold))
    return credits


def circular(
    replies: Sequence[str | None],
    golds: Sequence[str],
    *,
    choices: Sequence[Sequence[str]],
    questions: Sequence[Hashable],
) -> Scores:
    """CircularEval: rows of the same `questions` entry are rotations of one question.

    Returns:
        `circular` (all rotations right) and `vanilla` (the first row of each alone), in percent. The credit
        of a row is that of its question.
    """
    plain = chosen(replies, golds, choices)
    right = all_right(plain, questions)
    first = dict(zip(reversed(questions), reversed(plain), strict=True))
    figures = {"circular": share(list(right.values())), "vanilla": share(list(first.values()))}
    return Scores(figures=figures, credits=tuple(float(right[q]) for q in questions))


def one_shot(replies: Sequence[str | None], golds: Sequence[str]) -> Scores:
    """Candidates are numbered; a reply counts if the one number in it is the gold one.

    Returns:
        `accuracy` and `error` in percent.
    """
    credits = []
    for reply, gold in zip(replies, golds, strict=True):
        numbers = set(re.findall(r"\d+", reply or ""))
        credits.append(float(numbers == {gold.strip()}))
    scores = accuracy(credits)
    return Scores(figures=scores.figures | {"error": 100 - share(credits)}, credits=scores.credits)
