"""The dialect: what is rendered, where the loss lies, and that text is never a mark."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.mllm.chat import Branch, Call, Dialogue, Note, Reply, ToolSpec, question_ids, quote_ids, render
from sightline.mllm.tokenizer import MARKS, Vocabulary

TOOLS = (
    ToolSpec(name="detect", params=(("query", "text"),), doc="finds objects"),
    ToolSpec(name="read_text", doc="reads the words"),
)
NOTE = Note(id="e1", call=Call(name="read_text"), text="ok: SHOP\nTOTAL | RM 45.00\nDate:25/12/2018 10:22")
IMAGE = np.zeros((8, 8, 3), np.uint8)


def trained_on(v: Vocabulary, ids: list[int], loss: list[int]) -> str:
    return v.decode([i for i, counted in zip(ids, loss, strict=True) if counted])


def test_the_loss_covers_the_reply_and_nothing_else(vocabulary: Vocabulary) -> None:
    reply = Reply(thought="it stands there", answer="45.00", quote=True, cites=("e1",))
    dialogue = Dialogue(
        images=(IMAGE,),
        tools=TOOLS,
        notes=(NOTE,),
        branches=(Branch(question="What is the total?", reply=reply),),
    )
    rendered = render(dialogue, vocabulary, 4)
    ((ids, loss),) = rendered.branches
    assert trained_on(vocabulary, ids, loss) == "<think> it stands there<answer><quote>45.00<cite>e1<eos>"
    assert vocabulary.decode(ids[: loss.index(1)]) == "<user> What is the total?<reply>"
    shown = vocabulary.decode(rendered.prefix)
    assert shown == (
        "<bos><tools>detect(query: text) finds objects\nread_text() reads the words\n"
        "<image><image><image><image><note>e1read_text() ok: SHOP\nTOTAL | RM 45.00\nDate:25/12/2018 10:22"
    )


def test_calls_are_rendered_with_their_arguments(vocabulary: Vocabulary) -> None:
    calls = (
        Call(name="detect", args=(("query", "red circles"),)),
        Call(name="crop", args=(("region", "e3"),)),
    )
    ((ids, loss),) = render(
        Dialogue(branches=(Branch(question="?", reply=Reply(calls=calls)),)), vocabulary, 4
    ).branches
    assert trained_on(vocabulary, ids, loss) == '<call>detect(query=" red circles")<call>crop(region=e3)<eos>'
    assert vocabulary.note("e3") in ids


@pytest.mark.parametrize("word", ["e0", "e33", "e50", "e999999999", "e²", "e٣"])
def test_a_word_that_is_no_notes_id_is_text(vocabulary: Vocabulary, word: str) -> None:
    note = Note(id="e1", call=Call(name="detect", args=(("query", word),)), text="empty: 0 found")
    prefix = render(Dialogue(notes=(note,)), vocabulary, 4).prefix
    assert vocabulary.decode(prefix) == f'<bos><note>e1detect(query=" {word}") empty: 0 found'


def test_places_are_single_tokens_where_they_are_meant_and_text_where_not(vocabulary: Vocabulary) -> None:
    assert vocabulary.text("<07>", places=True) == [vocabulary.first_bin + 7]
    assert all(i >= vocabulary.first_text for i in vocabulary.text("<07>"))


def test_digits_stand_alone(vocabulary: Vocabulary) -> None:
    assert [vocabulary.decode([i]) for i in vocabulary.text("45.00")] == ["4", "5", ".", "0", "0"]


@given(st.text(max_size=40), st.sampled_from([*MARKS, "<07>", "<e1>"]), st.text(max_size=40))
def test_no_text_becomes_a_mark(vocabulary: Vocabulary, before: str, mark: str, after: str) -> None:
    text = before + mark + after
    assert min(vocabulary.text(text), default=vocabulary.first_text) >= vocabulary.first_text
    assert vocabulary.decode(vocabulary.text(text)) == text.encode("utf-8", "replace").decode()
    ids = question_ids(vocabulary, text)
    assert ids[0] == vocabulary.marks["user"]
    assert ids[-1] == vocabulary.marks["reply"]
    assert min(ids[1:-1]) >= vocabulary.first_text


def test_a_quotation_is_a_run_of_the_notes_own_tokens(vocabulary: Vocabulary) -> None:
    body = vocabulary.text(NOTE.text)
    for quoted in ("45.00", "25/12/2018", "SHOP"):
        mark, *run = quote_ids(vocabulary, quoted, [NOTE])
        assert mark == vocabulary.marks["quote"]
        assert any(body[i : i + len(run)] == run for i in range(len(body)))
        assert vocabulary.decode(run).strip() == quoted


def test_a_quotation_that_stands_nowhere_is_an_error(vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match=r"no note holds '99\.99'"):
        quote_ids(vocabulary, "99.99", [NOTE])


def test_the_tokenizer_survives_saving(vocabulary: Vocabulary, tmp_path) -> None:
    vocabulary.tokenizer.save_pretrained(tmp_path)
    again = Vocabulary.load(tmp_path)
    text = 'TOTAL | RM 45.00 <eos> "é"'
    assert again.text(text) == vocabulary.text(text)
    assert again.marks == vocabulary.marks
