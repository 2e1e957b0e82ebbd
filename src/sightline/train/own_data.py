"""A user's own rows as the batches of a stage.

    sightline train sft --recipe embedded --data mine.json --images photos

Every row is read once before anything is trained: parsed, its images opened, its tokens counted. What is
wrong with it is counted and named with its file and line, and stops the run or is left out. The rows that are
left stand in `run/<stage>/data`, an index by number. Batch `draw` is then a pure function of (seed, draw):
each row is shown once before any is shown again, in an order that is new each time, so that a run that goes
on from a checkpoint sees what it would have seen.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedConfig

from sightline.errors import ConfigError, ImageError, PathRefused
from sightline.mllm.chat import Dialogue, render, reply_ids
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.checkpoint import checkpoints
from sightline.train.data.bridge import to_dialogue, to_pair
from sightline.train.data.containers import made_whole, save_images
from sightline.train.data.faults import Broken, Fault, Tally
from sightline.train.data.mixing import RowMixture
from sightline.train.data.readers import Format, Source, placed_rows
from sightline.train.data.rows import ImageRef, Row
from sightline.train.data.shapes import to_record, to_row
from sightline.train.loop import Plan, barrier, process_group
from sightline.train.mixtures import DIALOGUES, PAIRS, Mixture
from sightline.train.packing import Packed, pack_episodes
from sightline.train.recipe import TextData
from sightline.train.rollouts import Episode
from sightline.train.stage import Make, text_batches
from sightline.train.worlds.toolbox import Pair

WORLDS = "worlds"
"""The name under which the recipe's own worlds are mixed in."""


@dataclass(frozen=True, kw_only=True)
class OwnData:
    """What a user trains on.

    Args:
        sources: (file or folder, weight) ...; `worlds` stands for the recipe's own. Without weights, each
            has its share by its rows.
        images: the folder that the paths of the rows' images start from; None: that of the file.
        form: of the rows; None finds it out.
        bad: what a row with a fault does: `stop` ends the run at the first, `skip` leaves it out.
        epochs: how often each row is shown.
        samples: rows in a micro-batch of one process; None takes four for each row of the recipe's batches.
    """

    sources: tuple[tuple[str, float | None], ...]
    images: Path | None = None
    form: Format | None = None
    bad: Literal["stop", "skip"] = "stop"
    epochs: float = 1.0
    samples: int | None = None

    def __post_init__(self) -> None:
        weights = [weight for _, weight in self.sources]
        if any(weight is None for weight in weights) and (len(set(weights)) > 1 or self.worlds):
            raise ConfigError("give every source a weight (mine.json=0.8 worlds=0.2), or none")
        if any(weight is not None and not 0 < weight < math.inf for weight in weights):
            raise ConfigError("the weight of a source is a number above 0")
        if not self.paths or self.epochs <= 0 or (self.samples or 1) < 1:
            raise ConfigError("own data are at least one file or folder, of more than 0 epochs and samples")

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders."""
        return tuple(Path(name) for name, _ in self.sources if name != WORLDS)

    @property
    def worlds(self) -> bool:
        """Whether the recipe's worlds are mixed in."""
        return any(name == WORLDS for name, _ in self.sources)

    @property
    def share(self) -> float:
        """Of the worlds among the samples, 0 to 1."""
        total = sum(weight or 1.0 for _, weight in self.sources)
        return sum(weight or 0.0 for name, weight in self.sources if name == WORLDS) / total


