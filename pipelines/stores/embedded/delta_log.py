"""What the embedded store reads from a Delta Lake log: the files of a table and what their statistics say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

# Delta Lake lets a writer cut the times in its statistics to milliseconds.
STATISTICS_STEP = timedelta(milliseconds=1)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class DataFile:
    """A file of a table, with what its statistics say; None is what they do not say."""

    path: str
    size: int
    rows: int | None
    oldest: datetime | None
    newest: datetime | None

    def overlaps(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether a row with `start` <= event time < `end` may be in it."""
        too_old = start and self.newest and self.newest + STATISTICS_STEP <= as_utc(start)
        too_new = end and self.oldest and self.oldest >= as_utc(end)
        return not (too_old or too_new)


def as_utc(when: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is taken as UTC."""
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def data_files(table: DeltaTable, folder: Path, event_time: str) -> list[DataFile]:
    """The files of the opened version of the table in `folder`, oldest first: their rows are mostly in order then."""
    files = [
        DataFile(
            path=str(folder / unquote(action["path"])),
            size=action["size_bytes"],
            rows=action["num_records"],
            oldest=action.get(f"min.{event_time}"),
            newest=action.get(f"max.{event_time}"),
        )
        for action in pa.table(table.get_add_actions(flatten=True)).to_pylist()
    ]
    return sorted(files, key=lambda file: file.oldest or _LONG_AGO)


def whole_step(when: datetime) -> datetime:
    """The last whole millisecond: a window that begins there passes over no file whose statistics are cut."""
    return when - timedelta(microseconds=when.microsecond % 1000)
