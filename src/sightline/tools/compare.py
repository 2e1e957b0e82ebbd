"""compare(regions, what?): how alike two regions are in color, size and structure, and a verdict.

Structure is compared as shapes on their ground, both brought to one size: how far each pixel's color is
from that of the region's rim, so that a red circle and a blue one are alike.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import Literal

from sightline.errors import InputError
from sightline.tools.attributes import thing_colors
from sightline.tools.base import Picture, Tool
from sightline.tools.colors import Color, color_difference
from sightline.tools.looks import colors, patch, shared_colors, ssim, structure
from sightline.types import Box, Fact, Facts

What = Literal["all", "color", "size", "structure"]

NOT_NOTICED = 2.3
"""CIE76 below which two colors look the same (Mahy et al. 1994)."""

OTHER_COLOR = 20.0
"""CIE76 from which two colors have different names: in drawn scenes, 99 % of like-named things lie closer
than 18 and 99 % of others further than 30."""

ALIKE_FROM, UNLIKE_TO = 0.6, 0.4
"""SSIM from which structures are alike, and to which they are not; between them it is unclear."""

SAME_SIZE = 1.15
"""Sides that differ by no more than this factor are alike."""

_MARGIN = 0.06
"""Of the longer side: what is looked at around a tight box, so that the rim shows the ground."""


class Comparer(Tool):
    """The tool `compare`."""

    name = "compare"

    @cached_property
    def version(self) -> str:
        """Of the library behind it."""
        return f"opencv {version('opencv-python-headless')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return "two regions of one picture by color (CIE76), size and structure (SSIM); not two pictures"

    def __call__(self, picture: Picture, regions: tuple[Box, ...], what: What = "all") -> Facts:
        """Compares two regions: color, size, structure.

        Args:
            regions: the two to compare
            what: else everything
        """
        if len(regions) != 2:
            raise InputError(f"compare takes two regions, not {len(regions)}")
        return Facts(items=_facts(picture, *regions, what))


def _facts(picture: Picture, a: Box, b: Box, what: str) -> tuple[Fact, ...]:
    """What was asked for; of `all`, the verdict first."""
    verdicts: dict[str, str] = {}
    facts: list[Fact] = []
    for name, look in (("color", _color), ("size", _size), ("structure", _structure)):
        if what in ("all", name):
            verdicts[name], made = look(picture, a, b)
            facts += made
    return (_verdict(verdicts, a, b), *facts)


def _verdict(verdicts: dict[str, str], a: Box, b: Box) -> Fact:
    """`different` where one part is, else `unclear` where one part is, else `alike`."""
    said = next((word for word in ("different", "unclear") if word in verdicts.values()), "alike")
    why = ", ".join(f"{name} {verdict}" for name, verdict in verdicts.items())
    return Fact(name="1 and 2 are", value=f"{said} ({why})", of=(a, b))


def _color(picture: Picture, a: Box, b: Box) -> tuple[str, list[Fact]]:
    first, second = (thing_colors(picture.pixels, box)[0] for box in (a, b))
    away = color_difference(first.rgb, second.rgb)
    shared = shared_colors(colors(patch(picture.pixels, a)), colors(patch(picture.pixels, b)))
    verdict = "the same" if away < NOT_NOTICED else "alike" if away < OTHER_COLOR else "different"
    return verdict, [
        Fact(name="color of 1", value=_named(first), of=(a,)),
        Fact(name="color of 2", value=_named(second), of=(b,)),
        Fact(name="color difference", value=round(away, 1), unit="CIE76", of=(a, b)),
        Fact(name="colors in common, ground included", value=round(100 * shared, 1), unit="%", of=(a, b)),
    ]


def _named(color: Color) -> str:
    return f"{color.name} {color.code}"


def _size(picture: Picture, a: Box, b: Box) -> tuple[str, list[Fact]]:
    ratios = (b.width / a.width, b.height / a.height)
    same = all(1 / SAME_SIZE <= ratio <= SAME_SIZE for ratio in ratios)
    return "alike" if same else "different", [
        Fact(name="area of 2 to area of 1", value=round(b.area / a.area, 3), of=(a, b)),
        Fact(name="width of 2 to width of 1", value=round(ratios[0], 3), of=(a, b)),
        Fact(name="height of 2 to height of 1", value=round(ratios[1], 3), of=(a, b)),
    ]


def _structure(picture: Picture, a: Box, b: Box) -> tuple[str, list[Fact]]:
    likeness = ssim(*(structure(patch(picture.pixels, _wider(box))) for box in (a, b)))
    verdict = "alike" if likeness >= ALIKE_FROM else "different" if likeness <= UNLIKE_TO else "unclear"
    return verdict, [Fact(name="structure in common (SSIM)", value=round(likeness, 3), of=(a, b))]


def _wider(box: Box) -> Box:
    margin = _MARGIN * max(box.width, box.height)
    return Box.clipped(box.x1 - margin, box.y1 - margin, box.x2 + margin, box.y2 + margin, box.frame)
