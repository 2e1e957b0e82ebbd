"""Rows into dialogues of our model's dialect, so that the packer and every stage can train on them.

Images come first in our dialect, and the question last. So a mark becomes nothing where there is one image,
and `[image 2]` where there are several; what was given, and what was said before, stands in notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Literal

from sightline.errors import ConfigError
from sightline.mllm.chat import Branch, Call, Dialogue, Note, Reply
from sightline.mllm.tokenizer import MAX_NOTES
from sightline.train.data.pictures import open_image
from sightline.train.data.rows import MARK, Row
from sightline.train.worlds.toolbox import Pair

History = Literal["notes", "none"]
"""Whether a later question is read after the exchanges before it, or as if it were asked alone."""


def to_dialogue(row: Row, root: Path, *, history: History = "notes") -> Dialogue:
    """A conversation as a dialogue: a branch for each exchange, over its images and what was given.

    Args:
        row: a conversation, as a reader gave it.
        root: the folder of its images' paths.
        history: of a conversation of several exchanges.

    Raises:
        ConfigError: the row is a preference, has no answer yet, or has more notes than the dialect.
        ImageError, PathRefused: an image that cannot be used.
    """
    if not row.exchanges:
        raise ConfigError(f"row {row.id} has no question with an answer; a preference goes to `to_pair`")
    answers = [answer for _, answer in row.exchanges]
    questions, given = _questions(row), _given(row)
    said = _said(row, questions[:-1], answers[:-1], after=len(given)) if history == "notes" else ()
    branches = tuple(
        Branch(question=question, reply=Reply(answer=answer.strip()), notes=said[:number], task="rows")
        for number, (question, answer) in enumerate(zip(questions, answers, strict=True))
    )
    return Dialogue(images=_pixels(row, root), notes=given, branches=branches)


def to_pair(row: Row, root: Path) -> Pair:
    """A preference as our DPO stage takes it. Raises as `to_dialogue` does."""
    if row.chosen is None or row.rejected is None:
        raise ConfigError(f"row {row.id} is no preference")
    questions, given = _questions(row), _given(row)
    answers = [turn.text for turn in row.turns if turn.role == "assistant"]
    said = _said(row, questions[:-1], answers, after=len(given))
    chosen = Reply(answer=row.chosen.strip())
    branch = Branch(question=questions[-1], reply=chosen, notes=said, task="rows")
    dialogue = Dialogue(images=_pixels(row, root), notes=given, branches=(branch,))
    return Pair(dialogue=dialogue, rejected=Reply(answer=row.rejected.strip()))


def dialogues(rows: Iterable[Row], root: Path, *, history: History = "notes") -> Iterator[Dialogue]:
    """The dialogues of rows, for `train.packing.pack`."""
    return (to_dialogue(row, root, history=history) for row in rows)


def _questions(row: Row) -> list[str]:
    """What is asked, with the numbers of the images for their marks."""
    numbers = count(1)

    def numbered(piece: str) -> str:
        return f"[image {next(numbers)}]" + piece

    questions = []
    for text in (turn.text for turn in row.turns if turn.role == "user"):
        head, *after = text.split(MARK)
        parts = after if len(row.images) == 1 else [numbered(piece) for piece in after]
        questions.append(" ".join("".join([head, *parts]).split()))
    return questions


def _given(row: Row) -> tuple[Note, ...]:
    """What is said before the first turn, and what tools found."""
    texts = [text for text in (row.system, *row.notes) if text]
    return _notes(row, [(Call(name="given"), text) for text in texts], after=0)


def _said(row: Row, questions: Sequence[str], answers: Sequence[str], *, after: int) -> tuple[Note, ...]:
    """Earlier exchanges."""
    calls = [Call(name="asked", args=(("question", question),)) for question in questions]
    return _notes(row, list(zip(calls, answers, strict=True)), after=after)


def _notes(row: Row, found: Sequence[tuple[Call, str]], *, after: int) -> tuple[Note, ...]:
    if after + len(found) > MAX_NOTES:
        raise ConfigError(f"row {row.id} needs more than {MAX_NOTES} notes")
    return tuple(
        Note(id=f"e{number}", call=call, text=text) for number, (call, text) in enumerate(found, after + 1)
    )


def _pixels(row: Row, root: Path) -> tuple[object, ...]:
    return tuple(open_image(ref, root).pixels for ref in row.images)
