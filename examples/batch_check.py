"""A batch that is killed loses nothing: 100 images, five of them broken, one SIGKILL, and a second run.

    python examples/batch_check.py [--images 100] [--folder DIR]

Exit code 0: every image has exactly one row, the broken ones are error rows and no other is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from scoring import read_rows
from sightline.train.worlds.scenes import draw_scene, make_scene

QUESTION = "How many shapes are there?"
SIGHTLINE = Path(sys.executable).with_name("sightline")


def huge_png() -> bytes:
    """A PNG whose header alone claims 30,000 x 30,000 px."""
    header = b"IHDR" + (30000).to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + header + zlib.crc32(header).to_bytes(4)


def broken(good: Path) -> dict[str, bytes]:
    """Five files that are no whole images, by name; `good` is a JPEG to cut short."""
    return {
        "empty.png": b"",
        "huge.png": huge_png(),
        "noise.jpg": np.random.default_rng(0).bytes(5000),
        "text.png": b"this is a text file\n",
        "truncated.jpg": good.read_bytes()[: good.stat().st_size // 2],
    }


def make_images(folder: Path, count: int) -> set[str]:
    """Draw `count` images, five of them broken. Returns the names of the broken ones."""
    folder.mkdir(parents=True)
    for i in range(count - 5):
        pixels = draw_scene(make_scene(np.random.default_rng([7, i])), 160)
        Image.fromarray(pixels).save(folder / f"scene{i:03d}.{'jpg' if i % 2 else 'png'}")
    files = broken(folder / "scene001.jpg")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return set(files)


def start(images: Path, out: Path) -> subprocess.Popen[bytes]:
    """`sightline batch` on the folder, in a process of its own."""
    return subprocess.Popen([str(SIGHTLINE), "batch", str(images), "-q", QUESTION, "--out", str(out)])


def kill_midway(images: Path, out: Path, rows: int) -> int:
    """Run the batch, and SIGKILL it as soon as `rows` rows stand. Returns how many whole rows it left."""
    process = start(images, out)
    while process.poll() is None and (not out.exists() or out.read_bytes().count(b"\n") < rows):
        time.sleep(0.02)
    process.kill()
    process.wait()
    return out.read_bytes().count(b"\n") if out.exists() else 0


def faults(out: Path, names: set[str], bad: set[str]) -> list[str]:
    """What is wrong with the rows, in words; empty where all is well."""
    rows = read_rows(out)
    seen = Counter(Path(row["image"]).name for row in rows)
    errors = {Path(row["image"]).name for row in rows if row["status"] == "error"}
    said = []
    if missing := names - set(seen):
        said.append(f"without a row: {sorted(missing)}")
    if more := {name: n for name, n in seen.items() if n > 1}:
        said.append(f"more than one row: {more}")
    if extra := set(seen) - names:
        said.append(f"rows for no image: {sorted(extra)}")
    if errors != bad:
        said.append(f"error rows for {sorted(errors)}, broken are {sorted(bad)}")
    return said


def main() -> int:
    """Draw, run, kill, run again, count. Returns the exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--images", type=int, default=100, help="five of them broken; at least 10")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        images, out = folder / "images", folder / "out.jsonl"
        bad = make_images(images, args.images)
        names = {path.name for path in images.iterdir()}
        left = kill_midway(images, out, args.images // 3)
        code = start(images, out).wait()
        said = faults(out, names, bad)
        print(f"killed at {left} rows, then {len(read_rows(out))} of {len(names)}; {len(bad)} broken")
    if not 0 < left < args.images:
        said.append(f"the kill came at {left} rows: it tried nothing")
    if code:
        said.append(f"the second run ended with {code}")
    print("\n".join(said) or "each image has one row, the broken ones are errors")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
