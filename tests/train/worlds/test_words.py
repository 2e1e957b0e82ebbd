import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np

from sightline.train.worlds.words import CHARSET, SIDE, char_labels, draw_words, make_words, words_dialogue


def _digest(seed: int) -> str:
    rng = np.random.default_rng(seed)
    digest = hashlib.sha256()
    for _ in range(20):
        words = make_words(rng)
        digest.update(draw_words(words).tobytes() + char_labels(words).tobytes() + words.text.encode())
    return digest.hexdigest()


def test_same_seed_same_bytes_in_another_process() -> None:
    program = "from tests.train.worlds.test_words import _digest; print(_digest(5))"
    root = Path(__file__).parents[3]
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == _digest(5)
    assert _digest(6) != _digest(5)


def test_every_character_has_a_half_cell_of_its_own() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        words = make_words(rng)
        labels = char_labels(words)
        printed = sum(char != " " for line in words.lines for char in line.text)
        assert int((labels > 0).sum()) == printed
        assert labels.shape == (8, 8, 2)


def test_labels_read_from_left_to_right_spell_the_lines() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        words = make_words(rng)
        rows = ["".join(CHARSET[i] for i in row.ravel()) for row in char_labels(words)]
        assert [row for row in rows if row] == [line.text.replace(" ", "") for line in words.lines]


def test_labels_match_the_drawn_ink() -> None:
    """Each character's ink, found by drawing the image without it, lies around its labelled centre."""
    rng = np.random.default_rng(2)
    for _ in range(40):
        words = make_words(rng)
        whole = draw_words(words).astype(int)
        line = words.lines[int(rng.integers(len(words.lines)))]
        at = int(rng.integers(len(line.text)))
        if line.text[at] == " ":
            continue
        without = dataclasses.replace(line, text=line.text[:at] + " " + line.text[at + 1 :])
        bare = dataclasses.replace(words, lines=tuple(without if o is line else o for o in words.lines))
        ys, xs = np.nonzero(np.abs(whole - draw_words(bare)).sum(2) > 30)
        assert len(xs), (words.text, line.text[at])
        assert abs((xs.min() + xs.max() + 1) / 2 - line.centres[at]) < 2.5, (line.text, at)
        assert ys.min() >= line.y - 14
        assert ys.max() <= line.y + 14


def test_ink_stays_inside_and_is_dark_on_light() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        words = make_words(rng)
        image = draw_words(words)
        assert image.shape == (SIDE, SIDE, 3)
        assert image.dtype == np.uint8
        assert np.median(image) > 150
        assert all(line.ink < words.paper for line in words.lines)
    assert draw_words(words, 96).shape == (96, 96, 3)


def test_dialogue_answers_with_the_lines() -> None:
    dialogue = words_dialogue(np.random.default_rng(4))
    words = make_words(np.random.default_rng(4))
    assert dialogue.branches[0].reply.answer == words.text
    assert np.array_equal(np.asarray(dialogue.images[0]), draw_words(words))
