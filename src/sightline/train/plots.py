"""Curves of a stage's log as a PNG."""

from __future__ import annotations

import json
import logging
from pathlib import Path

_LOG = logging.getLogger(__name__)
_KNOWN = ("step", "loss", "lr", "norm", "count_per_second", "seconds")


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
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    steps = [record["step"] for record in records]
    left.plot(steps, [record["loss"] for record in records], color="tab:blue")
    left.set(title=f"{log.parent.name}: loss", xlabel="step", yscale="log")
    names = sorted({name for record in records for name in record if name not in _KNOWN})
    for name in names:
        points = [(record["step"], record[name]) for record in records if name in record]
        right.plot(*zip(*points, strict=True), label=name, linewidth=1.2)
    right.set(title="share right", xlabel="step", ylim=(0, 1.02))
    if names:
        right.legend(fontsize=7, ncols=2, loc="lower right")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    target = log.parent / "curves.png"
    figure.savefig(target, dpi=110)
    return target
