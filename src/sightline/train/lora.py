"""LoRA on the language model, by PEFT: a stage trains small matrices beside frozen ones, then adds them in.

    sightline train sft --recipe llava --data mine.json --lora 16

Source: LoRA (Hu et al. 2021) on all linear layers of the language model, its head left out, and the projector
trained whole, as LLaVA-1.5's LoRA recipe does. With `quantize` the frozen weights are held in 4 bits (QLoRA,
Dettmers et al. 2023) while the adapter trains. The adapter is kept in PEFT's own format in
`run/<stage>/adapter`; the stage's model is the one before it with the adapter added in, in full precision.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from sightline.errors import ConfigError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.train.plan import Plan

if TYPE_CHECKING:
    from peft import PeftModel

REPACKS = "support_avx512bf16_for_cpu"
"""Of bitsandbytes' 4-bit layers: they may change their layout on a CPU to one for inference alone."""

TRAINS = (("lora_", 1.0), (r"^projector\.modules_to_save", 1.0))


@dataclass(frozen=True, kw_only=True)
class Lora:
    """How large the adapter is.

    Args:
        rank: of each pair of matrices.
        alpha: the pair's product is scaled by alpha / rank; None takes twice the rank, as LLaVA does.
        dropout: of what goes into the pair.
        quantize: hold the frozen weights in 4 bits: needs the extra `qlora`.
    """

    rank: int = 16
    alpha: int | None = None
    dropout: float = 0.0
    quantize: bool = False

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ConfigError(f"a rank is at least 1, not {self.rank}")

    def plan(self, plan: Plan) -> Plan:
        """The stage's plan with the adapter and the projector alone to train."""
        return replace(plan, trains=TRAINS)


def add_lora(model: SightlineForConditionalGeneration, lora: Lora) -> PeftModel:
    """Put an adapter into `model`, in place. Returns PEFT's wrapper, which saves it and adds it in.

    Raises `ConfigError` where PEFT is not installed.
    """
    _need("peft", "lora")
    from peft import LoraConfig, get_peft_model

    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or 2 * lora.rank,
        lora_dropout=lora.dropout,
        target_modules=[n for n in names if n.startswith("language_model.") and "lm_head" not in n],
        modules_to_save=["projector"],
    )
    # Else a forward pass in evaluation repacks the 4 bits, and there are no gradients from then on.
    for module in model.modules():
        if hasattr(module, REPACKS):
            setattr(module, REPACKS, False)
    with old_names():  # In the model's precision: the loop holds masters in float32.
        return get_peft_model(model, config, autocast_adapter_dtype=False)


def merge(model: SightlineForConditionalGeneration, adapter: Path) -> SightlineForConditionalGeneration:
    """`model`, in place, with the adapter of a folder added to its weights."""
    from peft import PeftModel

    with old_names():
        wrapped: Any = PeftModel.from_pretrained(model, str(adapter), autocast_adapter_dtype=False)
    merged: SightlineForConditionalGeneration = wrapped.merge_and_unload()
    return merged.requires_grad_(False)


def four_bit(device: torch.device) -> dict[str, Any]:
    """Settings of `from_pretrained` that hold the language model's weights in 4 bits, its head left out.

    Raises `ConfigError` without bitsandbytes.
    """
    _need("bitsandbytes", "qlora")
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=["vision_tower", "projector", "lm_head"],
    )
    return {"quantization_config": config, "device_map": {"": device}}


@contextmanager
def old_names() -> Iterator[None]:
    """PEFT asks a model for an attribute that transformers has renamed, and is warned each time."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def _need(package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise ConfigError(f"{package} is not installed: pip install 'sightline[{extra}]'")
