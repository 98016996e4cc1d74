"""The pictures of the exploration: distributions by class, correlations, simulated samples beside real ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.datasets import DataSet, Task
from pipelines.pictures.canvas import BLUE, GREY, INK, RED, SMALL, WIDTH, Picture, add_heading, finished, new_figure

COLUMNS = 3
PANEL_HEIGHT = 1.9  # inches
BAR_HEIGHT = 0.28  # inches
PALE = "#d9e8f3"
WHISKERS = (5, 95)
# A few samples far out would squeeze all others into a corner.
SHOWN = (0.005, 0.995)


def distribution_picture(task: Task, rows: pd.DataFrame) -> Picture:
    """A box a class for each numeric feature: its middle half, its median, and whiskers to 5 and 95 %."""
    figure, panels = _panels(task.dataset)
    labels = task.labels(rows)
    for axes, name in zip(panels, task.dataset.numeric, strict=False):
        values = [rows.loc[labels == label, name].dropna() for label in task.classes]
        axes.boxplot(
            values, tick_labels=task.classes, whis=WHISKERS, showfliers=False, widths=0.6, patch_artist=True,
            boxprops={"facecolor": PALE, "edgecolor": BLUE}, medianprops={"color": RED, "linewidth": 1.5},
        )  # fmt: skip
        _title(axes, task.dataset, name)
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
