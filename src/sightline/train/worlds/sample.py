"""What every world gives: images, what is asked about them, and the exact state that the answers come from.

    sample = WORLDS["solids"](rng, "train")
    sample.images, sample.asked[0].question, sample.asked[0].answer

A world's own module says what its state is. `worlds.py` names all worlds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.scenes import Split


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question and its exact answer.

    Args:
        question: as a person would type it.
        answer: the shortest right answer; a number as digits, a statement's as `yes` or `no`.
        family: the kind of question, such as `count`; one word or two joined by `_`.
        thought: the steps that lead to the answer, in words, or nothing.
        wording: names the template that the question came from, so that answers can be balanced by it.
        choices: the options where the question is multiple choice.
    """

    question: str
    answer: str
    family: str
    thought: str = ""
    wording: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One draw of a world.

    Args:
        asked: about the images.
        state: the symbolic state, a frozen dataclass of the world's own.
        draw: draws the images from the state; nothing is drawn before `images` is asked for.
    """

    asked: tuple[Asked, ...]
    state: object = field(repr=False)
    draw: Callable[[], tuple[NDArray[np.uint8], ...]] = field(repr=False, compare=False)

    @cached_property
    def images(self) -> tuple[NDArray[np.uint8], ...]:
        """RGB uint8[H, W, 3] each, in the order in which the questions speak of them."""
        return self.draw()


World = Callable[[np.random.Generator, Split], Sample]
"""(rng, split) -> a sample; the same generator state gives the same bytes."""
