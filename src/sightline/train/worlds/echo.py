"""Echo: short notes to repeat, and what comes after a word in them.

Copying is what every other world asks for: a noun from the question into a call, an amount from a page into
an answer. Where pages are long and answers short a model from scratch finds it late; here half of all tokens
are copies, and it finds it in minutes.
"""

from __future__ import annotations

import numpy as np

from sightline.mllm.chat import Branch, Call, Dialogue, Note, Reply
from sightline.train.worlds.lexicon import COMMON, PRODUCTS, invented_word

REPEAT = ("Repeat the text.", "Say it again.", "What does it say?", "Read all of it.", "Copy the words.")
AFTER = ('What comes after "{}"?', 'Which word follows "{}"?', 'After "{}" there stands what?')


def echo_dialogue(rng: np.random.Generator, questions: int = 3) -> Dialogue:
    """A note of 3 to 12 words and branches that repeat it, or the word after one of its words; no image."""
    words = list(dict.fromkeys(_word(rng) for _ in range(int(rng.integers(3, 13)))))
    note = Note(id="e1", call=Call(name="read_text"), text="ok: " + " ".join(words))
    branches = [_repeat(rng, words)]
    branches += [_after(rng, words) for _ in range(questions - 1) if len(words) > 1]
    return Dialogue(notes=(note,), branches=tuple(branches))


def _word(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.35:
        return invented_word(rng, int(rng.integers(1, 4)))
    if kind < 0.6:
        return str(int(rng.integers(0, 10 ** int(rng.integers(1, 6)))))
    pool = COMMON if kind < 0.8 else PRODUCTS
    word = pool[int(rng.integers(len(pool)))].split()[0]
    return word.upper() if rng.random() < 0.4 else word


def _repeat(rng: np.random.Generator, words: list[str]) -> Branch:
    question = REPEAT[int(rng.integers(len(REPEAT)))]
    return Branch(
        question=question, reply=Reply(answer=" ".join(words), quote=True, cites=("e1",)), task="repeat"
    )


def _after(rng: np.random.Generator, words: list[str]) -> Branch:
    """The word after one that stands only once, and is part of no other."""
    at = int(rng.integers(len(words) - 1))
    question = AFTER[int(rng.integers(len(AFTER)))].format(words[at])
    # The answer is quoted where it first stands, so it must not stand inside an earlier word.
    text = " ".join(words)
    first = text.find(words[at + 1]) == len(" ".join(words[: at + 1])) + 1
    if not first:
        return _repeat(rng, words)
    reply = Reply(answer=words[at + 1], quote=True, cites=("e1",))
    return Branch(question=question, reply=reply, task="what follows")
