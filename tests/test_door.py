"""The door: what it offers, what it costs, and that both ways in give the same things."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sightline
import sightline.agent


def python(code: str, root: Path) -> str:
    """What `code` prints in a fresh interpreter at the repository's root."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, cwd=root)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_everything_named_is_there() -> None:
    assert sightline.__all__ == ["Agent", "Answer", "__version__", "load_image"]
    for door in (sightline, sightline.agent):
        assert sorted(dir(door)) == sorted(door.__all__)
        for name in door.__all__:
            assert getattr(door, name) is not None


@pytest.mark.parametrize("door", [sightline, sightline.agent])
def test_what_is_not_named_is_not_there(door: object) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'agnet'"):
        door.agnet  # type: ignore[attr-defined] # noqa: B018 - it must not be there


def test_the_top_level_link_gives_the_same_class(root: Path) -> None:
    code = (
        "from agent import Agent, Budget, ScriptedPlanner\n"
        "import sightline, sightline.agent\n"
        "print(Agent is sightline.Agent is sightline.agent.Agent, Budget is sightline.agent.Budget)"
    )
    assert python(code, root) == "True True"


def test_importing_costs_nothing(root: Path) -> None:
    code = (
        "import sys, sightline, sightline.agent\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'PIL', 'langgraph', 'typer'}\n"
        "print(heavy & set(sys.modules))"
    )
    assert python(code, root) == "set()"


def test_making_an_agent_loads_no_model(root: Path) -> None:
    code = (
        "import sys, sightline\n"
        "sightline.Agent()\n"
        "print({'torch', 'transformers', 'ultralytics', 'rapidocr', 'langgraph'} & set(sys.modules))"
    )
    assert python(code, root) == "set()"
