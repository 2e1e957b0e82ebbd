"""The benchmark on photographs: on a tiny pack of pictures that the wheel of scikit-image holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import photographs
import photographs_fit

PACK = {"chelsea": ("cat", "dog"), "coffee": ("cup", "elephant"), "astronaut": ("person", "cat")}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Two existing and two missing things a picture, of each kind of question, and a count."""
    folder = tmp_path / photographs.PACK
    (folder / "images").mkdir(parents=True)
    rows = []
    boxes = []
    for name, (there, missing) in PACK.items():
        Image.fromarray(getattr(skimage.data, name)()).save(folder / "images" / f"{name}.png")
        about = {"image": f"images/{name}.png", "split": "train"}
        for kind in photographs_fit.KINDS:
            for thing, answer in ((there, "yes"), (missing, "no")):
                question = f"Is there a{'n' * (thing == 'elephant')} {thing} in the image?"
                rows.append(about | {"question": question, "answer": answer, "type": f"pope_{kind}"})
        question = f"How many {there} instances are in the image?"
        rows.append(about | {"question": question, "answer": "1", "type": "count"})
        boxes.append({"image": about["image"], "boxes_cxcywh_norm": [[there, 0.5, 0.5, 0.9, 0.95]]})
    for file, lines in (("data.jsonl", rows), ("boxes.jsonl", boxes)):
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_the_tables(pack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["photographs.py", "--data", str(pack.parent)])
    assert photographs.main() == 0
    said = capsys.readouterr().out
    assert "train half, 3 photographs" in said
    for kind in photographs_fit.KINDS:
        assert f"| {kind} | 6 | 1.000 | 1.000 | 1.000 | 1.000 |" in said
    assert "|  | 3 | 100.0% | 100.0% |" in said
    assert "CPU seconds a photograph" in said


def test_the_pack_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["photographs.py", "--data", str(tmp_path)])
    assert photographs.main() == 2
    assert photographs.PACK in capsys.readouterr().err


def test_the_colors_are_of_forty_objects_of_many_kinds() -> None:
    rows = json.loads(photographs.COLORS.read_text())
    assert len(rows) == 40
    assert len({row["class"] for row in rows}) >= 20
    assert len({row["colors"][0] for row in rows}) == 11
    for row in rows:
        x1, y1, x2, y2 = row["box"]
        assert x1 < x2
        assert y1 < y2


def test_a_calibration_finds_the_odds_that_made_the_cases() -> None:
    cases = [
        photographs_fit.Case(raw, n < round(100 * share), n % 2)
        for raw, share in ((0.2, 0.1), (0.5, 0.5), (0.8, 0.9))
        for n in range(100)
    ]
    count, curve, before, after = photographs_fit.calibrated(cases)
    offset, slope = map(float, curve.split(", "))
    assert count == "300"
    assert abs(offset) < 0.02
    assert slope == pytest.approx(1.585, abs=0.02)
    assert float(after) < float(before)


def test_each_gold_box_is_found_once() -> None:
    rows = np.array(
        [(0, 0, 100, 100, 0.9, 17), (2, 0, 100, 100, 0.8, 17), (0, 0, 100, 100, 0.7, 18)], np.float32
    )
    seen = photographs_fit.Seen(rows, (200, 100), 0)
    cases = photographs_fit.detections(seen, [("cat", 0.25, 0.5, 0.5, 1.0)])
    assert [case.is_true for case in cases] == [True, False, False]
    assert photographs_fit.overlap(rows[0, :4], (0.25, 0.5, 0.5, 1.0), (200, 100)) == pytest.approx(1)
