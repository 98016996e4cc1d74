"""Moving house: everything that one store holds, into another, checked by count and checksum.

What is there already and equal is left alone, so that a copy that was broken off is finished by starting it again.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.documents.model import FOR_PEOPLE
from pipelines.errors import StoreError, UsageError
from pipelines.stores.base import ChampionEntry, FeatureGroup, Store
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group, task_view

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Copied:
    """What was copied of one thing: how much of it there is in the source, and how much had to be written."""

    what: str
    in_source: int
    written: int
    checksum: str = ""


def copy_store(source: Store, target: Store, datasets: Sequence[DataSet] = ()) -> list[Copied]:
    """Copy files, feature groups, models and champion logs of all data sets (or of those given).

    Files come first, because one of them says which rows should be there; champions last, because a champion is
    what makes the target predict.

    Raises
    ------
    UsageError
        Source and target are the same store.
    StoreError
        The target has something else in the place of what is copied, or what arrived is not what was sent.
    """
    if (source.kind, source.location) == (target.kind, target.location):
        raise UsageError(f"{source.location} cannot be copied to itself; name two different stores.")
    chosen = datasets or all_datasets()
    return list(_copies(source, target, chosen))


def _copies(source: Store, target: Store, datasets: Sequence[DataSet]) -> Iterator[Copied]:
    yield _noted(_copy_files(source, target))
    for dataset in datasets:
        for group in _groups(dataset):
            yield _noted(_copy_group(source, target, group))
    for dataset in datasets:
        for task in dataset.tasks:
            yield _noted(_copy_models(source, target, task))
            yield _noted(_copy_champions(source, target, task))


def _noted(copied: Copied) -> Copied:
    _logger.info("%s: %d there, %d written", copied.what, copied.in_source, copied.written)
    return copied


def _groups(dataset: DataSet) -> list[FeatureGroup]:
    return [samples_group(dataset), quarantine_group(dataset), *(predictions_group(task) for task in dataset.tasks)]


def _copy_group(source: Store, target: Store, group: FeatureGroup) -> Copied:
    rows = source.read(group)
    written = target.upsert(group, rows) if len(rows) else 0
    arrived = target.read(group)
    if len(arrived) != len(rows) or rows_checksum(arrived) != rows_checksum(rows):
        raise StoreError(
            f"{group.name} has {len(rows)} rows in {source.location} and {len(arrived)} in {target.location}, "
            "or they differ: the target held other rows before. Copy into an empty store, "
            "or remove those rows there (`backfill --replace` begins anew)."
        )
    return Copied(f"feature group {group.name}", len(rows), written, rows_checksum(rows))


def _copy_models(source: Store, target: Store, task: Task) -> Copied:
    versions, there = source.versions(task.name), set(target.versions(task.name))
    for version in versions:
        if version not in there:
            _copy_version(source, target, task, version)
        elif source.describe(task.name, version) != target.describe(task.name, version):
            raise StoreError(
                f"Version {version} of {task.name} is another model in {target.location} than in {source.location}. "
                "Copy into a store that has no models of this task."
            )
    checksum = hashlib.sha256(_described(source, task, versions).encode()).hexdigest()
    return Copied(f"model {task.name}", len(versions), len(set(versions) - there), checksum)


def _copy_version(source: Store, target: Store, task: Task, version: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sent = source.download(task.name, version, Path(folder) / "sent")
        _check_recorded(source, task, version, sent)
        target.register(task_view(task), version, sent)
        arrived = target.download(task.name, version, Path(folder) / "arrived")
        if folder_checksum(sent) != folder_checksum(arrived):
            raise StoreError(
                f"Version {version} of {task.name} did not arrive whole in {target.location}; it is still whole in "
                f"{source.location}. Remove what arrived, and run this again."
            )


def _check_recorded(store: Store, task: Task, version: int, folder: Path) -> None:
    """Compare the files of a version with the checksums that it was registered with."""
    recorded: dict[str, str] = store.describe(task.name, version).get("sha256", {})
    wrong = [name for name, checksum in recorded.items() if _file_checksum(folder / name) != checksum]
    for name in set(wrong) & set(FOR_PEOPLE):
        _logger.warning(
            "%s of version %d of %s was changed after it was saved; it is copied so", name, version, task.name
        )
    damaged = sorted(set(wrong) - set(FOR_PEOPLE))
    if damaged:
        raise StoreError(
            f"Version {version} of {task.name} in {store.location} is damaged: {', '.join(damaged)} is not what was "
            "registered. Take that version from another copy of the store, then run this again."
        )


def _file_checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _described(store: Store, task: Task, versions: Sequence[int]) -> str:
    """All descriptions as one text; each holds the checksums of its files."""
    return json.dumps([store.describe(task.name, version) for version in versions], sort_keys=True)


def _copy_champions(source: Store, target: Store, task: Task) -> Copied:
    wanted, there = source.champion_log(task.name), target.champion_log(task.name)
    if there != wanted[: len(there)]:
        raise StoreError(
            f"The champion of {task.name} was moved in {target.location} otherwise than in {source.location}. "
            "Copy into a store that has no champion of this task."
        )
    for number in range(len(there), len(wanted)):
        target.move_champion(wanted[number], expected=_version(wanted[:number]))
    return Copied(f"champion log of {task.name}", len(wanted), len(wanted) - len(there))


def _version(log: Sequence[ChampionEntry]) -> int | None:
    return log[-1].version if log else None


def _copy_files(source: Store, target: Store) -> Copied:
    names, written, checksum = source.list_files(""), 0, hashlib.sha256()
    for name in names:
        content = source.get_file(name) or b""
        if target.get_file(name) != content:
            target.put_file(name, content)
            written += 1
            if target.get_file(name) != content:
                raise StoreError(f"The file {name} did not arrive whole in {target.location}; run this again.")
        checksum.update(name.encode() + hashlib.sha256(content).digest())
    return Copied("files", len(names), written, checksum.hexdigest())


def rows_checksum(rows: pd.DataFrame) -> str:
    """The SHA-256 of rows as a store reads them; numbers count to their last bit."""
    records = rows.to_json(orient="split", date_unit="us", double_precision=15, index=False)
    exact = rows.select_dtypes("float64").to_numpy().tobytes()
    return hashlib.sha256(records.encode() + exact).hexdigest()


def folder_checksum(folder: Path) -> str:
    """The SHA-256 of all files of a folder, with their names."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
