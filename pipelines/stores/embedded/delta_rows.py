"""Feature groups as Arrow and Delta Lake see them: types, comparisons and conditions. Nothing here writes."""

import functools
import operator
from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from pipelines.stores.base import FeatureGroup, Filter
from pipelines.stores.embedded.delta_log import as_utc, whole_step
from pipelines.stores.rows import ARROW_TYPES, arrow_schema, unfit_columns


def read_files(
    paths: Sequence[str],
    group: FeatureGroup,
    columns: Sequence[str] | None = None,
    condition: ds.Expression | None = None,
) -> pd.DataFrame:
    """The rows of data files that meet a condition, in no order; all columns by default."""
    table = dataset_of(paths, group).to_table(columns, filter=condition)
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def dataset_of(paths: Sequence[str], group: FeatureGroup) -> ds.FileSystemDataset:
    """Data files of a group, not read yet."""
    return ds.dataset(list(paths), schema=arrow_schema(group), format="parquet")


def merge_predicate(group: FeatureGroup, rows: pd.DataFrame) -> str:
    """Equal keys, within the literal time window of `rows`: files outside it are not opened."""
    times = rows[group.event_time]
    start, end = whole_step(times.min().to_pydatetime()), times.max().to_pydatetime()
    keys = [f"target.{name} = source.{name}" for name in group.key]
    window = [f"target.{group.event_time} {sign} '{time.isoformat()}'" for sign, time in ((">=", start), ("<=", end))]
    return " AND ".join(keys + window)


def condition(
    group: FeatureGroup, start: datetime | None = None, end: datetime | None = None, where: Filter | None = None
) -> ds.Expression | None:
    """`start` <= event time < `end`, and every `where` column equal to its value or to one of them."""
    time = ds.field(group.event_time)
    parts = [] if start is None else [time >= _moment(start)]
    parts += [] if end is None else [time < _moment(end)]
    for name, allowed in (where or {}).items():
        parts.append(is_one_of(group, name, [allowed] if isinstance(allowed, str) else allowed))
    return functools.reduce(operator.and_, parts) if parts else None


def is_one_of(group: FeatureGroup, name: str, allowed: Iterable[object]) -> ds.Expression:
    """True where a column has one of some values, which may be written as text."""
    return ds.field(name).isin(pa.array(list(allowed)).cast(arrow_schema(group).field(name).type))


def difference(table: DeltaTable, group: FeatureGroup) -> str:
    """What keeps the table from being that of the group, in words; empty where nothing does."""
    there = {field.name: str(field.type) for field in pa.schema(table.schema().to_arrow())}
    return unfit_columns(group, there, {field.name: str(field.type) for field in arrow_schema(group)})


def _moment(when: datetime) -> pa.Scalar:
    return pa.scalar(as_utc(when), ARROW_TYPES["timestamp"])
