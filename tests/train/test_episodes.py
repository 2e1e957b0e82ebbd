"""Episodes with tools: who said what, what each is worth, and the agent's own graph as the environment."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from sightline.agent.environment import AgentEnvironment
from sightline.errors import ConfigError, SightlineError
from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Call, Note, Reply
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.reasoner import CANNOT_TELL, Reasoner, Said
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.cli import app
from sightline.train.episodes import (
    BatchedPolicy,
    Speaker,
    by_episode,
    by_prompt,
    grpo_tools,
    play_group,
    play_one,
    tasks_batch,
    tool_loss,
)
from sightline.train.evaluation.suites import Item
from sightline.train.losses import reply_tokens
from sightline.train.packing import pack_episodes
from sightline.train.policy import group_advantages
from sightline.train.recipe import ToolPolicy
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.tiny import RECIPE
from sightline.train.rollouts import Sampling
from sightline.train.worlds.scenes import SHAPES

NewModel = Callable[[], SightlineForConditionalGeneration]
CPU = torch.device("cpu")
SAMPLING = Sampling(replies=3, max_tokens=4)
SEEN = Note(id="e1", call=Call(name="toss", args=()), text="ok: it lies there")


class Toss:
    """Asks twice, the second time with a note; the answer is right for every second voice."""

    def play(
        self,
        image: Path | bytes,
        question: str,
        choices: Sequence[str],
        state: Mapping[str, Any] | None,
        reasoner: Reasoner,
    ) -> str:
        assert isinstance(reasoner, Speaker)
        pixels = np.full((32, 32, 3), 200, np.uint8)
        for notes in ([], [SEEN]):
            reasoner.reply(images=[pixels], tools=(), notes=notes, question=question)
        return "tails" if reasoner.voice % 2 else "heads"


class Uneven(Toss):
    """Each voice asks once more than the one before it, and the last one fails if it is told to."""

    def __init__(self, failing: int | None = None) -> None:
        self.failing = failing

    def play(
        self,
        image: Path | bytes,
        question: str,
        choices: Sequence[str],
        state: Mapping[str, Any] | None,
        reasoner: Reasoner,
    ) -> str:
        assert isinstance(reasoner, Speaker)
        for turn in range(reasoner.voice + 1):
            reasoner.reply(images=[], tools=(), notes=[], question=f"{question} {turn * reasoner.voice}")
        if reasoner.voice == self.failing:
            raise SightlineError("the coin is gone")
        return "heads"


def item(answer: str = "heads") -> Item:
    return Item(
        id="0", group="0", family="coin", question="Heads or tails?", images=(b"",), answers=(answer,)
    )


def speaker(model: SightlineForConditionalGeneration, v: Vocabulary, seed: int = 1) -> Speaker:
    return Speaker(BatchedPolicy(model, v, SAMPLING, torch.Generator().manual_seed(seed)))


def batched(model: SightlineForConditionalGeneration, v: Vocabulary, voices: int = 3) -> BatchedPolicy:
    return BatchedPolicy(model, v, SAMPLING, torch.Generator().manual_seed(7), voices=voices)


def test_the_speaker_remembers_what_it_was_asked_and_said(
    new_model: NewModel, vocabulary: Vocabulary
) -> None:
    model = new_model()
    with cached_attention(model):
        played = [play_one(Toss(), item(), speaker(model, vocabulary, seed)) for seed in (1, 1, 2)]
    first, again, other = played
    assert first.reward == 1.0
    assert [turn.said for turn in first.turns] == [turn.said for turn in again.turns]
    assert [turn.said for turn in first.turns] != [turn.said for turn in other.turns]
    before, after = first.turns
    assert vocabulary.marks["note"] in after.prefix
    assert vocabulary.marks["note"] not in before.prefix
    assert after.asked[-1] == vocabulary.marks["reply"]
    assert all(1 <= len(turn.said) <= 4 for turn in first.turns)


def test_the_world_says_what_an_episode_is_worth(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model):
        assert play_one(Toss(), item("Heads "), speaker(model, vocabulary)).reward == 1.0
        assert play_one(Toss(), item("tails"), speaker(model, vocabulary)).reward == 0.0


def test_a_prompt_that_is_too_long_is_refused(new_model: NewModel, vocabulary: Vocabulary) -> None:
    note = replace(SEEN, text="heads " * 3000)
    with pytest.raises(ValueError, match="a prompt of"):
        speaker(new_model(), vocabulary).reply(images=[], tools=(), notes=[note], question="?")


def test_what_does_not_parse_cannot_tell(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model):
        said = speaker(model, vocabulary).reply(images=[], tools=(), notes=[], question="Heads?")
    assert said.reply == Reply(answer=CANNOT_TELL)


def test_side_by_side_is_the_same_whoever_is_first(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model):
        first, *others = (play_group(Uneven(), item(), batched(model, vocabulary), 3) for _ in range(4))
    assert [len(one.turns) for one in first] == [1, 2, 3]
    assert all(other == first for other in others)


def test_voices_that_are_shown_the_same_say_their_own(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model):
        played = play_group(Toss(), item(), batched(model, vocabulary, 8), 8)
    assert len({tuple(one.turns[0].prefix) for one in played}) == 1
    assert len({tuple(one.turns[0].said) for one in played}) > 4
    assert [one.reward for one in played] == [1.0, 0.0] * 4


def test_an_episode_that_fails_ends_the_group(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model), pytest.raises(SightlineError, match="the coin is gone"):
        play_group(Uneven(failing=1), item(), batched(model, vocabulary), 3)


def test_all_voices_hear_of_a_policy_that_fails(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    model.language_model.forward = None
    with cached_attention(model), pytest.raises(TypeError):
        play_group(Toss(), item(), batched(model, vocabulary), 3)


def test_tokens_of_an_episode_are_those_of_its_turns(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model().eval()
    toss = Toss()
    with cached_attention(model):
        played = [play_one(toss, item(), speaker(model, vocabulary, seed)) for seed in (1, 2, 3)]
    prompts, owners = by_prompt(played)
    assert [len(one.replies[0]) for one in prompts] == [3, 3]  # each prompt is encoded once
    packed = pack_episodes(prompts, vocabulary, length=512, side=128)
    with torch.no_grad():
        logprobs, mask = by_episode(reply_tokens(model, packed), torch.tensor(owners))
        for number, one in enumerate(played):
            alone: list[Tensor] = []
            for turn in one.turns:
                ids = torch.tensor([[*turn.prefix, *turn.asked, *turn.said]])
                logits = model(input_ids=ids, pixel_values=to_pixels(turn.images, 128)).logits
                start = ids.shape[1] - len(turn.said)
                chances = logits[0, start - 1 : -1].log_softmax(-1)
                alone.append(chances.gather(1, ids[0, start:, None])[:, 0])
            assert int(mask[number].sum()) == len(torch.cat(alone))
            torch.testing.assert_close(logprobs[number][mask[number]], torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_the_loss_is_the_mean_over_an_episode_by_hand(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    policy = ToolPolicy(sampling=SAMPLING, length=512, beta=0.5)
    run = partial(
        tool_loss, model, (7, (item(),)), reference=copy.deepcopy(model), vocabulary=vocabulary, policy=policy
    )
    loss, count, figures = run(environment=Toss())
    gains = group_advantages(torch.tensor([[1.0, 0.0, 1.0]]))
    assert count == 3.0
    assert loss.item() == pytest.approx(-gains.sum().item(), abs=1e-5)  # on the policy that spoke, no KL
    assert figures == {
        "hit:right": 2.0,
        "all:right": 3.0,
        "hit:coin": 2.0,
        "all:coin": 3.0,
        "hit:turns": 6.0,
        "all:turns": 3.0,
        "hit:mixed": 1.0,
        "all:mixed": 1.0,
    }
    loss.backward()
    head = model.language_model.lm_head.weight.grad
    assert head is not None
    assert float(head.abs().sum()) > 0


def test_what_led_to_the_right_answer_becomes_likelier(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    with cached_attention(model):
        played = play_group(Toss(), item(), batched(model, vocabulary), 3)
    prompts, owners = by_prompt(played)
    packed = pack_episodes(prompts, vocabulary, length=512, side=128)

    def chances() -> Tensor:
        with torch.no_grad():
            logprobs, mask = by_episode(reply_tokens(model, packed), torch.tensor(owners))
        return (logprobs * mask).sum(1) / mask.sum(1)

    before = chances()
    policy = ToolPolicy(sampling=SAMPLING, length=512)
    loss, _, _ = tool_loss(
        model,
        (7, (item(),)),
        reference=copy.deepcopy(model),
        vocabulary=vocabulary,
        policy=policy,
        environment=Toss(),
    )
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= 0.01 * parameter.grad
    gain = chances() - before
    assert gain[0] + gain[2] > 0 > gain[1]  # the first and the third were right


def test_tasks_are_a_function_of_the_draw() -> None:
    seed, items = tasks_batch(0, 3, mixture=(("scenes", 1.0),), count=3)
    again = tasks_batch(0, 3, mixture=(("scenes", 1.0),), count=3)
    assert (seed, items) == again
    assert items != tasks_batch(0, 4, mixture=(("scenes", 1.0),), count=3)[1]
    assert all(one.state and one.state["boxes"] for one in items)
    assert all(one.id.startswith("train-") for one in items)


def test_a_mixture_may_name_families() -> None:
    _, items = tasks_batch(0, 0, mixture=(("scenes:difference,together", 1.0),), count=12)
    assert {one.family for one in items} == {"difference", "together"}
    assert all(one.answers[0].isdecimal() for one in items)


def test_a_world_of_several_images_is_refused() -> None:
    with pytest.raises(ConfigError, match="an episode has one image"):
        tasks_batch(0, 0, mixture=(("episodes", 1.0),), count=4)


# The agent as the environment.


class Script:
    """Says what it was given, in order; stands where a reasoner stands."""

    weights = ""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.notes = iter(replies), list[Sequence[Note]]()

    def reply(self, *, notes: Sequence[Note], **_: Any) -> Said:
        self.notes.append(notes)
        return Said(next(self.replies), 1.0, 1)


@pytest.fixture(scope="module")
def agent() -> Iterator[AgentEnvironment]:
    with AgentEnvironment(labels=SHAPES) as environment:
        yield environment


def counting() -> Item:
    """A question of the world that asks for a number."""
    drawn = (tasks_batch(0, draw, mixture=(("scenes", 1.0),), count=4)[1] for draw in range(20))
    return next(one for items in drawn for one in items if one.family == "count")


def test_the_agent_plays_with_an_tool_that_is_right(agent: AgentEnvironment) -> None:
    task = counting()
    assert task.state is not None
    shape = task.state["boxes"][0]["label"]
    many = sum(box["label"] == shape for box in task.state["boxes"])
    script: Any = Script(
        Reply(calls=(Call(name="detect", args=(("query", f"{shape}s"),)),)),
        Reply(answer=str(many), cites=("e1",)),
    )
    answer = agent.play(task.images[0], f"How many {shape}s are there?", (), task.state, script)
    assert answer == str(many)
    assert script.notes[0] == []
    assert script.notes[1][0].text.startswith(f"ok: {many}")
    lacking = next(name for name in SHAPES if all(box["label"] != name for box in task.state["boxes"]))
    script = Script(
        Reply(calls=(Call(name="detect", args=(("query", lacking),)),)), Reply(answer="0", cites=("e1",))
    )
    assert agent.play(task.images[0], f"How many {lacking}s are there?", (), task.state, script) == "0"


def test_a_state_without_boxes_is_no_world_for_an_oracle(agent: AgentEnvironment) -> None:
    with pytest.raises(ConfigError, match="no boxes"):
        agent.play(counting().images[0], "What?", (), {}, Script())  # type: ignore[arg-type]


def test_an_episode_that_breaks_stops_the_run(agent: AgentEnvironment) -> None:
    task = counting()
    with pytest.raises(SightlineError, match="an episode failed"):
        agent.play(task.images[0], task.question, (), task.state, Script())  # type: ignore[arg-type]


@pytest.fixture
def after_dpo(after_sft: Path) -> Path:
    (after_sft / RECIPE.sft.name).rename(after_sft / RECIPE.dpo.name)
    return after_sft


def test_the_stage_plays_the_agent_and_goes_on_where_it_was_cut(
    after_dpo: Path, resumed: Any, agent: AgentEnvironment, new_model: NewModel
) -> None:
    assert RECIPE.grpo_tools is not None
    whole, again = resumed(partial(grpo_tools, environment=agent), RECIPE.grpo_tools, after_dpo)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    start: dict[str, Tensor] = new_model().to(torch.bfloat16).state_dict()
    assert all(torch.equal(whole[n], start[n]) for n in whole if n.startswith("vision_tower"))


def test_the_command_gets_the_agent_handed_in(after_dpo: Path) -> None:
    import sightline.cli

    command = ["train", "grpo-tools", "--recipe", "tiny", "--run", str(after_dpo)]
    result = CliRunner().invoke(sightline.cli.app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert (after_dpo / "grpo-tools" / "model" / "manifest.json").is_file()


def test_without_the_agent_the_command_says_so() -> None:
    result = CliRunner().invoke(app, ["grpo-tools", "--recipe", "tiny"])
    assert isinstance(result.exception, ConfigError)


def test_a_recipe_without_the_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage grpo-tools"):
        grpo_tools(EMBEDDED, tmp_path, CPU, environment=Toss())
