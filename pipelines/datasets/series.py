"""The days of a data set as a series: what is derived from the days behind each, and what the days ahead tell of it.

Days are matched by their date and never by position, so that a gap gives missing values and not those of another day.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import reduce

import numpy as np
import pandas as pd

from pipelines.datasets.derived import CALENDAR, Calendar, Lag, Rolling, Summary
from pipelines.datasets.spec import DataSet, Feature

# Added up day by day, so that the last bit does not depend on how many rows are computed together.
_SUMMARIES: Mapping[Summary, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
    "sum": lambda days: reduce(np.add, days),
    "mean": lambda days: reduce(np.add, days) / len(days),
    "lowest": lambda days: reduce(np.minimum, days),
    "highest": lambda days: reduce(np.maximum, days),
}


def each_day_once(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each day, named after it: `weather-2015-12-01`, which says nothing of its measurements."""
    ids = f"{dataset.name}-" + rows["event_time"].dt.strftime("%Y-%m-%d")
    return rows.assign(sample_id=ids.astype(object)).drop_duplicates("sample_id", keep="last")


def complete(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what is derived from the days behind them and what the days ahead tell of them.

    Parameters
    ----------
    rows
        Typed rows with `event_time`, one a day and in any order; also the days before that the derived features reach.
    """
    return with_outcomes(dataset, with_derived(dataset, rows))


def with_derived(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every derived feature, which depends on their own day and the days behind alone."""
    return rows.assign(**{each.name: _derived(each, rows) for each in dataset.features if each.derived})


def with_outcomes(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every label that a later day tells; missing where that day is."""
    return rows.assign(**{each.name: _shifted(rows, each.of, each.ahead) for each in dataset.labels if each.of})


def days_behind(dataset: DataSet) -> timedelta:
    """How far before a sample its derived features reach."""
    return timedelta(days=max((each.derived.reach for each in dataset.features if each.derived), default=0))


def days_ahead(dataset: DataSet) -> timedelta:
    """How long after a sample its last label is told by a later one."""
    return timedelta(days=max((each.ahead for each in dataset.labels), default=0))


def _derived(feature: Feature, rows: pd.DataFrame) -> pd.Series:
    match feature.derived:
        case Calendar(part):
            return CALENDAR[part](rows["event_time"]).astype("float64")
        case Lag(of, days):
            return _shifted(rows, of, -days)
        case Rolling(of, days, how):
            parts = [_shifted(rows, of, -back).to_numpy(dtype="float64") for back in range(days)]
            return pd.Series(_SUMMARIES[how](parts), index=rows.index)
        case None:
            return rows[feature.name]


def _shifted(rows: pd.DataFrame, of: str, days: int) -> pd.Series:
    """For each row the value of a column on the day that lies so many days later; missing where that day is."""
    on = rows["event_time"].dt.normalize()
    values = pd.Series(rows[of].to_numpy(), index=on)
    values = values[~values.index.duplicated(keep="last")]
    moved = values.reindex(on + timedelta(days=days)).set_axis(rows.index)
    return moved if moved.dtype.kind == "f" else moved.astype(object).where(moved.notna(), None)
