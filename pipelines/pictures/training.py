"""The pictures of a training run, drawn like the operational ones."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.models.metrics import metric_title
from pipelines.models.ranking import Ranking, precision_recall
from pipelines.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    LINES,
    RED,
    SMALL,
    TEXT,
    WIDTH,
    Picture,
    add_heading,
    empty_picture,
    finished,
    new_figure,
    number_axis,
)

# A colour and a line for each curve; more than three cross each other beyond reading.
# What the search chooses by, and what an input is judged by.
CHOSEN = {Classes.kind: "of those within it, the lowest log-loss", Number.kind: "the lowest"}
LOSS = {Classes.kind: "log-loss", Number.kind: "mean absolute error"}
# Of the name of a candidate on one line: a blend of many would leave no room for the scores.
LETTERS = 30
CURVES = ((RED, "-"), (BLUE, "--"), (GREEN, ":"))


def search_picture(task: Task, table: pd.DataFrame) -> Picture:
    """The score of each candidate with one standard error, the chosen one marked.

    Parameters
    ----------
    table
        What `search.SearchResult.table` holds.
    """
    ordered = table.sort_values("score", ignore_index=True)
    figure, (axes,) = new_figure(WIDTH, 1.5 + 0.34 * len(ordered))
    for place, row in ordered.iterrows():
        colour = GREEN if row["chosen"] else BLUE
        axes.errorbar(row["score"], place, xerr=row["standard_error"], fmt="D" if row["chosen"] else "o", color=colour)
    names = [f"{row['candidate']}{' (chosen)' if row['chosen'] else ''}" for _, row in ordered.iterrows()]
    lines = ["\n".join(textwrap.wrap(name, LETTERS)) for name in names]
    axes.set_yticks(range(len(names)), lines, fontsize=TEXT if max(map(len, names)) <= LETTERS else SMALL)
    axes.set_xlabel(f"{metric_title(task.scorer)} on rows not learned from", fontsize=TEXT)
    number_axis(axes.xaxis)
    axes.grid(axis="x", color=LINES, linewidth=0.6)
    title = f"{task.title}: what the search compared"
    add_heading(figure, title, f"with one standard error; {CHOSEN[task.outcome.kind]} is chosen")
    chosen = table[table["chosen"]].iloc[0]
    words = f"{chosen['candidate']} is chosen with {metric_title(task.scorer)} {chosen['score']:.3f}"
    return finished(figure, f"{title}: of {len(table)} candidates, {words}.")


def precision_recall_picture(
    task: Task, labels: Sequence[str], chances: np.ndarray, ranking: Mapping[str, Ranking]
) -> Picture:
    """Precision against recall of the rarest classes, with the point where the decision rule answers.

    Parameters
    ----------
    labels, chances
        The true class (n,) and the probability of each class (n, k) of held-out rows.
    ranking
        What `models.ranking.rankings` returns for these rows.
    """
    rarest = sorted(ranking, key=lambda name: ranking[name].of_class)[: len(CURVES)]
    title = f"{task.title}: precision against recall"
    if not rarest:
        return empty_picture(title, "The test rows are all of one class.")
    figure, (axes,) = new_figure(WIDTH, 4.8)
    for name, (colour, line) in zip(rarest, CURVES, strict=False):
        precision, recall = precision_recall(np.asarray(labels) == name, chances[:, task.classes.index(name)])
        curve = ranking[name]
        words = f"{name}, average precision {curve.average_precision.value:.2f}" if curve.enough else f"{name}, too few"
        axes.step(recall, precision, where="pre", color=colour, linestyle=line, label=words)
        axes.plot(curve.recall.value, curve.precision.value, "D", color=colour)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_xlabel("recall: how many of the class are found", fontsize=TEXT)
    axes.set_ylabel("precision: how many answers are right", fontsize=TEXT)
    axes.grid(color=LINES, linewidth=0.6)
    figure.legend(fontsize=SMALL, loc="outside lower center")
    add_heading(figure, title, "on held-out rows; the diamond is where the decision rule answers")
    best = "; ".join(f"{name} {ranking[name].average_precision.value:.2f}" for name in rarest)
    return finished(figure, f"{title}: average precision of the rarest classes: {best}.")


def importance_picture(task: Task, importance: pd.DataFrame) -> Picture:
    """By how much the loss rises when an input is shuffled, with the range over the shuffles.

    Parameters
    ----------
    importance
        What `evaluation.importance` returns.
    """
    ordered = importance.sort_values("loss")
    figure, (axes,) = new_figure(WIDTH, 1.5 + 0.3 * len(ordered))
    places = range(len(ordered))
    reach = [ordered["loss"] - ordered["low"], ordered["high"] - ordered["loss"]]
    axes.barh(places, ordered["loss"], xerr=reach, color=BLUE, ecolor=GREY)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(places, [task.dataset.feature(str(name)).title for name in ordered.index], fontsize=TEXT)
    axes.set_xlabel(f"rise of the {LOSS[task.outcome.kind]} when shuffled", fontsize=TEXT)
    title = f"{task.title}: what the model relies on"
    add_heading(figure, title, "on held-out rows; inputs that say the same share their importance")
    first = ", ".join(task.dataset.feature(str(name)).title for name in importance.index[:3])
    return finished(figure, f"{title}: most on {first}.")
