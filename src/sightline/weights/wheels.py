"""A wheel of the package index, fetched by the user's own pip or uv. No code of it is imported or run."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from importlib.machinery import PathFinder
from pathlib import Path

from sightline.weights.failures import FetchFailure, of_process
from sightline.weights.manifest import Wheel
from sightline.weights.pip_settings import as_uv
from sightline.weights.watch import OnBytes, run

# What these say concerns other packages than ours, and would change or refuse the one that is pinned.
_OF_OTHERS = (
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_NO_BINARY",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_NO_BINARY",
    "UV_EXCLUDE_NEWER",
)
_PINNED = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement")


def fetch_wheel(wheel: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
    """Fetch a wheel into `folder`, the caller's to delete. Returns the wheel, or the tree unpacked from it.

    Index, proxy, certificates and mirrors are those of the user's pip and uv. Raises `FetchFailure`.
    """
    pinned = folder / "requirements.txt"
    pinned.write_text(
        f"{wheel.distribution}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8"
    )
    out = folder / "fetched"
    env = _environment(folder)
    command = _pip(out) if PathFinder.find_spec("pip") else _uv(out, env)
    code, said = run([*command, *_PINNED, pinned], env=env, folder=folder, on_bytes=on_bytes)
    if code:
        raise of_process(code, said, str(wheel))
    return next(out.glob("*.whl"), out)


def take(fetched: Path, member: str, to: Path) -> Path:
    """Copy one file out of what `fetch_wheel` left. Raises `FetchFailure` where there is none."""
    try:
        if fetched.is_dir():
            shutil.copyfile(fetched / member, to)
        else:
            with zipfile.ZipFile(fetched) as archive, archive.open(member) as found, to.open("wb") as out:
                shutil.copyfileobj(found, out)
    except (KeyError, FileNotFoundError, zipfile.BadZipFile) as error:
        raise FetchFailure(f"the wheel holds no file {member}") from error
    return to


def _pip(out: Path) -> list[str | Path]:
    quiet = ("-vv", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off")
    return [sys.executable, "-P", "-m", "pip", "download", *quiet, "--dest", out]


def _uv(out: Path, env: dict[str, str]) -> list[str | Path]:
    quiet = ("--no-progress", "--color", "never")
    no_index = ["--no-index"] if env.get("UV_NO_INDEX") else []  # of this, uv reads no variable
    return [find_uv(), "pip", "install", *quiet, *no_index, "--python", sys.executable, "--target", out]


def find_uv() -> Path:
    """The uv that runs us, of the path, of this environment or of this checkout. Raises `FetchFailure`."""
    beside = (Path(sys.prefix) / "bin", Path(sys.executable).parent, Path(sys.prefix).parent / ".tools/bin")
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, beside)])
    found = shutil.which(os.environ.get("UV") or "uv", path=path) or shutil.which("uv", path=path)
    if found is None:
        raise FetchFailure("neither pip nor uv is here to fetch it", "install one of them")
    return Path(found)


def _environment(folder: Path) -> dict[str, str]:
    """The user's own, with all that is written on the way kept in `folder`."""
    mine = {
        "TMPDIR": str(folder),
        "UV_CACHE_DIR": str(folder / "cache"),
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    theirs = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
    return {**theirs, **as_uv(theirs), **mine}
