"""Rows as dialogues: what the packer trains on is what the row says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.train.data.conftest import conversations, exchanges, pairs

from sightline.errors import ConfigError
from sightline.images import load_image
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.data.bridge import dialogues, to_dialogue, to_pair
from sightline.train.data.mimic import with_examples
from sightline.train.data.rows import ask
from sightline.train.packing import pack, targets


def test_exchanges_become_branches_and_earlier_ones_notes(images: Path) -> None:
    row = conversations()[3]
    dialogue = to_dialogue(row, images)
    first, second = dialogue.branches
    assert (first.question, first.reply.answer, first.notes) == (
        "[image 1] How many?",
        'Three: "a", \\b and\nc.',
        (),
    )
    assert second.question == "Und jetzt, 小さい [image 2] hier?"
    (note,) = second.notes
    assert (note.id, note.call.args, note.text) == ("e1", (("question", first.question),), first.reply.answer)
    for ref, pixels in zip(row.images, dialogue.images, strict=True):
        assert np.array_equal(np.asarray(pixels), load_image(images / ref.path).pixels)
    assert all(not branch.notes for branch in to_dialogue(row, images, history="none").branches)


def test_one_image_needs_no_number_and_what_is_given_stands_first(images: Path) -> None:
    dialogue = to_dialogue(conversations()[4], images)
    assert dialogue.branches[0].question == "Read it."
    assert [(note.id, note.text) for note in dialogue.notes] == [("e1", "Be short."), ("e2", "TOTAL 12.00")]


def test_the_loss_covers_the_answers(images: Path, vocabulary: Vocabulary) -> None:
    rows = [row for row in conversations() if len(row.images) <= 1]
    stream = dialogues(itertools.cycle(rows), images)
    packed = pack(stream, vocabulary, rows=1, length=900, side=64, tokens_per_image=16)
    assert packed.pixels is not None
    assert packed.dropped == 0
    said = vocabulary.decode(targets(packed)[1].tolist()).split("<eos>")[:-1]
    answers = {f"<answer> {answer.strip()}" for row in rows for _, answer in row.exchanges}
    assert set(said) == answers


def test_pairs(images: Path) -> None:
    row = pairs()[0]
    pair = to_pair(row, images)
    (branch,) = pair.dialogue.branches
    assert (branch.reply.answer, pair.rejected.answer) == (row.chosen, row.rejected)
    with pytest.raises(ConfigError, match="to_pair"):
        to_dialogue(row, images)
    with pytest.raises(ConfigError, match="no preference"):
        to_pair(conversations()[0], images)


def test_examples_in_context(images: Path) -> None:
    rows = {row.id: row for row in exchanges()}
    episode = with_examples(rows["LA_3"], rows)
    dialogue = to_dialogue(episode, images)
    assert len(dialogue.images) == 2
    assert dialogue.branches[-1].question == "[image 2] What is ä3?"
    assert [note.text for note in dialogue.branches[-1].notes] == ['"0"']
    with pytest.raises(ConfigError, match="no such example"):
        with_examples(replace(rows["LA_3"], related=("nobody",)), rows)


def test_more_notes_than_the_dialect_has(images: Path) -> None:
    row = replace(ask("a", "What?", "So."), notes=tuple("n" * 33))
    with pytest.raises(ConfigError, match="more than 32 notes"):
        to_dialogue(row, images)
