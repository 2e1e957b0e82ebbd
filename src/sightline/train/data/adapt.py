"""Annotated sets into rows: VQA questions, COCO boxes and captions, VOC boxes.

Boxes are written as text in thousandths of the image's width and height, `(x1,y1),(x2,y2)` in 0..999, as in
Qwen-VL. What COCO and VOC annotate is taken as all there is: an object without a box is not there.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from sightline.errors import InputError
from sightline.train.data.faults import Broken, Tally
from sightline.train.data.json_stream import Element, listed_elements
from sightline.train.data.rows import ImageRef, Row, ask
from sightline.train.data.shapes import need

SCALE = 1000
"""Steps of a box's coordinates."""

_CAPTION = ("Describe the image in one sentence.", "What does the image show?", "Give a short caption.")
_COUNT = ("How many {many} are there?", "Count the {many}.", "What is the number of {many} in the image?")
_EXISTS = ("Is there {a} in the image?", "Does the image show {a}?", "Can you see {a}?")
_WHERE = ("Where is the {one}?", "Give the box of the {one}.", "Locate the {one}.")


@dataclass(frozen=True, kw_only=True)
class Marked:
    """One annotated object: its class and its XYXY box in px of the image."""

    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Annotated:
    """An image, its size in px, what is marked in it, and captions.

    `counted`: how many of a label there are, where that is more than what is marked (COCO's crowds): then
    the label is neither counted nor located.
    """

    id: str
    image: ImageRef
    width: int
    height: int
    objects: tuple[Marked, ...] = ()
    captions: tuple[str, ...] = ()
    crowded: frozenset[str] = frozenset()


def box_text(box: Sequence[float], width: float, height: float) -> str:
    """`(x1,y1),(x2,y2)` in thousandths, 0..999, of an XYXY box in px."""
    places = [
        min(max(int(v * SCALE / side), 0), SCALE - 1)
        for v, side in zip(box, (width, height) * 2, strict=True)
    ]
    return "({},{}),({},{})".format(*places)


def annotated_rows(found: Annotated, labels: Sequence[str], rng: np.random.Generator) -> list[Row]:
    """Captions, counts, boxes, and for each label that is there one asked about that is not.

    Args:
        found: an image.
        labels: every label that the annotators looked for; absent ones are drawn from these.
        rng: draws wordings and absent labels.
    """
    counts = Counter(thing.label for thing in found.objects)
    rows = [(_pick(rng, _CAPTION), caption) for caption in found.captions]
    for label, count in sorted(counts.items()):
        rows.append((_pick(rng, _EXISTS).format(a=with_article(label)), "yes"))
        if label not in found.crowded:
            rows.append((_pick(rng, _COUNT).format(many=plural(label)), str(count)))
        if count == 1 and label not in found.crowded:
            box = next(thing.box for thing in found.objects if thing.label == label)
            rows.append((_pick(rng, _WHERE).format(one=label), box_text(box, found.width, found.height)))
    absent = sorted(set(labels) - set(counts) - found.crowded)
    for at in rng.permutation(len(absent))[: max(len(counts), 1)].tolist():
        rows.append((_pick(rng, _EXISTS).format(a=with_article(absent[at])), "no"))
    return [
        ask(f"{found.id}-{n}", question, answer, found.image) for n, (question, answer) in enumerate(rows)
    ]


def _pick(rng: np.random.Generator, wordings: Sequence[str]) -> str:
    return wordings[int(rng.integers(len(wordings)))]


def with_article(label: str) -> str:
    """`a dog`, `an orange`; a label that is a plural already has none: `skis`, `scissors`."""
    if _is_plural(label):
        return label
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"


def plural(label: str) -> str:
    """`dogs`, `buses`, `knives`, `people`; of several words the last one's."""
    head, space, last = label.rpartition(" ")
    if _is_plural(last):
        return label
    irregular = {"person": "people", "man": "men", "woman": "women", "child": "children", "knife": "knives"}
    irregular |= {"mouse": "mice", "sheep": "sheep", "tooth": "teeth", "foot": "feet", "broccoli": "broccoli"}
    if last in irregular:
        return head + space + irregular[last]
    if re.search(r"(s|x|z|ch|sh)$", last):
        return label + "es"
    return label[:-1] + "ies" if re.search(r"[^aeiou]y$", last) else label + "s"


def _is_plural(label: str) -> bool:
    return label.endswith("s") and not label.endswith(("ss", "us", "is", "as"))


# COCO.


