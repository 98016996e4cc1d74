"""What each verb of the command line does, as a recipe over the pipelines; prints results and writes job summaries.

A verb imports what it needs when it runs, so that the help and the light verbs do without the heavy ones' libraries.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace as with_changes
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import typer

from pipelines.cli import arguments as cli
from pipelines.cli.run import Run
from pipelines.errors import NotReadyError, PartlyFailed, PipelineError, PublishError, UsageError
from pipelines.settings import read_active

if TYPE_CHECKING:
    from datetime import date

    from pipelines.datasets import DataSet, Task
    from pipelines.inference.pipeline import InferenceReport
    from pipelines.training.pipeline import TrainingReport

# The headings of the help.
PIPELINES, MODELS, OPERATION = "Pipelines", "Models", "Operation"

app = typer.Typer(
    add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,  # frames are for terminals
)  # fmt: skip
verb = partial(app.command, cls=cli.Verb)


@verb(rich_help_panel=PIPELINES)
def backfill(
    ctx: typer.Context,
    datasets: cli.DataSets = None,
    *,
    source: cli.Sources = None,
    replace: cli.Replace = False,
    accept_unusual: cli.AcceptUnusual = False,
) -> None:
    """Load the historical rows and fix their roles."""
    from pipelines.cli.summaries import backfill_summary, missing_classes
    from pipelines.features.backfill import backfill as load_history

    run: Run = ctx.obj
    if source and len(datasets or ()) != 1:
        raise UsageError("--source belongs to one data set. Name it: backfill DATASET --source FILE")

    def load(dataset: "DataSet") -> None:
        with run.step(f"backfill {dataset.name}"):
            done = load_history(
                run.store, dataset,
                sources=source or [], now=run.now, replace=replace, accept_unusual=accept_unusual, access=run.access,
            )  # fmt: skip
        run.show(backfill_summary(dataset, done))
        for sentence in missing_classes(done):
            run.notice(sentence)

    run.each_dataset(datasets, load)


@verb(rich_help_panel=PIPELINES)
def features(
    ctx: typer.Context,
    datasets: cli.DataSets = None,
    *,
    date: cli.RunDate = None,
    per_day: cli.PerDay = 1,
    arrivals: cli.Arrivals = None,
    scenario: cli.Scenario = None,
) -> None:
    """Add the samples of every day that is due."""
    from pipelines.cli.summaries import features_summary, mostly_quarantined
    from pipelines.datasets.arrivals import ARRIVALS, SCENARIOS
    from pipelines.features.daily import run_features

    run: Run = ctx.obj
    given = run.past(date)
    kind = _one_of("kind of arrivals", ARRIVALS, arrivals) if arrivals else ""
    trouble = _one_of("scenario", SCENARIOS, scenario)

    def add(dataset: "DataSet") -> None:
        if not datasets and dataset.record and not run.access.place:
            return  # a record ends: only `demo` plays it, and nobody is asked for its place
        with run.step(f"features {dataset.name}"):
            done = run_features(
                run.store, dataset,
                run_date=given or _today(run, dataset), per_day=per_day, arrivals=kind, scenario=trouble, now=run.now,
                access=run.access,
            )  # fmt: skip
        run.show(features_summary(dataset, done))
        for sentence in mostly_quarantined(done):
            run.notice(sentence)

    run.each_dataset(datasets, add)


@verb(rich_help_panel=PIPELINES)
def train(
    ctx: typer.Context,
    tasks: cli.Tasks = None,
    *,
    search: cli.Search = "full",
    seed: cli.Seed = 0,
    promote: cli.Promote = "auto",
    only_new: cli.OnlyNew = False,
    checksums: cli.Checksums = None,
) -> None:
    """Train, register and, where it is earned, promote a new version."""
    _import_scipy_first()
    from pipelines.cli.summaries import folded, training_summary
    from pipelines.models import MODEL_FILE
    from pipelines.training.notebook import begun_trainings, train_task
    from pipelines.training.pipeline import nothing_new
    from pipelines.training.undecided import undecided_version

    run: Run = ctx.obj
    runs, who = run.settings.store_dir / "runs", run.settings.run.who
    tried: list[Task] = []
    done: dict[Task, TrainingReport] = {}

    def fit(task: "Task") -> None:
        learned = nothing_new(run.store, task) if only_new and task not in begun else ""
        if learned:
            run.show(learned)
            return
        tried.append(task)
        with run.step(f"train {task.name}"):
            done[task] = train_task(
                run.store, task, runs=runs, now=run.now, who=who, search=search, seed=seed, promote=promote,
                begun=begun.get(task),
            )  # fmt: skip
        if checksums:
            digest = run.store.describe(task.name, done[task].version)["sha256"][MODEL_FILE]
            with checksums.open("a", encoding="utf-8") as listed:
                listed.write(f"{digest}  {task.name}/{done[task].version}/{MODEL_FILE}\n")

    if checksums:
        checksums.write_text("", encoding="utf-8")
    chosen = [task for task in run.tasks(tasks).values() if not isinstance(task, PipelineError)]
    times = {}
    for task in chosen if len(chosen) > 1 else ():
        # Who cannot be asked now is told so in its turn.
        with contextlib.suppress(PipelineError, OSError):
            if undecided_version(run.store, task) is None and not (only_new and nothing_new(run.store, task)):
                times[task] = run.now
    try:
        with begun_trainings(times, runs=runs, search=search, seed=seed) as begun:
            run.each_task(tasks, fit)
    finally:
        if tried:
            cards = "\n".join(folded(f"Model card: {task.title}", report.card) for task, report in done.items())
            failed = [task for task in tried if task not in done]
            run.show(training_summary(done, failed, run.settings.run.repository), more=cards)


@verb(rich_help_panel=PIPELINES)
def infer(ctx: typer.Context, tasks: cli.Tasks = None, *, date: cli.RunDate = None) -> None:
    """Predict every arrival that the champion has not predicted yet.

    A task without a champion is passed over with a notice, because the schedule may run before the first training;
    where the person named the task it is an error.
    """
    _import_scipy_first()
    from pipelines.cli.summaries import folded, inference_summary, newest_predictions

    run: Run = ctx.obj
    predicted = _inference(run)
    given = run.past(date)
    tried: list[Task] = []
    done: dict[Task, InferenceReport] = {}

    def predict(task: "Task") -> None:
        if not tasks and run.store.champion(task.name) is None:
            run.notice(f"{task.name} has no champion yet and is passed over; train it: python -m pipelines train")
            return
        tried.append(task)
        with run.step(f"infer {task.name}"):
            run_date = given or _today(run, task.dataset)
            done[task] = predicted(run.store, task, run_date=run_date, now=run.now, run_url=run.settings.run.url)

    try:
        run.each_task(tasks, predict)
    finally:
        failed = [task for task in tried if task not in done]
        newest = "\n".join(
            folded(f"Newest: {task.title}", newest_predictions(task, each)) for task, each in done.items()
        )
        run.show(inference_summary(done, failed, run.settings.run.repository), more=newest)


@verb(rich_help_panel=PIPELINES)
def dashboard(ctx: typer.Context, datasets: cli.DataSets = None, *, as_of: cli.AsOf = None) -> None:
    """Draw pictures, numbers and page anew, and say how all data sets do."""
    _import_scipy_first()
    from pipelines.cli.summaries import dashboard_summary
    from pipelines.monitoring.as_known import end_of, report_as_known
    from pipelines.monitoring.dashboard import refresh_pages, refresh_pictures, together
    from pipelines.publishing.addresses import known_links

    run: Run = ctx.obj
    day, done = run.past(as_of, "--as-of"), []

    def draw(dataset: "DataSet") -> None:
        with run.step(f"dashboard {dataset.name}"):
            done.append(report_as_known(run.store, dataset, day) if day else refresh_pictures(run.store, dataset))

    try:
        run.each_dataset(datasets, draw)
    finally:
        if done:
            drawn = together(done)
            told = drawn if day else refresh_pages(run.store, drawn, run.now, known_links(run.settings))
            run.show(dashboard_summary(told, end_of(day) if day else run.now))


@verb(rich_help_panel=MODELS)
def promote(ctx: typer.Context, task: cli.Task, version: cli.Version, *, reason: cli.Reason) -> None:
    """Make a registered version the champion, forward or back."""
    from pipelines.cli.attestation import attested, name_of_clone
    from pipelines.datasets import task_named
    from pipelines.training import promotion

    run: Run = ctx.obj
    chosen, who = task_named(task), run.settings.run.who
    entry = promotion.promote(run.store, chosen, version, when=run.now, who=who, reason=reason)
    run.show(f"{entry.task}: version {entry.version} is the champion from the next inference on ({entry.reason}).")
    if not run.settings.run.on_actions:  # there a job of its own has asked, which can only read
        repository = run.settings.github.repository or name_of_clone()
        run.show(f"Where it comes from: {attested(run.store, chosen, version, repository)}.")


@verb(rich_help_panel=OPERATION)
def status(ctx: typer.Context, *, json_: cli.AsJson = False) -> None:
    """Show what the store holds and how the champions do."""
    from pipelines.cli.status import render
    from pipelines.cli.status import status as status_of

    run: Run = ctx.obj
    document = status_of(run.store, run.now)
    print(json.dumps(document, indent=2, sort_keys=True) if json_ else render(document))
    _end_for_broken_datasets()


@verb(rich_help_panel=OPERATION)
def doctor(ctx: typer.Context, *, deep: cli.Deep = False, github: cli.OnGitHub = False) -> None:
    """Test, step by step, whether the store and the Hub can be used."""
    from pipelines.cli.doctor import doctor_checks
    from pipelines.cli.github import github_checks

    run: Run = ctx.obj
    if github and deep:
        raise UsageError("--deep is about the store and --github about the repository; give one of them.")
    if github:
        checks = list(github_checks(run.settings.github))
    else:
        checks = list(doctor_checks(run.settings, run.now, deep=deep))
    for check in checks:
        verdict = "FAIL" if not check.passed else "WARN" if check.doubtful else "ok  "
        print(f"{verdict}  {check.name}: {check.sentence}")
    failed = [check.name for check in checks if not check.passed]
    if failed:
        raise NotReadyError(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}.")


@verb(rich_help_panel=OPERATION)
def repair(ctx: typer.Context, *, future: cli.Future) -> None:  # noqa: ARG001 - it is all that there is to repair
    """Mend what a wrong clock left in the store; nothing is deleted."""
    from pipelines.cli.summaries import repair_summary
    from pipelines.stores.future import set_future_aside

    run: Run = ctx.obj

    def mend(dataset: "DataSet") -> None:
        done = list(set_future_aside(run.store, dataset, run.now))
        run.show(repair_summary(dataset, run.store.location, done))

    run.each_dataset(None, mend)


@verb(rich_help_panel=OPERATION)
def demo(
    ctx: typer.Context,
    *,
    days: cli.Days = 30,
    per_day: cli.PerDay = 10,
    end: cli.LastDay = None,
    scenario: cli.Scenario = None,
    yes: cli.Yes = False,
) -> None:
    """Simulate a month of operation: backfill, training, daily runs, pages."""
    _import_scipy_first()
    run: Run = ctx.obj
    settings = run.settings
    if settings.store != "embedded" and not yes:
        raise UsageError(f"The demo would write to {settings.store}. Add --yes if that is what you want.")
    from pipelines.cli import demo as simulation
    from pipelines.cli.status import render
    from pipelines.cli.status import status as status_of
    from pipelines.datasets import activate
    from pipelines.datasets.arrivals import SCENARIOS

    last = run.past(end, "--end") or run.now.date() - timedelta(days=1)
    month = simulation.Month(days, per_day, last, _one_of("scenario", SCENARIOS, scenario))
    runs = settings.store_dir / "runs"
    store = run.store
    if not read_active():
        activate(())  # a record is played in any case
    board = simulation.run_demo(store, month, runs=runs, who=settings.run.who, now=run.now)
    print(render(status_of(store, run.now)))
    page = settings.store_dir / "site" / "index.html" if settings.store == "embedded" else None
    print("", simulation.ending(board, month, page, run.now), sep="\n")
    _end_for_broken_datasets()


@verb(rich_help_panel=OPERATION)
def publish(ctx: typer.Context, *, dry_run: cli.DryRun = False, namespace: cli.Namespace = "") -> None:
    """Create or refresh the Hugging Face Spaces."""
    from pipelines.cli.summaries import publish_summary
    from pipelines.publishing.publish import publish as publish_spaces
    from pipelines.publishing.recall import recall_what_if

    run: Run = ctx.obj
    if run.settings.hub.token and not dry_run and recall_what_if(run.store, run.settings, namespace):
        _play_what_if(run)
    done = publish_spaces(run.store, run.settings, dry_run=dry_run, namespace=namespace, now=run.now)
    run.show(publish_summary(done))
    if done.failed:
        raise PublishError(f"These Spaces do not run: {', '.join(done.failed)}. The end of their logs is above.")


@verb(rich_help_panel=OPERATION)
def copy(ctx: typer.Context, *, source: cli.From, target: cli.To) -> None:
    """Copy everything from one store to the other, and verify it."""
    if source == target:
        raise UsageError(f"--from and --to are both {source}; they must differ.")
    from pipelines.cli.summaries import copy_summary
    from pipelines.stores import open_store
    from pipelines.stores.copying import copy_store

    run: Run = ctx.obj
    read, written = (open_store(with_changes(run.settings, store=kind)) for kind in (source, target))
    run.show(copy_summary(copy_store(read, written)))


@verb(rich_help_panel=OPERATION)
def serve(ctx: typer.Context) -> None:
    """Start both Spaces on this machine, on the current store."""
    from pipelines.publishing.serve import serve_spaces

    run: Run = ctx.obj
    serve_spaces(run.store, meanwhile=lambda: _play_what_if(run))


def _import_scipy_first() -> None:
    """Before pandas in a verb that loads models: skops looks for scipy's functions in all that was imported before.

    And before scikit-learn imports it far below: Python 3.11 asks the system for memory at each call that its stack of
    frames has no room for, which in scipy's docstrings would be sixty thousand times.
    """
    import scipy.stats  # noqa: F401


def _inference(run: Run) -> "Callable[..., InferenceReport]":
    """How the engine of the settings predicts."""
    if run.settings.engine == "local":
        from pipelines.inference.pipeline import run_inference

        return run_inference
    if run.settings.store == "embedded":
        from pipelines.inference.on_spark import run_inference_on_spark

        return run_inference_on_spark
    from pipelines.inference.on_hopsworks import run_inference_as_job

    return partial(run_inference_as_job, master=run.settings.spark_master)


def _play_what_if(run: Run) -> None:
    """Keep the months that the monitor plays in step with the champions; the monitor does without where it fails."""
    from pipelines.monitoring.what_if import refresh_what_if

    try:
        refresh_what_if(run.store)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a story, what is live goes on
        run.notice(f"The monitor plays no new month: {error if isinstance(error, PipelineError) else repr(error)}")


@verb(rich_help_panel=OPERATION)
def new(
    ctx: typer.Context,
    name: cli.NewName,
    file: cli.NewFile,
    *,
    label: cli.LabelColumns,
    number: cli.NumberColumns = None,
    category: cli.CategoryColumns = None,
    date: cli.DateColumns = None,
    blank: cli.BlankCells = None,
    leave_out: cli.LeftOutColumns = None,
) -> None:
    """Draft a data set of your own from a file."""
    from pipelines.cli.summaries import draft_summary
    from pipelines.cli.workflows import write_choices
    from pipelines.datasets import look_again
    from pipelines.drafting.draft import draft
    from pipelines.drafting.plan import Wishes, blank_cells

    run: Run = ctx.obj
    done = draft(
        name, file, Wishes(label, number or (), category or (), leave_out or (), date or (), blank_cells(blank or ()))
    )
    look_again()
    run.show(draft_summary(done, write_choices(), read_active()))


def _today(run: Run, dataset: "DataSet") -> "date":
    """The day of the clock, unless the clock is in doubt and nobody confirms it."""
    from pipelines.stores.future import doubt_of_clock

    today = run.now.date()
    doubt = doubt_of_clock(run.store, dataset, run.now)
    if doubt and not (sys.stdin.isatty() and input(f"{doubt} Is that today? [y/N] ").strip().lower() in {"y", "yes"}):
        raise UsageError(f"{doubt} If the clock is right, give the day yourself: --date {today}.")
    return today


def _end_for_broken_datasets() -> None:
    """End with 1 where a data set is left out because it cannot be used; the status says why."""
    from pipelines.datasets import broken_datasets

    if broken_datasets():
        raise PartlyFailed(f"Without {', '.join(broken_datasets())}, for the reason above.")


def _one_of(kind: str, names: Iterable[str], given: str | None) -> str:
    """The name that was given, or the first where none was."""
    allowed = list(names)
    name = (given or allowed[0]).strip()
    if name not in allowed:
        raise UsageError(f"There is no {kind} {name!r}; choose from {', '.join(allowed)}.")
    return name
