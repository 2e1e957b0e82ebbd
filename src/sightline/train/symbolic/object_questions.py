"""Rounds of one question about objects: the calls, what they return, and the answer that points at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.random import Generator

from sightline.planning.phrases import LONGEST
from sightline.tools.count import compared
from sightline.train.symbolic.episode import Branch
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.object_wordings import expanded, lines, worded
from sightline.train.symbolic.objects import Noun, Stage, Value, evidence, relation, with_article
from sightline.train.worlds.dice import chance, pick, span
from sightline.types import Detection, Detections, Evidence, Facts, ToolResult

SEVERAL = (
    "More than one row returned by a subquery used as an expression - scalar subqueries can only return a "
    'single row. Use "SET scalar_subquery_error_on_multiple_rows=false" to revert to previous behavior of '
    "returning a random row."
)
"""What `query` says where a nested SELECT gives several rows."""

LATE = (
    "not answered within 20.0 s",
    "not loaded, or busy with other calls, within its time",
    "busy with other calls for 20.0 s",
    "no time left of 20 s",
    "still loading; a later call may find it ready",
)
BROKEN = (
    "the hash of detector.safetensors is not the one that detector.json records",
    "stopped: 1580 MB of memory, over its limit of 1536 MB",
    "the process was closed",
    "RuntimeError: CUDA out of memory",
    "OSError: [Errno 5] Input/output error",
)

FAILS = 0.04
"""Share of first calls that fail."""

Reply = tuple[str, tuple[Evidence, ...]]


class Ambiguous(Exception):
    """A phrase of one thing means several."""


@dataclass(kw_only=True)
class Rounds:
    """The rounds of all questions of an episode, and the tools that they need."""

    stage: Stage
    branches: list[Branch] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    @property
    def rng(self) -> Generator:
        """Where all choices come from."""
        return self.stage.rng

    def word(self, family: str, *nouns: Noun, **slots: object) -> tuple[str, str]:
        """A question, and the phrase of its first noun as it stands there."""
        given: dict[str, object] = dict(slots)
        for n, noun in enumerate(nouns):
            mark = str(n + 1) if n else ""
            given |= {f"one{mark}": noun.singular, f"many{mark}": noun.plural}
            given["abc"[n] if n < 3 else f"a{mark}"] = with_article(noun.singular)
            given[f"a{mark or 1}"] = with_article(noun.singular)
        question, line = worded(self.rng, family, self.stage.picture.medium, given)
        phrase = "" if not nouns else nouns[0].plural if "{many}" in line else nouns[0].singular
        return self.dressed(question, phrase)

    def dressed(self, question: str, phrase: str = "") -> tuple[str, str]:
        """A question as people write it, unless that loses the phrase, and the phrase in it."""
        said = noisy(question, self.rng) if chance(self.rng, 0.5) else question
        found = run_of(phrase, said) if phrase else ""
        return (said, found) if found or not phrase else (question, run_of(phrase, question) or phrase)

    def add(self, task: str, kind: str, question: str, replies: Sequence[Reply]) -> None:
        """The rounds of a question: each reply with the evidence that it is given at."""
        if question in self.asked:
            return
        self.asked.add(question)
        for n, (reply, given) in enumerate(replies):
            name = f"objects {task} {'call' if n == 0 else 'answer' if n == len(replies) - 1 else 'next'}"
            self.branches.append(
                Branch(question=question, reply=f"{kind}: {reply}", task=name, evidence=given)
            )
            if not reply.startswith(_REFERENCES):
                self.needs |= set(re.findall(r"(?:^|; )([a-z_]+)\(", reply))

    def refuse(self, task: str, kind: str, question: str, reason: str) -> None:
        """A question that is answered without a call."""
        if question not in self.asked:
            self.asked.add(question)
            self.branches.append(
                Branch(question=question, reply=f"{kind}: cannot tell: {reason}", task=f"objects {task}")
            )

    # Through `detect`.

    def by_detect(
        self,
        task: str,
        kind: str,
        asked: tuple[str, str],
        answer: Callable[[Detections], str],
        *,
        instead: str = "",
        rows: Sequence[Sequence[Value]] = (),
    ) -> None:
        """A question that one phrase answers.

        Args:
            task: its name.
            kind: of the answer.
            asked: the question and the phrase in it.
            answer: the reference for what was found; empty: no answer round.
            instead: the same as SQL, for where `detect` fails or does not know a word.
            rows: what that gives.
        """
        question, phrase = asked
        call, got = f'detect(query="{phrase}")', self.stage.picture.detect(phrase)
        if chance(self.rng, FAILS):
            got = failure(self.rng, "detect")
        first = evidence(2, "detect", {"query": phrase}, got)
        if got.status in ("ok", "empty"):
            assert isinstance(got.payload, Detections)
            reply = answer(got.payload)
            self.add(task, kind, question, [(call, ()), *([(reply, (first,))] if reply else [])])
        elif got.status == "unsupported" and not instead:
            self.add(f"{task} unknown", kind, question, [(call, ()), ("cannot tell: no tool", (first,))])
        else:
            self._again(task, kind, question, [(call, ())], first, phrase, instead, rows)

    def _again(
        self,
        task: str,
        kind: str,
        question: str,
        replies: list[Reply],
        first: Evidence,
        phrase: str,
        instead: str,
        rows: Sequence[Sequence[Value]],
    ) -> None:
        """After a call that failed: another tool, and what that says."""
        late = first.result.status != "unsupported"
        if late and kind == "number" and self.stage.picture.detect(phrase).status in ("ok", "empty"):
            call, second = f'count(query="{phrase}")', ("count", {"query": phrase})
            got, reply = self.stage.picture.count(phrase), "field of e3: count"
        elif instead:
            call, second = f"query(sql={instead})", ("query", {"sql": instead})
            got = relation((selected(instead),), rows, partial=self.stage.picture.everything.partial)
            reply = reference(got, rows, kind, "e3")
        else:
            replies.append(("cannot tell: failed", (first,)))
            self.add(f"{task} failed", kind, question, replies)
            return
        if late and chance(self.rng, 0.5):
            got, reply = failure(self.rng, second[0]), "cannot tell: failed"
        replies += [(call, (first,)), (reply, (first, evidence(3, *second, got)))]
        self.add(f"{task} {'again' if late else 'respelled'}", kind, question, replies)

    def by_runs(
        self,
        task: str,
        kind: str,
        question: str,
        runs: Sequence[str],
        answer: Callable[[Detections], str],
        sql: str,
        rows: Callable[[], Sequence[Sequence[Value]]] | Sequence[Sequence[Value]],
        *,
        expected: Sequence[Detection] | None = None,
    ) -> None:
        """A question that `detect` answers from words of it, or, where it does not read them so, `query`.

        Args:
            task: its name.
            kind: of the answer.
            question: as asked.
            runs: words of it that may say what to look for, the best first.
            answer: the reference for what was found.
            sql: the SELECT that answers it too; empty: none does, and the question is left out.
            rows: what that gives; may raise `Ambiguous`.
            expected: what the words mean; None where that is for `detect` to say.
        """
        for run in runs:
            got = self.stage.picture.detect(run)
            if not isinstance(got.payload, Detections):
                continue
            if expected is None or set(map(id, got.payload.items)) == set(map(id, expected)):
                given = () if callable(rows) else rows
                instead = "" if callable(rows) else sql
                self.by_detect(task, kind, (question, run), answer, instead=instead, rows=given)
                return
        if sql:
            self.by_query(task, kind, question, sql, rows)

    def by_comparison(self, task: str, question: str, nouns: Sequence[Noun], sql: str, value: bool) -> None:
        """Whether there are more of one kind than of another, by `count` where the words allow it."""
        run = run_over(question, [(noun.plural, noun.singular) for noun in nouns], before=_MORE)
        got = self.stage.picture.count(run) if run and compared(run) else None
        payload = got.payload if got else None
        if got is None or not isinstance(payload, Facts) or payload.items[0].value is not value:
            self.by_query(task, "yes/no", question, sql, [(value,)])
            return
        if chance(self.rng, FAILS):
            got = failure(self.rng, "count")
        reply = "value of e2" if got.status == "ok" else "cannot tell: failed"
        first = evidence(2, "count", {"query": run}, got)
        self.add(task, "yes/no", question, [(f'count(query="{run}")', ()), (reply, (first,))])

    # Through `query`.

    def by_query(
        self,
        task: str,
        kind: str,
        question: str,
        sql: str,
        rows: Callable[[], Sequence[Sequence[Value]]] | Sequence[Sequence[Value]],
        *,
        unit: str = "",
    ) -> None:
        """A question that one SELECT answers.

        Args:
            task: its name.
            kind: of the answer.
            question: as asked.
            sql: the SELECT.
            rows: what it gives, computed from the picture; may raise `Ambiguous`.
            unit: of its numbers.
        """
        call = f"query(sql={sql})"
        try:
            values = rows() if callable(rows) else rows
            got = relation((selected(sql),), values, unit, self.stage.picture.everything.partial)
            reply = reference(got, values, kind)
        except Ambiguous:
            got = ToolResult(status="error", message=SEVERAL, tool="query")
            reply = "cannot tell: ambiguous"
        if chance(self.rng, FAILS):
            got, reply = failure(self.rng, "query"), "cannot tell: failed"
            task = f"{task} failed"
        self.add(task, kind, question, [(call, ()), (reply, (evidence(2, "query", {"sql": sql}, got),))])

    def steps(self, task: str, kind: str, question: str, calls: Sequence[Sequence[Call]], reply: str) -> None:
        """A question of several rounds, whose calls and results are given."""
        replies: list[Reply] = []
        given: tuple[Evidence, ...] = ()
        for together in calls:
            replies.append(("; ".join(call.text for call in together), given))
            for call in together:
                given = (*given, evidence(len(given) + 2, call.name, dict(call.arguments), call.got))
        self.add(task, kind, question, [*replies, (reply, given)])


_REFERENCES = ("count of", "exists in", "value of", "color of", "size of", "place of", "label of", "field of",
               "quote of", "text of", "cannot tell")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as it is written, and what it returned."""

    name: str
    text: str
    arguments: Mapping[str, Any]
    got: ToolResult


