"""Batch inference as a Spark job: the workers predict, the driver keeps what they found.

On an embedded store the workers write their answers aside, below its folder; on Hopsworks the driver gets them. Spark
takes what each task answered once, however often a worker was lost or a task tried again. Then the driver upserts part
by part, by the same keys as ever: a job that is killed in between, or run twice, leaves every row once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pandas as pd

from pipelines import models
from pipelines.datasets import Task, task_named
from pipelines.datasets.arrivals import ARRIVED
from pipelines.errors import SettingError
from pipelines.inference.pipeline import (
    InferenceReport,
    Window,
    champion_to_serve,
    checked,
    missed_before,
    no_predictions,
    notices_of_broken,
    open_windows,
    prediction_rows,
    scored,
    settle_windows,
)
from pipelines.inference.settlement import Settlement
from pipelines.stores.base import Store
from pipelines.stores.catalogue import load_version, predictions_group, quarantine_group, samples_group
from pipelines.stores.outcomes import Awaiting, awaiting, look_back
from pipelines.stores.rows import conform
from pipelines.stores.spark.hopsworks import HopsworksOnSpark
from pipelines.stores.spark.store import SparkStore, from_micros, schema_of

log = logging.getLogger(__name__)

# Shares of the work a core: more even out workers of different speed, and cost a start each.
SHARES = 3

OnSpark: TypeAlias = SparkStore | HopsworksOnSpark


@dataclass(frozen=True)
class Version:
    """A version as the workers get it: in which part it serves, its files, and what its intervals leave outside."""

    served: str
    files: tuple[tuple[str, bytes], ...]
    missed: Mapping[int, float]


@dataclass(frozen=True)
class Job:
    """What every worker is told once: the task by its name, the clock of the run, and the versions."""

    task: str
    now: datetime
    run_url: str
    versions: tuple[Version, ...]


def run_inference_on_spark(
    store: Store, task: Task, *, run_date: date, now: datetime, run_url: str = ""
) -> InferenceReport:
    """As `run_inference`, with the arrivals that are due predicted by the workers of a Spark cluster.

    `predictions` of the report stay empty: they may be more than one machine holds.

    Raises
    ------
    SettingError
        The store is not one that Spark reads.
    NotReadyError
        The task has no champion.
    ModelRefused
        The champion is damaged or was made by other software.
    """
    if not isinstance(store, OnSpark):
        raise SettingError("This store is not one that Spark reads; open it with ENGINE=spark, or unset ENGINE.")
    champion, windows = champion_to_serve(store, task), list(open_windows(store, task, run_date))
    with store.alone(task.name):
        settlement = settle_known(store, task, run_date, now)
        due = _due(store, task, windows)
        newest = due.selectExpr("max(unix_micros(event_time))").first()[0]
        report = InferenceReport(task.name, champion, None, 0, settlement, Awaiting(), no_predictions(task))
        if newest is not None:
            versions, notices = _versions(store, task, champion, from_micros(newest))
            done = _predict(store, task, due, Job(task.name, now, run_url, versions))
            challenger = max(store.versions(task.name)) if done["challenger"] else None
            notices += tuple(_told(done, offered=len(versions) > 1))
            report = replace(report, written=done["written"], challenger=challenger, notices=notices)
        return replace(report, awaiting=still_awaiting(store, task))


def settle_known(store: Store, task: Task, run_date: date, now: datetime) -> Settlement:
    """Settle what has turned out, which is of the days up to the newest prediction."""
    newest = store.newest(predictions_group(task))
    if newest is None:
        return Settlement(0, 0)
    windows = list(open_windows(store, task, min(run_date, newest.date())))
    return settle_windows(store, task, windows, now)[0]


def still_awaiting(store: Store, task: Task) -> Awaiting:
    """What is waited for, where an outcome comes later than its sample."""
    group = predictions_group(task)
    newest = store.newest(group)
    if task.due_after is None or newest is None:
        return Awaiting()
    columns = ["event_time", "served", "label"]
    return awaiting(task, store.read(group, start=newest - look_back(task), columns=columns))


def _due(store: OnSpark, task: Task, windows: Sequence[Window]) -> Any:  # noqa: ANN401 - a Spark data frame
    """The arrivals that no champion has predicted, as the files are now."""
    arrived, served = {"origin": ARRIVED}, {"served": "champion"}
    return store.scan_without(samples_group(task.dataset), arrived, predictions_group(task), served, windows)


def _versions(
    store: OnSpark, task: Task, champion: int, newest: datetime
) -> tuple[tuple[Version, ...], tuple[str, ...]]:
    """The champion, and the newest version in its shadow where it came later; or why that is left out."""

    def loaded(served: str, folder: Path) -> Version:
        missed = missed_before(store, models.load(folder), task, newest)
        files = tuple((path.name, path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file())
        return Version(served, files, missed)

    serving = load_version(store, task, champion, partial(loaded, "champion"))
    challenger = max(store.versions(task.name), default=champion)
    if challenger <= champion:
        return (serving,), ()
    try:
        return (serving, load_version(store, task, challenger, partial(loaded, "challenger"))), ()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a challenger, the champion serves
        return (serving,), (f"Challenger version {challenger} is left out: {error}",)


def _predict(store: OnSpark, task: Task, due: Any, job: Job) -> Counter[str]:  # noqa: ANN401 - a Spark data frame
    """Let the workers predict and keep their answers; counts as `_keep` does."""
    group, context = predictions_group(task), store.session.sparkContext
    told = context.broadcast(job)
    # In the order of time, so that each file of answers is compared with the few that are there of its days.
    shares = due.repartitionByRange(SHARES * context.defaultParallelism, *group.order[:1], "sample_id")
    samples = shares.sortWithinPartitions(*group.order[:1], "sample_id")
    answers = samples.mapInPandas(_on_worker(told), f"{schema_of(group)}, {schema_of(quarantine_group(task.dataset))}")
    try:
        return sum((_keep(store, task, part) for part in store.collected(task.name, answers)), Counter())
    finally:
        told.unpersist()


def _keep(store: OnSpark, task: Task, answers: pd.DataFrame) -> Counter[str]:
    """Upsert a part of the answers: quarantine first, since a run that is killed in between leaves its rows due.

    Counts the rows that were `written`, the answers of `champion` and `challenger`, and the samples that are `broken`.
    """
    broken = answers["quarantine_id"].notna()
    store.upsert(quarantine_group(task.dataset), answers[broken])
    written = store.upsert(predictions_group(task), answers[~broken])
    served = answers.loc[~broken, "served"].value_counts().to_dict()
    return Counter({"written": written, "broken": int(broken.sum()), **served})


def _told(done: Counter[str], *, offered: bool) -> Iterator[str]:
    """What a person should hear of a job that is done."""
    yield from notices_of_broken(done["broken"])
    if offered and done["challenger"] < done["champion"]:
        failed = done["champion"] - done["challenger"]
        yield f"The challenger fails for {failed} of {done['champion']} samples; the logs of the workers say why."


def _on_worker(told: Any) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:  # noqa: ANN401 - a broadcast
    return lambda parts: answered(parts, told.value)


def answered(parts: Iterator[pd.DataFrame], job: Job) -> Iterator[pd.DataFrame]:
    """What a worker makes of the samples of a partition, part by part: rows of predictions, and of the quarantine."""
    task = task_named(job.task)
    for part in parts:
        whole, broken = checked(task, conform(part, samples_group(task.dataset)), job.now)
        scores = list(_scored(job, task, whole)) if len(whole) else [no_predictions(task)]
        rows = conform(prediction_rows(scores, job.now, job.run_url), predictions_group(task))
        yield pd.concat([rows, conform(broken, quarantine_group(task.dataset))], ignore_index=True)


def _scored(job: Job, task: Task, samples: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """What each version predicts; a challenger that fails is left out, and its champion serves."""
    for version in job.versions:
        try:
            yield scored(_loaded(version.files), task, samples, version.served, version.missed)
        except Exception:
            if version.served == "champion":
                raise
            log.exception("the challenger of %s fails", task.name)


@cache
def _loaded(files: tuple[tuple[str, bytes], ...]) -> models.Model:
    """The model of these files, loaded once in a worker."""
    with TemporaryDirectory() as folder:
        for name, content in files:
            (Path(folder) / name).write_bytes(content)
        return models.load(Path(folder))
