"""Tools as a data engine: what they find in a folder of images becomes questions with answers.

    describe_folder(Path("scans"), default_tools(), Path("scans.json"))

The answers are made from the tools' results alone. A detector that found none of its classes gives no row:
there may be other things. A tool that failed, or knows no such thing, is a fault and never "nothing".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from sightline.errors import ConfigError
from sightline.tools.base import Picture, Tool
from sightline.tools.guard import run
from sightline.train.data.adapt import box_text, plural, with_article
from sightline.train.data.faults import Broken, Tally
from sightline.train.data.pictures import open_image
from sightline.train.data.readers import Source, read_rows, write_rows
from sightline.train.data.rows import ImageRef, Row, Turn, with_marks
from sightline.types import Detection, Detections, TextLines, ToolResult

QUERY = "objects"
"""What the detector is asked for: every class that it knows."""
LONGEST_READ = 4000
"""Characters of a page that an answer holds; what is longer is left out whole, never cut."""

_DESCRIBE = ("Describe the image.", "What is in the image?", "List what the image shows.")
_COUNT = ("How many {many} are there?", "Count the {many}.")
_WHERE = ("Where is the {one}?", "Give the box of the {one}.")
_READ = ("What is written in the image?", "Read the text.", "Transcribe all text.")
_LINE = ("What does line {n} say?", "Read line {n}.")

Asked = list[tuple[str, str]]


def describe_folder(
    folder: Path, tools: Mapping[str, Tool], out: Path, *, timeout_s: float = 60, seed: int = 0
) -> Tally:
    """Write LLaVA JSON about every image under `folder`. Returns the rows written and the faults.

    Args:
        folder: searched with all that is under it.
        tools: by name; `detect` and `read_text` are used, those of them that are there.
        out: a .json or .jsonl file, made anew; images are named by their path under `folder`.
        timeout_s: of one tool on one image.
        seed: of the wordings: the same folder, tools and seed give the same file.

    Raises:
        InputError: no such folder, or no images in it.
        ConfigError: neither of them is there.
    """
    used = {name: tools[name] for name in ("detect", "read_text") if name in tools}
    if not used:
        raise ConfigError(f"there is no detect and no read_text among {', '.join(tools) or 'no tools'}")
    tally = Tally(on_fault="skip")
    source = Source(path=folder, form="folder", look="decode")
    write_rows(_rows(source, used, tally, timeout_s, seed), out, "llava", images=folder)
    return tally


def _rows(
    source: Source, tools: Mapping[str, Tool], tally: Tally, timeout_s: float, seed: int
) -> Iterator[Row]:
    found = Tally(on_fault="skip")
    for line, asked in enumerate(read_rows(source, found), 1):
        (ref,) = asked.images
        picture = open_image(ref, source.path)
        results = {name: _run(tool, picture, timeout_s) for name, tool in tools.items()}
        for name, result in results.items():
            if result.status not in ("ok", "empty"):
                broken = Broken("tool_failed", f"{name}: {result.status}: {result.message}", row=asked.id)
                tally.broken(broken, file=str(source.path), line=line)
        rng = np.random.default_rng((seed, line, 9))
        if row := tool_row(asked.id, ref, picture, results, rng):
            tally.rows += 1
            yield row
    for fault in found.first:
        tally.add(fault)
    tally.counts += found.counts - Counter(fault.kind for fault in found.first)


def _run(tool: Tool, picture: Picture, timeout_s: float) -> ToolResult:
    return run(tool, picture, {"query": QUERY} if tool.name == "detect" else {}, timeout_s=timeout_s)


def tool_row(
    id: str, ref: ImageRef, picture: Picture, results: Mapping[str, ToolResult], rng: np.random.Generator
) -> Row | None:
    """A conversation of what the tools found, or None where none of them came to a result."""
    asked: Asked = []
    for result in results.values():
        if isinstance(result.payload, Detections):
            asked += _detected(result.payload.items, picture, rng)
        elif isinstance(result.payload, TextLines):
            asked += _read(result.payload, rng)
    turns = tuple(
        turn
        for question, answer in asked
        for turn in (Turn(role="user", text=question), Turn(role="assistant", text=answer))
    )
    return Row(id=id, images=(ref,), turns=with_marks(turns, 1)) if turns else None


def _detected(items: tuple[Detection, ...], picture: Picture, rng: np.random.Generator) -> Asked:
    """A description, then how many of each kind, and where the only one of a kind is."""
    if not items:
        return []
    counts = Counter(item.name() for item in items)
    listed = [with_article(name) if n == 1 else f"{n} {plural(name)}" for name, n in counts.items()]
    asked = [(_pick(rng, _DESCRIBE), _sentence(listed))]
    asked += [
        (_pick(rng, _COUNT).format(many=plural(label)), str(n))
        for label, n in Counter(item.label for item in items).items()
    ]
    for item in items:
        if counts[item.name()] == 1:
            frame, b = picture.frame, item.box
            place = box_text((b.x1, b.y1, b.x2, b.y2), frame.width, frame.height)
            asked.append((_pick(rng, _WHERE).format(one=item.name()), place))
    return asked


def _sentence(listed: list[str]) -> str:
    head = ", ".join(listed[:-1])
    text = f"{head} and {listed[-1]}" if head else listed[-1]
    return f"{text[0].upper()}{text[1:]}."


def _read(lines: TextLines, rng: np.random.Generator) -> Asked:
    """The whole text, and one of its lines where there are several."""
    rows = [" ".join(span.text for span in row) for row in lines.rows]
    if not rows:
        return [("Is there any text in the image?", "no")]
    whole = "\n".join(rows)
    asked = [("Is there any text in the image?", "yes")]
    asked += [(_pick(rng, _READ), whole)] if len(whole) <= LONGEST_READ else []
    if len(rows) > 1:
        at = int(rng.integers(len(rows)))
        asked.append((_pick(rng, _LINE).format(n=at + 1), rows[at]))
    return asked


def _pick(rng: np.random.Generator, wordings: tuple[str, ...]) -> str:
    return wordings[int(rng.integers(len(wordings)))]
