"""The manifest that ships, and what the public functions say of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.weights.conftest import file, head, source
from tests.weights.serving import WHEEL

from sightline import weights
from sightline.errors import ConfigError, InputError
from sightline.weights.manifest import Wheel, read_manifest


def test_what_the_tools_need_is_here_and_right() -> None:
    for name in weights.needed():
        assert weights.path(name).is_dir()
    assert {checked.state for checked in weights.verify(weights.needed())} == {"ok"}


def test_every_entry_says_where_it_comes_from(root: Path) -> None:
    notice = (root / "NOTICE").read_text(encoding="utf-8")
    page = (root / "docs/weights.md").read_text(encoding="utf-8")
    for entry in weights.entries():
        assert entry.license == "Apache-2.0"
        assert entry.url.startswith("https://")
        assert entry.name in notice
        assert f"`{entry.name}`" in page
        for one in entry.files:
            assert isinstance(one.source, Wheel)
            assert one.source.distribution in notice
            assert one.name in notice


def test_the_class_names_are_1000() -> None:
    labels = weights.path("efficientnet-lite0", "efficientnet_labels.txt").read_text(encoding="utf-8")
    assert len(labels.splitlines()) == 1000
    assert labels.startswith("tench")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="no weights are called 'yolo'"):
        weights.path("yolo")
    with pytest.raises(ConfigError, match="has no file 'x'"):
        weights.path("efficientnet-lite0", "x")


def test_the_folder_is_the_user_s_or_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path))
    assert weights.home() == tmp_path
    assert not weights.available("efficientnet-lite0")
    monkeypatch.delenv("SIGHTLINE_HOME")
    assert weights.home().name == "sightline"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "a.bin"', 'name = "../a.bin"'),
        ("[entries.model]", '[entries."../model"]'),
        ('source = "pinned-files"', 'source = "other"'),
        ("needed = true", ""),
        ("size = 1", "sizes = 1"),
        ('sha256 = "', 'sha256 = "x'),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "manifest.toml"
    parts = [
        source(WHEEL, b"w"),
        head("model", needed=True),
        file("model", "pinned-files", "pinned_files/a.bin", b"a"),
    ]
    text = "\n".join(parts)
    path.write_text(text)
    assert read_manifest(path)[0].size == 1
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match="is no manifest of weights"):
        read_manifest(path)


def test_importing_is_light() -> None:
    heavy = "torch pydantic rich huggingface_hub platformdirs filelock numpy typer".split()
    script = f"import sys, sightline.weights\nprint(*[n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
