"""The feature groups of the Hopsworks store."""

import time
from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus

import pandas as pd

from pipelines.errors import SchemaMismatch, StoreUnavailable
from pipelines.stores.base import TICK, FeatureGroup, Filter
from pipelines.stores.hopsworks import definitions, ingestion
from pipelines.stores.hopsworks.connection import Connected, operation
from pipelines.stores.hopsworks.failures import status_of
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.hopsworks.queries import read_rows, read_times
from pipelines.stores.rows import (
    check_columns,
    checked_batch,
    conform,
    new_or_changed,
    refuse_moved,
    to_arrow,
    to_frame,
)

# How long after a job the query service may show the table as it was before.
VISIBLE_SECONDS = 120.0

# Keys in one filter; a key is up to 64 characters, and a request line or body has limits that nobody states.
KEYS_A_QUERY = 500

# Where to look first for the newest row, and how much further to look each time that nothing is found.
FIRST_LOOK, LOOK_FACTOR, LOOKS = timedelta(days=2), 8, 7


class FeatureGroups(Connected):
    """Feature groups, version 1 of each; which write path a group has is decided when it is created."""

    def upsert(self, group: FeatureGroup, rows: pd.DataFrame) -> int:
        """Insert new keys and update changed ones, and wait until they can be read; see `Store.upsert`.

        Direct writes are one commit. Through Kafka, rows that were sent before a failure reach the table with the
        next job, and the next `upsert` writes the rest.
        """
        batch = to_frame(checked_batch(to_arrow(rows, group), group), group)
        # Counted over all attempts: rows of an attempt that failed at its end are there in the next.
        written: set[Hashable] = set()
        if not batch.empty:
            self._write(group, batch, written)
        return len(written)

    @operation("write the feature group {}")
    def _write(self, group: FeatureGroup, batch: pd.DataFrame, written: set[Hashable]) -> None:
        remote = self._find(group) or self._create_group(group)
        present = _present(remote, group, batch)
        changed = new_or_changed(batch, present, group)
        if changed.empty:
            return
        refuse_moved(changed, present, group, partial(_with_keys, remote, group))
        written.update(changed[list(group.key)].itertuples(index=False, name=None))
        definitions.add_lacking_columns(remote, group)
        definitions.show_contract(remote, group)
        try:
            ingestion.insert(remote, group, changed)
        finally:
            self.connection.remove_kafka_keys()
        _await_visible(remote, group, changed)

    @operation("read the feature group {}")
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
        wanted = group.column_names if columns is None else [name for name in group.column_names if name in columns]
        check_columns(group, [*(columns or ()), *(where or ())])
        remote = self._find(group)
        if remote is None or any(not isinstance(value, str) and not value for value in (where or {}).values()):
            return conform(pd.DataFrame({name: [] for name in wanted}), group, wanted)
        return read_rows(remote, group, wanted, (start, end), where)

    @operation("look for the newest row of {}")
    def newest(self, group: FeatureGroup) -> datetime | None:
        """The newest event time, from the event-time column of ever longer stretches of the past.

        The query service has no maximum, so this reads the event times of the last two days and all later ones;
        where there are none, those of eight times as long before, and so on: at most seven requests.
        """
        remote = self._find(group)
        if remote is None:
            return None
        until: datetime | None = None
        for since in _looks():
            times = read_times(remote, group, (since, until))
            if len(times):
                newest: datetime = times.max().to_pydatetime()
                return newest
            until = since
        return None

    @operation("count the rows of {}")
    def count(self, group: FeatureGroup) -> int:
        """The number of rows, from the event-time column: eight bytes a row, since there is no count to ask for."""
        remote = self._find(group)
        return 0 if remote is None else len(read_times(remote, group))

    @operation("clear the feature group {}")
    def clear(self, group: FeatureGroup) -> None:
        """Remove every row; a group with other columns is dropped, so that the next write creates it anew."""
        remote = self._get(group)
        if remote is None:
            return
        if definitions.difference(remote, group):
            # Feature views of others stay, and show in Hopsworks that they lost their group.
            remote.delete(force=True)
            return
        if remote.stream:
            # What is still in Kafka would come back with the next job.
            ingestion.materialise(remote)
        remote._feature_group_engine._feature_group_api._delete_content(remote)  # noqa: SLF001 - no public call without rows

    def written_at(self, group: FeatureGroup) -> datetime | None:  # noqa: ARG002 - the protocol
        """Nobody knows: through Kafka a job writes, whenever it gets to it."""
        return None

    def _find(self, group: FeatureGroup) -> Handle:
        remote = self._get(group)
        difference = "" if remote is None else definitions.difference(remote, group)
        if difference:
            raise SchemaMismatch(
                f"The feature group {group.name} in {self.location} has other columns than the data set: {difference}. "
                "Undo the change of the data set, use another HOPSWORKS_PROJECT, or backfill again with --replace."
            )
        return remote

    def _get(self, group: FeatureGroup) -> Handle:
        # A group without a version number would be version 1, not the newest; here it is always version 1.
        return self.connection.features.get_feature_group(group.name, definitions.VERSION)

    def _create_group(self, group: FeatureGroup) -> Handle:
        features = self.connection.features
        try:
            features.create_feature_group(**definitions.arguments(group, self.settings.write_path)).save()
        except Exception as error:
            # Another process may have created it between our look and our attempt.
            if status_of(error) != HTTPStatus.BAD_REQUEST or self._find(group) is None:
                raise
        return self._find(group)


def _present(remote: Handle, group: FeatureGroup, batch: pd.DataFrame) -> pd.DataFrame:
    """What is there of the keys of `batch`.

    Rows of an append-only group are looked for in all of history, because such a row may come again with a later
    time, and Hopsworks takes the event time for a part of the key; all others in the time window of the batch.
    """
    if not group.append_only:
        times = batch[group.event_time]
        window = (times.min().to_pydatetime(), times.max().to_pydatetime() + TICK)
        return read_rows(remote, group, group.column_names, window)
    return _with_keys(remote, group, batch[group.key[0]])


def _with_keys(remote: Handle, group: FeatureGroup, keys: pd.Series) -> pd.DataFrame:
    """Event time and key of the rows that have one of `keys` in the first column of their key."""
    wanted = list(dict.fromkeys(keys.astype(str)))
    parts = [
        read_rows(remote, group, group.order, where={group.key[0]: wanted[begin : begin + KEYS_A_QUERY]})
        for begin in range(0, len(wanted), KEYS_A_QUERY)
    ]
    return pd.concat(parts, ignore_index=True)


def _await_visible(remote: Handle, group: FeatureGroup, changed: pd.DataFrame) -> None:
    """Return when every changed row can be read."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    pause = 0.1
    while len(missing := new_or_changed(changed, _present(remote, group, changed), group)):
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"{len(missing)} of {len(changed)} rows written to {group.name} cannot be read back after "
                f"{VISIBLE_SECONDS:.0f} s. Look at the feature group in Hopsworks, and run this again: "
                "it writes what is missing."
            )
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _looks() -> Iterator[datetime | None]:
    """Where each look for the newest row begins, the last at the beginning of time."""
    # The clock only says where to look first: what is later is in the first look, whatever the clock says.
    since = datetime.now(UTC) - FIRST_LOOK
    for look in range(1, LOOKS):
        yield since
        since -= FIRST_LOOK * LOOK_FACTOR**look
    yield None
