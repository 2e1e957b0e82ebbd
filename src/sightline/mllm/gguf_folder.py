"""A Llama in a GGUF file as a folder of transformers: `config.json`, `model.safetensors`, `tokenizer.json`.

Source of the layout: GGUF 3 as llama.cpp writes it. It holds queries and keys with the two halves of each
head interleaved; transformers wants them one after the other. Quantized weights become bfloat16.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from gguf import GGUFReader, TokenType
from gguf.quants import dequantize
from safetensors.numpy import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from sightline.errors import WeightsError

_LAYER = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


def write_folder(gguf: Path, folder: Path, adapter: Path | None = None) -> None:
    """Write the model of a GGUF file into `folder`, which is made.

    Args:
        gguf: the file.
        folder: gets the model.
        adapter: a LoRA adapter in PEFT's format, whose products are added to the weights; None: none.

    Raises:
        WeightsError: it is no Llama with SmolLM's tokenizer, or the adapter is not one for it.
    """
    reader = GGUFReader(gguf)
    about = {name: field.contents() for name, field in reader.fields.items()}
    if about.get("general.architecture") != "llama" or about.get("tokenizer.ggml.pre") != "smollm":
        raise WeightsError(f"{gguf.name} is no Llama with the tokenizer of SmolLM")
    heads = {"attn_q": about["llama.attention.head_count"], "attn_k": about["llama.attention.head_count_kv"]}
    weights = {}
    changes = _changes(adapter) if adapter else {}
    for tensor in reader.tensors:
        name, own = _name(tensor.name)
        values = dequantize(tensor.data, tensor.tensor_type)
        if own in heads:
            values = _halves(values, heads[own])
        if name in changes:
            first, second, scale = changes.pop(name)
            values = values + scale * (second @ first)
        weights[name] = np.ascontiguousarray(values.astype(ml_dtypes.bfloat16))
    if changes:
        raise WeightsError(f"the adapter changes {next(iter(changes))}, which the model does not have")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(
        json.dumps(_config(about, tied="lm_head.weight" not in weights), indent=1)
    )
    _tokenizer(about).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(_tokenizer_config(about), indent=1))


def _changes(adapter: Path) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """By weight: the adapter's two matrices, [R, I] and [O, R], and by what their product is scaled."""
    try:
        about = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        tensors = load_file(adapter / "adapter_model.safetensors")
        scale = about["lora_alpha"] / about["r"]
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"no LoRA adapter in {adapter}: {error}") from error
    found = {}
    for name, first in tensors.items():
        if name.endswith(".lora_A.weight"):
            second = tensors[name.replace(".lora_A.", ".lora_B.")]
            own = name.removeprefix("base_model.model.").replace(".lora_A.", ".")
            found[own] = (first.astype(np.float32), second.astype(np.float32), scale)
    return found


def _name(name: str) -> tuple[str, str]:
    """A tensor's name in transformers, and what it is within its layer."""
    if name in _OUTSIDE:
        return _OUTSIDE[name], ""
    _, number, own, _ = name.split(".")
    return f"model.layers.{number}.{_LAYER[own]}.weight", own


def _halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """float[H * D, W] whose rows alternate between the halves of a head -> first halves, then second ones."""
    pairs = weight.reshape(heads, weight.shape[0] // heads // 2, 2, weight.shape[1])
    return pairs.swapaxes(1, 2).reshape(weight.shape)


def _config(about: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": about["llama.embedding_length"],
        "intermediate_size": about["llama.feed_forward_length"],
        "num_hidden_layers": about["llama.block_count"],
        "num_attention_heads": about["llama.attention.head_count"],
        "num_key_value_heads": about["llama.attention.head_count_kv"],
        "rms_norm_eps": about["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_type": "default", "rope_theta": about["llama.rope.freq_base"]},
        "max_position_embeddings": about["llama.context_length"],
        "vocab_size": len(about["tokenizer.ggml.tokens"]),
        "tie_word_embeddings": tied,
        "bos_token_id": about["tokenizer.ggml.bos_token_id"],
        "eos_token_id": about["tokenizer.ggml.eos_token_id"],
        "pad_token_id": about["tokenizer.ggml.padding_token_id"],
    }


def _tokenizer(about: dict[str, Any]) -> Tokenizer:
    tokens = about["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in about["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = about["tokenizer.ggml.token_type"]
    special = [t for t, kind in zip(tokens, kinds, strict=True) if kind == TokenType.CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def _tokenizer_config(about: dict[str, Any]) -> dict[str, Any]:
    tokens = about["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[about["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[about["tokenizer.ggml.eos_token_id"]],
        "pad_token": tokens[about["tokenizer.ggml.padding_token_id"]],
        "chat_template": about["tokenizer.chat_template"],
        "clean_up_tokenization_spaces": False,
        "model_max_length": about["llama.context_length"],
    }
