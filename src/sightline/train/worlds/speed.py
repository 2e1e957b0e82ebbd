"""How fast the worlds are: images a second of one core, with the state and all that is asked of it."""

from __future__ import annotations

import time

import cv2
import numpy as np

from sightline.train.worlds.catalogue import WORLDS

ROUNDS = 3


def rates(world: str, *, samples: int = 50, seed: int = 0) -> tuple[float, float]:
    """Samples a second of processor time and images a second, the best of three rounds.

    Processor time hardly depends on what else the machine does; OpenCV is held to one thread meanwhile.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        _round(world, 5, seed)  # fonts and tables that are made once
        rounds = [_round(world, samples, seed) for _ in range(ROUNDS)]
    finally:
        cv2.setNumThreads(threads)
    seconds, images = min(rounds)
    return samples / seconds, images / seconds


def _round(world: str, samples: int, seed: int) -> tuple[float, int]:
    """Seconds and images."""
    start, images = time.process_time(), 0
    for index in range(samples):
        images += len(WORLDS[world](np.random.default_rng((seed, index)), "train").images)
    return time.process_time() - start, images
