"""Words to read while a model trains: what the loss covers, and what the model says to held-out questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice

import numpy as np
import torch
from rich.text import Text
from torch import Tensor, nn

from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Dialogue, render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.packing import Packed, targets
from sightline.train.watch import Sample

Say = Callable[[nn.Module], list[Sample]]


def loss_view(packed: Packed, vocabulary: Vocabulary, *, groups: int = 3) -> Text:
    """The first `groups` groups of a batch as text; what the loss covers stands in ⟦ ⟧, bold and green.

    It is read off what the loss is really taken on (`packing.targets`), not off how the rows were made.
    """
    where, _ = targets(packed)
    covered = torch.zeros_like(where)
    covered[:, 1:] = where[:, :-1]  # a prediction is of the token after it
    total, most = int(covered.sum()), int((packed.group > 0).sum())
    text = Text()
    text.append(f"{tuple(packed.ids.shape)} tokens, {most} filled, the loss covers {total}: ", style="bold")
    text.append("⟦ ⟧", style="bold green")
    for row, group in islice(_groups(packed), groups):
        mine = packed.group[row] == group
        text.append(f"\n\nrow {row}, group {group}", style="bold")
        for branch in packed.branch[row][mine].unique().tolist():
            own = mine & (packed.branch[row] == branch)
            text.append(f"\n{branch:4} | " if branch else "\n     | ", style="cyan")
            _say(text, packed.ids[row][own], covered[row][own], vocabulary)
    return text


def _groups(packed: Packed) -> Iterator[tuple[int, int]]:
    for row, group in enumerate(packed.group):
        yield from ((row, number) for number in range(1, int(group.max()) + 1))


def _say(text: Text, ids: Tensor, covered: Tensor, vocabulary: Vocabulary) -> None:
    """Append the tokens, images as one word."""
    image = vocabulary.marks["image"]
    kinds = [(bool(c), i == image) for i, c in zip(ids.tolist(), covered.tolist(), strict=True)]
    for (counted, shown), run in groupby(zip(kinds, ids.tolist(), strict=True), key=lambda one: one[0]):
        tokens = [token for _, token in run]
        said = f"<image> × {len(tokens)}" if shown else vocabulary.decode(tokens).replace("\n", "\n     | ")
        text.append(f"⟦{said}⟧" if counted else said, style="bold green" if counted else "none")


def sampler(vocabulary: Vocabulary, dialogues: Sequence[Dialogue], *, max_tokens: int = 48) -> Say:
    """What a model answers, greedily and without the grammar, to the first question of each dialogue."""

    def say(model: nn.Module) -> list[Sample]:
        assert isinstance(model, SightlineForConditionalGeneration)
        with cached_attention(model), torch.no_grad():
            return [_answer(model, vocabulary, one, 0, max_tokens) for one in dialogues]

    return say


def answers(
    model: SightlineForConditionalGeneration,
    vocabulary: Vocabulary,
    dialogue: Dialogue,
    *,
    max_tokens: int = 48,
) -> list[Sample]:
    """What a model answers, greedily and without the grammar, to each question of a dialogue."""
    with cached_attention(model), torch.no_grad():
        asked = range(len(dialogue.branches))
        return [_answer(model, vocabulary, dialogue, branch, max_tokens) for branch in asked]


def _answer(
    model: SightlineForConditionalGeneration,
    v: Vocabulary,
    dialogue: Dialogue,
    branch: int,
    max_tokens: int,
) -> Sample:
    rendered = render(dialogue, v, model.config.tokens_per_image)
    ids, reply = rendered.branches[branch]
    asked, wanted = ids[: reply.index(1)], ids[reply.index(1) :]
    prompt = torch.tensor([[*rendered.prefix, *asked]], device=model.device)
    pixels = None
    if dialogue.images:
        pixels = to_pixels(
            [np.asarray(image) for image in dialogue.images], model.config.vision_config.image_size
        )
        pixels = pixels.to(model.device, model.dtype)
    said = model.generate(  # type: ignore[misc]  # transformers' protocol of what generates is stricter than it is
        prompt,
        attention_mask=torch.ones_like(prompt),
        pixel_values=pixels,
        max_new_tokens=max_tokens,
        do_sample=False,
    )[0, prompt.shape[1] :].tolist()
    return Sample(asked=v.decode(asked), wanted=v.decode(wanted), said=v.decode(said))
