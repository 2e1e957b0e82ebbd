"""The packaged typefaces (see fonts/README.md for their sources and licences), loaded once a size."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import ImageFont

FACES: dict[str, str] = {
    "sans": "sans.ttf",
    "sans-bold": "sans-bold.ttf",
    "serif": "serif.ttf",
    "mono": "mono.ttf",
    "mono-bold": "mono-bold.ttf",
    "narrow": "narrow.ttf",
    "grotesque": "grotesque.ttf",
    "receipt": "receipt.otf",
}
MONOSPACED = ("mono", "mono-bold")
_FOLDER = Path(__file__).parent / "fonts"


@lru_cache(maxsize=len(FACES))
def _bytes(name: str) -> bytes:
    return (_FOLDER / FACES[name]).read_bytes()


@lru_cache(maxsize=512)
def face(name: str, size: int) -> ImageFont.FreeTypeFont:
    """The typeface `name` (a key of FACES) with an em of `size` px."""
    # The basic layout engine needs no further library and is the faster one.
    return ImageFont.truetype(BytesIO(_bytes(name)), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=512)
def cap_height(name: str, size: int) -> int:
    """Height of a capital letter in px."""
    _, top, _, bottom = face(name, size).getbbox("H", anchor="ls")
    return round(bottom - top)
