"""What one question costs, by kind of picture and by planner, all measured in one run on one machine.

    python examples/planner_cost.py --planner FOLDER|old [--also NAME=FOLDER ...] [--data DATA] --out DIR
        [--repeat 3] [--kind KIND ...]

Each measurement is a fresh process. It imports, loads, and answers one question (cold), then another one on
another picture of the same kind (warm), then a third one on that same picture (again). A further process for
each language model tells milliseconds a token; the folder `merged` beside a planner's is measured too.

All is CPU time, of the process and of its children, so that a machine that is a little busy does little
harm. "OCR" is `read_text`: its thread here and its process, loading included. The rows go to OUT/cost.jsonl
at once, and the report to OUT/cost.md; it is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner_table import Voice

JsonRow = dict[str, Any]

ASKS = ("cold", "warm", "again")
"""The first question of a process, one on another picture, and a further one on that picture."""

PROCESS_SECONDS = 1200.0
PROMPTS, DECODED = (256, 1024), 32
"""Tokens of a prompt, and tokens that are decoded one at a time after it."""

WARM = {"scene": 1.5, "photo": 1.5, "receipt": 2.5, "chart": 2.5, "table": 2.5}
"""The bar of a warm question, in CPU seconds."""

WHOLE = ("scene", "photo")
"""Kinds whose bar for a warm question holds for all of its seconds; the other bars are beyond OCR."""

COLD, MEMORY_MB = 5.0, 1500.0

IMAGES = Path(__file__).resolve().parent / "images"
FRAME_PX = 8


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Two pictures, of a pack or one under `examples/images`; a question on the first, two on the second."""

    pictures: tuple[str, ...]
    asked: tuple[str, str, str]
    pack: str = ""


KINDS = {
    "scene": Kind(
        pack="nlvr1_dev",
        pictures=("images/dev/2670-2-5.png", "images/dev/4021-0-4.png"),
        asked=(
            "How many yellow squares are there?",
            "Is there a blue square?",
            "How many squares are black?",
        ),
    ),
    "photo": Kind(
        pack="coco_train125",
        pictures=("images/train/000000000025.jpg", "images/train/000000000312.jpg"),
        asked=("How many giraffes are there?", "Are there any zebras?", "How many elephants are there?"),
    ),
    "receipt": Kind(
        pack="sroie_receipts",
        pictures=("images/284.jpg", "images/231.jpg"),
        asked=("What is the total?", "How much was the first aid kit?", "What is the date?"),
    ),
    "chart": Kind(
        pack="chartqa_train1k",
        pictures=("images/train/two_col_21589.png", "images/train/two_col_3611.png"),
        asked=("Which year was the highest?", "Which brand is worth most?", "How many are worth over 10?"),
    ),
    "table": Kind(
        pack="tabmwp_dev1k",
        pictures=("images/dev1k/17130.png", "images/dev1k/6178.png"),
        asked=(
            "What was the most cracked panes?",
            "Who employs the fewest?",
            "How many work at ABC Electronics?",
        ),
    ),
}
OWN = {
    "scene": Kind(
        pictures=("scene.png",),
        asked=("How many red circles are there?", "Is there a pink star?", "What color is the triangle?"),
    ),
    "receipt": Kind(
        pictures=("receipt.png",),
        asked=("What is the total?", "What is the date?", "Who issued this receipt?"),
    ),
}
"""Where a pack is not here. The second picture is the first one in a frame."""


# The run.


class ChildFailed(Exception):
    """A process ended without an answer; the text says how."""


