"""Held-out scenes: the agent with its tools against the model alone, in one table.

    python examples/scenes_table.py [--count 100] [--seed 2026] [--side 256] [--out runs/scenes.jsonl]

Scenes, colour and shape pairs and layouts are those of the world's held-out split, which nothing was trained
on; about half of the questions are in wordings that nothing was trained on either, and are counted by
themselves. Both sides get the same images and questions; an answer counts if it is the exact one, and
"cannot tell" does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from scoring import normalise, percent
from sightline import Agent
from sightline.train.worlds.scene_questions import Question, ask
from sightline.train.worlds.scene_wordings import is_held_out
from sightline.train.worlds.scenes import draw_scene, make_scene

FAMILIES = {"existence": "exist", "attribute": "attribute", "count": "count", "relation": "relation"}


def items(family: int, count: int, seed: int, side: int) -> Iterator[tuple[np.ndarray, Question]]:
    """`count` images, uint8[side, side, 3], each with a question of the family with this index."""
    name = list(FAMILIES.values())[family]
    made = draw = 0
    while made < count:
        rng = np.random.default_rng([seed, family, draw])
        draw += 1
        scene = make_scene(rng, split="heldout")
        question = ask(rng, scene, name, "heldout")
        if question is not None:
            made += 1
            yield draw_scene(scene, side), question


def score(agents: dict[str, Agent], args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each question: its family, and for each agent what it said and whether that is right."""
    rows = []
    asked = [
        (family, item)
        for index, family in enumerate(FAMILIES)
        for item in items(index, args.count, args.seed, args.side)
    ]
    for family, (image, question) in track(asked, "scenes", console=Console(stderr=True)):
        said = {name: agent.run(image, question.text).text for name, agent in agents.items()}
        right = {name: normalise(text) == normalise(question.answer) for name, text in said.items()}
        rows.append(
            {
                "family": family,
                "question": question.text,
                "wording": "new" if is_held_out(question.family, question.text) else "known",
                "expected": question.answer,
                "said": said,
                "right": right,
            }
        )
    return rows


def table(rows: list[dict[str, Any]], names: list[str]) -> Table:
    """Accuracy by family and wording, a column an agent."""
    heads = (f"{name} [95 %]" for name in names)
    shown = Table("family", "wording", "questions", *heads, title="Held-out scenes")
    for family in FAMILIES:
        for wording in ("known", "new"):
            of = [row for row in rows if (row["family"], row["wording"]) == (family, wording)]
            if of:
                hits = (percent([row["right"][name] for row in of]) for name in names)
                shown.add_row(family, wording, str(len(of)), *hits)
    return shown


def main() -> int:
    """Ask, print the table, and write the rows where `--out` says. Returns the exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="questions a family")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--side", type=int, default=256, help="of the images, px")
    parser.add_argument("--out", type=Path, help="JSONL, a row a question")
    args = parser.parse_args()
    with Agent() as whole, Agent(tools={}) as alone:
        agents = {"agent with tools": whole, "model alone": alone}
        rows = score(agents, args)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Console().print(table(rows, list(agents)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
