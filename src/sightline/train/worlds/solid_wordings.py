"""How people ask about solids: the vocabulary of CLEVR with its synonyms, and a line a way to ask.

A line's `[a|b|]` is a choice (see `scene_wordings`), `{slot}` is filled by the question: `{a.a}` (a red
cube), `{a.one}` (red cube), `{a.many}` (red cubes), `{b...}`, `{kind}`, `{more}`, `{number}`.

The lines under `HELD_OUT` are never trained on, and no sentence of `TRAIN` is one of theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from sightline.train.worlds.dice import chance, pick
from sightline.train.worlds.nouns import plural, with_article
from sightline.train.worlds.scene_wordings import MORE, dress, expand
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.solid_programs import (
    Add,
    Alike,
    Base,
    Both,
    Compare,
    Count,
    Difference,
    Either,
    Everything,
    Exist,
    Filter,
    Program,
    Query,
    Relate,
    Same,
    Without,
)

SYNONYMS: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "tiny", "little"),
    "large": ("large", "large", "big"),
    "metal": ("metal", "metal", "metallic", "shiny"),
    "rubber": ("rubber", "rubber", "matte"),
    "gray": ("gray", "grey"),
    "cube": ("cube", "cube", "block"),
    "sphere": ("sphere", "sphere", "ball"),
    "cylinder": ("cylinder",),
    "": ("thing", "object"),
}
SIDES: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of", "on the left side of"),
    "right": ("right of", "to the right of", "on the right side of"),
    "front": ("in front of",),
    "behind": ("behind",),
}
SHARES = ("{are} the same {kind} as", "{have} the same {kind} as", "{have} the {kind} of")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")
_SEE = "[see|see|spot|notice|make out|detect|find]"
_SHOW = "[contain|show|have|include|display|feature]"
_TELL = "[Tell me|Let me know|Can you tell me|Determine|Find out|Check|Say|I want to know]"
_REMOVE = "[remove|take away|take out|clear away|get rid of]"
_GONE = "[removed|taken away|taken out|cleared away]"
_LEFT = "[are left|remain|are there then|would be left|will remain|stay]"
_COME = "[are added|join them|are put there|come in addition|are placed there too]"

TRAIN: dict[str, tuple[str, ...]] = {
    "exist": (
        "[Is there|Is there also|Is there perhaps] {a.a}{where}?",
        "Are there [any |]{a.many}{where}?",
        f"[Can|Do] [you|we|I] {_SEE} [{{a.a}}|any {{a.many}}]{{where}}?",
        f"Does [the|this] {{image}} {_SHOW} [{{a.a}}|any {{a.many}}]?",
        f"{_TELL} [whether|if] there [is {{a.a}}|are any {{a.many}}]{{where}}.",
        "In [the|this] {image}, [is there {a.a}|are there any {a.many}]?",
        "Do any {a.many} [appear|exist|occur]{where}?",
        "[Any|Some] {a.many}{where}?",
        "There is {a.a}{where}[. True or false|, yes or no|. Is that so]?",
    ),
    "count": (
        "How many {a.many} are there{where}?",
        f"How many {{a.many}} [can|do] [you|we|I] {_SEE}{{where}}?",
        f"How many {{a.many}} does [the|this] {{image}} {_SHOW}?",
        "What [is the number|is the total number|is the count] of {a.many}{where}?",
        "What number of {a.many} are there{where}?",
        "[Count|Count up|Please count] [all |]the {a.many}{where}.",
        f"{_TELL} how many {{a.many}} there are{{where}}.",
        "In [the|this] {image}, how many {a.many} are there?",
        "The number of {a.many}{where}?",
        "[Altogether|In total|In all], how many {a.many} are there{where}?",
    ),
    "attribute": (
        "[What|Which] {kind} is the {a.one}?",
        "What is the {kind} of the {a.one}{where}?",
        "[What|Which] {kind} does the {a.one} have?",
        "There is {a.a}{where}; [what is its {kind}|what {kind} is it|which {kind} does it have]?",
        f"{_TELL} [what|which] {{kind}} the {{a.one}} [is|has].",
        "[Name|State|Give|Give me|I need] the {kind} of the {a.one}.",
        "The {a.one}{where}: [what|which] {kind} is it?",
        "[Look at|Find|Consider] the {a.one}. [What is its {kind}|Which {kind} does it have]?",
    ),
    "attribute size": (
        "How [big|large] is the {a.one}{where}?",
        "Is the {a.one} [large or small|small or large]?",
    ),
    "attribute material": (
        "What is the {a.one} made of?",
        "[What|Which] material is the {a.one} made of?",
        "Is the {a.one} made of [metal or rubber|rubber or metal]?",
    ),
    "attribute shape": (
        "[What|Which] shape is [the|that] {a.one}{where}?",
        "What form does the {a.one} have?",
    ),
    "compare_attribute": (
        "Does the {a.one} have the same {kind} as the {b.one}?",
        "Is the {kind} of the {a.one} the same as [that of |the {kind} of ]the {b.one}?",
        "Is the {a.one} the same {kind} as the {b.one}?",
        f"{_TELL} [whether|if] the {{a.one}} has the same {{kind}} as the {{b.one}}.",
        "The {a.one} has the {kind} of the {b.one}[. True or false|, yes or no|. Is that so]?",
        "Is it [true|so] that the {a.one} and the {b.one} are of the same {kind}?",
    ),
    "compare_attribute material": ("Is the {a.one} made of the same material as the {b.one}?",),
    "compare_counts": (
        "Are there {more}{where}?",
        f"[Can|Do] [you|we] {_SEE} {{more}}{{where}}?",
        f"Does [the|this] {{image}} {_SHOW} {{more}}?",
        f"{_TELL} [whether|if] there are {{more}}{{where}}.",
        "There are {more}{where}[. True or false|, yes or no|. Is that so]?",
        "Is it [true|so] that there are {more}?",
    ),
    "compare_counts more": (
        "Is the number of {a.many} [greater|larger|higher] than the number of {b.many}?",
    ),
    "compare_counts fewer": (
        "Is the number of {a.many} [less|smaller|lower] than the number of {b.many}?",
    ),
    "compare_counts as many": (
        "Is the number of {a.many} [the same as|equal to] the number of {b.many}?",
        "Are there equally many {a.many} and {b.many}?",
    ),
    "remove": (
        f"If [I|you|we] {_REMOVE} [all the|the|all] {{a.many}}, how many {{b.many}} {_LEFT}?",
        f"[Remove|Take away|Take out] all {{a.many}}. How many {{b.many}} {_LEFT}?",
        f"How many {{b.many}} {_LEFT} [if|when|once] all {{a.many}} are {_GONE}?",
        f"[Suppose|Imagine] all {{a.many}} were {_GONE}: how many {{b.many}} {_LEFT}?",
        f"Someone [takes|carries] away all {{a.many}}. How many {{b.many}} {_LEFT}?",
        f"Without the {{a.many}}, how many {{b.many}} {_LEFT}?",
    ),
    "add": (
        f"If {{number}} more {{a.many}} {_COME}, how many {{b.many}} are there[ then| in all|]?",
        "If [I|you|we] add {number} [more |]{a.many}, how many {b.many} [are there|will there be]?",
        "[Add|Put] {number} more {a.many} [there|to the {image}]. How many {b.many} are there [now|then]?",
        f"[Suppose|Imagine] {{number}} more {{a.many}} {_COME}. How many {{b.many}} are there then?",
        "How many {b.many} will there be [once|after|when] {number} more {a.many} are added?",
    ),
    "difference more": (
        "How many more {a.many} than {b.many} are there{where}?",
        "By how many do the {a.many} outnumber the {b.many}?",
        f"{_TELL} how many more {{a.many}} than {{b.many}} there are.",
        "How many more {a.many} than {b.many} [can|do] you see?",
    ),
    "difference fewer": (
        "How many fewer {a.many} than {b.many} are there{where}?",
        "By how many do the {b.many} outnumber the {a.many}?",
        f"{_TELL} how many fewer {{a.many}} than {{b.many}} there are.",
        "How many fewer {a.many} than {b.many} [can|do] you see?",
    ),
}  # fmt: skip
HELD_OUT: dict[str, tuple[str, ...]] = {
    "exist": (
        "Would I come across {a.a}{where}?",
        "Has the {image} got any {a.many}?",
        "Could somebody point at {a.a}?",
    ),
    "count": (
        "Work out how many {a.many} stand on the floor.",
        "The {image} holds how many {a.many}?",
        "Please report the quantity of {a.many}.",
    ),
    "attribute": (
        "I see {a.a}; its {kind}, please?",
        "Describe the {a.one} by its {kind}.",
        "Under which {kind} would you file the {a.one}?",
    ),
    "compare_attribute": (
        "Would you give the {a.one} and the {b.one} one and the same {kind}?",
        "Does the {a.one} match the {b.one} in {kind}?",
    ),
    "compare_counts": (
        "Will I count {more}{where}?",
        "Could it be that the {image} has got {more}?",
    ),
    "remove": (
        "After every {a.one} has vanished, what number of {b.many} can be counted?",
        "Think the {a.many} away; the {b.many} that stay are how many?",
    ),
    "add": (
        "With another {number} {a.many} on the floor, what would the number of {b.many} be?",
        "Somebody brings {number} further {a.many}; the {b.many} are now how many?",
    ),
    "difference more": ("The {a.many} are how many more than the {b.many}?",),
    "difference fewer": ("The {a.many} are how many fewer than the {b.many}?",),
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """A noun phrase: singular without an article, plural, and singular with one."""

    one: str
    many: str
    a: str


def say(rng: np.random.Generator, things: Filter | Either) -> Said:
    """A noun phrase for things."""
    if isinstance(things, Either):
        a, b = say(rng, things.a), say(rng, things.b)
        return Said(one=f"{a.one} or {b.one}", many=f"{a.many} or {b.many}", a=f"{a.a} or {b.a}")
    words = things.words
    adjectives = " ".join(pick(rng, SYNONYMS.get(word, (word,))) for word in words.adjectives)
    noun, tail = pick(rng, SYNONYMS[words.shape]), _tail(rng, things.of)
    one, many = f"{adjectives} {noun}".strip(), f"{adjectives} {plural(noun)}".strip()
    one_tail, many_tail = tail.format(are="is", have="has"), tail.format(are="are", have="have")
    if isinstance(things.of, Same):
        return Said(
            one=f"other {one}{one_tail}", many=f"other {many}{many_tail}", a=f"another {one}{one_tail}"
        )
    return Said(one=one + one_tail, many=many + many_tail, a=with_article(one) + one_tail)


def _tail(rng: np.random.Generator, base: Base) -> str:
    """What a noun phrase says after its noun, with slots for the verbs' number."""
    match base:
        case Everything():
            return ""
        case Relate(side=side, to=to):
            verb = "" if isinstance(to.of, Everything) and chance(rng, 0.4) else " that {are}"
            return f"{verb} {pick(rng, SIDES[side])} the {say(rng, to).one}"
        case Same(attribute="material", to=to) if chance(rng, 0.4):
            return f" made of the same material as the {say(rng, to).one}"
        case Same(attribute=attribute, to=to):
            shares = pick(rng, SHARES).replace("{kind}", _kind(rng, attribute))
            return f" that {shares} the {say(rng, to).one}"
        case Both(a=a, b=b):
            first, second = (f"{pick(rng, SIDES[r.side])} the {say(rng, r.to).one}" for r in (a, b))
            return f" that {{are}} both {first} and {second}"


