"""Draw the images of the demo, and write its questions with the answers that their exact state gives.

    python examples/draw_images.py [FOLDER]

The same call draws the same images; `examples/images` is its result.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.train.worlds.pages import Document, draw_document
from sightline.train.worlds.receipts import make_receipt
from sightline.train.worlds.scenes import Ground, Scene, Thing, draw_scene

IMAGES = Path(__file__).parent / "images"
RECEIPT_SEED = 8
LARGE, SMALL = 0.23, 0.12


def thing(colour: str, shape: str, x: float, y: float, diameter: float, angle: float = 0.0) -> Thing:
    """A shape centred on (x, y), all lengths in fractions of the side."""
    size = "large" if diameter == LARGE else "small"
    return Thing(
        colour=colour, shape=shape, size=size, x=x, y=y, diameter=diameter, angle=angle, outline=True
    )


def scene() -> Scene:
    """Eight shapes, three of them red circles."""
    return Scene(
        things=(
            thing("red", "circle", 0.18, 0.22, LARGE),
            thing("blue", "square", 0.45, 0.17, SMALL, 8),
            thing("yellow", "triangle", 0.76, 0.24, LARGE, -5),
            thing("red", "circle", 0.83, 0.56, SMALL),
            thing("purple", "diamond", 0.50, 0.47, LARGE),
            thing("black", "cross", 0.17, 0.57, SMALL, 10),
            thing("red", "circle", 0.33, 0.83, SMALL),
            thing("green", "star", 0.72, 0.83, LARGE, 6),
        ),
        ground=Ground(top=(246, 250, 254), bottom=(228, 238, 246)),
    )


def scene_questions(shown: Scene) -> list[dict[str, Any]]:
    """A question of each kind about the scene, answered from its exact state."""
    things = shown.things
    named = {(t.colour, t.shape): t for t in things}
    left = named["blue", "square"].x < named["green", "star"].x
    asked = [
        ("count", "How many red circles are there?", str(sum(t.colour == "red" for t in things))),
        ("relation", "Is the blue square to the left of the green star?", "yes" if left else "no"),
        (
            "attribute",
            "What colour is the triangle?",
            next(t.colour for t in things if t.shape == "triangle"),
        ),
        ("existence", "Is there a pink star?", "yes" if ("pink", "star") in named else "no"),
        ("not known", "How many dogs are there?", "cannot tell"),
    ]
    return [{"image": "scene.png", "kind": k, "question": q, "answer": a} for k, q, a in asked]


def receipt() -> Document:
    """A receipt on paper without grain, which would make the file five times as large."""
    page = make_receipt(np.random.default_rng(RECEIPT_SEED))
    return replace(page, style=replace(page.style, grain=0.0))


def receipt_questions(page: Document) -> list[dict[str, Any]]:
    """What is asked of the receipt, with the amount and the date as they are printed."""
    asked = [
        ("total", "What is the total amount on this receipt?", page.fields["total"]),
        ("date", "What is the date on this receipt?", page.fields["date"]),
    ]
    return [{"image": "receipt.png", "kind": k, "question": q, "answer": a} for k, q, a in asked]


def main() -> None:
    """Write scene.png, receipt.png and questions.jsonl."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    shown, page = scene(), receipt()
    Image.fromarray(draw_scene(shown, 480)).save(folder / "scene.png", optimize=True)
    Image.fromarray(draw_document(page, 640)).save(folder / "receipt.png", optimize=True)
    rows = [*scene_questions(shown), *receipt_questions(page)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "questions.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
