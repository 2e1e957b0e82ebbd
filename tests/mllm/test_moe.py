"""Experts: as Mixtral's on the same weights, nothing changed by upcycling, saved, loaded, cached, batched."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, MixtralConfig, OPTConfig, OPTForCausalLM
from transformers.models.mixtral import modeling_mixtral as mixtral

from sightline.errors import ConfigError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.moe import Experts, add_experts, load_balance, route, routed, upcycle
from sightline.mllm.tokenizer import Vocabulary

Model = SightlineForConditionalGeneration


def uneven(model: nn.Module) -> None:
    """Experts that differ, and routers that are sure of themselves."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".router." in name or ".experts." in name:
                weight.add_(torch.randn_like(weight) * (2.0 if "router" in name else 0.1))


@pytest.fixture
def prompt(vocabulary: Vocabulary) -> dict[str, Tensor]:
    marks = vocabulary.marks
    text = vocabulary.text("How many red circles are there?")
    ids = [marks["bos"], *[marks["image"]] * 64, marks["user"], *text, marks["reply"]]
    pixels = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    return {"input_ids": torch.tensor([ids]), "pixel_values": pixels}


@pytest.fixture
def theirs() -> mixtral.MixtralSparseMoeBlock:
    torch.manual_seed(0)
    config = MixtralConfig(hidden_size=12, intermediate_size=20, num_local_experts=4, num_experts_per_tok=2)
    config._experts_implementation = "eager"
    block = mixtral.MixtralSparseMoeBlock(config)
    for weight in block.parameters():
        nn.init.normal_(weight, std=0.5)
    return block


class Gated(nn.Module):
    """As Llama's."""

    def __init__(self) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(12, 20, bias=False)
        self.up_proj = nn.Linear(12, 20, bias=False)
        self.down_proj = nn.Linear(20, 12, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(nn.functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


def ours_of(block: mixtral.MixtralSparseMoeBlock) -> Experts:
    ours = Experts(Gated(), width=12, experts=4, per_token=2)
    with torch.no_grad():
        ours.router.weight.copy_(block.gate.weight)
        for number, expert in enumerate(ours.experts):
            gate, up = block.experts.gate_up_proj[number].chunk(2)
            for part, weight in (("gate", gate), ("up", up), ("down", block.experts.down_proj[number])):
                expert.get_parameter(f"{part}_proj.weight").copy_(weight)
    return ours


def test_output_and_gradients_are_mixtrals(theirs: mixtral.MixtralSparseMoeBlock) -> None:
    ours = ours_of(theirs)
    x = torch.randn(2, 9, 12, generator=torch.Generator().manual_seed(1))
    here, there = x.clone().requires_grad_(), x.clone().requires_grad_()
    said, wanted = ours(here), theirs(there)
    torch.testing.assert_close(said, wanted, atol=1e-5, rtol=1e-5)
    for out in (said, wanted):
        out.square().sum().backward()
    assert here.grad is not None
    torch.testing.assert_close(here.grad, there.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.router.weight.grad, theirs.gate.weight.grad, atol=1e-4, rtol=1e-4)
    down = torch.stack([expert.get_parameter("down_proj.weight").grad for expert in ours.experts])  # type: ignore[arg-type]
    torch.testing.assert_close(down, theirs.experts.down_proj.grad, atol=1e-4, rtol=1e-4)


def test_the_routes_are_mixtrals(theirs: mixtral.MixtralSparseMoeBlock) -> None:
    tokens = torch.randn(50, 12, generator=torch.Generator().manual_seed(2))
    logits, scores, chosen = theirs.gate(tokens)
    weights, experts = route(logits, 2)
    assert torch.equal(experts, chosen)
    torch.testing.assert_close(weights, scores)
    torch.testing.assert_close(weights.sum(-1), torch.ones(50))


def test_the_balance_is_that_of_transformers_counting_first_choices() -> None:
    logits = torch.randn(40, 4, generator=torch.Generator().manual_seed(3))
    mask = torch.arange(40) < 31
    wanted = mixtral.load_balancing_loss_func((logits,), 4, top_k=1, attention_mask=mask[None].long())
    torch.testing.assert_close(load_balance(logits[mask]), wanted)
    assert not torch.isclose(load_balance(logits), torch.as_tensor(wanted))


def test_the_balance_by_hand() -> None:
    even = torch.eye(4).repeat(3, 1) * 30
    assert load_balance(even).item() == pytest.approx(1.0)
    assert load_balance(torch.tensor([[30.0, 0, 0, 0]] * 5)).item() == pytest.approx(4.0)
    likely = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.2, 0.1, 0.7]])  # firsts: 0, 0, 2
    by_hand = 3 * (2 / 3 * (0.5 + 0.6 + 0.2) / 3 + 1 / 3 * (0.2 + 0.1 + 0.7) / 3)
    assert load_balance(likely.log()).item() == pytest.approx(by_hand)


