"""What each verb of the command line does, as a recipe over the pipelines; prints results and writes job summaries."""

import argparse
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from pipelines.cli import status as status_pages
from pipelines.cli import summaries as report
from pipelines.cli.demo import Month, ending, run_demo
from pipelines.cli.doctor import doctor_checks
from pipelines.cli.output import append_summary
from pipelines.datasets import DataSet, Task, all_datasets, all_tasks, dataset_named, task_named
from pipelines.errors import NotReadyError, PublishError, UsageError
from pipelines.features import daily as feature_pipeline
from pipelines.inference.pipeline import run_inference
from pipelines.monitoring.dashboard import refresh_dashboard
from pipelines.settings import Settings
from pipelines.stores import future, open_store
from pipelines.stores.base import Store
from pipelines.training import promotion
from pipelines.training.notebook import train_task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One run of a verb: its settings and its clock, each read once."""

    settings: Settings
    now: datetime

    @cached_property
    def store(self) -> Store:
        """The store that the settings choose."""
        return open_store(self.settings)

    def show(self, markdown: str, more: str = "") -> None:
        """Print a result, and append it to the job summary where there is one, there with `more` below."""
        markdown, more = map(self.settings.redacted, (markdown, more))
        print(markdown)
        append_summary(self.settings.run.summary_file, f"{markdown}\n\n{more}")

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A log group on GitHub Actions, a line elsewhere."""
        log.info("%s%s", "::group::" if self.settings.run.on_actions else "", title)
        yield
        if self.settings.run.on_actions:
            log.info("::endgroup::")

    def notice(self, sentence: str) -> None:
        """A sentence that a person should see without opening the log."""
        log.warning("%s%s", "::warning::" if self.settings.run.on_actions else "", sentence)


Command = Callable[[Run, argparse.Namespace], None]


def backfill(run: Run, options: argparse.Namespace) -> None:
    """Load the historical rows of each data set."""
    datasets = _chosen_datasets(options)
    if options.source and len(options.datasets) != 1:
        raise UsageError("--source belongs to one data set. Name it: backfill DATASET --source FILE")
    for dataset in datasets:
        with run.step(f"backfill {dataset.name}"):
            done = feature_pipeline.backfill(
                run.store,
                dataset,
                sources=options.source,
                now=run.now,
                replace=options.replace,
                accept_unusual=options.accept_unusual,
            )
        run.show(report.backfill_summary(dataset, done))
        for sentence in report.missing_classes(done):
            run.notice(sentence)


def features(run: Run, options: argparse.Namespace) -> None:
    """Add the samples of every due day of each data set."""
    for dataset in _chosen_datasets(options):
        with run.step(f"features {dataset.name}"):
            done = feature_pipeline.run_features(
                run.store,
                dataset,
                run_date=options.date or _today(run, dataset),
                per_day=options.per_day,
                arrivals=options.arrivals,
                scenario=options.scenario,
                now=run.now,
            )
        run.show(report.features_summary(dataset, done))
        for sentence in report.mostly_quarantined(done):
            run.notice(sentence)


def train(run: Run, options: argparse.Namespace) -> None:
    """Train each task in its notebook, register the version and decide on the champion."""
    for task in _chosen_tasks(options):
        with run.step(f"train {task.name}"):
            done = train_task(
                run.store,
                task,
                runs=run.settings.store_dir / "runs",
                now=run.now,
                who=run.settings.run.who,
                search=options.search,
                seed=options.seed,
                promote=options.promote,
            )
        run.show(report.training_summary(task, done), more=report.folded("Model card", done.card))


def infer(run: Run, options: argparse.Namespace) -> None:
    """Predict what is due, task by task.

    A task without a champion is passed over with a notice, because the schedule may run before the first training;
    where the person named the task it is an error.
    """
    for task in _chosen_tasks(options):
        if not options.tasks and run.store.champion(task.name) is None:
            run.notice(f"{task.name} has no champion yet and is passed over; train it: python -m pipelines train")
            continue
        with run.step(f"infer {task.name}"):
            done = run_inference(
                run.store,
                task,
                run_date=options.date or _today(run, task.dataset),
                now=run.now,
                run_url=run.settings.run.url,
            )
        run.show(report.inference_summary(task, done))


def dashboard(run: Run, options: argparse.Namespace) -> None:
    """Draw the pictures, the numbers and the static page of each data set, and say how all of them do."""
    done = []
    for dataset in _chosen_datasets(options):
        with run.step(f"dashboard {dataset.name}"):
            done.append(refresh_dashboard(run.store, dataset, run.now))
    run.show(report.dashboard_summary(done, run.now))


