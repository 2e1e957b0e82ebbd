"""Where pip is told to take packages from, in uv's words: uv reads none of pip's variables and files."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

# https://pip.pypa.io/en/stable/topics/configuration/ and https://docs.astral.sh/uv/reference/environment/
_UV_SAYS_WHERE = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_OFFLINE",
)
_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def as_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for uv that say what pip's settings say; none where uv's own variables say where to look.

    pip's files count only where uv has no file of its own. What `environ` sets already is left as it is.
    """
    if any(environ.get(name) for name in _UV_SAYS_WHERE):
        return {}
    settings = {} if _uv_has_a_file(environ) else _from_files(environ)
    settings |= {
        name: environ[variable]
        for name in _NAMES
        if environ.get(variable := "PIP_" + name.upper().replace("-", "_"))
    }
    told = {_NAMES[name]: text for name, value in settings.items() if (text := _said(name, value))}
    if "UV_INDEX" in told:
        # As pip does: one index may have the package, and another the version. Safe where the hash is pinned.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in told.items() if not environ.get(name)}


def _said(name: str, value: str) -> str:
    """A value as uv takes it. Folders that are not there are left out, as pip does: uv would refuse them."""
    parts = value.split()
    if name == "no-index":
        return "1" if value.strip().lower() in ("1", "true", "yes", "on") else ""
    if name == "find-links":
        return ",".join(part for part in parts if "://" in part or Path(part).expanduser().exists())
    return " ".join(parts)


def _from_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings in pip's files, a later file over an earlier one, `[install]` over `[global]`."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return {}
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(_files(environ), encoding="utf-8")
    except (
        configparser.Error,
        UnicodeDecodeError,
    ):  # pip itself stops at such a file, so nobody relies on it
        return {}
    sections = [dict(parser[name]) for name in ("global", "install") if parser.has_section(name)]
    return {name: value for section in sections for name, value in section.items() if name in _NAMES}


def _files(environ: Mapping[str, str]) -> list[Path]:
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("pip", appauthor=False, roaming=True, multipath=True)
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    shared = [Path(folder) / name for folder in reversed(dirs.site_config_dir.split(os.pathsep))]
    home = Path("~").expanduser()
    own = [home / ".pip" / name, home / ".config" / "pip" / name, Path(dirs.user_config_dir) / name]
    here = [Path(sys.prefix) / name]
    named = [Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else []
    return [*shared, Path("/etc") / name, *own, *here, *named]


def _uv_has_a_file(environ: Mapping[str, str]) -> bool:
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("uv", appauthor=False, roaming=True, multipath=True)
    folders = [*dirs.site_config_dir.split(os.pathsep), "/etc/uv", dirs.user_config_dir]
    folders.append(str(Path("~/.config/uv").expanduser()))
    return bool(environ.get("UV_CONFIG_FILE")) or any((Path(f) / "uv.toml").exists() for f in folders)
