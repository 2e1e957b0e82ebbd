import re

import numpy as np

from sightline.mllm.chat import Branch, Dialogue
from sightline.train.worlds import document_questions as questions
from sightline.train.worlds.document_dialogues import (
    CANNOT_TELL,
    Reading,
    copy_dialogue,
    corpus,
    reading_call_dialogue,
    reading_dialogue,
    reading_pairs,
)
from sightline.train.worlds.documents import make_document
from sightline.train.worlds.toolbox import real_toolbox


def _dialogues(count: int, split: str = "train", seed: int = 0) -> list[Dialogue]:
    rng = np.random.default_rng(seed)
    return [reading_dialogue(rng, split) for _ in range(count)]  # type: ignore[arg-type]  # a plain str in the tests


def _branches(dialogues: list[Dialogue]) -> list[tuple[Dialogue, Branch]]:
    return [(dialogue, branch) for dialogue in dialogues for branch in dialogue.branches]


def test_every_answer_is_quoted_to_the_letter_or_cannot_be_told() -> None:
    for dialogue, branch in _branches(_dialogues(60)):
        reply = branch.reply
        assert reply.cites == ("e1",)
        assert reply.answer
        if branch.task == "unanswerable":
            assert reply.answer == CANNOT_TELL
            assert not reply.quote
        else:
            assert reply.quote
            assert any(reply.answer in row for row in dialogue.notes[0].text.split("\n"))


def test_a_note_is_a_call_of_the_reader_that_is_listed() -> None:
    for dialogue in _dialogues(60):
        note = dialogue.notes[0]
        assert note.id == "e1"
        assert note.text.startswith("ok: ")
        assert note.call.name in {tool.name for tool in dialogue.tools}
        assert np.asarray(dialogue.images[0]).shape == (128, 128, 3)
        asked = [branch.question for branch in dialogue.branches]
        assert len(asked) == len(set(asked))
        assert 1 <= len(asked) <= 10


def test_answers_follow_from_the_state() -> None:
    """Without noise the quoted amounts are the bill's, found by the state and not by the rows."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        reading = Reading(rng, make_document(rng, "receipt"), real_toolbox(), 0.0)
        bill = reading.doc.bill
        assert bill is not None
        assert int(re.sub(r"\D", "", reading.reply("total").answer or "")) == bill.total
        if "change" in reading.answers:
            assert int(re.sub(r"\D", "", reading.answers["change"])) == bill.change
        assert not set(reading.absent()) & set(reading.doc.fields)


def test_total_and_date_are_asked_most() -> None:
    tasks = [branch.task for _, branch in _branches(_dialogues(120))]
    counts = {task: tasks.count(task) for task in set(tasks)}
    rest = {t: n for t, n in counts.items() if t not in ("total", "date", "unanswerable", "field", "item")}
    assert min(counts["total"], counts["date"]) >= 2 * max(rest.values())
    assert {
        "company",
        "time",
        "number",
        "subtotal",
        "tax",
        "cash",
        "change",
        "phone",
        "cashier",
        "sign",
    } <= set(counts)
    assert 0.05 < counts["unanswerable"] / len(tasks) < 0.2


def test_held_out_wordings_are_never_trained_on() -> None:
    train = {b.question.lower() for _, b in _branches(_dialogues(80, "train"))}
    held = {b.question.lower() for _, b in _branches(_dialogues(40, "heldout", seed=1))}
    assert not train & held
    rng = np.random.default_rng(2)
    asked = {questions.ask(rng, f, "receipt", "train") for f in questions.WORDINGS for _ in range(200)}
    nouns = [noun for wording in questions.WORDINGS.values() for noun in wording.held_nouns]
    sentences = {s for wording in questions.WORDINGS.values() for s in wording.held_sentences}
    assert not asked & sentences
    assert not [q for q in asked for noun in nouns if noun in q]
    starts = tuple(template.split("{")[0] for template in questions.HELD_FRAMES)
    assert not [q for q in asked if q.startswith(starts)]


def test_total_and_date_have_many_wordings_and_the_plain_ones() -> None:
    rng = np.random.default_rng(3)
    for field, plain in (
        ("total", {"What is the total?", "What is the total amount on this receipt?"}),
        ("date", {"What is the date on this receipt?", "What is the date?"}),
    ):
        asked = {questions.ask(rng, field, "receipt", "train") for _ in range(1500)}
        assert plain <= asked
        assert len(asked) > 60
        held = {questions.ask(rng, field, "receipt", "heldout") for _ in range(200)}
        assert len(held) > 15


def test_call_dialogues_only_call_the_reader() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        dialogue = reading_call_dialogue(rng, "train")
        assert not dialogue.notes
        assert 1 <= len(dialogue.branches) <= 6
        for branch in dialogue.branches:
            assert branch.reply.answer is None
            (call,) = branch.reply.calls
            assert not call.args
            assert call.name in {tool.name for tool in dialogue.tools}


def test_copied_values_stand_beside_their_labels() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        dialogue = copy_dialogue(rng)
        rows = dialogue.notes[0].text.removeprefix("ok: ").split("\n")
        assert 5 <= len(rows) <= 30
        for branch in dialogue.branches:
            answer = branch.reply.answer or ""
            if branch.task == "unanswerable":
                assert answer == CANNOT_TELL
                continue
            fitting = [row for row in rows if row.endswith(answer)]
            labels = [row.removesuffix(answer).rstrip(" |:=") for row in fitting]
            assert any(label.lower() in branch.question.lower() for label in labels)


def test_pairs_prefer_the_right_text() -> None:
    rng = np.random.default_rng(6)
    told = 0
    for _ in range(80):
        pair = reading_pairs(rng, "train")
        (branch,) = pair.dialogue.branches
        text = pair.dialogue.notes[0].text
        assert branch.reply.answer != pair.rejected.answer
        assert pair.rejected.answer == CANNOT_TELL or (pair.rejected.answer or "") in text
        told += branch.reply.quote
    assert 40 < told < 80


def test_corpus_gives_as_many_texts_as_asked_for() -> None:
    texts = list(corpus(np.random.default_rng(7), 40))
    assert len(texts) == 40
    assert all(texts)
    assert any("|" in text for text in texts)
