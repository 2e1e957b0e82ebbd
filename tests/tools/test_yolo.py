"""What the embedded weights see on dark grounds, in crowds, in large pictures, and where there is nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.tools import yolo, yolo_onnx
from sightline.train.detection_wide import Drawn, paint_things
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import make_chart
from sightline.train.worlds.documents import make_document
from sightline.train.worlds.pages import draw_document
from sightline.train.worlds.scenes import ANCHORS, RGB, SHAPES, Thing
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.tables import make_table

LIGHT, DARK = (240, 245, 250), (40, 44, 52)


@pytest.fixture(scope="module")
def predict() -> yolo.Predict:
    """As `detect` finds; another test holds it together with what torch finds."""
    return yolo_onnx.load_predictor(yolo.EMBEDDED, score_from=0.4)[1]


def thing(shape: str, fill: RGB, x: float, y: float, diameter: float) -> Drawn:
    made = Thing(shape=shape, colour="red", size="small", x=x, y=y, diameter=diameter, fill=fill)
    r, g, b = (int(v * 0.6) for v in fill)
    return Drawn(thing=made, edge=(r, g, b), width=0.04)


def paint(side: int, things: list[Drawn], ground: RGB = LIGHT) -> NDArray[np.uint8]:
    """Jagged, as most programs draw."""
    return paint_things(np.full((side, side, 3), ground, np.uint8), things, over=1)[0]


def counted(looked: yolo.Looked) -> Counter[str]:
    return Counter(label for label, _, _ in looked.rows)


@pytest.mark.parametrize("ground", [(0, 0, 0), DARK, (10, 20, 60), (40, 10, 10)])
def test_every_color_that_can_be_seen_on_a_dark_ground(predict: yolo.Predict, ground: RGB) -> None:
    fills = [fill for name, fill in ANCHORS.items() if name not in ("black", "brown")] + [(255, 255, 255)]
    things = [
        thing(SHAPES[n % 6], fill, 0.17 + 0.33 * (n % 3), 0.17 + 0.33 * (n // 3), 0.2)
        for n, fill in enumerate(fills)
    ]
    assert counted(predict(paint(320, things, ground))) == Counter(one.thing.shape for one in things)


@pytest.mark.parametrize("fill", [(214, 38, 40), (255, 255, 255)])
def test_one_disk_on_a_small_dark_picture(predict: yolo.Predict, fill: RGB) -> None:
    assert counted(predict(paint(120, [thing("circle", fill, 0.5, 0.5, 0.5)], DARK))) == {"circle": 1}


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_a_crowd_is_counted(predict: yolo.Predict, ground: RGB) -> None:
    places = [(0.025 + 0.05 * column, 0.025 + 0.05 * row) for row in range(20) for column in range(20)]
    looked = predict(paint(1000, [thing("circle", (214, 38, 40), x, y, 0.033) for x, y in places], ground))
    assert looked.partial or 380 <= counted(looked)["circle"] <= 420
    assert set(counted(looked)) == {"circle"}


def test_small_things_in_a_large_picture(predict: yolo.Predict) -> None:
    circles = [thing("circle", (214, 38, 40), 0.1 + 0.14 * n, 0.2, 29 / 2400) for n in range(6)]
    stars = [thing("star", (46, 158, 70), 0.15 + 0.3 * n, 0.5, 29 / 2400) for n in range(3)]
    looked = predict(paint(2400, circles + stars))
    assert counted(looked) == {"circle": 6, "star": 3}
    for _, _, (x1, y1, x2, y2) in looked.rows:
        assert abs(x2 - x1 - 29) <= 4
        assert min(abs((x1 + x2) / 4800 - one.thing.x) for one in circles + stars) < 2 / 2400
        assert min(abs((y1 + y2) / 4800 - one.thing.y) for one in circles + stars) < 2 / 2400


def test_a_dot(predict: yolo.Predict) -> None:
    assert counted(predict(paint(800, [thing("circle", (214, 38, 40), 0.5, 0.5, 17 / 800)]))) == {"circle": 1}


@pytest.mark.xfail(reason="the embedded weights do not see this yet", strict=False)
@pytest.mark.parametrize(("count", "step"), [(2, 0.3), (5, 0.46), (6, 0.24)])
def test_disks_that_hide_one_another_in_part(predict: yolo.Predict, count: int, step: float) -> None:
    disks = [thing("circle", (214, 38, 40), 0.3 + 0.25 * step * n, 0.5, 0.25) for n in range(count)]
    assert counted(predict(paint(480, disks))) == {"circle": count}


@pytest.mark.xfail(reason="the embedded weights do not see this yet", strict=False)
@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_things_on_things(predict: yolo.Predict, ground: RGB) -> None:
    things = [
        thing("square", (36, 92, 206), 0.4, 0.4, 0.3),
        thing("circle", (248, 212, 40), 0.4, 0.4, 0.19),
        thing("star", (214, 38, 40), 0.4, 0.4, 0.08),
        thing("square", (46, 158, 70), 0.73, 0.73, 0.13),
    ]
    assert counted(predict(paint(480, things, ground))) == {"square": 2, "circle": 1, "star": 1}


def test_an_ordinary_scene_costs_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found at once leaves nothing to look at in tiles."""
    passes: list[int] = []
    network = yolo_onnx._seen

    def counting(*arguments: object) -> Callable[..., object]:
        find = network(*arguments)  # type: ignore[arg-type] # as they come

        def count(images: list[NDArray[np.uint8]]) -> object:
            passes.append(len(images))
            return find(images)

        return count

    monkeypatch.setattr(yolo_onnx, "_seen", counting)
    things = [thing("circle", (214, 38, 40), 0.2, 0.3, 0.12), thing("star", (36, 92, 206), 0.7, 0.6, 0.24)]
    assert len(yolo_onnx.load_predictor(yolo.EMBEDDED, score_from=0.4)[1](paint(640, things)).rows) == 2
    assert passes == [1]


@pytest.mark.parametrize(
    "kind",
    [
        "document",
        "table",
        pytest.param("chart", marks=pytest.mark.xfail(reason="columns are taken for squares", strict=False)),
    ],
)
def test_nothing_is_found_where_there_are_no_shapes(predict: yolo.Predict, kind: str) -> None:
    draw: dict[str, Callable[[np.random.Generator], NDArray[np.uint8]]] = {
        "document": lambda rng: draw_document(make_document(rng, split="heldout")),
        "chart": lambda rng: draw_chart(make_chart(rng, split="heldout", kind="columns")),
        "table": lambda rng: draw_table(make_table(rng, split="heldout")),
    }
    found = [len(predict(draw[kind](np.random.default_rng((9, seed)))).rows) for seed in range(5)]
    assert sum(n > 0 for n in found) <= 1
