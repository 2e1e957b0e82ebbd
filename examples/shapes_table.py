"""Measure the detector of drawn shapes, and what it finds where there are none.

    python examples/shapes_table.py [--scenes 300] [--weights detector.json]

Prints three tables. Ordinary scenes, and the same on black and on dark grounds, are scored by COCO's mean
average precision; crowds, small things in large pictures, and things that hide or hold one another by their
counts; pictures without shapes by what is found in them. Those are drawn from splits that nothing is trained
on; photographs (coco_train125) and scanned receipts (sroie_receipts) are added if these packs lie in
$SIGHTLINE_DATA or in ../shared/data beside the repository. They are measured on, not trained on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.images import load_image
from sightline.tools.yolo import EMBEDDED, Predict, load_predictor
from sightline.train.detection_wide import Drawn, paint_things
from sightline.train.detector import measured, score
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import make_chart
from sightline.train.worlds.documents import make_document
from sightline.train.worlds.pages import draw_document
from sightline.train.worlds.scenes import ANCHORS, RGB, SHAPES, Thing
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_render import draw_solids
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.tables import make_table

Pixels = NDArray[np.uint8]
REPORTED_FROM = 0.4
"""The score from which the tool `detect` reports."""
LIGHT, DARK = (240, 245, 250), (40, 44, 52)
TITLES = {
    "fresh": "new scenes",
    "heldout": "held-out pairs and layout",
    "black": "held-out, on black",
    "dark": "held-out, on dark colors",
}


def drawn(shape: str, color: str, x: float, y: float, diameter: float) -> Drawn:
    """A thing with a dark outline; lengths in fractions of the side."""
    thing = Thing(shape=shape, colour=color, size="small", x=x, y=y, diameter=diameter)
    r, g, b = (int(v * 0.55) for v in ANCHORS[color])
    return Drawn(thing=thing, edge=(r, g, b), width=0.04)


def painted(things: list[Drawn], side: int, ground: RGB = LIGHT) -> Pixels:
    """uint8[side, side, 3] with jagged edges, as most programs draw them."""
    return paint_things(np.full((side, side, 3), ground, np.uint8), things, over=1)[0]


def crowd(count: int, side: int, part: float, shapes: tuple[str, ...], ground: RGB = LIGHT) -> Pixels:
    """`count` things in rows; `part` of each cell is its diameter."""
    across = int(np.ceil(np.sqrt(count)))
    colors = [color for color in ANCHORS if ground == LIGHT or color != "black"]
    things = []
    for n in range(count):
        x, y = (n % across + 0.5) / across, (n // across + 0.5) / across
        color = "red" if len(shapes) == 1 else colors[n * 5 % len(colors)]
        things.append(drawn(shapes[n * 7 % len(shapes)], color, x, y, part / across))
    return painted(things, side, ground)


def chain(count: int, step: float) -> Pixels:
    """Disks of one color in a row, each hiding a part of the one before; `step` in diameters."""
    across = 0.9 / (1 + step * (count - 1))
    diameter = min(across, 0.28)
    left = 0.5 - step * diameter * (count - 1) / 2
    return painted(
        [drawn("circle", "red", left + n * step * diameter, 0.5, diameter) for n in range(count)], 480
    )


def nested(ground: RGB) -> Pixels:
    """A star on a disk on a square, and a square by itself."""
    things = [("square", "blue", 0.41, 0.41, 0.3), ("circle", "yellow", 0.41, 0.41, 0.19)]
    things += [("star", "red", 0.41, 0.41, 0.08), ("square", "green", 0.73, 0.73, 0.13)]
    return painted([drawn(*one) for one in things], 480, ground)


def small(side: int, diameter: int) -> Pixels:
    """Six circles and three stars of `diameter` px in a picture of `side` px."""
    circles = [drawn("circle", "red", 0.1 + 0.14 * n, 0.23, diameter / side) for n in range(6)]
    stars = [drawn("star", "green", 0.16 + 0.26 * n, 0.49, diameter / side) for n in range(3)]
    return painted(circles + stars, side)


COUNTED: dict[str, tuple[Callable[[], Pixels], int]] = {
    "60 mixed shapes, 640 px": (lambda: crowd(60, 640, 0.72, SHAPES), 60),
    "120 mixed shapes, 960 px": (lambda: crowd(120, 960, 0.66, SHAPES), 120),
    "120 mixed shapes, 960 px, dark": (lambda: crowd(120, 960, 0.66, SHAPES, DARK), 120),
    "400 circles, 1,000 px": (lambda: crowd(400, 1000, 0.66, ("circle",)), 400),
    "400 circles, 1,000 px, dark": (lambda: crowd(400, 1000, 0.66, ("circle",), DARK), 400),
    "9 things of 29 px, 3,000 px": (lambda: small(3000, 29), 9),
    "9 things of 16 px, 3,000 px": (lambda: small(3000, 16), 9),
    "a dot of 17 px, 800 px": (lambda: painted([drawn("circle", "red", 0.5, 0.5, 17 / 800)], 800), 1),
    "2 disks, 0.3 diameters apart": (lambda: chain(2, 0.3), 2),
    "5 disks, 0.46 diameters apart": (lambda: chain(5, 0.46), 5),
    "6 disks, 0.24 diameters apart": (lambda: chain(6, 0.24), 6),
    "one on another on another": (lambda: nested(LIGHT), 4),
    "one on another on another, dark": (lambda: nested(DARK), 4),
}

SHAPELESS: dict[str, Callable[[np.random.Generator], Pixels]] = {
    "documents, drawn": lambda rng: draw_document(make_document(rng, split="heldout")),
    "charts, drawn": lambda rng: draw_chart(make_chart(rng, split="heldout")),
    "tables, drawn": lambda rng: draw_table(make_table(rng, split="heldout")),
    "solids, drawn": lambda rng: draw_solids(make_solids(rng, split="heldout"), 256),
}


def pack_pictures(name: str) -> Iterable[Pixels]:
    """The pictures of a pack, at most 125; none where it is not there."""
    places = [Path(__file__).parents[2] / "shared" / "data"]
    if os.environ.get("SIGHTLINE_DATA"):
        places.insert(0, Path(os.environ["SIGHTLINE_DATA"]))
    folder = next((place / name for place in places if (place / name).is_dir()), None)
    if folder is None:
        print(f"the pack {name} is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
        return []
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return (load_image(path).pixels for path in files[:125])


def invented(predict: Predict, pictures: Iterable[Pixels]) -> str:
    """Of how many pictures something is found in how many, and how much."""
    found = [len(predict(pixels).rows) for pixels in pictures]
    return f"{len(found)} | {sum(n > 0 for n in found)} | {sum(found)}" if found else ""


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=int, default=300, help="scenes of each kind")
    parser.add_argument("--weights", type=Path, default=EMBEDDED, help="a manifest")
    asked = parser.parse_args()
    print("| drawn | mAP50 | mAP50-95 |\n|---|---|---|")
    for name, shown in measured(asked.scenes).items():
        scores = score(asked.weights, shown)
        print(f"| {TITLES[name]} | {scores['map50']:.3f} | {scores['map50_95']:.3f} |", flush=True)
    predict = load_predictor(asked.weights, score_from=REPORTED_FROM)[1]
    print("\n| drawn | there | found | not looked for |\n|---|---|---|---|")
    for name, (draw, count) in COUNTED.items():
        looked = predict(draw())
        print(f"| {name} | {count} | {len(looked.rows)} | {looked.partial} |", flush=True)
    print("\n| without shapes | pictures | with a find | finds |\n|---|---|---|---|")
    for name, paint in SHAPELESS.items():
        pictures = (paint(np.random.default_rng((4_000_037, n))) for n in range(40))
        print(f"| {name} | {invented(predict, pictures)} |", flush=True)
    for name, pack in {"photographs": "coco_train125", "receipts": "sroie_receipts"}.items():
        if row := invented(predict, pack_pictures(pack)):
            print(f"| {name}, real | {row} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
