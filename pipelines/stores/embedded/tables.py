"""The feature groups of the embedded store: one Delta Lake table each.

A write holds the table's lock, looks at the rows that are there in the time window of its batch, refuses a key that is
there with another time, and merges only what differs. A read opens the files whose statistics overlap its time window,
nothing else.
"""

import errno
import logging
import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pipelines.errors import SchemaMismatch, StoreError, StoreUnavailable
from pipelines.stores.base import TICK, FeatureGroup, Filter
from pipelines.stores.embedded.commits import damage, make_durable, newest_commit, settle
from pipelines.stores.embedded.delta_log import DataFile, as_utc, data_files
from pipelines.stores.embedded.delta_rows import (
    condition,
    dataset_of,
    difference,
    merge_predicate,
    read_files,
    read_keys,
    shares_keys,
    time_span,
)
from pipelines.stores.embedded.delta_upkeep import COMPRESSED, CONFIGURATION, maintain
from pipelines.stores.embedded.folder import StoreFolder, error_number, guarded, make_folder
from pipelines.stores.rows import (
    arrow_schema,
    check_columns,
    checked_batch,
    new_or_changed,
    refuse_moved,
    to_arrow,
    to_frame,
)

_logger = logging.getLogger(__name__)

# What delta-rs decodes in a path, panics on, or cannot be handed: bytes that are no UTF-8.
_UNUSABLE = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]^|\\\x00-\x1f\ud800-\udfff]")

# Every writer of this project holds the lock, so a conflict comes from another program and soon passes.
_retry_conflicts = retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    reraise=True,
)

# Rows that are new are appended, which delta-rs would do beside any commit of another program; without a try of its own
# it refuses, and they are compared with what is there then.
_ALONE = CommitProperties(max_commit_retries=0)

# What tells a log entry from any other one: its inode, and when it was written.
Stamp = tuple[int, int] | None


