"""Reading feature groups: what the query service is asked, and what is made of its answers."""

import functools
import operator
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
from pyarrow.flight import FlightUnavailableError

from pipelines.errors import StoreError
from pipelines.stores.base import TICK, FeatureGroup, Filter
from pipelines.stores.hopsworks import sdk
from pipelines.stores.hopsworks.failures import is_empty_group
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.rows import conform

# The largest read here, a whole group, takes seconds; the client's own limit is 15 minutes.
FLIGHT_SECONDS = 120.0

# The client writes a time into a filter in whole seconds, cut off: it is given whole seconds that include what is
# meant, and the exact bounds are applied to what comes back.
_SECOND = timedelta(seconds=1)


Window = tuple[datetime | None, datetime | None]


def read_rows(
    remote: Handle,
    group: FeatureGroup,
    columns: Sequence[str],
    window: Window = (None, None),
    where: Filter | None = None,
) -> pd.DataFrame:
    """The rows of a window, typed and sorted, with the columns asked for.

    Parameters
    ----------
    remote
        The client's handle of the feature group.
    """
    allowed = {name: [value] if isinstance(value, str) else list(value) for name, value in (where or {}).items()}
    needed = [name for name in group.column_names if name in {*columns, *group.order, *allowed}]
    received = _fetch(remote, needed, _condition(remote, group, window, allowed))
    rows = _exactly(conform(received, group, needed), group, window, allowed)
    return rows[[name for name in group.column_names if name in columns]]


def read_times(remote: Handle, group: FeatureGroup, window: Window = (None, None)) -> pd.Series:
    """The event times of all rows of a window, in order, and nothing else of them."""
    received = _fetch(remote, [group.event_time], _condition(remote, group, window, {}))
    times = conform(received, group, [group.event_time])
    return _exactly(times, group, window, {})[group.event_time]


def _fetch(remote: Handle, columns: Sequence[str], condition: Handle) -> pd.DataFrame:
    require_query_service()
    there = {feature.name for feature in remote.columns}
    query = remote.select([name for name in columns if name in there])
    if condition is not None:
        query = query.filter(condition)
    try:
        with query.read_batches(read_options={"arrow_flight_config": {"timeout": FLIGHT_SECONDS}}) as batches:
            received = list(batches)
    except Exception as error:
        if not is_empty_group(error):
            raise
        received = []
    if not received:
        return pd.DataFrame({name: [] for name in columns})
    frame: pd.DataFrame = pa.Table.from_batches(received).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    # A group that an earlier version made lacks some columns until the next write; they are missing in every row.
    return frame.reindex(columns=list(columns))


def require_query_service() -> str:
    """The address of the query service, after a health check when it is first used.

    Raises
    ------
    StoreError
        It is off.
    FlightUnavailableError
        It did not answer the health check, after which the client would try each read for as long.
    """
    from hsfs.core import arrow_flight_client  # noqa: PLC0415 - the client is loaded when it is used

    service = arrow_flight_client._get_instance()  # noqa: SLF001 - there is no public way to it
    if not service.enabled_on_cluster:
        sdk.reset_query_service()
        raise StoreError(
            "The query service of Hopsworks is off, and without it nothing can be read. "
            "Ask the administrator of the cluster to enable it (enable_flyingduck)."
        )
    if not hasattr(service, "_server_version"):
        raise FlightUnavailableError(f"{service.host_url} does not answer a health check")
    return str(service.host_url)


def _condition(remote: Handle, group: FeatureGroup, window: Window, allowed: dict[str, list[str]]) -> Handle:
    start, end = window
    time = remote[group.event_time]
    parts = [] if start is None else [time >= _whole_second(start)]
    parts += [] if end is None else [time < _whole_second(end + _SECOND - TICK)]
    there = {feature.name for feature in remote.columns}
    for name, values in allowed.items():
        if name not in there:
            continue
        feature = remote[name]
        parts.append(feature == values[0] if len(values) == 1 else feature.isin(_typed(values, feature.type)))
    return functools.reduce(operator.and_, parts) if parts else None


def _exactly(rows: pd.DataFrame, group: FeatureGroup, window: Window, allowed: dict[str, list[str]]) -> pd.DataFrame:
    start, end = window
    group_types = {column.name: column.type for column in group.columns}
    keep = pd.Series(data=True, index=rows.index)
    if start is not None:
        keep &= rows[group.event_time] >= _utc(start)
    if end is not None:
        keep &= rows[group.event_time] < _utc(end)
    for name, values in allowed.items():
        keep &= rows[name].isin(_typed(values, group_types[name]))
    return rows[keep].reset_index(drop=True)


def _typed(values: Sequence[str], kind: str) -> list[str] | list[int] | list[float]:
    """Values as what a column holds; in a request the client writes them as text again."""
    if kind == "bigint":
        return [int(value) for value in values]
    return [float(value) for value in values] if kind == "double" else list(values)


def _whole_second(when: datetime) -> datetime:
    return _utc(when).replace(microsecond=0)


def _utc(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