def fresh(task: JsonRow) -> Any:
    """What a new process says to a task. Raises `ChildFailed`."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps(task)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROCESS_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(f"not done in {PROCESS_SECONDS:g} s") from error
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    if done.returncode or not lines:
        raise ChildFailed(f"exit code {done.returncode}: {lines[-1] if lines else 'it said nothing'}")
    return json.loads(lines[-1])


@dataclass
class Bench:
    """What is measured, and where it goes."""

    out: Path
    rows: list[JsonRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def asks_of(self, name: str) -> list[tuple[str, str]]:
        """The pictures and questions of a kind; none, and a note, where there is no picture."""
        from packs import find_pack

        kind, own = KINDS[name], OWN.get(name)
        pack = find_pack(kind.pack)
        files = [pack / file for file in kind.pictures] if pack else []
        told = f"{kind.pack}, {' and '.join(kind.pictures)}"
        if not files or not all(file.is_file() for file in files):
            if own is None:
                self.notes.append(f"{name}: left out, the pack {kind.pack} is not here")
                return []
            kind, file = own, IMAGES / own.pictures[0]
            files = [file, framed(file, self.out / "pictures")]
            told = f"examples/images/{file.name}, and the same picture in a frame"
        self.notes.append(f"{name}: {told}")
        return list(zip(map(str, (files[0], files[1], files[1])), kind.asked, strict=True))

    def ask(self, name: str, who: Voice, asked: Sequence[tuple[str, str]]) -> None:
        """One fresh process for a kind and a planner."""
        told = self._told({"folder": str(who.folder or ""), "asked": asked}, f"{name}, {who.name}")
        for ask, row in zip(ASKS, told["asks"] if told else (), strict=False):
            head = {"kind": name, "planner": who.name, "digest": who.digest, "ask": ask}
            more = {key: told[key] for key in ("ready", "stages")} if ask == ASKS[0] else {}
            self._add(head | row | more)

    def pace(self, name: str, folder: Path, repeat: int) -> None:
        """One fresh process for a language model."""
        task = {"folder": str(folder), "repeat": repeat, "sizes": PROMPTS, "decoded": DECODED}
        engine = "onnxruntime-genai" if (folder / "genai_config.json").is_file() else "torch float32"
        for row in self._told(task, f"tokens, {name}") or ():
            self._add({"model": name, "engine": engine} | row)

    def _told(self, task: JsonRow, label: str) -> Any:
        print(label, file=sys.stderr)
        try:
            return fresh(task)
        except ChildFailed as error:
            self.notes.append(f"{label}: failed, {error}")
            return None

    def _add(self, row: JsonRow) -> None:
        from scoring import append_row

        self.rows.append(row)
        append_row(self.out / "cost.jsonl", row)


def framed(picture: Path, folder: Path) -> Path:
    """A picture in a white frame: another one to every cache, and alike to every tool."""
    from PIL import Image, ImageOps

    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as opened:
        ImageOps.expand(opened.convert("RGB"), FRAME_PX, (255, 255, 255)).save(folder / picture.name)
    return folder / picture.name


def models_of(voices: Sequence[Voice]) -> dict[str, Path]:
    """The folders of language models by name, that of transformers beside a planner's among them."""
    found = {who.name: who.folder.resolve() for who in voices if who.folder is not None}
    for name, folder in list(found.items()):
        merged = folder.parent / "merged"
        if merged.is_dir() and merged not in found.values():
            found[f"{name}, merged"] = merged
    return found


# The report.


def report(rows: Sequence[JsonRow], notes: Sequence[str]) -> str:
    """All in Markdown, medians of the runs."""
    from packs import markdown

    asks: dict[tuple[str, str, str], list[JsonRow]] = {}
    for row in rows:
        if "ask" in row:
            asks.setdefault((row["kind"], row["planner"], row["ask"]), []).append(row)
    ordered = sorted(asks.items(), key=lambda item: (list(WARM).index(item[0][0]), ASKS.index(item[0][2])))
    parts = ["# What one question costs", f"CPU seconds, medians; {os.cpu_count()} cores."]
    parts += ["\n".join(f"- {note}" for note in notes)] if notes else []
    if ordered:
        heads = "picture,ask,planner,CPU s,OCR,beyond OCR,bar,,until ready,peak MB,bar,"
        heads += ",with processes,imported,runs,answer"
        parts.append(markdown(heads.split(","), [_cost_line(*one) for one in ordered]))
        heads = "picture,ask,planner,planning,processes,started,calls,tokens"
        parts += ["## Where it goes", markdown(heads.split(","), [_where_line(*one) for one in ordered])]
        cold = [(key, found) for key, found in ordered if key[2] == ASKS[0]]
        stages = list(cold[0][1][0]["stages"]) if cold else []
        lines = [
            [key[0], key[1], *(_mid([row["stages"] for row in found], n) for n in stages)]
            for key, found in cold
        ]
        parts += ["## Until it is ready", markdown(["picture", "planner", *stages], lines)]
    paces = [row for row in rows if "prompt" in row]
    if paces:
        shown = {"model": "", "engine": "", "prompt": ",", "read_ms": ".2f", "decode_ms": ".1f"}
        lines = [[format(row[name], form) for name, form in shown.items()] for row in paces]
        names = ["model", "engine", "tokens of the prompt", "ms a token read", "ms a token decoded"]
        parts += ["## Milliseconds a token", markdown(names, lines)]
    return "\n\n".join(parts) + "\n"


