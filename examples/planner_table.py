"""The agent end to end on the developers' packs, one planner or several beside each other.

    python examples/planner_table.py --planner FOLDER|old [--also NAME=FOLDER ...] --data DATA
        --cache DIR --out DIR [--count 300] [--suite NAME ...] [--seed 0] [--detector FILE]
        [--without TOOL ...]
    python examples/planner_table.py --report --out DIR

`old` is the planner of the embedded tier with its own tools; a FOLDER holds a language model (see
`agent.builder.language_planner`), which is offered every tool but `ask`. Each answer goes to
OUT/<planner>-<suite>.jsonl at once: a second run goes on where a first one ended, and starts anew for a
planner whose files have changed. What was read and detected is kept in `--cache`. The report goes to
OUT/report.md and OUT/reliability.png, and is printed. Suites whose pack is not here are named in it. Answers
that ran out of time are counted there: on a machine that was busy, ask them `--again`.

`--without` leaves tools out of what is offered, to see what they are worth. A tool that stands on one of them
uses it still. The rows go to files of their own, OUT/<planner>-without-<tool>-<suite>.jsonl, and stand in the
report below those of the same questions with every tool, where these have been asked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import track

from packs import KeptReader, find_pack
from planner_scores import Files, JsonRow, first_call, first_round, report, said_of
from planner_suites import (
    OWN_FILES,
    REPLIES,
    SUITES,
    Decision,
    ExactLook,
    ExactTable,
    Grid,
    Row,
    Suite,
    absent_packs,
    same_reply,
)
from scoring import append_row, read_rows
from sightline import Agent
from sightline.agent.budget import Budget
from sightline.agent.builder import default_planner, embedded_tools, language_planner
from sightline.agent.planners import Planner
from sightline.errors import SightlineError
from sightline.images import ImageStore, load_image
from sightline.planning.decode import Decoder, OutOfTime
from sightline.planning.grammar import reply_steps
from sightline.planning.situation import prompt_parts
from sightline.planning.sql_relations import sql_relations
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.detect import Detector
from sightline.tools.registry import TOOLS
from sightline.types import Answer

OLD = "old"
CACHE_BYTES = 4 * 2**30
SECONDS, TOOL_SECONDS = 120.0, 60.0
NAMES = (*(suite.name for suite in SUITES), *REPLIES)


# Planners.


@dataclass(kw_only=True)
class Voice:
    """A planner by its name; it is loaded when it is first asked. `folder` is None for the old one.

    `without` are the tools that it is not offered.
    """

    name: str
    folder: Path | None
    digest: str
    without: tuple[str, ...] = ()
    _planner: Planner | None = None

    @property
    def label(self) -> str:
        """What its files and its lines of the report are called: its name, and what it goes without."""
        return f"{self.name}-without-{'-'.join(self.without)}" if self.without else self.name

    @property
    def planner(self) -> Planner:
        """The planner itself."""
        if self._planner is None:
            self._planner = default_planner() if self.folder is None else language_planner(self.folder)
        return self._planner

    @property
    def decoder(self) -> Decoder:
        """The language model with its tokenizer."""
        decoder = self.planner._decoder  # type: ignore[attr-defined]
        assert isinstance(decoder, Decoder)
        return decoder


def voice(told: str, without: Sequence[str] = ()) -> Voice:
    """`old`, a FOLDER, or NAME=FOLDER. Raises `ValueError` for a folder that is not there.

    Args:
        told: which planner.
        without: tools that it is not offered.
    """
    left_out = tuple(name for name in TOOLS if name in without)
    name, named, where = told.partition("=")
    if (where if named else name) == OLD:
        from sightline.mllm.weights import EMBEDDED, check_weights

        return Voice(name=name, folder=None, digest=check_weights(EMBEDDED)[:16], without=left_out)
    folder = Path(where if named else told)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    own = name if named else folder.resolve().name
    return Voice(name=own, folder=folder, digest=folder_digest(folder), without=left_out)


def folder_digest(folder: Path) -> str:
    """A hash of the files in a folder, their names and contents: weights trained anew keep their size."""
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(folder)} {file.stat().st_size} ".encode())
        with file.open("rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()[:16]


# Tools and agents.


def tools_with(
    store: ImageStore, given: Mapping[str, Tool], base: Mapping[str, Tool] | None = None
) -> dict[str, Tool]:
    """Every tool as `all_tools` makes them, with some of our own; those that stand on none are `base`'s."""
    parts: dict[str, Any] = {"store": store}
    for name, (where, needs) in TOOLS.items():
        module, _, made_by = where.partition(":")
        if name in given:
            parts[name] = given[name]
        elif base and name in base and all(need == "store" or parts[need] is base[need] for need in needs):
            parts[name] = base[name]
        elif find_spec(module) is not None and all(need in parts for need in needs):
            parts[name] = getattr(import_module(module), made_by)(*(parts[need] for need in needs))
    return {name: parts[name] for name in TOOLS if name in parts}


