"""The values of a category that are looked at one by one: all of them, or of many the most frequent and the rest."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

# More bars are no picture, and so rare a value shows no drift that its share among the rest does not show.
MOST_VALUES = 20
THE_REST = "all others"


def value_counts(
    values: Sequence[str], reference: Sequence[object], *parts: Sequence[object]
) -> tuple[list[str], list[list[int]]]:
    """The values that are looked at, and how often each occurs in the reference and in each of the `parts`.

    Parameters
    ----------
    values
        All values that the category can have; a cell that is missing is counted nowhere.
    """
    places = pd.Index(values, dtype=object)
    counts = [_counts(places, part) for part in (reference, *parts)]
    if len(values) <= MOST_VALUES:
        return list(values), [part.tolist() for part in counts]
    order = np.argsort(-counts[0], kind="stable")
    shown, rest = order[: MOST_VALUES - 1], order[MOST_VALUES - 1 :]
    return [*(values[place] for place in shown), THE_REST], [
        [*part[shown].tolist(), int(part[rest].sum())] for part in counts
    ]


def _counts(values: pd.Index, cells: Sequence[object]) -> npt.NDArray[np.int64]:
    """How often each of the values is among the cells."""
    found = values.get_indexer(pd.Index(cells, dtype=object))
    return np.bincount(found[found >= 0], minlength=len(values))
