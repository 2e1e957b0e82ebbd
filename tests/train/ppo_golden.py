"""What TRL's PPO trainer makes of the tensors in `ppo_golden.json`, which this script wrote.

TRL 1.16 has no PPO any more, and the releases before it hold its steps in one function. Release 0.11.4 is the
last whose trainer has them as methods. In an environment of its own (Python 3.11, torch 2.15):

    pip install --no-deps trl==0.11.4 transformers==4.46.3 tokenizers==0.20.3 huggingface_hub==0.26.5
    pip install --no-deps accelerate==1.1.1 datasets==3.1.0 fsspec==2024.9.0 dill==0.3.8
    pip install tyro==0.9.2 aiohttp multiprocess xxhash requests
    python tests/train/ppo_golden.py

`test_policy.py` reads the file and never runs this.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

GOLDEN = Path(__file__).with_suffix(".json")
LENGTHS = (6, 3, 1, 5)
"""Tokens of each reply."""
WORDS = 5
CONFIG: dict[str, Any] = {
    "gamma": 0.95,
    "lam": 0.9,
    "cliprange": 0.2,
    "cliprange_value": 0.15,
    "vf_coef": 0.1,
    "ratio_threshold": 10.0,
    "whiten_rewards": False,
    "kl_penalty": "kl",
}
BETA = 0.3


def inputs(seed: int = 5) -> dict[str, Tensor]:
    """Logits float32[B, T, V] of three models, what was said int[B, T], values, and scores float32[B]."""
    dice = torch.Generator().manual_seed(seed)
    shape = (len(LENGTHS), max(LENGTHS))
    old = torch.randn(*shape, WORDS, generator=dice)
    return {
        "mask": torch.arange(shape[1]) < torch.tensor(LENGTHS)[:, None],
        "ids": torch.randint(WORDS, shape, generator=dice),
        "old_logits": old,
        "logits": old + 0.3 * torch.randn(*shape, WORDS, generator=dice),
        "reference_logits": old + 0.5 * torch.randn(*shape, WORDS, generator=dice),
        "old_values": torch.randn(*shape, generator=dice),
        "values": torch.randn(*shape, generator=dice),
        "scores": torch.randn(shape[0], generator=dice),
    }


def outputs(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """By TRL's own methods, from log-probabilities to losses, and the gradients of their sum."""
    from trl.core import logprobs_from_logits
    from trl.trainer.ppo_trainer import PPOTrainer

    itself: Any = SimpleNamespace(config=SimpleNamespace(**CONFIG), kl_ctl=SimpleNamespace(value=BETA))
    itself._kl_penalty = lambda *values: PPOTrainer._kl_penalty(itself, *values)
    mask, ids = given["mask"].long(), given["ids"]
    old, reference = (logprobs_from_logits(given[name], ids) for name in ("old_logits", "reference_logits"))
    rewards, _, _ = PPOTrainer.compute_rewards(itself, given["scores"], old, reference, mask)
    held, advantages, returns = PPOTrainer.compute_advantages(itself, given["old_values"], rewards, mask)
    logits, values = given["logits"].clone().requires_grad_(), given["values"].clone().requires_grad_()
    logprobs = logprobs_from_logits(logits, ids)
    policy, value, stats = PPOTrainer.loss(
        itself, old, held, logits, values, logprobs, mask, advantages, returns
    )
    (policy + value).backward()
    return {
        "logprobs": logprobs.detach(),
        "rewards": rewards * mask,
        "advantages": advantages * mask,
        "returns": returns * mask,
        "policy_loss": policy.detach(),
        "value_loss": value.detach(),
        "clipped": stats["policy/clipfrac"],
        "logits_gradient": logits.grad,
        "values_gradient": values.grad,
    }


if __name__ == "__main__":
    given = inputs()
    kept = {"inputs": given, "outputs": outputs(given)}
    numbers = {part: {name: value.tolist() for name, value in found.items()} for part, found in kept.items()}
    GOLDEN.write_text(json.dumps(numbers) + "\n", encoding="utf-8")
