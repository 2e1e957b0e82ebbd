"""Speakers for `caption` and `ask` (see `tools.caption`): our own model, and any of transformers.

A `ModelSpeaker` asks the embedded model alone, without tools. It is honest about it: measured, that
model sees hardly anything by itself (docs/training.md). A `TransformersSpeaker` loads any
image-text-to-text model from a local folder, in a process that can be killed.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sightline.agent.planners import CANNOT_TELL
from sightline.agent.questions import clean_question
from sightline.errors import QuestionError, WeightsError
from sightline.images import Pixels
from sightline.mllm.weights import EMBEDDED, check_weights
from sightline.tools.caption import Spoken
from sightline.tools.clock import clock
from sightline.tools.read_text import clean
from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout

if TYPE_CHECKING:
    from sightline.mllm.reasoner import Reasoner

DESCRIBE = "Describe the image."
"""What a model is asked where nobody asks anything else."""


class ModelSpeaker:
    """Our model, asked alone."""

    def __init__(self, reasoner: Callable[[], Reasoner], *, folder: Path | None = None) -> None:
        """Nothing is loaded.

        Args:
            reasoner: gives the model when it is first needed, such as `Reasoner.load`.
            folder: where its weights lie; None: nobody knows before it is loaded.
        """
        self._make, self._folder = reasoner, folder
        self._one_at_a_time = Lock()

    @cached_property
    def _reasoner(self) -> Reasoner:
        return self._make()

    @property
    def version(self) -> str:
        """Of this package."""
        return f"sightline {version('sightline')}"

    @property
    def weights(self) -> str:
        """Of the model; empty where it cannot be loaded."""
        try:
            return check_weights(self._folder) if self._folder else self._reasoner.weights[:16]
        except WeightsError:
            return ""

    def covers(self) -> str:
        """What it can be trusted with."""
        return "the model of this package without tools, which alone sees hardly more than chance"

    def __call__(self, pixels: Pixels, question: str | None) -> Spoken:
        """Its one reply, with its probability; empty where it cannot tell. Calls wait for one another."""
        time_of_call = clock()
        with time_of_call.paused():
            waiting = max(time_of_call.until - time.monotonic(), 0)
            if not self._one_at_a_time.acquire(timeout=waiting):
                raise WorkerTimeout("busy with other calls")
        deadline = time.monotonic() + time_of_call.left()
        try:
            asked = clean_question(question or DESCRIBE)
            said = self._reasoner.reply(
                images=[pixels], tools=(), notes=(), question=asked, must_answer=True, deadline=deadline
            )
        except (QuestionError, ValueError) as error:  # longer than its context
            raise WorkerFailed(str(error)) from error
        finally:
            self._one_at_a_time.release()
        if said.reply.answer == CANNOT_TELL and time.monotonic() >= deadline:
            raise WorkerTimeout("the model did not end its reply in time")
        text = clean(said.reply.answer or "")
        return ("", None) if text == CANNOT_TELL else (text, min(max(said.confidence, 0.0), 1.0))

    def warm(self) -> None:
        """Load it. Raises `WeightsError`."""
        _ = self._reasoner

    def close(self) -> None:
        """The model is freed with this object."""


def embedded_speaker() -> ModelSpeaker:
    """The model of this package, loaded at the first question."""

    def load() -> Reasoner:
        from sightline.mllm.reasoner import Reasoner

        return Reasoner.load()

    return ModelSpeaker(load, folder=EMBEDDED)


class TransformersSpeaker:
    """Any image-text-to-text model of transformers in a local folder (safetensors), in its own process."""

    def __init__(self, folder: Path, *, max_tokens: int = 128, memory_limit_mb: int | None = None) -> None:
        """Nothing is loaded.

        Args:
            folder: with the model's config, weights and processor, as `save_pretrained` writes them.
            max_tokens: of a reply.
            memory_limit_mb: of its process; see `Worker`.
        """
        self._folder = folder
        self._worker = Worker(
            "sightline.agent.captioning:load_transformers",
            str(folder),
            max_tokens,
            memory_limit_mb=memory_limit_mb,
        )

    @cached_property
    def version(self) -> str:
        """Of the library."""
        return f"transformers {version('transformers')}"

    @cached_property
    def weights(self) -> str:
        """sha256 over the folder's safetensors, first 16 hex digits; empty where there are none."""
        digest, files = hashlib.sha256(), sorted(self._folder.glob("*.safetensors"))
        for path in files:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()[:16] if files else ""

    def covers(self) -> str:
        """Which model it is. Raises `WeightsError` where the folder holds none, or no safetensors."""
        try:
            kind = json.loads((self._folder / "config.json").read_text())["model_type"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"no model of transformers in {self._folder.name}") from error
        if not self.weights:
            raise WeightsError(f"no safetensors in {self._folder.name}")
        return f"{self._folder.name}, a model of the kind {kind}; what it says is its own claim"

    def __call__(self, pixels: Pixels, question: str | None) -> Spoken:
        """Its greedy reply, with the probability of its average token."""
        text, confidence = self._worker.call(pixels, question or DESCRIBE)
        return clean(text), confidence

    def warm(self) -> None:
        """Start the process. Raises `WeightsError` where the model cannot be loaded."""
        self.covers()
        try:
            self._worker.warm()
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(f"{self._folder.name}: {error}") from error

    def close(self) -> None:
        """Kill the process; a later call starts another."""
        self._worker.close()


def load_transformers(folder: str, max_tokens: int) -> Callable[[Pixels, str], tuple[str, float]]:
    """The worker's side: loads the model; takes pixels and a question and returns a reply."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.disable_progress_bar()
    processor: Any = AutoProcessor.from_pretrained(folder, local_files_only=True)
    model: Any = AutoModelForImageTextToText.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype="auto"
    )
    model.train(False)

    def reply(pixels: Pixels, question: str) -> tuple[str, float]:
        inputs = _inputs(processor, pixels, question).to(model.device, dtype=model.dtype)
        with torch.inference_mode():
            out = model.generate(
                **inputs,
                max_new_tokens=max_tokens,
                do_sample=False,
                output_scores=True,
                return_dict_in_generate=True,
            )
        new = out.sequences[:, -len(out.scores) :]
        scores = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)[0]
        text = processor.batch_decode(new, skip_special_tokens=True)[0]
        return text, math.exp(float(scores.float().mean()))

    return reply


def _inputs(processor: Any, pixels: Pixels, question: str) -> Any:
    """One turn with one picture, by the chat template, or, where there is none, picture then question."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if getattr(processor, "chat_template", None):
        content = [{"type": "image", "image": image}, {"type": "text", "text": question}]
        return processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
    mark = getattr(processor, "image_token", "")
    return processor(images=[image], text=f"{mark}{question}", return_tensors="pt")
