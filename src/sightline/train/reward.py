"""A reward model: how good a reply is, learnt from pairs of which one is better.

    sightline train reward --recipe tiny --run runs/tiny        after `pretrain` and `sft`

Source: Sun et al. 2023 (LLaVA-RLHF): the model after SFT with a linear head on the reply's last token,
trained to give the chosen reply more than the rejected one (Ouyang et al. 2022, eq. 1). The pairs are the
worlds', so a rejected reply is wrong beyond doubt. `heldout.json` beside the log says how many held-out pairs
are ranked right. The tiny recipe's four steps take seconds on a CPU and teach nothing: expect a loss near
log 2 = 0.69.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import Plan, barrier, fit, process_group, to_device
from sightline.train.losses import hidden_states
from sightline.train.mixtures import pair_batch
from sightline.train.packing import Packed
from sightline.train.preference import reward_loss
from sightline.train.recipe import Recipe, RewardData
from sightline.train.stage import load_stage, save_stage, text_batches

HEAD = "reward_head.safetensors"


class RewardModel(nn.Module):
    """A multimodal model and a linear head on what it makes of a reply's last token.

    The head is float32 and starts at zero: before training every reply is worth 0.
    """

    def __init__(self, model: SightlineForConditionalGeneration) -> None:
        super().__init__()
        self.model = model
        self.head = scalar_head(model)

    def forward(self, packed: Packed) -> Tensor:
        """The worth of each reply, float32[R]: rows first, then groups, then branches."""
        hidden = hidden_states(self.model, packed)
        score: Tensor = self.head(hidden[last_tokens(packed)].float()).squeeze(-1)
        return score


def scalar_head(model: SightlineForConditionalGeneration) -> nn.Linear:
    """A float32 linear layer from the language model's width to one number, zero to begin with."""
    head = nn.Linear(model.config.text_config.hidden_size, 1, device=model.device, dtype=torch.float32)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def last_tokens(packed: Packed) -> Tensor:
    """bool[B, T], true at the last token of each reply; before the next one there is always a question."""
    after = torch.zeros_like(packed.loss)
    after[:, :-1] = packed.loss[:, 1:]
    return (packed.loss > after).bool()


def reward(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after SFT. Returns the folder of the reward model.

    Raises `ConfigError` where the recipe has no such stage.
    """
    plan, data = recipe.reward, recipe.reward_data
    if plan is None or data is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage reward")
    model, vocabulary = load_stage(recipe.sft, run, device)
    judge = RewardModel(model)
    fit(judge, plan, text_batches(data.pairs, vocabulary, model.config, pairs=True), ranking_loss, run)
    folder = run / plan.name / "model"
    if process_group()[0] == 0:
        found = held_out(judge, held_out_pairs(data, vocabulary, judge.model, plan.seed), data.held_out)
        (folder.parent / "heldout.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        folder.mkdir(parents=True, exist_ok=True)
        save_file(judge.head.state_dict(), folder / HEAD)
    barrier()
    return save_stage(model, vocabulary, plan, run)


def load_reward(plan: Plan, run: Path, device: torch.device) -> RewardModel:
    """The reward model that the stage `plan` left, frozen. Raises `SightlineError` if it is not done."""
    model, _ = load_stage(plan, run, device)
    judge = RewardModel(model)
    judge.head.load_state_dict(load_file(run / plan.name / "model" / HEAD))
    judge.train(False)
    return judge.requires_grad_(False)


def ranking_loss(model: nn.Module, packed: Packed) -> tuple[Tensor, float, dict[str, float]]:
    """The loss over the batch's pairs, summed, their number, and by task how many are ranked right.

    Replies 0, 2, ... are the chosen ones, 1, 3, ... the rejected ones.
    """
    chosen, rejected = model(packed).view(-1, 2).unbind(1)
    tasks = packed.task[last_tokens(packed)].view(-1, 2)[:, 0]
    figures: dict[str, float] = {}
    for name, mine in [("ranked", tasks >= 0), *((t, tasks == n) for n, t in enumerate(packed.tasks))]:
        figures[f"hit:{name}"] = float((chosen > rejected)[mine].sum())
        figures[f"all:{name}"] = float(mine.sum())
    return reward_loss(chosen, rejected).sum(), float(len(chosen)), figures


def held_out_pairs(
    data: RewardData, vocabulary: Vocabulary, model: SightlineForConditionalGeneration, seed: int
) -> Callable[[int], Packed]:
    """Of a draw, a batch of pairs of the worlds' held-out split."""
    return partial(
        pair_batch,
        seed,
        mixture=data.pairs.mixture,
        rows=data.pairs.rows,
        length=data.pairs.length,
        vocabulary=vocabulary,
        side=model.config.vision_config.image_size,
        tokens_per_image=model.config.tokens_per_image,
        split="heldout",
    )


@torch.no_grad()
def held_out(judge: RewardModel, pairs: Callable[[int], Packed], batches: int) -> dict[str, float]:
    """The mean loss, how many pairs there were, and the share ranked right, in all and by task."""
    found: dict[str, float] = defaultdict(float)
    judge.train(False)
    for draw in range(batches):
        loss, _, figures = ranking_loss(judge, to_device(pairs(draw), judge.model.device))
        for name, value in {"hit:loss": float(loss), "all:loss": figures["all:ranked"], **figures}.items():
            found[name] += value
    names = [name[4:] for name in found if name.startswith("all:") and found[name]]
    return {"pairs": found["all:ranked"], **{n: found[f"hit:{n}"] / found[f"all:{n}"] for n in names}}
