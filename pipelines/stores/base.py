"""What a store is: the tables it keeps, and the protocol that both stores satisfy.

A store is a feature store, a model registry and a place for dashboard files in one. `open_store` in
`pipelines.stores` picks one; nothing else in the project knows which it is.
"""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

import pandas as pd

from pipelines.documents.champions import ChampionFields
from pipelines.documents.model import ModelInfo
from pipelines.errors import StoreError

ColumnType = Literal["string", "double", "bigint", "timestamp"]
Filter = Mapping[str, str | Sequence[str]]

# Event times are kept in microseconds: the end of a window that takes in one time is one tick later.
TICK = timedelta(microseconds=1)

# What both Delta Lake and Hopsworks accept as a name; Hopsworks lower-cases anything else.
_LEGAL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Column:
    """One column of a feature group, with the part of the data contract that is about it alone."""

    name: str
    type: ColumnType
    description: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)


@dataclass(frozen=True)
class FeatureGroup:
    """One table: its columns, the columns that make a row unique, and the column that says when it happened.

    The event time of a key never changes, so that a write compares rows only in the time window of its batch; of the
    rest it looks at the keys, and only for those that the window does not have.
    In an `append_only` group a row that is there already stays as it is, whatever is written again.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_time: str
    append_only: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def column_names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    @property
    def order(self) -> list[str]:
        """What rows are sorted by after every read, because a store returns them in no order."""
        return [self.event_time, *(name for name in self.key if name != self.event_time)]


@dataclass(frozen=True)
class FeatureView:
    """What a task reads of a feature group: its inputs and the column that its label comes from."""

    name: str
    description: str
    group: FeatureGroup
    inputs: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class ChampionEntry:
    """One line of the champion log. `version` is None where the champion was withdrawn."""

    task: str
    version: int | None
    when: datetime
    who: str
    reason: str


class Store(Protocol):
    """A feature store and model registry.

    Every method raises `StoreUnavailable` where the store cannot be reached or refuses, and `StoreError`
    for what else goes wrong below it.
    """

    @property
    def kind(self) -> str:
        """`embedded` or `hopsworks`."""

    @property
    def location(self) -> str:
        """Where it is, for a person: a folder, or a project and its host."""

    @property
    def writes_wait(self) -> bool:
        """Whether a write of rows waits, for minutes, until a job of the store has moved them."""

    def upsert(self, group: FeatureGroup, rows: pd.DataFrame) -> int:
        """Insert new keys and update changed ones; of equal keys in `rows` the last counts.

        A key that comes again keeps its event time, or is refused; only in an append-only group, where it changes
        nothing, may it come with another. Columns that the group does not have are left out.

        Also keeps the table small: a store that needs compacting does it here, after a commit, never on a read.

        Returns the number of rows that differed from what was there; where it is 0 nothing was committed.
        Either all of `rows` are there afterwards or the table is as it was.

        Raises
        ------
        SchemaMismatch
            The group exists with other columns, or `rows` lack some or hold values of another type.
        StoreError
            A row has no key or no event time, or its key is there with another event time.
        """

    def read(
        self,
        group: FeatureGroup,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
        where: Filter | None = None,
    ) -> pd.DataFrame:
        """Rows with `start` <= event time < `end` and every `where` column equal to its value, or to one of them.

        Sorted by event time, then key, also where `columns` leaves these out; columns in the order of the group;
        typed as `conform` says; no rows where the group does not exist. `where` values may be text for any type.

        Raises
        ------
        SchemaMismatch
            The group exists with other columns, or has none of a name in `columns` or `where`.
        """

    def newest(self, group: FeatureGroup) -> datetime | None:
        """The newest event time (UTC), found without reading the group; None where there is no row."""

    def count(self, group: FeatureGroup) -> int:
        """The number of rows; 0 where the group does not exist."""

    def clear(self, group: FeatureGroup) -> None:
        """Remove every row of a group, which may have other columns from then on.

        Nothing happens where there is none.
        """

    def remove(self, group: FeatureGroup, start: datetime) -> None:
        """Remove the rows with an event time from `start` on; nothing else is lost, whenever this is broken off."""

    def written_at(self, group: FeatureGroup) -> datetime | None:
        """When rows were last written, by the clock of the writer (UTC); None where nobody knows."""

    def register(self, view: FeatureView, version: int, folder: Path) -> None:
        """Register a complete model folder, `model.json` in it, as version `version` of the task `view.name`.

        The version is seen whole or not at all. Versions may have gaps.

        Raises
        ------
        VersionTaken
            The version exists already.
        """

    def versions(self, task: str) -> list[int]:
        """The registered versions of a task, ascending."""

    def describe(self, task: str, version: int) -> ModelInfo:
        """The `model.json` of a version, or `NotFound`; `StoreError` where it is damaged. Keys may be missing."""

    def download(self, task: str, version: int, to: Path) -> Path:
        """Copy a version's files into the new folder `to` and return it.

        Raises
        ------
        NotFound
            The version is not registered.
        StoreError
            `to` exists already.
        """

    def champion(self, task: str) -> ChampionEntry | None:
        """The newest entry of the champion log with a version; None where there is none or it was withdrawn."""

    def champion_log(self, task: str) -> list[ChampionEntry]:
        """All entries of the champion log, oldest first."""

    def move_champion(self, entry: ChampionEntry, expected: int | None) -> None:
        """Append `entry` to the log, if the champion's version is still `expected` (None: no champion).

        Raises
        ------
        NotFound
            The version is not registered.
        ChampionMoved
            Another run moved the champion first.
        """

    def put_file(self, name: str, content: bytes) -> None:
        """Store a small file under a relative name such as `dashboard/iris_variety/recent.png`.

        A file that has this content already is not written again. A name that begins with '/', '.', `tables` or
        `models`, or has a part that begins with '.', is refused with `StoreError`.
        """

    def get_file(self, name: str) -> bytes | None:
        """The content of a stored file, or None."""

    def list_files(self, prefix: str) -> list[str]:
        """The names of stored files that begin with `prefix`, sorted."""


def check_name(name: str) -> None:
    """Refuse a table or column name that some store would change or lose.

    Hopsworks writes NULL, without an error, into a column named like a Python keyword.
    """
    if not _LEGAL_NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ValueError(
            f"{name!r} cannot be a table or column name: "
            "use lower-case letters, digits and '_', begin with a letter, and avoid Python keywords such as 'class'"
        )


def champion_entry(task: str, fields: ChampionFields) -> ChampionEntry:
    """A line of the champion log from its JSON; `ValueError` where it has no time."""
    when = datetime.fromisoformat(fields["when"])
    return ChampionEntry(task, fields["version"], when, fields["who"], fields["reason"])


def champion_fields(entry: ChampionEntry) -> ChampionFields:
    """A line of the champion log as JSON; a time without a zone is taken as UTC."""
    when = entry.when.replace(tzinfo=entry.when.tzinfo or UTC).astimezone(UTC).isoformat()
    return {"version": entry.version, "when": when, "who": entry.who, "reason": entry.reason}


# What the other parts of the store own.
_TAKEN = ("tables", "models", "champions.json")


def checked_file_name(name: str) -> str:
    """The name of a stored file, or `StoreError` where it is not a plain relative one outside what the store owns."""
    path = PurePosixPath(name)
    if path.is_absolute() or path.as_posix() != name or not is_free_name(path.parts):
        raise StoreError(
            f"{name!r} cannot name a stored file; use a relative name such as dashboard/metrics.json, "
            f"with no part that begins with '.', outside {', '.join(_TAKEN)}."
        )
    return name


def is_free_name(parts: tuple[str, ...]) -> bool:
    """Whether a path below the store's folder belongs to nobody and is not hidden."""
    return bool(parts) and parts[0] not in _TAKEN and not any(part.startswith(".") for part in parts)
