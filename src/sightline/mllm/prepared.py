"""The planner's language model, made ready once: pretrained weights and our adapter merged, in 4 bits.

The pretrained weights are fetched (`sightline.weights`), the adapter ships with the package. What is made of
them lies in `models/` beside the fetched weights, under a name that tells both and how it was made. Making it
takes a minute, torch and transformers; using it needs neither.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sightline import weights
from sightline.mllm.weights import MANIFEST, check_weights, sha256
from sightline.weights import prepared

ENTRY, FILE = "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"

ADAPTER = Path(__file__).parent / "weights" / "planner"
"""What was trained here."""

FORMAT = "int4-2"
"""How it is made; another name where that changes, so that what lies there from before is not taken."""

BUILDER = ("-p", "int4", "-e", "cpu", "--extra_options", "int4_accuracy_level=4", "prune_lm_head=true")
"""Of onnxruntime-genai's builder: 4-bit weights in blocks of 32, products in 8 bits, logits of the last token
alone, which is a fifth to a third of the time that a prompt takes."""

WHAT = "the planner's language model"


def prepared_folder() -> Path:
    """Where the prepared model lies, whether or not it is there."""
    adapter = sha256(ADAPTER / "adapter_model.safetensors")
    pinned = next(e for e in weights.entries() if e.name == ENTRY).file(FILE).sha256
    return prepared.folder_of("planner", pinned, adapter, FORMAT)


def is_prepared() -> bool:
    """Whether it is there, whole."""
    return prepared.is_made(prepared_folder())


def can_prepare() -> bool:
    """Whether all that it is made of is here; fetches nothing."""
    return (ADAPTER / MANIFEST).is_file() and weights.available(ENTRY)


def prepare() -> Path:
    """The folder of the prepared model, made where it is not there. One process makes it, others wait.

    Raises `WeightsError` where weights cannot be fetched, or the making fails.
    """
    return prepared.made(
        prepared_folder(), _make, what=WHAT, takes="about a minute", about={"of": ENTRY, "format": FORMAT}
    )


def _make(to: Path) -> None:
    from sightline.mllm.gguf_folder import write_folder

    check_weights(ADAPTER)
    merged = to.parent / "merged"
    write_folder(weights.path(ENTRY, FILE), merged, ADAPTER)
    build(merged, to, to.parent / "cache")


def build(model: Path, to: Path, cache: Path) -> None:
    """Make of a folder of transformers one of onnxruntime-genai, in a process of its own.

    Raises `WeightsError`.
    """
    places = ("-m", str(model), "-o", str(to), "-c", str(cache))
    prepared.run_module("onnxruntime_genai.models.builder", *places, *BUILDER, what=WHAT)
    shutil.copyfile(model / "tokenizer.json", to / "tokenizer.json")
