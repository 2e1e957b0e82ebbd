"""A language model decides, within a grammar. What the grammar forces is appended without being asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sightline.planning.choices import Choice, Free, OneOf, Steps
from sightline.planning.tokens import Tokens

T = TypeVar("T")


class Session(Protocol):
    """A language model in the middle of one text. Not for use from two threads at once."""

    def start(self, tokens: Sequence[int]) -> None:
        """Begin with these tokens; what they share with the text before them is not read again."""
        ...

    def append(self, tokens: Sequence[int]) -> None:
        """Go on with these tokens."""
        ...

    def logits(self) -> NDArray[np.float32]:
        """float32[V]: of the token that comes next."""
        ...


class OutOfTime(Exception):
    """The deadline has passed in the middle of a reply."""


@dataclass(frozen=True)
class Decided(Generic[T]):
    """What a grammar returned, the text, the probability of all decisions, and how many tokens there were."""

    value: T
    text: str
    confidence: float
    tokens: int


class Decoder:
    """Greedy decoding with one model and its tokenizer."""

    def __init__(self, session: Session, tokens: Tokens) -> None:
        self._session, self._tokens = session, tokens

    def decide(self, prompt: Sequence[str], steps: Steps[T], *, deadline: float | None = None) -> Decided[T]:
        """What the model says after the pieces of `prompt`, within `steps`.

        Args:
            prompt: pieces, see `situation.prompt_parts`.
            steps: the grammar of the reply.
            deadline: on the clock of `time.monotonic`.

        Raises:
            OutOfTime: the deadline passed before the end.
        """
        self._session.start(self._tokens.pieces(prompt))
        run = _Run(self._session, self._tokens, deadline)
        text = ""
        try:
            choice = next(steps)
            while True:
                said = run.one_of(choice.options) if isinstance(choice, OneOf) else run.free(choice, self)
                text += said
                choice = steps.send(said)
        except StopIteration as stop:
            return Decided(stop.value, text, float(np.exp(run.logprob)), run.count)

    @cached_property
    def texts(self) -> dict[int, str]:
        """The tokens that are text, and their texts."""
        plain = (i for i in range(self._tokens.size) if i not in self._tokens.special)
        return {i: text for i in plain if (text := self._tokens.decode([i]))}

    def plain(self, stop: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tokens that a free text may hold, and those that end it: `stop` and nothing after."""
        plain = [i for i, text in self.texts.items() if stop not in text and text.isprintable()]
        return np.array(plain), np.array([i for i, text in self.texts.items() if text == stop])


class _Run:
    """One reply while it is decoded."""

    def __init__(self, session: Session, tokens: Tokens, deadline: float | None) -> None:
        self.session, self.tokens, self.deadline = session, tokens, deadline
        self.logprob, self.count = 0.0, 0

    def one_of(self, options: Sequence[str]) -> str:
        """The likeliest of some texts, token by token."""
        alive = {option: self.tokens.piece(option) for option in options}
        depth = 0
        while True:
            done = [option for option, ids in alive.items() if len(ids) == depth]
            nexts = sorted({ids[depth] for ids in alive.values() if len(ids) > depth})
            if not nexts:
                return done[0]
            if len(alive) == 1:
                self._append(
                    alive[options[0]][depth:] if options[0] in alive else next(iter(alive.values()))[depth:]
                )
                return next(iter(alive))
            token = nexts[0] if len(nexts) == 1 and not done else self._choose(nexts, may_end=bool(done))
            if token is None:
                return done[0]
            self._append([token])
            alive = {o: ids for o, ids in alive.items() if len(ids) > depth and ids[depth] == token}
            depth += 1

    def free(self, choice: Free, decoder: Decoder) -> str:
        """Any text up to its end."""
        plain, ends = decoder.plain(choice.stop)
        said: list[int] = []
        for _ in range(choice.most):
            token = self._choose([*plain.tolist(), *ends.tolist()], may_end=False)
            assert token is not None
            self._append([token])
            if token in ends:
                return self.tokens.decode(said) + choice.stop
            said.append(token)
        self._append(self.tokens.piece(choice.stop))
        return self.tokens.decode(said) + choice.stop

    def _choose(self, nexts: Sequence[int], *, may_end: bool) -> int | None:
        """The likeliest of some tokens; None where the text more likely ends here, all else being its end."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise OutOfTime
        logits = self.session.logits().astype(np.float64)
        own = logits[list(nexts)]
        whole = _log_sum(logits) if may_end else _log_sum(own)
        best = int(own.argmax())
        if may_end:
            ends = np.log(max(-np.expm1(_log_sum(own) - whole), 1e-12))
            if ends > own[best] - whole:
                self.logprob += float(ends)
                return None
        self.logprob += float(own[best] - whole)
        return nexts[best]

    def _append(self, tokens: Sequence[int]) -> None:
        self.session.append(tokens)
        self.count += len(tokens)


def _log_sum(values: NDArray[np.float64]) -> float:
    most = values.max()
    return float(most + np.log(np.exp(values - most).sum()))


def alternatives(made: Sequence[tuple[Choice, str]], tokens: Tokens) -> list[tuple[int, ...]]:
    """Of each token of a reply: the tokens that its grammar allows there, itself among them.

    Empty where nothing else is allowed, and in free text. Where an option ends and longer ones go on, their
    tokens are alternatives to the first token of what comes next.

    Args:
        made: the reply, see `choices.choices_made`.
        tokens: of the model.
    """
    found: list[tuple[int, ...]] = []
    longer: set[int] = set()
    for choice, piece in made:
        said = tokens.piece(piece)
        if isinstance(choice, Free):
            found += [()] * len(said)
            longer = set()
            continue
        alive = [tokens.piece(option) for option in choice.options]
        for depth, token in enumerate(said):
            allowed = {ids[depth] for ids in alive if len(ids) > depth} | longer | {token}
            found.append(tuple(sorted(allowed)) if len(allowed) > 1 else ())
            alive = [ids for ids in alive if len(ids) > depth and ids[depth] == token]
            longer = set()
        longer = {ids[len(said)] for ids in alive if len(ids) > len(said)}
    return found
