"""The rows of a feature group as data frames: their types, checks and comparisons, the same for both stores."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionDtype

from pipelines.errors import SchemaMismatch, StoreError
from pipelines.stores.base import ColumnType, FeatureGroup

_PANDAS_TYPES: dict[pa.DataType, ExtensionDtype] = {pa.int64(): pd.Int64Dtype()}
_DTYPES = {"string": "object", "double": "float64", "bigint": "Int64", "timestamp": "datetime64[us, UTC]"}


def conform(rows: pd.DataFrame, group: FeatureGroup, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Give `rows` exactly the columns and types of the group, sorted by event time and key.

    Text becomes `object` with None for nothing, numbers `float64` or `Int64`, times `datetime64[us, UTC]`
    (a time without a zone is taken as UTC).
    """
    return to_frame(in_order(to_arrow(rows, group, columns), group), group)


def to_frame(table: pa.Table, group: FeatureGroup) -> pd.DataFrame:
    """Rows of a group as `conform` types them."""
    first = group.key[0]
    if first not in table.column_names:
        return _typed_frame(table)
    frame = _typed_frame(table.drop_columns(first))
    # Text that repeats becomes one object by being looked up, which for keys takes most of a read and finds none.
    keys = table[first].to_pandas(types_mapper=_PANDAS_TYPES.get, deduplicate_objects=False)
    frame.insert(table.column_names.index(first), first, keys)
    return frame


def _typed_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=_PANDAS_TYPES.get)
    return frame


def in_order(table: pa.Table, group: FeatureGroup) -> pa.Table:
    """The rows sorted by those of event time and key that are among their columns, nothing last."""
    order = [(name, "ascending") for name in group.order if name in table.column_names]
    if not order:
        return table
    positions = pc.sort_indices(table, order).to_numpy()
    # Rows are mostly written in order: looking costs less than a tenth of moving them.
    return table if (positions[1:] > positions[:-1]).all() else table.take(positions)


def latest_per_key(rows: pd.DataFrame, group: FeatureGroup) -> pd.DataFrame:
    """`rows` with the last of each key kept."""
    return rows.drop_duplicates(list(group.key), keep="last", ignore_index=True)


def as_parquet(rows: pd.DataFrame) -> bytes:
    """Rows as the content of a Parquet file, with their types."""
    content = io.BytesIO()
    rows.to_parquet(content, index=False)
    return content.getvalue()


def from_parquet(content: bytes) -> pd.DataFrame:
    """The rows of `as_parquet`."""
    return pd.read_parquet(io.BytesIO(content))


ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(group: FeatureGroup) -> pa.Schema:
    """The columns of a group with their Arrow types."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in group.columns])


def to_arrow(rows: pd.DataFrame, group: FeatureGroup, columns: Sequence[str] | None = None) -> pa.Table:
    """Rows as an Arrow table with the types of the group; NaN becomes null.

    Raises
    ------
    SchemaMismatch
        `rows` lack a column, or hold values of another type.
    """
    wanted = [column for column in group.columns if columns is None or column.name in columns]
    missing = [column.name for column in wanted if column.name not in rows.columns]
    if missing:
        raise SchemaMismatch(f"The rows for {group.name} lack {', '.join(missing)}; give every column of the group.")
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in wanted])
    try:
        typed = {column.name: _typed(rows[column.name], column.type) for column in wanted}
        return pa.Table.from_pandas(pd.DataFrame(typed, columns=schema.names, copy=False), schema, preserve_index=False)
    except (TypeError, ValueError) as error:
        raise SchemaMismatch(f"The rows for {group.name} do not fit its columns: {error}.") from error


def _typed(values: pd.Series, kind: ColumnType) -> pd.Series:
    if kind == "timestamp":
        values = pd.to_datetime(values, utc=True)
    return values.astype(_DTYPES[kind], copy=False)


def checked_batch(table: pa.Table, group: FeatureGroup) -> pa.Table:
    """The last row of each key, in order, since neither store de-duplicates within a batch.

    Raises
    ------
    StoreError
        A row has no key or no event time.
    """
    empty = [name for name in group.order if table[name].null_count]
    if empty:
        raise StoreError(f"Some rows for {group.name} have no {' and no '.join(empty)}; give each row one.")
    keys = table.select(list(group.key))
    if not _is_ascending(keys[0]):
        table = table.filter(pa.array(~keys.to_pandas().duplicated(keep="last")))
    return in_order(table, group)


def _is_ascending(values: pa.ChunkedArray) -> bool:
    """Whether each value is greater than the one before, as those of a history are: looking for equal ones is dear."""
    return bool(pc.all(pc.less(values.slice(0, max(len(values) - 1, 0)), values.slice(1))).as_py())


def new_or_changed(batch: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup) -> pd.DataFrame:
    """The rows of `batch` that are not in `present`; of an append-only group, those whose key is not."""
    return _absent(batch, present, list(group.key) if group.append_only else group.column_names)


def refuse_moved(
    batch: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup, look_up: Callable[[pd.Series], pd.DataFrame]
) -> None:
    """Refuse a key that is stored with another event time: both stores would keep it twice.

    Parameters
    ----------
    present
        What is there in the time window of `batch`.
    look_up
        Event time and key of all rows, of any time, that have one of these values in the first column of the key.

    Raises
    ------
    StoreError
        A key of `batch` is there with another event time.
    """
    if group.append_only or group.event_time in group.key:
        return
    unknown = _absent(batch[group.order], present, group.order)
    if unknown.empty:
        return
    there = look_up(unknown[group.key[0]]).merge(unknown, on=list(group.key), suffixes=(" there", " given"))
    moved = there[there[f"{group.event_time} there"] != there[f"{group.event_time} given"]]
    if not moved.empty:
        row = moved.iloc[0]
        raise StoreError(
            f"{group.name} has {', '.join(f'{name} {row[name]}' for name in group.key)} with the {group.event_time} "
            f"{row[f'{group.event_time} there']}, and {len(moved)} such rows come again with another one, this with "
            f"{row[f'{group.event_time} given']}. Nothing was written; give each row the time that it has, or another "
            f"{group.key[0]}."
        )


def _absent(batch: pd.DataFrame, present: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of `batch` that no present row equals in these columns."""
    both = pd.concat([present[columns], batch[columns]], ignore_index=True)
    return batch[~both.duplicated().to_numpy()[len(present) :]]


def check_columns(group: FeatureGroup, names: Iterable[str]) -> None:
    """Refuse the name of a column that the group does not have, with `SchemaMismatch`."""
    unknown = [name for name in names if name not in group.column_names]
    if unknown:
        raise SchemaMismatch(
            f"{group.name} has no column {', '.join(unknown)}; its columns are {', '.join(group.column_names)}."
        )


def unfit_columns(group: FeatureGroup, there: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """Why a table cannot be the one of a group, in words; empty where it is, or will be when it has grown.

    A table grows: a column that it lacks is added by the next write, and read as missing until then. What cannot be
    added is a part of the key or the event time; what is there and not asked for, or of another type, stays.

    Parameters
    ----------
    there, asked
        The type of each column by name, of the table and of the group, in the words of the store.
    """
    faults = [f"it has {name}" for name in there if name not in asked]
    faults += [
        f"{name} is {there[name]} and should be {asked[name]}"
        for name in asked
        if name in there and there[name] != asked[name]
    ]
    lacking = [name for name in asked if name not in there]
    if faults or set(lacking) & set(group.order):
        faults = [*(f"it lacks {name}" for name in lacking), *faults]
    return "; ".join(faults)
