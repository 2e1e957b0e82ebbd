"""Every way in, every bad input, and the store."""

from __future__ import annotations

import base64
import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from sightline.errors import ImageError, PathRefused
from sightline.images import ImageStore, Limits, check_root, load_image, make_picture, pixel_hash


def corners(width: int = 40, height: int = 24) -> np.ndarray:
    """Red at the top left, green at the top right, blue at the bottom left, black elsewhere."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:8, :8] = (255, 0, 0)
    pixels[:8, -8:] = (0, 255, 0)
    pixels[-8:, :8] = (0, 0, 255)
    return pixels


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format=kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def test_all_sources_give_the_same_picture(tmp_path: Path) -> None:
    pixels = corners()
    image = Image.fromarray(pixels)
    file = tmp_path / "corners.png"
    file.write_bytes(encoded(image))
    uri = "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()
    first = load_image(file)
    for source in (str(file), file.read_bytes(), uri, uri.replace("data:", "DATA:"), image, pixels, first):
        picture = load_image(source)
        assert np.array_equal(picture.pixels, pixels)
        assert picture.frame == first.frame
    assert (first.frame.width, first.frame.height) == (40, 24)
    assert (first.frame.x0, first.frame.y0, first.frame.scale) == (0, 0, 1)


def test_the_picture_is_read_only_and_apart_from_the_array() -> None:
    pixels = corners()
    picture = load_image(pixels)
    pixels[:] = 7
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0] = 0


def test_the_hash_tells_shapes_apart() -> None:
    flat = np.zeros((2, 8, 3), np.uint8)
    assert pixel_hash(flat) != pixel_hash(flat.reshape(4, 4, 3))
    assert pixel_hash(flat) == pixel_hash(np.zeros((2, 16, 3), np.uint8)[:, ::2])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_allowed_format(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    picture = load_image(encoded(Image.fromarray(corners()), kind, **options))
    assert np.abs(picture.pixels.astype(int) - corners()).mean() < 6


@pytest.mark.parametrize("kind", ["PPM", "ICO", "PCX", "TGA"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(ImageError, match="not an image"):
        load_image(encoded(Image.fromarray(corners(32, 32)), kind))


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied_once(kind: str, turn: int) -> None:
    upright = Image.fromarray(corners())
    # The stored pixels are what the orientation turns upright, found by undoing it.
    undo = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[turn]
    exif = Image.Exif()
    exif[0x0112] = undo
    stored = upright.copy()
    stored.info["exif"] = exif.tobytes()
    stored = ImageOps.exif_transpose(Image.open(BytesIO(encoded(stored, "PNG", exif=exif))))
    exif[0x0112] = turn
    data = encoded(stored.convert("RGB"), kind, exif=exif)
    picture = load_image(data)
    assert picture.pixels.shape == (24, 40, 3)
    assert np.abs(picture.pixels.astype(int) - corners()).mean() < 12
    assert load_image(Image.open(BytesIO(data))).pixels.shape == (24, 40, 3)


def test_modes() -> None:
    grey = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (25, 1))
    wanted = np.repeat(grey[:, :, None], 3, 2)
    image = Image.fromarray(grey)
    for mode in ("L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F"):
        got = load_image(image.convert(mode)).pixels
        assert np.abs(got.astype(int) - wanted).max() <= 1, mode
    assert np.array_equal(load_image(encoded(image)).pixels, wanted)
    assert np.array_equal(load_image(grey).pixels, wanted)
    assert set(np.unique(load_image(image.convert("1")).pixels)) == {0, 255}


def test_16_bit_grey() -> None:
    deep = (np.arange(256, dtype=np.uint16) * 257)[None].repeat(4, 0)
    for kind in ("PNG", "TIFF"):
        picture = load_image(encoded(Image.fromarray(deep), kind))
        assert np.array_equal(picture.pixels[0, :, 1], np.arange(256))
    dark = load_image(encoded(Image.fromarray(np.full((3, 3), 200, np.uint16))))
    assert dark.pixels.max() == 1  # and not taken for 8 bit


def test_float_grey_of_0_to_1() -> None:
    picture = load_image(Image.fromarray(np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)))
    assert picture.pixels[0, :, 0].tolist() == [0, 128, 255, 0]


def test_alpha_lies_over_white() -> None:
    clear = np.zeros((2, 3, 4), np.uint8)
    clear[:, 1] = (255, 0, 0, 128)
    clear[:, 2] = (0, 0, 255, 255)
    for source in (clear, Image.fromarray(clear), encoded(Image.fromarray(clear))):
        row = load_image(source).pixels[0].tolist()
        assert row[0] == [255, 255, 255]
        assert row[1][0] == 255
        assert 125 <= row[1][1] <= 129
        assert row[2] == [0, 0, 255]


def test_a_palette_with_a_clear_entry_lies_over_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((1, 1), 1)
    picture = load_image(encoded(image, "PNG", transparency=0))
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.pixels[1, 1].tolist() == [200, 0, 0]


def test_one_pixel() -> None:
    assert load_image(encoded(Image.new("RGB", (1, 1), (1, 2, 3)))).pixels.tolist() == [[[1, 2, 3]]]


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert load_image(data).pixels[4, 4].tolist() == [255, 0, 0], kind


def test_a_text_file_called_png(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_text("hello")
    with pytest.raises(ImageError, match=r"^not an image: .*x\.png$"):
        load_image(file)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0\0\0\x20ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", "HEIC"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "SVG"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(ImageError, match=rf"^{kind}.* is not read, .*PNG.* are: .*x\.png$"):
        load_image(tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_truncated(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match=r"damaged|not an image"):
        load_image(data[: len(data) // 2])


@pytest.mark.parametrize("size", [(30_000, 30_000), (9_000, 9_000), (2**31 - 1, 2**31 - 1)])
def test_a_huge_header_is_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"million pixels|damaged"):
        load_image(png_header(*size))


def test_the_caps() -> None:
    data = encoded(Image.fromarray(corners()))
    with pytest.raises(ImageError, match="MiB"):
        load_image(data, limits=Limits(bytes=len(data) - 1))
    with pytest.raises(ImageError, match="million pixels"):
        load_image(data, limits=Limits(pixels=40 * 24 - 1))
    with pytest.raises(ImageError, match="million pixels"):
        load_image(corners(), limits=Limits(pixels=40 * 24 - 1))
    with pytest.raises(ImageError, match="million pixels"):
        load_image(Image.fromarray(corners()), limits=Limits(pixels=40 * 24 - 1))
    assert load_image(data, limits=Limits(bytes=len(data), pixels=40 * 24)).pixels.shape == (24, 40, 3)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    with file.open("wb") as out:
        out.truncate(60 * 2**20)
    with pytest.raises(ImageError, match="larger than 50 MiB"):
        load_image(file)


@pytest.mark.parametrize("name", ["missing.png", "no\0pe.png", "a" * 5000, ""])
def test_no_such_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ImageError, PathRefused)) as caught:
        load_image(name)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_the_message_names_the_missing_file() -> None:
    with pytest.raises(ImageError, match=r"^no such file: nowhere/cat\.png$"):
        load_image("nowhere/cat.png")


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.png", "HTTPS://example.com/a.png"])
def test_urls_are_off(url: str) -> None:
    with pytest.raises(ImageError, match="URLs are off"):
        load_image(url)


@pytest.mark.parametrize(
    "uri",
    [
        "data:image/png;base64",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,é",
        "data:image/png;base64,\ud800",
        "data:image/png,\ud800",
        "data:,hello",
        "data:,",
    ],
)
def test_bad_data_uris(uri: str) -> None:
    with pytest.raises(ImageError):
        load_image(uri)


def test_a_data_uri_over_the_cap() -> None:
    with pytest.raises(ImageError, match="larger than"):
        load_image("data:;base64," + "A" * 4000, limits=Limits(bytes=1000))


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(PathRefused, match="not a regular file"):
            load_image(path)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 2, 3, 4), np.uint8),
    ],
)
def test_bad_arrays(array: np.ndarray) -> None:
    with pytest.raises(ImageError):
        load_image(array)


def test_something_else_altogether() -> None:
    with pytest.raises(ImageError, match="not an image: a list"):
        load_image([1, 2])  # type: ignore[arg-type]  # on purpose


def test_roots(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "a.png").write_bytes(b"a")
    (outside / "b.png").write_bytes(b"b")
    (inside / "link.png").symlink_to(outside / "b.png")
    (inside / "loop").symlink_to(inside / "loop")
    (inside / "near").symlink_to(inside / "a.png")
    os.mkfifo(inside / "pipe")
    assert check_root(inside / "a.png", [inside]) == (inside / "a.png").resolve()
    assert check_root(inside / "near", [outside, inside]) == (inside / "a.png").resolve()
    for bad in ("link.png", "../out/b.png", "loop", ".", "pipe", "/etc/passwd", "nul\0"):
        with pytest.raises((PathRefused, ImageError)):
            check_root(inside / bad, [inside])
    with pytest.raises(PathRefused, match="outside"):
        check_root(tmp_path / "inside-not", [inside])
    with pytest.raises(PathRefused, match="outside"):
        check_root(inside / "a.png", [])
    with pytest.raises(ImageError, match="no such file"):
        check_root(inside / "missing.png", [inside])


def test_store(tmp_path: Path) -> None:
    pixels = corners()
    store = ImageStore()
    name = store.put(pixels)
    assert name == pixel_hash(corners())
    pixels[:] = 0
    assert np.array_equal(store.get(name), corners())
    with pytest.raises(ImageError, match="no image"):
        store.get("0" * 64)


def test_a_store_with_a_folder_outlives_the_process(tmp_path: Path) -> None:
    name = ImageStore(tmp_path / "kept").put(corners())
    again = ImageStore(tmp_path / "kept")
    assert np.array_equal(again.get(name), corners())
    assert [file.name for file in (tmp_path / "kept").iterdir()] == [f"{name}.png"]
    with pytest.raises(ImageError):
        again.get("../" + name)


def test_a_stored_file_that_was_changed_is_noticed(tmp_path: Path) -> None:
    name = ImageStore(tmp_path).put(corners())
    Image.new("RGB", (3, 3)).save(tmp_path / f"{name}.png")
    with pytest.raises(ImageError, match="changed"):
        ImageStore(tmp_path).get(name)


def test_the_store_forgets_the_oldest(tmp_path: Path) -> None:
    images = [np.full((10, 10, 3), value, np.uint8) for value in range(4)]
    store = ImageStore(max_bytes=650)
    names = [store.put(image) for image in images]
    assert np.array_equal(store.get(names[3]), images[3])
    with pytest.raises(ImageError):
        store.get(names[0])


def test_make_picture_takes_what_it_is_given() -> None:
    pixels = corners()
    assert make_picture(pixels).pixels is pixels
