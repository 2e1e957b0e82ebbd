"""The door: rows out of any format, checked, and rows into any format.

for row in read_rows(Path("llava_instruct.json"), images=Path("coco/train2017")):
    ...
write_rows(rows, Path("rows.parquet"), "llava", images=Path("coco/train2017"))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal, get_args

from sightline.errors import ConfigError, InputError
from sightline.train.data.containers import CAPTION, IMAGE_ENDINGS, records, save_images, writer
from sightline.train.data.faults import Broken, Fault, Tally
from sightline.train.data.json_stream import Element
from sightline.train.data.mimic import MimicFiles, image_index, mimic_records, mimic_row, write_mimic
from sightline.train.data.pictures import check_images
from sightline.train.data.rows import ImageRef, Row, ask
from sightline.train.data.shapes import LONGEST_TEXT, SHAPES, Shape, check_row, shape_of, to_record, to_row

Format = Literal["row", "llava", "trl", "trl-plain", "rlhf-v", "rlhf-v-segments", "mimic-it", "folder"]
FORMATS: tuple[Format, ...] = get_args(Format)
Look = Literal["no", "there", "decode"]
_SHARDS = ("tar", "parquet", "jsonl")


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is read, and how it is checked.

    Args:
        path: a file; or a folder, of shards (all of its .tar, else .parquet, else .jsonl files) or of images.
        form: None finds it out from the first row (MIMIC-IT has to be named).
        images: the folder of the images' paths, or the images file of MIMIC-IT; None for the folder of
            the file, or the images file beside it.
        look: whether images are looked for, and decoded (slow).
        longest: characters of all that a row says.
        question: asked about each image of a folder of images; the answer is left empty to be made.
        unique: a row is at fault whose id came before. LLaVA's own sets use one id for several rows.
    """

    path: Path
    form: Format | None = None
    images: Path | None = None
    look: Look = "there"
    longest: int = LONGEST_TEXT
    question: str = CAPTION
    unique: bool = True

    def __post_init__(self) -> None:
        if self.form is not None and self.form not in FORMATS:
            raise ConfigError(f"no format {self.form!r}; there are {', '.join(FORMATS)}")
        if not self.path.exists():
            raise InputError(f"no such file or folder: {self.path}")

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, or the shards of a folder; none of a folder of images."""
        if self.path.is_file():
            return (self.path,)
        for ending in () if self.form == "folder" else _SHARDS:
            if found := tuple(sorted(self.path.glob(f"*.{ending}"))):
                return found
        return ()

    @property
    def root(self) -> Path:
        """The folder that the paths of the rows' images start from."""
        if self.form == "mimic-it":
            return self.mimic.images.parent
        shard = self.files and self.files[0].suffix == ".tar"
        if self.images is not None and not shard:
            return self.images
        return self.path.parent if self.path.is_file() else self.path

    @property
    def mimic(self) -> MimicFiles:
        """The two files of MIMIC-IT."""
        found = MimicFiles.beside(self.path)
        return replace(found, images=self.images) if self.images and self.images.is_file() else found


def read_rows(source: Source | Path, tally: Tally | None = None) -> Iterator[Row]:
    """The rows of a source, in its order, each one checked.

    A row without an id is called by its line, and in a folder of shards by its shard and line.

    Args:
        source: a path stands for a source of which nothing else is known.
        tally: counts rows and faults, and says what a fault does; None raises at the first.

    Raises:
        DataError: a fault, where faults raise.
        InputError: no such file.
        ConfigError: a file of an unknown ending.
    """
    source = Source(path=source) if isinstance(source, Path) else source
    return (row for _, _, row in placed_rows(source, tally if tally is not None else Tally()))


