"""The Q-Former as a connector: what it says is what transformers' BLIP-2 says on the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Blip2Config, Blip2ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling

from sightline.errors import ConfigError
from sightline.mllm.connectors import make_connector
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.qformer import QFormer, QFormerConnector, qformer_config
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.blip2_language import connect

Model = SightlineForConditionalGeneration
QUERIES = 6


@pytest.fixture
def learnt(vocabulary: Vocabulary) -> QFormer:
    """As after stage 1: queries and weights that are not those of the start."""
    torch.manual_seed(3)
    sizes = {"vision_width": 32, "width": 24, "layers": 4, "heads": 2, "queries": QUERIES, "joint": 8}
    qformer = QFormer(qformer_config(vocabulary.size, pad_id=vocabulary.marks["pad"], **sizes)).eval()
    for weight in qformer.parameters():
        nn.init.normal_(weight, std=0.2)
    return qformer


@pytest.fixture
def joined(model: Model, learnt: QFormer) -> Model:
    connect(model, learnt)
    return model.eval()


@pytest.fixture
def prompt(vocabulary: Vocabulary) -> dict[str, Tensor]:
    marks = vocabulary.marks
    ids = [
        marks["bos"],
        *[marks["image"]] * QUERIES,
        marks["user"],
        *vocabulary.text("How many?"),
        marks["reply"],
    ]
    pixels = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    return {"input_ids": torch.tensor([ids, ids]), "pixel_values": pixels}


class _Seen(nn.Module):
    """A vision model that has seen these features."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features = features

    def forward(self, **_: Any) -> BaseModelOutputWithPooling:
        return BaseModelOutputWithPooling(last_hidden_state=self.features)


@pytest.fixture
def theirs(joined: Model, prompt: dict[str, Tensor]) -> Blip2ForConditionalGeneration:
    """BLIP-2 of transformers with our weights behind the tower."""
    vision = {"hidden_size": 32, "num_hidden_layers": 1, "intermediate_size": 16, "num_attention_heads": 2}
    config = Blip2Config(
        vision_config=vision,
        qformer_config=joined.config.qformer_config.to_dict(),
        text_config=joined.config.text_config.to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=joined.config.image_token_id,
    )
    blip2 = Blip2ForConditionalGeneration(config).eval()
    state = {name.removeprefix("projector."): value for name, value in joined.state_dict().items()}
    missing, unexpected = blip2.load_state_dict(state, strict=False)
    assert {name.split(".")[0] for name in missing} == {"vision_model"}
    assert {name.split(".")[0] for name in unexpected} == {"vision_tower"}
    with torch.no_grad():
        blip2.vision_model = _Seen(joined.patches(prompt["pixel_values"]))  # type: ignore[assignment]
    return blip2


def test_queries_and_prefix_are_those_of_transformers(
    joined: Model, theirs: Blip2ForConditionalGeneration, prompt: dict[str, Tensor]
) -> None:
    with torch.no_grad():
        wanted = theirs.get_image_features(prompt["pixel_values"], return_dict=True)
        patches = joined.patches(prompt["pixel_values"])
        queries = joined.projector.query_tokens.expand(2, -1, -1)
        seen = joined.projector.qformer(query_embeds=queries, encoder_hidden_states=patches).last_hidden_state
        prefix = joined.image_features(prompt["pixel_values"])
    assert prefix.shape == (2, QUERIES, joined.config.text_config.hidden_size)
    assert not torch.allclose(prefix[0], prefix[1], atol=1e-2)
    torch.testing.assert_close(seen, wanted.qformer_outputs.last_hidden_state, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(prefix, wanted.pooler_output, atol=1e-5, rtol=1e-5)


def test_logits_are_those_of_transformers(
    joined: Model, theirs: Blip2ForConditionalGeneration, prompt: dict[str, Tensor]
) -> None:
    with torch.no_grad():
        ours, wanted = joined(**prompt).logits, theirs(**prompt).logits
    torch.testing.assert_close(ours, wanted, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(ours[0], ours[1], atol=1e-3)


def test_the_queries_are_those_of_stage_one_without_its_text(
    joined: Model, learnt: QFormer, prompt: dict[str, Tensor]
) -> None:
    ids = torch.full((2, 5), 7)
    with torch.no_grad():
        patches = joined.patches(prompt["pixel_values"])
        wanted, _ = learnt.read(patches, ids, torch.ones_like(ids, dtype=torch.bool), "apart")
        prefix = joined.projector(patches)
    torch.testing.assert_close(prefix, joined.projector.language_projection(wanted), atol=1e-5, rtol=1e-5)
    text = [
        name
        for name in joined.projector.state_dict()
        if ".intermediate." in name or "layer.0.output." in name
    ]
    assert text == []


def test_what_is_saved_loads_and_generates_the_same(
    joined: Model, prompt: dict[str, Tensor], tmp_path: Path
) -> None:
    joined.save_pretrained(tmp_path)
    loaded, found = Model.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(found[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert isinstance(loaded.projector, QFormerConnector)
    assert (loaded.config.connector, loaded.config.tokens_per_image) == ("qformer", QUERIES)
    settings = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": -1}
    runs = [
        one.eval().generate(**prompt, **settings, use_cache=c)
        for one in (joined, loaded)
        for c in (True, False)
    ]
    assert all(torch.equal(run, runs[0]) for run in runs)


def test_in_half_precision_all_of_it_is(joined: Model, prompt: dict[str, Tensor], tmp_path: Path) -> None:
    joined.save_pretrained(tmp_path)
    loaded = Model.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {weight.dtype for weight in loaded.parameters()} == {torch.bfloat16}
    with torch.no_grad():
        half, whole = (
            loaded.image_features(prompt["pixel_values"]),
            joined.image_features(prompt["pixel_values"]),
        )
    assert (half.float() - whole).norm() < 0.03 * whole.norm()


def test_without_sizes_it_says_where_they_come_from(model: Model) -> None:
    model.config.connector = "qformer"
    with pytest.raises(ConfigError, match="the stage `blip2` makes one"):
        make_connector(model.config)