@dataclass(kw_only=True)
class Bench:
    """What all planners share: the tools with their processes, the cache, the exact tables."""

    folder: Path
    detector: Path | None = None
    store: ImageStore = field(default_factory=ImageStore)
    grids: dict[str, Grid] = field(default_factory=dict)
    _tools: dict[str, dict[str, Tool]] = field(default_factory=dict)
    _cache: Cache | None = None

    @property
    def cache(self) -> Cache:
        """On the disk, from one run to the next."""
        if self._cache is None:
            self._cache = Cache(self.folder, max_bytes=CACHE_BYTES)
        return self._cache

    def tools(self, kind: str) -> dict[str, Tool]:
        """The tools of a suite, or of the old planner."""
        if kind not in self._tools:
            self._tools[kind] = self._made(kind)
        return self._tools[kind]

    def _made(self, kind: str) -> dict[str, Tool]:
        if kind == OLD:
            return {
                name: self.tools("all").get(name, tool) for name, tool in embedded_tools(self.store).items()
            }
        if kind == "exact":
            exact = {"read_table": ExactTable(self.grids), "look": ExactLook(self.grids)}
            return tools_with(self.store, exact, self.tools("all"))
        if kind == "detector":
            return tools_with(self.store, {"detect": Detector(self.detector)}, self.tools("all"))
        return tools_with(self.store, {"read_text": KeptReader(self.folder)})

    def agent(
        self, planner: Planner, kind: str, *, without: Sequence[str] = (), own: Tool | None = None
    ) -> Agent:
        """An agent; it need not be closed.

        Args:
            planner: that decides.
            kind: of its tools, see `tools`.
            without: those of them that are not offered.
            own: a tool of the user's, offered too.
        """
        offered = {name: tool for name, tool in self.tools(kind).items() if name not in without}
        if own is not None:
            offered[own.name] = own
        budget = Budget(seconds=SECONDS, per_tool_seconds=TOOL_SECONDS)
        return Agent(planner, offered, budget, store=self.store, cache=self.cache)

    def close(self) -> None:
        """End the processes of all tools."""
        for tools in self._tools.values():
            for tool in tools.values():
                tool.close()


# Asking.


def cpu_seconds() -> float:
    """Of this process and its children, those that have ended too."""
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return total + ended.ru_utime + ended.ru_stime


def answered(agent: Agent, row: Row, grids: dict[str, Grid]) -> JsonRow:
    """One question answered, as a row of its file. What cannot be asked is an answer that failed."""
    began, spent = time.monotonic(), cpu_seconds()
    try:
        picture = load_image(row.picture())
        if row.grid is not None:
            grids[picture.frame.image] = row.grid
        answer = agent.run(picture, row.question)
    except SightlineError as error:
        answer = Answer(
            question=row.question, text="cannot tell", status="failed", confidence=0, message=str(error)
        )
    said = said_of(answer)
    calls = [call for step in answer.trace for call in step.calls]
    return {
        "text": answer.text,
        "value": answer.value,
        "status": answer.status,
        "confidence": round(answer.confidence, 4),
        "cites": list(answer.cites),
        "calls": [f"{call.name}({_told(call.arguments)})" for call in calls],
        "first": first_call([(call.name, call.arguments) for call in first_round(answer)]),
        "failures": [e.result.message for e in answer.evidence if e.result.status not in ("ok", "empty")],
        "message": answer.message,
        "late": answer.status == "budget_exhausted"
        or any(e.result.status == "timeout" for e in answer.evidence),
        "kept": sum(e.result.cached for e in answer.evidence),
        "seconds": round(time.monotonic() - began, 2),
        "cpu": round(max(cpu_seconds() - spent, 0), 2),
        "right": row.right(said),
        "near": None if row.near is None else row.near(said),
    }


