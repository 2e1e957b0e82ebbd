"""Checkpoints that are whole or absent: written beside, made durable, then renamed into place."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import torch

from sightline.errors import SightlineError

STATE = "state.pt"


def save_checkpoint(folder: Path, step: int, state: dict[str, Any], *, keep: int = 2) -> Path:
    """Write `folder/step-00000123` atomically and drop all but the last `keep`.

    A full disk or a kill on the way leaves the earlier checkpoints as they were.

    Raises:
        SightlineError: it could not be written; what there is of it is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target, draft = folder / f"step-{step:08d}", folder / f".draft-{step:08d}"
    for left in folder.glob(".draft-*"):  # by a kill
        shutil.rmtree(left)
    draft.mkdir()
    try:
        _write(draft / STATE, state)
    except (OSError, RuntimeError) as error:  # torch's writer turns the first into the second
        shutil.rmtree(draft)
        reason = error.__context__ if isinstance(error.__context__, OSError) else error
        raise SightlineError(f"cannot write the checkpoint {target}: {reason}") from error
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)
    _sync(folder)
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def _write(path: Path, state: dict[str, Any]) -> None:
    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checkpoints(folder: Path) -> list[Path]:
    """The whole checkpoints in `folder`, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / STATE).is_file())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state that `save_checkpoint` wrote: tensors and plain values alone, no code is run.

    Raises:
        SightlineError: the file is not such a state.
    """
    try:
        state: dict[str, Any] = torch.load(path / STATE, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise SightlineError(f"cannot read the checkpoint {path}: {error}") from error
    return state
