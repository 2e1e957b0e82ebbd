"""MME: yes or no, two questions an image; Fu et al. 2023, arXiv 2306.13394, and its `calculation.py`."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, all_right, share

PERCEPTION = (
    "existence",
    "count",
    "position",
    "color",
    "posters",
    "celebrity",
    "scene",
    "landmark",
    "artwork",
    "OCR",
)
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")


def parse(reply: str) -> str:
    """`yes`, `no` or `other`, by the first four characters alone, as the official script reads a reply."""
    head = reply.strip().lower()[:4]
    return next((word for word in ("yes", "no") if word in head), "other")


def mme(
    replies: Sequence[str | None],
    labels: Sequence[str],
    *,
    tasks: Sequence[str],
    images: Sequence[str],
) -> Scores:
    """The MME score.

    Args:
        replies: as said; None where there is none, which is wrong.
        labels: `yes` or `no`, in any case.
        tasks: the sub-task of each, a name of PERCEPTION or COGNITION.
        images: what the two questions of an image have in common, within its sub-task.

    Returns:
        The figures are points: `perception` (at most 2000), `cognition` (800), and each sub-task (200), the
        sum of accuracy and acc+ (both questions of an image right), in percent.
    """
    rights = [
        float(reply is not None and parse(reply) == label.strip().lower())
        for reply, label in zip(replies, labels, strict=True)
    ]
    points = {task: _points(rights, tasks, images, task) for task in dict.fromkeys(tasks)}
    figures = {
        "perception": sum(points.get(task, 0.0) for task in PERCEPTION),
        "cognition": sum(points.get(task, 0.0) for task in COGNITION),
    }
    return Scores(figures=figures | points, credits=tuple(rights))


def _points(rights: Sequence[float], tasks: Sequence[str], images: Sequence[str], task: str) -> float:
    of = [(right, image) for right, t, image in zip(rights, tasks, images, strict=True) if t == task]
    both = all_right([right for right, _ in of], [image for _, image in of])
    return share([right for right, _ in of]) + share(list(both.values()))
