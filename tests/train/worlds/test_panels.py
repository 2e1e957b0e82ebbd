"""Panels and grids: what is drawn is what the state says, answers are even, held-out material stays out."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest

from sightline.train.worlds import panel_questions, shape_grids
from sightline.train.worlds.coverage_panels import read_grid
from sightline.train.worlds.panel_draw import draw_panel
from sightline.train.worlds.panels import HELD_OUT, HELD_OUT_LAYOUTS, Panel, holds_held_out, make_panel
from sightline.train.worlds.sample import Asked, Sample, World
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.shape_grids import Grid, draw_grid, make_grid, read_question, shapes_grid_sample

WORLDS: tuple[World, ...] = (panel_questions.panel_sample, shapes_grid_sample)
INKS = {"black": (0, 0, 0), "blue": (0, 153, 255), "yellow": (255, 255, 0)}
STEP = {"left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0)}


@cache
def draws(world: World, count: int, split: Split = "train") -> list[Sample]:
    return [world(np.random.default_rng(seed), split) for seed in range(count)]


@pytest.mark.parametrize("world", WORLDS)
def test_a_seed_gives_the_same_bytes(world: World) -> None:
    for seed in range(6):
        one, other = (world(np.random.default_rng(seed), "train") for _ in range(2))
        assert one.asked == other.asked
        assert one.state == other.state
        assert all((a == b).all() for a, b in zip(one.images, other.images, strict=True))


@pytest.mark.parametrize("world", WORLDS)
def test_yes_and_no_are_even(world: World) -> None:
    families: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sample in draws(world, 160):
        for asked in sample.asked:
            families[asked.family][asked.answer] += 1
            assert asked.thought.endswith(f"{asked.answer}.")
    total = sum(families.values(), Counter())
    assert set(total) == {"yes", "no"}
    assert 0.45 < total["yes"] / total.total() < 0.55
    for family, tally in families.items():
        slack = 2.6 * (0.25 / tally.total()) ** 0.5
        assert abs(tally["yes"] / tally.total() - 0.5) < slack, (family, tally)


def test_each_item_is_painted_at_its_place() -> None:
    for seed in range(30):
        panel = make_panel(np.random.default_rng(seed), "train", ("scatter", "towers")[seed % 2])  # type: ignore[arg-type]
        image = draw_panel(panel)
        assert image.shape == (100, 400, 3)
        assert (image[:, 100:150] == 128).all()
        for number, box in enumerate(panel.boxes):
            for item in box:
                x, y = number * 150 + item.x + item.size // 2, item.y + item.size // 2
                assert tuple(image[y, x]) == INKS[item.colour]
                assert image[y, number * 150 + max(item.x - 1, 0)].tolist() == [211] * 3 or item.x == 0
            ink = (image[:, number * 150 : number * 150 + 100] != 211).any(-1).sum()
            area = sum(i.size**2 * {"square": 1, "circle": 0.785, "triangle": 0.5}[i.shape] for i in box)
            assert area * 0.9 < ink < area * 1.5


def test_items_lie_in_their_box_and_apart() -> None:
    for seed in range(100):
        for box in make_panel(np.random.default_rng(seed)).boxes:
            taken = np.zeros((100, 100), int)
            for item in box:
                assert item.x + item.size <= 100
                taken[item.y : item.y + item.size, item.x : item.x + item.size] += 1
            assert taken.max() <= 1


@pytest.mark.parametrize("kind", ["scatter", "towers"])
def test_held_out_panels_are_never_trained_on(kind: str) -> None:
    for seed in range(60):
        for split in ("train", "heldout"):
            panel = make_panel(np.random.default_rng(seed), split, kind)  # type: ignore[arg-type]
            triples = {(i.colour, i.shape, i.size) for b in panel.boxes for i in b}
            layout = tuple(map(len, panel.boxes))
            rare = bool(triples & HELD_OUT) or layout in HELD_OUT_LAYOUTS[panel.kind]
            assert rare == (split == "heldout") == holds_held_out(panel)


def test_train_names_no_held_out_triple() -> None:
    said = "\n".join(a.question.lower() for s in draws(panel_questions.panel_sample, 100) for a in s.asked)
    for words in ("big black circle", "medium blue triangle", "small yellow square"):
        assert words not in said


@pytest.mark.parametrize(
    ("world", "is_held_out"),
    [
        (panel_questions.panel_sample, panel_questions.is_held_out),
        (shapes_grid_sample, shape_grids.is_held_out),
    ],
)
def test_held_out_wordings(world: World, is_held_out: object) -> None:
    def held(asked: Asked) -> bool:
        return bool(is_held_out(asked.family, asked.question))  # type: ignore[operator]

    assert not any(held(a) for s in draws(world, 100) for a in s.asked)
    share = np.mean([held(a) for s in draws(world, 50, "heldout") for a in s.asked])
    assert 0.3 < share < 0.8


# Grids.


def facts(grid: Grid) -> list[tuple[int, int, str, str]]:
    return [(n // 3, n % 3, m.colour, m.shape) for n, m in enumerate(grid.cells) if m]


def chains(
    table: list[tuple[int, int, str, str]], subject: str, relations: tuple[str, ...], target: str
) -> bool:
    """Every pair of shapes is tried; a chain of steps has to stay on the grid."""
    for row, column, *traits in table:
        if subject not in traits:
            continue
        r, c, inside = row, column, True
        for relation in relations:
            down, right = STEP[relation]
            r, c = r - down, c - right
            inside = inside and 0 <= r < 3 and 0 <= c < 3
        if inside and any((r, c) == (y, x) and target in t for y, x, *t in table):
            return True
    return False


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_grid_answers_are_found_again(split: Split) -> None:
    lengths: Counter[int] = Counter()
    for sample in draws(shapes_grid_sample, 120, split):
        assert isinstance(sample.state, Grid)
        table = facts(sample.state)
        for asked in sample.asked:
            words = [w.strip("?.:,'").lower() for w in asked.question.split()]
            nouns = [w for w in words if w in ("red", "green", "blue", "circle", "square", "triangle")]
            relations = tuple(
                w if w in ("above", "below") else f"{w} of"
                for w, after in zip(words, [*words[1:], ""], strict=True)
                if w in ("above", "below") or (w in ("left", "right") and after == "of")
            )
            if len(nouns) == 2:
                lengths[len(relations)] += 1
                assert chains(table, nouns[0], relations, nouns[1]) == (asked.answer == "yes"), asked
    assert set(lengths) == {0, 1, 2}


def test_a_drawn_grid_is_read_back() -> None:
    for seed in range(60):
        grid = make_grid(np.random.default_rng(seed))
        assert facts(read_grid(draw_grid(grid))) == facts(grid)


def test_shapes_questions_are_read() -> None:
    chain = read_question("is a red shape left of above a circle")
    assert (chain.subject, chain.relations, chain.target) == ("red", ("left of", "above"), "circle")
    assert read_question("is a square blue").relations == ()


def test_states_are_panels_and_grids() -> None:
    assert all(isinstance(s.state, Panel) for s in draws(panel_questions.panel_sample, 3))