def placed_rows(source: Source, tally: Tally) -> Iterator[tuple[str, int, Row]]:
    """As `read_rows`, each row after its file and its line, as a fault names them."""
    files = () if source.form == "folder" else source.files
    if not files:
        yield from _folder_rows(source, tally)
        return
    seen: set[int] = set()
    root = source.root
    index = image_index(source.mimic.images) if source.form == "mimic-it" else None
    for file in files:
        shape = None if source.form in (None, "mimic-it", "folder") else source.form
        for element in records(file) if index is None else mimic_records(file):
            try:
                if index is None and shape is None and element.broken is None:
                    shape = shape_of(element.value)
                named = f"{file.stem}-{element.line}" if len(files) > 1 else str(element.line)
                row = _row(element, shape, named) if index is None else mimic_row(element.found(), index)
                _check(row, source, root, seen)
            except Broken as broken:
                tally.broken(broken, file=str(file), line=element.line, row=element.key)
            else:
                tally.rows += 1
                yield str(file), element.line, row


def _row(element: Element, shape: Format | None, unnamed: str) -> Row:
    value = element.found()  # a broken one has no shape
    assert shape in SHAPES
    return to_row(value, shape, unnamed=unnamed)


def _check(row: Row, source: Source, root: Path, seen: set[int]) -> None:
    check_row(row, longest=source.longest)
    # 8 bytes stand for an id: among a million, two of different names meet with a chance of 3 in 10^8.
    name = int.from_bytes(blake2b(row.id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    if source.unique and name in seen:
        raise Broken("duplicate_id", "a row of this id came before", row=row.id)
    if source.look != "no":
        try:
            check_images(row.images, root, decode=source.look == "decode")
        except Broken as broken:
            broken.row = row.id
            raise
    seen.add(name)


def _folder_rows(source: Source, tally: Tally) -> Iterator[tuple[str, int, Row]]:
    """A row for each image under the folder, sorted by path; it asks and nobody has answered yet."""
    if not source.path.is_dir():
        raise InputError(f"no such folder: {source.path}")
    paths = (p for p in source.path.rglob("*") if p.suffix.lower().removeprefix(".") in IMAGE_ENDINGS)
    names = sorted(p.relative_to(source.path).as_posix() for p in paths)
    if not names:
        raise InputError(f"no rows and no images in {source.path}")
    for line, name in enumerate(names, 1):
        row = ask(name, source.question, "", ImageRef(path=name))
        try:
            if source.look != "no":
                check_images(row.images, source.path, decode=source.look == "decode")
        except Broken as broken:
            tally.broken(broken, file=str(source.path), line=line, row=name)
        else:
            tally.rows += 1
            yield str(source.path), line, replace(row, turns=row.turns[:1])


def write_rows(
    rows: Iterable[Row],
    path: Path,
    form: Format,
    *,
    images: Path,
    embed: bool = False,
    save: Path | None = None,
) -> int:
    """Write rows to one file, made anew. Returns how many.

    Args:
        rows: streamed.
        path: its ending says which container: .json, .jsonl, .parquet or .tar. For MIMIC-IT, the
            instructions; the images file is written beside it.
        form: of the records.
        images: the folder that the paths of the rows' images start from.
        embed: put the bytes of images into the file, where it would hold paths.
        save: instead, copy every image into this folder, named by its content; the file holds paths
            from there.

    Raises:
        DataError: a row that the format cannot hold, named by its id.
        ConfigError: `form` is `folder`, which nothing is written to.
    """
    if form == "folder":
        raise ConfigError("a folder of images is read, never written")
    kept = _saved(rows, images, save) if save else rows
    root = save or images
    try:
        if form == "mimic-it":
            return write_mimic(kept, MimicFiles.beside(path), root)
        return _write(kept, path, form, root, embed)
    except Broken as broken:
        raise Fault(
            file=str(path), line=0, row=broken.row, kind=broken.kind, message=broken.message
        ).error() from broken


def _write(rows: Iterable[Row], path: Path, shape: Shape, root: Path, embed: bool) -> int:
    count = 0
    with writer(path, shape, root, embed=embed) as (write, image):
        for row in rows:
            write(to_record(row, shape, image))
            count += 1
    return count


def _saved(rows: Iterable[Row], images: Path, save: Path) -> Iterator[Row]:
    for row in rows:
        yield replace(row, images=tuple(save_images(row.images, images, save)))
