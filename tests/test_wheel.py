"""The wheel is whole: one name, every room, everything it ships; and it answers in an empty environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]

ROOMS = ("agent", "tools", "mllm", "train")


@pytest.fixture(scope="module")
def uv(root: Path) -> str:
    """The uv that the Makefile installs, or the one on the path."""
    bundled = root / ".tools/bin/uv"
    found = str(bundled) if bundled.exists() else shutil.which("uv")
    assert found, "no uv: run make setup"
    return found


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, so that both are tried."""
    out = tmp_path_factory.mktemp("dist")
    run(uv, "build", "--quiet", "--out-dir", out, cwd=root)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_there_is_one_name_at_the_top(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sightline"}


def test_every_file_of_the_package_is_inside(root: Path, names: set[str]) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "src/sightline"]
    done = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True)
    files = {name.removeprefix("src/") for name in done.stdout.split("\0") if name and (root / name).exists()}
    assert files - names == set()
    assert {name for name in names if name.startswith("sightline/")} - files == set()


@pytest.mark.parametrize(
    "pattern",
    [
        *(f"sightline/{room}/__init__.py" for room in ROOMS),
        "sightline/py.typed",
        "sightline/mllm/weights/*.safetensors",
        "sightline/mllm/weights/*/tokenizer*.json",
        "sightline/tools/weights/*.safetensors",
        "sightline/train/worlds/fonts/*.ttf",
        "sightline/train/worlds/fonts/OFL.txt",
        "sightline-*.dist-info/licenses/LICENSE",
        "sightline-*.dist-info/licenses/NOTICE",
    ],
)
def test_what_it_ships_is_inside(names: set[str], pattern: str) -> None:
    assert any(fnmatch(name, pattern) for name in names)


@pytest.fixture(scope="module")
def empty(root: Path, uv: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and its locked dependencies, hard links into uv's cache where it can."""
    folder = tmp_path_factory.mktemp("empty")
    locked = folder / "locked.txt"
    export = ("export", "--frozen", "--no-dev", "--no-emit-project", "--quiet", "--output-file", locked)
    run(uv, *export, cwd=root)
    run(uv, "venv", "--quiet", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    install = (uv, "pip", "install", "--quiet", "--python", python, "--requirements", locked, "--no-deps")
    offline = subprocess.run([*map(str, install), "--offline"], cwd=folder, capture_output=True, check=False)
    if offline.returncode:
        run(*install, cwd=folder)
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--offline", wheel, cwd=folder)
    return folder / "venv"


def test_it_answers_in_an_empty_environment(root: Path, empty: Path, tmp_path: Path) -> None:
    questions = (root / "examples/images/questions.jsonl").read_text(encoding="utf-8").splitlines()
    row = next(row for row in map(json.loads, questions) if row["kind"] == "count")
    image = shutil.copy(root / "examples/images" / row["image"], tmp_path)
    said = run(empty / "bin/sightline", "ask", image, row["question"], "--json", cwd=tmp_path)
    answer = json.loads(said)
    assert answer["status"] == "answered"
    assert answer["text"] == row["answer"]
    assert answer["evidence"]


def test_its_door_is_light_there(empty: Path, tmp_path: Path) -> None:
    where = run(empty / "bin/python", "-c", "import sightline; print(sightline.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(empty)
    assert "ask" in run(empty / "bin/sightline", "--help", cwd=tmp_path)