def _mid(rows: Sequence[Mapping[str, Any]], name: str, form: str = ".2f") -> str:
    return format(median(row[name] for row in rows), form)


def held(found: Sequence[JsonRow]) -> tuple[str, bool, bool]:
    """The bar of a kind's question in words, whether its seconds are within it, and whether its memory is."""
    kind, ask = found[0]["kind"], found[0]["ask"]
    whole = ask != ASKS[0] and kind in WHOLE
    bar = COLD if ask == ASKS[0] else WARM[kind]
    spent = median(row["cpu" if whole else "beyond"] for row in found)
    memory = median(row["peak_mb"] for row in found)
    return f"{bar:g} {'in all' if whole else 'beyond OCR'}", spent <= bar, memory <= MEMORY_MB


def _cost_line(key: tuple[str, str, str], found: Sequence[JsonRow]) -> list[str]:
    kind, planner, ask = key
    bar, quick, small = held(found)
    said = " / ".join(dict.fromkeys(_said(row) for row in found)).replace("|", "\\|")
    return [
        kind,
        ask,
        planner,
        *(_mid(found, name) for name in ("cpu", "ocr", "beyond")),
        bar,
        "within" if quick else "**over**",
        _mid(found, "ready") if ask == ASKS[0] else "",
        _mid(found, "peak_mb", ".0f"),
        f"{MEMORY_MB:.0f}",
        "within" if small else "**over**",
        _mid(found, "all_mb", ".0f"),
        ", ".join(found[-1]["imported"]),
        str(len(found)),
        said if len(said) <= 60 else said[:59] + "…",
    ]


def _said(row: JsonRow) -> str:
    """The answer, or how its run ended where it ended otherwise."""
    said: str = row["answer"]
    return said if row["status"] in ("answered", "cannot_tell") else f"{row['status']}: {row['message']}"


def _where_line(key: tuple[str, str, str], found: Sequence[JsonRow]) -> list[str]:
    kind, planner, ask = key
    names = sorted({name for row in found for name in row["processes"]})
    shares = {name: median(row["processes"].get(name, 0.0) for row in found) for name in names}
    last = found[-1]
    return [
        kind,
        ask,
        planner,
        _mid(found, "planning"),
        ", ".join(f"{name} {spent:.2f}" for name, spent in shares.items() if spent >= 0.01),
        ", ".join(last["started"]),
        ", ".join(last["calls"]),
        _mid(found, "tokens", ".0f"),
    ]


# The command.


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--planner", help="folder of a language model, or old")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=FOLDER", help="another planner")
    parser.add_argument("--data", type=Path, help="folder of the packs")
    parser.add_argument("--out", type=Path, help="folder of the rows and the report")
    parser.add_argument("--repeat", type=int, default=3, help="processes of each kind and planner")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only this; may be repeated")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report. Returns the exit code: 2 where nothing could be measured."""
    args = options().parse_args(arguments)
    if args.child:
        from planner_cost_process import child

        print(json.dumps(child(json.loads(args.child)), ensure_ascii=False))
        return 0
    if not args.planner or not args.out:
        print("give --planner and --out", file=sys.stderr)
        return 2
    if args.data:
        os.environ["SIGHTLINE_DATA"] = str(args.data)
    from planner_table import voice

    try:
        voices = [voice(told) for told in (args.planner, *args.also)]
        if len({who.name for who in voices}) < len(voices):
            raise ValueError("two planners have one name; give one of them another: NAME=FOLDER")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    (args.out / "cost.jsonl").unlink(missing_ok=True)
    bench = Bench(args.out)
    asked = {name: bench.asks_of(name) for name in args.kind or KINDS}
    for _ in range(args.repeat):
        for name, pairs in asked.items():
            for who in voices if pairs else ():
                bench.ask(name, who, pairs)
    for name, folder in models_of(voices).items():
        bench.pace(name, folder, args.repeat)
    text = report(bench.rows, bench.notes)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cost.md").write_text(text, encoding="utf-8")
    print(text)
    return 0 if bench.rows else 2


if __name__ == "__main__":
    sys.exit(main())
