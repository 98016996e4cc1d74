"""The picture of the confusion matrix: what was taken for what, held out or live."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from pipelines.datasets import Task
from pipelines.pictures.canvas import (
    BLUE,
    INK,
    LONGEST_NAME,
    SMALL,
    TEXT,
    WIDTH,
    Picture,
    add_heading,
    empty_picture,
    finished,
    new_figure,
)

MOST_CLASSES = 20  # of more no cell of a matrix could be read: the most frequent mistakes are shown instead
MISTAKES_SHOWN = 15
DARK = 0.55  # shares from which on the shade needs white print


def confusion_picture(task: Task, counts: pd.DataFrame, version: int | None) -> Picture:
    """How often each true class (rows) got each answer (columns): counts, and shares of the row as shade.

    Parameters
    ----------
    counts
        (k, k), rows and columns in the order of `task.classes`.
    version
        None for a candidate that has none yet.
    """
    title = f"{task.title}: confusion matrix"
    if not counts.to_numpy().sum():
        return empty_picture(title, "No labelled predictions yet: they appear after the next inference run.")
    k, table = len(task.classes), counts.to_numpy()
    name = "candidate" if version is None else f"version {version}"
    if k > MOST_CLASSES:
        return _mistakes_picture(title, counts, name)
    figure, (axes,) = new_figure(max(WIDTH, 0.75 * k + 2.0), max(4.4, 0.62 * k + 2.0))
    _fill_matrix(axes, table)
    long = max(map(len, task.classes)) > LONGEST_NAME
    axes.set_xticks(range(k), task.classes, fontsize=TEXT, rotation=30 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(k), task.classes, fontsize=TEXT)
    axes.set_xlabel("predicted", fontsize=TEXT)
    axes.set_ylabel("true", fontsize=TEXT)
    axes.tick_params(length=0)
    add_heading(figure, title, f"{name}; counts, and shares of each true class")
    totals = table.sum(axis=1)
    words = [f"of {totals[i]} {label} {table[i, i]} right" for i, label in enumerate(task.classes) if totals[i]]
    return finished(figure, f"{title} of {name}, rows true, columns predicted: {'; '.join(words)}.")


def _mistakes_picture(title: str, counts: pd.DataFrame, name: str) -> Picture:
    """The classes that were most often taken for each other."""
    right = int(np.trace(counts))
    named = counts.rename_axis(index="true", columns="predicted")
    wrong = named.where(~np.eye(len(counts), dtype=bool), 0).melt(ignore_index=False, value_name="times")
    mistakes = wrong[wrong["times"] > 0].reset_index().sort_values("times", ascending=False, kind="stable")
    worst = mistakes.head(MISTAKES_SHOWN)[::-1]
    rows, classes = int(counts.to_numpy().sum()), len(counts)
    words = f"{right:,} of {rows:,} right; the {len(worst)} most frequent mistakes of {classes} classes"
    if worst.empty:
        return empty_picture(title, f"{name}: {right:,} of {right:,} right, no mistake.")
    figure, (axes,) = new_figure(WIDTH, 1.6 + 0.32 * len(worst))
    bars = axes.barh(range(len(worst)), worst["times"], color=BLUE)
    shares = [f"{each.times:,} of {counts.loc[each.true].sum():,}" for each in worst.itertuples()]
    axes.bar_label(bars, shares, padding=3, fontsize=SMALL)
    axes.set_yticks(
        range(len(worst)), [f"{each.true} → {each.predicted}" for each in worst.itertuples()], fontsize=TEXT
    )
    axes.set_xlabel("true → predicted: how often, of all of the true class", fontsize=TEXT)
    axes.margins(x=0.15)
    add_heading(figure, title, f"{name}; {words}")
    told = "; ".join(f"{each.true} for {each.predicted} {each.times}" for each in worst[::-1].itertuples())
    return finished(figure, f"{title} of {name}: {words}: {told}.")


def _fill_matrix(axes: Axes, table: npt.NDArray[np.int64]) -> None:
    totals = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, totals, out=np.zeros(table.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (i, j), count in np.ndenumerate(table):
        words = f"{count:,}\n{shares[i, j]:.0%}" if totals[i, 0] else "0"
        colour = "white" if shares[i, j] > DARK else INK
        axes.text(j, i, words, ha="center", va="center", fontsize=TEXT, color=colour)
