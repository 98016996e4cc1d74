"""What the embedded store reads from a Delta Lake log, and how it keeps the table and its log small."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable, PostCommitHookProperties

# A week of time travel: who finds a mistake after a weekend or a holiday can still read what was there before it.
_KEPT = "interval 7 days"
CONFIGURATION = {"delta.deletedFileRetentionDuration": _KEPT, "delta.logRetentionDuration": _KEPT}

# Upkeep is `maintain`, which removes data files before a checkpoint forgets them.
NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)

# Delta Lake lets a writer cut the times in its statistics to milliseconds.
_STATISTICS_STEP = timedelta(milliseconds=1)

# A commit adds a file of a few kilobytes whatever it holds, and a third of a millisecond to every read;
# merging ten costs about as much as the ten commits did.
_COMMITS_BETWEEN = 10

# Files of this size are left alone, so that upkeep costs the same after a day and after ten years.
_LARGE = 4 * 2**20


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


def data_files(table: DeltaTable, event_time: str) -> list[DataFile]:
    """The files of the table's newest version."""
    folder = Path(table.table_uri.removeprefix("file://"))
    return [
        DataFile(
            path=str(folder / unquote(action["path"])),
            rows=action["num_records"],
            oldest=action.get(f"min.{event_time}"),
            newest=action.get(f"max.{event_time}"),
        )
        for action in pa.record_batch(table.get_add_actions(flatten=True)).to_pylist()
    ]


def maintain(table: DeltaTable) -> None:
    """Merge small files and remove what is old, once in a number of commits."""
