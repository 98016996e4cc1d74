"""The values of a category that are looked at one by one: all of them, or of many the most frequent and the rest."""

from collections.abc import Sequence

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
    counts = [
        pd.Series(part, dtype=object).value_counts().reindex(list(values), fill_value=0) for part in (reference, *parts)
    ]
    if len(values) <= MOST_VALUES:
        return list(values), [part.tolist() for part in counts]
    shown = list(counts[0].sort_values(ascending=False, kind="stable").index[: MOST_VALUES - 1])
    return [*shown, THE_REST], [[*part[shown].tolist(), int(part.drop(shown).sum())] for part in counts]
