"""The pictures of a training run, drawn like the operational ones."""

import pandas as pd

from pipelines.datasets import Task
from pipelines.models.metrics import metric_title
from pipelines.pictures.canvas import BLUE, GREEN, GREY, LINES, TEXT, WIDTH, Picture, add_heading, finished, new_figure


def search_picture(task: Task, table: pd.DataFrame) -> Picture:
    """The score of each candidate with one standard error, the chosen one marked.

    Parameters
    ----------
    table
        What `search.Found.table` holds.
    """
    ordered = table.sort_values("score", ignore_index=True)
    figure, (axes,) = new_figure(WIDTH, 1.5 + 0.34 * len(ordered))
    for place, row in ordered.iterrows():
        colour = GREEN if row["chosen"] else BLUE
        axes.errorbar(row["score"], place, xerr=row["standard_error"], fmt="D" if row["chosen"] else "o", color=colour)
    names = [f"{row['candidate']}{' (chosen)' if row['chosen'] else ''}" for _, row in ordered.iterrows()]
    axes.set_yticks(range(len(names)), names, fontsize=TEXT)
    axes.set_xlabel(f"{metric_title(task.scorer)} on rows not learned from", fontsize=TEXT)
    axes.grid(axis="x", color=LINES, linewidth=0.6)
    title = f"{task.title}: what the search compared"
    add_heading(figure, title, "with one standard error; of those within it, the lowest log-loss is chosen")
    chosen = table[table["chosen"]].iloc[0]
    words = f"{chosen['candidate']} is chosen with {metric_title(task.scorer)} {chosen['score']:.3f}"
    return finished(figure, f"{title}: of {len(table)} candidates, {words}.")


def importance_picture(task: Task, importance: pd.DataFrame) -> Picture:
    """By how much the log-loss rises when an input is shuffled, with the range over the shuffles.

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
    axes.set_xlabel("rise of the log-loss when shuffled", fontsize=TEXT)
    title = f"{task.title}: what the model relies on"
    add_heading(figure, title, "on held-out rows; inputs that say the same share their importance")
    first = ", ".join(task.dataset.feature(str(name)).title for name in importance.index[:3])
    return finished(figure, f"{title}: most on {first}.")