def source_of(text: str) -> tuple[str, float | None]:
    """`mine.json=0.8` as ("mine.json", 0.8); what ends in no number has no weight."""
    name, mark, weight = text.rpartition("=")
    try:
        return (name, float(weight)) if mark and not Path(text).exists() else (text, None)
    except ValueError:
        return text, None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A row, where it stands, and the folder of its images' paths."""

    file: str
    line: int
    root: str
    row: Row

    def fault(self, broken: Broken) -> Fault:
        """What is wrong with it, named."""
        return Fault(
            file=self.file, line=self.line, row=self.row.id, kind=broken.kind, message=broken.message
        )

    def to_json(self) -> str:
        """One line; images stay where they are."""
        record = to_record(self.row, "row", lambda ref: {k: v for k, v in asdict(ref).items() if k != "data"})
        place = {"file": self.file, "line": self.line, "root": self.root}
        return json.dumps({**place, "row": record}, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> Placed:
        """What `to_json` wrote."""
        value = json.loads(line)
        record = value.pop("row")
        record["images"] = [ImageRef(**ref) for ref in record["images"]]
        return cls(**value, row=to_row(record, "row", unnamed=""))


class RowIndex(Sequence[Placed]):
    """The rows of a file of `Placed.to_json`, by their number."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._ends = np.cumsum(np.fromiter((len(line) for line in file), np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> Placed:  # type: ignore[override]  # no slices: nobody cuts it
        return Placed.from_json(self.lines(number, number + 1))

    def lines(self, first: int, end: int) -> bytes:
        """What stands in the file of rows `first` up to `end`, which is not among them."""
        start = int(self._ends[first - 1]) if first else 0
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(int(self._ends[end - 1]) - start)


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Rows, dialogues and pairs as what the packer takes.

    Args:
        vocabulary: of the model.
        tokens_per_image: of the model.
        length: tokens of a row of the batch.
        pairs: rows are preferences.
    """

    vocabulary: Vocabulary
    tokens_per_image: int
    length: int
    pairs: bool = False

    def row(self, placed: Placed) -> Episode:
        """A user's row, whole. Raises `Broken` where it cannot be trained on."""
        root = Path(placed.root)
        try:
            made = to_pair(placed.row, root) if self.pairs else to_dialogue(placed.row, root)
        except (ImageError, PathRefused, OSError) as error:
            raise Broken("damaged_image", str(error)) from error
        except ConfigError as error:
            raise Broken("wrong_type", str(error)) from error
        episode = self.episode(made)
        if (longest := max(self.lengths(episode))) > self.length:
            raise Broken("too_long", f"{longest} tokens; a row holds {self.length}")
        return episode

    def world(self, seed: int, number: int, mixture: Mixture) -> Episode:
        """Sample `number` of the recipe's worlds, as many of its questions as fit."""
        makers: Any = PAIRS if self.pairs else DIALOGUES
        names, shares = zip(*mixture, strict=True)
        rng = np.random.default_rng((seed, number, 8))
        for _ in range(1000):
            name = names[int(rng.choice(len(names), p=np.array(shares) / sum(shares)))]
            episode = self.episode(makers[name](rng, "train"))
            fits = [length <= self.length for length in self.lengths(episode)]
            if any(fits):
                return _kept(episode, fits)
        raise ConfigError(f"none of 1000 dialogues fits into a row of {self.length} tokens")

    def episode(self, made: Dialogue | Pair) -> Episode:
        """Ids: of what comes first, of each question, of its reply, or of the chosen and the rejected one."""
        dialogue = made.dialogue if isinstance(made, Pair) else made
        rendered = render(dialogue, self.vocabulary, self.tokens_per_image)
        starts = [loss.index(1) for _, loss in rendered.branches]
        parts = [
            (ids[:start], ids[start:]) for (ids, _), start in zip(rendered.branches, starts, strict=True)
        ]
        replies = [[said] for _, said in parts]
        if isinstance(made, Pair):
            notes = (*dialogue.notes, *dialogue.branches[0].notes)
            replies[0].append(reply_ids(self.vocabulary, made.rejected, notes))
        return Episode(
            prefix=rendered.prefix,
            images=dialogue.images,
            asked=[asked for asked, _ in parts],
            replies=replies,
            rewards=torch.zeros(len(replies), len(replies[0])),
            tasks=tuple(branch.task or "other" for branch in dialogue.branches),
        )

    @staticmethod
    def lengths(episode: Episode) -> list[int]:
        """Tokens of each question, with all before it and its longest reply."""
        asked = zip(episode.asked, episode.replies, strict=True)
        return [len(episode.prefix) + len(ids) + max(map(len, said)) for ids, said in asked]


def _kept(episode: Episode, fits: Sequence[bool]) -> Episode:
    numbers = [number for number, fit in enumerate(fits) if fit]
    return replace(
        episode,
        asked=[episode.asked[n] for n in numbers],
        replies=[episode.replies[n] for n in numbers],
        rewards=episode.rewards[numbers],
        tasks=tuple(episode.tasks[n] for n in numbers),
    )


@dataclass(frozen=True, kw_only=True)
class RowBatches:
    """(seed, draw) -> a batch of `samples` samples, each whole, in as many rows as they need.

    Of all samples, numbered over the draws, the worlds have every so many-th, the rows have the others.
    """

    own: OwnData
    samples: int
    rows: dict[str, RowIndex]
    encoder: Encoder
    side: int
    worlds: Mixture = ()

    def __call__(self, seed: int, draw: int) -> Packed:
        """Batch number `draw`. Raises `DataError` for a row that was whole when it was first read."""
        mixture = self._mixture(seed)
        return self.packed([self._sample(seed, one, mixture) for one in self._numbers(draw)])

    def packed(self, episodes: Sequence[Episode]) -> Packed:
        """Episodes as a batch, their replies in the order in which they stand."""
        return pack_episodes(episodes, self.encoder.vocabulary, length=self.encoder.length, side=self.side)

    def drawn(self, seed: int, draw: int) -> list[tuple[str, int]]:
        """The rows of batch `draw`, where no worlds are mixed in: the source of each and its number there."""
        assert not self.own.worlds
        mixture = self._mixture(seed)
        return [mixture[one] for one in self._numbers(draw)]

    def episode(self, source: str, number: int) -> Episode:
        """A row of a source. Raises `DataError` where it is not whole any more."""
        placed = self.rows[source][number]
        try:
            return self.encoder.row(placed)
        except Broken as broken:
            raise placed.fault(broken).error() from broken

    def _numbers(self, draw: int) -> range:
        return range(draw * self.samples, (draw + 1) * self.samples)

    def _sample(self, seed: int, number: int, mixture: Any) -> Episode:
        before, after = (math.floor(count * self.own.share) for count in (number, number + 1))
        if after > before:
            return self.encoder.world(seed, before, self.worlds)
        return self.episode(*mixture[number - before])

    def _mixture(self, seed: int) -> Any:
        """The source and the number there of each sample's row."""
        numbers: Any = {name: range(len(rows)) for name, rows in self.rows.items()}
        return RowMixture(numbers, self._weights, seed)

    @cached_property
    def _weights(self) -> Any:
        given = [weight for name, weight in self.own.sources if name != WORLDS]
        return "size" if None in given else dict(zip(self.rows, given, strict=True))

    def steps(self, plan: Plan) -> int:
        """Of the optimizer, until each row was shown `own.epochs` times."""
        samples = self.own.epochs * sum(map(len, self.rows.values())) / (1 - self.own.share)
        return math.ceil(samples / (self.samples * plan.accumulate * process_group()[1]))


def own_batches(
    own: OwnData,
    plan: Plan,
    run: Path,
    vocabulary: Vocabulary,
    config: PreTrainedConfig,
    *,
    data: TextData,
    pairs: bool = False,
) -> tuple[Plan, RowBatches]:
    """The stage's plan, as long as the data ask for, and its batches.

    Args:
        own: what is read; its faults are said on stderr and stand in `run/<stage>/data/faults.txt`.
        plan: of the stage; its warm-up keeps its share of the steps.
        run: the run's folder.
        vocabulary: of the model.
        config: of the model.
        data: the recipe's: how long a row is, and its worlds.
        pairs: rows are preferences, each a chosen and a rejected reply.

    Raises:
        DataError: a row with a fault, where that is to stop the run.
        ConfigError: no row is left, or other data than those that the run began with.
    """
    if own.worlds and not data.mixture:
        raise ConfigError("this recipe has no worlds to mix in")
    encoder = Encoder(
        vocabulary=vocabulary, tokens_per_image=config.tokens_per_image, length=data.length, pairs=pairs
    )
    folder = run / plan.name / "data"
    if process_group()[0] == 0:
        _prepare(own, encoder, folder, workers=plan.workers)
    barrier()
    rows = {path.stem: RowIndex(path) for path in sorted(folder.glob("rows-*.jsonl"))}
    side = config.vision_config.image_size
    samples = own.samples or 4 * data.rows
    batches = RowBatches(own=own, samples=samples, rows=rows, encoder=encoder, side=side, worlds=data.mixture)
    steps = batches.steps(plan)
    return replace(plan, steps=steps, warmup=max(1, round(plan.warmup * steps / plan.steps))), batches


def stage_batches(
    own: OwnData | None,
    plan: Plan,
    run: Path,
    vocabulary: Vocabulary,
    config: PreTrainedConfig,
    *,
    data: TextData,
    pairs: bool = False,
) -> tuple[Plan, Make]:
    """As `own_batches` where a user brings data; else the recipe's plan and its worlds."""
    if own is not None:
        return own_batches(own, plan, run, vocabulary, config, data=data, pairs=pairs)
    if not data.mixture:
        raise ConfigError("this recipe trains on data of yours: give it --data")
    return plan, text_batches(data, vocabulary, config, pairs=pairs)


@dataclass(kw_only=True)
class _Ledger(Tally):
    """A tally that writes every fault down, with its file and line."""

    file: TextIO = field(default_factory=lambda: sys.stderr)

    def add(self, fault: Fault) -> None:
        print(fault, file=self.file)
        super().add(fault)


def _prepare(own: OwnData, encoder: Encoder, folder: Path, *, workers: int) -> None:
    """Read all rows once and index those that are whole; what is there already of the same data stays."""
    signed = json.dumps(_signature(own, encoder), indent=1)
    kept = folder / "data.json"
    if kept.is_file() and kept.read_text(encoding="utf-8") == signed:
        return
    if checkpoints(folder.parent):
        raise ConfigError(f"{folder.parent} began with other data: choose another run folder")
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("rows-*.jsonl"):
        stale.unlink()
    with (folder / "faults.txt").open("w", encoding="utf-8") as file:
        ledger = _Ledger(on_fault="skip" if own.bad == "skip" else "raise", file=file)
        for number, path in enumerate(own.paths):
            source = Source(path=path, form=own.form, images=own.images, unique=False)
            if not _index(source, ledger, encoder, folder / f"rows-{number:03d}.jsonl", workers):
                raise ConfigError("\n".join([f"no row of {path} can be trained on", *ledger.lines()]))
    if ledger.faults:
        print("\n".join(ledger.lines()), file=sys.stderr)
    kept.write_text(signed, encoding="utf-8")


def _index(source: Source, ledger: Tally, encoder: Encoder, path: Path, workers: int) -> int:
    """Write the whole rows of a source. Returns how many there are."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        for placed in _placed(source, ledger, path.parent / "images"):
            print(placed.to_json(), file=file)
    count, rows = 0, RowIndex(draft)
    found = DataLoader(_Faults(rows, encoder), batch_size=None, num_workers=workers)
    with (
        made_whole(path) as part,
        part.open("w", encoding="utf-8") as file,
        draft.open(encoding="utf-8") as lines,
    ):
        for fault, line in zip(found, lines, strict=True):
            if fault is not None:
                ledger.add(fault)
            else:
                count += 1
                file.write(line)
    draft.unlink()
    return count


def _placed(source: Source, ledger: Tally, saved: Path) -> Iterator[Placed]:
    """Rows with their places; images that stand in the rows themselves are written to `saved`."""
    root = source.root
    for file, line, row in placed_rows(source, ledger):
        inside = any(ref.data is not None for ref in row.images)
        held = replace(row, images=tuple(save_images(row.images, root, saved))) if inside else row
        yield Placed(file=file, line=line, root=str((saved if inside else root).resolve()), row=held)


class _Faults(Dataset["Fault | None"]):
    """What is wrong with each row; None where nothing is."""

    def __init__(self, rows: RowIndex, encoder: Encoder) -> None:
        self.rows, self.encoder = rows, encoder

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Fault | None:
        placed = self.rows[number]
        try:
            self.encoder.row(placed)
        except Broken as broken:
            return placed.fault(broken)
        return None


def _signature(own: OwnData, encoder: Encoder) -> dict[str, Any]:
    """What the index follows from."""
    files = [file for path in own.paths for file in Source(path=path, form=own.form).files or (path,)]
    stats = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return {
        "files": stats,
        "images": str(own.images),
        "form": own.form,
        "bad": own.bad,
        "pairs": encoder.pairs,
        "length": encoder.length,
        "tokens_per_image": encoder.tokens_per_image,
        "tokens": encoder.vocabulary.size,
    }
