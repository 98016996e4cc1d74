"""Feature groups of the embedded store as Spark data frames, and reads that Spark does."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from pipelines.stores.base import FeatureGroup, Filter
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.embedded.delta_log import as_utc
from pipelines.stores.rows import check_columns, conform
from pipelines.stores.spark.session import spark_session

# From one time on, up to and not including another (UTC).
Window = tuple[datetime, datetime]

# Reading a million rows here takes half a second and a tenth of a gigabyte; a Spark session takes 15 s to start.
PAYS_FROM = 20_000_000
# Where answers wait below the store's folder; what a killed job left there goes with the next.
ASIDE = ".spark"
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class SparkStore(EmbeddedStore):
    """An embedded store whose large reads Spark does, workers filtering, and which answers as any other.

    Parameters
    ----------
    root
        The folder of the store, the same on every worker.
    master
        The address of the cluster, see `spark_session`.
    pays_from
        The number of rows from which on Spark reads.
    """

    def __init__(self, root: Path, master: str = "", pays_from: int = PAYS_FROM) -> None:
        super().__init__(root)
        self.master, self.pays_from = master, pays_from

    @property
    def session(self) -> Any:  # noqa: ANN401 - pyspark has types of its own only where it is installed
        """The Spark session, which the first call starts."""
        return spark_session(self.master)

    def read(
        self,
        group: FeatureGroup,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
        where: Filter | None = None,
    ) -> pd.DataFrame:
        """The rows of a time window, sorted; see `Store.read`."""
        check_columns(group, [*(columns or ()), *(where or ())])
        if sum(file.rows or 0 for file in self.files(group, start, end)) < self.pays_from:
            return super().read(group, start=start, end=end, columns=columns, where=where)
        wanted = [name for name in group.column_names if columns is None or name in columns]
        needed = list(dict.fromkeys([*wanted, *group.order]))
        rows = self.scan(group, start=start, end=end, where=where).select(needed).toPandas()
        return conform(rows, group, needed)[wanted]

    def scan(
        self,
        group: FeatureGroup,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        where: Filter | None = None,
    ) -> Any:  # noqa: ANN401 - a Spark data frame
        """The same rows as a Spark data frame, not read yet and in no order."""
        paths = [file.path for file in self.files(group, start, end)]
        session, schema = self.session, schema_of(group)
        rows = session.read.schema(schema).parquet(*paths) if paths else session.createDataFrame([], schema)
        # Compared as whole microseconds: a time of Python would be taken in the zone of this machine.
        if start is not None:
            rows = rows.where(f"unix_micros({group.event_time}) >= {_micros(start)}")
        if end is not None:
            rows = rows.where(f"unix_micros({group.event_time}) < {_micros(end)}")
        for name, allowed in (where or {}).items():
            rows = rows.where(rows[name].cast("string").isin([allowed] if isinstance(allowed, str) else list(allowed)))
        return rows

    def scan_without(
        self, group: FeatureGroup, where: Filter, other: FeatureGroup, other_where: Filter, windows: Sequence[Window]
    ) -> Any:  # noqa: ANN401 - a Spark data frame
        """The rows of a group in some windows whose key is in no row of another group there."""

        def within(window: Window) -> Any:  # noqa: ANN401 - the same
            start, end = window
            rows = self.scan(group, start=start, end=end, where=where)
            there = self.scan(other, start=start, end=end, where=other_where).select(*group.key)
            return rows.join(there, [*group.key], "left_anti").select(rows.columns)

        return reduce(lambda one, more: one.unionAll(more), map(within, windows))

    def alone(self, name: str) -> AbstractContextManager[None]:
        """While this lasts, no other job has this name."""
        return self.lock(f"spark-{name}")

    def collected(self, name: str, answers: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401 - a Spark data frame
        """What the workers answer, file by file, after they have written all of it aside."""
        aside = self.root / ASIDE / name
        shutil.rmtree(aside, ignore_errors=True)
        try:
            answers.write.parquet(aside.as_uri())
            for path in sorted(aside.glob("*.parquet")):
                yield pq.ParquetFile(path).read().to_pandas()
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def schema_of(group: FeatureGroup) -> str:
    """The columns of a group with their types, as Spark writes them."""
    return ", ".join(f"{column.name} {column.type}" for column in group.columns)


def from_micros(count: int) -> datetime:
    """A time (UTC) from its microseconds since 1970."""
    return EPOCH + timedelta(microseconds=count)


def _micros(when: datetime) -> int:
    return (as_utc(when) - EPOCH) // timedelta(microseconds=1)
