"""Two regions: color difference and SSIM against reference values, verdicts on drawn scenes, refusals."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from sightline.images import Picture, make_picture
from sightline.tools import guard
from sightline.tools.compare import Comparer
from sightline.tools.looks import ssim
from sightline.train.worlds.scenes import Scene, Thing, draw_scene, make_scene, thing_box
from sightline.types import Box, Facts, Frame, ToolResult

SIDE = 320


def thing(shape: str, colour: str, x: float, y: float, diameter: float = 0.2) -> Thing:
    return Thing(shape=shape, colour=colour, size="large", x=x, y=y, diameter=diameter)


SCENE = Scene(
    things=(
        thing("circle", "red", 0.2, 0.2),
        thing("circle", "red", 0.7, 0.2),
        thing("circle", "blue", 0.2, 0.7),
        thing("star", "red", 0.7, 0.7),
        thing("circle", "red", 0.45, 0.45, 0.12),
    )
)
PICTURE = make_picture(draw_scene(SCENE, SIDE))


def boxes(scene: Scene = SCENE, picture: Picture = PICTURE) -> list[Box]:
    return [Box.clipped(*thing_box(thing, SIDE), picture.frame) for thing in scene.things]


def run(*regions: Box, what: str | None = None, picture: Picture = PICTURE) -> ToolResult:
    return guard.run(Comparer(), picture, {"regions": regions, "what": what}, timeout_s=60)


def facts(*regions: Box, what: str | None = None, picture: Picture = PICTURE) -> dict[str, object]:
    result = run(*regions, what=what, picture=picture)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Facts)
    return {fact.name: fact.value for fact in result.payload.items}


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (1, "alike (color the same, size alike, structure alike)"),
        (2, "different (color different, size alike, structure alike)"),
        (3, "different (color the same, size alike, structure different)"),
        (4, "different (color the same, size different, structure alike)"),
    ],
)
def test_a_verdict_with_its_reasons(other: int, verdict: str) -> None:
    assert facts(boxes()[0], boxes()[other])["1 and 2 are"] == verdict


def test_what_is_measured() -> None:
    said = facts(boxes()[0], boxes()[4], what="size")
    assert said["area of 2 to area of 1"] == pytest.approx(0.36, abs=0.02)
    assert set(said) == {
        "1 and 2 are",
        "area of 2 to area of 1",
        "width of 2 to width of 1",
        "height of 2 to height of 1",
    }
    assert facts(boxes()[0], boxes()[2], what="color")["color of 2"] == "blue #245cce"


def test_ssim_is_that_of_scikit_image() -> None:
    """skimage 0.25: gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1."""
    rng = np.random.default_rng(7)
    a = rng.random((40, 52))
    b = np.clip(a + rng.normal(0, 0.2, a.shape), 0, 1)
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, b) == pytest.approx(0.8212047475923147, abs=1e-12)
    assert ssim(a, 1 - a) == pytest.approx(-0.9684259290209464, abs=1e-12)
    flat = (np.full((20, 20), 0.2), np.full((20, 20), 0.6))
    assert ssim(*flat) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4))


def test_verdicts_on_drawn_scenes_are_mostly_right_and_rarely_wrong() -> None:
    told: dict[str, list[bool]] = {"color": [], "structure": []}
    unclear = 0
    for seed in range(12):
        scene = make_scene(np.random.default_rng(seed))
        picture = make_picture(draw_scene(scene, SIDE))
        for (a, box_a), (b, box_b) in combinations(zip(scene.things, boxes(scene, picture), strict=True), 2):
            for what, same in (("color", a.colour == b.colour), ("structure", a.shape == b.shape)):
                said = str(facts(box_a, box_b, what=what, picture=picture)["1 and 2 are"])
                if said.startswith("unclear"):
                    unclear += 1
                else:
                    told[what].append(said.startswith("alike") == same)
    assert np.mean(told["color"]) > 0.98
    assert np.mean(told["structure"]) > 0.9
    assert unclear < len(told["structure"]) / 2


@pytest.mark.parametrize(
    ("regions", "why"),
    [
        (boxes()[:1], "two regions, not 1"),
        (boxes()[:3], "two regions, not 3"),
        ([boxes()[0], Box(x1=9, y1=9, x2=9, y2=20, frame=PICTURE.frame)], "region 2 is empty"),
        (
            [boxes()[0], Box(x1=0, y1=0, x2=9, y2=9, frame=Frame(image="b" * 64, width=9, height=9))],
            "two different images",
        ),
    ],
)
def test_what_is_refused(regions: list[Box], why: str) -> None:
    result = run(*regions)
    assert result.status == "refused"
    assert why in result.message


def test_regions_of_one_pixel_and_of_one_colour() -> None:
    flat = make_picture(np.full((40, 40, 3), 90, np.uint8))
    dots = [Box(x1=x, y1=5, x2=x + 1, y2=6, frame=flat.frame) for x in (3, 30)]
    assert str(facts(*dots, picture=flat)["1 and 2 are"]).startswith("alike")


def test_two_pictures_are_not_promised() -> None:
    assert "not two pictures" in Comparer().covers()
