"""Who answers an evaluation: the whole agent, our model alone, or the agent with an oracle for a detector.

Each is a context and a callable (images, question, choices, examples) -> (text, extras), the extras being
JSON, with `settings` that tell its answers from others'. Evaluation does not know the agent: the command line
hands these in. So it does with the judge, a chat server.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from sightline.agent.agent import Agent
from sightline.agent.budget import Budget
from sightline.agent.builder import default_planner, embedded_tools
from sightline.agent.questions import clean_question
from sightline.errors import ConfigError, InputError, SightlineError
from sightline.images import ImageStore, load_image
from sightline.tools.attributes import measure
from sightline.tools.base import Phrase, Picture, Tool, Unsupported
from sightline.tools.nouns import resolve
from sightline.types import Answer, Box, Detection, Detections, Frame, map_box

if TYPE_CHECKING:
    from sightline.mllm.reasoner import Reasoner

Image: TypeAlias = Path | bytes
Said = tuple[str, dict[str, Any]]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def with_choices(question: str, choices: Sequence[str]) -> str:
    """The question on one line, its options lettered from A. Raises `QuestionError` where it is too long."""
    options = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return clean_question(" ".join([question, *options]))


class AgentAnswerer:
    """The agent with its tools (`tools=True`), none, or an oracle in the detector's place.

    Args:
        tools: False: the planner has to answer from the picture.
        oracle: stands in for `detect`.
        seconds: of one run.
    """

    def __init__(
        self, *, tools: bool = True, oracle: OracleDetector | None = None, seconds: float = 60.0
    ) -> None:
        store = ImageStore()
        chosen: dict[str, Tool] = embedded_tools(store) if tools else {}
        if oracle is not None:
            chosen[oracle.name] = oracle
        self._planner = default_planner()
        self._agent = Agent(self._planner, chosen, Budget(seconds=seconds), store=store)

    def __enter__(self) -> AgentAnswerer:
        """Load what the first question would load, so that its time is its own."""
        self._agent.warm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._agent.close()

    @property
    def settings(self) -> dict[str, Any]:
        """The hashes of the model and of each tool (its version where it has no weights)."""
        tools = [f"{name}:{tool.weights or tool.version}" for name, tool in sorted(self._agent.tools.items())]
        return {"kind": "agent", "model": self._planner.weights[:16], "tools": tools}

    def __call__(
        self, images: Sequence[Image], question: str, choices: Sequence[str], examples: Sequence[object]
    ) -> Said:
        """One run. Raises `InputError` for what the agent does not take, `SightlineError` where it failed."""
        if len(images) != 1 or examples:
            raise InputError(f"the agent takes one image, not {len(images)}, and no examples")
        answer = self._agent.run(load_image(images[0]), with_choices(question, choices))
        if answer.status == "failed":
            raise SightlineError(answer.message)
        return answer.text, _extras(answer)


def _extras(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "confidence": round(answer.confidence, 4),
        "calls": [
            f"{e.call.name}({e.call.arguments.get('query', '')}): {e.result.status}" for e in answer.evidence
        ],
        "boxes": [[round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)] for b in answer.boxes],
        "steps": answer.usage.steps,
        "message": answer.message,
    }


class ModelAnswerer:
    """Our model without a controller: pictures and question in, its one reply out.

    Args:
        reasoner: None for the embedded weights.
        seconds: of one reply; one that is cut short is `cannot tell`.
    """

    def __init__(self, reasoner: Reasoner | None = None, *, seconds: float = 60.0) -> None:
        from sightline.mllm.reasoner import Reasoner

        self._reasoner = reasoner or Reasoner.load()
        self._seconds = seconds

    def __enter__(self) -> ModelAnswerer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to free."""

    @property
    def settings(self) -> dict[str, Any]:
        """The hash of the model's weights."""
        return {"kind": "bare model", "model": self._reasoner.weights[:16]}

    def __call__(
        self, images: Sequence[Image], question: str, choices: Sequence[str], examples: Sequence[object]
    ) -> Said:
        """One reply, with the probability of its answer. Raises `InputError` for examples."""
        if examples:
            raise InputError("the bare model takes no examples")
        said = self._reasoner.reply(
            images=[load_image(image).pixels for image in images],
            tools=(),
            notes=(),
            question=with_choices(question, choices),
            must_answer=True,
            deadline=time.monotonic() + self._seconds,
        )
        extras = {
            "thought": said.reply.thought,
            "confidence": round(said.confidence, 4),
            "tokens": said.tokens,
        }
        return said.reply.answer or "", extras


