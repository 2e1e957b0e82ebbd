"""The only way an image gets in: path, bytes, data URI, PIL image or array -> a checked `Picture`.

The header is checked before anything is decoded: the format must be on the list and the pixels under the
cap. What comes out is always RGB, upright (EXIF orientation applied once), and flat (alpha over white).
Of an animation the first frame is taken. URLs are refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
import struct
import threading
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError, PathRefused
from sightline.types import Frame

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels: TypeAlias = NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged files."""
_filters = threading.Lock()  # Python's warning filters are one global list


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps on what is let in."""

    bytes: int = 50 * 2**20
    """Of the file, or of the decoded data URI."""
    pixels: int = 64_000_000
    """Width times height."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pixels and the frame they stand in. `pixels`: uint8[H, W, 3] RGB, read-only."""

    pixels: Pixels
    frame: Frame

    @cached_property
    def content(self) -> str:
        """sha256 of the pixels, hex: worked out once."""
        return pixel_hash(self.pixels)


Source: TypeAlias = Union[str, Path, bytes, "Image", NDArray[Any], Picture]


def load_image(source: Source, *, limits: Limits | None = None) -> Picture:
    """A checked picture of any source.

    Args:
        source: a path, the bytes of a file, a data URI, a PIL image, an array (uint8[H, W],
            uint8[H, W, 3] RGB or uint8[H, W, 4] RGBA), or a `Picture`, which is returned as it is.
        limits: the caps; None means the defaults of `Limits`.

    Raises:
        ImageError: there is no such file, it is not an image, damaged, or over a cap.
        PathRefused: the path is a directory, a pipe or a device.
    """
    limits = limits or Limits()
    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        return make_picture(_from_array(source, limits))
    if isinstance(source, bytes | bytearray | memoryview):
        return make_picture(_decode(bytes(source), "the given bytes", limits))
    if isinstance(source, str) and source[:5].lower() == "data:":
        return make_picture(_decode(_read_data_uri(source, limits), "the data URI", limits))
    if isinstance(source, str) and re.match(r"(?i)https?:", source):
        raise ImageError(f"URLs are off, give a file: {_shown(source)}")
    if isinstance(source, str | os.PathLike):
        return make_picture(_decode(_read_file(Path(source), limits), _shown(source), limits))
    return make_picture(_from_pil(source, limits))


def make_picture(pixels: Pixels) -> Picture:
    """A whole image as a `Picture`: the array is made read-only, and its hash names the frame."""
    pixels = np.ascontiguousarray(pixels)
    pixels.flags.writeable = False
    height, width = pixels.shape[:2]
    return Picture(pixels=pixels, frame=Frame(image=pixel_hash(pixels), width=width, height=height))


def pixel_hash(pixels: Pixels) -> str:
    """sha256 (hex) of width, height and RGB values: the name of an image whatever file it came from."""
    digest = hashlib.sha256(f"{pixels.shape[1]}x{pixels.shape[0]}:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def check_root(path: str | Path, roots: Sequence[str | Path]) -> Path:
    """The resolved path, if it is a regular file under one of `roots`.

    Raises:
        PathRefused: it stands outside every root, also by `..` or a symlink, or is no regular file.
        ImageError: it stands under a root, and no such file is there.
    """
    try:
        real = Path(path).resolve()
        allowed = [Path(root).resolve() for root in roots]
    except (OSError, ValueError, RuntimeError) as error:
        raise PathRefused(f"cannot resolve {_shown(path)}") from error
    if not any(real.is_relative_to(root) for root in allowed):
        raise PathRefused(f"outside the allowed folders: {_shown(path)}")
    try:
        mode = real.stat().st_mode
    except OSError as error:
        raise ImageError(f"no such file: {_shown(path)}") from error
    if not stat.S_ISREG(mode):
        raise PathRefused(f"not a regular file: {_shown(path)}")
    return real


class ImageStore:
    """Pixels by their hash: in memory, and as PNG files where a folder is given.

    Memory is bounded: the images used longest ago are dropped (those of a folder are read again).
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = 512 * 2**20) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Pixels] = OrderedDict()
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, pixels: Pixels) -> str:
        """Keep uint8[H, W, 3] RGB; returns its hash, by which `get` finds it."""
        name = pixel_hash(pixels)
        held = np.ascontiguousarray(pixels).copy() if pixels.flags.writeable else pixels
        held.flags.writeable = False
        if self._folder is not None and not (file := self._folder / f"{name}.png").exists():
            from PIL import Image

            part = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
            Image.fromarray(held).save(part, format="PNG")
            part.replace(file)
        self._keep(name, held)
        return name

    def get(self, name: str) -> Pixels:
        """The pixels called `name`. Raises `ImageError` where the store does not hold them."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        if self._folder is None or not re.fullmatch(r"[0-9a-f]{64}", name):
            raise ImageError(f"no image {name[:16]} in the store")
        pixels = load_image(self._folder / f"{name}.png").pixels
        if pixel_hash(pixels) != name:
            raise ImageError(f"the stored image {name[:16]} has been changed")
        self._keep(name, pixels)
        return pixels

    def _keep(self, name: str, pixels: Pixels) -> None:
        with self._lock:
            self._kept[name] = pixels
            self._kept.move_to_end(name)
            total = sum(held.nbytes for held in self._kept.values())
            while total > self._max_bytes and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1].nbytes


# Reading.


