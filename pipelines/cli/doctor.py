"""Can the store and the Hub be used? One check at a time, each with a sentence that says what to do."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import sklearn

from pipelines import models
from pipelines.cli.attestation import NO_GH, attested, name_of_clone
from pipelines.datasets import DataSet, Task, all_datasets, all_tasks, broken_datasets
from pipelines.errors import PipelineError, StoreError
from pipelines.settings import Settings
from pipelines.stores import open_store
from pipelines.stores.backfills import history_checksum, read_backfill
from pipelines.stores.base import FeatureGroup, Store
from pipelines.stores.catalogue import (
    champion_version,
    load_version,
    predictions_group,
    quarantine_group,
    samples_group,
)
from pipelines.stores.future import future_sentence


@dataclass(frozen=True)
class Check:
    """One thing that was tried; `sentence` says what was found, or what to do.

    What is `doubtful` works, but should not stay as it is.
    """

    name: str
    passed: bool
    sentence: str
    doubtful: bool = False


def doctor_checks(settings: Settings, now: datetime, *, deep: bool = False) -> Iterator[Check]:
    """Try everything that a scheduled run needs, in the order in which a run needs it.

    `deep` also reads every row and loads every version, and compares them with what was recorded: has anything rotted?
    """
    yield Check("python", passed=True, sentence=f"{platform.python_version()}, scikit-learn {sklearn.__version__}")
    for name, error in broken_datasets().items():
        yield Check(f"data set {name}", passed=False, sentence=str(error))
    usable = True
    for check in _store_checks(settings):
        usable = usable and check.passed
        yield check
    if usable:
        yield from _champion_checks(open_store(settings))
        yield from _origin_checks(open_store(settings), settings.github.repository or name_of_clone())
        yield from _day_checks(open_store(settings), now)
        if deep:
            yield from _deep_checks(open_store(settings))
    yield _hub_check(settings)


def _store_checks(settings: Settings) -> Iterator[Check]:
    if settings.store == "embedded":
        yield _folder_check(settings.store_dir)
        return
    from pipelines.stores.hopsworks import UNVERIFIED, checks  # noqa: PLC0415 - importing the client costs a second

    if not settings.hopsworks.verified:
        yield Check("certificate", passed=True, sentence=UNVERIFIED, doubtful=True)
    yield from (Check(name, passed, sentence) for name, passed, sentence in checks(settings))


def _folder_check(folder: Path) -> Check:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    sentence = f"{folder} can be written" if writable else f"{existing} cannot be written; set STORE_DIR to a folder"
    return Check("store", writable, sentence)


def _champion_checks(store: Store) -> Iterator[Check]:
    for task in all_tasks():
        name = f"champion of {task.name}"
        try:
            champion = champion_version(store, task)
            if champion is None:
                yield Check(name, passed=True, sentence=f"none yet; train it: python -m pipelines train {task.name}")
                continue
            load_version(store, task, champion, models.load)
        except PipelineError as error:
            yield Check(name, passed=False, sentence=str(error))
        else:
            yield Check(name, passed=True, sentence=f"version {champion} loads and is whole")


def _origin_checks(store: Store, repository: str) -> Iterator[Check]:
    if shutil.which("gh") is None:
        yield Check("origin", passed=True, sentence=NO_GH)
        return
    champions = {task: champion_version(store, task) for task in all_tasks()}
    for task, version in champions.items():
        if version:
            yield _tried(f"origin of {task.name}", partial(attested, store, task, version, repository))


def _deep_checks(store: Store) -> Iterator[Check]:
    for dataset in all_datasets():
        yield _tried(f"history of {dataset.name}", partial(_compare_history, store, dataset))
        for group in (samples_group(dataset), quarantine_group(dataset), *map(predictions_group, dataset.tasks)):
            yield _tried(f"rows of {group.name}", partial(_read_rows, store, group))
    for task in all_tasks():
        yield _tried(f"versions of {task.name}", partial(_load_versions, store, task))


def _tried(name: str, look: Callable[[], str]) -> Check:
    """A check that fails where `look` raises one of our errors; what it returns was found."""
    try:
        return Check(name, passed=True, sentence=look())
    except PipelineError as error:
        return Check(name, passed=False, sentence=str(error))


def _compare_history(store: Store, dataset: DataSet) -> str:
    recorded = read_backfill(store, dataset)
    if recorded is None or recorded.history is None:
        return f"no checksum is recorded yet; record it: python -m pipelines backfill {dataset.name}"
    if history_checksum(store, dataset) != recorded.history:
        raise StoreError(
            f"The historical rows of {dataset.name} are not those that were backfilled from {recorded}. Bring them "
            f"back with the same source, which changes nothing else: python -m pipelines backfill {dataset.name}"
        )
    return f"as it was backfilled from {recorded.name}"


def _read_rows(store: Store, group: FeatureGroup) -> str:
    there, read = store.count(group), len(store.read(group))
    if there != read:
        raise StoreError(f"{group.name} should have {there:,} rows and has {read:,}; take it from a copy of the store.")
    return f"all {read:,} can be read"


def _load_versions(store: Store, task: Task) -> str:
    versions = store.versions(task.name)
    for version in versions:
        load_version(store, task, version, models.read_verified)
    return f"all {len(versions)} are as they were registered"


def _day_checks(store: Store, now: datetime) -> Iterator[Check]:
    for dataset in all_datasets():
        try:
            sentence = future_sentence(store, dataset, now)
        except PipelineError as error:
            sentence = str(error)
        yield Check(f"days of {dataset.name}", passed=not sentence, sentence=sentence or "none after today")


def _hub_check(settings: Settings) -> Check:
    if not settings.hub.token:
        return Check("hub", passed=True, sentence="HF_TOKEN is not set, so no Space is published")
    from pipelines.publishing.hub import Hub  # noqa: PLC0415 - needs the Hub's client only here

    try:
        account = Hub(settings.hub).account()
        return Check("hub", passed=True, sentence=f"{settings.hub.endpoint} knows the token as {account}")
    except PipelineError as error:
        return Check("hub", passed=False, sentence=str(error))
