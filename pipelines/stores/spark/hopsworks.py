"""The Hopsworks store inside a Spark job of the cluster: the driver reads and writes, the workers get what it read."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import pandas as pd

from pipelines.settings import Settings
from pipelines.stores.base import FeatureGroup, Filter
from pipelines.stores.hopsworks import HopsworksStore
from pipelines.stores.spark.session import spark_session
from pipelines.stores.spark.store import Window, schema_of


class HopsworksOnSpark(HopsworksStore):
    """A Hopsworks store whose rows a Spark session takes up."""

    def __init__(self, settings: Settings, master: str = "") -> None:
        super().__init__(settings)
        self.master = master

    @property
    def session(self) -> Any:  # noqa: ANN401 - pyspark has types of its own only where it is installed
        """The Spark session, which the first call starts."""
        return spark_session(self.master)

    def scan_without(
        self, group: FeatureGroup, where: Filter, other: FeatureGroup, other_where: Filter, windows: Sequence[Window]
    ) -> Any:  # noqa: ANN401 - a Spark data frame
        """The rows of a group in some windows whose key is in no row of another group there; the driver reads them."""

        def within(window: Window) -> pd.DataFrame:
            start, end = window
            (key,) = group.key
            rows = self.read(group, start=start, end=end, where=where)
            there = self.read(other, start=start, end=end, columns=[key], where=other_where)
            return rows[~rows[key].isin(there[key])]

        rows = pd.concat(map(within, windows), ignore_index=True)
        return self.session.createDataFrame(rows, schema_of(group))

    def alone(self, name: str) -> nullcontext[None]:  # noqa: ARG002 - as the embedded store
        """Nothing to wait for: two jobs share no file, and the keys see to it that every row is there once."""
        return nullcontext()

    def collected(self, name: str, answers: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401, ARG002 - as the embedded store
        """What the workers answered, all of it: the driver held the samples too, and a write may cost minutes."""
        yield answers.toPandas()
