"""Suites: the questions of an evaluation, and how their answers are scored.

    load_suite("world:scenes?n=200")                 made by a world of ours, see `world_suites`
    load_suite("../data/chartqa_train1k")            a folder with data.jsonl
    load_suite("rows.jsonl?metric=anls&split=val")   a file; what is no setting keeps the rows that have it

A row has `id`, `question`, `answer` or `answers`, and `image` or `images` (paths beside the file). It may
have `choices`, `family` (or `type`), `group` (rows that count together), `examples` (rows with answers, shown
before), `gold` (what its metric needs besides) and `state` (whose `boxes` an oracle detector reads).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from sightline.errors import ConfigError, DataError
from sightline.train.evaluation.choices import rotations
from sightline.train.evaluation.journal import Row, settings_hash
from sightline.train.evaluation.metrics import METRICS

Image: TypeAlias = Path | bytes
"""A file, or the bytes of one."""

FORMATS = {
    "open": "",
    "word": "Answer the question using a single word or phrase.",
    "letter": "Answer with the option's letter from the given choices directly.",
    "yes_no": "Please answer yes or no.",
    "box": "Answer with the box as [x1, y1, x2, y2] in pixels.",
    "sentence": "Describe the image in one sentence.",
}
"""What is said after each question about the form of its answer. Source of the first ones: LLaVA-1.5, MME."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An example that is given with a question: images, what was asked of them, and its right answer."""

    images: tuple[Image, ...]
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question.

    Args:
        id: unique in its suite.
        group: shared by rows that count together, such as the two questions of an image of MME.
        family: the kind of question, by which the report counts.
        images: in the order in which the question speaks of them.
        answers: each is right, or (VQA, captions) each is what one human said.
        gold: what the metric needs besides `answers`.
        tags: further ways to count by, such as `wording`.
        state: of a world: `boxes` are dicts of `label`, `box` (XYXY, px of the first image) and `attributes`.
    """

    id: str
    group: str
    family: str
    question: str
    images: tuple[Image, ...]
    answers: tuple[str, ...]
    choices: tuple[str, ...] = ()
    examples: tuple[Shown, ...] = ()
    gold: Row = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    state: Row | None = field(default=None, repr=False)

    @property
    def shown(self) -> tuple[Image, ...]:
        """Its images and those of its examples."""
        return (*self.images, *(image for example in self.examples for image in example.images))


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Questions, the name of their metric (of `METRICS`) and the form of their answers (of `FORMATS`)."""

    name: str
    metric: str
    form: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ConfigError(f"no metric {self.metric!r}; there are {', '.join(METRICS)}")
        if self.form not in FORMATS:
            raise ConfigError(f"no answer format {self.form!r}; there are {', '.join(FORMATS)}")
        if not self.items:
            raise ConfigError(f"{self.name}: no questions")
        if len({item.id for item in self.items}) < len(self.items):
            raise ConfigError(f"{self.name}: two rows have the same id")

    @property
    def digest(self) -> str:
        """sha256, first 16 hex digits, of all that is asked; files of images count by their names."""
        digest = hashlib.sha256(f"{self.metric} {self.form}".encode())
        for item in self.items:
            digest.update(repr((item.id, item.group, item.family, item.question, item.answers)).encode())
            digest.update(repr((item.choices, sorted(item.gold.items()))).encode())
            for image in item.shown:
                digest.update(image if isinstance(image, bytes) else image.name.encode())
        return digest.hexdigest()[:16]

    def folder(self, answerer: Row) -> str:
        """A folder's name for the answers of whoever has these settings."""
        plain = re.sub(r"[^\w.-]+", "-", self.name).strip("-")
        return f"{plain}-{settings_hash({'questions': self.digest, 'answerer': answerer})[:8]}"


@dataclass(frozen=True, kw_only=True)
class Pack:
    """How a known data pack is scored, and the field of its rows that is their family."""

    metric: str
    form: str = "open"
    family: str = "type"


PACKS = {
    "nlvr1_dev": Pack(metric="nlvr"),
    "shapes": Pack(metric="exact", family="split"),
    "easyvqa": Pack(metric="exact", family="split"),
    "omniglot_oneshot": Pack(metric="one_shot", family="split"),
    "bccd": Pack(metric="exact"),
    "coco_train125": Pack(metric="exact"),
    "sroie_receipts": Pack(metric="exact", family="field"),
    "sroie_lines": Pack(metric="anls"),
    "chartqa_train1k": Pack(metric="relaxed", family="split"),
    "tabmwp_dev1k": Pack(metric="exact", family="ques_type"),
}


