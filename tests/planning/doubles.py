"""A small tokenizer, a language model of seeded chance, a scripted one, and a few situations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sightline.planning.choices import NotAllowed, pieces
from sightline.planning.grammar import Reply, reply_steps, written
from sightline.planning.situation import MARKS, Situation
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tool_spec import Argument, ToolSpec
from sightline.types import (
    Box,
    Cell,
    Detection,
    Detections,
    DocumentField,
    Evidence,
    Fields,
    Finding,
    Frame,
    Table,
    TextLines,
    TextSpan,
    ToolCall,
    ToolResult,
)
from sightline.types.overview import Medium, Overview

TEXTS = [
    "number: detect(query= red circles)",
    "How many of the teams in the table have more points than the others?",
    'money: query(sql=SELECT "Team", sum(value) FROM "table" WHERE x = \'circle\' ORDER BY x DESC LIMIT 1)',
    "text: quote of e2: TOTAL RM 45.00 ; yes/no: exists in e3 ; color: cannot tell: not there",
] * 10

FRAME = Frame(image="0" * 64, width=400, height=200)


def tokenizer() -> Tokenizer:
    """Byte-level, with the two marks, as SmolLM's."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", *MARKS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


class Chance:
    """A session whose logits are a function of its seed and of how many were asked for."""

    def __init__(self, seed: int, size: int) -> None:
        self._rng, self._size = np.random.default_rng(seed), size
        self.ids: list[int] = []

    def start(self, tokens: Sequence[int]) -> None:
        self.ids = list(tokens)

    def append(self, tokens: Sequence[int]) -> None:
        self.ids += tokens

    def logits(self) -> NDArray[np.float32]:
        return (3 * self._rng.standard_normal(self._size)).astype(np.float32)


class Wanting:
    """A session that wants to say these tokens, whatever it has read: all but certain of each."""

    def __init__(self, wanted: Sequence[int], size: int) -> None:
        self._wanted, self._size, self._said = list(wanted), size, 0
        self.asked = 0

    def start(self, tokens: Sequence[int]) -> None:
        self._said = 0

    def append(self, tokens: Sequence[int]) -> None:
        self._said += len(tokens)

    def logits(self) -> NDArray[np.float32]:
        self.asked += 1
        wish = np.zeros(self._size, np.float32)
        wish[self._wanted[self._said]] = 20
        return wish


def box(x: float = 10, y: float = 10, side: float = 40) -> Box:
    return Box(x1=x, y1=y, x2=x + side, y2=y + side, frame=FRAME)


def done(number: int, name: str, payload: Finding | None, status: str = "ok", **arguments: str) -> Evidence:
    """A finished call."""
    message = "" if status in ("ok", "empty") else "it broke"
    result = ToolResult.model_validate(
        {"status": status, "payload": payload, "message": message, "tool": name}
    )
    return Evidence(
        id=f"e{number}", step=0, call=ToolCall(name=name, arguments=dict(arguments)), result=result
    )


def looked(*labels: str, medium: Medium = "photo") -> Evidence:
    seen = tuple(Detection(label=label, score=0.9, box=box()) for label in labels)
    return done(1, "look", Overview(region=box(0, 0, 200), medium=medium, objects=seen))


def objects(*colors: str, label: str = "square", perhaps: int = 0) -> Detections:
    """Squares from left to right, of these colors; the last of them only perhaps."""
    made = [
        Detection(label=label, score=0.8, box=box(60 * i), attributes={"color": color})
        for i, color in enumerate(colors)
    ]
    sure = len(made) - perhaps
    return Detections(query="squares", items=tuple(made[:sure]), perhaps=tuple(made[sure:]))


def page(*rows: tuple[str, ...]) -> TextLines:
    return TextLines(
        rows=tuple(
            tuple(TextSpan(text=text, score=0.9, box=box(60 * i, 20 * y, 15)) for i, text in enumerate(row))
            for y, row in enumerate(rows)
        )
    )


def fields(**texts: str) -> Fields:
    return Fields(
        items=tuple(
            DocumentField(name=name.replace("_", " "), text=text, score=0.9, box=box(0, 20 * i, 15))
            for i, (name, text) in enumerate(texts.items())
        )
    )


def table(*rows: tuple[str, ...]) -> Table:
    """Its first row names the columns."""
    return Table(
        header_rows=1,
        rows=tuple(
            tuple(Cell(text=text, box=box(60 * i, 20 * y, 15)) for i, text in enumerate(row))
            for y, row in enumerate(rows)
        ),
    )


TEAMS = table(
    ("Team", "Points", "Won on"),
    ("Reds", "31", "2 May 2020"),
    ("Blues", "28", "3 May 2020"),
    ("O'Hara's", "7", ""),
)

PHRASE = Argument(name="query", kind="phrase")
TOOLS = (
    ToolSpec(name="look", doc="Looks"),
    ToolSpec(name="detect", doc="Finds objects", params=(PHRASE,)),
    ToolSpec(name="crop", params=(Argument(name="region", kind="region"),)),
    ToolSpec(
        name="measure",
        params=(
            Argument(name="regions", kind="regions"),
            Argument(name="what", kind="choice", required=False, options=("distance", "overlap")),
        ),
    ),
    ToolSpec(name="read_text", params=(Argument(name="region", kind="region", required=False),)),
    ToolSpec(name="read_table"),
    ToolSpec(name="enlarge", params=(Argument(name="times", kind="number"),)),
    ToolSpec(name="calculate", params=(Argument(name="expression", kind="text"),)),
    ToolSpec(name="trace", params=(Argument(name="along", kind="points"),)),
    ToolSpec(name="query", params=(Argument(name="sql", kind="sql"),)),
)


def asked(
    question: str,
    *evidence: Evidence,
    kind: str = "",
    must_answer: bool = False,
    tools: tuple[ToolSpec, ...] = TOOLS,
) -> Situation:
    return Situation(question=question, tools=tools, evidence=evidence, kind=kind, must_answer=must_answer)


def parsed(situation: Situation, reply: str) -> Reply:
    """What a reply, as people write it, means there. Raises `NotAllowed`."""
    relations = sql_relations(situation.evidence, situation.question)
    return pieces(written(reply), reply_steps(situation, relations))[1]


def allowed(situation: Situation, reply: str) -> bool:
    try:
        parsed(situation, reply)
    except NotAllowed:
        return False
    return True
