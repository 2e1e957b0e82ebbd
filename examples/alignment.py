"""What DPO and GRPO changed: descriptions and answers of each stage's model, alone, on held-out scenes.

    python examples/alignment.py runs/seeing --captions 200 --dialogues 100

Every stage of the run describes the same scenes and answers the same questions, with no tool. A named object
is hallucinated where the picture shows no thing of that colour, size and shape that was not named before; on
covered scenes cards lie over some things. A model that was trained on as SFT was and not aligned may stand
beside them, as `longer`: `sightline train sft --recipe seeing --run OTHER --start RUN/sft/model`, then copy
its folder into the run.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from packs import markdown
from scoring import percent
from sightline.mllm.weights import MANIFEST
from sightline.train.hallucination import LONGEST, score_captions
from sightline.train.preview import answers
from sightline.train.stage import load_folder
from sightline.train.worlds.scene_dialogues import direct_dialogue
from sightline.train.worlds.scenes import Split

STAGES = ("sft", "longer", "dpo", "grpo")


def row(stage: str, model: Path, split: Split, *, captions: int, dialogues: int, seed: int) -> dict[str, str]:
    """One line of the table."""
    network, vocabulary = load_folder(model, torch.device("cpu"))
    network.float().train(False)  # a CPU decodes faster in float32
    score = partial(score_captions, network, vocabulary, count=captions, split=split, seed=seed)
    plain, covered = score(), score(covered=True)
    hits, thoughts = defaultdict(list), []
    for number in range(dialogues):
        dialogue = direct_dialogue(np.random.default_rng((seed, number, 7)), split, questions=5)
        replies = answers(network, vocabulary, dialogue, max_tokens=LONGEST)
        for branch, reply in zip(dialogue.branches, replies, strict=True):
            thought, _, answer = reply.said.rpartition("<answer>")
            hits[branch.task].append(answer == reply.wanted.rpartition("<answer>")[2])
            thoughts.append(bool(thought))
    return {
        "stage": stage,
        "split": split,
        "hallucinated, covered scenes": percent(_hits(covered.made_up, covered.named)),
        "things named there": f"{100 * covered.recall:.1f} % of {covered.things}",
        "right descriptions there": percent(_hits(covered.exact, covered.captions)),
        "hallucinated, plain scenes": percent(_hits(plain.made_up, plain.named)),
        "things named": f"{100 * plain.recall:.1f} % of {plain.things}",
        "answers": percent([hit for family in hits.values() for hit in family]),
        "after a thought": f"{np.mean(thoughts):.1%}",
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
    parser.add_argument("--seed", type=int, default=1, help="of the scenes")
    parser.add_argument("--split", nargs="*", default=["train", "heldout"], choices=["train", "heldout"])
    options = parser.parse_args()
    models = {stage: options.run / stage / "model" for stage in STAGES}
    there = {stage: model for stage, model in models.items() if (model / MANIFEST).is_file()}
    if not there:
        parser.error(f"{options.run} has no model of a stage: {', '.join(STAGES)}")
    asked = [(stage, model, split) for split in options.split for stage, model in there.items()]
    rows = [
        row(
            stage,
            model,
            split,
            captions=options.captions,
            dialogues=options.dialogues,
            seed=options.seed,
        )
        for stage, model, split in track(asked, console=Console(stderr=True))
    ]
    (options.run / "alignment.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head = list(dict.fromkeys(name for one in rows for name in one))
    print(markdown(head, [[one.get(name, "") for name in head] for one in rows]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