def load_suite(spec: str, *, seed: int = 0) -> Suite:
    """The suite that `spec` names (see the top of this file); `seed` is of worlds that name none.

    Raises:
        ConfigError: no such file or world, or a setting that cannot be used.
        DataError: a row that cannot be used.
    """
    path, _, query = spec.partition("?")
    settings = dict(parse_qsl(query, keep_blank_values=True))
    if path.startswith("world:"):
        from sightline.train.evaluation.world_suites import world_suite

        return world_suite(path.removeprefix("world:"), {"seed": str(seed)} | settings)
    return file_suite(Path(path), settings)


def file_suite(path: Path, settings: dict[str, str]) -> Suite:
    """The rows of a JSONL file, or of `data.jsonl` in a folder, that have all that `settings` ask for."""
    file = path / "data.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise ConfigError(f"no suite: {path} is neither a JSONL file nor a folder with data.jsonl")
    pack = PACKS.get(file.resolve().parent.name if file.name == "data.jsonl" else file.stem, None)
    wanted = dict(settings)
    metric = wanted.pop("metric", pack.metric if pack else "")
    form = wanted.pop("format", pack.form if pack else "open")
    if not metric:
        raise ConfigError(f"name a metric: {path}?metric=..., one of {', '.join(METRICS)}")
    rows = [_known(row, pack) for row in _rows(file)]
    kept = [row for row in rows if all(str(row.get(key)) in v.split(",") for key, v in wanted.items())]
    items = [item for row in kept for item in _items(row, file, metric)]
    query = "&".join(f"{key}={value}" for key, value in sorted(settings.items()))
    name = path.resolve().name + (f"?{query}" if query else "")
    return Suite(name=name, metric=metric, form=form, items=tuple(items))


def _rows(file: Path) -> Iterator[Row]:
    """The rows, each with `_line`, its number from 1."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                missing = [key for key in ("id", "question") if key not in row]
            except (ValueError, TypeError) as error:
                raise DataError("not a JSON object", file=str(file), line=number) from error
            if missing or not ({"answer", "answers"} & set(row)):
                lacks = ", ".join(missing or ["answer"])
                raise DataError(f"the row lacks {lacks}", file=str(file), line=number)
            yield row | {"_line": number}


def _known(row: Row, pack: Pack | None) -> Row:
    """The row with its family, and with what a pack calls by a name of its own."""
    row = Row(field=str(row["id"]).rpartition("-")[2]) | row
    row.setdefault("family", row.get(pack.family if pack else "type") or "all")
    if row.get("images_support"):
        row["images"] = [row["image"], *row["images_support"]]
    return row


def _items(row: Row, file: Path, metric: str) -> Iterator[Item]:
    """The questions of a row: one for each permutation (NLVR) or rotation (CircularEval) of it."""
    item = _item(row, file)
    if metric == "nlvr" and row.get("images_permutations"):
        for number, image in enumerate(row["images_permutations"]):
            yield _again(item, number, images=(file.parent / image,))
    elif metric == "circular":
        for number, choices in enumerate(rotations(item.choices)):
            yield _again(item, number, choices=choices)
    else:
        yield item


def _again(item: Item, number: int, **changes: Any) -> Item:
    return replace(item, id=f"{item.id}@{number}", group=item.id, **changes)


def _item(row: Row, file: Path) -> Item:
    try:
        answers = row["answers"] if "answers" in row else [row["answer"]]
        return Item(
            id=str(row["id"]),
            group=str(row.get("group", row["id"])),
            family=str(row["family"]),
            question=str(row["question"]),
            images=_images(row, file.parent),
            answers=tuple(map(str, answers)),
            choices=tuple(map(str, row.get("choices") or ())),
            examples=tuple(
                Shown(images=_images(e, file.parent), question=str(e["question"]), answer=str(e["answer"]))
                for e in row.get("examples") or ()
            ),
            gold=dict(row.get("gold") or {}),
            tags=dict(row.get("tags") or {}),
            state=row.get("state"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the row cannot be used: {error!r}", file=str(file), line=row["_line"]) from error


def _images(row: Row, folder: Path) -> tuple[Image, ...]:
    names = row["images"] if "images" in row else [row["image"]]
    return tuple(folder / str(name) for name in names)