def _shown(name: object) -> str:
    """A path or a URI fit for one line of a message: printable, and at most 200 characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name))
    return text if len(text) <= 200 else f"{text[:199]}…"


def _read_file(path: Path, limits: Limits) -> bytes:
    """The bytes of a regular file under the cap. Never waits for a pipe."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise ImageError(f"no such file: {_shown(path)}") from error
    except ValueError as error:  # a zero byte in the name
        raise ImageError(f"no such file: {_shown(path)}") from error
    except OSError as error:
        raise ImageError(f"cannot open {_shown(path)}: {error.strerror}") from error
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        raise PathRefused(f"not a regular file: {_shown(path)}")
    with os.fdopen(handle, "rb") as file:
        try:
            data = file.read(limits.bytes + 1) if info.st_size <= limits.bytes else b""
        except OSError as error:
            raise ImageError(f"cannot read {_shown(path)}: {error.strerror}") from error
    if info.st_size > limits.bytes or len(data) > limits.bytes:
        raise ImageError(f"larger than {limits.bytes / 2**20:g} MiB: {_shown(path)}")
    return data


def _read_data_uri(uri: str, limits: Limits) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise ImageError("a data URI without a comma")
    if len(body) > limits.bytes * 3:  # base64 takes 4 characters for 3 bytes, percent signs 3 for one
        raise ImageError(f"larger than {limits.bytes / 2**20:g} MiB: the data URI")
    try:
        data = unquote_to_bytes(body)
        if not head.lower().endswith(";base64"):
            return data
        return base64.b64decode("".join(data.decode("ascii").split()), validate=True)
    except (binascii.Error, ValueError) as error:  # a lone surrogate is a ValueError too
        raise ImageError("the data URI cannot be decoded") from error


# Decoding.


def _decode(data: bytes, name: str, limits: Limits) -> Pixels:
    """uint8[H, W, 3] RGB of an encoded image; `name` is what messages call it."""
    from PIL import Image, UnidentifiedImageError

    if len(data) > limits.bytes:
        raise ImageError(f"larger than {limits.bytes / 2**20:g} MiB: {name}")
    if not data:
        raise ImageError(f"not an image: {name} is empty")
    try:
        with _filters, warnings.catch_warnings():
            # Our own cap is checked right below; Pillow's would print a warning between the two.
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        if kind := _other_kind(data):
            raise ImageError(f"{kind} is not read, {', '.join(FORMATS)} are: {name}") from error
        raise ImageError(f"not an image: {name}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"more than {limits.pixels / 1e6:g} million pixels: {name}") from error
    except _DAMAGE as error:
        raise ImageError(f"not an image, or a damaged one: {name}") from error
    with image:
        return _flatten(image, name, limits)


def _other_kind(data: bytes) -> str:
    """What a file is that people take for an image, by its first bytes; empty for others."""
    if data[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"avis": "AVIF"}.get(data[8:12], "HEIC, or a video,")
    if data.startswith(b"%PDF"):
        return "PDF"
    return "SVG" if b"<svg" in data[:1000] else ""


def _from_pil(image: Image, limits: Limits) -> Pixels:
    from PIL import Image

    if not isinstance(image, Image.Image):
        raise ImageError(f"not an image: a {type(image).__name__}")
    return _flatten(image, "the given image", limits)


def _from_array(array: NDArray[Any], limits: Limits) -> Pixels:
    if (
        array.dtype != np.uint8
        or array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] not in (3, 4))
    ):
        raise ImageError(
            f"an array of {array.dtype}{list(array.shape)}; uint8 of [H, W], [H, W, 3] or [H, W, 4] is read"
        )
    height, width = array.shape[:2]
    _check_size(width, height, "the given array", limits)
    if array.ndim == 2:
        return np.repeat(array[:, :, None], 3, axis=2)
    if array.shape[2] == 3:
        return array.copy()
    from PIL import Image

    return _over_white(Image.fromarray(np.ascontiguousarray(array)))


def _check_size(width: int, height: int, name: str, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"without any pixel: {name}")
    if width * height > limits.pixels:
        raise ImageError(f"{width}x{height} is more than {limits.pixels / 1e6:g} million pixels: {name}")


def _flatten(image: Image, name: str, limits: Limits) -> Pixels:
    """Decode, turn upright, and bring any mode to RGB."""
    _check_size(*image.size, name, limits)
    try:
        with _filters, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; what cannot be decoded raises
            image.load()
        _check_size(*image.size, name, limits)
        return _to_rgb(_upright(image))
    except ImageError:
        raise
    except _DAMAGE as error:
        raise ImageError(f"damaged or truncated: {name}") from error


def _upright(image: Image) -> Image:
    """The image turned as its EXIF orientation says; EXIF that cannot be read turns nothing."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGE:
        return image


def _to_rgb(image: Image) -> Pixels:
    if image.mode.startswith("I") or image.mode == "F":
        grey = _to_bytes(np.asarray(image), is_16_bit=image.mode.startswith("I;16"))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return _over_white(image)
    return np.array(image.convert("RGB"), np.uint8)


def _to_bytes(values: NDArray[Any], *, is_16_bit: bool) -> Pixels:
    """uint8[H, W] of deep grey. Other than at 16 bit, what is white is told from the greatest value."""
    values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    top = float(values.max())
    if is_16_bit or 255 < top <= 65535:
        white = 65535.0
    elif top <= 255:
        white = 1.0 if top <= 1 and bool((values % 1).any()) else 255.0
    else:
        white = top
    return np.rint(values.clip(0, white) * (255 / white)).astype(np.uint8)


def _over_white(image: Image) -> Pixels:
    from PIL import Image

    clear = image.convert("RGBA")
    ground = Image.new("RGBA", clear.size, (255, 255, 255, 255))
    return np.array(Image.alpha_composite(ground, clear).convert("RGB"), np.uint8)
