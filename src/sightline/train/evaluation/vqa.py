"""VQA accuracy over ten human answers; Antol et al. 2015, Goyal et al. 2017, and their `vqaEval.py`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, accuracy

_NUMBERS = "none zero one two three four five six seven eight nine ten".split()
_DIGITS = {word: str(max(i - 1, 0)) for i, word in enumerate(_NUMBERS)}
_ARTICLES = {"a", "an", "the"}
_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
_FULL_STOP = re.compile(r"\.(?!\d)")

_CONTRACTED = """
ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't
he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't
must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've
somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's something'd
something'd've something'll that's there'd there'd've there're there's they'd they'd've they'll they're
they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've
who'd who'd've who'll who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll
y'all'd've you'd you'd've you'll you're you've
""".split()


def _without_one(word: str) -> list[str]:
    """The word with each of its apostrophes left out in turn."""
    return [word[:i] + word[i + 1 :] for i, letter in enumerate(word) if letter == "'"]


_APOSTROPHES = {bare: word for word in _CONTRACTED for bare in _without_one(word)}


def strip_punctuation(text: str) -> str:
    """Marks go, or become a space where none stands beside them; full stops go unless a digit follows."""
    bare = text
    for mark in _PUNCTUATION:
        beside_space = f"{mark} " in text or f" {mark}" in text
        bare = bare.replace(mark, "" if beside_space or _COMMA_IN_NUMBER.search(text) else " ")
    return _FULL_STOP.sub("", bare)


def normalise(text: str) -> str:
    """A reply as the official script compares it: no punctuation, case or articles, digits for numbers."""
    bare = strip_punctuation(text.replace("\n", " ").replace("\t", " ").strip())
    words = [_DIGITS.get(word, word) for word in bare.lower().split()]
    return " ".join(_APOSTROPHES.get(word, word) for word in words if word not in _ARTICLES)


def vqa(replies: Sequence[str | None], golds: Sequence[Sequence[str]]) -> Scores:
    """The mean over leave-one-out sets of the humans of min(1, those who said the same / 3), in percent.

    Args:
        replies: as said; None where there is none, which is wrong.
        golds: the humans' answers to each question, ten in the official sets.
    """
    return accuracy(
        [0.0 if reply is None else credit(reply, of) for reply, of in zip(replies, golds, strict=True)]
    )


def credit(reply: str, humans: Sequence[str]) -> float:
    """0..1. Human answers lose their punctuation where they differ, and nothing else, as officially."""
    golds = [strip_punctuation(gold) for gold in humans] if len(set(humans)) > 1 else list(humans)
    same = [gold == normalise(reply) for gold in golds]
    # Leaving out one who said the same leaves one less to agree with.
    return sum(min(1.0, (sum(same) - own) / 3) for own in same) / len(same)
