"""Files that hold records: JSON arrays, JSON lines, Parquet, WebDataset shards. All are streamed.

The container is told by the file's ending. Parquet holds an image as Hugging Face's sets do, a struct of
`bytes` and `path`. A shard (tar) holds a sample as files of one key: `7.json` and `7.0.png`, `7.1.png`, or
`7.jpg` and `7.txt` for an image and its caption.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.errors import ConfigError, ImageError, InputError
from sightline.train.data.faults import Broken
from sightline.train.data.json_stream import Element, array_elements, line_elements, parse
from sightline.train.data.pictures import LARGEST, image_bytes, plain, suffix_of
from sightline.train.data.rows import ImageRef, Record
from sightline.train.data.shapes import Encode, Shape

BATCH = 256
"""Rows of a Parquet row group, and of a read."""
CAPTION = "Describe the image."
"""What is asked where a shard holds images and captions alone."""
IMAGE_ENDINGS = frozenset({"png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"})


def container_of(path: Path) -> str:
    """`json`, `jsonl`, `parquet` or `tar`. Raises `ConfigError` for any other ending."""
    ending = path.suffix.lower().removeprefix(".")
    ending = {"ndjson": "jsonl"}.get(ending, ending)
    if ending not in _READERS:
        raise ConfigError(f"{path.name}: a file ends in {', '.join('.' + name for name in _READERS)}")
    return ending


def records(path: Path) -> Iterator[Element]:
    """The records of a file. Raises `InputError` where there is no such file."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    return _READERS[container_of(path)](path)


def _parquet_records(path: Path) -> Iterator[Element]:
    import pyarrow
    import pyarrow.parquet

    line = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                for record in batch.to_pylist():
                    line += 1
                    yield Element(value=record, line=line, offset=0, size=0)
    except (pyarrow.ArrowException, OSError) as error:
        broken = Broken("damaged_shard", f"not Parquet, or damaged: {error}")
        yield Element(broken=broken, line=line + 1, offset=0, size=0)


@dataclass(kw_only=True)
class _Sample:
    """The files of one key of a shard: bytes of its text, places of its images."""

    key: str
    texts: dict[str, bytes] = field(default_factory=dict)
    images: list[ImageRef] = field(default_factory=list)

    def element(self, line: int) -> Element:
        try:
            return Element(value=self._record(), line=line, offset=0, size=0)
        except Broken as broken:
            broken.row = self.key
            return Element(broken=broken, line=line, offset=0, size=0)

    def _record(self) -> Any:
        images = sorted(self.images, key=lambda ref: [_number(part) for part in ref.member.split(".")])
        if "json" in self.texts:
            record = parse(self.texts["json"])
            if not isinstance(record, dict):
                raise Broken("wrong_type", f"{self.key}.json is no object")
            return {"id": self.key} | record | {"image": images, "images": images}
        if "txt" in self.texts:
            caption = self.texts["txt"].decode("utf-8", "replace").strip()
            asked = "<image>\n" * len(images) + CAPTION
            said = [{"from": "human", "value": asked}, {"from": "gpt", "value": caption}]
            return {"id": self.key, "image": images, "conversations": said}
        raise Broken("missing_field", f"the sample {self.key} has neither .json nor .txt")


def _number(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)


def _tar_records(path: Path) -> Iterator[Element]:
    """Samples in the order of the shard; the images stay in it, named by their place."""
    line, sample = 0, None
    try:
        # Uncompressed alone: then a member's bytes stand at a place that can be read again.
        with tarfile.open(path, "r:") as tar:
            for info in _members(tar):
                key, _, ending = _split(info.name)
                if sample is not None and key != sample.key:
                    line += 1
                    yield sample.element(line)
                    sample = None
                sample = sample or _Sample(key=key)
                _put(sample, tar, info, ending, path)
    except (tarfile.TarError, OSError, EOFError) as error:
        broken = Broken("damaged_shard", f"{error}", row=sample.key if sample else "")
        yield Element(broken=broken, line=line + 1, offset=0, size=0)
        return
    if sample is not None:
        yield sample.element(line + 1)


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (info := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]  # else a list of all of them grows
        if info.isfile():
            yield info


def _put(sample: _Sample, tar: tarfile.TarFile, info: tarfile.TarInfo, ending: str, path: Path) -> None:
    last = ending.rpartition(".")[2].lower()
    if last in IMAGE_ENDINGS:
        place = ImageRef(path=path.name, member=info.name, offset=info.offset_data, size=info.size)
        sample.images.append(place)
    elif last in ("json", "txt") and info.size <= LARGEST:
        file = tar.extractfile(info)
        assert file is not None
        data = file.read()
        if len(data) < info.size:
            raise tarfile.ReadError(f"{info.name} is cut off")
        sample.texts[last] = data


def _split(name: str) -> tuple[str, str, str]:
    """WebDataset's rule: the key ends at the first dot of the file's name."""
    folder, slash, base = name.rpartition("/")
    stem, dot, ending = base.partition(".")
    return folder + slash + stem, dot, ending


_READERS: dict[str, Callable[[Path], Iterator[Element]]] = {
    "json": array_elements,
    "jsonl": line_elements,
    "parquet": _parquet_records,
    "tar": _tar_records,
}


