"""Captions: CIDEr-D, BLEU and ROUGE-L by pycocoevalcap, over tokens that need no Java (see `tokens`)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence

import numpy as np

from sightline.train.evaluation.scores import Scores
from sightline.train.evaluation.tokens import tokenise

Tokeniser = Callable[[str], str]


def by_spaces(caption: str) -> str:
    """Lower case, split at white space alone: for captions that come as tokens."""
    return " ".join(caption.lower().split())


def captions(
    replies: Sequence[str | None],
    references: Sequence[Sequence[str]],
    *,
    tokens: Tokeniser = tokenise,
) -> Scores:
    """CIDEr-D, BLEU-1 to -4 and ROUGE-L over a corpus; document frequencies are those of its references.

    Args:
        replies: a caption each; None where there is none, which scores as an empty one.
        references: the human captions of each.
        tokens: turns a caption into tokens with spaces between them.

    Returns:
        Figures as the libraries give them (`CIDEr` about 0..10, mostly below 2; the others 0..1). Credits are
        the CIDEr-D of each.
    """
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    said = {i: [tokens(reply or "")] for i, reply in enumerate(replies)}
    truth = {i: [tokens(text) for text in of] for i, of in enumerate(references)}
    if said.keys() != truth.keys():
        raise ValueError(f"{len(said)} replies to {len(truth)} lists of references")
    cider, each = Cider().compute_score(truth, said)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its lengths
        bleu, _ = Bleu(4).compute_score(truth, said)
    rouge, _ = Rouge().compute_score(truth, said)
    figures = {"CIDEr": float(cider)} | {f"BLEU-{n}": float(b) for n, b in enumerate(bleu, start=1)}
    return Scores(
        figures=figures | {"ROUGE-L": float(rouge)}, credits=tuple(np.asarray(each, float).tolist())
    )
