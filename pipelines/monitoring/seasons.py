"""What a window of days is compared with where time splits: the same days of other years.

Summer after winter is no drift. In a record of four years (Seattle, each year against the three others), a comparison
with all history raised an alarm on each of 66 days that were looked at, and this one on 0, 0 and 2 of 55.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pandas as pd

from pipelines.datasets import DataSet

YEAR = 365
# Days of the year before and after those of the window that count as its season.
MARGIN = 7
# Days that follow each other are alike and prove less than they seem to; every third is nearly on its own.
APART = 3


def watched(dataset: DataSet) -> tuple[list[str], list[str]]:
    """The numeric and the categorical features that are watched; what is derived drifts with what it comes from."""
    derived = {feature.name for feature in dataset.features if feature.derived}
    numeric, categorical = ([name for name in names if name not in derived]
                            for names in (dataset.numeric, dataset.categorical))  # fmt: skip
    return numeric, categorical


def pairs(
    dataset: DataSet, reference: pd.DataFrame, windows: Iterable[tuple[int, pd.DataFrame]], day: date
) -> Iterator[tuple[int, pd.DataFrame, pd.DataFrame]]:
    """For each window that ends with `day` its days, the reference rows to compare it with, and its rows.

    Parameters
    ----------
    reference
        Rows of the data set with `event_time`.
    windows
        Days and rows, shorter windows first.
    """
    for days, window in windows:
        if dataset.split == "time":
            yield days, apart(same_season(reference, day, days), day), apart(window, day)
        else:
            yield days, reference, window


def same_season(reference: pd.DataFrame, day: date, days: int) -> pd.DataFrame:
    """The rows whose day of the year lies in the `days` days that end with `day`, or at most `MARGIN` days beside."""
    before = (day.timetuple().tm_yday - reference["event_time"].dt.dayofyear) % YEAR
    return reference[(before < days + MARGIN) | (before >= YEAR - MARGIN)]


def has_season(dataset: DataSet, reference: pd.DataFrame) -> bool:
    """Whether history holds a year, without which there is no other season to compare with."""
    if dataset.split == "random" or reference.empty:
        return True
    times = reference["event_time"]
    return bool(times.max() - times.min() >= timedelta(days=YEAR - 1))


def apart(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    """Every third day, counted back from `day`."""
    back = (pd.Timestamp(day, tz="UTC") - rows["event_time"].dt.normalize()).dt.days
    return rows[back % APART == 0]
