"""One model out of two pretrained ones: any vision encoder and causal language model of transformers.

    model, vocabulary = join_backbones("siglip-so400m-patch14-384", "Qwen2.5-1.5B-Instruct")
    set_resolution(model, 448)

Both are folders as `save_pretrained` writes them (safetensors), or names on the hub. The connector between
them is new; the tokenizer is the language model's own, with the tokens of our dialect added to it. The image
is padded to a square and resized by us; mean and deviation are the encoder's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
)

from sightline.errors import ConfigError, WeightsError
from sightline.mllm.config import ConnectorName, SightlineConfig
from sightline.mllm.connectors import MLPProjector, make_connector
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, adopt_tokenizer
from sightline.mllm.vision import set_side


def join_backbones(
    vision: str,
    language: str,
    *,
    select_layer: int | None = -2,
    connector: ConnectorName = "mlp",
    queries: int = 256,
    dtype: torch.dtype = torch.bfloat16,
    seed: int = 0,
) -> tuple[SightlineForConditionalGeneration, Vocabulary]:
    """The model, its backbones' weights as they were, and its vocabulary.

    Args:
        vision: a folder or name of an encoder, alone or as a part of SigLIP or CLIP.
        language: a folder or name of a causal language model.
        select_layer: see `SightlineConfig`; -2 is LLaVA's choice.
        connector: likewise.
        queries: likewise.
        dtype: of all weights.
        seed: of the connector.

    Raises:
        ConfigError: parts that do not fit into the slots; the message says what and why.
        WeightsError: nothing usable in a folder, or weights are missing in it.
    """
    if connector == "qformer":
        raise ConfigError("a Q-Former is trained before it connects: see the stages blip2 and blip2-llm")
    tower, processor = load_tower(vision, dtype)
    model, tokenizer = load_language(language, dtype)
    first_new = len(tokenizer)
    vocabulary = Vocabulary(adopt_tokenizer(tokenizer))
    add_tokens(model, vocabulary, first_new)
    config = _config(tower, processor, model.config, vocabulary, select_layer)
    config.connector, config.queries = connector, queries
    with torch.device("meta"):  # only the connector is new
        joined = SightlineForConditionalGeneration(config)
    torch.manual_seed(seed)
    joined.vision_tower, joined.language_model = tower, model
    joined.projector = make_connector(config).to(dtype)
    joined.train(False)
    return joined, vocabulary


def set_resolution(model: SightlineForConditionalGeneration, side: int) -> None:
    """Let a model see images of `side` px from now on, in place; its config and tokens an image follow.

    Raises `ConfigError` as `vision.set_side` does.
    """
    config = model.config
    if side == config.vision_config.image_size:
        return
    config.grid = set_side(model.vision_tower, side)
    config.vision_config.image_size = side
    if isinstance(model.projector, MLPProjector):
        model.projector.set_grid(config.grid)


def load_tower(folder: str, dtype: torch.dtype) -> tuple[PreTrainedModel, Any]:
    """The encoder of a folder and its image processor. Raises as `join_backbones` does."""
    whole = _read(AutoConfig, folder)
    config = getattr(whole, "vision_config", whole)
    if type(config) not in AutoModel._model_mapping or not hasattr(config, "patch_size"):
        raise ConfigError(f"{folder}: {config.model_type} is no vision encoder that cuts images into patches")
    if not isinstance(getattr(config, "image_size", None), int):
        raise ConfigError(f"{folder}: {config.model_type} has no image_size of one number")
    if hasattr(config, "vision_use_head"):  # SigLIP's pooling, which nothing here reads
        config.vision_use_head = False
    kind = AutoModel._model_mapping[type(config)]
    return _weights(kind, folder, config=config, dtype=dtype), _read(AutoImageProcessor, folder)


def load_language(folder: str, dtype: torch.dtype) -> tuple[PreTrainedModel, Any]:
    """The language model of a folder and its tokenizer. Raises as `join_backbones` does."""
    config = _read(AutoConfig, folder)
    if others := {*(getattr(config, "layer_types", None) or ())} - {"full_attention"}:
        raise ConfigError(f"{folder}: packed rows do not keep to layers of {', '.join(sorted(others))}")
    model = _weights(AutoModelForCausalLM, folder, dtype=dtype)
    return model, _read(AutoTokenizer, folder)


@torch.no_grad()
def add_tokens(model: PreTrainedModel, vocabulary: Vocabulary, first_new: int) -> None:
    """Rows for the tokens of the dialect: each starts as the mean of those of its own name's words.

    Args:
        model: a language model; its tables grow where they are too short.
        vocabulary: of its tokenizer and the dialect.
        first_new: the tokens from here on are the dialect's.

    `<user>` starts as "user", `<07>` as "0" and "7": a model that is frozen reads them so.
    """
    if vocabulary.size > model.config.vocab_size:
        model.resize_token_embeddings(vocabulary.size, mean_resizing=False)
    parts: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
    tables: dict[int, Tensor] = {id(part.weight): part.weight for part in parts}  # one where they are tied
    for index, name in vocabulary.shown.items():
        if index >= first_new:
            words = vocabulary.text(name.strip("<>"))
            for table in tables.values():
                table[index] = table[words].float().mean(0).to(table.dtype)


def _config(
    tower: PreTrainedModel, processor: Any, text: PreTrainedConfig, vocabulary: Vocabulary, layer: int | None
) -> SightlineConfig:
    side, marks = tower.config.image_size, vocabulary.marks
    grid = side // tower.config.patch_size
    with torch.no_grad():
        blank = torch.zeros(1, 3, side, side, dtype=tower.dtype)
        seen = tower(pixel_values=blank, output_hidden_states=True)
    if layer is not None and not -len(seen.hidden_states) <= layer < len(seen.hidden_states):
        raise ConfigError(f"no layer {layer} of {len(seen.hidden_states) - 1}")
    leading = seen.last_hidden_state.shape[1] - grid * grid
    if leading < 0:
        raise ConfigError(f"{tower.config.model_type} gives fewer tokens than {grid} x {grid} patches")
    return SightlineConfig(
        vision_config=tower.config,
        text_config=text,
        image_token_id=marks["image"],
        grid=grid,
        places=False,
        select_layer=layer,
        leading=leading,
        image_mean=processor.image_mean,
        image_std=processor.image_std,
        pad_token_id=marks["pad"],
        bos_token_id=marks["bos"],
        eos_token_id=marks["eos"],
    )


def _read(kind: Any, folder: str) -> Any:
    if folder.startswith(("/", ".", "~")) and not Path(folder).is_dir():  # no name of the hub begins so
        raise WeightsError(f"no such folder: {folder}")
    try:
        return kind.from_pretrained(folder, local_files_only=Path(folder).is_dir())
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{folder}: {_line(error)}") from error


def _weights(kind: Any, folder: str, **settings: Any) -> PreTrainedModel:
    """A model all of whose weights stand in the folder."""
    try:
        model, found = kind.from_pretrained(
            folder,
            local_files_only=Path(folder).is_dir(),
            use_safetensors=True,
            output_loading_info=True,
            **settings,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder}: {_line(error)}") from error
    if missing := sorted(found["missing_keys"]) + sorted(map(str, found["mismatched_keys"])):
        raise WeightsError(f"{folder} lacks {len(missing)} weights, the first of them {missing[0]}")
    loaded: PreTrainedModel = model
    return loaded


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
