"""The planner's language model, made ready once: pretrained weights and our adapter merged, in 4 bits.

The pretrained weights are fetched (`sightline.weights`), the adapter ships with the package. What is made of
them lies in `models/` beside the fetched weights, under a name that tells both and how it was made. Making it
takes a minute, torch and transformers; using it needs neither.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sightline import weights
from sightline.errors import WeightsError
from sightline.mllm.gguf_folder import write_folder
from sightline.mllm.weights import MANIFEST, check_weights, sha256, write_manifest

ENTRY, FILE = "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"

ADAPTER = Path(__file__).parent / "weights" / "planner"
"""What was trained here."""

FORMAT = "int4-1"
"""How it is made; another name where that changes, so that what lies there from before is not taken."""

BUILDER = ("-p", "int4", "-e", "cpu", "--extra_options", "int4_accuracy_level=4")
"""Of onnxruntime-genai's builder: 4-bit weights in blocks of 32, products in 8 bits."""

LONGEST_S = 900


def prepared_folder() -> Path:
    """Where the prepared model lies, whether or not it is there."""
    adapter = sha256(ADAPTER / "adapter_model.safetensors")
    pinned = next(e for e in weights.entries() if e.name == ENTRY).file(FILE).sha256
    key = hashlib.sha256(f"{pinned} {adapter} {FORMAT}".encode()).hexdigest()[:16]
    return weights.home() / "models" / f"planner-{key}"


def is_prepared() -> bool:
    """Whether it is there; its last file is the manifest."""
    return (prepared_folder() / MANIFEST).is_file()


def prepare() -> Path:
    """The folder of the prepared model, made where it is not there. One process makes it, others wait.

    Raises `WeightsError` where weights cannot be fetched, or the making fails.
    """
    folder = prepared_folder()
    if is_prepared():
        return folder
    from filelock import FileLock

    check_weights(ADAPTER)
    gguf = weights.path(ENTRY, FILE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not is_prepared():
            _make(gguf, folder)
    return folder


def _make(gguf: Path, folder: Path) -> None:
    """All of it or nothing: it is made beside its place and moved there."""
    print("sightline: preparing the planner's language model (once, about a minute) ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        merged, built = Path(made) / "merged", Path(made) / "built"
        write_folder(gguf, merged, ADAPTER)
        build(merged, built, Path(made) / "cache")
        write_manifest(built, {"of": ENTRY, "format": FORMAT})
        shutil.rmtree(folder, ignore_errors=True)
        built.rename(folder)


def build(model: Path, to: Path, cache: Path) -> None:
    """Make of a folder of transformers one of onnxruntime-genai, in a process of its own.

    Raises `WeightsError`.
    """
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", str(model), "-o", str(to)]
    done = subprocess.run(
        [*command, "-c", str(cache), *BUILDER], capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise WeightsError(f"the planner's language model could not be prepared: {last[0][:300]}")
    shutil.copyfile(model / "tokenizer.json", to / "tokenizer.json")
