"""GRPO over episodes with tools: the policy plans, tools answer, and the world says whether it was right.

    sightline train grpo-tools --recipe tiny --run runs/tiny        after `pretrain`, `sft` and `dpo`

Source: GRPO (Shao et al. 2024) with the outcome of an episode as the reward of all that the policy said in
it; what the tools said is context and has no loss (as Search-R1, Jin et al. 2025). Each question is played
several times in an `Environment`, the agent's own graph, which the command line hands in: this package
does not know the agent. The tiny recipe's four steps take seconds on a CPU and teach nothing; expect a loss
near 0.

What is sampled follows from (seed, draw) and the weights, and, as far as the tools do, so does the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Note, Reply, ToolSpec, prompt_prefix, question_ids
from sightline.mllm.grammar import parse
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import CANNOT_TELL, Reasoner, Said
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.evaluation.metrics import METRICS, Answered
from sightline.train.evaluation.suites import Item
from sightline.train.evaluation.world_suites import FAMILIES, world_suite
from sightline.train.loop import fit, to_device
from sightline.train.losses import ReplyTokens, reply_tokens
from sightline.train.mixtures import Mixture
from sightline.train.packing import pack_episodes
from sightline.train.policy import by_reply, group_advantages, grpo_loss
from sightline.train.recipe import Recipe, ToolPolicy
from sightline.train.rollouts import Episode, Sampling, read, sample
from sightline.train.stage import load_stage, save_stage


class Environment(Protocol):
    """Where a policy acts: it is asked what to do next until it answers."""

    def play(
        self,
        image: Path | bytes,
        question: str,
        choices: Sequence[str],
        state: Mapping[str, Any] | None,
        reasoner: Reasoner,
    ) -> str:
        """One episode. Returns the answer.

        Args:
            image: as an evaluation suite has it.
            question: about it.
            choices: its options, if it has any.
            state: what the world knows of the image, for tools that are right by construction.
            reasoner: the policy; its `reply` is asked at each step.

        Raises:
            SightlineError: the episode could not be played to its end.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the policy was shown, and what it said: token ids."""

    prefix: list[int]
    images: tuple[np.ndarray, ...]
    asked: list[int]
    said: list[int]


@dataclass(frozen=True, kw_only=True)
class Played:
    """An episode: what the policy said in it, one turn a step, and 1 for the right answer, else 0."""

    turns: tuple[Turn, ...]
    reward: float
    family: str


Tasks = tuple[int, tuple[Item, ...]]
"""A seed for the sampling, and the questions to play."""


class BatchedPolicy:
    """One policy that speaks in several episodes at once.

    Episodes run in threads of their own. Each waits until all that still run have asked; then those that were
    shown the same are answered in one batch. What is sampled does not depend on which thread was first.

    Args:
        model: the policy.
        vocabulary: of the model.
        sampling: of what is said; `replies` does not count.
        generator: the same state gives the same replies on the same machine.
        voices: how many episodes there are.
    """

    def __init__(
        self,
        model: SightlineForConditionalGeneration,
        vocabulary: Vocabulary,
        sampling: Sampling,
        generator: torch.Generator,
        *,
        voices: int = 1,
    ) -> None:
        self.model, self.vocabulary, self.sampling = model, vocabulary, sampling
        self._generator, self._singing = generator, set(range(voices))
        self._asked: dict[int, Turn] = {}
        self._said: dict[int, list[int] | BaseException] = {}
        self._turn = Condition()

    def ask(self, voice: int, turn: Turn) -> list[int]:
        """What an episode's policy says to a turn that has nothing said yet. Raises what sampling raises."""
        with self._turn:
            self._asked[voice] = turn
            self._answer_all()
            self._turn.wait_for(lambda: voice in self._said)
            said = self._said.pop(voice)
        if isinstance(said, BaseException):
            raise said
        return said

    def leave(self, voice: int) -> None:
        """The episode is over: nobody waits for it any more."""
        with self._turn:
            self._singing.discard(voice)
            self._answer_all()

    def _answer_all(self) -> None:
        if not self._singing or set(self._asked) != self._singing:
            return
        shared: dict[object, list[int]] = defaultdict(list)
        for voice in sorted(self._asked):
            shared[_shown(self._asked[voice])].append(voice)
        for voices in shared.values():
            self._said |= dict(zip(voices, self._sample(self._asked[voices[0]], len(voices)), strict=True))
        self._asked.clear()
        self._turn.notify_all()

    @torch.no_grad()  # here, not outside: each thread has its own
    def _sample(self, turn: Turn, voices: int) -> Sequence[list[int] | BaseException]:
        try:
            cache = read(self.model, turn.prefix, turn.images)
            sampling, eos = replace(self.sampling, replies=voices), self.vocabulary.marks["eos"]
            return sample(self.model, cache, turn.asked, sampling, eos, self._generator)
        except Exception as error:  # each episode gets it, or they would wait for ever
            return [error] * voices


