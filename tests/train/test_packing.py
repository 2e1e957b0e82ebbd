"""Packing changes nothing but speed: a branch in a row is the branch alone after its prefix."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch

from sightline.mllm.chat import Dialogue, render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.losses import reply_logprobs
from sightline.train.packing import Packed, pack, targets
from sightline.train.worlds.scene_dialogues import describe_dialogue, direct_dialogue, planner_dialogue

NewModel = Callable[[], SightlineForConditionalGeneration]


def dialogues(count: int) -> list[Dialogue]:
    rng = np.random.default_rng(5)
    makers = itertools.cycle((direct_dialogue, planner_dialogue, describe_dialogue))
    return [make(rng, "train") for make in itertools.islice(makers, count)]


def packed_rows(v: Vocabulary, *, rows: int = 2, length: int = 700) -> Packed:
    return pack(iter(dialogues(40)), v, rows=rows, length=length, side=128, tokens_per_image=64)


def test_each_reply_is_what_the_loss_covers(vocabulary: Vocabulary) -> None:
    packed = packed_rows(vocabulary)
    where, wanted = targets(packed)
    assert int(where.sum()) == int(packed.loss.sum()) == len(wanted)
    trained = vocabulary.decode(wanted.tolist()).split("<eos>")[:-1]
    rendered = [r for d in dialogues(40) for r in render(d, vocabulary, 64).branches]
    replies = [vocabulary.decode([i for i, kept in zip(*branch, strict=True) if kept]) for branch in rendered]
    assert trained
    assert set(trained) <= {reply.removesuffix("<eos>") for reply in replies}


def test_a_packed_branch_equals_the_branch_alone(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model().eval()
    packed = packed_rows(vocabulary)
    with torch.no_grad():
        together = reply_logprobs(model, packed)
    alone = []
    for dialogue in dialogues(40):
        rendered = render(dialogue, vocabulary, 64)
        for ids, loss in rendered.branches:
            whole = torch.tensor([rendered.prefix + ids])
            with torch.no_grad():
                logits = model(input_ids=whole, pixel_values=to_pixels(dialogue.images, 128)).logits[0, :-1]
            taken = torch.tensor([0] * (len(rendered.prefix) - 1) + loss).bool()
            token = logits.log_softmax(-1).gather(-1, whole[0, 1:, None]).squeeze(-1)
            alone.append(float(token[taken].sum()))
    # Rows leave branches out where they do not fit: those that are in stand in order.
    remaining = iter(alone)
    for value in together.tolist():
        assert any(abs(value - other) < 2e-3 for other in remaining), value


def test_positions_start_anew_and_padding_is_nobodys(vocabulary: Vocabulary) -> None:
    packed = packed_rows(vocabulary)
    for row in range(len(packed.ids)):
        group, branch, position = packed.group[row], packed.branch[row], packed.position[row]
        for number in range(1, int(group.max()) + 1):
            prefix = position[(group == number) & (branch == 0)]
            assert prefix.tolist() == list(range(len(prefix)))
            for b in range(1, int(branch[group == number].max()) + 1):
                mine = position[(group == number) & (branch == b)]
                assert mine.tolist() == list(range(len(prefix), len(prefix) + len(mine)))
        assert packed.loss[row][group == 0].sum() == 0
        assert (packed.ids[row][group == 0] == vocabulary.marks["pad"]).all()


def test_what_no_row_can_hold_is_counted(vocabulary: Vocabulary) -> None:
    packed = pack(iter(dialogues(40)), vocabulary, rows=1, length=110, side=128, tokens_per_image=64)
    assert packed.dropped > 0
    assert packed.ids.shape == (1, 110)
