"""How people name their tools and arguments: styles, abbreviations, and names that tell nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from sightline.planning.tool_spec import Argument

_PREFIXES = ("get_", "my_", "run_", "do_", "auto_", "fetch_", "call_", "custom_", "x_", "ai_")
_SUFFIXES = (
    "_tool", "_model", "_v2", "_net", "_fn", "_api", "_ai", "_2", "_v3", "_service", "_lookup", "_pro"
)  # fmt: skip
_OPAQUE = ("tool", "fn", "skill", "helper", "module", "plugin", "op", "custom", "func", "task")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "query": ("what", "target", "item", "name", "phrase", "thing", "q"),
    "what": ("query", "item", "subject", "target"),
    "region": ("area", "box", "roi", "where", "part"),
    "regions": ("boxes", "areas", "rois", "places"),
    "text": ("words", "content", "string", "phrase_text"),
    "lang": ("language", "to", "locale", "target_lang"),
    "unit": ("units", "in_unit", "as_unit"),
    "n": ("top", "k", "limit", "number", "count"),
    "mode": ("style", "how", "setting"),
    "currency": ("to_currency", "cur", "money"),
}


def styled(names: Sequence[str], rng: np.random.Generator, taken: Collection[str]) -> str:
    """One of some names in a style that people use; never one that is taken."""
    for _ in range(20):
        name = _style(names[int(rng.integers(0, len(names)))], rng)
        if name not in taken:
            return name
    number = 2
    while (name := f"{names[0]}_{number}") in taken:
        number += 1
    return name


def _style(name: str, rng: np.random.Generator) -> str:
    draw, parts = rng.random(), name.split("_")
    if draw < 0.5:
        return name
    if draw < 0.62:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if draw < 0.67:
        return "".join(part.capitalize() for part in parts)
    if draw < 0.75:
        return _PREFIXES[int(rng.integers(0, len(_PREFIXES)))] + name
    if draw < 0.86:
        return name + _SUFFIXES[int(rng.integers(0, len(_SUFFIXES)))]
    if draw < 0.91:
        return "_".join(_short(part) for part in parts)
    if draw < 0.95:
        return "".join(parts)
    return f"{_OPAQUE[int(rng.integers(0, len(_OPAQUE)))]}_{int(rng.integers(1, 100))}"


def _short(word: str) -> str:
    """A word as people shorten it: its first letters, or its consonants."""
    if len(word) < 6:
        return word
    return word[:4] if word[3] not in "aeiou" else word[:3]


def argument_named(name: str, rng: np.random.Generator, taken: Collection[str]) -> str:
    """The name of an argument, or another that people give it."""
    others = [one for one in _ARGUMENTS.get(name, ()) if one not in taken]
    if others and rng.random() < 0.4:
        return others[int(rng.integers(0, len(others)))]
    return name


def extra_argument(rng: np.random.Generator) -> Argument:
    """An optional argument that nobody asks for."""
    return _EXTRAS[int(rng.integers(0, len(_EXTRAS)))]


_EXTRAS = (
    Argument(name="region", kind="region", required=False),
    Argument(name="area", kind="region", required=False),
    Argument(name="boxes", kind="regions", required=False),
    Argument(name="min_score", kind="number", required=False),
    Argument(name="threshold", kind="number", required=False),
    Argument(name="retries", kind="number", required=False),
    Argument(name="verbose", kind="choice", required=False, options=("yes", "no")),
    Argument(name="speed", kind="choice", required=False, options=("fast", "accurate")),
    Argument(name="quality", kind="choice", required=False, options=("low", "medium", "high")),
    Argument(name="model", kind="text", required=False),
    Argument(name="hint", kind="text", required=False),
    Argument(name="version", kind="text", required=False),
    Argument(name="points", kind="points", required=False),
)
