"""What a question costs: the process that is measured, the run around it, and the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.planning.doubles import Chance, tokenizer

import packs
import planner_cost as cost
import planner_cost_process as process
from planner_table import voice
from sightline.agent import builder
from sightline.agent.language_planner import LanguagePlanner
from sightline.agent.planners import Plan, ScriptedPlanner
from sightline.images import ImageStore, load_image
from sightline.planning.decode import Decoder
from sightline.planning.tokens import Tokens
from sightline.tools.ocr import Read
from sightline.tools.ocr_rapid import RapidOcr
from sightline.tools.read_text import TextReader
from sightline.tools.registry import all_tools
from sightline.tools.worker import Worker
from sightline.types import ToolCall

PLANS = (Plan(calls=(ToolCall(name="read_text"),)), Plan(answer="OPEN", cites=("e1",), tokens=3))


def load_sign() -> Callable[[Any, str], list[Read]]:
    """The worker's side of an engine that reads one word in every picture."""
    return lambda pixels, language: [("OPEN", 0.9, ((1, 1), (30, 1), (30, 9), (1, 9)))]


class Sign(RapidOcr):
    def worker(self) -> Worker:
        return Worker("tests.test_examples_planner_cost:load_sign")


def made_row(**more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": "scene", "planner": "new", "ask": "cold", "answer": "3", "message": ""}
    row |= {"status": "answered", "cpu": 6.0, "ocr": 2.0, "beyond": 4.0, "planning": 1.0, "tokens": 12}
    row |= {"processes": {"ocr_rapid": 1.9, "vocabulary": 0.5}, "started": ["ocr_rapid"], "calls": ["look"]}
    row |= {"peak_mb": 700, "all_mb": 900, "imported": [], "seconds": 7.0}
    if row["ask"] == "cold":
        row |= {"ready": 3.0, "stages": {"imports": 0.5, "planner": 2.5}}
    return row | more


# The process that is measured.


def test_a_process_tells_its_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    def tools_of(folder: Path | None, store: ImageStore, reader: process.TimedReader) -> dict[str, Any]:
        reader._engine = Sign()
        return {"read_text": reader}

    monkeypatch.setattr(process, "tools_of", tools_of)
    monkeypatch.setattr(builder, "language_planner", lambda folder: ScriptedPlanner(PLANS))
    scene = str(root / "examples" / "images" / "scene.png")
    other = str(cost.framed(Path(scene), tmp_path))
    asked = [(scene, "What is written?"), (other, "What does it say?"), (other, "What is on it?")]
    assert cost.main(["--child", json.dumps({"folder": str(tmp_path), "asked": asked})]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(told["stages"]) == ["imports", "tools", "planner", "graph"]
    assert told["ready"] >= 0
    assert [(row["picture"], row["question"]) for row in told["asks"]] == [
        ("scene.png", question) for _, question in asked
    ]
    for row in told["asks"]:
        assert (row["answer"], row["status"], row["message"]) == ("OPEN", "answered", "")
        assert (row["calls"], row["tokens"]) == (["read_text"], 3)
        assert list(row["processes"]) == ["test_examples_planner_cost"]
        assert row["beyond"] == pytest.approx(row["cpu"] - row["ocr"], abs=2e-3)
        assert row["all_mb"] >= row["peak_mb"] > 0
        assert set(row["imported"]) <= {"torch", "transformers"}
    assert [row["started"] for row in told["asks"]] == [["test_examples_planner_cost"], [], []]


def test_the_tools_are_those_of_the_planner() -> None:
    reader, store = process.TimedReader(), ImageStore()
    every, real = process.tools_of(Path(), store, reader), all_tools()
    assert list(every) == list(real)
    assert every["read_text"] is every["read_table"]._reader is reader  # type: ignore[attr-defined]
    assert set(process.tools_of(None, store, reader)) == {"detect", "read_text", "crop"}
    assert (reader.doc, reader.parameters) == (TextReader().doc, TextReader().parameters)


def test_tokens_are_read_and_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(tokenizer())
    session = Chance(0, tokens.size)
    monkeypatch.setattr(builder, "language_planner", lambda folder: LanguagePlanner(Decoder(session, tokens)))
    rows = process.child({"folder": "model", "repeat": 2, "sizes": [5, 9], "decoded": 3})
    assert [row["prompt"] for row in rows] == [5, 9]
    assert all(row["read_ms"] >= 0 and row["decode_ms"] >= 0 for row in rows)
    assert len(session.ids) == 9 + 3
    assert not set(session.ids[:9]) & tokens.special


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(cost.ChildFailed, match=r"exit code 1: .*no tokenizer\.json"):
        cost.fresh({"folder": str(tmp_path), "repeat": 1, "sizes": [4], "decoded": 1})


# The run.


@pytest.fixture
def planner(tmp_path: Path) -> Path:
    for name in ("int4", "merged"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(name)
    (tmp_path / "int4" / "genai_config.json").write_text("{}")
    return tmp_path / "int4"


def test_all_is_measured_and_kept(
    planner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks: list[Any] = []

    def fresh(task: dict[str, Any]) -> Any:
        tasks.append(task)
        if "asked" not in task:
            return [{"prompt": size, "read_ms": 1.0, "decode_ms": 9.0} for size in task["sizes"]]
        if Path(task["folder"]).name == "merged":
            raise cost.ChildFailed("exit code 1: no weights")
        told = made_row()
        head = {key: told.pop(key) for key in ("ready", "stages")}
        for key in ("kind", "planner", "ask"):
            del told[key]
        return head | {"asks": [told, told, told]}

    monkeypatch.setattr(cost, "fresh", fresh)
    monkeypatch.setattr(packs, "find_pack", lambda name: None)
    out = tmp_path / "out"
    command = ["--planner", str(planner), "--also", f"whole={planner.parent / 'merged'}", "--out", str(out)]
    command += ["--repeat", "2", "--kind", "scene", "--kind", "photo"]
    for _ in range(2):  # the second run does not add to the first
        assert cost.main(command) == 0
    rows = [json.loads(line) for line in (out / "cost.jsonl").read_text().splitlines()]
    asks = [(row["kind"], row["planner"], row["ask"]) for row in rows if "ask" in row]
    assert asks == [("scene", "int4", ask) for ask in cost.ASKS] * 2
    assert ["ready" in row for row in rows if "ask" in row] == [True, False, False] * 2
    paces = [(row["model"], row["engine"], row["prompt"]) for row in rows if "prompt" in row]
    assert paces == [
        ("int4", "onnxruntime-genai", 256),
        ("int4", "onnxruntime-genai", 1024),
        ("whole", "torch float32", 256),
        ("whole", "torch float32", 1024),
    ]
    assert list(cost.models_of([voice(str(planner))])) == ["int4", "int4, merged"]
    (first, _), (second, _), (third, _) = tasks[0]["asked"]
    assert first != second == third
    (height, width), (tall, wide) = (load_image(file).pixels.shape[:2] for file in (first, second))
    assert (tall - height, wide - width) == (2 * cost.FRAME_PX, 2 * cost.FRAME_PX)
    text = (out / "cost.md").read_text()
    assert text in capsys.readouterr().out
    assert "- scene: examples/images/scene.png, and the same picture in a frame" in text
    assert "- photo: left out, the pack coco_train125 is not here" in text
    assert "- scene, whole: failed, exit code 1: no weights" in text


def test_what_cannot_be_measured(planner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert cost.main(["--planner", "old"]) == 2
    assert cost.main(["--planner", str(tmp_path / "nowhere"), *out]) == 2
    assert cost.main(["--planner", str(planner), "--also", str(planner), *out]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in said] == ["give", str(tmp_path / "nowhere"), "two"]


# The report.


def test_the_report_has_medians_beside_bars() -> None:
    rows = [made_row(cpu=cpu, beyond=cpu - 2, ready=cpu / 2) for cpu in (6.0, 9.0, 6.5)]
    warm = {"ask": "warm", "ready": None, "stages": None}
    rows += [made_row(**warm, cpu=1.6, ocr=0.9, beyond=0.7, processes={}, started=[], answer="a|b")]
    rows += [made_row(**warm, kind="table", cpu=1.6, ocr=0.9, beyond=0.7, answer="x" * 99)]
    late = {"status": "failed", "message": "it broke", "peak_mb": 1600, "imported": ["torch"]}
    rows += [made_row(planner="old", **late, cpu=30.0, beyond=28.0)]
    rows += [{"model": "new", "engine": "torch float32", "prompt": 1024, "read_ms": 1.234, "decode_ms": 15.0}]
    lines = cost.report(rows, ["scene: a picture"]).splitlines()
    assert lines[0] == "# What one question costs"
    assert "- scene: a picture" in lines
    told = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    new, old, warm_scene, table = told[2:6]
    assert new[:9] == ["scene", "cold", "new", "6.50", "2.00", "4.50", "5 beyond OCR", "within", "3.25"]
    assert new[9:] == ["700", "1500", "within", "900", "", "3", "3"]
    assert old[6:9] == ["5 beyond OCR", "**over**", "3.00"]
    assert old[9:] == ["1600", "1500", "**over**", "900", "torch", "1", "failed: it broke"]
    assert warm_scene[:8] == ["scene", "warm", "new", "1.60", "0.90", "0.70", "1.5 in all", "**over**"]
    assert warm_scene[-1] == "a\\|b"
    assert table[3:9] == ["1.60", "0.90", "0.70", "2.5 beyond OCR", "within", ""]
    assert table[-1] == "x" * 59 + "…"
    assert "| scene | cold | new | 1.00 | ocr_rapid 1.90, vocabulary 0.50 | ocr_rapid | look | 12 |" in lines
    assert "| scene | new | 0.50 | 2.50 |" in lines
    assert lines[-1] == "| new | torch float32 | 1,024 | 1.23 | 15.0 |"
