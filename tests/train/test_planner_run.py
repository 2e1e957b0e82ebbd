"""A whole small run: trained, gone on with, written out, and asked through both backends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.planning.doubles import TOOLS, tokenizer
from tests.train.test_planner import SOURCES
from transformers import LlamaConfig, LlamaForCausalLM

from sightline.agent.builder import language_planner
from sightline.errors import ConfigError
from sightline.planning.grammar import reply_steps
from sightline.planning.situation import Situation, prompt_parts
from sightline.planning.sql_relations import sql_relations
from sightline.train.planner import PlannerStage, planner_so_far, train_planner

PLAN = replace(PlannerStage().plan, steps=4, save_every=2, log_every=1)
STAGE = PlannerStage(plan=PLAN, rank=2, first_layer=1, length=420)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    words = tokenizer()
    config = LlamaConfig(
        vocab_size=words.get_vocab_size(), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=1024, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    words.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return folder


def test_no_checkpoint_is_one_clear_error(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint yet"):
        planner_so_far(tmp_path, tmp_path / "to", base=base, stage=STAGE)


def test_a_run_is_trained_written_and_asked(base: Path, tmp_path: Path) -> None:
    adapter = train_planner(base, tmp_path, STAGE, SOURCES, device=torch.device("cpu"))
    assert (adapter / "adapter_model.safetensors").is_file()
    folder = planner_so_far(tmp_path, tmp_path / "to", base=base, stage=STAGE)
    situation = Situation(question="How many red squares are there?", tools=TOOLS[:3])
    said = []
    for place in (folder, tmp_path / "to" / "merged"):
        decoder = language_planner(place)._decoder
        steps = reply_steps(situation, sql_relations((), situation.question))
        said.append(decoder.decide(prompt_parts(situation), steps))
    assert all(one.tokens > 2 and 0 < one.confidence <= 1 for one in said)
