"""The picture that a link to the page shows where people share it."""

import io
import textwrap

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from pipelines.pictures.theme import LIGHT

# 1200 by 630 pixels, as those who show it ask for.
INCHES, PIXELS_AN_INCH = (12.0, 6.3), 100
LETTERS, LINE_HEIGHT = 26, 0.15


def social_picture(headline: str, line: str, state: str) -> bytes:
    """A PNG with the headline of the page and a line below it, on the colour of its state (`ok`, `bad`, ...)."""
    figure = Figure(figsize=INCHES, dpi=PIXELS_AN_INCH, facecolor=LIGHT.paper)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    paper = getattr(LIGHT, f"{state}_paper")
    axes.add_patch(
        FancyBboxPatch((0.06, 0.12), 0.88, 0.76, boxstyle="round,pad=0.01", facecolor=paper, edgecolor="none")
    )
    axes.text(0.1, 0.78, "Serverless ML", fontsize=24, fontweight="bold", color=getattr(LIGHT, state), va="center")
    lines = textwrap.wrap(headline, LETTERS)[:3]
    for number, words in enumerate(lines):
        axes.text(0.1, 0.62 - LINE_HEIGHT * number, words, fontsize=46, fontweight="bold", color=LIGHT.ink, va="center")
    axes.text(0.1, 0.19, line, fontsize=18, color=LIGHT.soft, va="center")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()
