"""The picture of calibration: whether probabilities mean what they say, held out or live."""

import pandas as pd

from pipelines.datasets import Task
from pipelines.documents.model import Calibration
from pipelines.models.metrics import FEWEST_SAMPLES
from pipelines.pictures.canvas import (
    BLUE,
    GREY,
    SMALL,
    TEXT,
    WIDTH,
    Picture,
    add_heading,
    empty_picture,
    finished,
    new_figure,
)
from pipelines.wording import number


def calibration_picture(task: Task, measured: Calibration) -> Picture:
    """How often the most probable class was right, by the probability that it was given.

    Parameters
    ----------
    measured
        What `monitoring.calibration` returns.
    """
    title = f"{task.title}: do the probabilities mean what they say?"
    error, chance = measured["error"], measured["chance"]
    if not measured["enough"] or error is None or chance is None:
        return empty_picture(title, f"Not enough data yet: {measured['n']} of {FEWEST_SAMPLES} samples.")
    bins = pd.DataFrame([each for each in measured["bins"] if each["n"]])
    figure, (axes,) = new_figure(WIDTH, 5.2)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="what is said")
    for each in bins.to_dict("records"):
        axes.plot([each["confidence"]] * 2, [each["accuracy_low"], each["accuracy_high"]], color=BLUE, linewidth=1.6)
        axes.annotate(
            f"{each['n']:,}", (each["confidence"], each["accuracy_low"]), xytext=(0, -4), textcoords="offset points",
            ha="center", va="top", fontsize=SMALL, color=GREY,
        )  # fmt: skip
    axes.plot(
        bins["confidence"], bins["accuracy"], "o", color=BLUE, markersize=6,
        label="what happened, with 95 % interval and samples",
    )  # fmt: skip
    axes.set(xlim=(0, 1.02), ylim=(-0.06, 1.02))
    axes.set_xlabel("probability of the most probable class", fontsize=TEXT)
    axes.set_ylabel("share that was right", fontsize=TEXT)
    figure.legend(loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    verdict = "within what chance does" if error <= chance else "more than chance"
    words = f"calibration error {number(error, 3)}, {verdict} (up to {number(chance, 3)}) on {measured['n']:,} samples"
    add_heading(figure, title, words)
    return finished(figure, f"{title} {words[0].upper()}{words[1:]}.")
