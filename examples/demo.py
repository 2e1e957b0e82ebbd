"""Answer the questions in examples/images/questions.jsonl and compare with the answers that stand there.

    python examples/demo.py [FOLDER]

Prints each answer with its evidence and its steps. Exit code 0: all are right, 1: one is not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text
from rich.tree import Tree

from scoring import normalise
from sightline import Agent, Answer

IMAGES = Path(__file__).parent / "images"


def steps(answer: Answer) -> Tree:
    """The steps of an answer, with the calls of each and what they returned."""
    evidence = {e.id: e for e in answer.evidence}
    tree = Tree("steps", style="dim")
    for step in answer.trace:
        said = f"answer: {step.answer}" if step.answer else "look"
        branch = tree.add(Text(f"{step.index}  {said}" + (f"  ({step.thought})" if step.thought else "")))
        for e in (evidence[i] for i in step.evidence if i in evidence):
            cited = "  ← cited" if e.id in answer.cites else ""
            arguments = ", ".join(f"{k}={v!r}" for k, v in e.call.arguments.items())
            branch.add(Text(f"{e.id} {e.call.name}({arguments}){cited}\n{e.result.to_text(600)}"))
    return tree


def panel(row: dict[str, Any], answer: Answer, right: bool) -> Panel:
    """One question and what became of it."""
    verdict = Text("right", "bold green") if right else Text(f"wrong: expected {row['answer']}", "bold red")
    head = Text.assemble(
        (answer.text, "bold"), f"   {answer.confidence:.0%} sure, {answer.usage.seconds:.1f} s   ", verdict
    )
    checks = [Text(f"{'✓' if c.passed else '✗'} {c.name}: {c.detail}", "dim") for c in answer.checks]
    return Panel(
        Group(head, *checks, steps(answer)),
        title=Text(row["question"]),
        subtitle=Text(f"{row['kind']} · {row['image']}"),
        title_align="left",
        subtitle_align="right",
    )


def main() -> int:
    """Ask every question. Returns the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    rows = [
        json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    console = Console()
    wrong = 0
    with Agent() as agent:
        for row in rows:
            answer = agent.run(folder / row["image"], row["question"])
            right = normalise(answer.text) == normalise(row["answer"])
            wrong += not right
            console.print(panel(row, answer, right))
    console.print(f"{len(rows) - wrong} of {len(rows)} right")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