def promote(run: Run, options: argparse.Namespace) -> None:
    """Move the champion of a task to a registered version, because a person says so."""
    entry = promotion.promote(
        run.store,
        task_named(options.task),
        options.version,
        when=run.now,
        who=run.settings.run.who,
        reason=options.reason,
    )
    run.show(f"{entry.task}: version {entry.version} is the champion from the next inference on ({entry.reason}).")


def status(run: Run, options: argparse.Namespace) -> None:
    """Print what the store holds and how the champions do."""
    document = status_pages.status(run.store, run.now)
    print(json.dumps(document, indent=2, sort_keys=True) if options.json else status_pages.render(document))


def doctor(run: Run, options: argparse.Namespace) -> None:
    """Test step by step what a run needs, and fail when something is missing."""
    checks = list(doctor_checks(run.settings, run.now, deep=options.deep))
    for check in checks:
        verdict = "FAIL" if not check.passed else "WARN" if check.doubtful else "ok  "
        print(f"{verdict}  {check.name}: {check.sentence}")
    failed = [check.name for check in checks if not check.passed]
    if failed:
        raise NotReadyError(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}.")


def repair(run: Run, options: argparse.Namespace) -> None:  # noqa: ARG001 - --future is all there is to repair
    """Set the days aside that a run with a wrong clock filled ahead of today."""
    for dataset in all_datasets():
        done = list(future.set_future_aside(run.store, dataset, run.now))
        run.show(report.repair_summary(dataset, run.store.location, done))


def demo(run: Run, options: argparse.Namespace) -> None:
    """Simulate a month of operation, and end with a table and the path of the page."""
    if run.settings.store != "embedded" and not options.yes:
        raise UsageError(f"The demo would write to {run.settings.store}. Add --yes if that is what you want.")
    month = Month(
        days=options.days,
        per_day=options.per_day,
        end=options.end or run.now.date() - timedelta(days=1),
        scenario=options.scenario,
    )
    runs = run.settings.store_dir / "runs"
    boards = run_demo(run.store, month, runs=runs, who=run.settings.run.who, now=run.now)
    print(status_pages.render(status_pages.status(run.store, run.now)))
    print("", ending(boards, month, run.settings.store_dir / "site" / "index.html", run.now), sep="\n")


def publish(run: Run, options: argparse.Namespace) -> None:
    """Create or refresh the Spaces."""
    from pipelines.publishing.publish import publish as publish_spaces  # noqa: PLC0415 - needs the Hub's client only here

    done = publish_spaces(run.store, run.settings, dry_run=options.dry_run, namespace=options.namespace, now=run.now)
    run.show(report.publish_summary(done))
    if done.failed:
        raise PublishError(f"These Spaces do not run: {', '.join(done.failed)}. The end of their logs is above.")


def copy(run: Run, options: argparse.Namespace) -> None:
    """Copy one store to the other and verify the copy."""
    from pipelines.stores.copying import copy_store  # noqa: PLC0415 - the only verb with two stores

    if options.source == options.target:
        raise UsageError(f"--from and --to are both {options.source}; they must differ.")
    source, target = (open_store(replace(run.settings, store=kind)) for kind in (options.source, options.target))
    run.show(report.copy_summary(copy_store(source, target)))


def serve(run: Run, options: argparse.Namespace) -> None:  # noqa: ARG001 - every command takes the options
    """Start both Spaces on this machine until interrupted."""
    from pipelines.publishing.serve import serve_spaces  # noqa: PLC0415 - Gradio takes seconds to import

    serve_spaces(run.store)


def _today(run: Run, dataset: DataSet) -> date:
    """The day of the clock, unless the clock is in doubt and nobody confirms it."""
    today = run.now.date()
    doubt = future.doubt_of_clock(run.store, dataset, run.now)
    if doubt and not (sys.stdin.isatty() and input(f"{doubt} Is that today? [y/N] ").strip().lower() in {"y", "yes"}):
        raise UsageError(f"{doubt} If the clock is right, give the day yourself: --date {today}.")
    return today


def _chosen_datasets(options: argparse.Namespace) -> list[DataSet]:
    return [dataset_named(name) for name in dict.fromkeys(options.datasets)] or list(all_datasets())


def _chosen_tasks(options: argparse.Namespace) -> list[Task]:
    return [task_named(name) for name in dict.fromkeys(options.tasks)] or list(all_tasks())
