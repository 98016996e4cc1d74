"""The ledger of a task: all that was predicted, summed by version and day, beside the newest rows.

Scores are functions of sums, and sums add up: what a version did in ten years follows from its days, and no row older
than the newest few thousand is read again. Where an interval asks for rows, older ones are resampled by whole days.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, singledispatch

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.models.number_sums import NumberSums
from pipelines.models.score_sums import Integers, Sums
from pipelines.models.sums import AnySums, sums_by_unit

# What is resampled one by one of a version; more rows place the ends of an interval no better than their days do.
MOST_ROWS = 2000
WEEK = 7
COUNTS = ("samples", "served", "settled")


@dataclass(frozen=True)
class Ledger:
    """What was predicted of a task.

    Attributes
    ----------
    days
        One row a version and day, sorted by both: `model_version`, `day` (UTC, midnight), how many `samples` the
        version predicted, `served` as the champion, and `settled` of these, when it last `predicted_at`; and as JSON,
        where it is known already, its `rolling` scores and its `live` ones after that day (see `quality`).
    sums
        The sums over what was served and is settled, one unit a row of `days`.
    rows
        The newest rows of the predictions group, by event time: all of them, or those of whole days that hold at least
        `MOST_ROWS` served ones.
    """

    task: Task
    days: pd.DataFrame = field(repr=False)
    sums: AnySums = field(repr=False)
    rows: pd.DataFrame = field(repr=False)

    @classmethod
    def of(cls, task: Task, predictions: pd.DataFrame) -> "Ledger":
        """The ledger of all predictions of a task, in any order."""
        return cls(task, *summed(task, predictions), predictions)

    @property
    def in_charge(self) -> int | None:
        """The version that served the newest sample; None before the first prediction."""
        return None if self.served.empty else int(self.served["model_version"].iloc[-1])

    @cached_property
    def served(self) -> pd.DataFrame:
        """What of the newest rows was served by the champion of the time, oldest first, one row a sample."""
        return served_rows(self.rows)

    def recent(self, count: int) -> pd.DataFrame:
        """The newest served predictions, newest first."""
        return self.served.iloc[::-1].head(count).reset_index(drop=True)

    @property
    def class_sums(self) -> Sums:
        """The sums of a task that predicts classes."""
        if not isinstance(self.sums, Sums):
            raise TypeError(f"{self.task.name} predicts no classes")
        return self.sums

    @property
    def samples(self) -> int:
        """How many predictions there are, those in the shadow of the champion included."""
        return int(self.days["samples"].sum())

    @property
    def newest_day(self) -> date | None:
        """The day of the newest predicted sample."""
        return None if self.days.empty else self.days["day"].max().date()

    @property
    def last_run(self) -> pd.Timestamp | None:
        """When something was last predicted."""
        return None if self.days.empty else self.days["predicted_at"].max()

    def of_version(self, version: int | None, count: str = "settled") -> Integers:
        """Which rows of `days` are those of a version with some of `count`, oldest first."""
        return np.flatnonzero((self.days["model_version"] == version) & (self.days[count] > 0))

    def dates(self, units: Integers) -> list[date]:
        """The days of some rows of `days`."""
        return [day.date() for day in self.days["day"].iloc[units]]

    @property
    def number_sums(self) -> NumberSums:
        """The sums of a task that predicts a number."""
        if not isinstance(self.sums, NumberSums):
            raise TypeError(f"{self.task.name} predicts no number")
        return self.sums

    def parts(self, units: Integers) -> AnySums:
        """What is resampled for some days of one version; see `rows_and_days` and `weeks`."""
        return _parts(self.sums, self, units) if len(units) else self.sums.at(units)

    def weeks(self, units: Integers) -> AnySums:
        """The sums of whole weeks, because numbers of days that follow each other err alike."""
        weeks = np.unique(self._day_numbers(self.days["day"].iloc[units]) // WEEK, return_inverse=True)[1]
        return self.sums.at(units).resampled((np.arange(weeks.max() + 1)[:, None] == weeks).astype(np.float64))

    def rows_and_days(self, units: Integers) -> AnySums:
        """The newest rows each on its own, older days as a whole."""
        counts = self.days["settled"].to_numpy()[units]
        newest = counts[::-1].cumsum()[::-1]
        whole = min(int((newest > MOST_ROWS).sum()), len(units) - 1)
        version, days = self.days["model_version"].iloc[units[0]], self._day_numbers(self.days["day"].iloc[units])
        rows, of_rows = self._settled.get(int(version), (self.rows.head(0), days[:0]))
        first, end = np.searchsorted(of_rows, [days[whole], days[-1] + 1])
        # A day that changed long ago: its rows are no longer among the newest.
        if end - first != newest[whole]:
            return self.sums.at(units)
        single = sums_by_unit(self.task, *answers(self.task, rows.iloc[first:end]), units=np.arange(end - first))
        return self.sums.at(units[:whole]).joined(single)

    @cached_property
    def _settled(self) -> dict[int, tuple[pd.DataFrame, npt.NDArray[np.int64]]]:
        """The newest rows of each version that were served and are settled, in order, with the number of the day."""
        rows = labelled(self.served)
        return {
            int(version): (own.reset_index(drop=True), self._day_numbers(own["event_time"]))
            for version, own in rows.groupby("model_version")
        }

    @staticmethod
    def _day_numbers(times: pd.Series) -> npt.NDArray[np.int64]:
        days: npt.NDArray[np.int64] = times.dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
        return days


@singledispatch
def _parts(sums: object, ledger: Ledger, units: Integers) -> AnySums:
    raise NotImplementedError


@_parts.register
def _(sums: Sums, ledger: Ledger, units: Integers) -> AnySums:  # noqa: ARG001 - of any classes
    return ledger.rows_and_days(units)


@_parts.register
def _(sums: NumberSums, ledger: Ledger, units: Integers) -> AnySums:  # noqa: ARG001 - of any number
    return ledger.weeks(units) if ledger.task.dataset.split == "time" else ledger.rows_and_days(units)


def summed(task: Task, predictions: pd.DataFrame) -> tuple[pd.DataFrame, AnySums]:
    """`Ledger.days` and `Ledger.sums` of rows of the predictions group, in any order."""
    keys = ["day", "model_version"]
    rows = predictions.assign(day=predictions["event_time"].dt.floor("D"))
    table = rows.groupby(keys).agg(samples=("sample_id", "size"), predicted_at=("predicted_at", "max")).reset_index()
    served = served_rows(rows)
    settled = labelled(served)
    for name, counted in (("served", served), ("settled", settled)):
        table = table.merge(counted.groupby(keys).size().rename(name).reset_index(), on=keys, how="left")
    table = table.sort_values(keys, ignore_index=True).fillna({"served": 0, "settled": 0})
    table = table.astype(dict.fromkeys(("model_version", *COUNTS), "int64")).assign(rolling=None, live=None)
    units = settled[keys].merge(table[keys].reset_index(names="unit"), on=keys, how="left")["unit"].to_numpy(np.int64)
    return table, sums_by_unit(task, *answers(task, settled), units=units).padded(len(table))


def served_rows(predictions: pd.DataFrame, version: int | None = None) -> pd.DataFrame:
    """What was served by the champion of the time (all of them or one version), oldest first, one row a sample."""
    rows = predictions[predictions["served"] == "champion"]
    if version is not None:
        rows = rows[rows["model_version"] == version]
    return ordered(rows).drop_duplicates("sample_id", keep="last", ignore_index=True)


def ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Predictions, oldest sample first."""
    return rows.sort_values(["event_time", "sample_id", "model_version"], ignore_index=True)


def labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """The predictions of which it is known what turned out."""
    return rows[rows["label"].notna()].reset_index(drop=True)


def answers(task: Task, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    """What turned out, what was said, and the other answers, such as how probable each class was."""
    return rows["label"], rows["prediction"], rows[task.answer_columns]


def newest_first_day(days: pd.DataFrame, least: timedelta) -> pd.Timestamp | None:
    """The first of the newest days that span at least so long and hold `MOST_ROWS` served rows; None for all."""
    by_day = days.groupby("day")["served"].sum().sort_index(ascending=False).cumsum()
    enough = by_day.index[by_day >= MOST_ROWS]
    if not len(enough):
        return None
    return min(enough[0], by_day.index[0] - least)
