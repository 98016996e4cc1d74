"""A sample, or what is predicted of it, as a drawing of its own, without a frame, on whatever lies behind it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Number
from pipelines.pictures.canvas import BLUE, GREEN, GREY, INK, LINES, RED
from pipelines.pictures.numbers import is_inside, scale_of
from pipelines.pictures.sample import LEFT, RIGHT, draw_ground, draw_sample, places
from pipelines.pictures.theme import DARK, LIGHT
from pipelines.wording import number

INCHES = 1.4
# Points of the number on a scale, and the letters that fit in this size.
LARGE, UNIT, LARGE_LETTERS = 24, 10, 6
# The colours stand in style attributes, which only an important rule outweighs.
NIGHT = "<style>@media (prefers-color-scheme: dark) {{{}}}</style>".format(
    " ".join(
        f'[style*="{part}: {colour}"] {{{part}: {getattr(DARK, name)} !important}}'
        for name, colour in asdict(LIGHT).items()
        if name in {"ink", "soft", "card", "line", "course", "ok", "bad"}
        for part in ("fill", "stroke")
    )
).encode()


def portrait(task: Task, sample: Mapping[str, Any], label: str, history: pd.DataFrame) -> bytes:
    """A sample drawn as the class `label`, see `draw_sample`: SVG on a transparent ground.

    The same input gives the same bytes.
    """
    figure, axes = _canvas()
    draw_sample(axes, pd.Series(dict(sample)), task, label, history)
    return _svg(figure) if task.dataset.draw else _by_night(_svg(figure))


def scale_portrait(kind: Number, row: Mapping[str, Any], labels: pd.Series) -> bytes:
    """A predicted number on a scale with its intervals and, once it is known, the truth, as `portrait` draws.

    Parameters
    ----------
    row
        `prediction`, the ends of its intervals, and `label` where that is known.
    labels
        True values, which tell how far the scale goes.
    """
    figure, axes = _canvas()
    draw_ground(axes)
    words = number(row["prediction"], kind.decimals)
    size = LARGE * min(1.0, LARGE_LETTERS / len(words))
    axes.text(0.5, 0.66, words, fontsize=size, fontweight="bold", color=INK, ha="center", va="center")
    axes.text(0.5, 0.43, kind.unit, fontsize=UNIT, color=GREY, ha="center", va="center")
    low, high = scale_of(row, labels)
    _rail(axes, (LEFT, RIGHT), LINES)
    for level, colour in (("95", "#b9cbec"), ("80", "#7f9fd9")):
        _rail(axes, places([row[f"low_{level}"], row[f"high_{level}"]], low, high), colour)
    axes.plot(places([row["prediction"]], low, high), [0.2], "o", color=BLUE, markersize=8, zorder=4)
    if pd.notna(row.get("label")):
        colour = GREEN if is_inside(row) else RED
        axes.plot(places([row["label"]], low, high), [0.2], "D", color=colour, markeredgecolor="white", zorder=5)
    return _by_night(_svg(figure))


def _canvas() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(INCHES, INCHES), facecolor="none")
    FigureCanvasSVG(figure)
    return figure, figure.add_axes((0, 0, 1, 1))


def _svg(figure: Figure) -> bytes:
    drawn = io.BytesIO()
    # Otherwise the names of the clipping shapes are drawn by lot, and an unchanged drawing has other bytes.
    with mpl.rc_context({"svg.hashsalt": "portrait"}):
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return drawn.getvalue()


def _by_night(drawn: bytes) -> bytes:
    """A drawing on a card, which takes the dark colours where its reader has them."""
    start = drawn.index(b">", drawn.index(b"<svg")) + 1
    return drawn[:start] + NIGHT + drawn[start:]


def _rail(axes: Axes, ends: Sequence[float], colour: str) -> None:
    axes.plot(ends, [0.2] * 2, color=colour, linewidth=7, solid_capstyle="butt", zorder=3)
