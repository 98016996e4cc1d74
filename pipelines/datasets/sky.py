"""The drawing of a day: a smiling sun, a cloud that is glad of its rain, or a grey sun that does not tell; and of how
warm it gets: a thermometer that dresses for it.
"""

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
GLASS, UNKNOWN_GLASS, SHADES = ("#eef2f5", "#85838f"), ("#e2e2e2", "#9a98a3"), "#33303a"
# From the colour of ice to that of a hot day, and from which temperatures on (°C).
MERCURY = ((-60.0, "#6f9fd8"), (5.0, "#5fb0a4"), (15.0, "#f0b64a"), (25.0, "#e2603f"))
WOOL, WOOL_EDGE = "#7f6bb0", "#4f4180"
COLD, HOT = 5.0, 25.0
# The heights of the tube that -10 and 40 °C reach.
TUBE, SHOWN = (-0.1, 1.5), (-10.0, 40.0)
BULB = (0.0, -1.05)


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


def draw_thermometer(axes: "Axes", warmest: float | None) -> None:
    """Draw a thermometer at a temperature (°C): in wool when cold, in shades when hot; grey where none is told."""
    bare(axes, 2.6, -2.3, 2.3)
    glass, edge = GLASS if warmest is not None else UNKNOWN_GLASS
    foot, top = (0, BULB[1]), (0, TUBE[1])
    for colour, width in ((edge, 22), (glass, 19)):
        stroke(axes, line(foot, top), colour, width=width, layer=1)
    ellipse(axes, BULB, (1.9, 1.9), glass, edge=edge, width=1.6, layer=2)
    if warmest is not None:
        colour = next(shade for above, shade in reversed(MERCURY) if warmest >= above)
        stroke(axes, line(foot, (0, _height(warmest))), colour, width=9, layer=3)
        ellipse(axes, BULB, (1.6, 1.6), colour, layer=3)
    _face(axes, BULB[1], smiles=warmest is not None)
    if warmest is not None and warmest < COLD:
        _dress_warmly(axes)
    elif warmest is not None and warmest >= HOT:
        _put_on_shades(axes)


def _height(warmest: float) -> float:
    low, high = SHOWN
    share = min(max((warmest - low) / (high - low), 0.0), 1.0)
    return TUBE[0] + share * (TUBE[1] - TUBE[0])


def _dress_warmly(axes: "Axes") -> None:
    """A bobble hat and a scarf."""
    brim, tip = TUBE[1] - 0.1, TUBE[1] + 0.55
    hat = curve(
        ((-0.55, brim), (-0.5, tip), (0.5, tip), (0.55, brim), (0.2, brim - 0.1), (-0.2, brim - 0.1), (-0.55, brim))
    )
    fill(axes, hat, WOOL, edge=WOOL_EDGE, layer=6)
    ellipse(axes, (0, tip - 0.08), (0.36, 0.36), GLASS[0], edge=WOOL_EDGE, layer=7)
    neck = BULB[1] - 0.62
    stroke(axes, curve(((-0.75, neck), (-0.3, neck - 0.3), (0.3, neck - 0.3), (0.75, neck))), WOOL, width=7, layer=6)
    stroke(axes, line((0.66, neck - 0.05), (0.95, neck - 0.5)), WOOL, width=6, layer=6)


def _put_on_shades(axes: "Axes") -> None:
    eyes = BULB[1] + 0.2
    for side in (-1, 1):
        ellipse(axes, (0.36 * side, eyes), (0.6, 0.44), SHADES, layer=6)
    stroke(axes, line((-0.9, eyes + 0.08), (0.9, eyes + 0.08)), SHADES, width=2.4, layer=6)


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
