"""What the tokenizer is trained on: the texts of the worlds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sightline.mllm.chat import Dialogue
from sightline.train.worlds.documents import make_document, read_rows
from sightline.train.worlds.scene_dialogues import describe_dialogue, direct_dialogue, planner_dialogue


def corpus(seed: int, count: int) -> Iterator[str]:
    """Every text of `count` scenes' dialogues and of `count` documents, as a text reader would give them."""
    rng = np.random.default_rng((seed, 4))
    makers = (planner_dialogue, direct_dialogue, describe_dialogue)
    for i in range(count):
        yield from texts(makers[i % 3](rng, "train"))
        yield "\n".join(read_rows(make_document(rng), rng, noise=1.0))


def texts(dialogue: Dialogue) -> Iterator[str]:
    """Whatever a dialogue says, tools, notes, questions and replies."""
    yield from (f"{tool.name} {tool.doc}" for tool in dialogue.tools)
    yield from (note.text for note in dialogue.notes)
    for branch in dialogue.branches:
        yield from (note.text for note in branch.notes)
        yield from (value for call in branch.reply.calls for _, value in call.args)
        yield from (branch.question, branch.reply.thought, branch.reply.answer or "")
