"""The pictures of the exploration: distributions by class, correlations, simulated samples beside real ones."""

from collections.abc import Sequence
from functools import singledispatch

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.datasets import DataSet, Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.pictures.canvas import (
    BLUE,
    GREY,
    INK,
    RED,
    SMALL,
    WIDTH,
    Picture,
    add_heading,
    finished,
    new_figure,
    number_axis,
)

COLUMNS = 3
PANEL_HEIGHT = 1.9  # inches
BAR_HEIGHT = 0.28  # inches
HISTOGRAM_HEIGHT, BARS, TENTHS = 3.2, 40, 10
PALE = "#d9e8f3"
WHISKERS = (5, 95)
# A few samples far out would squeeze all others into a corner.
SHOWN = (0.005, 0.995)


def distribution_picture(task: Task, rows: pd.DataFrame) -> Picture:
    """How each numeric feature goes with the label.

    Of classes a box each: its middle half, its median, and whiskers to 5 and 95 %. Of a number a dot a row, and the
    median of the label in each tenth of the feature.
    """
    return _distribution_picture(task.outcome, task, rows)


def outcome_pictures(dataset: DataSet, rows: pd.DataFrame, balance: pd.DataFrame) -> list[Picture]:
    """The labels of each task: bars of all classes in one picture, and a histogram of each number."""
    named = [task for task in dataset.tasks if task.classes]
    histograms = [drawn for task in dataset.tasks for drawn in _histograms(task.outcome, task, rows)]
    return [*([balance_picture(balance, named)] if named else []), *histograms]


@singledispatch
def _histograms(outcome: object, task: Task, rows: pd.DataFrame) -> list[Picture]:
    raise NotImplementedError


@_histograms.register
def _(outcome: Classes, task: Task, rows: pd.DataFrame) -> list[Picture]:  # noqa: ARG001 - classes are counted
    return []


@_histograms.register
def _(outcome: Number, task: Task, rows: pd.DataFrame) -> list[Picture]:
    labels = task.labels(rows).dropna()
    figure, (axes,) = new_figure(WIDTH, HISTOGRAM_HEIGHT)
    axes.hist(labels, bins=BARS, color=BLUE)
    axes.axvline(labels.median(), color=RED, linewidth=1.5)
    axes.set_xlabel(f"{task.title} ({outcome.unit})" if outcome.unit else task.title, fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    title = f"How {task.title} is spread"
    add_heading(figure, title, "number of rows; the line is the median")
    low, middle, high = labels.quantile([0.05, 0.5, 0.95])
    return [finished(figure, f"{title}: a histogram, half below {middle:.3g}, 90 of 100 from {low:.3g} to {high:.3g}.")]


@singledispatch
def _distribution_picture(outcome: object, task: Task, rows: pd.DataFrame) -> Picture:
    raise NotImplementedError


@_distribution_picture.register
def _dots(outcome: Number, task: Task, rows: pd.DataFrame) -> Picture:  # noqa: ARG001 - of any number
    figure, panels = _panels(task.dataset)
    labels = task.labels(rows)
    for axes, name in zip(panels, task.dataset.numeric, strict=False):
        values = rows[name]
        axes.scatter(values, labels, s=4, color=BLUE, alpha=0.25, linewidths=0)
        tenth = np.ceil(values.rank(pct=True) * TENTHS)
        axes.plot(values.groupby(tenth).median(), labels.groupby(tenth).median(), color=RED, linewidth=1.5)
        _title(axes, task.dataset, name)
    add_heading(figure, f"How {task.title} goes with the measurements; the line is its median")
    return finished(
        figure, f"{task.title} over {len(task.dataset.numeric)} measurements, with the course of the median."
    )


@_distribution_picture.register
def _boxes(outcome: Classes, task: Task, rows: pd.DataFrame) -> Picture:  # noqa: ARG001 - of any classes
    figure, panels = _panels(task.dataset)
    labels = task.labels(rows)
    for axes, name in zip(panels, task.dataset.numeric, strict=False):
        values = [rows.loc[labels == label, name].dropna() for label in task.classes]
        axes.boxplot(
            values, tick_labels=task.classes, whis=WHISKERS, showfliers=False, widths=0.6, patch_artist=True,
            boxprops={"facecolor": PALE, "edgecolor": BLUE}, medianprops={"color": RED, "linewidth": 1.5},
        )  # fmt: skip
        _title(axes, task.dataset, name)
        number_axis(axes.yaxis)
    add_heading(figure, f"How the measurements differ between the classes of {task.title}")
    return finished(
        figure, f"Box plots of {len(task.dataset.numeric)} measurements by class: {', '.join(task.classes)}."
    )


def correlation_picture(dataset: DataSet, table: pd.DataFrame) -> Picture:
    """The rank correlation of every two numeric features (a square table by name), shaded."""
    titles = [dataset.feature(name).title for name in table.columns]
    side = max(WIDTH, 0.6 * len(titles))
    figure, (axes,) = new_figure(side, side)
    axes.imshow(table, cmap="RdBu", vmin=-1, vmax=1)
    axes.set_xticks(range(len(titles)), titles, rotation=60, ha="right", fontsize=SMALL)
    axes.set_yticks(range(len(titles)), titles, fontsize=SMALL)
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        # Print is readable on the pale and on the dark cells.
        colour = "white" if abs(value) > 0.6 else INK  # noqa: PLR2004
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=SMALL - 2, color=colour)
    add_heading(figure, "Which measurements rank the samples alike", "Spearman's rank correlation")
    return finished(figure, f"Rank correlations between {', '.join(titles)}.")


