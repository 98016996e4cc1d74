"""Batch inference as a PySpark job of a Hopsworks project: how it is started here, and what it does there."""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import partial
from urllib.parse import quote

import pandas as pd

from pipelines.datasets import Task, task_named
from pipelines.datasets.arrivals import ARRIVED
from pipelines.errors import PipelineError, SettingError, StoreError
from pipelines.inference.on_spark import run_inference_on_spark, settle_known, still_awaiting
from pipelines.inference.pipeline import (
    InferenceReport,
    champion_to_serve,
    checked,
    no_predictions,
    notices_of_broken,
    open_windows,
    unpredicted,
)
from pipelines.inference.settlement import Settlement
from pipelines.settings import read_job_settings
from pipelines.stores.base import Store
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.hopsworks import HopsworksStore
from pipelines.stores.spark.hopsworks import HopsworksOnSpark

log = logging.getLogger(__name__)

# One job of the project for all tasks; who runs it says which.
JOB = "serverless_ml_infer"
# What an address may hold and a command line takes as it is.
PLAIN = ":/?#[]@!$()*+,;=%-._~"


def run_inference_as_job(
    store: Store, task: Task, *, run_date: date, now: datetime, run_url: str = "", master: str = ""
) -> InferenceReport:
    """As `run_inference_on_spark`, in a job that Hopsworks runs; where nothing can be predicted, without one.

    Parameters
    ----------
    master
        The address of another cluster for the job than the one that Hopsworks gives it; empty for that.

    Raises
    ------
    SettingError
        The store is not Hopsworks.
    NotReadyError
        The task has no champion.
    StoreError
        The job failed.
    """
    if not isinstance(store, HopsworksStore):
        raise SettingError("A job runs in a project of Hopsworks; set STORE to hopsworks, or unset ENGINE.")
    champion, found = champion_to_serve(store, task), []
    for samples in _due(store, task, run_date):
        whole, broken = checked(task, samples, now)
        if len(whole):
            break
        found.append(broken)
    else:
        for rows in found:
            store.upsert(quarantine_group(task.dataset), rows)
        settlement, notices = settle_known(store, task, run_date, now), tuple(notices_of_broken(sum(map(len, found))))
        return InferenceReport(
            task.name, champion, None, 0, settlement, still_awaiting(store, task), no_predictions(task), notices
        )
    given = {
        "task": task.name, "date": run_date.isoformat(), "now": now.isoformat(), "run-url": quote(run_url, safe=PLAIN),
        "master": master, "write-path": store.settings.write_path,
    }  # fmt: skip
    ended = store.run_job(JOB, __name__, [f"--{name}={value}" for name, value in given.items() if value])
    told = json.loads(ended.report or b"{}")
    if not ended.success or "written" not in told:
        raise StoreError(
            f"The job {JOB} ended as {ended.state} without predicting {task.name}: "
            f"{told.get('error', 'it does not say why').rstrip('.')}. Its log is {ended.log}; "
            "when that is mended run this again, no row is written twice."
        )
    log.info("The job %s ended as %s and wrote %d rows for %s.", JOB, ended.state, told["written"], task.name)
    settlement, notices = Settlement(**told["settlement"]), tuple(told["notices"])
    return InferenceReport(
        task.name, told["champion"], told["challenger"], told["written"], settlement, still_awaiting(store, task),
        no_predictions(task), notices,
    )  # fmt: skip


def _due(store: Store, task: Task, run_date: date) -> Iterator[pd.DataFrame]:
    """The arrivals that no champion has predicted, day by day, so that no more than a day of them is held."""
    read = partial(store.read, samples_group(task.dataset), where={"origin": ARRIVED})
    for start, end in open_windows(store, task, run_date):
        arrivals = read(start=start, end=end, columns=["sample_id", "event_time"])
        served = store.read(predictions_group(task), start=start, end=end, columns=["sample_id", "served"])
        due = unpredicted(arrivals, served)
        for day, samples in due.groupby(due["event_time"].dt.floor("D"))["sample_id"]:
            rows = read(start=day.to_pydatetime(), end=(day + timedelta(days=1)).to_pydatetime())
            yield rows[rows["sample_id"].isin(samples)].reset_index(drop=True)


def main(arguments: Sequence[str]) -> None:
    """What the job does: predict on the workers, and leave a report for who started it."""
    parser = argparse.ArgumentParser()
    for name in ("--task", "--run", "--write-path"):
        parser.add_argument(name, required=True)
    parser.add_argument("--date", required=True, type=date.fromisoformat)
    parser.add_argument("--now", required=True, type=datetime.fromisoformat)
    parser.add_argument("--run-url", default="")
    parser.add_argument("--master", default="")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = read_job_settings(told.write_path)
    store = HopsworksOnSpark(settings, told.master)
    try:
        done = run_inference_on_spark(
            store, task_named(told.task), run_date=told.date, now=told.now, run_url=told.run_url
        )
    except PipelineError as error:
        sentence = settings.redacted(str(error))
        store.report_run(told.run, json.dumps({"error": sentence}).encode())
        sys.exit(f"error: {sentence}")
    report = {name: getattr(done, name) for name in ("champion", "challenger", "written", "notices")}
    store.report_run(told.run, json.dumps(report | {"settlement": asdict(done.settlement)}).encode())
