"""caption(region?, detail?) and ask(question, region?): a picture in words.

A caption is the description that `describe` composes of what other tools found, so that every word of it
stands on a box. Where a model that sees is handed in (a `Speaker`), it says the caption in its own words; and
`ask`, which has nothing else, needs one.
"""

from __future__ import annotations

from typing import Literal, Protocol

from sightline.images import Pixels
from sightline.tools.base import Picture, Tool, Unsupported
from sightline.tools.crop import cut
from sightline.tools.describe import Describer
from sightline.types import Box, Caption, ToolResult

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

    def __call__(self, pixels: Pixels, question: str | None) -> Spoken:
        """A reply about uint8[H, W, 3] RGB; `question` None asks for a description.

        It keeps to the time of the call (`clock.seconds_left`). An empty text: it cannot tell. Raises
        `WorkerTimeout`, `WorkerFailed` or `WeightsError`.
        """
        ...

    def warm(self) -> None:
        """Load. Raises `WeightsError`."""
        ...

    def close(self) -> None:
        """Free memory and processes."""
        ...


class Captioner(Tool):
    """The tool `caption`."""

    name = "caption"

    def __init__(self, detector: Tool, reader: Tool, speaker: Speaker | None = None) -> None:
        """Describe by `detector` and `reader`, or by `speaker` where there is one."""
        self._detector, self._reader, self._speaker = detector, reader, speaker
        self._describer = Describer(detector, reader)

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
        return f"says what other tools find and no more: {self._detector.covers()}; {self._reader.covers()}"

    def __call__(
        self, picture: Picture, region: Box | None = None, detail: Literal["short", "full"] = "full"
    ) -> Caption | ToolResult:
        """Describes the image or a region.

        Args:
            region: what to describe; else everything
            detail: short for counts, full for each thing with its place
        """
        if self._speaker:
            return _spoken(self._speaker, picture, region or Box.whole(picture.frame), None)
        seen = self._describer(picture, region, detail)
        caption = Caption(
            text=seen.text,
            region=region or Box.whole(picture.frame),
            confidence=seen.score,
            partial=seen.partial,
        )
        return ToolResult(status="empty" if seen.is_empty else "ok", payload=caption)

    def warm(self) -> None:
        """Load what it stands on. Raises `WeightsError`."""
        for part in (self._speaker,) if self._speaker else (self._detector, self._reader):
            part.warm()

    def close(self) -> None:
        """Close what it stands on."""
        for part in (self._speaker,) if self._speaker else (self._detector, self._reader):
            part.close()


class Asker(Tool):
    """The tool `ask`: a question to a model that sees, about the picture or a region of it."""

    name = "ask"

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

    def __call__(self, picture: Picture, question: str, region: Box | None = None) -> Caption:
        """Asks a model that sees the image.

        Its reply is a claim; `unsupported` where it cannot tell.

        Args:
            question: what to ask
            region: what to look at; else everything
        """
        return _spoken(self._speaker, picture, region or Box.whole(picture.frame), question)

    def warm(self) -> None:
        """Raises `WeightsError`."""
        self._speaker.warm()

    def close(self) -> None:
        """Close the speaker."""
        self._speaker.close()


def _spoken(speaker: Speaker, picture: Picture, region: Box, question: str | None) -> Caption:
    """What the speaker says of the region. Raises `Unsupported` where it cannot tell."""
    part = cut(picture, region, at_least=SIDE)
    text, confidence = speaker(part.pixels, question)
    if not text.strip():
        raise Unsupported("the model says that it cannot tell")
    return Caption(text=text.strip(), region=region, confidence=confidence)
