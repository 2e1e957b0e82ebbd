"""The house stands as designed: links, lock file, weights, sizes, documents, imports."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

MIB = 2**20
ROOMS = ("agent", "tools", "mllm", "train")
SHIPPED = ("mllm/weights", "tools/weights")
PICKLED = {".pt", ".pth", ".bin", ".pkl", ".ckpt", ".npy", ".npz", ".onnx", ".h5"}
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".svg", ".html", ""}
# Homes and work folders of whoever built it.
BUILD_PATHS = re.compile(r"/(?:root|work|home|Users|opt)/")


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Every file that git tracks or would track: what a clone holds."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: nothing is tracked here")
    paths = [root / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def recorded(folder: Path) -> dict[Path, str]:
    """The sha256 of each file that a manifest under `folder` names.

    A manifest is `manifest.json` with `files`, or `<name>.json` with the `sha256` of `<name>.safetensors`.
    """
    hashes: dict[Path, str] = {}
    for path in sorted(folder.rglob("*.json")):
        about = json.loads(path.read_text())
        if path.name == "manifest.json":
            hashes |= {path.parent / name: digest for name, digest in about["files"].items()}
        elif "sha256" in about:
            hashes[path.with_suffix(".safetensors")] = about["sha256"]
    return hashes


@pytest.mark.parametrize("room", ROOMS)
def test_the_top_level_shows_the_room(root: Path, room: str) -> None:
    link = root / room
    assert link.is_symlink()
    assert link.readlink() == Path("src/sightline") / room
    assert (link / "__init__.py").is_file()


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "NOTICE", "Makefile", ".ci/run"]
)
def test_the_top_level_holds(root: Path, name: str) -> None:
    assert (root / name).stat().st_size > 0


def test_the_licences_say_what_they_must(root: Path) -> None:
    assert "Apache License" in (root / "LICENSE").read_text()
    notice = (root / "NOTICE").read_text()
    assert "AGPL-3.0" in notice
    assert "ultralytics" in notice
    assert "AGPL-3.0" in (root / "README.md").read_text()


def test_the_lock_file_names_the_public_index_alone(root: Path) -> None:
    lock = (root / "uv.lock").read_text()
    hosts = {urlsplit(url).hostname for url in re.findall(r'"((?:https?|file)://[^"]+)"', lock)}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    kinds = set(re.findall(r"source = \{ (\w+) = ", lock))
    assert kinds == {"registry", "editable"}


def test_no_path_of_a_build_machine(root: Path, tracked: list[Path]) -> None:
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in tracked
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if BUILD_PATHS.search(line)
    ]
    assert found == []


def test_files_are_short(root: Path, tracked: list[Path]) -> None:
    lengths = {
        str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked
        if path.suffix == ".py"
    }
    assert {name: n for name, n in lengths.items() if n > 600} == {}


def test_every_module_says_what_it_is(root: Path) -> None:
    modules = sorted((root / "src/sightline").rglob("*.py"))
    assert modules
    silent = [str(p.relative_to(root)) for p in modules if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


def test_the_tree_is_small(tracked: list[Path]) -> None:
    assert sum(path.stat().st_size for path in tracked) <= 60 * MIB


def test_the_weights_are_small_safetensors(root: Path, tracked: list[Path]) -> None:
    weights = [path for path in tracked if path.suffix == ".safetensors"]
    assert all(path.stat().st_size <= 15 * MIB for path in weights)
    assert sum(path.stat().st_size for path in weights) <= 50 * MIB
    assert [str(path.relative_to(root)) for path in tracked if path.suffix in PICKLED] == []


@pytest.mark.parametrize("room", SHIPPED)
def test_the_room_ships_weights_that_a_manifest_names(root: Path, room: str) -> None:
    folder = root / "src/sightline" / room
    weights = set(folder.rglob("*.safetensors"))
    assert weights, f"{room} holds no weights"
    assert weights <= set(recorded(folder))


@pytest.mark.parametrize("room", SHIPPED)
def test_each_hash_is_the_one_that_the_manifest_names(root: Path, room: str) -> None:
    for path, digest in recorded(root / "src/sightline" / room).items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path.name


@pytest.mark.parametrize("module", ["sightline", "sightline.cli", "sightline.types", "sightline.errors"])
def test_importing_is_light(module: str) -> None:
    heavy = "torch transformers ultralytics rapidocr onnxruntime langgraph mcp matplotlib supervision".split()
    script = f"import sys, {module}\nprint(*[n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_room_at_the_top_level_is_the_same_class(root: Path) -> None:
    script = "import agent, sightline\nassert agent.Agent is sightline.Agent"
    subprocess.run([sys.executable, "-c", script], cwd=root, check=True)
