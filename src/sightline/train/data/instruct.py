"""A chat server as a teacher: questions from descriptions, ratings of answers, corrections of segments.

What the server says is parsed strictly; what cannot be used is counted as a fault and left out. The prompts
are the text files of the folder `prompts`. Liu et al. 2023 (LLaVA), Li et al. 2023 (Silkie and VLFeedback),
Yu et al. 2024 (RLHF-V).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from string import Template
from typing import Any

from sightline.train.data.chat_server import ChatServer
from sightline.train.data.faults import Broken, Tally, said_of
from sightline.train.data.json_stream import parse
from sightline.train.data.rows import MARK, ImageRef, Row, ask
from sightline.train.data.segments import Segment, join
from sightline.train.data.shapes import check_row, need

PROMPTS = Path(__file__).parent / "prompts"
ASPECTS = ("helpfulness", "faithfulness", "ethics")
"""VLFeedback's three, each rated from 1 to 5."""

_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Described:
    """An image in words: captions, boxes, the text that it shows, as tools or annotators gave them."""

    id: str
    image: ImageRef
    text: str


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How good an answer is, 1 to 5 each."""

    helpfulness: int
    faithfulness: int
    ethics: int

    @property
    def mean(self) -> float:
        """Of the three."""
        return (self.helpfulness + self.faithfulness + self.ethics) / 3


def instruct(
    server: ChatServer, images: Iterable[Described], tally: Tally, *, questions: int = 5
) -> Iterator[Row]:
    """Questions with answers that the server writes from each description; a row each, that shows the image.

    Args:
        server: the teacher. It sees the description alone.
        images: streamed.
        tally: rows and faults; a fault's line is the number of the description.
        questions: asked for about each image.

    Raises `SightlineError` where the server does not answer.
    """
    for line, image in enumerate(images, 1):
        said = server.ask(prompt("instruct", description=image.text, questions=str(questions)))
        try:
            items = _items(said)
        except Broken as broken:
            tally.broken(broken, file=server.url, line=line, row=image.id)
            continue
        for number, item in enumerate(items):
            name = f"{image.id}-{number}"
            try:
                row = _taught(name, item, image)
            except Broken as broken:
                tally.broken(broken, file=server.url, line=line, row=name)
            else:
                tally.rows += 1
                yield row


def _taught(name: str, item: object, image: Described) -> Row:
    question = need(item, "question", str)
    if MARK in question:
        raise Broken("image_marks", f"the question holds {MARK}")
    row = ask(name, question, need(item, "answer", str), image.image)
    check_row(row)
    return row


def rate(server: ChatServer, description: str, question: str, answers: Sequence[str]) -> list[Rating]:
    """A rating of each answer, all of them judged in one view.

    Raises:
        Broken: what the server said is no list of ratings, or not of as many as there are answers.
        SightlineError: the server does not answer.
    """
    listed = "\n".join(f"[{number}] {answer}" for number, answer in enumerate(answers, 1))
    said = server.ask(prompt("rate", description=description, question=question, answers=listed))
    items = _items(said)
    if len(items) != len(answers):
        raise Broken("wrong_type", f"{len(items)} ratings of {len(answers)} answers")
    return [Rating(**{aspect: _score(item, aspect) for aspect in ASPECTS}) for item in items]


def preferences(row: Row, answers: Sequence[str], ratings: Sequence[Rating]) -> list[Row]:
    """A preference row for each two answers whose mean ratings are not the same, `id-i-j` with i the better.

    `row`: what was asked; its turns end with the user.
    """
    rows = []
    for a, b in combinations(range(len(answers)), 2):
        if ratings[a].mean == ratings[b].mean or answers[a] == answers[b]:
            continue
        best, worst = (a, b) if ratings[a].mean > ratings[b].mean else (b, a)
        name = f"{row.id}-{best}-{worst}"
        rows.append(replace(row, id=name, chosen=answers[best], rejected=answers[worst]))
    return rows


def feedback(
    server: ChatServer, asked: Iterable[tuple[Row, str, Sequence[str]]], tally: Tally
) -> Iterator[Row]:
    """Preference rows from AI feedback on several answers to each question.

    Args:
        server: the judge.
        asked: (a row whose turns end with the user, the image in words, answers to it) ...
        tally: rows and faults; a fault's line is the number of the question.
    """
    for line, (row, description, answers) in enumerate(asked, 1):
        try:
            ratings = rate(server, description, _plain(row.turns[-1].text), answers)
        except Broken as broken:
            tally.broken(broken, file=server.url, line=line, row=row.id)
            continue
        for pair in preferences(row, answers, ratings):
            tally.rows += 1
            yield pair


def correct(server: ChatServer, description: str, question: str, answer: str) -> tuple[Segment, ...]:
    """The answer in segments, each as it was said and as it should be.

    Raises:
        Broken: what the server said is not that, or its segments are not the answer to the letter.
        SightlineError: the server does not answer.
    """
    said = server.ask(prompt("correct", description=description, question=question, answer=answer))
    segments = tuple(
        Segment(rejected=need(item, "said", str), chosen=need(item, "corrected", str))
        for item in _items(said)
    )
    if join(segments)[1] != answer:
        raise Broken("wrong_type", "the segments put together are not the answer")
    return segments


def corrections(
    server: ChatServer, asked: Iterable[tuple[Row, str]], tally: Tally
) -> Iterator[tuple[Row, tuple[Segment, ...]]]:
    """RLHF-V rows, the corrected answer chosen and the given one rejected, with their segments.

    Args:
        server: who corrects.
        asked: (a row of one exchange, the image in words) ...
        tally: rows and faults; an answer without a fault gives no row and is none.
    """
    for line, (row, description) in enumerate(asked, 1):
        try:
            if len(row.exchanges) != 1:
                raise Broken("role_order", "one question with its answer is corrected at a time")
            ((question, answer),) = row.exchanges
            segments = correct(server, description, _plain(question), answer)
            if not any(segment.changed for segment in segments):
                continue
            chosen, rejected = join(segments)
            pair = replace(row, turns=row.turns[:1], chosen=chosen, rejected=rejected)
            check_row(pair)
        except Broken as broken:
            tally.broken(broken, file=server.url, line=line, row=row.id)
        else:
            tally.rows += 1
            yield pair, segments


def _plain(question: str) -> str:
    """Without marks: a teacher sees no image."""
    return question.replace(MARK, "").strip()


def prompt(name: str, **fields: str) -> str:
    """The prompt `prompts/name.txt` with its `$fields` filled in; each must be given, and no other."""
    template = Template((PROMPTS / f"{name}.txt").read_text(encoding="utf-8"))
    assert set(template.get_identifiers()) == set(fields), f"{name} takes {template.get_identifiers()}"
    return template.substitute(fields)


def _items(said: str) -> list[Any]:
    """The JSON list that a server's text is, bare or as one block of code. Raises `Broken`."""
    fenced = _FENCED.fullmatch(said)
    value = parse((fenced[1] if fenced else said).encode("utf-8", "replace"))
    if not isinstance(value, list):
        raise Broken("wrong_type", f"a list is expected, not {said_of(type(value))}")
    if not value:
        raise Broken("empty_turns", "the list is empty")
    return value


def _score(item: object, aspect: str) -> int:
    score = need(item, aspect, int)
    if isinstance(score, bool) or not 1 <= score <= 5:
        raise Broken("wrong_type", f"{aspect} is a whole number from 1 to 5, not {score}")
    return score
