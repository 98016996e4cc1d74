"""The drawing of a day: a smiling sun, a cloud that is glad of its rain, or a grey sun that does not tell."""

from math import cos, radians, sin
from typing import TYPE_CHECKING

from pipelines.datasets.drawing import bare, curve, ellipse, fill, line, stroke

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUN, UNKNOWN_SUN = ("#f6cf52", "#c08a1e"), ("#d4d4d4", "#9a98a3")
CLOUD, DROP, CHEEK, FACE = ("#c9d3dc", "#85838f"), ("#6fb1e0", "#33699f"), "#e88f7a", "#5a4a20"
# The puffs of a cloud: middle, width and height.
PUFFS = (((-0.95, 0.2), (1.5, 1.1)), ((0.0, 0.55), (1.8, 1.6)), ((1.0, 0.25), (1.5, 1.2)), ((0.0, -0.05), (2.9, 0.8)))
EDGE = 0.12
# An umbrella would hide what falls; as many drops fit below a cloud.
# The left side of a drop from its tip down, from its middle line and height.
DROP_SIDE = ((0.0, 0.4), (0.06, 0.2), (0.24, 0.0), (0.2, -0.15), (0.16, -0.27), (0.08, -0.3), (0.0, -0.3))
DROPS = (-1.1, -0.37, 0.37, 1.1)


def draw_sun(axes: "Axes", *, labelled: bool) -> None:
    """Draw a sun that smiles, or a grey one that does not."""
    bare(axes, 2.6, -2.3, 2.3)
    body, edge = SUN if labelled else UNKNOWN_SUN
    for angle in range(0, 360, 30):
        near, far = ((reach * cos(radians(angle)), reach * sin(radians(angle))) for reach in (1.35, _ray(angle)))
        stroke(axes, line(near, far), edge, width=2.6, layer=1)
    ellipse(axes, (0, 0), (2.2, 2.2), body, edge=edge, width=1.4, layer=2)
    _face(axes, 0.1, smiles=labelled)


def draw_rain(axes: "Axes") -> None:
    """Draw a cloud with rain, which it is glad of."""
    bare(axes, 2.6, -2.3, 2.3)
    for layer, (colour, more) in enumerate(zip(reversed(CLOUD), (EDGE, 0.0), strict=True), start=1):
        for middle, (width, height) in PUFFS:
            ellipse(axes, middle, (width + more, height + more), colour, layer=layer)
    for number, x in enumerate(DROPS):
        _drop(axes, x, -1.1 - 0.45 * (number % 2))
    _face(axes, 0.25, smiles=True)


def _ray(angle: int) -> float:
    return 2.05 if angle % 60 else 1.8


def _drop(axes: "Axes", x: float, y: float) -> None:
    left = [(x - across, y + up) for across, up in DROP_SIDE]
    right = [(2 * x - px, py) for px, py in reversed(left[:-1])]
    outline = curve([*left, *right])
    fill(axes, outline, DROP[0], edge=DROP[1], layer=3)


def _face(axes: "Axes", y: float, *, smiles: bool) -> None:
    """Two eyes and a mouth, which is a line without a smile; with one also two cheeks."""
    for side in (-1, 1):
        ellipse(axes, (0.36 * side, y + 0.2), (0.17, 0.2), FACE, layer=4)
        if smiles:
            ellipse(axes, (0.64 * side, y - 0.06), (0.3, 0.18), CHEEK, layer=4)
    low = y - 0.45 if smiles else y - 0.2
    stroke(axes, curve(((-0.34, y - 0.15), (-0.2, low), (0.2, low), (0.34, y - 0.15))), FACE, width=2, layer=4)
