"""How the embedded store keeps a Delta Lake table and its log small, at the same cost in ten years as today."""

import os
import re
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, WriterProperties, write_deltalake

from pipelines.stores.embedded.commits import LOG, SET_ASIDE, make_checkpoint_durable, make_durable
from pipelines.stores.embedded.delta_log import DataFile, data_files, whole_step
from pipelines.stores.embedded.folder import names_in

# A week of time travel: who finds a mistake after a weekend or a holiday can still read what was there before it.
_KEPT = timedelta(days=7)

# A removed data file that a checkpoint has forgotten is never deleted. So checkpoints are left to `maintain`, and
# remember such a file for a day longer than it is kept.
CONFIGURATION = {
    "delta.checkpointInterval": str(10**9),
    "delta.enableExpiredLogCleanup": "false",
    "delta.deletedFileRetentionDuration": f"interval {_KEPT.days + 1} days",
    "delta.logRetentionDuration": f"interval {_KEPT.days} days",
}

# Half the size of the default, and what git cannot compress further anyway; in groups that are read one at a time.
COMPRESSED = WriterProperties(compression="ZSTD", max_row_group_size=2**18)

# A commit adds a file of some kilobytes whatever it holds, and a third of a millisecond to every read;
# merging ten costs about as much as the ten commits did.
_COMMITS_BETWEEN = 10

# Files grow to this size by merging (a month at a thousand rows a day) and are then left alone.
_LARGE = 2**20

# The time of a commit, in milliseconds, as the `commitInfo` of its log entry has it.
_TIMESTAMP = re.compile(rb'"timestamp":(\d+)')


def maintain(folder: Path, event_time: str) -> None:
    """Merge small files and remove what is older than the kept week, once in `_COMMITS_BETWEEN` commits.

    The caller holds the table's lock. Nothing here depends on the times of the files on disk, which are all
    new after a `git checkout`, except that the leftovers of a killed writer stay for a week.
    """
    if _commits_since_checkpoint(folder) < _COMMITS_BETWEEN:
        return
    table = DeltaTable(folder)
    # The vacuum of delta-rs commits twice, with nothing in it, between which nothing can be synced.
    for name in table.vacuum(int(_KEPT / timedelta(hours=1)), dry_run=True, enforce_retention_duration=False):
        (folder / unquote(name)).unlink(missing_ok=True)
    for run in _runs(data_files(table, folder, event_time)):
        _merge_files(table, folder, event_time, run)
    _remove_leftovers(table, folder)
    table.create_checkpoint()
    make_checkpoint_durable(folder)
    _restore_times(folder)
    table.cleanup_metadata()


def _commits_since_checkpoint(folder: Path) -> int:
    log = names_in(folder / LOG)
    newest = max((name.split(".")[0] for name in log if ".checkpoint." in name), default="")
    return sum(newest < name.removesuffix(".json") for name in log if name.endswith(".json"))


def _runs(files: Iterable[DataFile]) -> list[tuple[datetime, datetime]]:
    """The time windows of files that follow each other and are together no larger than `_LARGE`.

    The `compact` of delta-rs is no help: it writes every file below its target again each time, so that its
    cost grows with history, and it mixes files of distant times.
    """
    dated = [(file.newest, file.oldest, file.size) for file in files if file.oldest and file.newest]
    runs: list[list[tuple[datetime, datetime]]] = []
    room = 0
    for newest, oldest, size in sorted(dated, reverse=True):
        if size > room:
            runs.append([])
            room = _LARGE
        runs[-1].append((oldest, newest))
        room -= size
    return [(min(run)[0], run[0][1]) for run in runs if len(run) > 1]


def _merge_files(table: DeltaTable, folder: Path, event_time: str, window: tuple[datetime, datetime]) -> None:
    """Write the rows of a time window into one file, in one commit."""
    start, end = whole_step(window[0]), window[1]
    schema = pa.schema(table.schema().to_arrow())
    paths = [file.path for file in data_files(table, folder, event_time) if file.overlaps(start, None)]
    inside = (ds.field(event_time) >= pa.scalar(start, schema.field(event_time).type)) & (
        ds.field(event_time) <= pa.scalar(end, schema.field(event_time).type)
    )
    rows = ds.dataset(paths, schema=schema, format="parquet").to_table(filter=inside).sort_by(event_time)
    predicate = f"{event_time} >= '{start.isoformat()}' AND {event_time} <= '{end.isoformat()}'"
    write_deltalake(table, rows, mode="overwrite", predicate=predicate, writer_properties=COMPRESSED)
    make_durable(folder)


def _remove_leftovers(table: DeltaTable, folder: Path) -> None:
    """Remove what killed writers left: half-made files, and old data files that no log entry names."""
    for staged in (*folder.glob("*#*"), *(folder / LOG).glob("*#*")):
        staged.unlink()
    named = b"".join([*map(str.encode, table.file_uris()), *(path.read_bytes() for path in _commits(folder))])
    for path in (*folder.glob("*.parquet"), *(folder / SET_ASIDE).glob("*")):
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
    return list((folder / LOG).glob("[0-9]*.json"))
