"""Curves of a stage's log as a PNG."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path

_LOG = logging.getLogger(__name__)
MOST = 14
"""Curves in one picture."""

POINTS = 40
"""Points of a curve, at most about."""

_KNOWN = ("step", "loss", "lr", "norm", "count_per_second", "seconds", "mfu")


def plot_log(log: Path) -> Path | None:
    """Draw loss, learning rate and every share that `log` (JSONL) holds beside it, as `curves.png`.

    Returns the picture's path; None, with a line in the log, where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        _LOG.warning("matplotlib is not installed: no curves for %s", log)
        return None
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    # A run that went on from a checkpoint has logged the steps after it twice.
    records = sorted({record["step"]: record for record in logged}.values(), key=lambda one: one["step"])
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    steps = [record["step"] for record in records]
    losses = [record["loss"] for record in records]
    left.plot(steps, losses, color="tab:blue")
    # A policy's loss is around zero, on both sides.
    scale = "log" if min(losses) > 0 else "linear"
    left.set(title=f"{log.parent.name}: loss", xlabel="step", yscale=scale)
    names = _most_often(records)
    for number, name in enumerate(names):
        points = _means([(record["step"], record[name]) for record in records if name in record])
        style = {"linestyle": "-" if number < 10 else "--", "linewidth": 1.4}
        right.plot(*zip(*points, strict=True), label=name, **style)
    right.set(
        title=f"share right, means of {1 + len(records) // POINTS} records", xlabel="step", ylim=(-0.02, 1.02)
    )
    if names:
        right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    target = log.parent / "curves.png"
    figure.savefig(target, dpi=110)
    return target


def _most_often(records: list[dict[str, float]]) -> list[str]:
    """The shares that the most records hold, as many as a legend bears; the others stand in the log."""
    counts = Counter(name for record in records for name in record if name not in _KNOWN)
    return sorted(name for name, _ in counts.most_common(MOST))


def _means(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of neighbouring points, so that about POINTS are left."""
    width = 1 + len(points) // POINTS
    parts = (points[i : i + width] for i in range(0, len(points), width))
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]
