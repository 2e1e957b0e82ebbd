"""How people ask about a scene: a small grammar with several thousand sentences.

A line is one way to ask. `[a|b|]` is a choice, `{slot}` is filled by the question: `{a.a}` (a red circle),
`{a.one}` (red circle), `{a.many}` (red circles), `{b...}`, `{kind}`, `{side}`, `{more}`; and by the wording:
`{image}`, `{where}` (on this picture, or nothing) and `{done}` (a participle such as painted, which is at
times no word at all: what a sentence looks up follows from its form, not from which words it knows).

The lines under `HELD_OUT` are never trained on, and no sentence of `TRAIN` is one of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from sightline.train.worlds.lexicon import FIRST_NAMES, invented_word
from sightline.train.worlds.scenes import Split

T = TypeVar("T")

IMAGES = (
    *("picture", "image", "scene", "photo", "drawing") * 3,
    *("frame", "view", "figure", "illustration", "canvas", "snapshot", "panel", "screenshot", "graphic"),
)
DONE = tuple(
    """shown painted pictured placed displayed depicted visible included rendered printed present located
    portrayed spotted noticed given coloured sketched presented positioned represented put set laid detected
    arranged featured captured photographed exhibited listed marked added used put down made out kept left
    sitting standing lying hanging appearing floating there""".split()
)
_ABLE = "[see|see|spot|notice|make out|detect|recognise|observe|discover|identify|pick out|point to]"
_SHOW = "[contain|show|have|include|depict|display|feature|present|hold up|offer]"
_SHOWS = "[contains|shows|has|includes|depicts|displays|features|presents]"
_TELL = (
    "[Tell me|Let me know|I want to know|I wonder|Can you tell me|Can you tell|Determine|Find out|Check|"
    "Decide|I need to know|I would love to know|Do you know|We have to know|Please check|Answer me|Judge]"
)
_GIVE = (
    "[Tell me|Name|State|Give|Give me|Find|Identify|Determine|Provide|Write down|Let me have|I need|Show me]"
)
_SO = "[. Is that so|. Is that true|. Is it true|. True or false|, true or false|, yes or no|, correct]"
_LIES = "[lie|stand|sit|appear|come|rest|hang]"

TRAIN: dict[str, tuple[str, ...]] = {
    "exist": (
        "Is there {a.a}{where}?",
        "Is there [perhaps|maybe|possibly|by any chance|also|really|even] {a.a}{where}?",
        "Are there [{a.many}|any {a.many}|some {a.many}]{where}?",
        f"Can [you|one|I|we|anyone] {_ABLE} [{{a.a}}|any {{a.many}}]{{where}}?",
        f"Do [you|we] {_ABLE} [{{a.a}}|any {{a.many}}]{{where}}?",
        f"Does [the|this] {{image}} {_SHOW} [{{a.a}}|any {{a.many}}]?",
        f"Does it {_SHOW} [{{a.a}}|any {{a.many}}]?",
        "Is {a.a} {done}{where}?",
        "Are any {a.many} {done}{where}?",
        "Is {a.a} to be {done}{where}?",
        "Is any {a.one} {done}{where}?",
        "Is there {a.a} {done}{where}?",
        f"{_TELL} [whether|if] there [is {{a.a}}|are any {{a.many}}|are {{a.many}}]{{where}}.",
        f"{_TELL} [whether|if] [the|this] {{image}} {_SHOWS} [{{a.a}}|any {{a.many}}].",
        f"{_TELL} [whether|if] [{{a.a}} is|any {{a.many}} are] {{done}}{{where}}.",
        f"{_TELL} [whether|if] [you|we] {_ABLE} {{a.a}}{{where}}.",
        "Is there at least one {a.one}{where}?",
        "Do any {a.many} [appear|occur|show up|turn up|stand out|exist]{where}?",
        "Does [any|some] {a.one} [appear|occur|show up|turn up|exist]{where}?",
        "Would you say there [is {a.a}|are {a.many}]{where}?",
        "[Any|Some] {a.many}{where}?",
        "I am [looking|searching|hunting] for {a.a}. "
        f"[Is there one|Is one there|Do you {_ABLE} one|Does one exist|Am I lucky]{{where}}?",
        "There [is {a.a}|are {a.many}]{where}" + _SO + "?",
        "[True or false|Yes or no]: there [is {a.a}|are {a.many}]{where}.",
        f"[True or false|Yes or no]: [the|this] {{image}} {_SHOWS} {{a.a}}.",
        "My [friend|teacher|brother|colleague|neighbour] [says|thinks|claims|believes] that there is {a.a}"
        "{where}" + _SO + "?",
        "Did [the artist|anyone|somebody|the painter|the author] [put|place|paint|add|include|hide|leave] "
        "{a.a}{where}?",
        "Is it [true|the case|a fact|so] that there [is {a.a}|are {a.many}]{where}?",
        "Is [one|any] of them {a.a}?",
        "In [the|this] {image}, [is there {a.a}|are there any {a.many}|do you see {a.a}]?",
        "{a.a}{where}: [yes or no|is there one|present or absent|there or not]?",
        "Search [the|this] {image} for {a.a}. [Is there one|Any luck|Does one turn up|Is it there]?",
    ),
    "count": (
        "How many {a.many} are there{where}?",
        "How many {a.many} are [in|on|in all of] [the|this] {image}?",
        f"How many {{a.many}} [can|do|could] [you|we|I|one] {_ABLE}{{where}}?",
        f"How many {{a.many}} does [the|this] {{image}} {_SHOW}?",
        "How many {a.many} are {done}{where}?",
        "How many {a.many} [appear|exist|occur|lie|stand|show up|turn up]{where}?",
        "How many {a.many} [do we have|in all|in total|altogether|exactly]{where}?",
        "How many {a.many} [did the artist|did they|did someone] [paint|put|place|add|include]{where}?",
        "[In total|Altogether|In all|All told|Exactly], how many {a.many} are [there|{done}]{where}?",
        "In [the|this] {image}, how many {a.many} [are there|do you see|are {done}]?",
        "[Count|Count up|Tally|Number|Enumerate|Go and count|Please count] [the|all the] {a.many}{where}.",
        "[What is|What's|I need|I want] the [number|count|quantity|total number] of {a.many}{where}?",
        f"{_GIVE} the [number|count|quantity|total number|exact number] of {{a.many}}{{where}}.",
        f"{_TELL} how many {{a.many}} there are{{where}}.",
        f"{_TELL} how many {{a.many}} are {{done}}{{where}}.",
        f"{_TELL} how many {{a.many}} [the|this] {{image}} {_SHOWS}.",
        "What number of {a.many} does [the|this] {image} " + _SHOW + "?",
        "What number of {a.many} [is|are] {done}{where}?",
        "Find [the|all the] {a.many}{where} and [say how many there are|count them|tell me their number].",
        "{a.many}{where}: how many?",
        "The number of {a.many}{where}?",
        "If I count [the|all the] {a.many}{where}, [what do I get|how many do I get|which number comes out]?",
        "I [see|notice|spot] some {a.many}{where}. How many [are there|exactly|are they|is that]?",
        "There are {a.many}{where}, but how many?",
        "Of {a.many}, how many are [there|{done}]{where}?",
        "{image} with how many {a.many}?",
        "Go through [the|this] {image} and count the {a.many}.",
        "Someone [put|placed|painted] {a.many} here. How many?",
    ),
    "attribute": (
        "[What|Which] {kind} is the {a.one}{where}?",
        "What is the {kind} of the {a.one}{where}?",
        "What's the {kind} of the {a.one}{where}?",
        "[What|Which] {kind} does the {a.one}{where} [have|show|come with|wear|possess]?",
        "[What|Which] {kind} [was chosen for|was used for|was given to|belongs to|fits|has] the {a.one}"
        "{where}?",
        "[What|Which] {kind} is the {a.one} {done}{where}?",
        "[What|Which] {kind} did [the artist|they|someone] [give|choose for|use for] the {a.one}{where}?",
        f"{_GIVE} the {{kind}} of the {{a.one}}{{where}}.",
        f"{_TELL} [what|which] {{kind}} the {{a.one}} [is|has|is {{done}}]{{where}}.",
        "Say what {kind} the {a.one} is.",
        f"{_TELL} the {{kind}} of the {{a.one}}{{where}}.",
        "The {a.one}{where}: [what|which] {kind} [is it|does it have|is that|would that be]?",
        "The {kind} of the {a.one}{where}[ is what|]?",
        "There is {a.a}{where}. [What|Which] {kind} [is it|does it have|is that]?",
        "[Look at|Consider|Regard|Find|Focus on|Think of|Turn to] the {a.one}{where}. "
        "[What is its {kind}|What {kind} is it|Which {kind} does it have|Its {kind}|And its {kind}]?",
        "Can you [tell me what|tell which|see what|say which] {kind} the {a.one} is?",
        "For the {a.one}{where}, [what|which] {kind} [do you see|would you name|is right|is true|applies]?",
        "How would you [call|name|put|word] the {kind} of the {a.one}{where}?",
        "Someone asks for the {kind} of the {a.one}. What [do you say|is it|is your answer]?",
        "In [the|this] {image}, [what|which] {kind} [is the {a.one}|does the {a.one} have]?",
        "{a.one}, {kind}?",
        "Of what {kind} is the {a.one}{where}?",
        "Which is the {kind} of the {a.one}{where}?",
    ),
    "attribute size": (
        "How [large|big] is the {a.one}{where}?",
        "Is the {a.one}{where} [large or small|small or large|big or small|a large one or a small one]?",
        f"{_TELL} how [large|big] the {{a.one}} is{{where}}.",
    ),
    "attribute shape": (
        "[What|Which] [kind|sort|type] of shape is the {a.one}{where}?",
        "What is the {a.one}{where}?",
        "What form [has|is] the {a.one}{where}?",
    ),
    "attribute colour": (
        "[What|Which] [hue|tint|shade|paint] [is|has] the {a.one}{where}?",
        "How is the {a.one}{where} coloured?",
    ),
    "relation": (
        "Is the {a.one} {side} the {b.one}?",
        "Is the {a.one} {side} the {b.one}{where}?",
        f"Does the {{a.one}} {_LIES} [|somewhere |anywhere ]{{side}} the {{b.one}}{{where}}?",
        "Is the {a.one} {done} {side} the {b.one}{where}?",
        "Is the {a.one} [somewhere|really|actually|anywhere|located|found] {side} the {b.one}?",
        f"[Can|Do] [you|we] {_ABLE} the {{a.one}} {{side}} the {{b.one}}{{where}}?",
        "Is it [true|the case|a fact] that the {a.one} [is|lies|stands|is {done}] {side} the {b.one}{where}?",
        f"{_TELL} [whether|if] the {{a.one}} [is|lies|stands|sits|appears] {{side}} the {{b.one}}{{where}}.",
        f"{_TELL} [whether|if] the {{a.one}} is {{done}} {{side}} the {{b.one}}{{where}}.",
        "Would you say [the|that the] {a.one} [is|lies|stands|is {done}] {side} the {b.one}{where}?",
        "In [the|this] {image}, is the {a.one} {side} the {b.one}?",
        "In [the|this] {image}, does the {a.one} [lie|stand|sit|appear] {side} the {b.one}?",
        "The {a.one} [is|lies|stands|is {done}] {side} the {b.one}{where}" + _SO + "?",
        "[True or false|Yes or no]: the {a.one} [is|lies|stands|sits] {side} the {b.one}{where}.",
        "My [friend|teacher|sister] [says|thinks|claims|believes] that the {a.one} is {side} the {b.one}"
        + _SO
        + "?",
        f"Does [the|this] {{image}} {_SHOW} the {{a.one}} {{side}} the {{b.one}}?",
        "Did [the artist|anyone|somebody] [put|place|paint|set] the {a.one} {side} the {b.one}?",
        "Look at the {a.one}. Is it {side} the {b.one}?",
        "The {a.one}{where}: is it {side} the {b.one}?",
        "Do you see the {a.one} {side} the {b.one}{where}?",
    ),
    "compare_counts": (
        "Are there {more}{where}?",
        "Are {more} {done}{where}?",
        f"[Do|Can|Could] [you|we|one|I] {_ABLE} {{more}}{{where}}?",
        f"Does [the|this] {{image}} {_SHOW} {{more}}?",
        "Is it [true|the case|a fact|so] that there are {more}{where}?",
        f"{_TELL} [whether|if] there are {{more}}{{where}}.",
        f"{_TELL} [whether|if] [the|this] {{image}} {_SHOWS} {{more}}.",
        "Would you say [the|that the]re are {more}{where}?",
        "In [the|this] {image}, are there {more}?",
        "Count and compare: are there {more}{where}?",
        "There are {more}{where}" + _SO + "?",
        "[True or false|Yes or no]: there are {more}{where}.",
        "My [friend|teacher|sister] [says|thinks|claims|believes] that there are {more}{where}" + _SO + "?",
        "Do {more} [appear|occur|exist|show up|turn up]{where}?",
        "Do we [have|count|get] {more}{where}?",
    ),
    "unanswerable": (
        "What does the {a.one} [smell of|smell like|taste of|taste like|feel like|weigh|cost|mean|eat]?",
        "How much does the {a.one} [cost|weigh|hold|earn|need|want]?",
        "[What is|What's|Tell me|Name] the [price|weight|owner|age|name|meaning|value|maker] of the "
        "{a.one}{where}?",
        "How [heavy|warm|old|hard|soft|expensive|fast|fragile|rare|dangerous] is the {a.one}{where}?",
        "Who [drew|made|painted|owns|sold|bought|invented|named|left|wanted|ordered] the {a.one}{where}?",
        "When was the [{image}|{a.one}] [made|painted|bought|sold|finished|invented]?",
        "Where was [the|this] {image} [taken|made|bought|printed|painted]?",
        "What is the {a.one} made of?",
        "What is [hidden|written|waiting|living] [behind|under|inside] the {a.one}?",
        "[What is|Tell me] the name of the [artist|painter|owner|author]?",
        "Why [is the {a.one} here|did someone paint the {a.one}|was the {a.one} put there]?",
        "Is the {a.one} [happy|warm|wet|alive|tasty|fragile|asleep|made of wood|for sale|new|old]?",
        "[What|Which] [day|year|month|hour] was [the|this] {image} [made|taken|painted]?",
        "Which [material|smell|name|brand|price|taste] does the {a.one} have?",
        "What [happened|will happen] [before|after|next|to the {a.one}]?",
        "What [did|does|will] the {a.one} do [next|tomorrow|yesterday|all day]?",
        "Whose {a.one} is it?",
    ),
}
HELD_OUT: dict[str, tuple[str, ...]] = {
    "exist": (
        "Could you find {a.a}{where}?",
        "Has this {image} got any {a.many}?",
        "Say if {a.many} can be seen{where}.",
        "Would I come across {a.a}{where}?",
        "Point out whether {a.a} is among what you see.",
        "Are there {a.many} on display{where}?",
    ),
    "count": (
        "Work out how many {a.many} the {image} has.",
        "The {image} holds how many {a.many}?",
        "Please report the number of {a.many}{where}.",
        "Add up the {a.many}{where}.",
        "How many {a.many} make up the {image}?",
        "What do the {a.many}{where} number?",
    ),
    "attribute": (
        "In what {kind} is the {a.one} drawn?",
        "Describe the {kind} of the {a.one}.",
        "I see {a.a}; which {kind} is it?",
        "Under which {kind} would you file the {a.one}?",
        "The {a.one} comes in which {kind}?",
        "Could you specify the {kind} of the {a.one}{where}?",
    ),
    "relation": (
        "Do I find the {a.one} {side} the {b.one}?",
        "The {a.one} is {side} the {b.one}, right?",
        "Has the {a.one} been drawn {side} the {b.one}?",
        "Should I look for the {a.one} {side} the {b.one}?",
        "Can the {a.one} be located {side} the {b.one}?",
        "Does the {image} place the {a.one} {side} the {b.one}?",
    ),
    "compare_counts": (
        "Could one find {more}{where}?",
        "Has the {image} got {more}?",
        "Are {more} to be seen{where}?",
        "Did the artist use {more}?",
        "Will I count {more}{where}?",
        "Does one meet {more}{where}?",
    ),
    "unanswerable": (
        "What sound does the {a.one} make?",
        "For whom was the {image} drawn?",
        "Does the {a.one} like music?",
        "How long did it take to make the {a.one}?",
    ),
}
SIDES: dict[str, tuple[str, ...]] = {
    "left": (
        *("to the left of", "left of", "on the left of") * 2,
        "further left than",
        "on the left side of",
    ),
    "right": (
        *("to the right of", "right of", "on the right of") * 2,
        "further right than",
        "on the right side of",
    ),
    "above": (*("above", "higher than", "higher up than") * 2, "over", "further up than"),
    "below": (*("below", "lower than", "under") * 2, "beneath", "further down than"),
}
MORE: dict[str, tuple[str, ...]] = {
    "more": (
        *("more {0} than {1}",) * 3,
        "a larger number of {0} than {1}",
        "a greater number of {0} than {1}",
    ),
    "fewer": (*("fewer {0} than {1}",) * 3, "less {0} than {1}", "a smaller number of {0} than {1}"),
    "as many": (*("as many {0} as {1}",) * 3, "just as many {0} as {1}", "the same number of {0} as {1}"),
}
_OPENINGS = (
    *(
        "Please answer: ",
        "A question: ",
        "Look closely: ",
        "Hello, ",
        "Hi! ",
        "So, ",
        "Now, ",
        "Quick question: ",
    ),
    *(
        "One more: ",
        "For my homework: ",
        "For the report: ",
        "I have a question. ",
        "Just curious: ",
        "Hey, ",
    ),
    *(
        "Help me, please. ",
        "Next question: ",
        "Question {number}: ",
        "{name} asks: ",
        "{name} wants to know: ",
    ),
    *("Dear {name}, ", "Be careful now: ", "Think first: ", "This one is easy: "),
)
_CLOSINGS = (" Thanks.", " Thank you!", " Please.", " Be exact.", " I need it today.", " Answer in a word.")
_WHERE = "[ in| in| in| on| within| inside| across] [the|the|this] "


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, uniformly."""
    return options[int(rng.integers(0, len(options)))]


