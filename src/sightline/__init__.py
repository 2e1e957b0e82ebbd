"""Sightline answers questions about images by planning over tools.

The door. Its names load on first use, so that importing it costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.agent.agent import Agent
    from sightline.images import load_image
    from sightline.types import Answer

__all__ = ["Agent", "Answer", "__version__", "load_image"]

_HOMES = {
    "Agent": "sightline.agent.agent",
    "Answer": "sightline.types",
    "load_image": "sightline.images",
}


def _version() -> str:
    """The installed version, or `0+unknown` where the package runs without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sightline")
    except PackageNotFoundError:
        return "0+unknown"


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
