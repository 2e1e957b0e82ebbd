"""caption(region?, detail?) and ask(question, region?): a picture in words.

A caption is made of what the other experts found, objects with their places and lines of text, so that
every word of it stands on a box. Where a model that sees is handed in (a `Speaker`), it says the caption in
its own words; and `ask`, which has nothing else, needs one.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from sightline.errors import WeightsError
from sightline.images import Pixels
from sightline.tools.base import Parameter, Picture, Tool, finish, why_refused
from sightline.tools.crop import cut
from sightline.tools.places import mapped, place_of
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import Box, Caption, Detection, Detections, Status, TextLines, ToolResult, map_box

EVERYTHING = "objects"
"""What the detector is asked for."""

MOST_LINES = 40
MOST_THINGS = 40
"""Said one by one; of the rest, how many there are."""

SIDE = 448
"""px. A smaller region is enlarged to this before a speaker sees it."""

Spoken = tuple[str, float | None]
"""What a model says, and its probability where it gives one."""


class Speaker(Protocol):
    """A model that looks at one picture and speaks."""

    @property
    def version(self) -> str:
        """Of the library or the model."""
        ...

    @property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where they are not known."""
        ...

    def covers(self) -> str:
        """In one line, what it is and what it can be trusted with."""
        ...

    def __call__(self, pixels: Pixels, question: str | None, deadline: float) -> Spoken:
        """A reply about uint8[H, W, 3] RGB; `question` None asks for a description.

        `deadline` is on `time.monotonic`. An empty text: it cannot tell. Raises `WorkerTimeout`,
        `WorkerFailed` or `WeightsError`.
        """
        ...

    def warm(self) -> None:
        """Load. Raises `WeightsError`."""
        ...

    def close(self) -> None:
        """Free memory and processes."""
        ...


class Captioner:
    """The expert `caption`."""

    name = "caption"
    doc = "describes the image or a region"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="region", kind="region", doc="what to describe; else everything", required=False),
        Parameter(
            name="detail",
            kind="choice",
            doc="short: counts; full: each thing with its place; else full",
            required=False,
            options=("short", "full"),
        ),
    )

    def __init__(self, detector: Tool, reader: Tool, speaker: Speaker | None = None) -> None:
        """Describe by `detector` and `reader`, or by `speaker` where there is one."""
        self._detector, self._reader, self._speaker = detector, reader, speaker

    @property
    def version(self) -> str:
        """Of those that it stands on."""
        if self._speaker:
            return self._speaker.version
        return f"{self._detector.version}, {self._reader.version}"

    @property
    def weights(self) -> str:
        """Of those that it stands on."""
        if self._speaker:
            return self._speaker.weights
        return f"{self._detector.weights}+{self._reader.weights}"

    def covers(self) -> str:
        """In one line, what its captions stand on."""
        if self._speaker:
            return f"captions by a model: {self._speaker.covers()}"
        return f"says what others find and no more: {self._detector.covers()}; {self._reader.covers()}"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """A description of the picture or of its region."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        region = _region(picture, arguments.get("region"))
        if isinstance(region, str):
            return finish(self, started, "refused", message=region)
        if self._speaker:
            return _spoken(self, self._speaker, picture, region, None, started, timeout_s)
        seen = _see(self._detector, self._reader, picture, region, started + timeout_s)
        if isinstance(seen, ToolResult):
            return finish(self, started, seen.status, message=seen.message)
        text = describe(seen, region, full=arguments.get("detail") != "short")
        sure = min((d.score for d in seen.things), default=None)
        found = bool(seen.things or seen.lines)
        payload = Caption(text=text, region=region, confidence=sure)
        return finish(self, started, "ok" if found else "empty", payload)

    def warm(self) -> None:
        """Load what it stands on. Raises `WeightsError`."""
        for part in (self._speaker,) if self._speaker else (self._detector, self._reader):
            part.warm()

    def close(self) -> None:
        """Close what it stands on."""
        for part in (self._speaker,) if self._speaker else (self._detector, self._reader):
            part.close()


class Asker:
    """The expert `ask`: a question to a model that sees, about the picture or a region of it."""

    name = "ask"
    doc = "asks a model that sees the image"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="question", kind="text", doc="what to ask"),
        Parameter(name="region", kind="region", doc="what to look at; else everything", required=False),
    )

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    @property
    def version(self) -> str:
        """The speaker's."""
        return self._speaker.version

    @property
    def weights(self) -> str:
        """The speaker's."""
        return self._speaker.weights

    def covers(self) -> str:
        """What the speaker can be trusted with."""
        return self._speaker.covers()

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """The model's reply, a claim: `unsupported` where it cannot tell."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        region = _region(picture, arguments.get("region"))
        if isinstance(region, str):
            return finish(self, started, "refused", message=region)
        return _spoken(self, self._speaker, picture, region, arguments["question"], started, timeout_s)

    def warm(self) -> None:
        """Raises `WeightsError`."""
        self._speaker.warm()

    def close(self) -> None:
        """Close the speaker."""
        self._speaker.close()


def _region(picture: Picture, asked: Box | None) -> Box | str:
    """The region in the picture's frame, the whole of it where none is asked for; a `str` says why not."""
    frame = picture.frame
    if asked is None:
        return Box(x1=0, y1=0, x2=frame.width, y2=frame.height, frame=frame)
    boxes = mapped((asked,), picture)
    return boxes.replace("region 1", "the region") if isinstance(boxes, str) else boxes[0]


