"""A user's rows in real runs: each is trained on in its turn, and what is wrong with one is never silent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from sightline.errors import ConfigError, DataError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import check_weights, write_manifest
from sightline.train.cli import app
from sightline.train.data.readers import Source, read_rows, write_rows
from sightline.train.own_data import OwnData, RowBatches, own_batches, source_of
from sightline.train.packing import Packed, targets
from sightline.train.recipes.tiny import RECIPE

NewModel = Callable[[], SightlineForConditionalGeneration]
ROWS = 11


def row(number: int, **changed: object) -> dict[str, object]:
    said = [{"from": "human", "value": "<image>\nWhich?"}, {"from": "gpt", "value": f"Number {number}."}]
    return {"id": str(number), "image": f"{number}.png", "conversations": said} | changed


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(ROWS):
        picture = np.full((20, 30, 3), 20 * number, np.uint8)
        assert cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps(row(number)) for number in range(ROWS)))
    return path


@pytest.fixture
def model(new_model: NewModel) -> SightlineForConditionalGeneration:
    return new_model()


def batches_of(
    own: OwnData, run: Path, v: Vocabulary, model: SightlineForConditionalGeneration, *, pairs: bool = False
) -> tuple[int, RowBatches]:
    data = RECIPE.dpo_data if pairs else RECIPE.sft_data
    plan, make = own_batches(own, RECIPE.sft, run, v, model.config, data=data, pairs=pairs)
    return plan.steps, make


def answers(packed: Packed, v: Vocabulary) -> list[str]:
    """What the loss covers, reply by reply."""
    said = v.decode(targets(packed)[1].tolist()).split("<eos>")[:-1]
    return [one.removeprefix("<answer>").strip() for one in said]


def own(path: Path, images: Path, **settings: object) -> OwnData:
    return OwnData(sources=((str(path), None),), images=images, samples=4, **settings)  # type: ignore[arg-type]


def test_an_epoch_shows_each_row_once_in_an_order_of_its_own(
    data: Path, images: Path, tmp_path: Path, vocabulary: Vocabulary, model: SightlineForConditionalGeneration
) -> None:
    steps, make = batches_of(own(data, images, epochs=4.0), tmp_path / "run", vocabulary, model)
    assert steps == ROWS  # 44 samples, four a step
    shown = [answer for draw in range(steps) for answer in answers(make(0, draw), vocabulary)]
    epochs = [shown[start : start + ROWS] for start in range(0, 4 * ROWS, ROWS)]
    wanted = sorted(f"Number {number}." for number in range(ROWS))
    assert [sorted(epoch) for epoch in epochs] == [wanted] * 4
    assert len({tuple(epoch) for epoch in epochs}) == 4
    packed = make(0, 7)
    assert torch.equal(packed.ids, make(0, 7).ids)
    assert not torch.equal(packed.ids, make(1, 7).ids)
    assert packed.pixels is not None
    for pixels, answer in zip(packed.pixels, answers(packed, vocabulary), strict=True):
        grey = (float(pixels[0, 64, 64]) + 1) * 127.5  # each row came with its own image
        assert grey == pytest.approx(20 * int(answer[7:-1]), abs=0.01)


@pytest.mark.parametrize("name", ["rows.json", "rows.parquet", "rows.tar"])
def test_every_container_gives_the_same_batches(
    data: Path,
    images: Path,
    tmp_path: Path,
    vocabulary: Vocabulary,
    model: SightlineForConditionalGeneration,
    name: str,
) -> None:
    rows = read_rows(Source(path=data, images=images))
    write_rows(rows, tmp_path / name, "llava", images=images, embed=name != "rows.json")
    _, first = batches_of(own(data, images), tmp_path / "a", vocabulary, model)
    _, second = batches_of(own(tmp_path / name, images), tmp_path / "b", vocabulary, model)
    for draw in range(3):
        one, other = first(0, draw), second(0, draw)
        assert torch.equal(one.ids, other.ids)
        assert one.pixels is not None
        assert other.pixels is not None
        assert torch.equal(one.pixels, other.pixels)


def test_worlds_have_their_share(
    data: Path, images: Path, tmp_path: Path, vocabulary: Vocabulary, model: SightlineForConditionalGeneration
) -> None:
    mixed = OwnData(sources=((str(data), 0.75), ("worlds", 0.25)), images=images, samples=4)
    steps, make = batches_of(mixed, tmp_path, vocabulary, model)
    assert steps == 4  # 11 rows and a third as many dialogues
    draws = [make(0, draw) for draw in range(11)]
    tasks = {name for packed in draws for name in packed.tasks}
    mine = [one for packed in draws for one in answers(packed, vocabulary) if one.startswith("Number ")]
    assert len(mine) == 33
    assert len(tasks) > 2
    assert set(Counter(mine).values()) == {3}


FAULTS = {
    2: ("bad_json", lambda line: line[:30]),
    4: ("missing_image", lambda line: line.replace("3.png", "nowhere.png")),
    5: ("damaged_image", lambda line: line),
    7: ("too_long", lambda line: line.replace("Which?", "Which? " * 3000)),
    9: ("missing_field", lambda line: line.replace('"value": "Number', '"said": "Number')),
    10: ("empty_turns", lambda line: line.replace("Number 9.", " ")),
}


@pytest.fixture
def spoilt(data: Path, images: Path) -> Path:
    lines = data.read_text().splitlines()
    for number, (_, spoil) in FAULTS.items():
        lines[number - 1] = spoil(lines[number - 1])
    whole = (images / "4.png").read_bytes()
    (images / "4.png").write_bytes(whole[: len(whole) // 2])
    data.write_text("\n".join(lines))
    return data


@pytest.fixture
def run(tmp_path: Path, vocabulary: Vocabulary, model: SightlineForConditionalGeneration) -> Path:
    """A run that has come as far as SFT."""
    keep(model, vocabulary, tmp_path / "run" / RECIPE.pretrained.name / "model")
    return tmp_path / "run"


def keep(model: SightlineForConditionalGeneration, vocabulary: Vocabulary, folder: Path) -> None:
    """As a stage leaves its model."""
    model.bfloat16().save_pretrained(folder)
    vocabulary.tokenizer.save_pretrained(folder)
    write_manifest(folder, {})


def train(stage: str, run: Path, data: Path | str, images: Path, *more: str) -> tuple[int, str]:
    command = [stage, "--recipe", "tiny", "--run", str(run), "--data", str(data), "--images", str(images)]
    result = CliRunner().invoke(app, [*command, *more])
    return result.exit_code, result.output + str(result.exception or "")


def test_a_run_counts_and_names_each_fault_and_trains_on_the_others(
    spoilt: Path, images: Path, run: Path
) -> None:
    code, output = train("sft", run, spoilt, images, "--bad", "skip", "--batch", "4", "--epochs", "2")
    assert code == 0, output
    assert f"{len(FAULTS)} faults" in output
    named = (run / "sft" / "data" / "faults.txt").read_text().splitlines()
    for line, (kind, _) in FAULTS.items():
        assert any(said.startswith(f"{spoilt}:{line}:") and f" {kind}: " in said for said in named), kind
        assert f"{spoilt}:{line}:" in output
    assert len(named) == len(FAULTS)
    log = [json.loads(line) for line in (run / "sft" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [1, 2, 3]  # 5 whole rows, twice, four a step
    assert check_weights(run / "sft" / "model")
    assert "⟦<answer> Number" in (run / "sft" / "view.txt").read_text()


@pytest.mark.parametrize("line", sorted(FAULTS))
def test_a_run_stops_at_a_fault_where_it_is_to(
    data: Path,
    images: Path,
    tmp_path: Path,
    vocabulary: Vocabulary,
    model: SightlineForConditionalGeneration,
    line: int,
) -> None:
    kind, spoil = FAULTS[line]
    lines = data.read_text().splitlines()
    lines[line - 1] = spoil(lines[line - 1])
    data.write_text("\n".join(lines))
    if kind == "damaged_image":
        (images / "4.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match=f"{data.name}:{line}: .*{kind}"):
        batches_of(own(data, images), tmp_path, vocabulary, model)


def test_an_image_that_goes_missing_later_is_named_too(
    data: Path, images: Path, tmp_path: Path, vocabulary: Vocabulary, model: SightlineForConditionalGeneration
) -> None:
    _, make = batches_of(own(data, images, bad="skip"), tmp_path, vocabulary, model)
    (images / "6.png").unlink()
    with pytest.raises(DataError, match=r"mine\.jsonl:7: row 6: damaged_image"):
        [make(0, draw) for draw in range(3)]


def test_what_is_resumed_is_the_same_run(data: Path, images: Path, run: Path, tmp_path: Path) -> None:
    settings = ("--batch", "4", "--epochs", "2")
    assert train("sft", run, data, images, *settings)[0] == 0
    weights = {path.name: path.read_bytes() for path in (run / "sft" / "model").glob("*.safetensors")}
    saved = sorted((run / "sft").glob("step-*"))
    assert [path.name for path in saved] == ["step-00000004", "step-00000006"]
    for file in saved[-1].iterdir():
        file.unlink()
    saved[-1].rmdir()
    assert train("sft", run, data, images, *settings)[0] == 0
    assert weights == {p.name: p.read_bytes() for p in (run / "sft" / "model").glob("*.safetensors")}
    data.write_text(data.read_text().replace("Which?", "Which one?"))
    code, output = train("sft", run, data, images, *settings)
    assert code != 0
    assert "began with other data" in output


def test_preferences_of_a_user(
    images: Path, run: Path, tmp_path: Path, vocabulary: Vocabulary, model: SightlineForConditionalGeneration
) -> None:
    lines = [
        json.dumps({"image": f"{n}.png", "question": "Which?", "chosen": f"Number {n}.", "rejected": "None."})
        for n in range(4)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines))
    _, make = batches_of(own(path, images), tmp_path / "look", vocabulary, model, pairs=True)
    said = answers(make(0, 0), vocabulary)
    assert said[1::2] == ["None."] * 4
    assert sorted(said[::2]) == [f"Number {n}." for n in range(4)]
    keep(model, vocabulary, run / RECIPE.sft.name / "model")
    code, output = train("dpo", run, path, images, "--batch", "2")
    assert code == 0, output
    log = [json.loads(line) for line in (run / "dpo" / "log.jsonl").read_text().splitlines()]
    assert log[0]["loss"] > 0
    assert len(log) == 2


def test_a_stage_goes_on_from_any_model(data: Path, images: Path, run: Path, tmp_path: Path) -> None:
    start = run / RECIPE.pretrained.name / "model"
    code, output = train("sft", tmp_path / "other", data, images, "--start", str(start), "--batch", "11")
    assert code == 0, output
    assert len((tmp_path / "other" / "sft" / "log.jsonl").read_text().splitlines()) == 1
    code, output = train("sft", tmp_path / "none", data, images, "--start", str(tmp_path / "nowhere"))
    assert code != 0
    assert "no weights with a manifest" in output


def test_settings_that_cannot_work(data: Path, images: Path, run: Path, tmp_path: Path) -> None:
    assert source_of("mine.json=0.8") == ("mine.json", 0.8)
    assert source_of("a=b.json") == ("a=b.json", None)
    with pytest.raises(ConfigError, match="every source a weight"):
        OwnData(sources=((str(data), 0.5), ("worlds", None)))
    with pytest.raises(ConfigError, match="at least one file"):
        OwnData(sources=(("worlds", 1.0),))
    with pytest.raises(ConfigError, match="above 0"):
        OwnData(sources=((str(data), -1.0),))
    data.write_text("\n".join(json.dumps(row(n, image="none.png")) for n in range(2)))
    code, output = train("sft", run, data, images, "--bad", "skip")
    assert code != 0
    assert "no row of" in output
    assert "data of yours come in at `sft`" in train("pretrain", run, data, images)[1]