# Writing.

Write = Callable[[Record], None]


@contextmanager
def made_whole(path: Path) -> Iterator[Path]:
    """A place to write to; what stands there at the end becomes `path`. A failure leaves what was there.

    Raises `ConfigError` where nothing can be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error}") from error


@contextmanager
def writer(path: Path, shape: Shape, root: Path, *, embed: bool = False) -> Iterator[tuple[Write, Encode]]:
    """Write records to a file that is made, or made anew, whole: a failure leaves what was there before.

    Args:
        path: its ending says which container.
        shape: of the records.
        root: the folder of the images' paths.
        embed: put the bytes of every image into the file (a shard always holds them).

    Yields:
        a function that writes a record, and one that says how its images are held in it.
    """
    open_container = _WRITERS[container_of(path)]
    with made_whole(path) as part, open_container(part, shape) as write:
        yield write, _encoder(container_of(path), root, embed)


def _encoder(container: str, root: Path, embed: bool) -> Encode:
    def encode(ref: ImageRef) -> Any:
        if container in ("json", "jsonl"):
            return plain(ref, root, embed=embed)
        if container == "parquet" and ref.path and ref.size < 0 and not embed:
            return {"bytes": None, "path": ref.path}
        data = image_bytes(ref, root)
        return {"bytes": data, "path": None} if container == "parquet" else data

    return encode


@contextmanager
def _json_writer(path: Path, shape: Shape) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        before = "[\n"

        def write(record: Record) -> None:
            nonlocal before
            file.write(before + json.dumps(record, ensure_ascii=False))
            before = ",\n"

        yield write
        file.write("[]\n" if before == "[\n" else "\n]\n")


@contextmanager
def _lines_writer(path: Path, shape: Shape) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda record: print(json.dumps(record, ensure_ascii=False), file=file)


@contextmanager
def _parquet_writer(path: Path, shape: Shape) -> Iterator[Write]:
    import pyarrow
    import pyarrow.parquet

    schema = _schema(shape)
    held: list[Record] = []
    with pyarrow.parquet.ParquetWriter(path, schema) as file:

        def flush() -> None:
            file.write_table(pyarrow.Table.from_pylist(held, schema=schema))
            held.clear()

        def write(record: Record) -> None:
            if "image" in record and not isinstance(record["image"], list):
                record = record | {"image": [record["image"]]}
            held.append(record)
            if len(held) == BATCH:
                flush()

        yield write
        flush()


def _schema(shape: Shape) -> Any:
    """The Parquet schema of a shape: images are a list of `bytes` and `path`, as in Hugging Face's sets."""
    import pyarrow as pa

    text = pa.string()

    def items(**fields: Any) -> Any:
        return pa.list_(pa.struct(list(fields.items())))

    images = items(bytes=pa.binary(), path=text)
    said = items(role=text, content=items(type=text, text=text))
    replies = {"chosen": text, "rejected": text}
    own: dict[Shape, dict[str, Any]] = {
        "row": {"images": images, "turns": items(role=text, text=text), **replies},
        "llava": {"image": images, "conversations": items(**{"from": text, "value": text})},
        "trl": {"images": images, "prompt": said, "chosen": said, "rejected": said},
        "trl-plain": {"images": images, "prompt": text, **replies},
        "rlhf-v": {"image": images, "question": text, **replies},
        "rlhf-v-segments": {"image": images, "question": text, "segments": items(**replies)},
    }
    extras = {"system": text, "notes": pa.list_(text), "related": pa.list_(text)}
    return pa.schema(list(({"id": text} | own[shape] | extras).items()))


@contextmanager
def _tar_writer(path: Path, shape: Shape) -> Iterator[Write]:
    """Samples are numbered, since an id may hold what a file's name may not; the id is in the record."""
    import webdataset

    count = 0
    with closing(webdataset.TarWriter(str(path), mtime=0)) as tar:

        def write(record: Record) -> None:
            nonlocal count
            images = record.pop("images", None) or record.pop("image", None) or []
            sample: dict[str, Any] = {"__key__": f"{count:08d}", "json": record}
            for number, data in enumerate(images if isinstance(images, list) else [images]):
                sample[f"{number}{suffix_of(data)}"] = data
            tar.write({name: _bytes(value) for name, value in sample.items()})
            count += 1

        yield write


def _bytes(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False).encode() if isinstance(value, dict) else value


_WRITERS: dict[str, Any] = {
    "json": _json_writer,
    "jsonl": _lines_writer,
    "parquet": _parquet_writer,
    "tar": _tar_writer,
}


def save_images(refs: Iterable[ImageRef], root: Path, folder: Path) -> Iterator[ImageRef]:
    """Write images as files named by their content into `folder`. Raises `ImageError`.

    Yields:
        for each the reference to its file, under `folder`.
    """
    from hashlib import sha256

    folder.mkdir(parents=True, exist_ok=True)
    for ref in refs:
        data = image_bytes(ref, root)
        if not data:
            raise ImageError(f"empty: {ref.name}")
        name = sha256(data).hexdigest()[:32] + suffix_of(data)
        if not (folder / name).exists():
            (folder / name).write_bytes(data)
        yield ImageRef(path=name)
