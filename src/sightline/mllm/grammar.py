"""What a reply may be, token by token: a call always parses, a quotation stands in a note to the letter.

A grammar is a coroutine: it yields the ids that may come next and is sent the one that was chosen.
It ends when the reply does. `parse` reads a finished reply back.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import torch
from torch import Tensor

from sightline.mllm.chat import Call, Note, Reply, ToolSpec
from sightline.mllm.tokenizer import Vocabulary

Steps = Generator[Tensor, int, None]

MAX_CALLS = 4
MAX_THOUGHT = 96
MAX_VALUE = 24
"""Tokens of a text argument."""


class ReplyGrammar:
    """The replies that are open to a model that sees `tools` and `notes`.

    Args:
        vocabulary: of the model.
        tools: what may be called; none, or `must_answer`, leaves answers alone.
        notes: what may be quoted and cited, and handed to a tool as a region. Where they name places, a
            thought names no others.
        question: whose words a `phrase` argument is made of.
        must_answer: no more calls.
        max_answer: tokens of an answer in the model's own words.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        tools: Sequence[ToolSpec] = (),
        notes: Sequence[Note] = (),
        question: str = "",
        must_answer: bool = False,
        max_answer: int = 160,
    ) -> None:
        self.v = vocabulary
        self.marks = vocabulary.marks
        self.tools = () if must_answer else tuple(tools)
        self.notes = [(vocabulary.note(note.id), _body(vocabulary, note)) for note in notes]
        self.max_answer = max_answer
        text = vocabulary.texts
        self.text = torch.tensor([*range(vocabulary.first_bin, vocabulary.first_note), *text])
        self.value = vocabulary.plain
        plain = set(self.value.tolist())
        ids, spans = vocabulary.spans(f" {question}")
        self.words = {i: t for i, t in enumerate(ids) if t in plain}
        self.inside = _goes_on(f" {question}", spans)
        self.word_starts = {
            i
            for i, (a, b) in enumerate(spans)
            if i in self.words and f" {question}"[a:b].lstrip()[:1].isalnum()
        } - self.inside
        self.thought = (
            torch.cat([_ids(*_places(vocabulary, notes)), torch.tensor([*text])]) if notes else self.text
        )
        self.quote_mark = vocabulary.text('"')

    def steps(self) -> Steps:
        """The coroutine: yields int[N] of the ids open next, is sent the chosen id."""
        callable_tools = [tool for tool in self.tools if self._can_call(tool)]
        openings = [self.marks["answer"], *([self.marks["call"]] if callable_tools else [])]
        token = yield _ids(self.marks["think"], *openings)
        if token == self.marks["think"]:
            token = yield self.thought
            for _ in range(MAX_THOUGHT):
                token = yield torch.cat([self.thought, _ids(*openings)])
                if token in openings:
                    break
            else:
                token = yield _ids(*openings)
        if token == self.marks["call"]:
            yield from self._calls(callable_tools)
        else:
            yield from self._answer()

    def _calls(self, tools: Sequence[ToolSpec]) -> Steps:
        for number in range(1, MAX_CALLS + 1):
            tool = yield from self._tool(tools)
            for i, (name, kind) in enumerate(tool.params):
                yield from _forced(self.v.text(f"{', ' if i else ''}{name}="))
                if kind == "region":
                    yield _ids(*(note for note, _ in self.notes))
                elif kind == "phrase":
                    yield from self._phrase()
                else:
                    yield from self._value()
            yield from _forced(self.v.text(")"))
            more = [self.marks["call"]] if number < MAX_CALLS else []
            token = yield _ids(self.marks["eos"], *more)
            if token == self.marks["eos"]:
                return

    def _tool(self, tools: Sequence[ToolSpec]) -> Generator[Tensor, int, ToolSpec]:
        """One of the tools' names and the bracket after it, letter by letter of their tree."""
        paths = [(tool, [*self.v.text(tool.name), *self.v.text("(")]) for tool in tools]
        depth = 0
        while True:
            token = yield _ids(*{path[depth] for _, path in paths})
            depth += 1
            paths = [(tool, path) for tool, path in paths if path[depth - 1] == token]
            for tool, path in paths:
                if len(path) == depth:
                    return tool

    def _value(self) -> Steps:
        yield from _forced(self.quote_mark)
        end = _ids(*self.quote_mark)
        yield self.value
        for _ in range(MAX_VALUE):
            token = yield torch.cat([self.value, end])
            if token == int(end):
                return
        yield end

    def _can_call(self, tool: ToolSpec) -> bool:
        """Whether there is something to hand over: a note for a region, a word for a phrase."""
        kinds = {kind for _, kind in tool.params}
        return ("region" not in kinds or bool(self.notes)) and (
            "phrase" not in kinds or bool(self.word_starts)
        )

    def _phrase(self) -> Steps:
        """A run of whole words of the question, between quotation marks."""
        yield from _forced(self.quote_mark)
        at = sorted(self.word_starts)
        token = yield _ids(*{self.words[i] for i in at})
        while token != self.quote_mark[0]:
            at = [i + 1 for i in at if self.words.get(i) == token]
            ends = any(i not in self.inside for i in at)
            close = self.quote_mark if ends else []
            token = yield _ids(*close, *{self.words[i] for i in at if i in self.words})

    def _answer(self) -> Steps:
        closing = [self.marks["eos"], *([self.marks["cite"]] if self.notes else [])]
        opening = [self.marks["quote"]] if any(body for _, body in self.notes) else []
        token = yield torch.cat([self.text, _ids(*opening)])
        if token == self.marks["quote"]:
            token = yield from self._quotation(closing)
        else:
            for _ in range(self.max_answer):
                token = yield torch.cat([self.text, _ids(*closing)])
                if token in closing:
                    break
            else:
                token = yield _ids(*closing)
        if token == self.marks["cite"]:
            yield from self._cites()

    def _quotation(self, closing: Sequence[int]) -> Generator[Tensor, int, int]:
        """A run of one note's own tokens. Returns the mark that closes it."""
        heads = [(body, at) for _, body in self.notes for at in range(len(body))]
        token = yield _ids(*{body[at] for body, at in heads})
        while token not in closing:
            heads = [(body, at + 1) for body, at in heads if at < len(body) and body[at] == token]
            token = yield _ids(*{body[at] for body, at in heads if at < len(body)}, *closing)
        return token

    def _cites(self) -> Steps:
        left = {note for note, _ in self.notes}
        token = yield _ids(*left)
        while token != self.marks["eos"]:
            left.discard(token)
            token = yield _ids(self.marks["eos"], *left)