# The oracle.


@dataclass(frozen=True, kw_only=True)
class GoldBox:
    """What a suite knows about an image: XYXY in px of the whole image, and attributes if it names them."""

    label: str
    corners: tuple[float, float, float, float]
    attributes: dict[str, str] = field(default_factory=dict)


Gold = Mapping[str, Sequence[GoldBox]]
"""The boxes of each image, by the hash of its pixels."""


def gold_boxes(states: Iterable[tuple[Image, Mapping[str, Any] | None]]) -> Gold:
    """The boxes that the rows of a suite carry: an image and its `state`, whose `boxes` are dicts.

    Raises `ConfigError` where no row carries any, or one that cannot be read.
    """
    found: dict[str, list[GoldBox]] = {}
    for image, state in states:
        if state is not None and "boxes" in state:
            found[load_image(image).frame.image] = [_gold_box(box) for box in state["boxes"]]
    if not found:
        raise ConfigError("the rows of this suite carry no boxes for an oracle to read")
    return found


def _gold_box(box: Mapping[str, Any]) -> GoldBox:
    try:
        x1, y1, x2, y2 = map(float, box["box"])
        attributes = {str(k): str(v) for k, v in box.get("attributes", {}).items()}
        return GoldBox(label=str(box["label"]), corners=(x1, y1, x2, y2), attributes=attributes)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a box of a state: {box!r}") from error


class OracleDetector(Tool):
    """The tool `detect`, right by construction: it reads the boxes that the suite knows.

    What a query means is decided as our detector decides it, over the labels of the whole suite.

    Args:
        gold: what it knows.
        labels: that there are beside those of `gold`.
    """

    name = "detect"
    version = "oracle"

    def __init__(self, gold: Gold, labels: Iterable[str] = ()) -> None:
        self._gold = gold
        self._classes = tuple(sorted({*labels, *(box.label for boxes in gold.values() for box in boxes)}))

    def covers(self) -> str:
        """What it knows, in one line."""
        return f"knows the boxes of {len(self._gold)} images: {', '.join(self._classes)}"

    def __call__(self, picture: Picture, query: Phrase) -> Detections:
        """Finds objects and where they are.

        Args:
            query: what to look for, such as: small red circles
        """
        boxes = self._gold.get(picture.frame.image)
        if boxes is None:
            raise ConfigError("the suite knows nothing about this image")
        wanted = resolve(query, self._classes)
        if isinstance(wanted, str):
            raise Unsupported(f'no class for "{wanted[:60]}"; it knows {", ".join(self._classes)}')
        seen = [_seen(box, picture) for box in boxes]
        items = wanted.choose([d for d in seen if d.box.area])
        return Detections(query=query, items=items)


def _seen(box: GoldBox, picture: Picture) -> Detection:
    """A gold box in the picture's frame; attributes that the suite does not name are measured."""
    to = picture.frame
    whole = Frame(image=to.image, width=10**6, height=10**6)  # its size does not matter to `map_box`
    x1, y1, x2, y2 = box.corners
    at = map_box(Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=whole), to)
    attributes = box.attributes or (measure(picture.pixels, at) if at.area else {})
    return Detection(label=box.label, score=1.0, box=at, attributes=attributes)
