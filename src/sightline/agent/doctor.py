"""What is installed, which weights are here, and what each tool can do with them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

import sightline
from sightline.agent.builder import default_planner, embedded_tools
from sightline.errors import SightlineError
from sightline.images import ImageStore

if TYPE_CHECKING:
    from sightline.tools.base import Tool

Verdict = Literal["ok", "missing", "broken"]

_NEEDED = (
    "torch",
    "transformers",
    "langgraph",
    "pydantic",
    "ultralytics-opencv-headless",
    "rapidocr",
    "onnxruntime",
    "opencv-python-headless",
    "mcp",
    "pillow",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report, on something that the embedded tier does not work without."""

    part: str
    name: str
    verdict: Verdict
    detail: str


def examine() -> list[Finding]:
    """Look at everything that the embedded tier needs; models are loaded, and freed again."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    findings = [
        Finding(part="package", name="sightline", verdict="ok", detail=sightline.__version__),
        Finding(part="package", name="python", verdict="ok", detail=python),
    ]
    findings += [_package(name) for name in _NEEDED]
    return [*findings, _guarded("model", "planner", _planner), *_tools()]


def broken(findings: list[Finding]) -> bool:
    """Whether the embedded tier does not work."""
    return any(f.verdict != "ok" for f in findings)


def _package(name: str) -> Finding:
    try:
        return Finding(part="package", name=name, verdict="ok", detail=version(name))
    except PackageNotFoundError:
        return Finding(part="package", name=name, verdict="missing", detail="not installed")


def _planner() -> str:
    planner = default_planner()
    return f"weights {planner.weights}; plans, and answers by itself"


def _tools() -> list[Finding]:
    try:
        tools = embedded_tools(ImageStore())
    except Exception as error:
        return [_broken("tool", "all", error)]
    return [_guarded("tool", name, _tool_check(tool)) for name, tool in tools.items()]


def _tool_check(tool: Tool) -> Callable[[], str]:
    def check() -> str:
        try:
            tool.warm()
            weights = f"weights {tool.weights}; " if tool.weights else ""
            return f"{tool.version}; {weights}{tool.covers()}"
        finally:
            tool.close()

    return check


def _guarded(part: str, name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part=part, name=name, verdict="ok", detail=check())
    except Exception as error:
        return _broken(part, name, error)


def _broken(part: str, name: str, error: Exception) -> Finding:
    """A fault is what the doctor reports: it never raises."""
    said = " ".join(str(error).split())
    if not said or not isinstance(error, SightlineError):
        said = f"{type(error).__name__}: {said}"
    return Finding(part=part, name=name, verdict="broken", detail=said[:400])
