"""The detector of photographs: where it looks, what it keeps, and how sure it is."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from sightline.images import make_picture
from sightline.tools import coco
from sightline.tools.clock import Clock, current
from sightline.tools.coco import Coco, Pass, kept, look_at, merged, passes

CAT = skimage.data.chelsea()


@pytest.fixture(scope="module")
def network() -> Coco:
    made = Coco()
    made.warm()
    return made


def labels(network: Coco, pixels: np.ndarray, **wanted: object) -> list[str]:
    seen = network.look(make_picture(pixels), "", frozenset(network.classes()))
    return [one.label for one in seen.sightings if one.is_sure]


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_passes_cover_the_picture_and_are_bounded(width: int, height: int) -> None:
    looks = passes(width, height)
    assert sum(map(len, looks)) <= 3 * coco.MOST_PASSES + 3
    for look in looks:
        covered = np.zeros((2, 9000), bool)
        for one in look:
            x1, y1, x2, y2 = one.window
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
            covered[0, x1:x2] = covered[1, y1:y2] = True
        assert covered[0, :width].all()
        assert covered[1, :height].all()
    sizes = {side for look in looks for one in look for side in one.size}
    assert all((side - 300) % 128 == 0 for side in sizes), "others move every box"


@pytest.mark.parametrize(
    ("size", "looks"),
    [
        ((448, 336), [1, 1, 1]),
        ((336, 448), [1, 1, 1]),
        ((640, 480), [1, 1, 1]),
        ((1000, 750), [1, 1, 1, 4]),
        ((4000, 3000), [1, 1, 1, 4, 16]),
        ((3000, 400), [8, 7, 7]),
        ((3000, 8), [1, 1, 1]),
        ((1, 1), [1, 1, 1]),
    ],
)
def test_looks_adapt_to_size_and_aspect(size: tuple[int, int], looks: list[int]) -> None:
    made = passes(*size)
    assert [len(look) for look in made] == looks
    turned = size[0] < size[1]
    assert all((one.size[0] < one.size[1]) == turned for look in made[1:] for one in look)


def test_boxes_that_are_cut_or_too_large_are_left_to_other_looks() -> None:
    look = Pass(window=(100, 0, 200, 100), size=(556, 428))
    rows = [
        (110, 10, 120, 20),  # inside
        (101, 10, 120, 20),  # cut on the left
        (190, 10, 199, 20),  # cut on the right
        (110, 1, 120, 20),  # at the edge of the picture
        (110, 10, 145, 20),  # 195 px of the input
    ]
    found = np.array([(*corners, 0.5, 1) for corners in rows], np.float32)
    assert kept(found, look, 300, 100)[:, :4].tolist() == [list(rows[0]), list(rows[3])]
    whole = Pass(window=(0, 0, 300, 100), size=(300, 300))
    assert len(kept(found, whole, 300, 100)) == len(rows)


def test_each_thing_once() -> None:
    rows = np.array(
        [
            (0, 0, 100, 100, 0.6, 1),
            (5, 0, 100, 100, 0.9, 1),  # the same, better
            (20, 20, 60, 60, 0.5, 1),  # in it
            (20, 20, 60, 60, 0.4, 2),  # of another class
            (200, 0, 300, 100, 0.3, 1),  # elsewhere
        ],
        np.float32,
    )
    found = merged([rows[:2], rows[2:]])
    assert found[:, 4].tolist() == pytest.approx([0.9, 0.4, 0.3])
    assert merged([]).shape == (0, 6)


def test_scores_are_probabilities() -> None:
    raw = np.linspace(0, 1, 50)
    for told in (coco.right, coco.present):
        values = [told(score) for score in raw.tolist()]
        assert values == sorted(values)
        assert 0 < values[0] < 0.1
        assert 0.95 < values[-1] < 1
    assert coco.present(coco.SHOWN_FROM) > 0.5, "what is shown is more likely there than not"
    assert coco.present(0.9 * coco.SHOWN_FROM) < 0.58


def test_a_cat_small_in_a_large_picture(network: Coco) -> None:
    """Shrunk to the network's 300 px it is 17 px: nothing to see."""
    small = cv2.resize(CAT, (150, 100), interpolation=cv2.INTER_AREA)
    large = np.full((2000, 2600, 3), 200, np.uint8)
    large[1500:1600, 2000:2150] = small
    picture = make_picture(large)
    seen = network.look(picture, "", frozenset({"cat"}))
    (cat,) = [one for one in seen.sightings if one.is_sure]
    x1, y1, x2, y2 = cat.corners
    assert (x1 + x2) / 2 == pytest.approx(2075, abs=40)
    assert (y1 + y2) / 2 == pytest.approx(1550, abs=30)
    assert seen.partial == "things smaller than 47 px may be missed"


def test_a_cat_in_a_long_picture(network: Coco) -> None:
    """Squeezed to a square it is a stripe."""
    long = np.full((300, 1500, 3), 200, np.uint8)
    long[:, 700:1151] = CAT
    seen = network.look(make_picture(long), "", frozenset({"cat"}))
    assert any(one.is_sure and one.corners[0] > 650 and one.corners[2] < 1200 for one in seen.sightings)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (8, 8), (300, 300)])
def test_tiny_thin_and_blank_pictures(network: Coco, shape: tuple[int, int]) -> None:
    assert labels(network, np.full((*shape, 3), 255, np.uint8)) == []


def test_what_was_seen_is_kept_for_the_next_question(network: Coco) -> None:
    picture = make_picture(CAT)
    rows, _ = network.rows(picture)
    assert network.rows(picture)[0] is rows
    network.close()
    assert np.array_equal(network.rows(picture)[0], rows)


def test_no_time_for_all_looks_is_said(network: Coco, monkeypatch: pytest.MonkeyPatch) -> None:
    large = np.repeat(np.repeat(CAT, 4, 0), 4, 1)
    left = iter([60.0] * 5 + [0.0] * 99)
    monkeypatch.setattr(coco, "seconds_left", lambda: next(left))
    picture = make_picture(large)
    seen = network.look(picture, "", frozenset({"cat"}))
    assert [one.label for one in seen.sightings if one.is_sure] == ["cat"]
    assert seen.partial == "things smaller than 104 px may be missed"
    monkeypatch.undo()
    assert network.look(picture, "", frozenset({"cat"})).partial == "", "looked again"


def test_no_time_at_all(network: Coco) -> None:
    def call() -> None:
        current.set(Clock(0.0))
        try:
            look_at(network._net, CAT)
        except TimeoutError as error:
            raised.append(error)

    raised: list[TimeoutError] = []
    network.warm()
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert raised


def test_threads_share_the_network(network: Coco) -> None:
    network.close()
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(labels(network, CAT[:, : 451 - n])))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one[0] for one in found] == ["cat"] * 3
