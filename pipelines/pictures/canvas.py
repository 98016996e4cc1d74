"""What every picture stands on: a figure of its own, the palette, the heading, the empty state.

Drawn with the Agg canvas: no global state, no display. The same data give the same bytes, so that an unchanged picture
is not uploaded again. Nothing is said by colour alone.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from pipelines.pictures.theme import LIGHT
from pipelines.wording import measurement

INK, GREY, LINES = LIGHT.ink, LIGHT.soft, LIGHT.line
BLUE, GREEN, RED, VIOLET = LIGHT.course, LIGHT.ok, LIGHT.bad, LIGHT.accent
DPI = 150
WIDTH = 6.4  # inches; wider pictures have too small a print on a phone
SMALL, TEXT, TITLE = 9, 10, 12  # points
NO_PREDICTIONS = "No predictions yet: the first appear after the next inference run."
LONGEST_NAME = 14  # characters of a class name that fit below a column without turning
COLOURS = 128  # what is drawn has few, and shades of their edges
LEVEL = 8  # of compression: the highest, 9, takes three times as long for a hundredth less


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows in words."""

    png: bytes
    alt: str


def empty_picture(title: str, sentence: str) -> Picture:
    """A picture that says what will be seen here."""
    figure, (axes,) = new_figure(WIDTH, 2.2)
    axes.axis("off")
    axes.text(0.5, 0.5, sentence, ha="center", va="center", fontsize=TEXT, color=GREY, wrap=True)
    add_heading(figure, title)
    return finished(figure, f"{title.rstrip('?')}: {sentence}")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of so many inches, and its axes row by row."""
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)  # inches, so that nothing touches the edge
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def number_axis(axis: Axis) -> None:
    """Let an axis write its numbers as everything else does, with thousands set off."""
    axis.set_major_formatter(lambda value, place: measurement(value))  # noqa: ARG005 - matplotlib's own signature


def add_heading(figure: Figure, title: str, below: str = "") -> None:
    """The title of a picture, and a line in smaller print over its first axes."""
    figure.suptitle(title, fontsize=TITLE, fontweight="bold", color=INK)
    if below:
        # Aligned to the right it has the room over the labels of the vertical axis as well.
        figure.get_axes()[0].set_title(below, fontsize=SMALL, color=GREY, loc="right")


def finished(figure: Figure, alt: str) -> Picture:
    """The PNG of a figure, without metadata, so that its bytes depend on the data alone."""
    canvas: Any = FigureCanvasAgg(figure)
    packed = io.BytesIO()
    canvas.draw()  # once, where `savefig` draws everything twice and packs it in full colours
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette makes the file a third of the size, which is what a page with all pictures in it needs.
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", compress_level=LEVEL)
    return Picture(packed.getvalue(), alt)
