"""A question about a picture that the language model itself sees (`mllm.eyes`), in its own chat form."""

from __future__ import annotations

from sightline.planning.situation import START, STOP
from sightline.planning.tokens import Tokens


def before_question(tokens: Tokens, places: int, place: int) -> list[int]:
    """The head of the user's turn, then `places` times the token that a picture's embeddings replace."""
    return [*tokens.pieces([START, "user\n"]), *[place] * places]


def from_question(tokens: Tokens, question: str) -> list[int]:
    """From behind the picture to where the reply begins."""
    return tokens.pieces(["\n", question, STOP, "\n", START, "assistant\n"])
