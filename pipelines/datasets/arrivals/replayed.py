"""The real reserve rows, released day by day, for people who want no synthetic data."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.datasets.arrivals.kind import NO_SCENARIO, Due, as_arrivals, seeded
from pipelines.datasets.roles import near_groups
from pipelines.datasets.spec import DataSet
from pipelines.errors import UsageError


class Replayed:
    """The real reserve rows in a fixed order; a day that is stored keeps the rows that it has."""

    name = "replay"
    origin = "replayed"
    title = "Released real samples"
    scenarios: tuple[str, ...] = (NO_SCENARIO,)
    trains = True
    derived = False

    def behind(self, dataset: DataSet) -> timedelta:  # noqa: ARG002 - every kind is asked alike
        """How long after its beginning a day can be asked for: not at all."""
        return timedelta(0)

    def rows(self, dataset: DataSet, due: Due) -> tuple[pd.DataFrame, str]:
        """The rows of the due days, and a note where the reserve is used up.

        Raises
        ------
        UsageError
            An earlier day without rows is due: what it would get has been released on a later day.
        """
        first, per_day = due.days[0], due.per_day
        released = len(due.arrived(None, first))
        if due.newest and first <= due.newest:
            per_day = len(due.arrived(first, first + timedelta(days=1)))
            if not per_day:
                raise UsageError(
                    f"Replay releases its rows in order, and {dataset.name} has later days than {first}; "
                    f"give a day that it has, or one after {due.newest}."
                )
        rows = replay_days(dataset, due.reserve, due.days, per_day, released, distinguishable=due.distinguishable)
        if released + len(rows) < len(due.reserve):
            return rows, ""
        return rows, f"All {len(due.reserve)} reserve rows of {dataset.name} are released; none is left to replay."


def replay_days(
    dataset: DataSet,
    reserve: pd.DataFrame,
    days: Sequence[date],
    count: int,
    released: int,
    *,
    distinguishable: bool = True,
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
    groups = near_groups(dataset, rows, distinguishable=distinguishable)
    places = seeded(f"{dataset.name} replay").permutation(int(groups.max(initial=-1)) + 1)
    due = np.argsort(places[groups], kind="stable")[released : released + count * len(days)]
    slots = [(day, number) for day in days for number in range(count)]
    return as_arrivals(dataset, rows.iloc[due], slots[: len(due)], Replayed.origin)