def test_upcycling_changes_nothing_that_is_said(model: Model, prompt: dict[str, Tensor]) -> None:
    with torch.no_grad():
        before = model(**prompt).logits
        upcycle(model, every=1)
        after = model(**prompt).logits
    torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-5)
    uneven(model)
    with torch.no_grad():
        assert not torch.allclose(before, model(**prompt).logits, atol=1e-2)


def test_every_second_layer_gets_copies_and_the_others_stay(model: Model) -> None:
    first, second = (layer.mlp for layer in model.language_model.model.layers)
    upcycle(model)
    layers = model.language_model.model.layers
    assert layers[1].mlp is second
    assert (model.config.experts, model.config.experts_per_token, model.config.expert_layers) == (4, 2, [0])
    for expert in layers[0].mlp.experts:
        assert expert is not first
        assert torch.equal(expert.up_proj.weight, first.up_proj.weight)
    with pytest.raises(ConfigError, match="4 experts a layer already"):
        upcycle(model)


def test_what_is_saved_loads_and_says_the_same(
    model: Model, prompt: dict[str, Tensor], tmp_path: Path
) -> None:
    upcycle(model, experts=3, every=1)
    uneven(model)
    model.save_pretrained(tmp_path)
    loaded, found = Model.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(found[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert loaded.config.expert_layers == [0, 1]
    with torch.no_grad():
        assert torch.equal(loaded.eval()(**prompt).logits, model(**prompt).logits)


def test_a_cache_equals_none(model: Model, prompt: dict[str, Tensor]) -> None:
    upcycle(model, every=1)
    uneven(model)
    settings = {"max_new_tokens": 10, "do_sample": False, "eos_token_id": -1}
    cached, plain = (model.generate(**prompt, **settings, use_cache=cache) for cache in (True, False))
    assert cached.tolist() == plain.tolist()


def test_padding_and_other_rows_change_nothing(model: Model, prompt: dict[str, Tensor]) -> None:
    upcycle(model, every=1)
    uneven(model)
    ids, pixels = prompt["input_ids"], prompt["pixel_values"]
    padded = nn.functional.pad(ids, (0, 3), value=0)
    other = padded.flip(0).clone()
    other[0, 70:] = 40
    both = torch.cat([padded, other])
    mask = (torch.arange(both.shape[1]) < ids.shape[1]).long().expand(2, -1)
    with torch.no_grad():
        alone = model(**prompt).logits
        among = model(input_ids=both, pixel_values=pixels.repeat(2, 1, 1, 1), attention_mask=mask).logits
    torch.testing.assert_close(among[:1, : ids.shape[1]], alone, atol=1e-4, rtol=1e-4)


def test_logits_are_seen_within_the_context_alone(model: Model, prompt: dict[str, Tensor]) -> None:
    upcycle(model, every=1)
    with torch.no_grad(), routed(model) as seen:
        model(**prompt)
    assert {number: logits.shape for number, logits in seen.items()} == {
        number: (prompt["input_ids"].shape[1], 4) for number in (0, 1)
    }
    seen.clear()
    with torch.no_grad():
        model(**prompt)
    assert not seen


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "llama"])
def test_gated_language_models_take_experts(kind: str, tmp_path: Path) -> None:
    language = AutoModelForCausalLM.from_pretrained(dirs.language(tmp_path, kind)).eval()
    ids = torch.arange(20, 40)[None]
    with torch.no_grad():
        before = language(ids).logits
        add_experts(language, [0, 1], experts=4, per_token=2)
        torch.testing.assert_close(language(ids).logits, before, atol=1e-5, rtol=1e-5)


def test_in_half_precision_the_difference_is_rounding(model: Model, prompt: dict[str, Tensor]) -> None:
    model.bfloat16()
    with torch.no_grad():
        before = model(**prompt).logits
        upcycle(model, every=1)
        assert model.language_model.model.layers[0].mlp.router.weight.dtype == torch.bfloat16
        torch.testing.assert_close(model(**prompt).logits, before, atol=1e-2, rtol=1e-2)


def test_what_cannot_have_experts_is_named(model: Model) -> None:
    with pytest.raises(ConfigError, match="a token takes 3 of 2 experts"):
        upcycle(model, experts=2, per_token=3)
    size = {
        "hidden_size": 8,
        "ffn_dim": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "vocab_size": 16,
    }
    plain = OPTForCausalLM(OPTConfig(**size, word_embed_proj_dim=8, max_position_embeddings=16))
    with pytest.raises(ConfigError, match="layer 0 of opt has no gated"):
        add_experts(plain.model, [0], experts=2, per_token=1)
