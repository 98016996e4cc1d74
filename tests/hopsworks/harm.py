"""Every request of a daily run goes wrong, each in every way; afterwards the store is as if nothing had happened.

The long form, every request in every way: `python -m tests.hopsworks.harm`.
"""

import argparse
import itertools
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from pipelines.datasets import Task, task_named
from pipelines.errors import PipelineError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.settings import read_settings
from pipelines.stores.base import Store
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.hopsworks import HopsworksStore, connection, sdk
from tests.datasets.test_numbers import PRICE
from tests.hopsworks.clock import WAITING, Clock
from tests.hopsworks.emulator.fixtures import hurry
from tests.hopsworks.emulator.handle import Emulator, running_emulator
from tests.small_models import crown, register_small_model, register_small_number_model

# A task of each kind: a class and a number.
TASKS = {task.name: task for task in (task_named("iris_variety"), PRICE)}
FIRST = date(2026, 3, 1)

HARMS = {
    "refused": {"drop": "before"},
    "500": {"status": 500},
    "429": {"status": 429, "retry_after": 2},
    "slow": {"delay": 6.0},
    "cut": {"drop": "partial"},
    "twice": {"drop": "after"},  # carried out, and asked for again because the answer is lost
    "gone": {"drop": "before", "times": 10_000},  # nothing comes any more, as from a process that is killed
}


@dataclass(frozen=True)
class Outcome:
    """What one harm led to: whether a second run was needed, and what was wrong after it, nothing in the best case."""

    request: int
    harm: str
    repeated: bool
    trouble: str


@contextmanager
def patient() -> Iterator[None]:
    """No back-off takes real time while this lasts."""
    clock = Clock().module()
    with ExitStack() as stack:
        for module in WAITING:
            stack.enter_context(mock.patch.object(module, "time", clock))
        yield


def prepared(store: Store, task: Task, folder: Path) -> None:
    """The history of the data set, a champion, and the first day."""
    backfill(store, task.dataset, [], now=_clock(FIRST), replace=False)
    register = register_small_model if task.classes else register_small_number_model
    crown(store, task, register(store, task, folder))
    daily_run(store, task, FIRST)


def daily_run(store: Store, task: Task, day: date) -> None:
    """What the schedules do on a day."""
    run_features(store, task.dataset, day, per_day=2, now=_clock(day))
    run_inference(store, task, run_date=day, now=_clock(day))
    store.put_file("dashboard/metrics.json", day.isoformat().encode())


def requests_of_a_day(emulator: Emulator, store: HopsworksStore, task: Task, day: date) -> int:
    """How many requests an undisturbed day takes, from the login on."""
    log_out()
    emulator.reset()
    emulator.fault("NOTHING")
    daily_run(store, task, day)
    return len(emulator.log())


def harmed(emulator: Emulator, store: HopsworksStore, task: Task, *, every: int, folder: Path) -> Iterator[Outcome]:
    """Harm a request a day, and compare the day with what an embedded store holds that nothing happened to."""
    prepared(store, task, folder / "one")
    expected = EmbeddedStore(folder / "undisturbed")
    prepared(expected, task, folder / "two")
    days = (FIRST + timedelta(days=ahead) for ahead in itertools.count(1))
    count = requests_of_a_day(emulator, store, task, next(days))
    daily_run(expected, task, FIRST + timedelta(days=1))
    cases = [(request, harm) for request in range(count) for harm in HARMS]
    for (request, harm), day in zip(cases[::every], days, strict=False):
        log_out()
        emulator.reset()
        emulator.fault(".", skip=request, **HARMS[harm])
        repeated, trouble = _run(emulator, store, task, day)
        daily_run(expected, task, day)
        yield Outcome(request, harm, repeated, trouble or _difference(store, expected, task, day))


def log_out() -> None:
    """As in a new process: the next use logs in."""
    if connection.Connected._current is not None:
        connection.Connected._current.close()
        connection.Connected._current = None
    sdk.reset_query_service()


def _run(emulator: Emulator, store: HopsworksStore, task: Task, day: date) -> tuple[bool, str]:
    """Run a day, and once more when all is well where it ended in a sentence; whether it was, and its last trouble."""
    for repeated in (False, True):
        try:
            daily_run(store, task, day)
        except PipelineError as error:
            said = str(error)
            emulator.reset()
            log_out()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no sentence
            return repeated, f"{type(error).__name__}: {error}"
        else:
            return repeated, ""
    return True, said


def _difference(store: Store, expected: Store, task: Task, day: date) -> str:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    window = {"start": start, "end": start + timedelta(days=1)}
    for group in (samples_group(task.dataset), predictions_group(task)):
        try:
            pd.testing.assert_frame_equal(store.read(group, **window), expected.read(group, **window))
        except AssertionError as error:
            return f"{group.name}: {error}"
    return "" if store.get_file("dashboard/metrics.json") == day.isoformat().encode() else "the file is another"


def _clock(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 6, 47, tzinfo=UTC)


def main() -> int:
    """Do all of it and print a table; 1 where anything was in trouble."""
    parser = argparse.ArgumentParser(prog="python -m tests.hopsworks.harm", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth case (default: 1)")
    parser.add_argument("--write-path", choices=("kafka", "delta"), default="kafka")
    parser.add_argument("--task", choices=TASKS, default="iris_variety")
    options = parser.parse_args()
    logging.getLogger("pipelines").setLevel(logging.ERROR)
    with (
        running_emulator() as emulator, tempfile.TemporaryDirectory() as folder, patient(),
        pytest.MonkeyPatch.context() as patch,
    ):  # fmt: skip
        hurry(patch)
        patch.setattr(sdk, "READ_SECONDS", 5.0)
        store = HopsworksStore(read_settings(emulator.environment(options.write_path)))
        outcomes = list(harmed(emulator, store, TASKS[options.task], every=options.every, folder=Path(folder)))
    done, again, bad = (
        Counter(outcome.harm for outcome in outcomes if keep(outcome))
        for keep in (lambda _: True, lambda outcome: outcome.repeated, lambda outcome: outcome.trouble)
    )
    print(f"{1 + max(outcome.request for outcome in outcomes)} requests a day\n")
    for harm in HARMS:
        print(f"{harm:8} {done[harm]:4} harms, {again[harm]:3} needed the next run, {bad[harm]:3} in trouble")
    for outcome in outcomes:
        if outcome.trouble:
            print(f"\nrequest {outcome.request}, {outcome.harm}: {outcome.trouble[:500]}")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
