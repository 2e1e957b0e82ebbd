"""pip's settings in uv's words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sightline.weights.pip_settings import as_uv

NO_FILES = {"PIP_CONFIG_FILE": os.devnull}
INDEX = "https://mirror.example/simple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without files of uv, and with one of pip that names an index."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    folder = tmp_path / ".config/pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text(f"[global]\nindex-url = {INDEX}\ntimeout = 7\n")
    return tmp_path


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ({"PIP_INDEX_URL": INDEX}, {"UV_DEFAULT_INDEX": INDEX}),
        (
            {"PIP_EXTRA_INDEX_URL": f"{INDEX}\nhttps://b"},
            {"UV_INDEX": f"{INDEX} https://b", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        ({"PIP_FIND_LINKS": "https://b/w /nowhere"}, {"UV_FIND_LINKS": "https://b/w"}),
        ({"PIP_FIND_LINKS": "/nowhere"}, {}),
        ({"PIP_NO_INDEX": "true"}, {"UV_NO_INDEX": "1"}),
        ({"PIP_NO_INDEX": "0"}, {}),
        ({"PIP_TRUSTED_HOST": "b"}, {"UV_INSECURE_HOST": "b"}),
        ({"PIP_CERT": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/other.pem"}, {}),
        ({"PIP_PROXY": "http://b:3"}, {"ALL_PROXY": "http://b:3"}),
        ({"PIP_INDEX_URL": INDEX, "UV_DEFAULT_INDEX": "https://own"}, {}),
        ({"PIP_INDEX_URL": INDEX, "UV_FIND_LINKS": "wheels"}, {}),
        ({"PIP_INDEX_URL": ""}, {}),
    ],
)
def test_variables(pip: dict[str, str], uv: dict[str, str]) -> None:
    assert as_uv(NO_FILES | pip) == uv


def test_a_file_counts_and_a_variable_comes_first(home: Path) -> None:
    assert as_uv({})["UV_DEFAULT_INDEX"] == INDEX
    assert as_uv({"PIP_INDEX_URL": "https://b"})["UV_DEFAULT_INDEX"] == "https://b"
    assert as_uv(NO_FILES) == {}


def test_a_later_file_and_the_section_of_install_come_first(home: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    named.write_text("[install]\nindex-url = https://install\n[global]\nindex-url = https://named\n")
    assert as_uv({"PIP_CONFIG_FILE": str(named)})["UV_DEFAULT_INDEX"] == "https://install"
    named.write_text("[global]\nindex-url = https://named\n")
    assert as_uv({"PIP_CONFIG_FILE": str(named)})["UV_DEFAULT_INDEX"] == "https://named"


def test_a_file_of_uv_comes_before_those_of_pip(home: Path) -> None:
    (home / ".config/uv").mkdir()
    (home / ".config/uv/uv.toml").write_text('index-url = "https://own"\n')
    assert "UV_DEFAULT_INDEX" not in as_uv({})
    assert as_uv({"PIP_INDEX_URL": INDEX}) == {"UV_DEFAULT_INDEX": INDEX}
