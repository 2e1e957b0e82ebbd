"""Questions that need no detector (describe, classify, read_text), and those that nothing can answer."""

from __future__ import annotations

import numpy as np

from sightline.tools.classify import named, words
from sightline.train.symbolic.object_questions import Call, Rounds, detect_call, failure
from sightline.train.symbolic.objects import Noun, evidence, result
from sightline.train.worlds.dice import chance, pick, span
from sightline.types import Box, Caption, Detections
from sightline.types.description import Description
from sightline.types.overview import Classes

_KINDS = {
    "animal kind": "animal",
    "food kind": "food",
    "vehicle kind": "vehicle",
    "instrument kind": "musical instrument",
}


def describe(r: Rounds) -> None:
    """What is in the picture; where `describe` fails, a caption."""
    question, _ = r.word("describe")
    got = r.stage.picture.describe()
    said = got.payload
    if not isinstance(said, Description):
        return
    if chance(r.rng, 0.94):
        first = evidence(2, "describe", {}, got)
        r.add("describe", "description", question, [("describe()", ()), ("text of e2", (first,))])
        return
    first = evidence(2, "describe", {}, failure(r.rng, "describe"))
    caption = Caption(text=said.text, region=r.stage.picture.glance().region, confidence=0.8)
    second = evidence(3, "caption", {}, result("caption", caption))
    steps = [("describe()", ()), ("caption()", (first,)), ("text of e3", (first, second))]
    r.add("describe again", "description", question, steps)


def classified(r: Rounds, region: Box, group: str = "", *, sure: float = 0.8) -> Classes:
    """What `classify` says of something that it knows (of a kind, where one is given), or hardly knows."""
    known = words()
    names = [n for n, kinds in enumerate(known.kinds_of) if not group or group in kinds]
    names = names or list(range(len(known.names)))
    name = pick(r.rng, names)
    first = int(np.flatnonzero(known.name_of == name)[0])
    logits = r.rng.normal(0, 1.2, 1000)
    is_sure = chance(r.rng, sure)
    logits[first] += r.rng.uniform(8, 13) if is_sure else r.rng.uniform(2, 5)
    if is_sure and chance(r.rng, 0.6):  # kinds of the same thing are likely too
        near = max(first - 3, 0), min(first + 4, 1000)
        logits[near[0] : near[1]] += r.rng.uniform(2, 8)
    return named(np.asarray(logits, np.float64), region, 5)


def classify(r: Rounds) -> None:
    """What kind of animal, food, vehicle or thing this is."""
    family = pick(r.rng, ("animal kind", "animal kind", "thing kind", "thing kind", *_KINDS))
    question, _ = r.word(family)
    group = _KINDS.get(family, "")
    if family == "animal kind":
        group = pick(r.rng, ("animal", "dog", "bird", "cat", "fish", "animal"))
    finding = classified(r, r.stage.picture.glance().region, group)
    got = result("classify", finding)
    reply = "value of e2" if got.status == "ok" else "cannot tell: no tool"
    if chance(r.rng, 0.04):
        got, reply = failure(r.rng, "classify"), "cannot tell: failed"
    call = Call(name="classify", text="classify()", arguments={}, got=got)
    r.steps(family, "name", question, [[call]], reply)


def breed(r: Rounds) -> None:
    """What breed the dog is: detect, then classify its box."""
    label = pick(r.rng, ("dog", "dog", "cat", "bird", "bear", "horse", "boat", "truck", "car"))
    present = [one for one in ("dog", "cat", "bird", "car", "truck", "boat") if one in r.stage.picture.labels]
    label = pick(r.rng, present) if present and chance(r.rng, 0.85) else label
    noun = Noun(labels=(label,), one=label, many=f"{label}s")
    question, phrase = r.word("breed", noun)
    first = detect_call(r.stage, phrase)
    found = first.got.payload
    if not isinstance(found, Detections):
        r.steps("breed unknown", "name", question, [[first]], "cannot tell: no tool")
        return
    if found.perhaps and not found.items:
        return
    if len(found.items) != 1:
        reason = "ambiguous" if found.items else "not there"
        r.steps(f"breed {reason}", "name", question, [[first]], f"cannot tell: {reason}")
        return
    got = result("classify", classified(r, found.items[0].box, label, sure=0.9))
    text = "classify(region=e2.1)"
    call = Call(name="classify", text=text, arguments={"region": "e2.1"}, got=got)
    reply = "value of e3" if got.status == "ok" else "cannot tell: no tool"
    r.steps("breed", "name", question, [[first], [call]], reply)


def read(r: Rounds) -> None:
    """What the sign says; whether there is text."""
    got = r.stage.picture.read()
    whole = chance(r.rng, 0.8)
    question, _ = r.word("read" if whole else "any text")
    late = chance(r.rng, 0.04)
    if late:
        got = failure(r.rng, "read_text")
    call = Call(name="read_text", text="read_text()", arguments={}, got=got)
    if late:
        reply = "cannot tell: failed"
    elif not whole:
        reply = "exists in e2"
    elif got.status == "empty":
        reply = "cannot tell: not there"
    else:
        lines = r.stage.picture.lines
        reply = f"quote of e2: {lines[0]}" if len(lines) == 1 else "text of e2"
    kind = "text" if whole else "yes/no"
    r.steps("read" if whole else "any text", kind, question, [[call]], reply)


NO_TOOL = {"no tool text": "text", "no tool name": "name", "no tool date": "date", "no tool number": "number",
           "no tool yes/no": "yes/no"}  # fmt: skip
NOT_ABOUT = {"not about number": "number", "not about text": "text", "not about name": "name",
             "not about yes/no": "yes/no"}  # fmt: skip


def no_tool(r: Rounds) -> None:
    """What no tool can tell: thoughts, weights, prices, dates."""
    family = pick(r.rng, tuple(NO_TOOL))
    noun = r.stage.noun(there=0.95, generic=0)
    question, _ = r.word(family, noun)
    r.refuse("no tool", NO_TOOL[family], question, "no tool")


def not_about(r: Rounds) -> None:
    """Orders, and what has nothing to do with the picture."""
    family = pick(r.rng, ("not about number", "not about number", "not about text", *NOT_ABOUT))
    question, _ = r.word(family, n=pick(r.rng, (42, span(r.rng, 0, 1000), span(r.rng, 1, 20))))
    r.refuse("not about the picture", NOT_ABOUT[family], question, "not about the picture")
