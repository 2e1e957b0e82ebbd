"""Curves of a stage's log as a PNG."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOG = logging.getLogger(__name__)
MOST = 14
"""Curves in one picture."""

POINTS = 40
"""Points of a curve, at most about."""

_KNOWN = ("step", "loss", "lr", "norm", "count_per_second", "seconds", "mfu")


def plot_log(log: Path) -> Path | None:
    """Draw a log (JSONL) as `curves.png`: loss, learning rate if it is there, and every share beside them.

    Returns the picture's path; None, with a line in the log, where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        _LOG.warning("matplotlib is not installed: no curves for %s", log)
        return None
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    # A run that went on from a checkpoint has logged the steps after it twice.
    records = sorted({record["step"]: record for record in logged}.values(), key=lambda one: one["step"])
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _draw_loss(left, records, log.parent.name)
    names = _most_often(records)
    for number, name in enumerate(names):
        points = _means([(record["step"], record[name]) for record in records if name in record])
        style = {"linestyle": "-" if number < 10 else "--", "linewidth": 1.4}
        right.plot(*zip(*points, strict=True), label=name, **style)
    width = 1 + len(records) // POINTS
    means = f", means of {width} records" if width > 1 else ""
    right.set(title=f"share right{means}", xlabel="step", ylim=(-0.02, 1.02))
    if names:
        right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    target = log.parent / "curves.png"
    figure.savefig(target, dpi=110)
    return target


def _draw_loss(left: Axes, records: list[dict[str, float]], name: str) -> None:
    from matplotlib.ticker import LogFormatter

    losses = [record["loss"] for record in records]
    steps = [record["step"] for record in records]
    if "lr" in records[0]:
        rate = left.twinx()
        rate.plot(steps, [record["lr"] for record in records], color="0.8", linewidth=1)
        rate.set_ylabel("learning rate", color="0.6")
        rate.tick_params(colors="0.6")
        rate.set_ylim(bottom=0)
    left.plot(steps, losses, color="tab:blue")
    left.set(title=f"{name}: loss", xlabel="step")
    if min(losses) > 0:  # a policy's loss is around zero, on both sides
        left.set_yscale("log")
        left.yaxis.set_major_formatter(LogFormatter())
        left.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def _most_often(records: list[dict[str, float]]) -> list[str]:
    """The shares that the most records hold, as many as a legend bears; the others stand in the log."""
    counts = Counter(name for record in records for name in record if name not in _KNOWN)
    return sorted(name for name, _ in counts.most_common(MOST))


def _means(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of neighbouring points, so that about POINTS are left."""
    width = 1 + len(points) // POINTS
    parts = (points[i : i + width] for i in range(0, len(points), width))
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]
