"""Days along the foot of a picture."""

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter


def date_axis(axes: Axes) -> None:
    """Few labels, each as short as its neighbours allow."""
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
