"""Nouns that no scene shows: what a planner must copy rather than know.

`TRAIN_NOUNS` and `HELD_OUT_NOUNS` share no word, and neither names a shape. Invented words come on top.
"""

from __future__ import annotations

import numpy as np

from sightline.train.worlds.lexicon import invented_word
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES, Split

TRAIN_NOUNS = tuple(
    """dog|car|person|chair|bottle|cup|bird|horse|sheep|cow|elephant|bear|zebra|giraffe|backpack|umbrella
handbag|tie|suitcase|frisbee|ski|snowboard|kite|skateboard|surfboard|tennis racket|wine glass|fork
knife|spoon|bowl|banana|apple|sandwich|carrot|pizza|donut|cake|couch|potted plant|bed|dining table
toilet|laptop|mouse|remote|keyboard|cell phone|microwave|oven|toaster|sink|book|clock|vase
teddy bear|hair dryer|toothbrush|bicycle|motorcycle|airplane|bus|train|boat|traffic light
fire hydrant|stop sign|parking meter|bench|man|woman|child|baby|tree|flower|house|window|door|wall
fence|road|bridge|mountain|river|cloud|sun|moon|rock|leaf|shoe|hat|coat|glove|sock|shirt|dress|watch
ring|necklace|pen|pencil|notebook|envelope|stamp|letter|logo|barcode|signature|label|arrow|button
slider|icon|menu|bar|line|pixel|cell|bubble|marker|pin|nail|screw|bolt|gear|wheel|engine|wire|pipe
valve|pump|ladder|bucket|brush|hammer|saw|drill|wrench|helmet|vest|cone|barrel|pallet|crate|forklift
crane|drone|satellite|ship|container|tank|tomato|potato|onion|pear|grape|lemon|melon|nut|seed
mushroom|fish|shark|whale|crab|ant|bee|spider|butterfly|snail|frog|snake|turtle|duck|goose|hen|pig
goat|wolf|fox|deer|monkey|mug|plate|lamp|candle|mirror|curtain|carpet|pillow|blanket|towel|soap|key
lock|coin|banknote|ticket|map|flag|ball|drum|guitar|piano|violin|trumpet|camera|radio|nodule
fracture|lesion|vessel|scratch|dent|crack|hole|defect|weld|chip|resistor|capacitor|sensor""".replace(
        "\n", "|"
    ).split("|")
)
HELD_OUT_NOUNS = tuple(
    """cat|truck|olive tree|table|phone|giant panda|broccoli|baseball bat|refrigerator|pair of pliers|tiger
lion|rabbit|castle|tower|tent|tractor|scooter|helicopter|rocket|robot|doll|puzzle|balloon|kettle|pan
jar|basket|broom|shovel|axe|anchor|compass|telescope|microscope|battery|antenna|stain|tumour
bolt cutter|petal|acorn|feather|shell|coral|squirrel|owl|penguin|octopus|dolphin""".replace("\n", "|").split(
        "|"
    )
)

_IRREGULAR = {
    "man": "men",
    "woman": "women",
    "person": "people",
    "child": "children",
    "mouse": "mice",
    "goose": "geese",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
    "knife": "knives",
    "leaf": "leaves",
    "wolf": "wolves",
    "tomato": "tomatoes",
    "potato": "potatoes",
}


def plural(noun: str) -> str:
    """The plural of a singular noun, such as `traffic lights` and `crosses`."""
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        many = _IRREGULAR[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        many = last[:-1] + "ies"
    else:
        many = last + "s"
    return f"{head} {many}".strip()


def with_article(phrase: str) -> str:
    """`a` or `an`, by the first letter, before a singular phrase."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def unseen_noun(rng: np.random.Generator, split: Split = "train") -> str:
    """A singular noun that is no shape: three in ten are invented, the rest come from the split's list."""
    if rng.random() < 0.3:
        word = invented_word(rng, int(rng.integers(2, 4)))
        if word not in (*COLOURS, *SHAPES, *SIZES, *HELD_OUT_NOUNS):
            return word
    nouns = HELD_OUT_NOUNS if split == "heldout" else TRAIN_NOUNS
    return nouns[int(rng.integers(0, len(nouns)))]
