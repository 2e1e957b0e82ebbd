"""What DPO's reference holds of a user's pairs: computed once before the first step, and kept beside the run.

A row says the same to the reference each time it is shown. So the model, before it learns, goes once over all
rows and leaves the log-probability of every token of every reply in `run/dpo/reference`, a file for each
`PART` rows; no second model is held while it trains. A file is made whole or not at all, and made anew where
the model or the rows in it are others: what was cut off goes on where it was. Several processes share the
files out. Of each row a digest of its tokens and pixels is kept too, and compared when it is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sightline.errors import DataError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.train.data.containers import made_whole
from sightline.train.losses import reply_tokens
from sightline.train.own_data import OwnData, RowBatches
from sightline.train.packing import Packed
from sightline.train.parallel import barrier, process_group, to_device
from sightline.train.rollouts import Episode

PART = 256
"""Rows of a file."""


@dataclass(frozen=True, kw_only=True)
class WithReference:
    """A batch, and what the reference holds of each token of its replies in turn: float32[N], nats."""

    packed: Packed
    reference: Tensor


@dataclass(frozen=True, kw_only=True)
class ReferenceBatches:
    """(seed, draw) -> a batch of rows with what `keep_reference` has left of them in `folder`."""

    batches: RowBatches
    folder: Path

    def __call__(self, seed: int, draw: int) -> WithReference:
        """Batch number `draw`. Raises `DataError` for a row that is not what the reference read."""
        rows = self.batches.drawn(seed, draw)
        episodes = [self.batches.episode(*row) for row in rows]
        kept = [self._kept(*row, episode) for row, episode in zip(rows, episodes, strict=True)]
        return WithReference(packed=self.batches.packed(episodes), reference=torch.cat(kept))

    def _kept(self, source: str, number: int, episode: Episode) -> Tensor:
        """Of the tokens of a row's replies, float32[N]."""
        part, place = divmod(number, PART)
        with safe_open(_path(self.folder, source, part), framework="pt") as file:
            if int(file.get_slice("digests")[place]) != digest(episode):
                placed = self.batches.rows[source][number]
                why = f"row {placed.row.id}: not what the reference read; begin anew without {self.folder}"
                raise DataError(why, file=placed.file, line=placed.line)
            start, end = file.get_slice("bounds")[place : place + 2].tolist()
            kept: Tensor = file.get_slice("logprobs")[start:end]
            return kept


def shown_whole(own: OwnData) -> bool:
    """Whether every row is shown and nothing else, so that going over all of them first is no waste."""
    return own.epochs >= 1 and not own.worlds


def keep_reference(
    batches: RowBatches, model: SightlineForConditionalGeneration, folder: Path, *, key: str, workers: int = 0
) -> ReferenceBatches:
    """Have `model` read all rows that it has not read yet, as many at a time as `batches` holds.

    Args:
        batches: of the user's rows alone.
        model: the reference.
        folder: of the files; those of no row any more are removed.
        key: the model's own: with another, all is read anew.
        workers: processes that open images.
    """
    rank, world = process_group()
    parts = {
        _path(folder, source, part): _Part(batches, source, part, key)
        for source, rows in batches.rows.items()
        for part in range(-(-len(rows) // PART))
    }
    if rank == 0:
        for stale in set(folder.glob("*.safetensors")) - set(parts):
            stale.unlink()
    mine = [(path, part) for path, part in list(parts.items())[rank::world] if not part.stands(path)]
    console = Console(stderr=True)
    for path, part in track(mine, "reference", console=console, disable=rank > 0 or not mine):
        tensors = part.read(model, workers)
        with made_whole(path) as draft:
            save_file(tensors, draft, metadata={"key": part.key})
    barrier()
    return ReferenceBatches(batches=batches, folder=folder)


def digest(episode: Episode) -> int:
    """Of all that the model is shown of a row: its tokens and the pixels of its images; int64."""
    found = hashlib.blake2b(digest_size=8)
    for piece in _pieces(episode):
        found.update(np.array(piece.shape, np.int64).tobytes() + piece.tobytes())
    return int.from_bytes(found.digest(), "little", signed=True)


def _pieces(episode: Episode) -> Iterator[np.ndarray]:
    said = [ids for group in episode.replies for ids in group]
    yield from (np.array(ids, np.int64) for ids in (episode.prefix, *episode.asked, *said))
    yield from (np.asarray(image) for image in episode.images)


def _path(folder: Path, source: str, part: int) -> Path:
    return folder / f"{source}-{part:05d}.safetensors"


@dataclass(frozen=True)
class _Chunk:
    """Rows for one pass: how many tokens their replies have and their digests, int64[R]."""

    packed: Packed
    tokens: Tensor
    digests: Tensor


class _Part(Dataset[_Chunk]):
    """The rows of a file, as many in a chunk as a batch holds."""

    def __init__(self, batches: RowBatches, source: str, part: int, model: str) -> None:
        rows = batches.rows[source]
        self.batches, self.source = batches, source
        self.numbers = range(part * PART, min((part + 1) * PART, len(rows)))
        lines = rows.lines(self.numbers.start, self.numbers.stop)
        self.key = hashlib.sha256(model.encode() + b"\n" + lines).hexdigest()

    def stands(self, path: Path) -> bool:
        """Whether the file is there, of this model and these rows."""
        try:
            with safe_open(path, framework="pt") as file:
                return bool((file.metadata() or {}).get("key") == self.key)
        except (FileNotFoundError, SafetensorError):
            return False

    def __len__(self) -> int:
        return -(-len(self.numbers) // self.batches.samples)

    def __getitem__(self, index: int) -> _Chunk:
        size = self.batches.samples
        numbers = self.numbers[index * size : (index + 1) * size]
        episodes = [self.batches.episode(self.source, number) for number in numbers]
        tokens = [sum(len(ids) for group in one.replies for ids in group) for one in episodes]
        return _Chunk(
            self.batches.packed(episodes),
            torch.tensor(tokens),
            torch.tensor([digest(one) for one in episodes]),
        )

    @torch.no_grad()
    def read(self, model: SightlineForConditionalGeneration, workers: int) -> dict[str, Tensor]:
        """`logprobs` float32[N] of all rows, `bounds` int64[R + 1] of each among them, `digests` int64[R]."""
        model.train(False)
        chunks = DataLoader(self, batch_size=None, num_workers=workers)
        logprobs, tokens, digests = [], [torch.zeros(1, dtype=torch.int64)], []
        for chunk in chunks:
            logprobs.append(reply_tokens(model, to_device(chunk.packed, model.device)).logprobs.cpu())
            tokens.append(chunk.tokens)
            digests.append(chunk.digests)
        bounds = torch.cat(tokens).cumsum(0)
        return {"logprobs": torch.cat(logprobs), "bounds": bounds, "digests": torch.cat(digests)}