def _shown(turn: Turn) -> tuple[object, ...]:
    images = tuple((image.shape, image.tobytes()) for image in turn.images)
    return tuple(turn.prefix), tuple(turn.asked), images


class Speaker(Reasoner):
    """The policy as a reasoner: it samples without a grammar, and remembers what it was asked and said.

    What does not parse, or is cut, is an answer of `cannot tell`.
    """

    def __init__(self, batched: BatchedPolicy, voice: int = 0) -> None:
        super().__init__(batched.model, batched.vocabulary)
        self.batched, self.voice = batched, voice
        self.turns: list[Turn] = []

    def reply(
        self,
        *,
        images: Sequence[np.ndarray],
        tools: Sequence[ToolSpec],
        notes: Sequence[Note],
        question: str,
        must_answer: bool = False,
        max_tokens: int = 160,
        deadline: float | None = None,
    ) -> Said:
        """As `Reasoner.reply`, sampled; its own limit of tokens counts, and no deadline."""
        v, config = self.vocabulary, self.model.config
        prefix = prompt_prefix(v, tools, len(images), notes, config.tokens_per_image)
        asked = question_ids(v, question)
        longest = config.text_config.max_position_embeddings - self.batched.sampling.max_tokens
        if len(prefix) + len(asked) > longest:
            raise ValueError(f"a prompt of {len(prefix) + len(asked)} tokens; the model takes {longest}")
        turn = Turn(prefix=prefix, images=tuple(images), asked=asked, said=[])
        turn = replace(turn, said=self.batched.ask(self.voice, turn))
        self.turns.append(turn)
        return Said(_parsed(turn.said, v, tools), 1.0, len(turn.said))


def _parsed(said: Sequence[int], v: Vocabulary, tools: Sequence[ToolSpec]) -> Reply:
    try:
        return parse(said, v, tools) if said[-1] == v.marks["eos"] else Reply(answer=CANNOT_TELL)
    except ValueError:
        return Reply(answer=CANNOT_TELL)


def grpo_tools(recipe: Recipe, run: Path, device: torch.device, *, environment: Environment) -> Path:
    """From the model after DPO. Returns the folder of the model after GRPO over episodes.

    Raises `ConfigError` where the recipe has no such stage.
    """
    plan, policy = recipe.grpo_tools, recipe.tool_policy
    if plan is None or policy is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage grpo-tools")
    model, vocabulary = load_stage(recipe.dpo, run, device)
    reference, _ = load_stage(recipe.dpo, run, device)
    reference.train(False)
    reference.requires_grad_(False)
    loss = partial(
        tool_loss, reference=reference, vocabulary=vocabulary, policy=policy, environment=environment
    )
    make = partial(tasks_batch, mixture=policy.mixture, count=policy.questions)
    fit(model, plan, make, loss, run)
    return save_stage(model, vocabulary, plan, run)


def tasks_batch(seed: int, draw: int, *, mixture: Mixture, count: int) -> Tasks:
    """`count` questions of the mixture, and a seed for what is sampled: functions of (seed, draw).

    The worlds are those of evaluation's suites, in their training split; `scenes:difference,together` asks
    questions of these families alone. Raises `ConfigError` for a world
    that there is not, or whose questions are about several images.
    """
    rng = np.random.default_rng((seed, draw, 6))
    names, shares = [name for name, _ in mixture], np.array([share for _, share in mixture])
    items: list[Item] = []
    for _ in range(count):
        name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        world, _, chosen = name.partition(":")
        settings = {"n": "1", "split": "train", "seed": str(rng.integers(2**31))}
        if families := tuple(filter(None, chosen.split(","))) or (FAMILIES if world == "scenes" else ()):
            settings |= {"families": families[int(rng.integers(len(families)))]}
        if world == "scenes":
            settings |= {"side": "128"}
        items += world_suite(world, settings).items
    if several := {item.family for item in items if len(item.images) != 1}:
        raise ConfigError(f"an episode has one image; {', '.join(sorted(several))} have several")
    return int(rng.integers(2**31)), tuple(items)


