"""The simulated month: what the schedule does day by day, run at once."""

import functools
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from joblib import Parallel, cpu_count, delayed, parallel_config

from pipelines import models
from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.datasets.arrivals import NO_SCENARIO, RECORD, kinds_of
from pipelines.datasets.fetching import Access
from pipelines.features import daily as features
from pipelines.front.verdict import verdict
from pipelines.inference.pipeline import Loader, run_inference
from pipelines.stores.base import Store
from pipelines.stores.catalogue import load_version
from pipelines.training import pipeline as training
from pipelines.training.notebook import begun_trainings, train_task
from pipelines.training.processes import parallel_setup
from pipelines.training.undecided import undecided_version
from pipelines.wording import text_table

if TYPE_CHECKING:  # it brings matplotlib, which the first notebooks need not wait for
    from pipelines.monitoring.dashboard import DashboardReport

# When the schedule's last daily workflow runs; the clock of each simulated day.
DAILY_RUN = time(6, 47, tzinfo=UTC)
# The share of the days that pass before a scenario begins, so that there is something to differ from.
NORMAL_SHARE = 1 / 3
# Days from which on the data sets run side by side: a process starts for as long as a week takes.
LONG = 14

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Month:
    """What to simulate: `days` days up to `end`, with `per_day` samples a day and data set."""

    days: int
    per_day: int
    end: date
    scenario: str

    @property
    def first(self) -> date:
        """The first simulated day."""
        return self.end - timedelta(days=self.days - 1)

    @property
    def scenario_begins(self) -> date:
        """The first day on which the scenario is in force."""
        return self.first + timedelta(days=round(self.days * NORMAL_SHARE))

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=offset) for offset in range(self.days))

    def of(self, dataset: DataSet) -> "Month":
        """The days of a data set: the first ones of its record where it has one, under their own dates."""
        if dataset.record is None:
            return self
        days = min(self.days, (dataset.record.last - dataset.record.first).days + 1)
        return replace(self, days=days, end=dataset.record.first + timedelta(days=days - 1))

    def scenario_on(self, day: date) -> str:
        """The scenario of one day."""
        return self.scenario if day >= self.scenario_begins else NO_SCENARIO


def run_demo(store: Store, month: Month, *, runs: Path, who: str, now: datetime) -> "DashboardReport":
    """Backfill, train where there is no champion for these data, run every day, draw the pages.

    Returns what the pages say.
    """
    times: dict[Task, datetime] = {}
    for dataset in all_datasets():
        start = datetime.combine(month.of(dataset).first, DAILY_RUN)
        log.info("%s: load the history, in which each row has one role for ever: train, test or reserve", dataset.title)
        features.backfill(store, dataset, sources=[], now=start, replace=False)
        times |= {task: start for task in dataset.tasks if _needs_training(store, task)}
    # What a killed run has left is only decided on.
    new = {task: start for task, start in times.items() if undecided_version(store, task) is None}
    train = functools.partial(train_task, store, runs=runs, who=who, search="quick", seed=0, promote="auto")
    with begun_trainings(new, runs=runs, search="quick", seed=0) as begun:
        from pipelines.monitoring.dashboard import refresh_pages, together  # noqa: PLC0415 - while they train

        for task, start in times.items():
            train(task, now=start, begun=begun.get(task))
    log.info("%d days: new samples are made from reserve rows and predicted, as the schedule does daily", month.days)
    drawn: dict[str, DashboardReport] = {}
    for dataset, count, pictures in _side_by_side(store, month):
        log.info("%s: %d days done, and their pictures drawn", dataset.title, count)
        drawn[dataset.name] = pictures
    return refresh_pages(store, together([drawn[dataset.name] for dataset in all_datasets()]), now)


def alarm_lines(board: "DashboardReport", month: Month) -> list[str]:
    """What went off first, and how long after the scenario began."""
    drift = [(f"drift of {name}", data["drift"]["alarm_days"]) for name, data in board.document["datasets"].items()]
    below = [
        (f"{alarm['score']} of {name} below promise", alarm["since"])
        for name, task in board.document["tasks"].items()
        for alarm in task["alarms"]
    ]
    first_days = [*((what, min(days, default=None)) for what, days in drift), *below]
    return [f"ALARM  {what}: {day}{_delay(month, date.fromisoformat(day))}" for what, day in first_days if day]


def ending(board: "DashboardReport", month: Month, page: Path | None, now: datetime) -> str:
    """What the demo says last: the verdict of the page, what went off when, where the page is, and what to try.

    On Hopsworks there is no `page` on this machine.
    """
    told = verdict(board.document, now)
    return "\n".join([
        f"{told.headline}.", *alarm_lines(board, month), "",
        *([f"The page: {page.as_uri()}"] if page else []),
        "Next:", *text_table(("  make serve", "play with models"), [
            (f"  {called()} -m pipelines train", "search longer"),
            (f"  {called()} -m pipelines demo --scenario broken_units", "see an alarm"),
        ]),
    ])  # fmt: skip


def called() -> str:
    """How this Python is called from here: by its path where it lies below, as the environment of `make` does."""
    path, here = Path(sys.executable), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else "python"


def _delay(month: Month, day: date) -> str:
    if month.scenario == NO_SCENARIO or day < month.scenario_begins:
        return ""
    return f", {(day - month.scenario_begins).days} days after {month.scenario} began"


def _needs_training(store: Store, task: Task) -> bool:
    needed = training.needs_training(store, task)
    if needed:
        log.info("%s: train in a notebook, judge on the test rows, and make the version champion", task.title)
    else:
        log.info("%s: has a champion for these data", task.title)
    return needed


def _side_by_side(store: Store, month: Month) -> Iterator[tuple[DataSet, int, "DashboardReport"]]:
    """Run the days of every data set, on each processor those of another one; they have no table in common."""
    most_work_first = sorted(all_datasets(), key=lambda dataset: -len(dataset.tasks))
    at_once = min(len(most_work_first), int(cpu_count())) if store.kind == "embedded" and month.days >= LONG else 1
    with parallel_config(**parallel_setup()):
        run = Parallel(at_once, return_as="generator")
        yield from run(delayed(_run_days)(store, dataset, month) for dataset in most_work_first)


def _run_days(store: Store, dataset: DataSet, month: Month) -> tuple[DataSet, int, "DashboardReport"]:
    """Run every day of a data set and draw its pictures; returns it, how many days there are, and what was drawn."""
    from pipelines.monitoring.dashboard import refresh_pictures  # noqa: PLC0415 - see above

    load = cast("Loader", functools.cache(functools.partial(load_version, load=models.load)))
    days = list(month.of(dataset))
    for day in days:
        _run_day(store, dataset, day, month, load)
    return dataset, len(days), refresh_pictures(store, dataset)


def _run_day(store: Store, dataset: DataSet, day: date, month: Month, load: Loader) -> None:
    now = datetime.combine(day, DAILY_RUN)
    scenario = NO_SCENARIO if dataset.record else month.scenario_on(day)
    features.run_features(
        store, dataset, run_date=day, per_day=month.per_day, arrivals=_kind(dataset),
        scenario=scenario, now=now, access=Access(now),
    )  # fmt: skip
    for task in dataset.tasks:
        run_inference(store, task, run_date=day, now=now, load=load)


def _kind(dataset: DataSet) -> str:
    """How samples come in a demo, which asks nobody for anything."""
    return RECORD.name if dataset.record else kinds_of(dataset)[0]
