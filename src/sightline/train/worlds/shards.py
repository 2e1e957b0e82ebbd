"""Worlds on disk: samples written as shards, the same bytes from any number of processes.

A shard is a WebDataset tar of rows (`data.rows`): a sample's images as PNG and its questions and answers as
turns. Sample i of a world is drawn from the generator of (seed, i), whichever process draws it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.train.data.readers import write_rows
from sightline.train.data.rows import ImageRef, Row, Turn, with_marks
from sightline.train.worlds.catalogue import WORLDS
from sightline.train.worlds.sample import Sample
from sightline.train.worlds.scenes import Split


def draw(world: str, seed: int, index: int, split: Split = "train") -> Sample:
    """Sample `index` of a world's endless sequence for a seed."""
    return WORLDS[world](np.random.default_rng((seed, index)), split)


def write_shards(
    worlds: Sequence[str],
    to: Path,
    *,
    samples: int,
    per_shard: int = 1000,
    seed: int = 0,
    split: Split = "train",
    workers: int = 1,
) -> list[Path]:
    """Write `samples` samples of each world to `to/<world>-00000.tar` and so on. Returns the files."""
    to.mkdir(parents=True, exist_ok=True)
    spans = [(start, min(start + per_shard, samples)) for start in range(0, samples, per_shard)]
    jobs = [
        (world, to / f"{world}-{number:05d}.tar", span)
        for world in worlds
        for number, span in enumerate(spans)
    ]
    write = partial(_write_shard, seed, split)
    if workers <= 1:
        return [write(*job) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(write, *zip(*jobs, strict=True)))


def _write_shard(seed: int, split: Split, world: str, path: Path, span: tuple[int, int]) -> Path:
    draft = path.with_name(f".{path.name}")
    write_rows(_rows(world, seed, split, span), draft, "row", images=path.parent, embed=True)
    draft.replace(path)
    return path


def _rows(world: str, seed: int, split: Split, span: tuple[int, int]) -> Iterator[Row]:
    for index in range(*span):
        yield row_of(draw(world, seed, index, split), f"{world}-{seed}-{index}")


def row_of(sample: Sample, name: str) -> Row:
    """A sample as a conversation: its images at the head of the first turn."""
    turns = [
        turn
        for asked in sample.asked
        for turn in (Turn(role="user", text=asked.question), Turn(role="assistant", text=asked.answer))
    ]
    images = tuple(ImageRef(data=_png(image)) for image in sample.images)
    return Row(id=name, images=images, turns=with_marks(tuple(turns), len(images)))


def _png(image: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
