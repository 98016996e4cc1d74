"""Samples that a source sends: the due days, and once more the days before in which something may still change."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.datasets.arrivals.kind import NO_SCENARIO, Due
from pipelines.datasets.fetching import Fetched, Record
from pipelines.datasets.spec import DataSet
from pipelines.errors import UsageError


class FetchedSamples:
    """Samples of a live source, which may come late, be corrected, or come before their outcome."""

    name = "fetch"
    origin = "fetched"
    title = "Fetched samples"
    scenarios: tuple[str, ...] = (NO_SCENARIO,)
    trains = True
    derived = False

    def declared(self, dataset: DataSet) -> Fetched | Record | None:
        """How the data set declares such arrivals; None where it has none."""
        return dataset.arrivals

    def behind(self, dataset: DataSet) -> timedelta:
        """How long after its beginning a day is whole."""
        source = self.declared(dataset)
        return source.behind if source else timedelta(0)

    def rows(self, dataset: DataSet, due: Due) -> tuple[pd.DataFrame, str]:
        """What the source tells now of the due days and of those before that may still change, as text cells.

        Raises
        ------
        UsageError
            The data set has no such source, or nobody has said how to ask it.
        SourceError
            The source does not answer, or not as it should.
        """
        source = self.declared(dataset)
        if source is None or due.access is None:
            raise UsageError(f"{dataset.name} has no source to {self.name} samples from.")
        first, last = due.days[0] - source.settle, due.days[-1]
        cells = self.within(source.fetch(due.access, first, last), first, last)
        return cells.assign(origin=self.origin, role=np.full(len(cells), None, dtype=object)), _missing(cells, due)

    def within(self, cells: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
        """The rows of the days that were asked for; what has no day that can be read is for the data contract."""
        days = _days(cells)
        return cells[days.isna() | ((days >= first) & (days <= last))].reset_index(drop=True)


class RecordedSamples(FetchedSamples):
    """The days of a record, told as they became known."""

    name = "record"
    origin = "recorded"
    title = "Recorded samples"

    def declared(self, dataset: DataSet) -> Fetched | Record | None:
        """The record of the data set; None where it has none."""
        return dataset.record


def _days(cells: pd.DataFrame) -> pd.Series:
    times = pd.to_datetime(cells["event_time"], utc=True, errors="coerce", format="ISO8601")
    return times.dt.date.where(times.notna(), None).astype(object)


def _missing(cells: pd.DataFrame, due: Due) -> str:
    """A sentence on the due days that the source has nothing of yet; empty where it has all."""
    told = set(_days(cells))
    missing = [day for day in due.days if day not in told]
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more days" if len(missing) > 1 else ""
    return f"The source has nothing yet for {missing[0].isoformat()}{more}; what is missing stays due."
