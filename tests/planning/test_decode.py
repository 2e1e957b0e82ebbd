"""The decoder: whatever the model wants, the reply is of the grammar; what it wants of it, it says."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from tests.planning.doubles import Chance, Wanting, asked, done, looked, objects, tokenizer

from sightline.planning import decode
from sightline.planning.choices import END, Free, OneOf, Steps, pieces
from sightline.planning.decode import Decoder, OutOfTime
from sightline.planning.grammar import Reply, reply_steps, written
from sightline.planning.situation import MARKS, Situation, prompt_parts
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tokens import Tokens
from sightline.train.symbolic.batches import situation_of
from sightline.train.symbolic.mixture import sources

SOURCES = ("photos", "documents", "tables", "invented")


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(tokenizer())


@cache
def worlds() -> tuple[tuple[Situation, str], ...]:
    """Situations of all kinds of pictures, and the right reply to each: of an episode, a few rounds."""
    rng = np.random.default_rng(5)
    kinds = {source.name: source.make for source in sources()}
    found = []
    for name in SOURCES:
        mine: list[tuple[Situation, str]] = []
        while len(mine) < 52:
            episode, tools = kinds[name](rng)
            for n in rng.permutation(len(episode.branches))[:5]:
                branch = episode.branches[int(n)]
                mine.append((situation_of(episode, tools, branch), branch.reply))
        found += mine
    return tuple(found)


def steps_of(situation: Situation) -> Steps[Reply]:
    return reply_steps(situation, sql_relations(situation.evidence, situation.question))


def test_chance_always_ends_in_a_reply_that_parses(tokens: Tokens) -> None:
    assert len(worlds()) >= 200
    said = Counter[str]()
    for seed, (situation, _) in enumerate(worlds()):
        session = Chance(seed, tokens.size)
        told = Decoder(session, tokens).decide(prompt_parts(situation), steps_of(situation))
        _, value = pieces(told.text, steps_of(situation))
        assert value == told.value
        assert 0 <= told.confidence <= 1
        assert tokens.decode(session.ids).endswith(told.text)
        assert told.text.endswith(END)
        said["calls" if told.value.calls else "cannot tell" if told.value.reason else "reference"] += 1
    assert min(said[kind] for kind in ("calls", "cannot tell", "reference")) >= 3


def test_what_the_model_wants_it_says(tokens: Tokens) -> None:
    """The right reply of a generator, token by token: the decoder adds nothing and asks for less."""
    for situation, reply in worlds():
        cut, value = pieces(written(reply), steps_of(situation))
        session = Wanting(tokens.pieces(cut), tokens.size)
        told = Decoder(session, tokens).decide(prompt_parts(situation), steps_of(situation))
        assert told.text == written(reply)
        assert told.value == value
        assert told.tokens == len(tokens.pieces(cut))
        assert session.asked <= told.tokens
        assert told.confidence > 0.9


# Small grammars.


def one_of(*options: str) -> Steps[str]:
    return (yield OneOf(options))


def test_what_is_forced_is_not_asked_for(tokens: Tokens) -> None:
    session = Wanting([], tokens.size)
    told = Decoder(session, tokens).decide(("a",), one_of("only this"))
    assert (told.value, session.asked, told.confidence) == ("only this", 0, 1.0)
    assert told.tokens == len(tokens.piece("only this"))


@pytest.mark.parametrize("wish", ["1", "12", "123", "2"])
def test_an_option_that_begins_another_can_be_meant(tokens: Tokens, wish: str) -> None:
    def steps() -> Steps[str]:
        said = yield OneOf(("1", "12", "123", "2"))
        yield OneOf((")",))
        return said

    session = Wanting([*tokens.piece(wish), *tokens.piece(")")], tokens.size)
    told = Decoder(session, tokens).decide(("a",), steps())
    assert (told.value, told.text) == (wish, f"{wish})")
    assert told.confidence > 0.9


def test_the_confidence_is_the_product_of_what_was_chosen(tokens: Tokens) -> None:
    class Even(Wanting):
        def logits(self) -> np.ndarray:
            return np.zeros(self._size, np.float32)

    first = {tokens.piece(text)[0] for text in ("a", "b", "c", "d")}
    assert len(first) == 4
    told = Decoder(Even([], tokens.size), tokens).decide(("x",), one_of("a", "b", "c", "d"))
    assert told.confidence == pytest.approx(0.25)


def free(most: int = 6) -> Steps[str]:
    said = yield Free(stop='"', most=most)
    yield OneOf((END,))
    return said


def test_a_free_text_ends_at_its_stop(tokens: Tokens) -> None:
    session = Wanting([*tokens.piece("12 * 3"), *tokens.piece('"')], tokens.size)
    told = Decoder(session, tokens).decide(("x",), free(most=20))
    assert told.text == f'12 * 3"{END}'


def test_a_free_text_is_cut_where_it_is_too_long(tokens: Tokens) -> None:
    session = Wanting(tokens.piece("x" * 50), tokens.size)
    told = Decoder(session, tokens).decide(("x",), free(most=6))
    assert told.value.endswith('"')
    assert told.tokens == 6 + 2


def test_a_free_text_holds_no_mark(tokens: Tokens) -> None:
    marks = [tokens.piece(mark)[0] for mark in MARKS]
    for mark in marks:
        session = Wanting([mark] * 20, tokens.size)
        told = Decoder(session, tokens).decide(("x",), free())
        assert not any(text in told.value for text in MARKS)


@pytest.mark.parametrize("seed", range(40))
def test_a_free_text_of_chance_parses(tokens: Tokens, seed: int) -> None:
    session = Chance(seed, tokens.size)
    told = Decoder(session, tokens).decide(("x",), free(most=12))
    assert pieces(told.text, free())[1] == told.value
    assert "\n" not in told.text


def test_the_deadline_ends_a_reply(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    world = asked("How many?", looked("cup"), done(2, "detect", objects("red"), query="many"))
    decoder = Decoder(Chance(0, tokens.size), tokens)

    class Clock:
        now = 0.0

        @classmethod
        def monotonic(cls) -> float:
            cls.now += 1
            return cls.now

    monkeypatch.setattr(decode, "time", Clock)
    with pytest.raises(OutOfTime):
        decoder.decide(prompt_parts(world), steps_of(world), deadline=1.5)
    assert decoder.decide(prompt_parts(world), steps_of(world), deadline=1e6).text
    assert decoder.decide(prompt_parts(world), steps_of(world)).text
