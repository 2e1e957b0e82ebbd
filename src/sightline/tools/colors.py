"""Names of colors: the eleven basic color terms (Berlin and Kay 1969), as people use them.

A color is called by the nearest of some 180 anchors in CIE Lab. Most anchors come from the XKCD survey
(222,500 people naming colors on their screens, 2010; public domain): of its names that end in a basic term
and hold no other ("pale green", not "bluish green"), the centers of k-means, a dozen a term. The survey has
few blacks, whites and grays, so those are set here, with tints: the border to the chromatic names lies at a
chroma of 10 to 20, since what is gray or black in a photograph takes on the color of the light. (Under one
lamp people set it at 6 to 8, and part black from gray at L* 28 and gray from white at 80: Benavente, Vanrell
and Baldrich 2008.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]

COLORS: dict[str, RGB] = {
    "red": (214, 38, 40),
    "orange": (245, 130, 22),
    "yellow": (248, 212, 40),
    "green": (46, 158, 70),
    "blue": (36, 92, 206),
    "purple": (132, 58, 172),
    "pink": (245, 132, 186),
    "brown": (122, 72, 36),
    "black": (26, 26, 28),
    "gray": (128, 128, 128),
    "white": (250, 250, 250),
}
"""A typical color of each term, sRGB 0..255: those that drawn scenes are painted with, white and gray."""

_ANCHORS = {
    "red": "7b0323 850e04 9f2305 a50055 be013c bb3f3f ec2d01 fe0002 ff073a db5856 ff474c 640a0a 5d121f "
    "601c1a 7a2426",
    "orange": "c65102 dc4d01 c87606 fe4b03 ff5b00 d8863b f0833a fb7d07 ff964f ffa756 fdaa48 ffc896 ffd3a5",
    "yellow": "d5b60a c7c10c fec615 ddd618 d0e429 ffda03 fce166 cfff04 fffd01 fffe40 fffe7a f0e68c ffffb4 "
    "eedf9a a8941e b08c1c 9a8a40",
    "green": "0b4008 4b5d16 677a04 3f9b0b 3d9973 5fa052 94ac02 33b864 76cd26 a6c875 3ae57f 21fc0d 53fe5c "
    "8ffe09 a9f971 bcf5a6 90fda9 06280c 2c4a32 3f4a1e 6b8a5e 88a87c c0dcb4 04785f 6fcfa5 1f3d14",
    "blue": "000133 00035b 0504aa 004577 021bf9 0343df 3b719f 4e7496 3778bf 3f829d 247afd 8f99fb 8ab8fe "
    "04d9ff b1d1fc 7bf2da c6fcff 1c2f4a 66809f 9dbbd3 26405e 2850b4",
    "purple": "35063e 4b006e 5d1451 a00498 84597e a442a0 bc13fe a66fb5 c071fe ca9bf7 f6cefc 3b2a48 7a6a94 "
    "d4c2e6 9070d8",
    "pink": "cb0162 ff0490 fe02a2 cc7a8b ff6163 f6688e fb5ffc fe828c fe83cc ffb7ce ffd1df e8b4b4 f4dcdc",
    "brown": "1d0200 410200 411900 653700 8b3103 7a5901 836539 7d7103 ac7e04 ab7e4c c4a661 a0805f 5c4432 "
    "3c2a20 c8a888 d2b48c 8a6f5a b29678 7a4023",
    "black": "000000 1a1a1c 2d2d2d 141824 261a18 16201a 2e2824 24282e 25140f 211018",
    "gray": "505050 646464 808080 a0a0a0 bebebe cccccc 5f6468 8c9298 aab2ba 706a64 948c84 b8b0a4 544e48 "
    "707c8c 98a4b2 6c6878 8a8698 5c6874",
    "white": "ffffff f0f0f0 dedede f8f4ec eef2f8 f2f8f0 f6f0f2 e6e2d8 e0dcc4 faf0e6 fff5ee dde3e8",
}
"""sRGB in hex."""

TERMS = tuple(COLORS)
"""The names, in the order of their numbers in `terms_of`."""

_BITS = 5
"""Of each channel in the table of names: steps of 8 levels, which are hardly noticed."""


_ROOM = 1.6
"""How much brighter: two thirds of a stop, on 123 things in 100 photographs as good as 1.4 and 1.8."""

_DARK = (40.0, 60.0)
"""L* up to which a photograph's colors are named as they are, and from which they are brightened in full."""