def _kind(rng: np.random.Generator, attribute: str) -> str:
    return "color" if attribute == "colour" and chance(rng, 0.3) else attribute


def word(rng: np.random.Generator, program: Program, split: Split) -> str:
    """A question that the program answers."""
    key, things, words = _slots(rng, program)
    said = {name: say(rng, part) for name, part in zip("ab", things, strict=False)}
    if isinstance(program, Compare):
        words["more"] = pick(rng, MORE[program.asks]).format(said["a"].many, said["b"].many)
    return dress(rng, expand(rng, pick(rng, _lines(key, split))).format(**said, **words))


def _slots(
    rng: np.random.Generator, program: Program
) -> tuple[str, tuple[Filter | Either, ...], dict[str, str]]:
    """The key of the program's lines, and what stands in their slots: things, then plain words."""
    match program:
        case Exist(of=of):
            return "exist", (of,), {}
        case Count(of=of):
            return ("remove", (of.less, of.of), {}) if isinstance(of, Without) else ("count", (of,), {})
        case Query(attribute=attribute, of=of):
            return f"attribute {attribute}", (of,), {"kind": _kind(rng, attribute)}
        case Alike(attribute=attribute, a=a, b=b):
            return f"compare_attribute {attribute}", (a, b), {"kind": _kind(rng, attribute)}
        case Compare(asks=asks, a=a, b=b):
            return f"compare_counts {asks}", (a, b), {}
        case Add(of=of, new=new, number=number):
            said = str(number) if chance(rng, 0.5) else _NUMBERS[number]
            return "add", (Filter(words=new), of), {"number": said}
        case Difference(asks=asks, a=a, b=b):
            return f"difference {asks}", (a, b), {}


def _lines(key: str, split: Split) -> tuple[str, ...]:
    """The ways to ask; half of the held-out split's are held-out ones."""
    family = key.partition(" ")[0]
    known = TRAIN.get(family, ()) + (TRAIN.get(key, ()) if key != family else ())
    if split == "train":
        return known
    held = HELD_OUT.get(key) or HELD_OUT[family]
    return known + held * (len(known) // len(held))


def is_held_out(family: str, text: str) -> bool:
    """Whether a question's text is one of the family's held-out wordings."""
    held = [line for key, lines in HELD_OUT.items() if key.partition(" ")[0] == family for line in lines]
    # A line as a pattern: its slots stand for any text.
    parts = (re.split(r"\{.*?\}", line.rstrip("?. ")) for line in held)
    return any(re.search(".*".join(map(re.escape, part)), text, re.IGNORECASE) for part in parts)