def detect_call(stage: Stage, phrase: str) -> Call:
    """A call of `detect`."""
    text = f'detect(query="{phrase}")'
    return Call(name="detect", text=text, arguments={"query": phrase}, got=stage.picture.detect(phrase))


def failure(rng: Generator, tool: str) -> ToolResult:
    """A call that ended without a finding."""
    if chance(rng, 0.7):
        return ToolResult(status="timeout", message=pick(rng, LATE), tool=tool)
    return ToolResult(status="error", message=pick(rng, BROKEN), tool=tool)


def run_of(phrase: str, question: str) -> str:
    """The phrase as whole words of a question, in their own capitals; empty where it does not stand there."""
    found = re.search(rf"(?<!\w){re.escape(phrase)}(?![\w'])", question, re.IGNORECASE)
    return found.group() if found else ""


ARTICLES = r"(?:(?:the|an?|any|some|all) )?"
_MORE = (
    r"(?:(?:just |exactly )?as many |more |fewer |less |equally many |"
    r"(?:the same|an equal|a (?:larger|greater|smaller)) number of |number of (?:the )?)?"
)


def run_over(
    question: str, parts: Sequence[Sequence[str]], *, before: str = ARTICLES, after: str = ""
) -> str:
    """The words of a question from the first to the last of some parts; empty where one is not there.

    Args:
        question: its quotation marks are left out, as no call can take them.
        parts: the ways in which each may be said, the best first.
        before: a pattern of what is taken along before them.
        after: and behind them.
    """
    said, spans = question.replace('"', ""), []
    for ways in parts:
        ends = [
            found.span()
            for way in ways
            if way and (found := re.search(rf"(?<!\w){re.escape(way)}(?![\w'])", said, re.IGNORECASE))
        ]
        if not ends:
            return ""
        spans.append(ends[0])
    start, end = min(at for at, _ in spans), max(to for _, to in spans)
    lead = re.search(rf"(?<![\w']){before}$", said[:start], re.IGNORECASE)
    start = lead.start() if lead else start
    tail = re.match(after, said[end:], re.IGNORECASE)
    run = said[start : end + (tail.end() if tail else 0)]
    return run if len(run.split()) <= LONGEST else ""