class DeltaTables(StoreFolder):
    """Feature groups as Delta Lake tables under `tables/`."""

    @guarded
    def upsert(self, group: FeatureGroup, rows: pd.DataFrame) -> int:
        """Insert new keys and update changed ones in one commit; see `Store.upsert`."""
        batch = checked_batch(to_arrow(rows, group), group)
        if not batch.num_rows:
            return 0
        with self._writing(group):
            written = self._merge(group, batch)
            if written:
                maintain(self._path(group), group.event_time)
        return written

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
        check_columns(group, [*(columns or ()), *(where or ())])
        asked = condition(group, start, end, where)
        with self._named(group):
            self._check(group)
            paths = [file.path for file in self._files(group) if file.overlaps(start, end)]
            return read_files(paths, group, columns, asked)

    @guarded
    def files(self, group: FeatureGroup, start: datetime | None, end: datetime | None) -> list[DataFile]:
        """The data files that may hold rows of a time window, for whoever reads them with something else."""
        with self._named(group):
            self._check(group)
            return [file for file in self._files(group) if file.overlaps(start, end)]

    @guarded
    def newest(self, group: FeatureGroup) -> datetime | None:
        """The newest event time, from the file statistics and the time column of the newest file."""
        with self._named(group):
            self._check(group)
            files = self._files(group)
            reached = max((file.newest for file in files if file.newest), default=None)
            paths = [file.path for file in files if file.overlaps(reached, None)]
            times = read_files(paths, group, [group.event_time])[group.event_time]
        return as_utc(times.max().to_pydatetime()) if len(times) else None

    @guarded
    def count(self, group: FeatureGroup) -> int:
        """The number of rows, from the file statistics."""
        with self._named(group):
            self._check(group)
            files = self._files(group)
            uncounted = dataset_of([file.path for file in files if file.rows is None], group)
            return int(uncounted.count_rows()) + sum(file.rows or 0 for file in files)

    @guarded
    def clear(self, group: FeatureGroup) -> None:
        """Remove every row in one commit, and take over the group's columns where the table has others."""
        if not self._exists(group):
            return
        with self._writing(group):
            # The only commit of a table may just have been set aside.
            table = DeltaTable(self._path(group)) if self._exists(group) else None
            if table and (table.file_uris() or difference(table, group)):
                self._create(group, mode="overwrite")

    @guarded
    def remove(self, group: FeatureGroup, start: datetime) -> None:
        """Remove the rows from `start` on, in one commit."""
        newest = self.newest(group)
        if newest and newest >= as_utc(start):
            with self._writing(group):
                # The `delete` of delta-rs writes the rest of a file with text as views, which Arrow cannot filter.
                none, path = arrow_schema(group).empty_table(), self._path(group)
                since = f"{group.event_time} >= '{as_utc(start).isoformat()}'"
                write_deltalake(path, none, mode="overwrite", predicate=since, writer_properties=COMPRESSED)
                make_durable(path)

    @guarded
    def written_at(self, group: FeatureGroup) -> datetime | None:
        """The time of the newest commit, as its writer wrote it down."""
        with self._named(group):
            self._check(group)
            table = self._open(group)
            newest = table.history(1)[0].get("timestamp") if table else None
        return datetime.fromtimestamp(newest / 1000, UTC) if newest else None

    @_retry_conflicts
    def _merge(self, group: FeatureGroup, batch: pa.Table) -> int:
        table = self._open(group) or self._create(group)
        files = data_files(table, self._path(group), group.event_time)
        present = self._present(files, group, batch)
        rows, updates = batch, False
        if not present.empty:
            changed = new_or_changed(to_frame(batch, group), present, group)
            rows, updates = to_arrow(changed, group), not group.append_only and shares_keys(changed, present, group)
        if rows.num_rows:
            if files:
                paths = [file.path for file in files]
                refuse_moved(
                    to_frame(rows, group), present, group, lambda keys: read_keys(paths, group, pa.array(keys))
                )
            self._commit(table, group, rows, updates=updates)
        return int(rows.num_rows)

    def _commit(self, table: DeltaTable, group: FeatureGroup, rows: pa.Table, *, updates: bool) -> None:
        """Write rows in one commit; `updates` where some have keys that are there, which costs reading these.

        A table of an earlier version gets the columns that it lacks in the same commit.
        """
        if updates:
            predicate = merge_predicate(group, rows)
            merge = table.merge(rows, predicate, "source", "target", merge_schema=True, writer_properties=COMPRESSED)
            merge.when_matched_update_all().when_not_matched_insert_all().execute()
        else:
            write_deltalake(
                table, rows, mode="append", schema_mode="merge", writer_properties=COMPRESSED, commit_properties=_ALONE
            )
        make_durable(self._path(group))

    def _present(self, files: Sequence[DataFile], group: FeatureGroup, batch: pa.Table) -> pd.DataFrame:
        """What is there in the time window of `batch`.

        Rows of an append-only group are looked for by key in all of history, because such a row may come
        again with a later time.
        """
        if group.append_only:
            return read_keys([file.path for file in files], group, batch[group.key[0]].combine_chunks())
        start, newest = time_span(batch, group)
        end = newest + TICK
        paths = [file.path for file in files if file.overlaps(start, end)]
        return read_files(paths, group, condition=condition(group, start, end))

    def _create(self, group: FeatureGroup, mode: Literal["error", "overwrite"] = "error") -> DeltaTable:
        make_folder(self._path(group))
        table = DeltaTable.create(
            self._path(group),
            arrow_schema(group),
            mode=mode,
            description=group.description,
            # Only the event time is ever pruned by, and statistics of every column would triple the log.
            configuration={**CONFIGURATION, "delta.dataSkippingStatsColumns": group.event_time},
        )
        make_durable(self._path(group))
        return table

    def _open(self, group: FeatureGroup) -> DeltaTable | None:
        if not self._exists(group):
            return None
        table = DeltaTable(self._path(group))
        other = difference(table, group)
        if other:
            raise SchemaMismatch(
                f"The table of {group.name} in {self.location} has other columns than the data set: {other}. "
                "Undo the change of the data set, use another STORE_DIR, or backfill again with --replace."
            )
        return table

    def _files(self, group: FeatureGroup) -> list[DataFile]:
        stamp = self._stamp(group)
        if self._listed.get(group, (None, []))[0] != stamp:
            table = self._open(group)
            self._listed[group] = stamp, data_files(table, self._path(group), group.event_time) if table else []
        return self._listed[group][1] if stamp else []

    def _exists(self, group: FeatureGroup) -> bool:
        return newest_commit(self._path(group)) is not None

    def _check(self, group: FeatureGroup) -> None:
        """Look once in a process for what a power cut may have damaged."""
        if group.name in self._checked:
            return
        if damage(self._path(group)):
            with self.lock(f"tables-{group.name}"):
                self._settle(group)
        self._checked.add(group.name)

    def _settle(self, group: FeatureGroup) -> None:
        """Set aside what a power cut has damaged, and sync what a killed writer has not; the caller holds the lock."""
        for moved in settle(self._path(group)):
            _logger.warning(
                "The newest commit of %s had not reached the disk whole, as after a power cut. It was set aside as %s; "
                "nothing else is missing, and the run that wrote it is due again.", group.name, moved,
            )  # fmt: skip
        damaged = damage(self._path(group))
        if damaged:
            raise StoreError(self._damaged(group, f"{damaged.name} or what it names is not whole"))

    @cached_property
    def _checked(self) -> set[str]:
        return set()

    @cached_property
    def _listed(self) -> dict[FeatureGroup, tuple[Stamp, list[DataFile]]]:
        """The data files of each group, and the newest commit when they were listed: opening a table is dear."""
        return {}

    @cached_property
    def _written(self) -> dict[str, Stamp]:
        """The newest commit of each group when this process last wrote to it: it is on the disk."""
        return {}

    @contextmanager
    def _writing(self, group: FeatureGroup) -> Iterator[None]:
        unusable = _UNUSABLE.search(self.location)
        if unusable:
            raise StoreUnavailable(
                f"Delta Lake cannot write to a folder with {unusable[0]!r} in its name, as STORE_DIR has "
                f"({self.location}); set STORE_DIR to another folder."
            )
        with self.lock(f"tables-{group.name}"), self._named(group):
            if self._written.get(group.name) != self._stamp(group):
                self._settle(group)
            yield
            self._written[group.name] = self._stamp(group)

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
            f"The table of {group.name} in {self._path(group)} is damaged ({textwrap.shorten(what, 200)}). "
            "Take that folder from a copy of the store; where there is none, keep it under another name, because "
            "most of its rows can still be read, and backfill again."
        )

    def _path(self, group: FeatureGroup) -> Path:
        return self.root / "tables" / group.name

    def _stamp(self, group: FeatureGroup) -> Stamp:
        commit = newest_commit(self._path(group))
        about = commit.stat() if commit else None
        return (about.st_ino, about.st_mtime_ns) if about else None
