"""detect(query): find objects, and measure the color and the size of each.

Two vocabularies ship with the package: shapes where they are drawn (our YOLO), and the 80 things of COCO in
photographs (`coco`). Weights of the user stand beside them: other YOLOs, and the object detectors of
transformers, of which an open-vocabulary one takes what no other has a class for. The query chooses: a noun
goes to the vocabulary that knows it, and `things` to those that fit the picture (see `drawn`). What none of
them has a class for is `unsupported`, never an empty finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import WeightsError
from sightline.tools import yolo
from sightline.tools.attributes import measure
from sightline.tools.base import Phrase, Picture, Tool, Unsupported
from sightline.tools.coco import Coco
from sightline.tools.drawn import Look, look_of
from sightline.tools.nouns import Query, resolve_among
from sightline.tools.terms import Term
from sightline.tools.vocabulary import Seen, Sighting, Vocabulary, Weights
from sightline.tools.words import nearest
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import Box, Detection, Detections, Frame

SAME_PLACE = 0.6
"""Of two boxes with a greater intersection over union, found as things of two kinds, the less likely is
dropped."""

CLEAR_SHAPE = 0.8
"""Score of a shape that no photograph shows (of 121, in 15 a shape was found at 0.4, in none at 0.8)."""

LISTED = 20
"""Classes that are named one by one; of longer lists the first few."""

WORLDS = {"drawn": "where they are drawn", "photograph": "in photographs", "": ""}


class Detector(Tool):
    """The tool `detect`."""

    name = "detect"

    def __init__(
        self, *weights: str | Path | None, score_from: float | None = None, alone: bool = False
    ) -> None:
        """Choose the vocabularies; nothing is loaded.

        Args:
            weights: further ones, which are asked before those of the package: each a manifest (`.json`, see
                `yolo`), a model file of ultralytics (`.onnx`, or `.pt`, which is unpickled: only ever give
                one that you trust), or a folder of transformers (see `transformers_detector`). None for none.
            score_from: detections of a model in a file or a folder below this score, 0..1, are not reported;
                None for 0.4, which is 0.25 for zero-shot models.
            alone: whether those of the package are left out.
        """
        given = [Path(path) for path in weights if path]
        paths = [path for path in given if alone or path != yolo.EMBEDDED]
        own = [Weights(path, score_from=score_from) for path in paths]
        shapes = Weights(yolo.EMBEDDED, world="drawn", score_from=score_from)
        self._vocabularies: tuple[Vocabulary, ...] = tuple(own if alone else [*own, shapes, Coco()])
        self._own = tuple(own)
        self._last: tuple[Frame, Look] | None = None

    @property
    def version(self) -> str:
        """Of the libraries behind it, and the score from which it reports where that is not the usual one."""
        return ", ".join(dict.fromkeys(vocabulary.version for vocabulary in self._vocabularies))

    @property
    def weights(self) -> str:
        """sha256 of the weights of each vocabulary, first 16 hex digits; empty where they cannot be read."""
        return "+".join(vocabulary.weights for vocabulary in self._vocabularies)

    def covers(self) -> str:
        """The classes it knows, in one line. Raises `WeightsError` where weights cannot be used."""
        try:
            alone = len(self._vocabularies) == 1
            known = [_listed(vocabulary, alone=alone) for vocabulary in self._vocabularies]
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(str(error)) from error
        return f"finds {'; '.join(known)}; measures color and size"

    def __call__(self, picture: Picture, query: Phrase) -> Detections:
        """Finds objects and where they are.

        Args:
            query: what to look for, such as: small red circles
        """
        closed = [vocabulary for vocabulary in self._vocabularies if vocabulary.classes()]
        wanted = resolve_among(query, [vocabulary.classes() for vocabulary in closed])
        look = self._look_of(picture, wanted, closed)
        asked = _asked(wanted, closed, look) if isinstance(wanted, Query) else []
        if isinstance(wanted, Query) and asked:
            seen = [_Look(v, n, v.look(picture, query, wanted.labels(n))) for n, v in asked]
            return _finding(picture, query, wanted, seen, look)
        if opened := [vocabulary for vocabulary in self._vocabularies if not vocabulary.classes()]:
            # It reads colors, sizes and places itself.
            wanted = Query(terms=(Term(labels=(frozenset({query}),) * len(opened)),))
            seen = [_Look(v, n, v.look(picture, query, frozenset())) for n, v in enumerate(opened)]
            return _finding(picture, query, wanted, seen, look)
        raise Unsupported(_why(wanted, closed, look))

    def warm(self) -> None:
        """Load the weights that were given. Which of the package's are needed, the first picture tells.

        Raises `WeightsError` where they cannot be used.
        """
        for vocabulary in self._own:
            vocabulary.warm()

    def close(self) -> None:
        """Free memory and processes; a later call sets up again."""
        for vocabulary in self._vocabularies:
            vocabulary.close()

    def _look_of(self, picture: Picture, wanted: Query | str, closed: Sequence[Vocabulary]) -> Look:
        """How the picture looks, where that matters; kept for the next question about it.

        What is unclear, shapes settle.
        """
        known = [v for n, v in enumerate(closed) if isinstance(wanted, str) or wanted.labels(n)]
        shapes = [vocabulary for vocabulary in closed if vocabulary.world == "drawn"]
        if not shapes or not any(vocabulary.world for vocabulary in known):
            return "photograph"
        last = self._last
        if last is None or last[0] != picture.frame:
            look = look_of(picture.pixels)
            if look == "unclear":
                seen = shapes[0].look(picture, "", frozenset(shapes[0].classes()))
                clear = any(one.score >= CLEAR_SHAPE for one in seen.sightings)
                look = "drawn" if clear else "photograph"
            last = self._last = picture.frame, look
        return last[1]


@dataclass(frozen=True)
class _Look:
    """What one vocabulary saw, and its number in the query."""

    vocabulary: Vocabulary
    number: int
    seen: Seen


def _asked(wanted: Query, closed: Sequence[Vocabulary], look: Look) -> list[tuple[int, Vocabulary]]:
    """The vocabularies that know what is wanted, and fit the picture; none where a noun is left without one.

    A detector of photographs is not asked about drawings, where it takes disks for frisbees. One of shapes is
    asked about a photograph only where a shape is named, as it takes one thing in ten photographs for a
    shape.
    """
    asked: list[tuple[int, Vocabulary]] = []
    for number, vocabulary in enumerate(closed):
        misfit = vocabulary.world == "photograph" and look == "drawn"
        misfit |= vocabulary.world == "drawn" and look == "photograph" and wanted.is_generic
        if wanted.labels(number) and not misfit:
            asked.append((number, vocabulary))
    numbers = [number for number, _ in asked]
    known = [any(term.labels[number] for number in numbers) for term in wanted.all_terms]
    return asked if all(known) else []


def _finding(picture: Picture, query: str, wanted: Query, seen: Sequence[_Look], look: Look) -> Detections:
    """What was seen of what is wanted."""
    sightings = _each_once([(one, sighting) for one in seen for sighting in one.seen.sightings], picture)
    clear = [_measured(s, picture) for s in sightings if s.is_sure]
    weak = [_measured(s, picture) for s in sightings if not s.is_sure]
    sure, perhaps = wanted.sure_and_perhaps(clear, weak)
    found = bool(sure or perhaps)
    return Detections(
        query=query,
        items=sure,
        perhaps=perhaps,
        unclear=wanted.open(clear),
        lacks=wanted.lacks([*clear, *weak]),
        partial="; ".join(dict.fromkeys([*wanted.left_out(found=found), *_left_out(wanted, seen, look)])),
        score=_score(wanted, seen, found=found),
    )


def _each_once(sightings: Sequence[tuple[_Look, Sighting]], picture: Picture) -> list[Sighting]:
    """Best first, each place once: a car is no truck too, and a drawn diamond no kite.

    Shapes may be drawn on each other, and are left to their own detector.
    """
    kept: list[tuple[_Look, Sighting, Box]] = []
    for look, sighting in sorted(sightings, key=lambda one: -one[1].score):
        box = Box.clipped(*sighting.corners, picture.frame)
        rivals = [
            other
            for by, better, other in kept
            if by is not look or (better.label != sighting.label and look.vocabulary.world == "photograph")
        ]
        if box.area and not any(box.iou(other) > SAME_PLACE for other in rivals):
            kept.append((look, sighting, box))
    return [sighting for _, sighting, _ in kept]


def _measured(sighting: Sighting, picture: Picture) -> Detection:
    box = Box.clipped(*sighting.corners, picture.frame)
    attributes = measure(picture.pixels, box)
    return Detection(label=sighting.label, score=sighting.score, box=box, attributes=attributes)


def _left_out(wanted: Query, seen: Sequence[_Look], look: Look) -> list[str]:
    """In one line each, what the vocabularies did not look for."""
    said = [one.seen.partial for one in seen]
    for one in seen:
        if one.vocabulary.world == "photograph" and wanted.is_generic:
            said.append(f"things that are none of its {len(one.vocabulary.classes())} classes")
        if one.vocabulary.world == "drawn" and look == "photograph":
            said.append("shapes that are not drawn")
    return list(filter(None, said))


def _score(wanted: Query, seen: Sequence[_Look], *, found: bool) -> float | None:
    """How likely there is any where some were found, that there is none where none was; None: not known."""
    shares = [one.seen.present for one in seen]
    if not wanted.is_plain and any(one.seen.sightings for one in seen):
        return None  # some were seen, and others are wanted
    absent = 1.0
    for share in shares:
        if share is None:
            return None
        absent *= 1 - share
    return 1 - absent if found else absent


def _why(wanted: Query | str, closed: Sequence[Vocabulary], look: Look) -> str:
    """Why nothing can be looked for: what has no class, what is near it, and what is known."""
    fit = [(n, one) for n, one in enumerate(closed) if one.world != "photograph" or look != "drawn"]
    if isinstance(wanted, str):
        lost = wanted
    else:
        lost = ", ".join(one.noun for one in wanted.all_terms if not any(one.labels[n] for n, _ in fit))
    near = nearest(lost, [name for _, vocabulary in fit for name in vocabulary.classes()])
    where = " in drawings and print" if len(fit) < len(closed) else ""
    said = f'no class for "{lost[:60]}"{where}; ' + (f"nearest: {', '.join(near)}; " if near else "")
    known = [_listed(vocabulary, alone=len(fit) == 1) for _, vocabulary in fit]
    return f"{said}it knows {'; '.join(known)}"[:600]


def _listed(vocabulary: Vocabulary, *, alone: bool) -> str:
    """The classes of a vocabulary in one line, and, unless it stands alone, where it finds them."""
    classes = vocabulary.classes()
    if not classes:
        return "whatever words name"
    more = f" and {len(classes) - LISTED} more" if len(classes) > LISTED else ""
    where = "" if alone else WORLDS[vocabulary.world]
    return f"{', '.join(classes[:LISTED])}{more} {where}".rstrip()
