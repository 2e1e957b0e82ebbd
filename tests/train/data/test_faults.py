"""Every kind of broken row is found, named with its file and line, and the rows around it are read."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.train.data.conftest import conversations, exchanges, pairs
from typer.testing import CliRunner

from sightline.errors import ConfigError, DataError, InputError
from sightline.train.cli import app
from sightline.train.data.faults import KINDS, Fault, Kind, Tally
from sightline.train.data.readers import Format, Source, read_rows, write_rows

Record = dict[str, Any]
FINE: Record = {
    "id": "fine",
    "image": "0.png",
    "conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A star."}],
}


def llava(**changes: Any) -> Record:
    return {"id": "bad"} | {k: v for k, v in ({**FINE, "id": "bad"} | changes).items() if v is not None}


def said(*turns: tuple[str, str]) -> list[Record]:
    return [{"from": who, "value": text} for who, text in turns]


def read(source: Source) -> tuple[list[str], list[Fault]]:
    tally = Tally(on_fault="skip")
    ids = [row.id for row in read_rows(source, tally)]
    assert tally.rows == len(ids)
    assert tally.faults == len(tally.first)
    return ids, tally.first


BROKEN: list[tuple[Kind, Record | str]] = [
    ("bad_json", '{"id": "bad", "image": '),
    ("missing_field", {"id": "bad", "image": "0.png"}),
    ("missing_field", llava(conversations=[{"from": "human"}, {"from": "gpt", "value": "x"}])),
    ("wrong_type", llava(conversations="hello")),
    ("wrong_type", llava(image=7)),
    ("wrong_type", llava(id=[1])),
    ("wrong_type", llava(conversations=[*said(("human", "<image>\nWhat?")), {"from": "gpt", "value": 3}])),
    ("wrong_type", llava(related=[1])),
    ("empty_turns", llava(conversations=[])),
    ("empty_turns", llava(conversations=said(("human", "<image>\n"), ("gpt", "x")))),
    ("empty_turns", llava(conversations=said(("human", "<image>\nWhat?"), ("gpt", " ")))),
    ("role_order", llava(conversations=said(("gpt", "x"), ("human", "<image>")))),
    ("role_order", llava(conversations=said(("human", "<image> a"), ("human", "b"), ("gpt", "c")))),
    (
        "role_order",
        llava(
            conversations=said(
                ("human", "<image> a"),
            )
        ),
    ),
    ("role_order", llava(conversations=said(("narrator", "<image> a"), ("gpt", "c")))),
    ("image_marks", llava(image=["0.png", "1.png"])),
    ("image_marks", llava(image=None)),
    ("image_marks", llava(conversations=said(("human", "What?"), ("gpt", "x")))),
    ("image_marks", llava(conversations=said(("human", "<image>\nWhat?"), ("gpt", "a <image>")))),
    ("missing_image", llava(image="nowhere.png")),
    ("missing_image", llava(image="")),
    ("damaged_image", llava(image="half.png")),
    ("damaged_image", llava(image="data:image/png;base64,####")),
    ("path_escapes", llava(image="../secret.png")),
    ("path_escapes", llava(image="link.png")),
    ("path_escapes", llava(image="/etc/hostname")),
    ("duplicate_id", FINE),
    ("too_long", llava(conversations=said(("human", "<image>\n" + "a" * 5000), ("gpt", "x")))),
    ("same_replies", {"id": "bad", "turns": [{"role": "user", "text": "?"}], "chosen": "a", "rejected": "a"}),
]


@pytest.fixture
def folder(tmp_path: Path, images: Path) -> Path:
    """Images, a file outside of their folder, a link to it, and half an image."""
    inside = tmp_path / "images"
    inside.mkdir()
    data = (images / "0.png").read_bytes()
    for name in ("0.png", "1.png"):
        (inside / name).write_bytes(data)
    (inside / "half.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "secret.png").write_bytes(data)
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    return inside


@pytest.mark.parametrize(("kind", "record"), BROKEN)
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_each_kind_is_found(
    tmp_path: Path, folder: Path, kind: Kind, record: Record | str, ending: str
) -> None:
    form: Format = "row" if kind == "same_replies" else "llava"
    fine = FINE if form == "llava" else {"id": "fine", "turns": [{"role": "user", "text": "?"}]}
    if form == "row":
        fine |= {"chosen": "a", "rejected": "b"}
    bad = record if isinstance(record, str) else json.dumps(record)
    bad += "}" if isinstance(record, str) and ending == "json" else ""
    lines = [json.dumps(fine), bad, json.dumps(fine | {"id": "after"})]
    text = "\n".join(lines) if ending == "jsonl" else "[" + ",\n".join(lines) + "]"
    path = tmp_path / f"rows.{ending}"
    path.write_text(text)
    source = Source(path=path, form=form, images=folder, look="decode", longest=4000)
    ids, faults = read(source)
    assert ids == ["fine", "after"]
    assert [(f.kind, f.line, f.file) for f in faults] == [(kind, 2, str(path))]
    assert faults[0].row in ("bad", "fine", "")
    with pytest.raises(DataError) as caught:
        list(read_rows(source))
    assert caught.value.line == 2
    assert kind in str(caught.value)


def test_every_kind_has_a_test_here() -> None:
    assert {kind for kind, _ in BROKEN} | {"damaged_shard", "tool_failed"} == set(KINDS)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


@pytest.mark.parametrize("ending", ["tar", "parquet"])
def test_a_damaged_shard(tmp_path: Path, images: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    write_rows(conversations(), path, "llava", images=images)
    cut(path)
    _, faults = read(Source(path=path))
    assert {f.kind for f in faults} == {"damaged_shard"}


def test_a_sample_of_a_shard_without_text(tmp_path: Path, images: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, data in (
            ("x.jpg", (images / "0.png").read_bytes()),
            ("y.json", b"[]"),
            ("z.png", (images / "1.png").read_bytes()),
            ("z.txt", b"A star. "),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    tally = Tally(on_fault="skip")
    (row,) = read_rows(Source(path=tmp_path / "a.tar", look="decode"), tally)
    assert (row.id, row.exchanges) == ("z", (("<image>\nDescribe the image.", "A star."),))
    assert [(f.row, f.kind, f.line) for f in tally.first] == [
        ("x", "missing_field", 1),
        ("y", "wrong_type", 2),
    ]


TRL: list[tuple[Kind, Callable[[Record], Record]]] = [
    ("missing_field", lambda r: {k: v for k, v in r.items() if k != "rejected"}),
    ("missing_field", lambda r: {k: v for k, v in r.items() if k != "prompt"}),
    ("role_order", lambda r: r | {"chosen": [{"role": "user", "content": "x"}]}),
    ("role_order", lambda r: r | {"prompt": [{"role": "tool", "content": "x"}]}),
    ("wrong_type", lambda r: r | {"prompt": 3}),
    ("wrong_type", lambda r: r | {"prompt": [3]}),
    ("image_marks", lambda r: r | {"prompt": [{"role": "user", "content": [{"type": "image"}] * 2 + TEXT}]}),
]
TEXT = [{"type": "text", "text": "What?"}]


@pytest.mark.parametrize(("kind", "spoil"), TRL)
def test_preferences(tmp_path: Path, images: Path, kind: Kind, spoil: Callable[[Record], Record]) -> None:
    fine: Record = {"images": ["0.png"], "prompt": "What?", "chosen": "a", "rejected": "b"}
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, [fine, spoil(fine), fine])))
    ids, faults = read(Source(path=path, form="trl", images=images))
    assert ids == ["1", "3"]
    assert [(f.kind, f.line, f.row) for f in faults] == [(kind, 2, "2")]


def test_trl_without_a_prompt_shares_its_beginning(tmp_path: Path) -> None:
    def message(role: str, text: str) -> Record:
        return {"role": role, "content": text}

    asked = [message("system", "Be short."), message("user", "What?")]
    record = {"chosen": [*asked, message("assistant", "a")], "rejected": [*asked, message("assistant", "b")]}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(record))
    (row,) = read_rows(path)
    assert (row.system, row.turns[0].text, row.chosen, row.rejected) == ("Be short.", "What?", "a", "b")


def test_rlhf_v_as_it_is_published(tmp_path: Path, images: Path) -> None:
    """`text` holds JSON, `idx` the id, and the image is a struct."""
    text = json.dumps({"question": "What?", "chosen": "a", "rejected": "b"})
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"idx": 7, "text": text, "image": {"bytes": None, "path": "0.png"}}))
    (row,) = read_rows(Source(path=path, images=images))
    assert (row.id, row.turns[0].text, row.chosen, row.rejected) == ("7", "<image>\nWhat?", "a", "b")


def test_mimic_it(tmp_path: Path, images: Path) -> None:
    path = tmp_path / "LA_instructions.json"
    write_rows(exchanges(), path, "mimic-it", images=images)
    data = json.loads(path.read_text())
    del data["data"]["LA_1"]["answer"]
    data["data"]["LA_2"]["image_ids"] = ["nowhere"]
    data["data"]["LA_3"]["rel_ins_ids"] = "LA_1"
    path.write_text(json.dumps(data, indent=1))
    ids, faults = read(Source(path=path, form="mimic-it"))
    assert ids == ["LA_0", "LA_4"]
    assert [(f.row, f.kind) for f in faults] == [
        ("LA_1", "missing_field"),
        ("LA_2", "missing_image"),
        ("LA_3", "wrong_type"),
    ]
    lines = path.read_text().splitlines()
    assert all(f'"{f.row}"' in lines[f.line - 1] for f in faults)


def test_a_folder_of_images_and_one_question(folder: Path) -> None:
    source = Source(path=folder, look="decode", question="What is this?")
    tally = Tally(on_fault="skip")
    rows = list(read_rows(source, tally))
    assert [row.id for row in rows] == ["0.png", "1.png"]
    assert {row.turns[0].text for row in rows} == {"<image>\nWhat is this?"}
    assert Counter(f.kind for f in tally.first) == {"damaged_image": 1, "path_escapes": 1}


def test_a_folder_of_shards(tmp_path: Path, images: Path) -> None:
    for number in range(2):
        rows = [replace(row, id=f"{number}{row.id}") for row in conversations()]
        write_rows(rows, tmp_path / f"{number}.tar", "llava", images=images)
    assert len(list(read_rows(Source(path=tmp_path, look="decode")))) == 2 * len(conversations())


def test_rows_without_ids_do_not_meet_in_a_folder_of_shards(tmp_path: Path) -> None:
    for name in ("train-0", "train-1"):
        rows = [{"prompt": "What?", "chosen": "a", "rejected": "b"}] * 2
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read(Source(path=tmp_path)) == (["train-0-1", "train-0-2", "train-1-1", "train-1-2"], [])


def test_what_cannot_be_read_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("")
    with pytest.raises(InputError, match="no such file"):
        Source(path=tmp_path / "nowhere.json")
    with pytest.raises(ConfigError, match=r"\.json"):
        list(read_rows(tmp_path / "a.xml"))
    with pytest.raises(ConfigError, match="no format"):
        Source(path=tmp_path, form="lava")  # type: ignore[arg-type]


def test_the_command_line(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "a.json"
    records = [FINE, llava(image="half.png"), llava(conversations=[])]
    path.write_text("[" + ",\n".join(map(json.dumps, records)) + "]")
    done = CliRunner().invoke(app, ["check", str(path), "--images", str(folder)])
    assert done.exit_code == 1, done.output
    assert f"{path}:2: row bad: damaged_image" in done.output
    assert "1   empty_turns" in done.output
    assert "half.png" in done.output
    assert "1 rows to train on" in done.output
    path.write_text(json.dumps([FINE]))
    done = CliRunner().invoke(app, ["check", str(path), "--images", str(folder), "--format", "llava"])
    assert done.exit_code == 0, done.output
    assert "2 turns" in done.output


def test_messages_that_a_person_can_use(tmp_path: Path, images: Path) -> None:
    records = [llava(image=7), llava(conversations="x"), llava(image=["0.png", "1.png"])]
    path, shard = tmp_path / "a.jsonl", tmp_path / "a.tar"
    path.write_text('{"id": "cut\n' + "\n".join(map(json.dumps, records)))
    assert [f.message for f in read(Source(path=path, images=images))[1]] == [
        "Unterminated string starting at, character 8 of the row",
        "an image is a path, not a number",
        "'conversations' is a text, not a list",
        "marks <image>: 1, images: 2",
    ]
    write_rows(conversations()[:1], shard, "llava", images=images)
    raw = shard.read_bytes()
    shard.write_bytes(raw.replace(b"IDAT", b"IDAX"))
    (fault,) = read(Source(path=shard, look="decode"))[1]
    assert (fault.kind, fault.message.partition(":")[0]) == ("damaged_image", "00000000.0.png")


def test_pairs_count_both_replies(tmp_path: Path, images: Path) -> None:
    from sightline.train.data.check import check

    path = tmp_path / "a.json"
    write_rows(pairs(), path, "trl", images=images)
    report = check(Source(path=path, images=images), len)
    assert report.turns == 3 * len(pairs())
    assert report.reply_tokens == sum(len(r.chosen or "") + len(r.rejected or "") for r in pairs())
