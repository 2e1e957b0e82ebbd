"""Tool lists for planner traces: the real one, and others with the same roles under other names.

A planner that only ever saw one list would memorise it; over random names, wordings and orders it has to
read the list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightline.mllm.chat import Call, Dialogue, Reply, ToolSpec
from sightline.train.worlds.lexicon import invented_word

ROLES = ("detect", "read_text", "crop")

_REAL = {
    "detect": ToolSpec(name="detect", params=(("query", "text"),), doc="finds objects and where they are"),
    "read_text": ToolSpec(name="read_text", doc="reads the words"),
    "crop": ToolSpec(name="crop", params=(("region", "region"),), doc="enlarges a region"),
}
_NAMES: dict[str, tuple[str, ...]] = {
    "detect": ("find_objects", "locate", "yolo", "find", "detector", "object_detector", "spot", "ground"),
    "read_text": ("ocr", "read", "read_words", "text_reader", "transcribe", "scan_text", "get_text"),
    "crop": ("zoom", "enlarge", "magnify", "zoom_in", "cut_out", "closer_look", "view_region"),
}
_DOCS = {
    "detect": (
        "finds objects and where they are",
        "locates the things that are asked for",
        "returns a box for each object that fits",
        "looks for objects by name",
        "detects objects",
    ),
    "read_text": (
        "reads the words",
        "returns the text of the image line by line",
        "transcribes what is written",
        "recognises characters and words",
    ),
    "crop": (
        "enlarges a region",
        "zooms into a part of the image",
        "cuts a region out to look closer",
        "shows a region at a larger size",
    ),
}
_ARGUMENTS = {"detect": ("query", "what", "target", "name", "phrase"), "crop": ("region", "area", "box")}
_DISTRACTORS = (
    ("weather", "tells the weather of a place"),
    ("translate", "translates words into English"),
    ("search_web", "searches the web"),
    ("calculator", "works out a sum"),
    ("send_mail", "sends a message"),
    ("play_music", "plays a song"),
    ("calendar", "looks up a day"),
    ("dictionary", "explains a word"),
)


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """The tools of a dialogue in the order they are listed. `names`: the tool's name by role."""

    specs: tuple[ToolSpec, ...]
    names: dict[str, str]

    def call(self, role: str, *values: str) -> Call:
        """A call of the tool that has `role`, with its arguments in the order of its signature."""
        spec = next(s for s in self.specs if s.name == self.names[role])
        return Call(
            name=spec.name,
            args=tuple((name, value) for (name, _), value in zip(spec.params, values, strict=True)),
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A preference: a dialogue whose one branch is the chosen reply, and the reply to turn down."""

    dialogue: Dialogue
    rejected: Reply


def real_toolbox() -> Toolbox:
    """The tools under the names and words that the agent gives them."""
    return Toolbox(specs=tuple(_REAL.values()), names={role: role for role in ROLES})


def random_toolbox(rng: np.random.Generator) -> Toolbox:
    """The real tools in seven of ten draws, else other names, arguments, wordings and orders.

    Every toolbox has the roles `detect` and `read_text`; one in five of the others lacks `crop`, and half
    of them list one or two further tools that are never right.
    """
    if rng.random() < 0.7:
        return real_toolbox()
    roles = ROLES if rng.random() < 0.8 else ROLES[:2]
    specs = {role: _renamed(rng, role) for role in roles}
    while len({spec.name for spec in specs.values()}) < len(specs):
        specs = {role: _renamed(rng, role) for role in roles}
    listed = [*specs.values(), *_distractors(rng)]
    return Toolbox(
        specs=tuple(listed[i] for i in rng.permutation(len(listed))),
        names={role: spec.name for role, spec in specs.items()},
    )


def _renamed(rng: np.random.Generator, role: str) -> ToolSpec:
    real, draw = _REAL[role], rng.random()
    name = real.name
    if draw < 0.3:
        name = invented_word(rng, int(rng.integers(2, 4)))
    elif draw < 0.85:
        name = _NAMES[role][int(rng.integers(0, len(_NAMES[role])))]
    doc = _DOCS[role][int(rng.integers(0, len(_DOCS[role])))]
    params = real.params
    if params and rng.random() < 0.5:
        choices = _ARGUMENTS[role]
        params = ((choices[int(rng.integers(0, len(choices)))], params[0][1]),)
    return ToolSpec(name=name, params=params, doc=doc)


def _distractors(rng: np.random.Generator) -> list[ToolSpec]:
    if rng.random() < 0.5:
        return []
    picked = rng.permutation(len(_DISTRACTORS))[: int(rng.integers(1, 3))]
    return [
        ToolSpec(name=_DISTRACTORS[i][0], params=(("query", "text"),), doc=_DISTRACTORS[i][1]) for i in picked
    ]
