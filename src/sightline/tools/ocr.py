"""What an OCR engine is to `read_text`: it says what it can do, and makes a process that reads."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sightline.tools.rows import Quad
from sightline.tools.worker import Worker

Read = tuple[str, float, Quad]
"""A text, its score 0..1, and its corners clockwise from the top left, in px of what was read."""


class Engine(Protocol):
    """One OCR engine. Making one loads nothing."""

    name: str

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes, the one that is read without being asked for first."""
        ...

    def version(self) -> str:
        """Of the library, such as `rapidocr 3.4.2`. Raises `WeightsError` where it is not installed."""
        ...

    def files(self) -> list[Path]:
        """The models. Raises `WeightsError` where they are missing."""
        ...

    def worker(self) -> Worker:
        """A new process whose function takes (uint8[H, W, 3] RGB, a language) and returns a list of `Read`.

        Not yet started. Raises `WeightsError` where the models are missing.
        """
        ...
