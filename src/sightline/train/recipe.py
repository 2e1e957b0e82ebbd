"""What a recipe holds: the model's shape, and for each stage how it trains and on what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sightline.mllm.config import SightlineConfig
from sightline.train.loop import Plan
from sightline.train.mixtures import Mixture
from sightline.train.rollouts import Sampling


@dataclass(frozen=True, kw_only=True)
class DenseData:
    """Images for the vision tower alone.

    Args:
        images: in a batch of one process.
        words_share: share of images that show words; the others show scenes.
    """

    images: int
    words_share: float


@dataclass(frozen=True, kw_only=True)
class QFormerData:
    """What a Q-Former learns from, and its sizes.

    Args:
        images: with their descriptions, in a batch of one process; two at least.
        width: of the transformer.
        layers: its blocks; every second one looks at the image.
        heads: of its attention.
        queries: learned ones.
        joint: width in which images and texts are compared.
    """

    images: int
    width: int
    layers: int
    heads: int
    queries: int = 32
    joint: int = 256


@dataclass(frozen=True, kw_only=True)
class TextData:
    """Packed dialogues or pairs.

    Args:
        mixture: which worlds, in which shares.
        later: (draw, mixture) ..., in order: from this draw on the mixture is another. A step of one
            process is a draw.
        rows: rows in a micro-batch of one process.
        length: tokens of a row.
        all_text: the loss is taken on tools, notes and questions too, not on replies alone.
    """

    mixture: Mixture
    rows: int
    length: int
    all_text: bool = False
    later: tuple[tuple[int, Mixture], ...] = ()

    def mixture_at(self, draw: int) -> Mixture:
        """The mixture of a draw."""
        return [self.mixture, *(mixture for first, mixture in self.later if draw >= first)][-1]


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What DPO takes of its pairs.

    Args:
        loss: a name in `preference.PAIR_LOSSES`.
        beta: how far from the reference; see the losses.
        anchor: weight of the chosen replies' own cross-entropy, summed, beside the loss.
        gamma: weight of the tokens in which a pair differs (dense DPO); 1 weighs all alike.
    """

    loss: str = "sigmoid"
    beta: float = 0.1
    anchor: float = 0.1
    gamma: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a model says itself while it learns: for DPO, GRPO and PPO.

    Args:
        mixture: which worlds' dialogues, in which shares.
        dialogues: of a micro-batch of one process.
        sampling: of the replies.
        length: tokens of a row.
    """

    mixture: Mixture
    dialogues: int = 4
    sampling: Sampling = field(default_factory=Sampling)
    length: int = 2048


@dataclass(frozen=True, kw_only=True)
class RewardData:
    """What a reward model learns from.

    Args:
        pairs: preference pairs.
        held_out: batches of held-out pairs that it is tried on at the end.
    """

    pairs: TextData
    held_out: int = 8


@dataclass(frozen=True, kw_only=True)
class Policy(Played):
    """What GRPO plays and how far it goes.

    Args:
        clip: how far the probability ratio of a token may move.
        beta: price of the divergence from the model that GRPO started from.
    """

    clip: float = 0.2
    beta: float = 0.02


@dataclass(frozen=True, kw_only=True)
class PPOPolicy(Played):
    """What PPO plays, what rewards it and how far it goes.

    Args:
        reward: the world's exact one, or the reward model's.
        cut_penalty: what a reply that was cut short is worth less to the reward model.
        epochs: updates on the same replies.
        clip: how far the probability ratio of a token may move.
        value_clip: how far a value may move.
        value_weight: of the value's loss beside the policy's.
        gamma, lam: of the advantages, see `policy.gae`.
        kl: price of a nat away from the model after SFT.
    """

    reward: Literal["world", "model"] = "world"
    cut_penalty: float = 1.0
    epochs: int = 2
    clip: float = 0.2
    value_clip: float = 0.2
    value_weight: float = 0.1
    gamma: float = 1.0
    lam: float = 0.95
    kl: float = 0.05


@dataclass(frozen=True, kw_only=True)
class ToolPolicy:
    """What GRPO over episodes with tools plays and how far it goes.

    Args:
        mixture: which worlds' questions (see `evaluation.world_suites`), in which shares.
        questions: of a micro-batch of one process; each is played `sampling.replies` times.
        sampling: of what is said in each turn.
        length: tokens of a row.
        clip: how far the probability ratio of a token may move.
        beta: price of the divergence from the model that it started from.
    """

    mixture: Mixture = (("scenes", 1.0),)
    questions: int = 4
    sampling: Sampling = field(default_factory=Sampling)
    length: int = 2048
    clip: float = 0.2
    beta: float = 0.02


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The stages of one model, in their order.

    Args:
        name: of the recipe and of its run's folder.
        config: (vocabulary size, image_token_id=, pad_id=, bos_id=, eos_id=) -> the model's config.
        vocab_size: of the tokenizer.
        corpus: scenes, and as many documents, whose texts the tokenizer is trained on.
        vision, vision_data: the vision tower alone on dense labels.
        language, language_data: every text of every world, token by token, the tower frozen.
        copying, copying_data: short notes to repeat, the tower frozen.
        align, align_data: the projector alone, towards the language model's words.
        looking, looking_data: descriptions of ever more things, of a model that starts as `looking` says.
        sft, sft_data: questions, thoughts and planner traces.
        dpo, dpo_data: preference pairs.
        preference: the loss of DPO.
        own_pairs: DPO's pairs are replies of the model's own against what sets them right, not `dpo_data`'s.
        grpo, policy: replies of the model's own, rewarded by the worlds; None where there is no such stage.
        reward, reward_data: a reward model from pairs, likewise.
        ppo, ppo_policy: the model's own replies, rewarded by the worlds or by the reward model, likewise.
        grpo_tools, tool_policy: episodes of the model's own with tools, rewarded by the worlds, likewise.
        blip2, blip2_data: a Q-Former on images with descriptions, the tower frozen, likewise.
        blip2_llm, blip2_llm_data: that Q-Former as the connector of the language model, likewise.
    """

    name: str
    config: Callable[..., SightlineConfig]
    vocab_size: int
    corpus: int
    vision: Plan
    vision_data: DenseData
    language: Plan | None = None
    language_data: TextData | None = None
    copying: Plan | None = None
    copying_data: TextData | None = None
    align: Plan
    align_data: DenseData
    looking: Plan | None = None
    looking_data: TextData | None = None
    sft: Plan
    sft_data: TextData
    dpo: Plan
    dpo_data: TextData
    preference: Preference = Preference()
    own_pairs: Played | None = None
    grpo: Plan | None = None
    policy: Policy | None = None
    reward: Plan | None = None
    reward_data: RewardData | None = None
    ppo: Plan | None = None
    ppo_policy: PPOPolicy | None = None
    grpo_tools: Plan | None = None
    tool_policy: ToolPolicy | None = None
    blip2: Plan | None = None
    blip2_data: QFormerData | None = None
    blip2_llm: Plan | None = None
    blip2_llm_data: TextData | None = None

    @property
    def pretrained(self) -> Plan:
        """The last stage of pretraining."""
        return self.looking or self.align