def _told(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def replied(decoder: Decoder, one: Decision) -> JsonRow:
    """One reply, as a row of its file."""
    began, spent = time.monotonic(), time.process_time()
    situation = one.situation
    steps = reply_steps(situation, sql_relations(situation.evidence, situation.question))
    try:
        said = decoder.decide(prompt_parts(situation), steps, deadline=began + SECONDS)
        right, near = same_reply(said.value, one.value)
        text, confidence, status = said.text.strip(), said.confidence, "reply"
    except OutOfTime:
        right, near, text, confidence, status = False, False, "", 0.0, "failed"
    return {
        "text": text,
        "value": None,
        "status": status,
        "confidence": round(confidence, 4),
        "cites": [],
        "calls": [],
        "first": "",
        "failures": [],
        "message": "",
        "late": status == "failed",
        "kept": 0,
        "seconds": round(time.monotonic() - began, 2),
        "cpu": round(time.process_time() - spent, 2),
        "right": right,
        "near": near,
    }


Asked = tuple[JsonRow, Callable[[], JsonRow]]
"""What stands at the head of a row, and what answers it."""


def go_on(
    file: Path, digest: str, asked: Sequence[Asked], label: str, *, again: bool = False
) -> list[JsonRow]:
    """Ask what the file does not hold yet, each row seen onto the disk; all rows, in their order.

    A file of another planner, by its hash, is begun anew.

    Args:
        file: JSONL, may not be there yet.
        digest: of the planner.
        asked: all rows.
        label: of the progress bar.
        again: whether rows that ran out of time are asked once more.
    """
    known = read_rows(file)
    if any(row["planner"] != digest for row in known):
        file.unlink()
        known = []
    done = {_key(row): row for row in known}
    if again:
        done = {key: row for key, row in done.items() if not row.get("late")}
    missing = [(head, ask) for head, ask in asked if _key(head) not in done]
    for head, ask in track(missing, label, console=Console(stderr=True), disable=not missing):
        row = head | {"planner": digest} | ask()
        done[_key(head)] = row
        append_row(file, row)
    return [done[_key(head)] for head, _ in asked]


def _key(row: JsonRow) -> str:
    return json.dumps([row["id"], row["question"], row["expected"]])


def asked_of(suite: Suite, rows: Sequence[Row], who: Voice, bench: Bench) -> Iterator[Asked]:
    """The questions of a suite for a planner; nothing is loaded until one is asked."""
    agents: list[Agent] = []

    def made(own: Tool | None = None) -> Agent:
        kind = OLD if who.folder is None else suite.tools
        return bench.agent(who.planner, kind, without=who.without, own=own)

    def ask(row: Row) -> JsonRow:
        if row.tool is not None:
            return answered(made(row.tool), row, bench.grids)
        if not agents:
            agents.append(made())
        return answered(agents[0], row, bench.grids)

    for row in rows:
        head = {"id": row.id, "group": row.group, "question": row.question, "expected": list(row.expected)}
        yield head, lambda row=row: ask(row)  # type: ignore[misc]


def replies_of(decisions: Sequence[Decision], who: Voice) -> Iterator[Asked]:
    """The rounds of a suite of single replies."""
    for one in decisions:
        head = {"id": one.id, "group": one.group, "question": one.situation.question, "expected": [one.reply]}
        yield head, lambda one=one: replied(who.decoder, one)  # type: ignore[misc]


# The run.


def measure(args: argparse.Namespace, voices: Sequence[Voice]) -> tuple[Files, list[str]]:
    """All rows by suite and planner, and what was left out."""
    files: dict[tuple[str, str], list[JsonRow]] = {}
    notes: list[str] = []
    bench = Bench(folder=args.cache, detector=args.detector)
    wanted = args.suite or NAMES
    try:
        for suite in (suite for suite in SUITES if suite.name in wanted):
            rows = rows_here(suite, args, notes)
            for who in voices if rows else ():
                if who.folder is None and suite.tools == "exact":
                    notes.append(f"{suite.name} for {who.label}: its tools read no tables")
                    continue
                name = who.label
                file = args.out / f"{name}-{suite.name}.jsonl"
                asked = list(asked_of(suite, rows, who, bench))
                told = go_on(file, who.digest, asked, f"{name}, {suite.name}", again=args.again)
                if who.without and (full := with_every_tool(args.out, who, suite.name, told)):
                    files[suite.name, who.name] = full
                files[suite.name, name] = told
        for name in (name for name in REPLIES if name in wanted):
            decisions = [] if args.without else REPLIES[name](args.count, args.seed)
            for who in voices:
                if who.folder is None or who.without:
                    why = "its rounds have tools of their own" if who.without else "it is no language model"
                    notes.append(f"{name} for {who.label}: {why}")
                    continue
                file = args.out / f"{who.name}-{name}.jsonl"
                asked = list(replies_of(decisions, who))
                files[name, who.name] = go_on(
                    file, who.digest, asked, f"{who.name}, {name}", again=args.again
                )
    finally:
        bench.close()
    return files, notes


def with_every_tool(out: Path, who: Voice, suite: str, told: Sequence[JsonRow]) -> list[JsonRow]:
    """The rows of the same questions that a planner has answered with every tool."""
    keys = {_key(row) for row in told}
    rows = read_rows(out / f"{who.name}-{suite}.jsonl")
    known = {_key(row): row for row in rows if row["planner"] == who.digest}
    return [row for key, row in known.items() if key in keys]


def rows_here(suite: Suite, args: argparse.Namespace, notes: list[str]) -> list[Row]:
    """The rows of a suite; none, and a note, where what it needs is not here."""
    if suite.tools == "detector" and args.detector is None:
        notes.append(f"{suite.name}: no weights for it are given (--detector)")
        return []
    if suite.name in OWN_FILES and (absent := absent_packs(OWN_FILES[suite.name])):
        notes.append(f"{suite.name}: its questions on {', '.join(absent)}, which is not here")
    pack = find_pack(suite.pack) if suite.pack else Path()
    if pack is None:
        notes.append(f"{suite.name}: the pack {suite.pack} is not here")
        return []
    return suite.rows(pack, args.count, args.seed)


def kept(out: Path, wanted: Sequence[str]) -> Files:
    """The rows of the files of earlier runs."""
    found: dict[tuple[str, str], list[JsonRow]] = {}
    for name in wanted:
        files = {file.stem.removesuffix(f"-{name}"): file for file in out.glob(f"*-{name}.jsonl")}
        for planner, file in sorted(files.items()):
            rows = {_key(row): row for row in read_rows(file)}  # what was asked again stands there twice
            found[name, planner] = list(rows.values())
    return found


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--planner", help="folder of a language model, or old")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=FOLDER", help="another planner")
    parser.add_argument("--data", type=Path, help="folder of the packs")
    parser.add_argument("--cache", type=Path, default=Path("runs", "planner-cache"), help="what was read")
    parser.add_argument("--out", type=Path, required=True, help="folder of the answers and the report")
    parser.add_argument("--count", type=int, default=300, help="rows of each suite")
    parser.add_argument("--suite", action="append", choices=NAMES, help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", type=Path, help="weights that know blood cells, for bccd")
    parser.add_argument(
        "--without", action="append", default=[], choices=tuple(TOOLS), metavar="TOOL",
        help="a tool that is not offered; may be repeated",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="ask anew what ran out of time")
    parser.add_argument("--report", action="store_true", help="from the files alone")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask what is missing, and report. Returns the exit code: 2 where there is nothing to do."""
    args = options().parse_args(arguments)
    if args.data:
        os.environ["SIGHTLINE_DATA"] = str(args.data)
    notes: list[str] = []
    if args.report:
        files = kept(args.out, args.suite or NAMES)
    elif args.planner:
        try:
            voices = [voice(told, args.without) for told in (args.planner, *args.also)]
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        files, notes = measure(args, voices)
    else:
        print("give --planner, or --report", file=sys.stderr)
        return 2
    if not files:
        print("\n".join(["there are no answers to report", *notes]), file=sys.stderr)
        return 2
    text = report(files, notes, args.out / "reliability.png")
    (args.out / "report.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
