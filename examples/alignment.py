"""What DPO and GRPO changed: descriptions and answers of each stage's model, alone, on held-out scenes.

    python examples/alignment.py runs/seeing --captions 200 --dialogues 100

Every stage of the run describes the same scenes and answers the same questions, with no tool. A named object
is hallucinated where the scene holds no thing of that colour, size and shape that was not named before.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from packs import markdown
from scoring import percent
from sightline.mllm.weights import MANIFEST
from sightline.train.hallucination import score_captions
from sightline.train.preview import answers
from sightline.train.stage import load_folder
from sightline.train.worlds.scene_dialogues import direct_dialogue
from sightline.train.worlds.scenes import Split

STAGES = ("looking", "sft", "dpo", "grpo")


def row(stage: str, model: Path, split: Split, *, captions: int, dialogues: int) -> dict[str, str]:
    """One line of the table."""
    network, vocabulary = load_folder(model, torch.device("cpu"))
    network.float().train(False)  # a CPU decodes faster in float32
    said = score_captions(network, vocabulary, count=captions, split=split)
    hits = defaultdict(list)
    for number in range(dialogues):
        dialogue = direct_dialogue(np.random.default_rng((1, number, 7)), split)
        replies = answers(network, vocabulary, dialogue)
        for branch, reply in zip(dialogue.branches, replies, strict=True):
            hits[branch.task].append(reply.said == reply.wanted)
    return {
        "stage": stage,
        "split": split,
        "hallucinated objects": percent(_hits(said.made_up, said.named)),
        "things named": f"{100 * said.recall:.1f} % of {said.things}",
        "captions exact": f"{said.exact} of {said.captions}",
        "answers": percent([hit for family in hits.values() for hit in family]),
        **{task: f"{np.mean(hits[task]):.1%} ({len(hits[task])})" for task in sorted(hits)},
    }


def _hits(count: int, of: int) -> list[bool]:
    return [True] * count + [False] * (of - count)


def main() -> int:
    """Score what is there, print a table, and keep the figures beside the run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--captions", type=int, default=200)
    parser.add_argument("--dialogues", type=int, default=100)
    parser.add_argument("--split", nargs="*", default=["train", "heldout"], choices=["train", "heldout"])
    options = parser.parse_args()
    models = {stage: options.run / stage / "model" for stage in STAGES}
    there = {stage: model for stage, model in models.items() if (model / MANIFEST).is_file()}
    if not there:
        parser.error(f"{options.run} has no model of a stage: {', '.join(STAGES)}")
    asked = [(stage, model, split) for split in options.split for stage, model in there.items()]
    rows = [
        row(stage, model, split, captions=options.captions, dialogues=options.dialogues)
        for stage, model, split in track(asked, console=Console(stderr=True))
    ]
    (options.run / "alignment.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head = list(dict.fromkeys(name for one in rows for name in one))
    print(markdown(head, [[one.get(name, "") for name in head] for one in rows]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
