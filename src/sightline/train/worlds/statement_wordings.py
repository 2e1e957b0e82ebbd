"""How statements over panels are worded.

A line is in the grammar of `scene_wordings`; its key is a kind of panel and a family.
Slots: `{some}` (exactly two circles) after `{are}`; `{a}` and `{b}` (a small black square); `{item}` and
`{items}` (blue triangles); `{place}` (the wall); `{boxes}` (at least two boxes) after `{do}` (is or
are) or before `{have}`; `{number}`, `{height}`, `{more}`, `{kinds}` (three, or 3); two colours `{c}`, `{d}`.
"""

from __future__ import annotations

from sightline.train.worlds.phrasing import Phrasebook

PHRASES = Phrasebook(
    train={
        "scatter count": (
            "There {are} {some}.",
            "There {are} {some} in [all|total].",
            "There {do} {boxes} with {some}.",
            "There {do} {boxes} [which {have}|that {have}] {some}.",
            "{boxes} {have} {some}.",
            "There is a box with {a} and {number} items in all.",
            "One of the grey boxes has {some}.",
            "There is a box with {number} items.",
        ),
        "scatter touch": (
            "There {are} {some} touching {place}.",
            "There {are} {some} [closely |]touching {place}.",
            "There {are} {some} not touching any edge.",
            "All {items} are touching {place}.",
            "[No|None of the] {items} are touching {place}.",
            "Every {item} is touching {place}.",
            "There is {a} touching {place}.",
            "There {do} {boxes} with {a} touching {place}.",
            "Each [box|grey box] has {some} touching {place}.",
            "At least one {item} is not touching [the edge|the wall|any edge].",
            "There is a box with {number} items and {a} touching {place}.",
            "There is {a} that is not touching [the wall|the edge].",
        ),
        "scatter each": (
            "Each [box|grey box] [has|contains] {some}.",
            "Every box [has|contains] {some}.",
            "There {are} {some} in each box.",
            "There is a box with {a} and {b}.",
            "There is a box with {a} and no {items}.",
            "There is a box with {some} and {b}.",
            "There is a box with {a}, {b} and {some}.",
            "There is no box with {a}.",
        ),
        "scatter only": (
            "There {do} {boxes} with only {c} items.",
            "There {do} {boxes} with only {c} and {d} items.",
            "There is a box with items of only {c} and {d} [colour|color].",
            "There {do} {boxes} with items of {kinds} different [colours|colors].",
            "There {do} {boxes} with items of only one [colour|color].",
            "There is a box with all 3 different [colours|colors].",
            "All {c} items are in the same box.",
            "[There is only one colour|There are exactly two colours|All 3 different colours are] "
            "touching {place}.",
            "There {are} {some} that {are} not {c}.",
        ),
        "scatter order": (
            "There is a box with {a} [above|over] {b}.",
            "There {do} {boxes} with {a} on top.",
            "There is a box with {number} items and {a} on top.",
            "There is {a} [above|below] {b}.",
            "There is a box with {a} at the [bottom|base].",
            "There are {some} [above|below] {b}.",
        ),
        "towers count": (
            "There {do} {boxes} with {height} blocks.",
            "There {do} {boxes} [with|that has|having] exactly {height} blocks.",
            "There {do} {boxes} with at least {more} blocks.",
            "There {do} {boxes} with {some}.",
            "There {are} {some}.",
            "{boxes} {have} {some}.",
            "There is a tower with only one block.",
            "There {do} {boxes} with {number} {c} blocks stacked together.",
            "There is a {c} tower.",
            "There is a {c} tower with {height} blocks.",
            "There {do} {boxes} which {have} only {height} blocks.",
        ),
        "towers ends": (
            "There {do} {boxes} with a {c} block at the [base|bottom|top].",
            "There {do} {boxes} with exactly {height} blocks having a {c} block at the [base|top].",
            "There {are} {some} as the [base|top] of a tower.",
            "There is a {c} block as the [base|top] of a tower with [at least|exactly|more than] "
            "{height} blocks.",
            "The [base|top] of the tower with {height} blocks is {c}.",
            "There {do} {boxes} where the second block [from the base|from the top] is {c}.",
            "{boxes} {have} a {c} [base|top].",
            "There {do} {boxes} with a {c} block at the base and a {d} block at the top.",
            "There are [at least|exactly|only] two towers with the same [height|base colour|top colour].",
        ),
        "towers order": (
            "There is a {c} block [above|on|below] a {d} block.",
            "There {do} {boxes} with a {c} block [over|above|below] a {d} block.",
            "There {do} {boxes} with a {c} block [above|over] a {c} block.",
            "There is no {c} block [above|over|below] a {d} block.",
            "There {do} {boxes} which {have} a {c} block on top of a {d} block.",
        ),
        "towers each": (
            "Each tower [has|contains] {some}.",
            "All towers [have|contain] {some}.",
            "Every tower has a {c} block at [its|the] [base|top].",
            "All [3|three] towers have {some}.",
            "There {are} {some} in each tower.",
            "There {do} {boxes} with a {c} block and a {d} block.",
            "There {do} {boxes} with a {c} block and {number} {d} blocks.",
        ),
        "towers only": (
            "There {do} {boxes} with only {c} and {d} blocks.",
            "There {do} {boxes} with only {c} blocks.",
            "There {do} {boxes} with blocks of {kinds} different [colours|colors].",
            "There {do} {boxes} where all the blocks are of the same [colour|color].",
            "There is a tower with more than one block where all the blocks are of same [colour|color].",
            "All {c} blocks are in the same tower.",
            "There is a tower with no {c} block.",
        ),
    },
    held_out={
        "scatter count": (
            "We see {some}.",
            "The picture shows {some}.",
            "There exists a box holding {some}.",
        ),
        "scatter touch": ("There is {a} in contact with {place}.", "We see {some} stuck to {place}."),
        "scatter each": ("All boxes hold {some}.", "Every grey box includes {some}."),
        "scatter only": (
            "We see a box with nothing but {c} items.",
            "There exists a box holding only {c} items.",
        ),
        "scatter order": ("The image shows {a} underneath {b}.", "We see {a} underneath {b}."),
        "towers count": ("We see {boxes} with {height} blocks.", "We see {boxes} with {some}."),
        "towers ends": ("We see a tower whose base is {c}.", "The picture shows {some} at the very top."),
        "towers order": (
            "There is a {c} block directly above a {d} block.",
            "We see a {c} block under a {d} block.",
        ),
        "towers each": ("Every tower includes {some}.", "Every stack has {some}."),
        "towers only": (
            "We see a tower with nothing but {c} blocks.",
            "There exists a stack of only {c} blocks.",
        ),
    },
)
FRAMES = Phrasebook(
    train={
        "frame": (
            *("{S}",) * 6,
            "True or false: {s}",
            "Is it [true|right|correct|the case] that {q}?",
            "Does this [hold|apply|fit the picture]? {S}",
            "{S} [Yes or no|Is that so|Is that true|Is this right|True or false]?",
            "Judge the [statement|claim|sentence]: {S}",
            "[Statement|Claim]: {S} [Is it true|Does it hold]?",
        )
    },
    held_out={
        "frame": (
            "Can one say that {q}?",
            "Somebody claims: {S} Do you agree?",
            "Verify: {s}",
        )
    },
)
WALLS = ("the wall", "the edge", "an edge", "the bottom", "the base", "a corner", "the top edge")
SIDED = ("right wall", "left wall", "the bottom of a box", "right wall of a box", "a corner of a box")
