"""One sample as a drawing: the one that its data set declares, or else a card of its most telling values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from pipelines.datasets import Task
from pipelines.datasets.spec import Feature
from pipelines.pictures.canvas import BLUE, GREY, INK, LINES
from pipelines.pictures.theme import LIGHT
from pipelines.wording import measurement

ROWS = 3  # values on a card; more could not be read in the size of a portrait
LETTERS, SMALL_LETTERS = 20, 26  # that fit across a card
WORDS, SMALL = 8, 6.5  # points
LEFT, RIGHT = 0.08, 0.92
# A card shows where all but the most extreme samples lie, and the band that holds eight of ten of a class.
WHOLE, BAND = (0.01, 0.99), (0.1, 0.9)
CLASS_BAND = "#a9d5bd"


def draw_sample(axes: Axes, sample: pd.Series, task: Task, label: str, history: pd.DataFrame) -> None:
    """Draw a sample as the class `label`; with an empty one, so that it does not tell which.

    Parameters
    ----------
    history
        Historical rows of the data set, which a card compares the sample with; none are needed for a drawing that the
        data set declares.
    """
    if task.dataset.draw:
        task.dataset.draw(axes, sample, task, label)
    else:
        _draw_card(axes, sample, task, label, history)


def most_telling(sample: pd.Series, task: Task, history: pd.DataFrame) -> list[Feature]:
    """The inputs of a task, those first that tell most about the class: by the share of their variance that lies
    between the classes, a category by whether it is that of the sample.
    """
    columns = {name: _as_numbers(task, name, sample.get(name), history) for name in task.inputs}
    shares = _share_between(pd.DataFrame(columns, index=history.index), task.labels(history))
    return [task.dataset.feature(name) for name in shares.sort_values(ascending=False, kind="stable").index]


def draw_ground(axes: Axes) -> None:
    """The card that a drawing lies on: its own ground, because it stands on white and on black."""
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.axis("off")
    ground = FancyBboxPatch((0.02, 0.02), 0.96, 0.96, boxstyle="round,pad=0,rounding_size=0.06")
    ground.set(facecolor=LIGHT.card, edgecolor=LINES, linewidth=1.0)
    axes.add_patch(ground)


def places(values: Sequence[float], low: float, high: float) -> list[float]:
    """Where values lie on a rail from `low` to `high`; what lies outside, at its ends."""
    shares = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    return [LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0) for share in shares]


def _as_numbers(task: Task, name: str, value: object, history: pd.DataFrame) -> pd.Series:
    cells = history[name]
    return (cells == value).astype("float64") if name in task.dataset.categorical else cells.astype("float64")


def _share_between(values: pd.DataFrame, classes: pd.Series) -> pd.Series:
    """For each column the share of its variance that lies between the classes."""
    groups = values.groupby(classes)
    apart = (groups.mean() - values.mean()) ** 2
    total = values.var(ddof=0)
    return ((apart * groups.count()).sum() / values.count() / total.where(total > 0)).fillna(0.0)


def _draw_card(axes: Axes, sample: pd.Series, task: Task, label: str, history: pd.DataFrame) -> None:
    draw_ground(axes)
    own = history[task.labels(history) == label] if label else history
    shown = most_telling(sample, task, history)[:ROWS]
    for feature, height in zip(shown, np.linspace(0.86, 0.32, ROWS), strict=False):
        value = sample.get(feature.name)
        axes.text(LEFT, height, _words(feature, value), fontsize=WORDS, color=INK, va="center")
        draw = _draw_share if feature.kind == "categorical" else _draw_place
        draw(axes, height - 0.12, value, own[feature.name], history[feature.name])
    footer = _short(f"green: most {label}" if label else "green: most of all", letters=SMALL_LETTERS)
    axes.text(LEFT, 0.09, footer, fontsize=SMALL, color=GREY, va="center")


def _words(feature: Feature, value: object) -> str:
    if pd.isna(value):
        return _short(feature.title, " missing")
    if not isinstance(value, int | float):
        return _short(f"{feature.title}: {value}")
    told, unit = f" {measurement(value)}", f" {feature.unit}"
    bare = feature.unit in {"", feature.title} or len(feature.title + told + unit) > LETTERS
    return _short(feature.title, told if bare else told + unit)


def _short(words: str, end: str = "", letters: int = LETTERS) -> str:
    """The words, cut where the end would not fit behind them."""
    room = letters - len(end)
    return (words if len(words) <= room else f"{words[: max(room - 1, 1)]}…") + end


def _draw_place(
    axes: Axes,
    height: float,
    value: Any,  # noqa: ANN401 - a cell of a frame
    own: pd.Series,
    every: pd.Series,
) -> None:
    """Where a number lies among all samples, and where most of the class do."""
    low, high = every.quantile(list(WHOLE))
    band = own.quantile(list(BAND))
    _rail(axes, height, places(band.tolist(), low, high))
    if pd.notna(value):
        axes.plot(places([value], low, high), [height], "o", color=BLUE, markersize=5, zorder=4)


def _draw_share(axes: Axes, height: float, value: object, own: pd.Series, every: pd.Series) -> None:  # noqa: ARG001 - as above
    """How many of the class have the same category."""
    there = own.dropna()
    _rail(axes, height, places([0.0, float((there == value).mean()) if len(there) else 0.0], 0, 1))


def _rail(axes: Axes, height: float, band: Sequence[float]) -> None:
    for ends, colour, layer in (((LEFT, RIGHT), LINES, 2), (band, CLASS_BAND, 3)):
        axes.plot(ends, [height] * 2, color=colour, linewidth=4, solid_capstyle="butt", zorder=layer)