def lines(family: str, asks: str, split: Split) -> tuple[str, ...]:
    """The ways to ask a family's question; half of the held-out split's are held-out ones."""
    known = TRAIN[family] + TRAIN.get(f"{family} {asks}", ())
    if split == "train":
        return known
    held = HELD_OUT[family]
    return known + held * (len(known) // len(held))


def expand(rng: np.random.Generator, line: str) -> str:
    """The line with its choices and the wording's own slots drawn, and the question's slots left."""
    while "[" in line:
        line = re.sub(r"\[([^\[\]]*)\]", lambda choice: pick(rng, choice[1].split("|")), line)
    image = pick(rng, IMAGES)
    line = line.replace("{done}", _done(rng)).replace("{where}", _where(rng, image))
    return line.replace("{image}", image)


def variants(line: str) -> int:
    """How many sentences a line holds over its choices alone, its slots not counted."""
    while "[" in line:
        line = re.sub(r"\[([^\[\]]*)\]", lambda choice: f"<{sum(map(_product, choice[1].split('|')))}>", line)
    return _product(line)


def _product(part: str) -> int:
    return int(np.prod([int(number) for number in re.findall(r"<(\d+)>", part)]))


def is_held_out(family: str, text: str) -> bool:
    """Whether a question's text is one of the family's held-out wordings."""
    # A line as a pattern: its slots stand for any text.
    parts = (re.split(r"\{.*?\}", line.rstrip("?. ")) for line in HELD_OUT[family])
    patterns = (".*".join(map(re.escape, part)) for part in parts)
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def dress(rng: np.random.Generator, text: str) -> str:
    """The text as people type it: at times with an opening or a closing, no capital, no last mark."""
    if rng.random() < 0.15:
        opening = pick(rng, _OPENINGS)
        text = opening.format(number=rng.integers(1, 100), name=pick(rng, FIRST_NAMES)) + _lower(text)
    if rng.random() < 0.2:
        text = _lower(text)
    if rng.random() < 0.25:
        return text[:-1]
    return text + pick(rng, _CLOSINGS) if rng.random() < 0.05 else text


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _done(rng: np.random.Generator) -> str:
    return invented_word(rng) + "ed" if rng.random() < 0.15 else pick(rng, DONE)


def _where(rng: np.random.Generator, image: str) -> str:
    """Nothing in about half of the draws."""
    kind = rng.random()
    if kind < 0.5:
        return ""
    return " here" if kind < 0.57 else expand(rng, _WHERE) + image
