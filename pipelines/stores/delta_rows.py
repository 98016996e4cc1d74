"""Feature groups as Arrow and Delta Lake see them: types, comparisons and conditions. Nothing here writes."""

import functools
import operator
from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from pipelines.errors import SchemaMismatch, StoreError
from pipelines.stores.base import FeatureGroup, Filter, conform, latest_per_key
from pipelines.stores.delta_log import as_utc, whole_step

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(group: FeatureGroup) -> pa.Schema:
    """The columns of a group with their Arrow types."""
    return pa.schema([(column.name, _TYPES[column.type]) for column in group.columns])


def to_arrow(rows: pd.DataFrame, group: FeatureGroup) -> pa.Table:
    """Typed rows as an Arrow table; NaN becomes null."""
    return pa.Table.from_pandas(rows, schema=arrow_schema(group), preserve_index=False)


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


def checked_batch(group: FeatureGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each key, typed and sorted.

    Raises
    ------
    SchemaMismatch
        `rows` lack a column of the group, or hold values of another type.
    StoreError
        A row has no key or no event time.
    """
    missing = [name for name in group.column_names if name not in rows.columns]
    if missing:
        raise SchemaMismatch(f"The rows for {group.name} lack {', '.join(missing)}; give every column of the group.")
    try:
        batch = conform(latest_per_key(rows, group), group)
        to_arrow(batch, group)
    except (TypeError, ValueError) as error:
        raise SchemaMismatch(f"The rows for {group.name} do not fit its columns: {error}.") from error
    empty = [name for name in group.order if batch[name].isna().any()]
    if empty:
        raise StoreError(f"Some rows for {group.name} have no {' and no '.join(empty)}; give each row one.")
    return batch


def new_or_changed(batch: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup) -> pd.DataFrame:
    """The rows of `batch` that are not in `present`; of an append-only group, those whose key is not."""
    same = list(group.key) if group.append_only else group.column_names
    both = pd.concat([present[same], batch[same]], ignore_index=True)
    return batch[~both.duplicated().to_numpy()[len(present) :]]


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


def check_columns(group: FeatureGroup, names: Iterable[str]) -> None:
    """Refuse the name of a column that the group does not have, with `SchemaMismatch`."""
    unknown = [name for name in names if name not in group.column_names]
    if unknown:
        raise SchemaMismatch(
            f"{group.name} has no column {', '.join(unknown)}; its columns are {', '.join(group.column_names)}."
        )


def difference(table: DeltaTable, group: FeatureGroup) -> str:
    """What the table has otherwise than the group, in words; empty where nothing."""
    there = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
    asked = {field.name: field.type for field in arrow_schema(group)}
    return "; ".join(
        [
            *(f"it lacks {name}" for name in asked if name not in there),
            *(f"it has {name}" for name in there if name not in asked),
            *(
                f"{name} is {there[name]} and should be {asked[name]}"
                for name in asked
                if name in there and there[name] != asked[name]
            ),
        ]
    )


def _moment(when: datetime) -> pa.Scalar:
    return pa.scalar(as_utc(when), _TYPES["timestamp"])
