"""The feature groups of the embedded store: one Delta Lake table each.

A write holds the table's lock, looks at the rows that are there in the time window of its batch, and merges
only what differs. A read opens the files whose statistics overlap its time window, nothing else.
"""

import errno
import functools
import operator
import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pipelines.errors import SchemaMismatch, StoreError
from pipelines.stores.base import FeatureGroup, Filter, conform, latest_per_key
from pipelines.stores.delta_log import CONFIGURATION, as_utc, data_files, maintain
from pipelines.stores.folders import StoreFolder, error_number, guarded, names_in

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_DELTA_TYPES = {"string": "string", "double": "double", "bigint": "long", "timestamp": "timestamp"}

# Event times are kept in microseconds.
_TICK = timedelta(microseconds=1)

# From the first time on, up to but not including the second.
Window = tuple[datetime | None, datetime | None]

_retry_conflicts = retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    reraise=True,
)


class DeltaTables(StoreFolder):
    """Feature groups as Delta Lake tables under `tables/`."""

    @guarded
    def upsert(self, group: FeatureGroup, rows: pd.DataFrame) -> int:
        """Insert new keys and update changed ones in one commit; see `Store.upsert`."""
        batch = _checked_batch(group, rows)
        if batch.empty:
            return 0
        with self.lock(f"tables-{group.name}"), self._named(group):
            return self._merge(group, batch)

    @guarded
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
        condition = _condition(group, (start, end), where)
        wanted = group.column_names if columns is None else [name for name in group.column_names if name in columns]
        needed = list(dict.fromkeys([*wanted, *group.order]))
        with self._named(group):
            table = self._open(group)
            paths = _overlapping(table, group, start, end) if table else []
            rows = _rows(_dataset(paths, group).to_table(needed, filter=condition))
        return conform(rows, group, needed)[wanted]

    @guarded
    def newest(self, group: FeatureGroup) -> datetime | None:
        """The newest event time, from the file statistics and the time column of the newest file."""
        with self._named(group):
            table = self._open(group)
            files = data_files(table, group.event_time) if table else []
            reached = max((file.newest for file in files if file.newest), default=None)
            paths = [file.path for file in files if file.overlaps(reached, None)]
            times = _dataset(paths, group).to_table([group.event_time])[group.event_time]
        newest: datetime | None = pc.max(times).as_py()
        return as_utc(newest) if newest else None

    @guarded
    def count(self, group: FeatureGroup) -> int:
        """The number of rows, from the file statistics."""
        with self._named(group):
            table = self._open(group)
            files = data_files(table, group.event_time) if table else []
            unknown = _dataset([file.path for file in files if file.rows is None], group)
            return int(unknown.count_rows()) + sum(file.rows or 0 for file in files)

    @guarded
    def clear(self, group: FeatureGroup) -> None:
        """Remove every row in one commit, and take over the group's columns where the table has others."""
        if self._commits(group):
            with self.lock(f"tables-{group.name}"), self._named(group):
                table = DeltaTable(self._path(group))
                if table.file_uris() or _difference(table, group):
                    empty = _schema(group).empty_table()
                    write_deltalake(table, empty, mode="overwrite", schema_mode="overwrite")

    @_retry_conflicts
    def _merge(self, group: FeatureGroup, batch: pd.DataFrame) -> int:
        table = self._open(group) or self._create(group)
        changed = batch[_differs(batch, _present(table, group, batch), group)]
        if changed.empty:
            return 0
        source = pa.Table.from_pandas(changed, schema=_schema(group), preserve_index=False)
        merge = table.merge(
            source,
            _merge_predicate(group, changed),
            source_alias="source",
            target_alias="target",
        )
        if not group.append_only:
            merge = merge.when_matched_update_all()
        merge.when_not_matched_insert_all().execute()
        maintain(table)
        return len(changed)

    def _create(self, group: FeatureGroup) -> DeltaTable:
        configuration = {**CONFIGURATION, "delta.dataSkippingStatsColumns": group.event_time}
        return DeltaTable.create(
            self._path(group), _schema(group), description=group.description, configuration=configuration
        )

    def _open(self, group: FeatureGroup) -> DeltaTable | None:
        if not self._commits(group):
            return None
        table = DeltaTable(self._path(group))
        difference = _difference(table, group)
        if difference:
            raise SchemaMismatch(
                f"The table of {group.name} in {self.location} has other columns than the data set: {difference}. "
                "Undo the change of the data set, use another STORE_DIR, or backfill again with --replace."
            )
        return table

    def _commits(self, group: FeatureGroup) -> list[str]:
        log = self._path(group) / "_delta_log"
        commits = sorted(name for name in names_in(log) if name[0].isdigit())
        # A power cut can leave the newest commit empty, and delta-rs takes that for a commit of nothing.
        if commits and not (log / commits[-1]).stat().st_size:
            raise StoreError(self._damaged(group, f"{commits[-1]} is empty"))
        return commits

    @contextmanager
    def _named(self, group: FeatureGroup) -> Iterator[None]:
        """Turn what Delta Lake and Arrow raise into one sentence about the table of `group`."""
        try:
            yield
        except CommitFailedError as error:
            raise StoreError(
                f"Other programs keep changing the table of {group.name} in {self.location}; run this again."
            ) from error
        except (DeltaError, pa.ArrowException, OSError) as error:
            number = error_number(error)
            if number and number != errno.ENOENT:
                raise OSError(number, os.strerror(number), str(self._path(group))) from error
            raise StoreError(self._damaged(group, f"{type(error).__name__}: {error}".split("\n")[0])) from error

    def _damaged(self, group: FeatureGroup, what: str) -> str:
        return (
            f"The table of {group.name} in {self._path(group)} is damaged ({textwrap.shorten(what, 200)}); "
            "take it from a copy of the store, or delete that folder and backfill again."
        )

    def _path(self, group: FeatureGroup) -> Path:
        return self.root / "tables" / group.name


