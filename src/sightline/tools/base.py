"""What every tool is: a named callable whose signature is its schema.

    class Brightness(Tool):
        name = "brightness"

        def __call__(self, picture: Picture, region: Box | None = None) -> float:
            '''Measures how bright a region is, from 0 to 1.

Args:
                region: where to look; else everywhere
            '''

A tool returns a finding of `sightline.types`, or a number, a bool or a text, which becomes one fact. What it
cannot do it raises: `InputError` for an argument that makes no sense, `Unsupported` for what it has no way
to tell. All else (time limits, checking arguments and results, catching, caching) is done outside, once, by
`guard.run`. `function_tool.tool` makes a tool of a plain function.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from sightline.errors import SightlineError
from sightline.images import Picture
from sightline.tools.signature import InQuestion, Parameter, Signature, signature_of

__all__ = ["LongText", "Parameter", "Phrase", "Picture", "Text", "Tool", "Unsupported"]

Text = str
"""Free text, 1 to `signature.LONGEST_TEXT` characters."""

LongText = Annotated[str, StringConstraints(max_length=4000)]
"""Free text that may be longer: a query, a document."""

Phrase = Annotated[str, InQuestion()]
"""Text in the words of the question: how our planner is held to what was asked."""


class Unsupported(SightlineError):
    """A tool has no way to tell what it was asked. The message names what it knows instead."""


class Tool:
    """One skill. Making one loads nothing; the first call (or `warm`) does.

    A subclass has a `name` and a `__call__(self, picture, ...)` whose parameters, types and docstring say
    what it takes. Parameters are of the types that `signature` lists; boxes come in the picture's frame.
    """

    name: str

    reads: str = ""
    """The medium of the pictures that it reads as a whole (see `types.Medium`); empty where there is none."""

    __call__: Any

    @property
    def version(self) -> str:
        """Of the library behind the tool, such as `rapidocr 3.4.2`; empty where there is none.

        Results are kept under version and weights: a setting that changes them belongs in here.
        """
        return ""

    @property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where there are none."""
        return ""

    @property
    def keeps_results(self) -> bool:
        """Whether a result stays true for the same picture, so that it may be kept by a cache."""
        return True

    @property
    def signature(self) -> Signature:
        """What the tool takes."""
        return signature_of(type(self).__call__)

    @property
    def doc(self) -> str:
        """In one line, what it does: the first line of the docstring of `__call__`."""
        return self.signature.doc

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its arguments, in their order."""
        return self.signature.parameters

    def covers(self) -> str:
        """In one line, what it can do with the weights at hand, and what not (for `sightline tools`)."""
        return self.doc

    def warm(self) -> None:
        """Load now what the first call would load. Raises `WeightsError` where weights are missing."""

    def close(self) -> None:
        """Free memory and processes; a later call sets up again."""
