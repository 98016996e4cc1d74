"""Feature groups as Arrow and Delta Lake see them: types, comparisons and conditions. Nothing here writes."""

import functools
import operator
from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from pipelines.stores.base import FeatureGroup, Filter
from pipelines.stores.embedded.delta_log import as_utc, whole_step
from pipelines.stores.rows import ARROW_TYPES, arrow_schema, in_order, to_frame, unfit_columns


def read_files(
    paths: Sequence[str],
    group: FeatureGroup,
    columns: Sequence[str] | None = None,
    condition: ds.Expression | None = None,
) -> pd.DataFrame:
    """The rows of data files that meet a condition, sorted and typed as `conform` says; all columns by default."""
    wanted = [name for name in group.column_names if columns is None or name in columns]
    needed = list(dict.fromkeys([*wanted, *group.order]))
    table = dataset_of(paths, group).to_table(needed, filter=condition)
    return to_frame(in_order(table, group).select(wanted), group)


def read_keys(paths: Sequence[str], group: FeatureGroup, keys: pa.Array) -> pd.DataFrame:
    """Event time and key of the rows that have one of `keys` in the first column of their key."""
    first, span = ds.field(group.key[0]), pc.min_max(keys)
    # Statistics tell whether a stretch of a file may have values between two, not whether it has one of many.
    between = (first >= span["min"]) & (first <= span["max"])
    return read_files(paths, group, group.order, between & first.isin(keys))


def dataset_of(paths: Sequence[str], group: FeatureGroup) -> ds.FileSystemDataset:
    """Data files of a group, not read yet."""
    return ds.dataset(list(paths), schema=arrow_schema(group), format="parquet")


def shares_keys(rows: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup) -> bool:
    """Whether a row has the key of one that is present."""
    key = list(group.key)
    return bool(pd.concat([present[key], rows[key]]).duplicated().any())


def merge_predicate(group: FeatureGroup, rows: pa.Table) -> str:
    """Equal keys, within the literal time window of `rows`: files outside it are not opened."""
    start, end = time_span(rows, group)
    start = whole_step(start)
    keys = [f"target.{name} = source.{name}" for name in group.key]
    window = [f"target.{group.event_time} {sign} '{time.isoformat()}'" for sign, time in ((">=", start), ("<=", end))]
    return " AND ".join(keys + window)


def time_span(rows: pa.Table, group: FeatureGroup) -> tuple[datetime, datetime]:
    """The oldest and the newest event time."""
    span = pc.min_max(rows[group.event_time])
    return span["min"].as_py(), span["max"].as_py()


def condition(
    group: FeatureGroup, start: datetime | None = None, end: datetime | None = None, where: Filter | None = None
) -> ds.Expression | None:
    """`start` <= event time < `end`, and every `where` column equal to its value or to one of them."""
    time = ds.field(group.event_time)
    parts = [] if start is None else [time >= _moment(start)]
    parts += [] if end is None else [time < _moment(end)]
    for name, allowed in (where or {}).items():
        parts.append(_is_one_of(group, name, [allowed] if isinstance(allowed, str) else allowed))
    return functools.reduce(operator.and_, parts) if parts else None


def _is_one_of(group: FeatureGroup, name: str, allowed: Iterable[object]) -> ds.Expression:
    """True where a column has one of some values, which may be written as text."""
    return ds.field(name).isin(pa.array(list(allowed)).cast(arrow_schema(group).field(name).type))


def difference(table: DeltaTable, group: FeatureGroup) -> str:
    """What keeps the table from being that of the group, in words; empty where nothing does."""
    there = {field.name: str(field.type) for field in pa.schema(table.schema().to_arrow())}
    return unfit_columns(group, there, {field.name: str(field.type) for field in arrow_schema(group)})


def _moment(when: datetime) -> pa.Scalar:
    return pa.scalar(as_utc(when), ARROW_TYPES["timestamp"])