def _checked_batch(group: FeatureGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each key, typed and sorted, or an error that names what does not fit."""
    missing = [name for name in group.column_names if name not in rows.columns]
    if missing:
        raise SchemaMismatch(f"The rows for {group.name} lack {', '.join(missing)}; give every column of the group.")
    try:
        batch = conform(latest_per_key(rows, group), group)
        pa.Table.from_pandas(batch, schema=_schema(group), preserve_index=False)
    except (TypeError, ValueError) as error:
        raise SchemaMismatch(f"The rows for {group.name} do not fit its columns: {error}.") from error
    empty = [name for name in group.order if batch[name].isna().any()]
    if empty:
        raise StoreError(f"Some rows for {group.name} have no {' and no '.join(empty)}; each row needs one.")
    return batch


def _differs(batch: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup) -> pd.Series:
    """True for the rows of `batch` that are not in `present` (append-only groups: whose key is not)."""
    same = list(group.key) if group.append_only else group.column_names
    both = pd.concat([present[same], batch[same]], ignore_index=True) if len(present) else batch[same]
    return pd.Series(~both.duplicated(same).to_numpy()[len(both) - len(batch) :], index=batch.index)


def _present(table: DeltaTable, group: FeatureGroup, batch: pd.DataFrame) -> pd.DataFrame:
    """What is there of the keys of `batch`.

    Rows of an append-only group are looked for in all of history, because such a row may come again
    with a later time; all others in the time window of the batch.
    """
    if group.append_only:
        first = group.key[0]
        same_key = ds.field(first).isin(pa.array(batch[first], _schema(group).field(first).type))
        found = _dataset(table.file_uris(), group).to_table(group.order, filter=same_key)
        return conform(_rows(found), group, group.order)
    times = batch[group.event_time]
    start, end = times.min().to_pydatetime(), times.max().to_pydatetime() + _TICK
    found = _dataset(_overlapping(table, group, start, end), group)
    return conform(_rows(found.to_table(filter=_condition(group, (start, end), None))), group)


def _merge_predicate(group: FeatureGroup, changed: pd.DataFrame) -> str:
    """Equal keys, and the literal time window of the batch by which files are left out."""
    times = changed[group.event_time]
    low, high = times.min().floor("ms").isoformat(), times.max().isoformat()
    keys = [f"target.{name} = source.{name}" for name in group.key]
    window = [f"target.{group.event_time} >= '{low}'", f"target.{group.event_time} <= '{high}'"]
    return " AND ".join(keys + window)


def _overlapping(table: DeltaTable, group: FeatureGroup, start: datetime | None, end: datetime | None) -> list[str]:
    return [file.path for file in data_files(table, group.event_time) if file.overlaps(start, end)]


def _condition(group: FeatureGroup, window: Window, where: Filter | None) -> ds.Expression | None:
    start, end = window
    time = ds.field(group.event_time)
    parts = [] if start is None else [time >= _time(start)]
    parts += [] if end is None else [time < _time(end)]
    for name, allowed in (where or {}).items():
        values = pa.array([allowed] if isinstance(allowed, str) else list(allowed), pa.string())
        parts.append(ds.field(name).isin(values.cast(_schema(group).field(name).type)))
    return functools.reduce(operator.and_, parts) if parts else None


def _time(when: datetime) -> pa.Scalar:
    return pa.scalar(as_utc(when), ARROW_TYPES["timestamp"])


def _dataset(paths: Sequence[str], group: FeatureGroup) -> ds.FileSystemDataset:
    return ds.dataset(list(paths), schema=_schema(group), format="parquet")


def _rows(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def _schema(group: FeatureGroup) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in group.columns])


def _difference(table: DeltaTable, group: FeatureGroup) -> str:
    """What the table has otherwise than the group, in words; empty where nothing."""
    there = {field.name: str(getattr(field.type, "type", field.type)) for field in table.schema().fields}
    asked = {column.name: _DELTA_TYPES[column.type] for column in group.columns}
    lacking = [f"it lacks {name}" for name in asked if name not in there]
    extra = [f"it has {name}" for name in there if name not in asked]
    retyped = [
        f"{name} is {there[name]} and should be {asked[name]}"
        for name in asked
        if name in there and there[name] != asked[name]
    ]
    return "; ".join(lacking + extra + retyped)
