"""A session says what a fresh pass over the whole text says, whatever came before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.mllm.backbone_dirs import language
from transformers import LlamaConfig, LlamaForCausalLM

from sightline.errors import WeightsError
from sightline.mllm.language_torch import TorchSession, load_language_model


@pytest.fixture(scope="module")
def llama() -> LlamaForCausalLM:
    torch.manual_seed(4)
    config = LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=128,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def fresh(model: LlamaForCausalLM, tokens: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens])).logits[0, -1].numpy()


def same(session: TorchSession, model: LlamaForCausalLM, tokens: list[int]) -> None:
    got = session.logits()
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, fresh(model, tokens), atol=2e-5)


def test_start_and_append(llama: LlamaForCausalLM) -> None:
    session = TorchSession(llama)
    session.start([1, 2, 3])
    same(session, llama, [1, 2, 3])
    same(session, llama, [1, 2, 3])
    session.append([4])
    session.append([5, 6])
    same(session, llama, [1, 2, 3, 4, 5, 6])
    session.append([])
    same(session, llama, [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    "then",
    [
        [1, 2, 3, 4, 5],  # the same
        [1, 2, 3, 4, 5, 6],  # longer
        [1, 2, 3],  # shorter
        [1, 2, 9, 4, 5],  # another word in it
        [9, 2, 3, 4, 5],  # another beginning
        [7],
    ],
)
def test_a_new_text_after_another(llama: LlamaForCausalLM, then: list[int]) -> None:
    session = TorchSession(llama)
    session.start([1, 2, 3])
    session.logits()
    session.append([4, 5])
    session.logits()
    session.append([30, 31])  # said, and never read
    session.start(then)
    same(session, llama, then)
    session.append([8])
    same(session, llama, [*then, 8])


def test_what_is_shared_is_not_read_again(llama: LlamaForCausalLM) -> None:
    read: list[int] = []
    hook = llama.model.register_forward_pre_hook(
        lambda _, args, kwargs: read.append((args[0] if args else kwargs["input_ids"]).shape[1]),
        with_kwargs=True,
    )
    session = TorchSession(llama)
    for text in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 6, 7], [1, 2, 3, 4, 6, 7]):
        session.start(text)
        session.logits()
        session.logits()
    hook.remove()
    assert read == [5, 2, 1]


def test_many_texts_by_chance(llama: LlamaForCausalLM) -> None:
    rng = np.random.default_rng(0)
    session, text = TorchSession(llama), list[int]()
    for _ in range(60):
        if not text or rng.random() < 0.4:
            kept = int(rng.integers(0, len(text) + 1))
            text = [*text[:kept], *map(int, rng.integers(0, 61, int(rng.integers(1, 5))))]
            session.start(text)
        else:
            more = [int(n) for n in rng.integers(0, 61, int(rng.integers(0, 4)))]
            text += more
            session.append(more)
        if rng.random() < 0.7:
            same(session, llama, text)


def test_a_folder_is_read_in_full_precision(tmp_path: Path) -> None:
    folder = Path(language(tmp_path, "llama"))
    assert load_language_model(folder).dtype == torch.float32
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError):
        load_language_model(folder)
    with pytest.raises(WeightsError):
        load_language_model(tmp_path / "nowhere")
