"""What the embedded store reads from a Delta Lake log, and how it keeps the table and its log small."""

import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from pipelines.stores.folders import names_in

# A week of time travel: who finds a mistake after a weekend or a holiday can still read what was there before it.
_KEPT = timedelta(days=7)

# Checkpoints and the removal of old log files are left to `maintain`: one that delta-rs makes by itself
# forgets removed data files before they are deleted, and they would stay for ever.
CONFIGURATION = {
    "delta.checkpointInterval": str(10**9),
    "delta.enableExpiredLogCleanup": "false",
    "delta.deletedFileRetentionDuration": f"interval {_KEPT.days} days",
    "delta.logRetentionDuration": f"interval {_KEPT.days} days",
}

# Delta Lake lets a writer cut the times in its statistics to milliseconds.
_STATISTICS_STEP = timedelta(milliseconds=1)

# A commit adds a file of a few kilobytes whatever it holds, and a third of a millisecond to every read;
# merging ten costs about as much as the ten commits did.
_COMMITS_BETWEEN = 10

# Files of this size are left alone, so that upkeep costs the same after a day and after ten years.
_LARGE = 4 * 2**20

# The time of a commit, in milliseconds, as the `commitInfo` of its log entry has it.
_TIMESTAMP = re.compile(rb'"timestamp":(\d+)')


@dataclass(frozen=True)
class DataFile:
    """A file of a table, with what its statistics say; None is what they do not say."""

    path: str
    rows: int | None
    oldest: datetime | None
    newest: datetime | None

    def overlaps(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether a row with `start` <= event time < `end` may be in it."""
        too_old = start and self.newest and self.newest + _STATISTICS_STEP <= as_utc(start)
        too_new = end and self.oldest and self.oldest >= as_utc(end)
        return not (too_old or too_new)


def as_utc(when: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is taken as UTC."""
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def data_files(table: DeltaTable, folder: Path, event_time: str) -> list[DataFile]:
    """The files of the opened version of the table in `folder`."""
    return [
        DataFile(
            path=str(folder / unquote(action["path"])),
            rows=action["num_records"],
            oldest=action.get(f"min.{event_time}"),
            newest=action.get(f"max.{event_time}"),
        )
        for action in pa.record_batch(table.get_add_actions(flatten=True)).to_pylist()
    ]


def maintain(folder: Path) -> None:
    """Merge small files and remove what is older than the kept week, once in `_COMMITS_BETWEEN` commits.

    The caller holds the table's lock. Nothing here depends on the times of the files on disk, which are all
    new after a `git checkout`, except that the leftovers of a killed writer stay for a week.
    """
    if _commits_since_checkpoint(folder) < _COMMITS_BETWEEN:
        return
    table = DeltaTable(folder)
    table.vacuum(dry_run=False)
    table.optimize.compact(target_size=_LARGE)
    _remove_leftovers(table, folder)
    table.create_checkpoint()
    _restore_times(folder)
    table.cleanup_metadata()


def _commits_since_checkpoint(folder: Path) -> int:
    log = names_in(folder / "_delta_log")
    newest = max((name.split(".")[0] for name in log if ".checkpoint." in name), default="")
    return sum(newest < name.removesuffix(".json") for name in log if name.endswith(".json"))


def _remove_leftovers(table: DeltaTable, folder: Path) -> None:
    """Remove what killed writers left: half-made log entries, and old data files that no log entry names."""
    for staged in (folder / "_delta_log").glob("*#*"):
        staged.unlink()
    named = b"".join([*map(str.encode, table.file_uris()), *(path.read_bytes() for path in _commits(folder))])
    for path in folder.glob("*.parquet"):
        if path.name.encode() not in named and time.time() - path.stat().st_mtime > _KEPT.total_seconds():
            path.unlink()


def _restore_times(folder: Path) -> None:
    """Give log files the times of their commits, since old ones are found by the time of the file."""
    for path in _commits(folder):
        stamp = _TIMESTAMP.search(path.read_bytes())
        if stamp:
            seconds = int(stamp[1]) / 1000
            for file in path.parent.glob(f"{path.stem}.*"):
                os.utime(file, (seconds, seconds))


def _commits(folder: Path) -> list[Path]:
    return list((folder / "_delta_log").glob("[0-9]*.json"))