def runs_from(question: str, start: str, most: int = 3) -> list[str]:
    """Runs of whole words of a question that begin with some words, the longest first."""
    found = re.search(rf"(?<!\w){re.escape(start)}(?![\w'])", question, re.IGNORECASE)
    if not found:
        return []
    words = list(re.finditer(r" [\w'-]+", question[found.end() :]))[:most]
    together = 0
    for word in words:
        if word.start() != (words[together - 1].end() if together else 0):
            break
        together += 1
    ends = [found.end(), *(found.end() + word.end() for word in words[:together])]
    return [question[found.start() : end] for end in reversed(ends)]


def selected(sql: str) -> str:
    """How `query` calls the one column of a SELECT; it is said where there are no rows."""
    column = sql.removeprefix("SELECT ")
    return column if column.startswith("(") else column.split(" FROM ")[0]


def reference(got: ToolResult, rows: Sequence[Sequence[Value]], kind: str, of: str = "e2") -> str:
    """The answer that a result of `query` gives."""
    if got.status == "empty":
        return "cannot tell: not there"
    if kind != "list" and len({tuple(row) for row in rows}) > 1:
        return "cannot tell: ambiguous"
    return f"value of {of}"


def the(things: Sequence[Detection], value: Callable[[Detection], Value]) -> Value:
    """A value of the one thing there is; None where there is none. Raises `Ambiguous` for several."""
    if len(things) > 1:
        raise Ambiguous
    return value(things[0]) if things else None


def numbers(rng: Generator, number: int) -> str:
    """A number in digits or, mostly where it is small, in words."""
    words = "zero one two three four five six seven eight nine ten eleven twelve".split()
    return words[number] if number < len(words) and chance(rng, 0.6) else str(number)


def suffixed(rng: Generator, question: str, right: int) -> str:
    """A question with an order before it, or with choices or orders behind it."""
    slots = [right, right + 1, max(right - 1, 0)] if chance(rng, 0.5) else [right + 2, right, right + 1]
    made = dict(zip(("n", "m", "k"), slots, strict=True)) | {"n": slots[0]}
    if chance(rng, 0.5):
        order = expanded(rng, pick(rng, lines()["orders"])).format(n=span(rng, 2, 99))
        return f"{order} {question}"
    return f"{question} {expanded(rng, pick(rng, lines()['suffixes'])).format(**made)}"


def one_of(value: Callable[[Detection], str], name: str) -> Callable[[Detections], str]:
    """The reference to what one thing has: nothing there, several that differ, or one value."""

    def answer(found: Detections) -> str:
        if not found.items:
            return "" if found.perhaps else "cannot tell: not there"
        same = len({value(one) for one in found.items}) == 1
        return f"{name} of e2" if same else "cannot tell: ambiguous"

    return answer
