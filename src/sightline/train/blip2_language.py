"""BLIP-2's stage 2: the Q-Former of stage 1 learns to speak to a language model; tower and model are frozen.

    sightline train blip2-llm --recipe tiny --run runs/tiny        after `blip2`
    sightline train sft --recipe tiny --run runs/tiny --start runs/tiny/blip2-llm/model

Source: Li et al. 2023 and LAVIS' `blip2_opt`: the queries read the image without text, a linear layer maps
them to the language model's width, and they stand before the words as if they were some; the cross-entropy of
the description trains both. LAVIS does it at 1e-4 with weight decay 0.05, after 2,000 steps of warm-up. The
description is a reply in our dialect, so what is left is a model like any other: it chats, generates, and
every later stage takes it. The tiny recipe's four steps take seconds on a CPU; expect a loss near log 800 =
6.7 from its untrained language model.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from sightline.errors import ConfigError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.qformer import QFormer, QFormerConnector
from sightline.train.blip2 import load_qformer
from sightline.train.loop import fit
from sightline.train.losses import reply_loss
from sightline.train.preview import loss_view
from sightline.train.recipe import Recipe
from sightline.train.stage import held_out_sampler, load_stage, save_stage, text_batches


def blip2_llm(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after pretraining and the Q-Former after `blip2`. Returns the folder of the model.

    Raises `ConfigError` where the recipe has no such stage, `SightlineError` where one before it is not done.
    """
    plan, data = recipe.blip2_llm, recipe.blip2_llm_data
    if plan is None or data is None or recipe.blip2 is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage blip2-llm")
    model, vocabulary = load_stage(recipe.pretrained, run, device)
    connect(model, load_qformer(run / recipe.blip2.name / "model"), seed=plan.seed)
    view, said = partial(loss_view, vocabulary=vocabulary), held_out_sampler(data, vocabulary)
    fit(model, plan, text_batches(data, vocabulary, model.config), reply_loss, run, view=view, sampler=said)
    return save_stage(model, vocabulary, plan, run)


def connect(model: SightlineForConditionalGeneration, learnt: QFormer, *, seed: int = 0) -> None:
    """Put a Q-Former in the connector's place; what it learnt is kept, the layer behind it is new."""
    torch.manual_seed(seed)
    connector = QFormerConnector.after(learnt, model.config.text_config.hidden_size)
    model.projector = connector.to(model.device, model.dtype)
    config = model.config
    config.connector, config.queries = "qformer", learnt.config.num_query_tokens
    config.qformer_config = connector.qformer.config
