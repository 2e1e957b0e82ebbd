"""Folders of the format of SigLIP's, CLIP's, Qwen's and Llama's releases, tiny, of random weights; rows."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

TEXTS = [
    "A red circle and a blue square.",
    "What is there? How many are there?",
    "user reply answer note",
] * 20
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
WORDS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
LANGUAGE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 0,
}


def siglip(folder: Path) -> str:
    """Both towers, as Google's releases have them."""
    torch.manual_seed(1)
    words = {**WORDS, "vocab_size": 64, "projection_size": 32, "bos_token_id": 1, "eos_token_id": 2}
    SiglipModel(SiglipConfig(vision_config=TOWER, text_config=words)).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return str(folder)


def clip(folder: Path) -> str:
    torch.manual_seed(2)
    words = {**WORDS, "vocab_size": 64, "bos_token_id": 1, "eos_token_id": 2}
    CLIPModel(CLIPConfig(vision_config=TOWER, text_config=words, projection_dim=32)).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessor(**size).save_pretrained(folder)
    return str(folder)


def bpe() -> PreTrainedTokenizerFast:
    """Byte-level, with the end that Qwen has, which pads too, and no beginning."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=["<|endoftext|>", "<|im_start|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    end = "<|endoftext|>"
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=end)


def language(folder: Path, kind: str = "qwen2", *, tied: bool = True, spare: int = 0) -> str:
    """A language model and its tokenizer; `spare`: rows of its embeddings that no token has, as Qwen's."""
    config, model = {
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM),
        "llama": (LlamaConfig, LlamaForCausalLM),
    }[kind]
    tokenizer = bpe()
    torch.manual_seed(3)
    made = config(vocab_size=len(tokenizer) + spare, tie_word_embeddings=tied, **LANGUAGE)
    model(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def rows(folder: Path, count: int = 12) -> Path:
    """LLaVA JSON of grey images, each with a question and one of two answers."""
    made = []
    for number in range(count):
        assert cv2.imwrite(str(folder / f"{number}.png"), np.full((24, 40, 3), 20 * number, np.uint8))
        answer = "A red circle." if number % 2 else "A blue square."
        said = [("human", "What is there?\n<image>"), ("gpt", answer)]
        turns = [{"from": who, "value": text} for who, text in said]
        made.append({"id": str(number), "image": f"{number}.png", "conversations": turns})
    (folder / "rows.json").write_text(json.dumps(made))
    return folder / "rows.json"