_FLAT, _DRAWN_FROM = 1, 0.4
"""Levels within which neighbouring pixels are the same, and the share of such from which a thing is drawn:
of 143 things in photographs 8 have so many, of 158 shapes drawn without noise all."""


@dataclass(frozen=True, kw_only=True)
class Color:
    """One color of a region or a thing: its name, the median of what is called so (sRGB), its share, 0..1."""

    name: str
    rgb: RGB
    share: float

    @property
    def code(self) -> str:
        """Such as `#d62628`."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)


def color_name(rgb: RGB) -> str:
    """The basic term for an sRGB color, 0..255."""
    return TERMS[int(_nearest(np.array([rgb]))[0])]


def terms_of(pixels: NDArray[np.uint8], *, photo: bool) -> NDArray[np.uint8]:
    """The numbers in `TERMS` of uint8[..., 3] sRGB pixels, to 8 levels: uint8[...].

    In a photograph what is not dark is named as if it were brighter: its white things are gray on a screen,
    and its yellow and orange ones brown, since an exposure leaves room for lamps and the sky.
    """
    return _table(photo)[cells_of(pixels)]


def is_drawn(pixels: NDArray[np.uint8], neighbours: NDArray[np.uint8]) -> bool:
    """Whether pixels are painted flat, as no camera sees them: most are like their neighbours."""
    apart = np.abs(pixels.astype(np.int16) - neighbours).max(-1, initial=0)
    return bool((apart <= _FLAT).mean() >= _DRAWN_FROM) if apart.size else True


def cells_of(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The cell of the cube of colors, 32 to a side, that each of uint8[..., 3] sRGB pixels falls in."""
    part = (pixels >> (8 - _BITS)).astype(np.int32)
    return np.asarray((part[..., 0] << 2 * _BITS) | (part[..., 1] << _BITS) | part[..., 2])


@cache
def cell_labs() -> NDArray[np.float64]:
    """float64[32768, 3] CIE Lab of the middle of each cell of `cells_of`."""
    middles = (np.arange(2**_BITS) << (8 - _BITS)) + 2 ** (7 - _BITS)
    return to_lab(np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3))


@cache
def _table(photo: bool) -> NDArray[np.uint8]:
    lab = _brightened(cell_labs()) if photo else cell_labs()
    return np.concatenate([_nearest_lab(part) for part in np.array_split(lab, 2**_BITS)])


def _brightened(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colors of a photograph as they would be with `_ROOM` taken back; no brighter than white."""
    low, high = _DARK
    gain = 1 + (_ROOM - 1) * np.clip((lab[:, 0] - low) / (high - low), 0, 1)
    root = np.cbrt(gain)  # of which L* + 16, a* and b* are multiples
    lightness = np.minimum((lab[:, 0] + 16) * root - 16, 100)
    return np.stack([lightness, lab[:, 1] * root, lab[:, 2] * root], 1)


@cache
def _anchors() -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """float64[K, 3] Lab of the anchors and the number of each one's term."""
    codes = [(code, term) for term, line in _ANCHORS.items() for code in line.split()]
    rgb = np.array([list(bytes.fromhex(code)) for code, _ in codes])
    return to_lab(rgb), np.array([TERMS.index(term) for _, term in codes], np.uint8)


def _nearest(rgb: NDArray[np.int_]) -> NDArray[np.uint8]:
    return _nearest_lab(to_lab(rgb))


def _nearest_lab(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    anchors, terms = _anchors()
    away = (anchors**2).sum(1) - 2 * lab @ anchors.T  # the squared distance, less what all have in common
    return np.asarray(terms[away.argmin(1)])


def color_difference(a: RGB, b: RGB) -> float:
    """CIE76: the distance in CIE Lab of two sRGB colors. About 2.3 is just noticeable (Mahy et al. 1994)."""
    lab = to_lab(np.array([a, b]))
    return float(np.linalg.norm(lab[0] - lab[1]))


def to_lab(rgb: NDArray[np.uint8] | NDArray[np.int_]) -> NDArray[np.float64]:
    """float64[N, 3] CIE L*a*b* (D65) of [N, 3] sRGB in 0..255. Source: IEC 61966-2-1 and CIE 15."""
    s = rgb / 255.0
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
