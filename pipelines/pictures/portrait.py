"""A sample as a drawing of its own, without a frame, on whatever lies behind it."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pipelines.datasets import Task
from pipelines.pictures.sample import draw_sample

INCHES = 1.4


def portrait(task: Task, sample: Mapping[str, Any], label: str, history: pd.DataFrame) -> bytes:
    """A sample drawn as the class `label`, see `draw_sample`: SVG on a transparent ground.

    The same input gives the same bytes.
    """
    figure = Figure(figsize=(INCHES, INCHES), facecolor="none")
    FigureCanvasSVG(figure)
    draw_sample(figure.add_axes((0, 0, 1, 1)), pd.Series(dict(sample)), task, label, history)
    drawn = io.BytesIO()
    # Otherwise the names of the clipping shapes are drawn by lot, and an unchanged drawing has other bytes.
    with mpl.rc_context({"svg.hashsalt": "portrait"}):
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return drawn.getvalue()
