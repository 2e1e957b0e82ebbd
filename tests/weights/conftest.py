"""A manifest of two entries over two tiny wheels, an index that serves them, and who fetches."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
from tests.weights.serving import (
    SECOND,
    WHEEL,
    Runner,
    Site,
    built_wheel,
    clean_environment,
    noise,
    serving,
    sha256,
)

from sightline.weights.wheels import find_uv

MODEL, NAMES, MORE = noise(400_000), b"cat\ndog\n", noise(1000, seed=1)


@pytest.fixture(scope="session")
def wheel() -> bytes:
    return built_wheel(
        WHEEL, {"pinned_files/model.bin": MODEL, "pinned_files/names.txt": NAMES, "pinned_files/x": b"x"}
    )


@pytest.fixture(scope="session")
def second() -> bytes:
    return built_wheel(SECOND, {"more_pinned_files/more.bin": MORE})


def source(name: str, wheel: bytes) -> str:
    distribution, version = name.replace("_", "-").split("-py3")[0].rsplit("-", 1)
    about = {"distribution": distribution, "version": version, "sha256": sha256(wheel)}
    lines = [f'{key} = "{value}"' for key, value in about.items()]
    return "\n".join([f"[sources.{distribution}]", *lines, f"size = {len(wheel)}", ""])


def file(entry: str, source: str, member: str, data: bytes) -> str:
    about = {"name": member.rpartition("/")[2], "source": source, "member": member, "sha256": sha256(data)}
    lines = [f'{key} = "{value}"' for key, value in about.items()]
    return "\n".join([f"[[entries.{entry}.files]]", *lines, f"size = {len(data)}", ""])


def head(entry: str, *, needed: bool) -> str:
    words = "\n".join(f'{key} = "{key} of {entry}"' for key in ("purpose", "license", "origin", "url"))
    return f"[entries.{entry}]\n{words}\nneeded = {str(needed).lower()}\n"


@pytest.fixture
def manifest(tmp_path: Path, wheel: bytes, second: bytes) -> Path:
    """`model`: two files of the first wheel, needed. `both`: a file of each wheel."""
    parts = [
        source(WHEEL, wheel),
        source(SECOND, second),
        head("model", needed=True),
        file("model", "pinned-files", "pinned_files/model.bin", MODEL),
        file("model", "pinned-files", "pinned_files/names.txt", NAMES),
        head("both", needed=False),
        file("both", "more-pinned-files", "more_pinned_files/more.bin", MORE),
        file("both", "pinned-files", "pinned_files/names.txt", NAMES),
    ]
    path = tmp_path / "manifest.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


@pytest.fixture
def site(wheel: bytes, second: bytes) -> Iterator[Site]:
    with serving() as site:
        site.publish(WHEEL, wheel)
        site.publish(SECOND, second)
        yield site


@pytest.fixture(params=["uv", "pip"])
def runner(request: pytest.FixtureRequest, tmp_path: Path, manifest: Path, site: Site) -> Runner:
    """The command with that fetcher; the index is named as a user of pip names it."""
    python = python_without_pip() if request.param == "uv" else python_with_pip()
    env = {**clean_environment(tmp_path), "PIP_INDEX_URL": site.index}
    return Runner((python,), env, manifest)


@pytest.fixture
def uv_runner(tmp_path: Path, manifest: Path, site: Site) -> Runner:
    env = {**clean_environment(tmp_path), "PIP_INDEX_URL": site.index}
    return Runner((python_without_pip(),), env, manifest)


def python_without_pip() -> str:
    """Ours, as uv makes it: there uv is what fetches."""
    if PathFinder.find_spec("pip"):
        pytest.skip("this environment has pip, so uv fetches nothing")
    assert find_uv()
    return sys.executable


def python_with_pip() -> str:
    """The one that ours was made from, with our packages on its path."""
    base = getattr(sys, "_base_executable", sys.executable)
    if subprocess.run([base, "-P", "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip(f"{Path(base).name} has no pip")
    return str(shutil.which(base))
