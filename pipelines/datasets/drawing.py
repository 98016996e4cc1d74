"""Pieces that the drawings of samples are made of: curves, and a line that is seen by day and by night.

Each imports what it needs of matplotlib when it is drawn: this stands among the data sets, and most work draws nothing.
"""

from collections.abc import Sequence
from math import cos, radians, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Ellipse, PathPatch
    from matplotlib.path import Path

# Seen on white and on black, because a drawing stands on both.
OUTLINE = "#85838f"

Point = tuple[float, float]


def bare(axes: "Axes", width: float, low: float, high: float) -> None:
    """Axes without a frame that show `width` to both sides of 0, and the heights from `low` to `high`, undistorted."""
    axes.set(xlim=(-width, width), ylim=(low, high), aspect="equal")
    axes.axis("off")


def line(*points: Point) -> "Path":
    """A path that goes straight from point to point."""
    from matplotlib.path import Path

    return Path(points)


def curve(points: Sequence[Point]) -> "Path":
    """A path of cubic Bézier curves: the start, then two control points and an end for each piece."""
    from matplotlib.path import Path

    return Path(list(points), [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])


def leaf(length: float, width: float, angle: float, base: float = 0.1) -> "Path":
    """The outline of a leaf from the origin, of that length and greatest width, turned by `angle` degrees.

    `base` is how broad it begins, as a share of its width.
    """
    from matplotlib.transforms import Affine2D

    # A cubic curve reaches three quarters of the height of its control points.
    half, foot = width / 2 / 0.75, base * width / 2
    outline = curve([
        (0, -foot), (length * 0.35, -half), (length * 0.85, -half), (length, 0),
        (length * 0.85, half), (length * 0.35, half), (0, foot),
    ])  # fmt: skip
    return outline.transformed(Affine2D().rotate_deg(angle))


def fill(
    axes: "Axes", path: "Path", colour: str, *, edge: str = "none", layer: int = 1, strength: float = 1.0
) -> "PathPatch":
    """Fill a path; returns the patch, for another to be clipped to it."""
    from matplotlib.patches import PathPatch

    patch = PathPatch(path, facecolor=colour, edgecolor=edge, linewidth=1.0, zorder=layer, alpha=strength)
    axes.add_patch(patch)
    return patch


def stroke(axes: "Axes", path: "Path", colour: str = OUTLINE, width: float = 1.6, *, layer: int = 5) -> None:
    """Draw a path as a line of `width` points with round ends."""
    from matplotlib.patches import PathPatch

    drawn = PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width, zorder=layer)
    drawn.set_capstyle("round")
    drawn.set_joinstyle("round")
    axes.add_patch(drawn)


def ellipse(
    axes: "Axes",
    middle: Point,
    size: tuple[float, float],
    colour: str,
    *,
    edge: str = "none",
    width: float = 1.0,
    layer: int = 1,
) -> "Ellipse":
    """Fill an ellipse of that width and height, with an edge of `width` points; returns the patch, to be clipped."""
    from matplotlib.patches import Ellipse

    patch = Ellipse(middle, *size, facecolor=colour, edgecolor=edge, linewidth=width, zorder=layer)
    axes.add_patch(patch)
    return patch


def veined_leaf(axes: "Axes", length: float, width: float, angle: int, *, colours: tuple[str, str], layer: int) -> None:
    """Draw a leaf and its vein, in the colours of both."""
    body, vein = colours
    fill(axes, leaf(length, width, angle, base=0.35), body, edge=vein, layer=layer)
    fill(axes, leaf(length * 0.8, width * 0.45, angle), vein, layer=layer, strength=0.28)
    tip = (length * 0.7 * cos(radians(angle)), length * 0.7 * sin(radians(angle)))
    stroke(axes, line((0, 0), tip), vein, width=0.9, layer=layer)
