"""The projector between encoder and language model: the first stage of LLaVA's recipe, on drawn scenes.

    sightline train eyes

Encoder and language model are frozen. Questions about one scene share its picture: it is read once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.eyes import PLACE, Eyes, SeeingModel
from sightline.mllm.loading import load_whole
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.vision import ConvStemViT
from sightline.mllm.weights import EMBEDDED
from sightline.planning.picture_prompt import before_question, from_question
from sightline.planning.situation import STOP
from sightline.planning.tokens import Tokens
from sightline.train.loop import Plan, fit, process_group
from sightline.train.losses import exact_by_task
from sightline.train.packing import Packed
from sightline.train.planner import language_model, reply_logits
from sightline.train.symbolic.batches import Group, Round, packed
from sightline.train.worlds.scene_dialogues import SIDE, ask_direct
from sightline.train.worlds.scenes import Scene, Split, draw_scene, make_scene

DESCRIBE = ("Describe the image.", "What is in this picture?", "What do you see?", "Describe what you see.")


@dataclass(frozen=True, kw_only=True)
class EyesStage:
    """How the projector is trained.

    Args:
        plan: steps, rate and so on.
        rows, length: of a batch, and tokens of a row.
        questions: about one scene, its description not counted.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            name="eyes",
            steps=600,
            lr=1e-3,
            trains=(("^eyes.projector", 1.0),),
            warmup=20,
            decay_from=0.5,
            weight_decay=0.0,
            log_every=5,
            save_every=20,
        )
    )
    rows: int = 1
    length: int = 1536
    questions: int = 10


def description(scene: Scene) -> str:
    """What is in a scene, in words: the same things together, the most first."""
    counts = Counter(f"{thing.size} {thing.colour} {thing.shape}" for thing in scene.things)
    told = [_counted(what, n) for what, n in counts.most_common()]
    return f"{', '.join(told[:-1])} and {told[-1]}." if len(told) > 1 else f"{told[0]}."


def _counted(what: str, n: int) -> str:
    return f"a {what}" if n == 1 else f"{n} {what}{'es' if what.endswith(('s', 'x')) else 's'}"


def eyes_batch(
    seed: int, draw: int, *, tokens: Tokens, stage: EyesStage, places: int, side: int, split: Split = "train"
) -> Packed:
    """Scenes with what is asked about them, packed: a function of (seed, draw).

    Args:
        seed: of the run.
        draw: which batch.
        tokens: of the language model.
        stage: rows, their length, questions.
        places: embeddings of one picture.
        side: of the pictures that the encoder takes, px.
        split: of the scenes.
    """
    rng = np.random.default_rng((seed, draw, 14))
    images: list[np.ndarray] = []

    def groups() -> Iterator[Group]:
        while True:
            scene = make_scene(rng, split=split)
            images.append(draw_scene(scene, SIDE))
            yield _group(rng, scene, tokens, stage, places, split)

    made = packed(groups(), rows=stage.rows, length=stage.length).packed
    shown = sum(int(row.max()) for row in made.group)
    filled = made.ids.masked_fill(made.group == 0, tokens.piece(STOP)[0])  # what fills a row up is no picture
    return replace(made, ids=filled, pixels=to_pixels(images[:shown], side))


def _group(
    rng: np.random.Generator, scene: Scene, tokens: Tokens, stage: EyesStage, places: int, split: Split
) -> Group:
    asked = [
        (b.question, b.reply.answer or "", b.task) for b in ask_direct(rng, scene, split, stage.questions)
    ]
    asked.append((DESCRIBE[int(rng.integers(len(DESCRIBE)))], description(scene), "describe"))
    rounds = []
    for question, answer, task in asked:
        said = tokens.pieces([answer, STOP])
        rounds.append(Round(from_question(tokens, question), said, task, [()] * len(said)))
    return Group(prefix=before_question(tokens, places, PLACE), branches=rounds)


def eyes_loss(model: nn.Module, batch: Packed) -> tuple[Tensor, float, dict[str, float]]:
    """Cross-entropy summed over the replies' tokens, their number, and replies right by task."""
    assert isinstance(model, SeeingModel)
    embedded = model.embedded(batch.ids, batch.pixels)
    logits, wanted, where = reply_logits(model.language, batch, embedded)
    loss = nn.functional.cross_entropy(logits, wanted, reduction="sum")
    return loss, float(len(wanted)), exact_by_task(batch, where, logits.detach().argmax(-1) == wanted)


def train_eyes(
    base: Path,
    run: Path,
    seeing: Path | None = None,
    stage: EyesStage | None = None,
    *,
    device: torch.device | None = None,
) -> Path:
    """Train the projector, going on from the last checkpoint of the run. Returns the folder of the eyes.

    Args:
        base: folder of the language model.
        seeing: folder of a model of the recipe `embedded`, whose encoder is taken; None: the shipped one.
        run: the run's folder.
        stage: how; None: the usual one.
        device: to train on; None: the CPU.

    Raises:
        ConfigError: the model's encoder is not ours.
        WeightsError: its weights are missing.
    """
    stage, device = stage or EyesStage(), device or torch.device("cpu")
    language = language_model(base, device)
    embeddings: Any = language.get_input_embeddings()
    # float32, as the projector: its gradient is small.
    whole = load_whole(
        SightlineForConditionalGeneration.from_pretrained, seeing or EMBEDDED, dtype=torch.float32
    )
    tower = whole.vision_tower
    if not isinstance(tower, ConvStemViT):
        raise ConfigError(f"{seeing} has an encoder of another kind: {tower.config.model_type}")
    config: Any = tower.config
    torch.manual_seed(stage.plan.seed)
    eyes = Eyes(language.config.hidden_size, embeddings.weight.std().item(), config)
    eyes.encoder = tower
    model = SeeingModel(eyes.to(device), language)
    side = eyes.encoder.config.image_size
    make = partial(eyes_batch, tokens=Tokens.load(base), stage=stage, places=eyes.tokens, side=side)
    fit(model, stage.plan, make, eyes_loss, run)
    folder = run / stage.plan.name / "model"
    if process_group()[0] == 0:
        eyes.save(folder)
    return folder
