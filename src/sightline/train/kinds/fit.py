"""Trains the small model that tells kinds of pictures apart (`tools/picture_kind.py`).

    python -m sightline.train.kinds.fit --work FOLDER

Draws `--count` pictures of each kind, reads their print with `read_text`, which is what takes the time (half
an hour on one free core; it goes on where it was stopped), and fits a few networks to the numbers that are
measured. A fifth of each kind is not trained on and says how good they are. The same seed, the same model.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from sightline.images import Pixels, make_picture
from sightline.tools.guard import run
from sightline.tools.picture_kind import WEIGHTS, numbers_of, ranked, read_model
from sightline.tools.read_text import TextReader
from sightline.train.kinds.drawings import drawing
from sightline.train.kinds.grids import table
from sightline.train.kinds.papers import document
from sightline.train.kinds.photos import photo
from sightline.train.kinds.plots import chart
from sightline.train.kinds.signs import blank, text
from sightline.train.kinds.windows import screenshot
from sightline.types import TextLines

Floats = NDArray[np.float64]

MAKERS: dict[str, Callable[[Generator], Pixels]] = {
    "photo": photo,
    "drawing": drawing,
    "chart": chart,
    "table": table,
    "document": document,
    "screenshot": screenshot,
    "text": text,
    "blank": blank,
}

HELD_BACK = 5
"""Every so many-th picture is not trained on."""

NETWORKS, HIDDEN, STEPS, BATCH = 5, 24, 1500, 256
_KNOTS = 17
"""Quantiles of a number that are kept."""


def pictures(count: int, seed: int) -> Iterator[tuple[str, int, Pixels]]:
    """`count` pictures of each kind in turn, with their kind and number."""
    for n in range(count):
        for k, (kind, make) in enumerate(MAKERS.items()):
            yield kind, n, make(np.random.default_rng((seed, k, n)))


def read(pixels: Pixels, reader: TextReader, folder: Path) -> TextLines:
    """What `reader` reads, or what the folder knows of an earlier reading."""
    picture = make_picture(pixels)
    file = folder / f"{picture.frame.image}.json"
    if not file.exists():
        result = run(reader, picture, {}, timeout_s=300)
        if not isinstance(result.payload, TextLines):
            raise RuntimeError(f"read_text: {result.message}")
        file.write_text(result.payload.model_dump_json(), encoding="utf-8")
    return TextLines.model_validate_json(file.read_text(encoding="utf-8"))


def measured(count: int, seed: int, folder: Path) -> tuple[list[dict[str, float]], list[str]]:
    """The numbers and the kind of every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    reader, rows, kinds = TextReader(), list[dict[str, float]](), list[str]()
    try:
        for kind, n, pixels in pictures(count, seed):
            rows.append(numbers_of(pixels, read(pixels, reader, folder)))
            kinds.append(kind)
            if kind == "photo" and n % 25 == 0:
                print(f"{n} of {count} pictures of each kind", file=sys.stderr)
    finally:
        reader.close()
    return rows, kinds


def ranks_of(values: Floats) -> list[list[list[float]]]:
    """Of each column of float64[B, N]: its quantiles, equal ones as one, and -1..1 for them."""
    found = []
    for column in values.T:
        knots = np.array([_short(v) for v in np.quantile(column, np.linspace(0, 1, _KNOTS))])
        levels = np.linspace(-1, 1, _KNOTS)
        at = np.unique(knots)
        found.append([at.tolist(), [_short(levels[knots == one].mean()) for one in at]])
    return found


def fit(rows: list[dict[str, float]], kinds: list[str], seed: int) -> dict[str, Any]:
    """A model as it is stored."""
    numbers, names = tuple(rows[0]), tuple(MAKERS)
    values = np.array([[row[name] for name in numbers] for row in rows])
    ranks = ranks_of(values)
    inputs = ranked(values, [(np.array(at), np.array(to)) for at, to in ranks])
    goals = np.array([names.index(kind) for kind in kinds])
    networks = [_network(inputs, goals, seed + n) for n in range(NETWORKS)]
    return {"kinds": names, "numbers": numbers, "ranks": ranks, "networks": networks}


def _network(inputs: Floats, goals: NDArray[np.int64], seed: int) -> list[Any]:
    """One network's weights. A tenth of the numbers is hidden at random: it shall lean on no single one."""
    torch.manual_seed(seed)
    x, y = torch.tensor(inputs, dtype=torch.float32), torch.tensor(goals)
    first, last = nn.Linear(x.shape[1], HIDDEN), nn.Linear(HIDDEN, len(MAKERS))
    net = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.1), last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=STEPS)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.03)
    for _ in range(STEPS):
        batch = torch.randint(len(x), (BATCH,))
        shown = x[batch] + 0.03 * torch.randn(BATCH, x.shape[1])
        loss = loss_of(net(nn.functional.dropout(shown, 0.1)), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return [
        _shorter(first.weight.T),
        _shorter(first.bias),
        _shorter(last.weight.T),
        _shorter(last.bias),
    ]


def _short(value: float) -> float:
    """With four significant digits."""
    return float(f"{value:.4g}")


def _shorter(tensor: Any) -> Any:
    values = tensor.detach().numpy()
    return [[_short(v) for v in row] for row in values] if values.ndim == 2 else [_short(v) for v in values]


def report(stored: dict[str, Any], rows: list[dict[str, float]], kinds: list[str]) -> dict[str, float]:
    """Kind -> the share of these pictures that is taken for it."""
    model = read_model(stored)
    told = [model.kinds[int(model.probabilities(row).argmax())] for row in rows]
    return {
        kind: float(np.mean([a == kind for a, b in zip(told, kinds, strict=True) if b == kind]))
        for kind in MAKERS
        if kind in kinds
    }


def main() -> None:
    """Make, read, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder where readings are kept")
    parser.add_argument("--count", type=int, default=125, help="pictures of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    rows, kinds = measured(options.count, options.seed, options.work)
    back = [n // len(MAKERS) % HELD_BACK == 0 for n in range(len(rows))]
    train = [n for n, held in enumerate(back) if not held]
    stored = fit([rows[n] for n in train], [kinds[n] for n in train], options.seed)
    held = [n for n, held in enumerate(back) if held]
    for kind, share in report(stored, [rows[n] for n in held], [kinds[n] for n in held]).items():
        print(f"{kind:<12}{share:6.1%}")
    options.out.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