def simulated_picture(dataset: DataSet, real: pd.DataFrame, made: pd.DataFrame) -> Picture:
    """The distribution function of each numeric feature, simulated over real: the closer, the better."""
    figure, panels = _panels(dataset)
    for axes, name in zip(panels, dataset.numeric, strict=False):
        for rows, colour, style, label in ((real, GREY, "-", "real"), (made, RED, "--", "simulated")):
            values = rows[name].dropna()
            if len(values):
                axes.ecdf(values, color=colour, linestyle=style, label=label)
        low, high = real[name].quantile(SHOWN)
        axes.set_xlim(low, high if high > low else low + 1)
        axes.locator_params(axis="x", nbins=5)
        number_axis(axes.xaxis)
        _title(axes, dataset, name)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=SMALL)
    add_heading(figure, "The share of samples up to a value, simulated beside real")
    return finished(figure, "Distribution functions of simulated and real samples, one panel a measurement.")


def balance_picture(balance: pd.DataFrame, tasks: Sequence[Task]) -> Picture:
    """The share of each class of each task, as bars with the number of rows."""
    names = [f"{task.title}: {label}" for task in tasks for label in task.classes]
    table = balance.loc[[(task.name, label) for task in tasks for label in task.classes]]
    figure, (axes,) = new_figure(WIDTH, 1.2 + BAR_HEIGHT * len(names))
    bars = axes.barh(names, table["share"], color=BLUE)
    axes.bar_label(bars, [f" {count:,}" for count in table["rows"]], fontsize=SMALL)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.tick_params(labelsize=SMALL)
    add_heading(figure, "How many samples each class has", "share of the rows, and their number")
    return finished(figure, "Bars of the share of each class, with the number of rows.")


def _panels(dataset: DataSet) -> tuple[Figure, list[Axes]]:
    """One panel a numeric feature, three in a row; those left over are not drawn."""
    rows = -(-len(dataset.numeric) // COLUMNS)
    figure, panels = new_figure(WIDTH * 1.4, PANEL_HEIGHT * rows + 0.8, rows, COLUMNS)
    for axes in panels[len(dataset.numeric) :]:
        axes.set_axis_off()
    return figure, panels


def _title(axes: Axes, dataset: DataSet, name: str) -> None:
    feature = dataset.feature(name)
    unit = f" ({feature.unit})" if feature.unit not in {"", feature.title} else ""
    axes.set_title(feature.title + unit, fontsize=SMALL, color=INK)
    axes.tick_params(labelsize=SMALL - 2)
    axes.locator_params(axis="y", nbins=5)
