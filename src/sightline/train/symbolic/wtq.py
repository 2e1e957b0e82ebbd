"""Questions of people about tables of Wikipedia (WikiTableQuestions), with SQL found for their answers.

    python -m sightline.train.symbolic.wtq --data FOLDER --out FILE.jsonl [--processes 2] [--limit N]

FOLDER is the pack `wtq_train` (`data.jsonl`, `tables.jsonl`; CC-BY-SA-4.0, to be named in the model card).
For each question for which `wtq_search` finds a likely query that the engine confirms, a line is written:
id, table, question, sql, kind, answer, task, cost, before. A second run goes on where the first ended:
`FILE.jsonl.done` holds the tables that are done. Tables of the questions that `wtq_held_out.txt` names are
never used: they stay for evaluation.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from sightline.tools.query import Book
from sightline.tools.relations import source_of
from sightline.tools.sql_engine import answer
from sightline.tools.sql_reply import Reply
from sightline.train.symbolic.episode import QUERY_SECONDS, Branch, Episode, run_query
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.wtq_pictures import overview_of, table_of, with_noise
from sightline.train.symbolic.wtq_search import Found, find, right
from sightline.types import Cell, Evidence, Relation, Table, ToolCall, ToolResult

Row = Mapping[str, Any]
Grid = Sequence[Sequence[str]]

MOST_QUESTIONS = 8
"""Of an episode."""

ANSWERED = 0.25
"""The share of questions whose answer round is shown too."""

NOISY_QUESTIONS = 0.1
NOISY_TABLES = 0.3

MOST_ROWS = 200
"""Of a table that is searched."""

MOST_SHOWN_ROWS = 60
"""Of a table of an episode."""


# The pack.


@cache
def held_out() -> frozenset[str]:
    """The questions that are kept aside for evaluation."""
    text = (files("sightline.train.symbolic") / "wtq_held_out.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split() if not line.startswith("#"))


def read_pack(folder: Path) -> tuple[list[Row], dict[str, Grid]]:
    """The questions that may be used for training, and their tables."""
    rows = _lines(folder / "data.jsonl")
    aside = {row["table"] for row in rows if row["id"] in held_out()}
    tables = {
        row["table"]: row["rows"] for row in _lines(folder / "tables.jsonl") if row["table"] not in aside
    }
    return [row for row in rows if row["table"] in tables], tables


def _lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def exact_table(grid: Grid) -> Table:
    """A table as it stands, without boxes: what a faultless reading would be."""
    width = max(map(len, grid))
    rows = tuple(
        tuple(Cell(text=" ".join(t.split())) for t in (*line, *[""] * (width - len(line)))) for line in grid
    )
    return Table(header_rows=1, rows=rows)


# The search.


def search_table(
    table: str, grid: Grid, rows: Sequence[Row], *, all_of: bool = False
) -> list[dict[str, Any]]:
    """What is found for the questions of one table, each confirmed by the engine."""
    if not 2 < len(grid) <= MOST_ROWS + 1:
        return []
    finding = exact_table(grid)
    wide = source_of(finding).relations[0]
    evidence = [_call("e1", 0, "read_table", {}, ToolResult(status="ok", payload=finding, tool="read_table"))]
    kept = []
    for row in rows:
        found = find(row["question"], row["answers"], wide)
        if found is None or not (found.good or all_of):
            continue
        result = run_query(found.shape.sql, evidence)
        if not isinstance(result.payload, Relation) or result.status != "ok":
            continue
        given = [
            (v.text, _written(v.value)) for line in result.payload.rows for v in line if v.kind != "nothing"
        ]
        if right(given, row["answers"]):
            kept.append(_line(row, table, found, result.payload))
    return kept


def _line(row: Row, table: str, found: Found, relation: Relation) -> dict[str, Any]:
    return {
        "id": row["id"],
        "table": table,
        "question": " ".join(row["question"].split()),
        "sql": found.shape.sql,
        "kind": kind_of(relation, row["question"]),
        "answer": list(row["answers"]),
        "task": "wtq " + found.shape.kind,
        "cost": round(found.cost, 2),
        "before": found.before,
    }


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)


def kind_of(relation: Relation, question: str) -> str:
    """The kind of answer that a question expects, told by the answer of its query."""
    values = [value for row in relation.rows for value in row if value.kind != "nothing"]
    value = values[0]
    if value.kind == "bool":
        return "yes/no"
    if len(values) > 1:
        return "list"
    text = value.text.strip()
    if value.kind == "number":
        return "money" if value.unit in tuple("$€£¥") or text[:1] in "$€£¥" else "number"
    if value.kind == "day":
        return "date"
    if re.fullmatch(r"[$€£¥]\s?[\d.,]+.*", text):
        return "money"
    if re.fullmatch(r"[+-−]?[\d.,]+ ?%?", text):
        return "number"
    dated = rf"\b(?:{_MONTHS})\b.*\d|\d.*\b(?:{_MONTHS})\b|\d{{1,4}}[-/]\d\d[-/]\d{{1,4}}"
    if re.search(dated, text, re.IGNORECASE) and len(text) < 30:
        return "date"
    return "name" if re.search(r"[^\W\d_]{2}", text) and len(text) < 60 else "text"


# Episodes.


def _call(name: str, step: int, tool: str, arguments: dict[str, Any], result: ToolResult) -> Evidence:
    return Evidence(id=name, step=step, call=ToolCall(name=tool, arguments=arguments), result=result)


class WtqEpisodes:
    """Episodes over the tables of the pack: up to eight questions of one table.

    Args:
        data: folder of the pack.
        found: the file that the search wrote.
    """

    def __init__(self, data: Path, found: Path) -> None:
        _, self._tables = read_pack(data)
        self._rows: dict[str, list[Row]] = {}
        for row in _lines(found):
            grid = self._tables.get(row["table"])
            if grid is not None and len(grid) <= MOST_SHOWN_ROWS + 1:
                self._rows.setdefault(row["table"], []).append(row)
        names = sorted(self._rows)
        counts = np.array([min(len(self._rows[name]), MOST_QUESTIONS) for name in names], dtype=float)
        self._names, self._chances = names, counts / counts.sum()

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def episode(self, rng: np.random.Generator) -> Episode:
        """An episode over a table, tables with many questions more often."""
        name = self._names[int(rng.choice(len(self._names), p=self._chances))]
        return wtq_episode(self._rows[name], self._tables, rng)

    def episodes(self, rng: np.random.Generator) -> Iterator[Episode]:
        """Endlessly."""
        while True:
            yield self.episode(rng)


def wtq_episode(rows: Sequence[Row], tables: Mapping[str, Grid], rng: np.random.Generator) -> Episode:
    """Questions of one table as rounds: the query of each, and of a quarter the answer.

    Args:
        rows: what the search found for the questions of one table.
        tables: the tables of the pack by name.
        rng: draws the questions, the picture and what is misread in it.
    """
    order = rng.permutation(len(rows))[:MOST_QUESTIONS]
    chosen = [rows[int(n)] for n in order]
    grid = tuple(map(tuple, tables[chosen[0]["table"]]))
    table = table_of(grid, rng)
    book: Book | None = None
    if rng.random() < NOISY_TABLES:
        table = with_noise(table, [row["sql"] for row in chosen], rng)
    overview = overview_of(table, rng)
    shared = (
        _call("e1", 0, "look", {}, ToolResult(status="ok", payload=overview, tool="look")),
        _call("e2", 1, "read_table", {}, ToolResult(status="ok", payload=table, tool="read_table")),
    )
    branches: list[Branch] = []
    for row in chosen:
        question, sql, kind = row["question"], row["sql"], row["kind"]
        if rng.random() < NOISY_QUESTIONS:
            question = _disturbed(question, sql, rng)
        branches.append(Branch(question=question, reply=f"{kind}: query(sql={sql})", task=row["task"]))
        if rng.random() < ANSWERED:
            book = book or Book.of([source_of(table)])
            relation = book.cited(_reply(sql, grid))
            result = ToolResult(status="empty" if relation.is_empty else "ok", payload=relation, tool="query")
            step = _call("e3", 2, "query", {"sql": sql}, result)
            branches.append(
                Branch(question=question, reply=f"{kind}: value of e3", task="wtq answer", evidence=(step,))
            )
    return Episode(needs=("look", "read_table", "query"), evidence=shared, branches=tuple(branches))


@lru_cache(maxsize=30_000)
def _reply(sql: str, grid: tuple[tuple[str, ...], ...]) -> Reply:
    """What the engine gives for a query, which is the same wherever the cells lie in the picture."""
    return answer(sql, source_of(exact_table(grid)).relations, seconds=QUERY_SECONDS)


def _disturbed(question: str, sql: str, rng: np.random.Generator) -> str:
    """The question with noise, unless that spoils words that the query takes from it."""
    changed = noisy(question, rng)
    phrases = [one.replace("''", "'") for one in re.findall(r"LIKE '%((?:[^']|'')*)%'", sql)]
    return changed if all(one.casefold() in changed.casefold() for one in phrases) else question


# The command.


def _searched(job: tuple[str, Grid, list[Row]]) -> tuple[str, list[dict[str, Any]]]:
    return job[0], search_table(*job)


def _results(jobs: Sequence[tuple[str, Grid, list[Row]]], processes: int) -> Iterable[Any]:
    if processes < 2:
        yield from map(_searched, jobs)
        return
    with ProcessPoolExecutor(min(processes, 2)) as pool:
        yield from pool.map(_searched, jobs, chunksize=8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Search all questions of the pack. Returns the exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the pack wtq_train")
    parser.add_argument("--out", type=Path, required=True, help="JSONL file of what is found")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--limit", type=int, help="tables to search, a fixed choice among all")
    args = parser.parse_args(arguments)
    rows, tables = read_pack(args.data)
    state = args.out.with_name(args.out.name + ".done")
    done = set(state.read_text(encoding="utf-8").split()) if state.exists() else set()
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row["table"], []).append(row)
    names = sorted(by_table, key=lambda name: sha256(name.encode()).hexdigest())[: args.limit]
    jobs = [(name, tables[name], by_table[name]) for name in names if name not in done]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with args.out.open("a", encoding="utf-8") as out, state.open("a", encoding="utf-8") as ended:
        for name, found in _results(jobs, args.processes):
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in found)
            out.flush()
            ended.write(name + "\n")
            ended.flush()
            count += len(found)
    print(f"{count} queries found for the questions of {len(jobs)} tables", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