def _spoken(
    tool: Tool,
    speaker: Speaker,
    picture: Picture,
    region: Box,
    question: str | None,
    started: float,
    timeout_s: float,
) -> ToolResult:
    """What the speaker says of the region, as a result of `tool`."""
    part = cut(picture, region, at_least=SIDE)
    try:
        text, confidence = speaker(part.pixels, question, started + timeout_s)
    except WorkerTimeout as error:
        return finish(tool, started, "timeout", message=str(error))
    except (WorkerFailed, WeightsError) as error:
        return finish(tool, started, "error", message=str(error))
    if not text.strip():
        return finish(tool, started, "unsupported", message="the model says that it cannot tell")
    return finish(tool, started, "ok", Caption(text=text.strip(), region=region, confidence=confidence))


# Descriptions from what was found.


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the experts found in a region. `unknown` says in words what none of them could tell."""

    things: tuple[Detection, ...] = ()
    lines: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def _see(detector: Tool, reader: Tool, picture: Picture, region: Box, deadline: float) -> Seen | ToolResult:
    """What both experts find; where both fail, the detector's result."""
    part = cut(picture, region, at_least=0)
    left = max(deadline - time.monotonic(), 0.0)
    objects = detector.run(part, {"query": EVERYTHING}, timeout_s=left)
    left = max(deadline - time.monotonic(), 0.0)
    texts = reader.run(part, {}, timeout_s=left)
    failed = [result for result in (objects, texts) if result.status not in ("ok", "empty")]
    if len(failed) == 2:
        return ToolResult(status=_worse(failed), message=f"objects: {objects.message}; text: {texts.message}")
    things = objects.payload.items if isinstance(objects.payload, Detections) else ()
    rows = texts.payload.rows if isinstance(texts.payload, TextLines) else ()
    unknown = [
        f"{name} not known: {result.message}"
        for name, result in (("objects", objects), ("text", texts))
        if result in failed
    ]
    carried = tuple(d.model_copy(update={"box": map_box(d.box, region.frame)}) for d in things)
    lines = tuple(" ".join(span.text for span in row) for row in rows)
    return Seen(things=carried, lines=lines, unknown=tuple(unknown))


def _worse(failed: list[ToolResult]) -> Status:
    """The status of two failures: `unsupported` only where both are."""
    statuses = {result.status for result in failed}
    return statuses.pop() if len(statuses) == 1 else "error"


def describe(seen: Seen, region: Box, *, full: bool) -> str:
    """A description of `region`: what was found, where, what is written, and what could not be told.

    Such as `2 objects: a small red circle at the top left, a large blue star at the centre; text: "SALE"`.
    """
    parts = []
    if seen.things or not any(word.startswith("objects") for word in seen.unknown):
        parts.append(_objects(seen.things, region, full))
    if seen.lines:
        parts.append("text: " + _quoted(seen.lines, full))
    elif not any(word.startswith("text") for word in seen.unknown):
        parts.append("no text")
    return "; ".join([*parts, *seen.unknown])


def _objects(things: tuple[Detection, ...], region: Box, full: bool) -> str:
    if not things:
        return "no object that the detector knows"
    head = f"{len(things)} object" + ("s" if len(things) > 1 else "")
    if full:
        order = sorted(things, key=lambda d: (round(d.box.center[1] / region.height * 8), d.box.center[0]))
        said = [f"{_article(d.name())} {_at(_within(d.box, region))}" for d in order[:MOST_THINGS]]
    else:
        counts = Counter(d.name() for d in things)
        said = [f"{n} × {name}" if n > 1 else _article(name) for name, n in counts.most_common(MOST_THINGS)]
    more = len(things) - MOST_THINGS
    return f"{head}: {', '.join(said)}" + (f" and {more} more" if full and more > 0 else "")


def _quoted(lines: tuple[str, ...], full: bool) -> str:
    shown = lines[: MOST_LINES if full else 3]
    more = len(lines) - len(shown)
    return " / ".join(f'"{line}"' for line in shown) + (f" and {more} more lines" if more else "")


def _within(box: Box, region: Box) -> Box:
    """The box as seen in the region alone, so that places are those of the region."""
    frame = region.frame.model_copy(
        update={"width": max(round(region.width), 1), "height": max(round(region.height), 1)}
    )
    x, y = region.x1, region.y1
    return Box.clipped(box.x1 - x, box.y1 - y, box.x2 - x, box.y2 - y, frame)


def _at(box: Box) -> str:
    place = place_of(box)
    return "in the centre" if place == "centre" else f"at the {place}"


def _article(name: str) -> str:
    return ("an " if name[:1].lower() in "aeiou" else "a ") + name