def coco_annotated(instances: Path, captions: Path | None = None) -> tuple[list[Annotated], list[str]]:
    """The images of a COCO instances file, with those of a captions file's captions, and all labels.

    COCO's boxes are x, y, width, height in px. Raises `InputError` for a file that is not COCO's.
    """
    boxes = _coco(instances)
    labels = {number: str(about["name"]) for number, about in boxes.cats.items()}
    said = _coco(captions) if captions else None
    return [_coco_image(boxes, said, labels, number) for number in sorted(boxes.imgs)], sorted(
        labels.values()
    )


def _coco(path: Path) -> Any:
    from pycocotools.coco import COCO

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says how long it took
            return COCO(str(path))
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise InputError(f"{path}: not a COCO file: {type(error).__name__}: {error}") from error


def _coco_image(boxes: Any, said: Any, labels: Mapping[int, str], number: int) -> Annotated:
    about, found = boxes.imgs[number], boxes.imgToAnns[number]
    things = [a for a in found if not a.get("iscrowd")]
    captions = said.imgToAnns[number] if said is not None else ()
    return Annotated(
        id=f"coco-{number}",
        image=ImageRef(path=str(about["file_name"])),
        width=int(about["width"]),
        height=int(about["height"]),
        objects=tuple(Marked(label=labels[a["category_id"]], box=_corners(a["bbox"])) for a in things),
        captions=tuple(" ".join(str(a["caption"]).split()) for a in captions),
        crowded=frozenset(labels[a["category_id"]] for a in found if a.get("iscrowd")),
    )


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return x, y, x + width, y + height


# VOC.


def voc_annotated(path: Path) -> Annotated:
    """The image of one VOC XML file; its boxes are XYXY px counted from 1, both ends within.

    Raises `InputError` for a file that is not VOC's.
    """
    try:
        data = path.read_bytes()
        if b"<!" in data.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
            raise ValueError("it declares entities or a type, which VOC never does")
        root = ElementTree.fromstring(data)
        objects = tuple(_voc_object(one) for one in root.iter("object"))
        name, width, height = (_text(root, tag) for tag in ("filename", "size/width", "size/height"))
        size = int(width), int(height)
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise InputError(f"{path}: not a VOC file: {error}") from error
    return Annotated(id=path.stem, image=ImageRef(path=name), width=size[0], height=size[1], objects=objects)


def _voc_object(found: ElementTree.Element) -> Marked:
    x1, y1, x2, y2 = (float(_text(found, f"bndbox/{tag}")) for tag in ("xmin", "ymin", "xmax", "ymax"))
    return Marked(label=_text(found, "name"), box=(x1 - 1, y1 - 1, x2, y2))


def _text(found: ElementTree.Element, tag: str) -> str:
    if not (text := (found.findtext(tag) or "").strip()):
        raise ValueError(f"no {tag}")
    return text


# VQA.


def vqa_rows(
    questions: Path, annotations: Path, tally: Tally, *, name: str = "COCO_train2014_{:012d}.jpg"
) -> Iterator[Row]:
    """The rows of the two files of VQA v1 and v2, each answered as most people did.

    Args:
        questions: `{"questions": [{"question_id", "image_id", "question"}]}`.
        annotations: `{"annotations": [{"question_id", "multiple_choice_answer"}]}`; its answers are held.
        tally: counts questions without an answer and broken ones.
        name: of an image's file by its id.

    Both files are streamed. Raises `InputError` for a file that is not VQA's, or is cut off.
    """
    answers: dict[int, str] = {}
    for element in _listed(annotations, "annotations"):
        try:
            found = element.found()
            answers[need(found, "question_id", int)] = need(found, "multiple_choice_answer", str)
        except Broken as broken:
            tally.broken(broken, file=str(annotations), line=element.line)
    for element in _listed(questions, "questions"):
        try:
            row = _vqa_row(element.found(), answers, name)
        except Broken as broken:
            tally.broken(broken, file=str(questions), line=element.line)
        else:
            tally.rows += 1
            yield row


def _vqa_row(found: object, answers: Mapping[int, str], name: str) -> Row:
    number, image = need(found, "question_id", int), need(found, "image_id", int)
    if number not in answers:
        raise Broken("missing_field", "no answer in the annotations", row=str(number))
    return ask(str(number), need(found, "question", str), answers[number], ImageRef(path=name.format(image)))


def _listed(path: Path, member: str) -> Iterator[Element]:
    """What stands in a list that is a member of a file's object; streamed."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    for element in listed_elements(path, member):
        if element.broken and not element.size:  # of the file, not of an element
            raise InputError(f"{path}:{element.line}: not a VQA file: {element.broken.message}")
        yield element
