"""Feast with its DuckDB offline store, in a process and an environment of its own.

Reads one order a line (`ingest 10000`, `upsert 34`, `day 34`, `train`) and answers each with the seconds it took.
Feast's write appends a day and drops no duplicate, which is less than an upsert; its reads join keys and times.
"""

import sys
import tempfile
import warnings
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from benchmarks.made_up import MEASUREMENTS, made_up_day, made_up_rows
from benchmarks.timing import seconds

SETTINGS = """
project: benchmark
registry: registry.db
provider: local
offline_store: {type: duckdb}
online_store: {type: sqlite, path: online.db}
entity_key_serialization_version: 3
"""
VIEW = "samples"


class Feast:
    """One feature view over one Parquet file, in a folder that is emptied by each `ingest`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: FeatureStore | None = None
        self.keys = pd.DataFrame()

    def ingest(self, count: int) -> float:
        """Write so many rows into an empty store."""
        rows, folder = made_up_rows(0, count), Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "feature_store.yaml").write_text(SETTINGS, encoding="utf-8")
        rows.head(0).to_parquet(folder / "rows.parquet", index=False)
        self.keys = rows[["sample_id", "event_time"]]
        sample = Entity(name="sample", join_keys=["sample_id"], value_type=ValueType.STRING)
        source = FileSource(name="rows", path=str(folder / "rows.parquet"), timestamp_field="event_time")
        fields = [Field(name=name, dtype=Float64) for name in MEASUREMENTS]
        store = FeatureStore(repo_path=str(folder))
        store.apply([sample, FeatureView(name=VIEW, entities=[sample], schema=fields, source=source, ttl=timedelta(0))])
        self.store = store
        return seconds(lambda: store.write_to_offline_store(VIEW, rows))

    def upsert(self, number: int) -> float:
        """Append a day."""
        rows = made_up_day(number)
        self.keys = pd.concat([self.keys, rows[["sample_id", "event_time"]]], ignore_index=True)
        return seconds(lambda: self.opened().write_to_offline_store(VIEW, rows))

    def day(self, number: int) -> float:
        """Read the rows of a day."""
        return self.read(made_up_day(number)[["sample_id", "event_time"]])

    def train(self) -> float:
        """Read all rows."""
        return self.read(self.keys)

    def read(self, keys: pd.DataFrame) -> float:
        """Read the rows of some keys, and see that all are there."""
        features = [f"{VIEW}:{name}" for name in MEASUREMENTS]
        read = self.opened().get_historical_features
        found: list[pd.DataFrame] = []
        took = seconds(lambda: found.append(read(entity_df=keys, features=features).to_df()))
        if len(found[0]) != len(keys) or found[0][list(MEASUREMENTS)].isna().any(axis=None):
            raise ValueError(f"Feast gave {len(found[0])} rows of {len(keys)}, or rows without numbers.")
        return took

    def opened(self) -> FeatureStore:
        """The store of the last `ingest`."""
        if self.store is None:
            raise ValueError("Order an ingest first.")
        return self.store


def main() -> None:
    """Carry out orders until the input ends."""
    warnings.simplefilter("ignore")
    # What Feast prints is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        feast = Feast(Path(folder))
        for line in sys.stdin:
            order, *arguments = line.split()
            print(getattr(feast, order)(*map(int, arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
