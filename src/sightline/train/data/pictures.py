"""From an image reference to bytes and pixels, and whether it can be trained on at all."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sightline.errors import ImageError, PathRefused
from sightline.images import Picture, check_root, load_image
from sightline.train.data.faults import Broken, said_of
from sightline.train.data.rows import ImageRef

LARGEST = 64 * 2**20
"""Bytes of a member of a shard, as it is stored."""
SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif", b"BM": ".bmp", b"RIFF": ".webp"}


def image_bytes(ref: ImageRef, root: Path) -> bytes:
    """The bytes of the image file that `ref` names.

    Raises:
        ImageError: there is no such file, or it is larger than a shard's member may be.
        PathRefused: it stands outside `root`, also by `..` or a symlink.
    """
    if ref.data is not None:
        return ref.data
    path = check_root(root / ref.path, [root])
    with path.open("rb") as file:
        file.seek(ref.offset)
        raw = file.read(ref.size if ref.size >= 0 else LARGEST + 1)
    if len(raw) > LARGEST or len(raw) < ref.size:
        raise ImageError(f"not {ref.size} bytes, or more than {LARGEST >> 20} MiB: {ref.name}")
    return from_base64(raw) if ref.base64 else raw


def from_base64(raw: bytes | str) -> bytes:
    """Decoded, with or without the head of a data URI. Raises `ImageError`."""
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else raw
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError("not base64") from error


def data_uri(data: bytes) -> str:
    """The bytes of an image file as a data URI."""
    kind = suffix_of(data).removeprefix(".").replace("jpg", "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def suffix_of(data: bytes) -> str:
    """`.png`, `.jpg`, ... by the first bytes; `.tiff` for what is none of these."""
    return next((suffix for head, suffix in SUFFIXES.items() if data.startswith(head)), ".tiff")


def open_image(ref: ImageRef, root: Path) -> Picture:
    """Checked and decoded. Raises `ImageError` and `PathRefused`."""
    if ref.data is None and ref.size < 0:
        return load_image(check_root(root / ref.path, [root]))
    return load_image(image_bytes(ref, root))


def check_images(refs: Sequence[ImageRef], root: Path, *, decode: bool) -> None:
    """Raises `Broken` for an image that is missing, outside `root`, or (with `decode`) damaged."""
    for ref in refs:
        if PurePosixPath(ref.path).is_absolute() or ".." in PurePosixPath(ref.path).parts:
            raise Broken("path_escapes", f"outside the images' folder: {ref.path}")
        try:
            if ref.path:
                check_root(root / ref.path, [root])
        except PathRefused as error:
            raise Broken("path_escapes", str(error)) from error
        except ImageError as error:
            raise Broken("missing_image", str(error)) from error
        try:
            if decode:
                open_image(ref, root)
        except (ImageError, PathRefused, OSError) as error:
            named = "" if ref.name in str(error) else f"{ref.name}: "
            raise Broken("damaged_image", f"{named}{error}") from error


def reference(value: object) -> ImageRef:
    """The image that a record names: a path, a data URI, or `{"bytes", "path"}` as Hugging Face's sets have.

    Raises `Broken`.
    """
    if isinstance(value, ImageRef):
        return value
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return ImageRef(data=value["bytes"])
    if isinstance(value, dict):
        value = value.get("path")
    if isinstance(value, bytes):
        return ImageRef(data=value)
    if not isinstance(value, str):
        raise Broken("wrong_type", f"an image is a path, not {said_of(type(value))}")
    if value.startswith("data:"):
        try:
            return ImageRef(data=from_base64(value))
        except ImageError as error:
            raise Broken("damaged_image", str(error)) from error
    if not value.strip() or "\0" in value:
        raise Broken("missing_image", "the path of an image is empty")
    return ImageRef(path=value)


def plain(ref: ImageRef, root: Path, *, embed: bool = False) -> object:
    """What `reference` reads, for JSON: a path or a data URI; members of shards are taken out of them.

    Args:
        ref: the image.
        root: the folder of the row's paths.
        embed: write a data URI for a file too.
    """
    if ref.path and ref.size < 0 and not embed:
        return ref.path
    return data_uri(image_bytes(ref, root))
