"""What the reference held of a user's pairs: the same as beside the batch, made once, and never stale."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from typer.testing import CliRunner

from sightline.errors import DataError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train import dpo as dpo_module
from sightline.train import reference as reference_module
from sightline.train.cli import app
from sightline.train.dpo import kept_loss, pair_loss
from sightline.train.loop import Plan, fit
from sightline.train.losses import reply_tokens
from sightline.train.own_data import OwnData, RowBatches, own_batches
from sightline.train.preference import PAIR_LOSSES
from sightline.train.recipe import Preference
from sightline.train.recipes.tiny import RECIPE
from sightline.train.reference import ReferenceBatches, digest, keep_reference, shown_whole

NewModel = Callable[[], SightlineForConditionalGeneration]
ROWS = 7
PLAN = Plan(name="dpo", steps=4, lr=1e-2, trains=(("", 1.0),), warmup=1, log_every=1, save_every=9)


def pair(number: int, **changed: object) -> dict[str, object]:
    chosen, rejected = f"Number {number}, and no other.", "Number " + "none " * (number % 3 + 1)
    row = {"image": f"{number}.png", "question": "Which?", "chosen": chosen, "rejected": rejected}
    return row | changed


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in range(ROWS):
        picture = np.full((20, 30, 3), 20 * number, np.uint8)
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    return write(tmp_path / "pairs.jsonl", [pair(number) for number in range(ROWS)])


@pytest.fixture
def batches(data: Path, new_model: NewModel, vocabulary: Vocabulary) -> Callable[[], RowBatches]:
    """Of the data as they stand, three rows each, in files of two rows."""

    def make() -> RowBatches:
        own = OwnData(sources=((str(data), None),), samples=3, epochs=2.0)
        run, config = data.parent / "run", new_model().config
        return own_batches(own, PLAN, run, vocabulary, config, data=RECIPE.dpo_data, pairs=True)[1]

    return make


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_module, "PART", 2)


def kept(batches: RowBatches, model: SightlineForConditionalGeneration, key: str = "a") -> ReferenceBatches:
    folder = Path(batches.rows["rows-000"].path).parents[1] / "reference"
    return keep_reference(batches, model, folder, key=key)


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("gamma", [1.0, 4.0])
def test_every_loss_is_that_with_the_reference_beside(
    batches: Callable[[], RowBatches], new_model: NewModel, gamma: float
) -> None:
    model, reference, rows = new_model(), new_model(), batches()
    after = kept(rows, model)
    with torch.no_grad():
        model.language_model.lm_head.weight.mul_(1.5)
        for draw, name in enumerate(PAIR_LOSSES):  # into the second epoch
            batch, packed = after(0, draw), rows(0, draw)
            assert torch.equal(batch.packed.ids, packed.ids)
            preference = Preference(loss=name, gamma=gamma)
            beside = pair_loss(model, packed, reference=reference, preference=preference)
            from_file = kept_loss(model, batch, preference=preference)
            torch.testing.assert_close(from_file[0], beside[0], atol=2e-5, rtol=1e-5)
            assert from_file[1:] == beside[1:]


def test_a_run_leaves_the_same_weights(
    batches: Callable[[], RowBatches], new_model: NewModel, tmp_path: Path
) -> None:
    rows, preference = batches(), Preference()
    models, start = (new_model(), new_model()), new_model()
    after = kept(rows, models[0])
    fit(models[0], PLAN, after, partial(kept_loss, preference=preference), tmp_path / "kept")
    beside = partial(pair_loss, reference=new_model().requires_grad_(False), preference=preference)
    fit(models[1], PLAN, rows, beside, tmp_path / "beside")
    before = dict(start.named_parameters())
    for (name, one), other in zip(models[0].named_parameters(), models[1].parameters(), strict=True):
        moved, away = (one - before[name]).norm(), (one - other).norm()
        assert away <= 1e-2 * moved, name  # AdamW divides by gradients' size: it enlarges rounding
    logs = [
        [json.loads(line)["loss"] for line in (tmp_path / run / "dpo/log.jsonl").read_text().splitlines()]
        for run in ("kept", "beside")
    ]
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)


def test_what_is_kept_is_what_the_reference_holds_to_the_bit(
    batches: Callable[[], RowBatches], new_model: NewModel
) -> None:
    model, rows = new_model(), batches()
    after = kept(rows, model)
    for part in range(0, ROWS, 2):
        numbers = range(part, min(part + 2, ROWS))
        episodes = [rows.episode("rows-000", number) for number in numbers]
        with torch.no_grad():
            held = reply_tokens(model.eval(), rows.packed(episodes)).logprobs
        found = [after._kept("rows-000", n, one) for n, one in zip(numbers, episodes, strict=True)]
        assert torch.equal(torch.cat(found), held)


def test_only_what_is_not_there_is_made(batches: Callable[[], RowBatches], new_model: NewModel) -> None:
    model, rows = new_model(), batches()
    folder = kept(rows, model).folder
    first = stamps(folder)
    assert len(first) == 4  # seven rows, two a file
    (folder / "rows-000-00001.safetensors").unlink()
    (folder / "rows-000-00002.safetensors").write_bytes(b"cut off")
    (folder / "rows-000-00009.safetensors").write_bytes(b"of rows that are no more")
    kept(rows, model)
    second = stamps(folder)
    assert set(second) == set(first)
    assert [name[-17:-12] for name in first if first[name] != second[name]] == ["00001", "00002"]
    kept(rows, None)  # type: ignore[arg-type]  # nothing is left to read
    assert stamps(folder) == second


def test_another_model_or_row_is_read_anew(
    batches: Callable[[], RowBatches], new_model: NewModel, data: Path
) -> None:
    model = new_model()
    after = kept(batches(), model)
    was = {path.name: load_file(path) for path in after.folder.iterdir()}
    with torch.no_grad():
        model.language_model.lm_head.weight.mul_(2.0)
    kept(batches(), model, key="b")
    assert all(not torch.equal(read["logprobs"], was[name]["logprobs"]) for name, read in files(after))
    was = dict(files(after))
    write(data, [pair(n) if n != 3 else pair(n, rejected="Something else.") for n in range(ROWS)])
    rows = kept(batches(), model, key="b")
    changed = {name for name, read in files(after) if len(read["logprobs"]) != len(was[name]["logprobs"])}
    assert changed == {"rows-000-00001.safetensors"}
    assert [len(rows(0, draw).reference) for draw in range(3)] == [
        int(rows(0, draw).packed.loss.sum()) for draw in range(3)
    ]


def files(batches: ReferenceBatches) -> list[tuple[str, dict[str, Tensor]]]:
    return [(path.name, load_file(path)) for path in batches.folder.iterdir()]


def test_an_image_that_is_another_one_is_named(
    batches: Callable[[], RowBatches], new_model: NewModel, data: Path
) -> None:
    after = kept(batches(), new_model())
    picture = np.full((20, 30, 3), 7, np.uint8)
    assert cv2.imwrite(str(data.parent / "4.png"), picture)
    with pytest.raises(DataError, match=r"pairs\.jsonl:5: row 5: not what the reference read") as told:
        [after(0, draw) for draw in range(3)]
    assert str(after.folder) in str(told.value)


def test_all_that_is_shown_is_in_the_digest(batches: Callable[[], RowBatches]) -> None:
    one = batches().episode("rows-000", 2)
    others = [
        replace(one, prefix=[*one.prefix, 5]),
        replace(one, asked=[one.asked[0][::-1]]),
        replace(one, replies=[one.replies[0][::-1]]),
        replace(one, images=(np.asarray(one.images[0]).transpose(1, 0, 2),)),
        replace(one, images=()),
    ]
    assert len({digest(other) for other in (one, *others)}) == 6
    assert digest(one) == digest(batches().episode("rows-000", 2))


def test_where_all_rows_are_not_shown_they_are_not_all_read(data: Path) -> None:
    own = OwnData(sources=((str(data), None),))
    assert shown_whole(own)
    assert not shown_whole(replace(own, epochs=0.5))
    assert not shown_whole(OwnData(sources=((str(data), 0.5), ("worlds", 0.5))))


def command(run: Path, *data: Path) -> list[str]:
    named = [word for path in data for word in ("--data", str(path))]
    return ["dpo", "--recipe", "tiny", "--run", str(run), *named, "--batch", "2", "--epochs", "2"]


def test_the_command_holds_one_model_and_goes_on(
    data: Path, after_sft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, [pair(n) if n != 3 else pair(n, image="nowhere.png") for n in range(ROWS)])
    loaded: list[object] = []
    monkeypatch.setattr(
        dpo_module,
        "load_stage",
        lambda *given, load=dpo_module.load_stage: loaded.append(given) or load(*given),
    )
    for _ in range(2):
        result = CliRunner().invoke(app, [*command(after_sft, data), "--bad", "skip"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert len(loaded) == 2  # once each time
    assert len(list((after_sft / "dpo" / "reference").iterdir())) == 3  # six rows
    log = [json.loads(line) for line in (after_sft / "dpo" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [1, 2, 3, 4, 5, 6]
    assert "⟦<answer> Number" in (after_sft / "dpo" / "view.txt").read_text()


def test_two_processes_share_it_out(data: Path, after_sft: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.jsonl", [pair(n, question="And here?") for n in range(3)])
    run = tmp_path / "two"
    (run / "sft").mkdir(parents=True)
    (run / "sft" / "model").symlink_to(after_sft / "sft" / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    code = "from sightline.train.cli import app; app()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *command(run, data, other)],
            env=os.environ | common | {"RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=280)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    shared = {path.name: load_file(path) for path in (run / "dpo" / "reference").iterdir()}
    assert set(shared) == {"rows-000-00000.safetensors", "rows-001-00000.safetensors"}
    assert [len(read["digests"]) for _, read in sorted(shared.items())] == [ROWS, 3]
    assert len((run / "dpo" / "log.jsonl").read_text().splitlines()) == 5  # 20 pairs, two a process
