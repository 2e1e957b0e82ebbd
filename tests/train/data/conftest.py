"""Rows of every kind, over real little images, that the tests of this package share."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest

from sightline.train.data.pictures import image_bytes
from sightline.train.data.rows import ImageRef, Row, Turn, ask
from sightline.train.worlds.scenes import draw_scene, make_scene


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve scenes, 0.png to 11.png."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(12):
        picture = draw_scene(make_scene(np.random.default_rng(number)), 96)
        assert cv2.imwrite(str(folder / f"{number}.png"), picture[:, :, ::-1])
    return folder


def image(number: int) -> ImageRef:
    return ImageRef(path=f"{number}.png")


def conversations() -> list[Row]:
    """Up to two images, marks amid the text, several turns, quotes, line breaks, other alphabets."""
    several = (
        Turn(role="user", text="<image>\nHow many?"),
        Turn(role="assistant", text='Three: "a", \\b and\nc.'),
        Turn(role="user", text="Und jetzt, 小さい <image> hier?"),
        Turn(role="assistant", text="Zwölf 🙂 {[,]}"),
    )
    return [
        ask("one", "What is red?", "The star.", image(0)),
        ask("two", "Which has more?", "The second.", image(1), image(2)),
        ask("text/only.x", "What is 2 + 2?", "4"),
        Row(id="several", images=(image(3), image(4)), turns=several),
        replace(ask("extras", "Read it.", "12.00", image(5), notes=("TOTAL 12.00",)), system="Be short."),
        replace(ask("äöü", "And here?", "A cross.", image(6)), related=("one", "two")),
    ]


def pairs() -> list[Row]:
    def pair(name: str, asked: str, chosen: str, rejected: str, *refs: ImageRef) -> Row:
        marks = "<image>\n" * len(refs)
        turns = (Turn(role="user", text=marks + asked),)
        return Row(id=name, images=refs, turns=turns, chosen=chosen, rejected=rejected)

    return [
        pair("p0", "What is there?", "A red star and two blue squares.", "A red star.", image(0)),
        pair("p1", "Both?", "Both are round.", "One is round , and one is\n square ", image(1), image(2)),
        pair("p2", "Why?", " Since the sky is blue\n\nand wide. ", "It is not known why that is so."),
        replace(
            pair("p3", "So?", "Yes, it is.", "No, it is.", image(3)), system="Be kind.", notes=("a", "b")
        ),
    ]


def exchanges() -> list[Row]:
    """What MIMIC-IT can hold."""
    return [
        replace(ask(f"LA_{n}", f"What is ä{n}?", f'"{n}"', image(n)), related=("LA_0",)) for n in range(5)
    ]


def by_content(row: Row, root: Path) -> tuple[Row, list[str]]:
    """A row to compare with: its images as the hashes of their bytes, wherever they stand."""
    return replace(row, images=()), [sha256(image_bytes(ref, root)).hexdigest() for ref in row.images]
