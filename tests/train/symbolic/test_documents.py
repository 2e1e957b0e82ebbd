"""Episodes over documents and print: what the planner may say, and that it is true."""

import re
from itertools import islice

import numpy as np
import pytest

from sightline.planning.choices import pieces
from sightline.planning.grammar import reply_steps, written
from sightline.planning.situation import Situation
from sightline.planning.sql_relations import sql_relations
from sightline.train.symbolic.document_questions import Reading, read_document_step
from sightline.train.symbolic.documents import document_episodes, field_question, reading_of
from sightline.train.symbolic.documents_pages import Paper, read_page
from sightline.train.symbolic.documents_states import make_bill_paper, make_form_paper, make_invoice_paper
from sightline.train.symbolic.documents_words import filled_sections, make_hand, spread
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.mixer import real_specs
from sightline.train.symbolic.prints import make_print, print_episodes
from sightline.train.symbolic.prints import questions as print_questions
from sightline.types import Fields, TextLines

TOOLS = tuple(real_specs().values())


@pytest.fixture(scope="module")
def documents() -> list[Episode]:
    return list(islice(document_episodes(np.random.default_rng(7)), 36))


@pytest.fixture(scope="module")
def prints() -> list[Episode]:
    return list(islice(print_episodes(np.random.default_rng(8)), 120))


def _rounds(episodes: list[Episode]) -> list[tuple[Episode, Branch]]:
    return [(episode, branch) for episode in episodes for branch in episode.branches]


def test_every_reply_is_one_that_the_grammar_allows(documents: list[Episode], prints: list[Episode]) -> None:
    for episode, branch in _rounds([*documents, *prints]):
        evidence = (*episode.evidence, *branch.evidence)
        situation = Situation(question=branch.question, tools=TOOLS, evidence=evidence)
        pieces(written(branch.reply), reply_steps(situation, sql_relations(evidence, branch.question)))


def test_evidence_is_numbered_and_the_called_tools_are_needed(
    documents: list[Episode], prints: list[Episode]
) -> None:
    for episode, branch in _rounds([*documents, *prints]):
        evidence = (*episode.evidence, *branch.evidence)
        assert [e.id for e in evidence] == [f"e{n + 1}" for n in range(len(evidence))]
        called = {e.call.name for e in evidence[1:]}
        called |= set(re.findall(r"^[\w/]+: (\w+)\(", branch.reply))
        assert called <= set(episode.needs)


def test_fields_and_quotations_are_shown(documents: list[Episode], prints: list[Episode]) -> None:
    for episode, branch in _rounds([*documents, *prints]):
        by_id = {e.id: e.result for e in (*episode.evidence, *branch.evidence)}
        if found := re.search(r": field of (e\d): (.+)", branch.reply):
            payload = by_id[found[1]].payload
            assert isinstance(payload, Fields)
            for name in found[2].split(", "):
                assert [f.name for f in payload.items].count(name) == 1
                assert f"{name}: " in by_id[found[1]].to_text(860)
        elif found := re.search(r": quote of (e\d): (.+)", branch.reply):
            payload = by_id[found[1]].payload
            assert isinstance(payload, TextLines)
            words = " ".join(w for row in payload.rows for s in row for w in s.text.split())
            assert f" {found[2]} " in f" {words} "


def _printed(paper: Paper) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in (part for row in paper.rows for run in row.runs for part in run.parts):
        found.setdefault(name, []).append(" ".join(text.split()))
    return found


def _answered(reading: Reading, answer: str) -> str:
    words = answer.split(": ", 1)[1]
    if answer.startswith("quote"):
        return words
    return next(f.text for f in reading.fields.items if f.name == words)


@pytest.mark.parametrize("maker", [make_bill_paper, make_invoice_paper, make_form_paper])
def test_the_answer_is_what_is_printed(maker) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    answered = 0
    for _ in range(12):
        paper = maker(rng)
        read = read_page(paper, rng, 0.0)
        reading = reading_of(read, read_document_step(read))
        printed = _printed(paper)
        for name in paper.labels:
            if name not in paper.asks and name in ("count",):
                continue
            question, kind = field_question(rng, paper, name)
            course = reading.about(rng, name, question, kind, "document_field")
            if course is None:
                continue
            said = _answered(reading, course.answer)
            answered += 1
            bare = re.sub(r"[^\w]", "", said).casefold()
            truth = re.sub(r"[^\w]", "", " ".join(printed[name])).casefold()
            assert bare in truth, (name, said, printed[name])
            digits = re.sub(r"\D", "", said)
            assert digits == re.sub(r"\D", "", " ".join(printed[name]))
    assert answered > 40


def test_quotations_of_print_are_what_is_printed() -> None:
    rng = np.random.default_rng(5)
    quoted = 0
    for _ in range(60):
        paper = make_print(rng)
        read = read_page(paper, rng, 0.0)
        reading = reading_of(read, read_document_step(read))
        printed = {" ".join(texts) for texts in _printed(paper).values()}
        for course in print_questions(rng, reading):
            if course.task == "print_quote":
                assert course.answer.removeprefix("quote of e2: ") in printed
                quoted += 1
    assert quoted > 60


def test_alternatives_are_spread_from_the_inside() -> None:
    rng = np.random.default_rng(1)
    assert {spread("(a|(b|c))", rng) for _ in range(40)} == {"a", "b", "c"}


def test_every_slot_of_the_files_can_be_filled() -> None:
    from sightline.train.symbolic.documents_words import slot

    hand = make_hand(np.random.default_rng(0), "en")
    for name in ("documents_forms.txt", "documents_prints.txt", "documents_long.txt"):
        text = "\n".join(line for lines in filled_sections(name).values() for line in lines)
        for one in set(re.findall(r"\{(\w+)\}", text)):
            assert slot(one, np.random.default_rng(0), hand)


def test_the_same_seed_gives_the_same_episodes() -> None:
    first, second = (list(islice(print_episodes(np.random.default_rng(4)), 5)) for _ in range(2))
    assert first == second
    one, other = (next(document_episodes(np.random.default_rng(4))) for _ in range(2))
    assert one.branches == other.branches


def test_about_a_fifth_of_the_last_rounds_cannot_be_told(
    documents: list[Episode], prints: list[Episode]
) -> None:
    last = [b.reply for _, b in _rounds([*documents, *prints]) if not re.search(r"^[\w/]+: \w+\(", b.reply)]
    share = sum("cannot tell" in reply for reply in last) / len(last)
    assert 0.12 < share < 0.4
