"""The real reserve rows, released day by day, for people who want no synthetic data."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from pipelines.datasets.arrivals.simulated import as_arrivals, seeded
from pipelines.datasets.roles import near_groups
from pipelines.datasets.spec import DataSet


def replay_days(
    dataset: DataSet, reserve: pd.DataFrame, days: Sequence[date], count: int, released: int
) -> pd.DataFrame:
    """Release the next `count` reserve rows for each of `days`, each once; fewer where the reserve is used up.

    The order is seeded and the same on every machine; near groups come in one piece.

    Parameters
    ----------
    reserve
        Typed rows of the data set with the role `reserve` and their `sample_id`, in any order.
    released
        How many were released before these days.

    Returns
    -------
    Rows with the columns of the samples group, origin `replayed`, the role empty.
    """
    rows = reserve.sort_values("sample_id", ignore_index=True)
    groups = near_groups(dataset, rows)
    places = seeded(f"{dataset.name} replay").permutation(int(groups.max(initial=-1)) + 1)
    due = np.argsort(places[groups], kind="stable")[released : released + count * len(days)]
    slots = [(day, number) for day in days for number in range(count)]
    return as_arrivals(dataset, rows.iloc[due], slots[: len(due)], "replayed")
