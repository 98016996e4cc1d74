"""Can the store and the Hub be used? One check at a time, each with a sentence that says what to do."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sklearn

from pipelines import models
from pipelines.datasets import all_datasets, all_tasks, broken_datasets
from pipelines.errors import PipelineError
from pipelines.settings import Settings
from pipelines.stores import open_store
from pipelines.stores.base import Store
from pipelines.stores.catalogue import load_version
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


def doctor_checks(settings: Settings, now: datetime) -> Iterator[Check]:
    """Try everything that a scheduled run needs, in the order in which a run needs it."""
    yield Check("python", passed=True, sentence=f"{platform.python_version()}, scikit-learn {sklearn.__version__}")
    for name, sentence in broken_datasets().items():
        yield Check(f"data set {name}", passed=False, sentence=sentence)
    usable = True
    for check in _store_checks(settings):
        usable = usable and check.passed
        yield check
    if usable:
        yield from _champion_checks(open_store(settings))
        yield from _day_checks(open_store(settings), now)
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
            champion = store.champion(task.name)
            if champion is None or champion.version is None:
                yield Check(name, passed=True, sentence=f"none yet; train it: python -m pipelines train {task.name}")
                continue
            load_version(store, task, champion.version, models.load)
        except PipelineError as error:
            yield Check(name, passed=False, sentence=str(error))
        else:
            yield Check(name, passed=True, sentence=f"version {champion.version} loads and is whole")


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
