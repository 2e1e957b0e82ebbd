"""Every world keeps the contract: the same bytes from any process, nothing held out while training."""

from __future__ import annotations

import hashlib
import re
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sightline.train.cli import app
from sightline.train.data.readers import read_rows
from sightline.train.worlds.audit import Audit, audit, audit_of
from sightline.train.worlds.catalogue import HELD_OUT, WORLDS
from sightline.train.worlds.preview import contact_sheet
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.shards import draw, write_shards

NAMES = tuple(WORLDS)
FEW = {"solids": 60, "panels": 30, "shapes_grid": 30, "episodes": 30}


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_whole_and_drawn_anew_the_same(name: str) -> None:
    for index in range(4):
        one, again = draw(name, 7, index), draw(name, 7, index)
        assert one.asked == again.asked
        assert one.asked
        assert len({asked.question.lower() for asked in one.asked}) == len(one.asked)
        assert all(np.array_equal(a, b) for a, b in zip(one.images, again.images, strict=True))
        assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in one.images)
        assert is_dataclass(one.state)
        for asked in one.asked:
            assert all((asked.question.strip(), asked.answer.strip(), asked.family))
            assert not re.search(r"[{}\[\]|]|  | [.?]", asked.question)
            assert not asked.choices or asked.answer in asked.choices


@pytest.mark.parametrize("name", NAMES)
def test_nothing_held_out_is_trained_on_and_the_held_out_split_has_it(name: str) -> None:
    assert set(HELD_OUT) == set(WORLDS)
    report = audit(name, samples=FEW.get(name, 250))
    assert report.held_out == []
    held = audit(name, samples=25, split="heldout")
    assert len(held.held_out) > 5


@pytest.mark.parametrize("name", [name for name in NAMES if name != "solids"])  # whose lines have no names
def test_what_is_worded_by_a_held_out_line_is_told_from_its_text(name: str) -> None:
    named = [
        (asked.question, "/held" in asked.wording, HELD_OUT[name].wording(asked.family, asked.question))
        for index in range(2 * FEW.get(name, 100))
        for asked in draw(name, 3, index, "heldout").asked
        if re.search("/(held|train)", asked.wording)
    ]
    assert [row for row in named if row[1] and not row[2]] == []
    assert named


def test_an_audit_names_what_can_be_guessed() -> None:
    state = draw("documents", 0, 0).state

    def sample(answer: str) -> Sample:
        asked = Asked(question="How many?", answer=answer, family="items", wording="easy")
        return Sample(asked=(asked,), state=state, draw=tuple)

    answers = ["1"] * 240 + ["2"] * 60
    assert audit_of("documents", map(sample, answers)).guessable() == {"easy": ("1", 0.8)}
    assert audit_of("documents", map(sample, answers[::2])).guessable() == {}


def test_an_audit_finds_what_is_held_out() -> None:
    report = Audit(world="scenes")
    for index in range(10):
        report.add(draw("scenes", 0, index, "heldout"))
    assert report.held_out


def test_shards_are_the_same_bytes_from_any_number_of_processes(tmp_path: Path) -> None:
    made = [
        write_shards(NAMES, tmp_path / str(workers), samples=3, per_shard=2, workers=workers)
        for workers in (1, 2)
    ]
    hashes = [[hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] for paths in made]
    assert hashes[0] == hashes[1]
    assert [path.name for path in made[0]] == [f"{name}-0000{i}.tar" for name in NAMES for i in range(2)]
    for name in NAMES:
        rows = [row for path in made[0] if path.name.startswith(f"{name}-") for row in read_rows(path)]
        asked = draw(name, 0, 2).asked
        assert [answer for _, answer in rows[2].exchanges] == [a.answer for a in asked]
        assert len(rows) == 3


def test_a_contact_sheet_shows_every_tile() -> None:
    sheet = contact_sheet("scenes", WORLDS["scenes"], columns=2, rows=2)
    assert sheet.shape[1] > 600
    assert sheet.std() > 20


def test_the_command_writes_sheets_and_names_unknown_worlds(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["worlds", str(tmp_path), "scenes", "--preview"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "scenes.png").read_bytes().startswith(b"\x89PNG")
    result = CliRunner().invoke(app, ["audit", "nonesuch"])
    assert result.exit_code == 2
    assert "episodes" in result.output


def test_the_speed_of_a_world_is_told() -> None:
    result = CliRunner().invoke(app, ["speed", "episodes", "--samples", "2"])
    assert result.exit_code == 0, result.output
    told = re.fullmatch(r"episodes: (\d+) samples/s, (\d+) images/s\n", result.output)
    assert told
    assert int(told[2]) > 2 * int(told[1]) > 0  # an episode has several images
