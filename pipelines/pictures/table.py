"""A table as a picture: for a README and for chats, which show no tables of their own."""

from collections.abc import Sequence
from typing import TypeAlias

from pipelines.pictures.canvas import INK, LINES, TEXT, WIDTH, Picture, add_heading, finished, new_figure

# Its text and its colour.
Cell: TypeAlias = tuple[str, str]

LETTER = 0.09  # inches that a letter takes on average, with some to spare


def draw_table(title: str, header: Sequence[str], lines: Sequence[Sequence[Cell]], alt: str) -> Picture:
    """The lines below their header, each column as wide as its longest cell."""
    top = [(name, INK) for name in header]
    widths = [max(len(line[column][0]) for line in (top, *lines)) + 2 for column in range(len(top))]
    figure, (axes,) = new_figure(max(WIDTH, LETTER * sum(widths)), 1.1 + 0.3 * len(lines))
    axes.axis("off")
    axes.set(xlim=(0, sum(widths)), ylim=(len(lines) + 0.6, -0.6))
    for place, line in enumerate((top, *lines)):
        for column, (text, colour) in enumerate(line):
            weight = "normal" if place else "bold"
            axes.text(sum(widths[:column]), place, text, fontsize=TEXT, color=colour, fontweight=weight, va="center")
        axes.axhline(place + 0.5, color=LINES, linewidth=0.8)
    add_heading(figure, title)
    return finished(figure, alt)
