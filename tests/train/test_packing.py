"""Packing changes nothing but speed: a branch in a row is the branch alone after its prefix."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from sightline.errors import ConfigError
from sightline.mllm.chat import Dialogue, render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.losses import reply_loss, reply_tokens
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
    assert packed.pixels is not None
    with torch.no_grad():
        together = reply_tokens(model, packed).total()
    images, alone = iter(packed.pixels), []
    for row in range(len(packed.ids)):
        for group in range(1, int(packed.group[row].max()) + 1):
            mine = packed.group[row] == group
            prefix = packed.ids[row][mine & (packed.branch[row] == 0)]
            shown = int((prefix == vocabulary.marks["image"]).sum()) // 64
            pixels = torch.stack([next(images) for _ in range(shown)])
            for branch in range(1, int(packed.branch[row][mine].max()) + 1):
                own = mine & (packed.branch[row] == branch)
                whole = torch.cat([prefix, packed.ids[row][own]])
                taken = torch.cat([torch.zeros_like(prefix), packed.loss[row][own]])[1:].bool()
                if not own.any():  # left out where it did not fit
                    continue
                with torch.no_grad():
                    logits = model(input_ids=whole[None], pixel_values=pixels).logits[0, :-1]
                token = logits.log_softmax(-1).gather(-1, whole[1:, None]).squeeze(-1)
                alone.append(token[taken].sum())
    assert next(images, None) is None
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-3, rtol=1e-5)


def test_gradients_of_packed_rows_are_those_of_the_branches_alone(
    new_model: NewModel, vocabulary: Vocabulary
) -> None:
    """Each question behind a prefix of its own, by the model's own forward and labels, padding nowhere."""
    model, some = new_model(), dialogues(4)
    packed = pack(iter(some * 2), vocabulary, rows=1, length=2048, side=128, tokens_per_image=64, whole=True)
    assert packed.dropped == 0
    summed, count, _ = reply_loss(model, packed)
    summed.backward()
    together = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    counted = 0
    for dialogue in (some * 2)[: int(packed.group.max())]:
        rendered = render(dialogue, vocabulary, 64)
        pixels = to_pixels([np.asarray(image) for image in dialogue.images], 128) if dialogue.images else None
        for ids, reply in rendered.branches:
            labels = [-100] * len(rendered.prefix)
            labels += [i if kept else -100 for i, kept in zip(ids, reply, strict=True)]
            mine = torch.tensor([[*rendered.prefix, *ids]])
            out = model(input_ids=mine, pixel_values=pixels, labels=torch.tensor([labels]))
            (out.loss * sum(reply)).backward()
            counted += sum(reply)
    assert counted == count
    assert together
    for name, value in together.items():
        alone = dict(model.named_parameters())[name].grad
        torch.testing.assert_close(value, alone, atol=2e-3, rtol=1e-3, msg=name)


def test_images_stand_in_the_order_of_their_dialogues(vocabulary: Vocabulary) -> None:
    packed = packed_rows(vocabulary)
    assert packed.pixels is not None
    assert packed.dropped == 0
    shown = [np.asarray(image) for dialogue in dialogues(40) for image in dialogue.images]
    assert torch.equal(packed.pixels, to_pixels(shown[: len(packed.pixels)], 128))


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


def test_rows_that_can_hold_nothing_are_an_error(vocabulary: Vocabulary) -> None:
    endless = itertools.cycle(dialogues(3))
    with pytest.raises(ConfigError, match="fits into a row of 20 tokens"):
        pack(endless, vocabulary, rows=1, length=20, side=128, tokens_per_image=64)


def test_with_all_text_everything_but_images_and_first_tokens_is_learnt(vocabulary: Vocabulary) -> None:
    settings = {"rows": 2, "length": 700, "side": 128, "tokens_per_image": 64}
    packed = pack(iter(dialogues(40)), vocabulary, **settings, all_text=True)
    replies = pack(iter(dialogues(40)), vocabulary, **settings)
    assert torch.equal(packed.ids, replies.ids)
    assert torch.equal(packed.task, replies.task)
    image = packed.ids == vocabulary.marks["image"]
    marks = vocabulary.marks
    for row in range(2):
        first = torch.ones(700, dtype=torch.bool)
        first[1:] = (packed.group[row, 1:] != packed.group[row, :-1]) | (
            packed.branch[row, 1:] != packed.branch[row, :-1]
        )
        silent = image[row] | first | (packed.group[row] == 0)
        assert torch.equal(packed.loss[row] == 0, silent)
        assert set(packed.ids[row][first & (packed.group[row] > 0)].tolist()) <= {
            marks["bos"],
            marks["user"],
            marks["note"],
        }
