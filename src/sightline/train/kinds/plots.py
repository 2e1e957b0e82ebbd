"""Charts: those of the chart world, and those of matplotlib in its many styles."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.random import Generator

from sightline.train.kinds.effects import Pixels, as_bytes, saved
from sightline.train.kinds.lettering import words
from sightline.train.kinds.photos import backdrop
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import make_chart
from sightline.train.worlds.dice import chance, pick, span

_FORMS = ("bars", "bars", "bars", "level bars", "level bars", "grouped", "stacked", "lines", "lines", "area")
_OTHERS = ("points", "histogram", "pie", "ring", "boxes", "steps", "heat", "radar")
_FAMILIES = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono")


def chart(rng: Generator) -> Pixels:
    """One chart; a few lie on a photograph."""
    if chance(rng, 0.35):
        return saved(rng, draw_chart(make_chart(rng), span(rng, 300, 800)), lossy=0.3)
    image = _plotted(rng)
    if chance(rng, 0.06):
        image = _over_photo(rng, image)
    return saved(rng, image, lossy=0.35)


def _over_photo(rng: Generator, image: Pixels) -> Pixels:
    """The chart over a pale or dark photograph, as in a news graphic."""
    ground = backdrop(rng, image.shape[1], image.shape[0]).astype(np.float32)
    toward = 255.0 if image.mean() > 127 else 0.0
    ground += (toward - ground) * float(rng.uniform(0.35, 0.8))
    mixed = np.minimum(image, ground) if toward else np.maximum(image, ground)
    return as_bytes(mixed)


def _plotted(rng: Generator) -> Pixels:
    import matplotlib as mpl
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    form = pick(rng, _FORMS) if chance(rng, 0.68) else pick(rng, _OTHERS)
    styles = (
        "default",
        "ggplot",
        "bmh",
        "dark_background",
        "seaborn-v0_8-whitegrid",
        "fivethirtyeight",
        "classic",
    )
    style = pick(rng, ("default", "default", *styles))
    with warnings.catch_warnings(), mpl.style.context(style), mpl.rc_context(_settings(rng)):
        warnings.simplefilter("ignore")  # labels that do not fit: charts of people have such too
        figure = Figure(
            figsize=(float(rng.uniform(3, 9)), float(rng.uniform(2.5, 8))), dpi=span(rng, 60, 130)
        )
        canvas: Any = FigureCanvasAgg(figure)
        axes = figure.add_subplot(projection="polar" if form == "radar" else None)
        _draw(rng, axes, form)
        _furnish(rng, figure, axes, form)
        canvas.draw()
        return np.array(canvas.buffer_rgba(), np.uint8)[:, :, :3].copy()


def _settings(rng: Generator) -> Any:
    settings: dict[str, Any] = {
        "font.size": float(rng.uniform(6, 13)),
        "font.family": pick(rng, _FAMILIES),
        "axes.grid": chance(rng, 0.5),
        "axes.spines.top": chance(rng, 0.5),
        "axes.spines.right": chance(rng, 0.5),
        "axes.spines.left": chance(rng, 0.7),
        "figure.autolayout": True,
    }
    if chance(rng, 0.2):
        settings["axes.grid.axis"] = "y"
    return settings


def _values(rng: Generator, count: int) -> np.ndarray:
    top = 10 ** float(rng.uniform(0, 5))
    shape = pick(rng, ("flat", "walk", "rise", "skewed"))
    made = {
        "flat": rng.uniform(0.6, 1, count),
        "walk": np.abs(np.cumsum(rng.normal(0, 1, count)) + 3),
        "rise": np.linspace(0.2, 1, count) + rng.normal(0, 0.05, count),
        "skewed": np.sort(rng.exponential(1, count))[::-1],
    }[shape]
    return np.asarray(made / np.max(np.abs(made)) * top)


def _names(rng: Generator, count: int) -> list[str]:
    if chance(rng, 0.45):
        first = span(rng, 1970, 2024 - count)
        return [str(first + n) + ("*" if chance(rng, 0.03) else "") for n in range(count)]
    most = 3 if chance(rng, 0.4) else 1
    return [words(rng, 1, most).title() for _ in range(count)]


def _color(rng: Generator) -> tuple[float, float, float]:
    return float(rng.random()), float(rng.random() * 0.9), float(rng.random())


def _draw(rng: Generator, axes: Any, form: str) -> None:
    """The marks of one chart."""
    count, series = span(rng, 3, 24), span(rng, 2, 4)
    colors = [_color(rng) if chance(rng, 0.5) else f"C{n}" for n in range(series)]
    match form:
        case "bars" | "level bars":
            _bars(rng, axes, form, count, colors[0])
        case "grouped" | "stacked":
            _many_bars(rng, axes, form, min(count, 12), colors)
        case "lines" | "steps" | "area":
            _lines(rng, axes, form, count, colors[: span(rng, 1, series)])
        case "points":
            axes.scatter(
                rng.normal(0, 1, 4 * count), rng.normal(0, 1, 4 * count), s=span(rng, 8, 60), color=colors[0]
            )
        case "histogram":
            axes.hist(
                rng.normal(span(rng, 0, 90), 9, 300), bins=span(rng, 6, 30), color=colors[0], edgecolor="w"
            )
        case "pie" | "ring":
            _pie(rng, axes, form)
        case "boxes":
            axes.boxplot([rng.normal(n, 1 + n / 4, 40) for n in range(series + 1)])
        case "heat":
            axes.imshow(
                rng.random((span(rng, 3, 8), span(rng, 3, 8))), cmap=pick(rng, ("viridis", "Blues", "hot"))
            )
        case _:
            turns = np.linspace(0, 2 * np.pi, 7)
            axes.fill(turns, rng.uniform(0.3, 1, 7), alpha=0.4, color=colors[0])


def _bars(rng: Generator, axes: Any, form: str, count: int, color: Any) -> None:
    values, thick = _values(rng, count), float(rng.uniform(0.4, 0.95))
    names = _names(rng, count)
    places = np.arange(count)
    if form == "bars":
        drawn = axes.bar(places, values, thick, color=color)
        axes.set_xticks(places, names, rotation=pick(rng, (0, 0, 45, 90)) if len(names[0]) < 6 else 90)
    else:
        drawn = axes.barh(places, values, thick, color=color)
        axes.set_yticks(places, names)
        axes.invert_yaxis()
    if chance(rng, 0.6):
        axes.bar_label(drawn, fmt=pick(rng, ("%.1f", "{:,.0f}", "%.0f%%", "%.2f")), fontsize=span(rng, 5, 10))


def _many_bars(rng: Generator, axes: Any, form: str, count: int, colors: list[Any]) -> None:
    places, under, first = np.arange(count), np.zeros(count), _values(rng, count)
    for n, color in enumerate(colors):
        values = first * rng.uniform(0.4, 1.3, count) if n else first
        name = words(rng, 1, 2).title()
        if form == "stacked":
            drawn = axes.bar(places, values, 0.7, bottom=under, color=color, label=name)
            under = under + values
        else:
            thick = 0.8 / len(colors)
            drawn = axes.bar(places + n * thick, values, thick, color=color, label=name)
        if chance(rng, 0.35):
            axes.bar_label(
                drawn, fmt="{:,.0f}", fontsize=6, label_type="center" if form == "stacked" else "edge"
            )
    axes.set_xticks(places, _names(rng, count), rotation=pick(rng, (0, 45, 90)))
    axes.legend(
        loc=pick(rng, ("best", "upper center", "lower left")), ncol=span(rng, 1, 3), frameon=chance(rng, 0.5)
    )


def _lines(rng: Generator, axes: Any, form: str, count: int, colors: list[Any]) -> None:
    first = span(rng, 1960, 2000)
    places = np.arange(first, first + count)
    for color in colors:
        values, name = _values(rng, count), words(rng, 1, 2).title()
        if form == "area":
            axes.fill_between(places, values, color=color, alpha=0.5, label=name)
            continue
        marker = pick(rng, ("", "", "o", "s", "."))
        drawstyle = "steps" if form == "steps" else "default"
        axes.plot(places, values, color=color, marker=marker, label=name, lw=span(rng, 1, 3), ds=drawstyle)
        if chance(rng, 0.35):
            for x, y in zip(places, values, strict=True):
                axes.annotate(f"{y:,.1f}", (x, y), fontsize=6, ha="center", va="bottom")
    if chance(rng, 0.5):
        axes.set_xticks(places[:: max(count // 8, 1)])
    if chance(rng, 0.6):
        axes.legend(loc="best", frameon=chance(rng, 0.5))


def _pie(rng: Generator, axes: Any, form: str) -> None:
    count = span(rng, 2, 7)
    values = rng.uniform(0.3, 3, count)
    hole = {"width": 0.4} if form == "ring" else {}
    labels = _names(rng, count)
    axes.pie(values, labels=labels, autopct="%.0f%%" if chance(rng, 0.6) else None, wedgeprops=hole)


def _furnish(rng: Generator, figure: Any, axes: Any, form: str) -> None:
    """Titles, sources, the bands and small signs of pages, an axis left out."""
    if chance(rng, 0.55):
        axes.set_title(words(rng, 2, 7).capitalize(), loc=pick(rng, ("left", "center")), wrap=True)
    if form not in ("pie", "ring", "radar", "heat"):
        if chance(rng, 0.6):
            axes.set_ylabel(words(rng, 1, 4).capitalize())
        if chance(rng, 0.4):
            axes.set_xlabel(words(rng, 1, 3).capitalize())
        if chance(rng, 0.12):
            axes.set_yticks([])
        if chance(rng, 0.15):
            left, right = axes.get_xlim()
            for n in range(0, 8, 2):
                axes.axvspan(
                    left + (right - left) * n / 8,
                    left + (right - left) * (n + 1) / 8,
                    color="0.5",
                    alpha=0.07,
                )
    if chance(rng, 0.4):
        figure.text(0.01, 0.01, "Source: " + words(rng, 1, 3).title(), fontsize=6, color="0.5")
    if chance(rng, 0.25):
        figure.text(
            0.99, 0.01, f"© {words(rng, 1, 2).title()} {span(rng, 2005, 2026)}", fontsize=6, ha="right"
        )
    if chance(rng, 0.12):
        for n, sign in enumerate("*+=<#"):
            figure.text(0.975, 0.9 - 0.07 * n, sign, fontsize=7, color="0.4")