def tool_loss(
    model: nn.Module,
    tasks: Tasks,
    *,
    reference: SightlineForConditionalGeneration,
    vocabulary: Vocabulary,
    policy: ToolPolicy,
    environment: Environment,
) -> tuple[Tensor, float, dict[str, float]]:
    """Play the tasks, then GRPO's loss over all episodes, summed, their number, and figures."""
    assert isinstance(model, SightlineForConditionalGeneration)
    seed, items = tasks
    generator = torch.Generator(model.device).manual_seed(seed)
    with cached_attention(model):
        voices = policy.sampling.replies
        batched = partial(BatchedPolicy, model, vocabulary, policy.sampling, generator, voices=voices)
        groups = [play_group(environment, item, batched(), voices) for item in items]
    played = [one for group in groups for one in group]
    prompts, owners = by_prompt(played)
    side = model.config.vision_config.image_size
    packed = to_device(pack_episodes(prompts, vocabulary, length=policy.length, side=side), model.device)
    owner = torch.tensor(owners, device=model.device)
    logprobs, mask = by_episode(reply_tokens(model, packed), owner)
    with torch.no_grad():
        before, _ = by_episode(reply_tokens(reference, packed), owner)
    rewards = torch.tensor([[one.reward for one in group] for group in groups])
    advantages = group_advantages(rewards).flatten().to(logprobs)
    loss = grpo_loss(
        logprobs, logprobs.detach(), before, advantages, mask, clip=policy.clip, beta=policy.beta
    )
    return loss.sum(), float(len(loss)), _figures(groups)


def play_group(environment: Environment, item: Item, batched: BatchedPolicy, voices: int) -> list[Played]:
    """Episodes of one question, side by side. Raises what the first of them raises that fails."""

    def play(voice: int) -> Played:
        try:
            return play_one(environment, item, Speaker(batched, voice))
        finally:
            batched.leave(voice)

    with ThreadPoolExecutor(voices) as pool:
        return list(pool.map(play, range(voices)))


def play_one(environment: Environment, item: Item, speaker: Speaker) -> Played:
    """One episode of a question, and what it is worth: 1 where the answer matches exactly, else 0."""
    answer = environment.play(item.images[0], item.question, item.choices, item.state, speaker)
    assert speaker.turns
    row = Answered(
        id=item.id,
        group=item.group,
        family=item.family,
        answers=item.answers,
        said=answer,
        choices=item.choices,
    )
    (right,) = METRICS["exact"]([row]).credits
    return Played(turns=tuple(speaker.turns), reward=float(right), family=item.family)


def by_prompt(played: Sequence[Played]) -> tuple[list[Episode], list[int]]:
    """All turns, those of one prompt together, so that it is encoded once.

    Returns:
        What `pack_episodes` takes, with a reply a turn, and in the order of its replies which of `played`
        each reply is of.
    """
    shared: dict[object, list[tuple[int, Turn]]] = defaultdict(list)
    for number, one in enumerate(played):
        for turn in one.turns:
            shared[_shown(turn)].append((number, turn))
    episodes = [
        Episode(
            prefix=turns[0][1].prefix,
            images=turns[0][1].images,
            asked=[turns[0][1].asked],
            replies=[[turn.said for _, turn in turns]],
            rewards=torch.tensor([[played[number].reward for number, _ in turns]]),
            tasks=(played[turns[0][0]].family,),
        )
        for turns in shared.values()
    ]
    return episodes, [number for turns in shared.values() for number, _ in turns]


def by_episode(tokens: ReplyTokens, owner: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of all that was said in each episode, float32[E, T], and bool[E, T].

    Args:
        tokens: of the turns' replies.
        owner: int[R], the episode of each reply; each episode has one at least.
    """
    of = owner[tokens.reply]
    return by_reply(tokens.logprobs[of.argsort(stable=True)], of.bincount())


def _figures(groups: Sequence[Sequence[Played]]) -> dict[str, float]:
    """Right answers by family, turns an episode, and questions that were answered both ways."""
    figures: dict[str, float] = defaultdict(float)
    for group in groups:
        rewards = [one.reward for one in group]
        seen = {"right": sum(rewards), "turns": float(sum(len(one.turns) for one in group))}
        for name, hit in {**seen, group[0].family: sum(rewards)}.items():
            figures[f"hit:{name}"] += hit
            figures[f"all:{name}"] += len(group)
        figures["hit:mixed"] += float(max(rewards) > min(rewards))
        figures["all:mixed"] += 1
    return dict(figures)