def _goes_on(text: str, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Which of the tokens that stand for these parts of `text` go on with a word that began before them."""
    joined = (text[a:b][:1].isalnum() and text[max(a - 1, 0) : a].isalnum() for a, b in spans)
    return {i for i, goes_on in enumerate(joined) if goes_on}


def _places(v: Vocabulary, notes: Sequence[Note]) -> set[int]:
    """The coordinate bins that the notes name."""
    ids = {i for note in notes if note.places for i in v.text(note.text, places=True)}
    return {i for i in ids if v.first_bin <= i < v.first_note}


def _body(v: Vocabulary, note: Note) -> list[int]:
    """What of a note may be quoted: its text, where that holds no coordinates."""
    return [] if note.places else v.text(note.text)


def _ids(*ids: int) -> Tensor:
    return torch.tensor(sorted(ids), dtype=torch.long)


def _forced(ids: Iterable[int]) -> Steps:
    for index in ids:
        yield _ids(index)


def parse(ids: Sequence[int], v: Vocabulary, tools: Sequence[ToolSpec]) -> Reply:
    """A finished reply's ids, with or without `<eos>`, as a `Reply`.

    Raises `ValueError` for what the grammar does not allow.
    """
    marks = v.marks
    rest = [i for i in ids if i != marks["eos"]]
    thought = ""
    if rest and rest[0] == marks["think"]:
        end = next(
            (i for i, token in enumerate(rest) if token in (marks["call"], marks["answer"])), len(rest)
        )
        thought, rest = v.decode(rest[1:end]).strip(), rest[end:]
    if rest and rest[0] == marks["call"]:
        by_name = {tool.name: tool for tool in tools}
        calls = tuple(_parse_call(v.decode(part), by_name) for part in _split(rest, marks["call"])[1:])
        return Reply(thought=thought, calls=calls)
    if not rest or rest[0] != marks["answer"]:
        raise ValueError(f"neither a call nor an answer: {v.decode(ids)!r}")
    body, *cited = _split(rest[1:], marks["cite"])
    quote = bool(body) and body[0] == marks["quote"]
    answer = v.decode(body[1:] if quote else body).strip()
    cites = tuple(v.decode([token]) for token in cited[0]) if cited else ()
    return Reply(thought=thought, answer=answer, quote=quote, cites=cites)


def _split(ids: Sequence[int], mark: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for index in ids:
        if index == mark:
            parts.append([])
        else:
            parts[-1].append(index)
    return parts


def _parse_call(text: str, tools: dict[str, ToolSpec]) -> Call:
    name, bracket, rest = text.partition("(")
    if name not in tools or not bracket or not rest.endswith(")"):
        raise ValueError(f"not a call of a known tool: {text!r}")
    args, rest = [], rest[:-1]
    for i, (param, kind) in enumerate(tools[name].params):
        opening = f"{', ' if i else ''}{param}="
        if not rest.startswith(opening):
            raise ValueError(f"{name} wants {param}: {text!r}")
        rest = rest[len(opening) :]
        if kind == "region":
            value, rest = rest[: len(rest.split(",")[0])], rest[len(rest.split(",")[0]) :]
        else:
            value, _, rest = rest[1:].partition('"')
        args.append((param, value.strip()))
    return Call(name=name, args=tuple(args))
