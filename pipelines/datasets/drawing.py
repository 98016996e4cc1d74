"""Pieces that the drawings of samples are made of: curves, and a line that is seen by day and by night."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

# Seen on white and on black, because a drawing stands on both.
OUTLINE = "#85838f"

Point = tuple[float, float]


def bare(axes: Axes, width: float, low: float, high: float) -> None:
    """Axes without a frame that show `width` to both sides of 0, and the heights from `low` to `high`, undistorted."""
    axes.set(xlim=(-width, width), ylim=(low, high), aspect="equal")
    axes.axis("off")


def curve(points: Sequence[Point]) -> Path:
    """A path of cubic Bézier curves: the start, then two control points and an end for each piece."""
    return Path(list(points), [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])


def leaf(length: float, width: float, angle: float, base: float = 0.1) -> Path:
    """The outline of a leaf from the origin, of that length and greatest width, turned by `angle` degrees.

    `base` is how broad it begins, as a share of its width.
    """
    # A cubic curve reaches three quarters of the height of its control points.
    half, foot = width / 2 / 0.75, base * width / 2
    outline = curve([
        (0, -foot), (length * 0.35, -half), (length * 0.85, -half), (length, 0),
        (length * 0.85, half), (length * 0.35, half), (0, foot),
    ])  # fmt: skip
    return outline.transformed(Affine2D().rotate_deg(angle))


def fill(
    axes: Axes, path: Path, colour: str, *, edge: str = "none", layer: int = 1, strength: float = 1.0
) -> PathPatch:
    """Fill a path; returns the patch, for another to be clipped to it."""
    patch = PathPatch(path, facecolor=colour, edgecolor=edge, linewidth=1.0, zorder=layer, alpha=strength)
    axes.add_patch(patch)
    return patch


def stroke(axes: Axes, path: Path, colour: str = OUTLINE, width: float = 1.6, *, layer: int = 5) -> None:
    """Draw a path as a line of `width` points with round ends."""
    line = PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width, zorder=layer)
    line.set_capstyle("round")
    line.set_joinstyle("round")
    axes.add_patch(line)
