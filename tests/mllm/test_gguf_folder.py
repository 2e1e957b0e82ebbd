"""A GGUF file as a folder: the same logits and the same tokens as transformers reads from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from sightline.errors import WeightsError
from sightline.mllm.gguf_folder import write_folder

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXTS = ["How many red circles are there in 2024?", "number: count of e2\n", "Zürich 12.50 $"] * 10
NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OUTSIDE = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


def bpe() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def llama(size: int, *, tied: bool) -> LlamaForCausalLM:
    """Random, its weights such as bfloat16 has."""
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=size, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=tied, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
        bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    for weight in model.parameters():
        weight.data = (weight.data + 0.1 * torch.randn_like(weight)).bfloat16().float()
    return model


def alternating(weight: np.ndarray, heads: int) -> np.ndarray:
    """As llama.cpp stores queries and keys: the two halves of each head, row by row in turn."""
    out = np.empty_like(weight)
    size = len(weight) // heads
    for head in range(heads):
        for n in range(size // 2):
            out[head * size + 2 * n] = weight[head * size + n]
            out[head * size + 2 * n + 1] = weight[head * size + size // 2 + n]
    return out


def write(
    file: Path, model: LlamaForCausalLM, tokenizer: Tokenizer, *, pre: str = "smollm", quantized: bool = False
) -> Path:
    told = model.config
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(told.hidden_size)
    writer.add_feed_forward_length(told.intermediate_size)
    writer.add_block_count(told.num_hidden_layers)
    writer.add_head_count(told.num_attention_heads)
    writer.add_head_count_kv(told.num_key_value_heads)
    writer.add_layer_norm_rms_eps(told.rms_norm_eps)
    writer.add_rope_freq_base(5000.0)
    about = json.loads(tokenizer.to_str())["model"]
    vocabulary = sorted(about["vocab"], key=about["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(vocabulary)
    writer.add_token_types([TokenType.CONTROL if t in MARKS else TokenType.NORMAL for t in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in about["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{{ messages }}")
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and told.tie_word_embeddings:
            continue
        values = weight.numpy()
        if name in OUTSIDE:
            short = OUTSIDE[name]
        else:
            _, _, layer, own = name.removesuffix(".weight").split(".", 3)
            short = f"blk.{layer}.{NAMES[own]}.weight"
        if short.endswith("attn_q.weight"):
            values = alternating(values, told.num_attention_heads)
        if short.endswith("attn_k.weight"):
            values = alternating(values, told.num_key_value_heads)
        if quantized and values.ndim == 2:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(short, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(short, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def logits(model: LlamaForCausalLM) -> torch.Tensor:
    ids = torch.arange(40).view(2, 20) * 7 % 300
    with torch.no_grad():
        return model.float().eval()(input_ids=ids).logits


def read(folder: Path, **how: str) -> LlamaForCausalLM:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True, **how)


@pytest.mark.parametrize("tied", [True, False])
def test_the_folder_is_the_model_that_was_written(tmp_path: Path, tied: bool) -> None:
    tokenizer = bpe()
    model = llama(tokenizer.get_vocab_size(), tied=tied)
    write_folder(write(tmp_path / "a.gguf", model, tokenizer), tmp_path / "folder")
    ours = read(tmp_path / "folder")
    assert ours.config.tie_word_embeddings == tied
    torch.testing.assert_close(logits(ours), logits(model), atol=1e-5, rtol=1e-5)


def test_it_is_what_transformers_reads_from_the_file(tmp_path: Path) -> None:
    """Quantized too, but for what bfloat16 keeps of it."""
    tokenizer = bpe()
    model = llama(tokenizer.get_vocab_size(), tied=True)
    write(tmp_path / "a.gguf", model, tokenizer, quantized=True)
    write_folder(tmp_path / "a.gguf", tmp_path / "folder")
    theirs, ours = read(tmp_path, gguf_file="a.gguf"), read(tmp_path / "folder")
    for name, weight in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight.bfloat16().float(), msg=name)
    rounded = llama(tokenizer.get_vocab_size(), tied=True)
    rounded.load_state_dict({name: w.bfloat16().float() for name, w in theirs.state_dict().items()})
    torch.testing.assert_close(logits(ours), logits(rounded), atol=1e-5, rtol=1e-5)


def test_the_tokens_are_those_of_the_file(tmp_path: Path) -> None:
    tokenizer = bpe()
    write_folder(
        write(tmp_path / "a.gguf", llama(tokenizer.get_vocab_size(), tied=True), tokenizer),
        tmp_path / "folder",
    )
    ours = AutoTokenizer.from_pretrained(tmp_path / "folder", local_files_only=True)
    plain = Tokenizer.from_file(str(tmp_path / "folder" / "tokenizer.json"))
    for text in (*TEXTS, "  two  spaces\n\n2345", "世界 ½", f"{MARKS[1]}user\n{MARKS[2]}", ""):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert plain.encode(text, add_special_tokens=False).ids == ids
        assert ours(text, add_special_tokens=False)["input_ids"] == ids
        assert ours.decode(ids) == text
    assert (ours.bos_token, ours.eos_token, ours.pad_token) == (MARKS[1], MARKS[2], MARKS[2])
    assert ours.chat_template == "{{ messages }}"


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    tokenizer = bpe()
    model = llama(tokenizer.get_vocab_size(), tied=True)
    write(tmp_path / "a.gguf", model, tokenizer, pre="llama-bpe")
    with pytest.raises(WeightsError, match="no Llama with the tokenizer of SmolLM"):
        write_folder(tmp_path / "a.gguf", tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_an_adapter_is_added_to_the_weights(tmp_path: Path) -> None:
    """As PEFT writes it: two matrices for a weight, their product scaled."""
    tokenizer = bpe()
    model = llama(tokenizer.get_vocab_size(), tied=True)
    file = write(tmp_path / "a.gguf", model, tokenizer)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8, "r": 4}))
    matrices = {}
    for own in (
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.k_proj",
        "model.layers.1.mlp.up_proj",
    ):
        weight = model.get_parameter(f"{own}.weight")
        first, second = 0.1 * torch.randn(4, weight.shape[1]), 0.1 * torch.randn(weight.shape[0], 4)
        weight.data = (weight.data + 2 * second @ first).bfloat16().float()
        matrices |= {f"{own}.lora_A.weight": first, f"{own}.lora_B.weight": second}
    named = {f"base_model.model.{name}": matrix for name, matrix in matrices.items()}
    save_file(named, adapter / "adapter_model.safetensors")
    write_folder(file, tmp_path / "folder", adapter)
    ours = read(tmp_path / "folder").state_dict()
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(ours[name], weight, atol=1e-3, rtol=1e-2, msg=name)
    torch.testing.assert_close(logits(read(tmp_path / "folder")), logits(model), atol=2e-2, rtol=2e-2)


def test_an_adapter_that_is_none_or_for_another_model_is_refused(tmp_path: Path) -> None:
    tokenizer = bpe()
    file = write(tmp_path / "a.gguf", llama(tokenizer.get_vocab_size(), tied=True), tokenizer)
    with pytest.raises(WeightsError, match="no LoRA adapter"):
        write_folder(file, tmp_path / "folder", tmp_path)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8, "r": 4}))
    name = "base_model.model.model.layers.7.mlp.up_proj.lora_{}.weight"
    save_file(
        {name.format("A"): torch.zeros(4, 64), name.format("B"): torch.zeros(96, 4)},
        tmp_path / "adapter_model.safetensors",
    )
    with pytest.raises(WeightsError, match="which the model does not have"):
        write_folder(file, tmp_path / "folder", tmp_path)
    assert not (tmp_path / "folder").exists()
