"""Tools over a folder: every answer follows from what they returned, and their failures are told."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.agent.doubles import Blobs, Toolish

from sightline.errors import ConfigError, InputError
from sightline.images import Picture
from sightline.tools.registry import default_tools
from sightline.train.data.adapt import plural
from sightline.train.data.describe import describe_folder
from sightline.train.data.readers import Source, read_rows
from sightline.train.worlds.scenes import draw_scene, make_scene
from sightline.types import Box, Detection, Detections, TextLines, TextSpan


class Seen(Toolish):
    """Finds what is given for the image's width; nothing elsewhere."""

    name = "detect"

    def __init__(self, found: dict[int, list[tuple[str, str]]]) -> None:
        self.found = found

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects."""
        assert query == "objects"
        names = self.found.get(picture.frame.width, [])
        items = tuple(
            Detection(
                label=label,
                score=0.9,
                box=Box(x1=n, y1=0, x2=n + 10, y2=20, frame=picture.frame),
                attributes={"color": colour},
            )
            for n, (colour, label) in enumerate(names)
        )
        return Detections(query="objects", items=items)


class Lines(Toolish):
    """Reads the given lines."""

    name = "read_text"

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def __call__(self, picture: Picture) -> TextLines:
        """Reads the words."""
        box = Box(x1=0, y1=0, x2=5, y2=5, frame=picture.frame)
        rows = tuple(tuple(TextSpan(text=w, score=1, box=box) for w in line.split()) for line in self.lines)
        return TextLines(rows=rows)


def picture(folder: Path, name: str, width: int) -> None:
    assert cv2.imwrite(str(folder / name), np.full((40, width, 3), 255, np.uint8))


def asked(out: Path, folder: Path, name: str) -> dict[str, str]:
    (row,) = (r for r in read_rows(Source(path=out, form="llava", images=folder)) if r.id == name)
    return {question.removeprefix("<image>\n"): answer for question, answer in row.exchanges}


def test_answers_are_what_was_found(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out.json"
    (folder / "deep").mkdir(parents=True)
    picture(folder, "a.png", 100)
    picture(folder, "deep/b.png", 60)
    (folder / "bad.png").write_bytes(b"no image")
    seen = Seen({100: [("red", "star"), ("red", "star"), ("blue", "cross")]})
    tally = describe_folder(folder, {"detect": seen, "read_text": Lines("TOTAL 12.00", "Thank you")}, out)
    assert (tally.rows, dict(tally.counts)) == (2, {"damaged_image": 1})
    assert [row["image"] for row in json.loads(out.read_text())] == ["a.png", "deep/b.png"]
    said = asked(out, folder, "a.png")
    assert "2 red stars and a blue cross" in {a.rstrip(".").lower() for a in said.values()}
    assert [next(a for q, a in said.items() if kind in q) for kind in ("stars", "crosses")] == ["2", "1"]
    assert [a for q, a in said.items() if "the blue cross" in q] == ["(20,0),(120,500)"]
    assert not any("the red star" in q for q in said)
    assert said["Is there any text in the image?"] == "yes"
    assert "TOTAL 12.00\nThank you" in said.values()
    line = next(q for q in said if re.search(r"line \d", q))
    assert said[line] == ("TOTAL 12.00", "Thank you")[int(re.findall(r"\d", line)[0]) - 1]
    assert not any("many" in q or "Describe" in q for q in asked(out, folder, "deep/b.png"))


def test_a_failed_tool_is_a_fault_and_never_nothing(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 100)
    tally = describe_folder(tmp_path, {"detect": Blobs(), "read_text": Lines()}, tmp_path / "out.json")
    assert dict(tally.counts) == {"tool_failed": 1}
    assert "unsupported" in tally.first[0].message
    assert asked(tmp_path / "out.json", tmp_path, "a.png") == {"Is there any text in the image?": "no"}
    alone = describe_folder(tmp_path, {"detect": Blobs()}, tmp_path / "none.json")
    assert (alone.rows, (tmp_path / "none.json").read_text()) == (0, "[]\n")


def test_what_cannot_be_described(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no detect"):
        describe_folder(tmp_path, {}, tmp_path / "out.json")
    with pytest.raises(InputError, match="no images"):
        describe_folder(tmp_path, {"read_text": Lines()}, tmp_path / "out.json")


def test_our_own_tools(tmp_path: Path) -> None:
    """The embedded detector and the reader, over scenes of known things and one line of print."""
    folder = tmp_path / "in"
    folder.mkdir()
    scenes = [make_scene(np.random.default_rng(n)) for n in range(3)]
    for number, scene in enumerate(scenes):
        assert cv2.imwrite(str(folder / f"{number}.png"), draw_scene(scene, 256)[:, :, ::-1])
    page = np.full((120, 400, 3), 255, np.uint8)
    cv2.putText(page, "TOTAL 12.00", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3, cv2.LINE_AA)
    assert cv2.imwrite(str(folder / "page.png"), page)
    tools = default_tools()
    try:
        tally = describe_folder(folder, tools, tmp_path / "out.jsonl", timeout_s=120)
    finally:
        for tool in tools.values():
            tool.close()
    assert (tally.rows, tally.faults) == (4, 0)
    for number, scene in enumerate(scenes):
        said = asked(tmp_path / "out.jsonl", folder, f"{number}.png")
        for shape, count in Counter(thing.shape for thing in scene.things).items():
            assert [a for q, a in said.items() if re.search(rf"(many|the) {plural(shape)}\b", q)] == [
                str(count)
            ]
    assert "TOTAL 12.00" in asked(tmp_path / "out.jsonl", folder, "page.png").values()
