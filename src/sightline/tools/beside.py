"""How things are to stand to others, as a phrase says it: `left of the star`, `bigger than`, `nearest to`.

Positions are those of the boxes' centers, in px of the picture, and sizes are those of the boxes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightline.tools.places import center_distance
from sightline.types import Box

Holds = Callable[[Box, Box], bool]
Measure = Callable[[Box], float]

_X: Measure = lambda box: box.center[0]  # noqa: E731
_Y: Measure = lambda box: box.center[1]  # noqa: E731
_AREA: Measure = lambda box: box.area  # noqa: E731
_WIDTH: Measure = lambda box: box.width  # noqa: E731
_HEIGHT: Measure = lambda box: box.height  # noqa: E731


def _less(measure: Measure) -> Holds:
    return lambda a, b: measure(a) < measure(b)


def _more(measure: Measure) -> Holds:
    return lambda a, b: measure(a) > measure(b)


def _inside(a: Box, b: Box) -> bool:
    """Whether the middle of the one lies in the other, as that of a cup does on a table."""
    x, y = a.center
    return b.x1 <= x <= b.x2 and b.y1 <= y <= b.y2


_THE = "the|an?|this|that|these|those|its|his|her|my"
_PARTS = r"(?:far|very|left|right|top|bottom|upper|lower|middle|center|centre)\b"
_FAR = "(?:further|farther|more)"
_SIDE = r"(?:(?:to|on|at|towards) )?(?:the )?{}(?: hand)?(?: side)? (?:of|from)"
_WORDS: dict[str, Holds] = {
    rf"(?:{_SIDE.format('left')}|{_FAR} (?:to the )?left than)": _less(_X),
    rf"(?:{_SIDE.format('right')}|{_FAR} (?:to the )?right than)": _more(_X),
    rf"(?:above|over|(?:higher|{_FAR})(?: up)? than)": _less(_Y),
    rf"(?:below|beneath|under|underneath|lower(?: down)? than|{_FAR} down than)": _more(_Y),
    r"(?:bigger|larger) than": _more(_AREA),
    r"smaller than": _less(_AREA),
    r"taller than": _more(_HEIGHT),
    r"shorter than": _less(_HEIGHT),
    r"wider than": _more(_WIDTH),
    r"narrower than": _less(_WIDTH),
    rf"(?:on top of|inside(?: of)?|within|(?:in|on)(?= (?:{_THE}) (?!{_PARTS})))": _inside,
}
"""A pattern of words -> what the box of the one thing is to that of the other."""

_ANY = re.compile(rf" (?:{'|'.join(f'(?P<r{n}>{said})' for n, said in enumerate(_WORDS))}) (?=\S)")
_BETWEEN = re.compile(r" (?:in )?between (?P<one>.+?) and (?P<other>.+)$")
_NEAREST = re.compile(
    r"(?P<what>(?: .+?)?) (?:the )?(?:nearest|closest) (?:(?P<more>.+?) )?to (?P<other>(?!the camera).+)$"
)
_VERBS = re.compile(
    r"(?: (?:that|which|who|is|are|was|were|be|been|being|lie|lies|lying|stand|stands|standing|sit|sits|"
    r"sitting|hang|hangs|hanging|appear|appears|placed|located|positioned|situated|drawn|painted|found|seen|"
    r"shown|put|set|there|to|can|you|do|i|we|see|somewhere|anywhere|really|actually|directly|just|look|"
    r"looks|comes?|it|here))+$"
)
"""What may stand between a thing and how it stands: `the dog that is`, `the dog lies`."""


@dataclass(frozen=True)
class Beside:
    """Words of a phrase set apart: the thing, the others that it stands to, and how.

    Args:
        what: the thing's words; empty where none are said.
        others: the words of each of the others.
        holds: whether a box stands so to one of each; None for the nearest of all.
    """

    what: str
    others: tuple[str, ...]
    holds: Callable[[Box, Sequence[Box]], bool] | None


def beside(words: str) -> Beside | None:
    """The first relation that words name, each word after a space; None where they name none."""
    found = _ANY.search(words)
    between = _BETWEEN.search(words)
    if between and (not found or between.start() < found.start()):
        return Beside(_thing(words[: between.start()]), _padded(between["one"], between["other"]), _between)
    nearest = _NEAREST.search(words)
    if nearest and (not found or nearest.start("other") < found.start()):
        what = _thing(nearest["what"]) + (f" {nearest['more']}" if nearest["more"] else "")
        return Beside(what, _padded(nearest["other"]), None)
    if not found:
        return None
    holds = list(_WORDS.values())[int(str(found.lastgroup)[1:])]
    return Beside(
        _thing(words[: found.start()]),
        _padded(words[found.end() :]),
        lambda box, others: holds(box, others[0]),
    )


def _thing(words: str) -> str:
    return _VERBS.sub("", words)


def _padded(*words: str) -> tuple[str, ...]:
    return tuple(f" {said.strip()}" for said in words)


def _between(box: Box, others: Sequence[Box]) -> bool:
    """Along the side on which the two others are further apart."""
    a, b = others
    apart = abs(_X(a) - _X(b)), abs(_Y(a) - _Y(b))
    measure = _X if apart[0] >= apart[1] else _Y
    low, high = sorted((measure(a), measure(b)))
    return low < measure(box) < high


def nearest(boxes: Sequence[Box], others: Sequence[Box]) -> int | None:
    """Which of the boxes has its center nearest to that of any of the others, itself aside."""
    best: tuple[float, int] | None = None
    for n, box in enumerate(boxes):
        ways = [center_distance(box, other) for other in others if other is not box]
        if ways and (best is None or min(ways) < best[0]):
            best = min(ways), n
    return best[1] if best else None
