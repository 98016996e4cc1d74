"""Inference as a PySpark job of a project: what one machine would have written, and one sentence where it fails."""

import logging
import os
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from pandas.testing import assert_frame_equal
from small_models import crown, register_small_model

from pipelines.cli.main import main
from pipelines.datasets import task_named
from pipelines.errors import NotReadyError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.on_hopsworks import JOB, run_inference_as_job
from pipelines.inference.on_hopsworks import main as run_job
from pipelines.inference.pipeline import SOURCE, run_inference
from pipelines.settings import read_job_settings
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.hopsworks import HopsworksStore, jobs, sdk

NOW = datetime(2026, 3, 20, 6, 47, tzinfo=UTC)
FIRST = date(2026, 3, 10)
DAYS, PER_DAY = 2, 10
RUN_URL = "https://example.org/run/1?attempt=2"


@pytest.fixture
def iris():
    return task_named("iris_variety")


@pytest.fixture
def store(iris, delta_store, tmp_path, monkeypatch):
    """A Hopsworks project with Iris, arrivals of some days and a champion."""
    monkeypatch.setattr(jobs, "LONGEST_POLL", 1.0)
    return operate(delta_store, iris, tmp_path)


def operate(store, task, folder):
    backfill(store, task.dataset, [], now=NOW)
    for day in range(DAYS):
        run_features(store, task.dataset, FIRST + timedelta(days=day), per_day=PER_DAY, now=NOW)
    crown(store, task, register_small_model(store, task, folder / store.kind))
    return store


def infer(store, task, how, day=FIRST + timedelta(days=DAYS)):
    return how(store, task, run_date=day, now=NOW, run_url=RUN_URL)


def runs(emulator):
    return emulator.log(f"POST project/119/jobs/{JOB}/executions")


def test_a_job_predicts_what_one_machine_does_row_by_row_and_once(store, iris, emulator, caplog, tmp_path):
    caplog.set_level(logging.INFO)
    alone = operate(EmbeddedStore(tmp_path / "alone"), iris, tmp_path)
    expected = infer(alone, iris, run_inference)
    samples = samples_group(iris.dataset)
    broken = store.read(samples, where={"origin": "simulated"}).tail(1)
    store.upsert(samples, broken.assign(sepal_length=-5.0))
    report = infer(store, iris, partial(run_inference_as_job, master="local[1]"))
    assert f"The job {JOB} ended as SUCCEEDED and wrote 19 rows for iris_variety." in caplog.text
    rows = store.read(predictions_group(iris))
    assert (report.champion, report.written, report.settlement) == (1, DAYS * PER_DAY - 1, expected.settlement)
    assert report.awaiting == expected.awaiting
    assert report.notices == (
        "1 sample went to quarantine and got no prediction, because the data contract is broken there.",
    )
    assert_frame_equal(rows, alone.read(predictions_group(iris))[:-1], rtol=1e-12, atol=1e-15)
    quarantine = store.read(quarantine_group(iris.dataset))
    assert list(quarantine["source"]) == [SOURCE]
    assert broken["sample_id"].item() in quarantine["row"].item()
    # The broken row stays due, and is nothing to start a job for.
    again = infer(store, iris, run_inference_as_job)
    assert (again.written, again.notices) == (0, report.notices)
    assert_frame_equal(store.read(predictions_group(iris)), rows)
    assert_frame_equal(store.read(quarantine_group(iris.dataset)), quarantine)
    assert len(runs(emulator)) == 1
    assert not store.folders.names(f"{jobs.JOBS}/reports")
    assert not emulator.unknown()


def test_where_nothing_is_due_no_job_is_started(store, iris, emulator):
    assert infer(store, iris, run_inference_as_job, FIRST - timedelta(days=1)).written == 0
    crown(store, iris, None)
    with pytest.raises(NotReadyError, match="no champion"):
        infer(store, iris, run_inference_as_job)
    assert not runs(emulator)


def test_a_job_that_fails_is_one_sentence_and_the_next_uses_it_again(store, emulator, monkeypatch, capsys, caplog):
    for name, value in (emulator.environment("delta") | {"ENGINE": "spark", "SPARK_MASTER": "local[1]"}).items():
        monkeypatch.setenv(name, value)

    def failed(**knobs):
        emulator.knobs(job_fails=1, **knobs)
        assert main(["infer", "iris_variety", "--date", "2026-03-12"]) == 1
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert f"error: The job {JOB} ended as FAILED without predicting iris_variety" in sentence
        assert "/Logs/" in sentence
        job = store.connection.project.get_job_api().get_job(JOB)
        (*_, newest) = sorted(job.get_executions(), key=lambda each: each.id)
        assert "--master=local[1]" in newest.args
        return job

    first = failed(environments=False)
    assert "the API key may not do this" in caplog.text
    assert "The job runs in the cluster's own environment" in caplog.text
    assert first.config["environmentName"] == jobs.BASE_ENVIRONMENT
    caplog.clear()
    first.config["spark.driver.memory"] = 8192
    first.save()
    second = failed(environments=True)
    assert second.config["spark.driver.memory"] == 8192
    assert "own environment" not in caplog.text
    assert (second.id, second.config["environmentName"]) == (first.id, jobs.ENVIRONMENT)
    assert "scikit-learn==" in store.folders.read(jobs.INSTALLED).decode()
    failed()
    assert len(emulator.log("POST project/119/python/environments")) == 3  # refused, made, and installed into once


def test_what_is_wrong_inside_a_job_is_told_to_who_started_it(store, iris, emulator, monkeypatch):
    for name, value in emulator.environment("kafka").items():
        monkeypatch.setenv(name, value)
    crown(store, iris, None)
    run = ["--task=iris_variety", "--run=1", "--write-path=delta", "--date=2026-03-12", f"--now={NOW.isoformat()}"]
    with pytest.raises(SystemExit, match="no champion"):
        run_job(run)
    assert b"no champion" in store._take_report("1")


@pytest.mark.usefixtures("logged_out")
def test_a_job_is_let_in_by_the_cluster_without_a_key(monkeypatch):
    around = {"REST_ENDPOINT": "https://inside.the.cluster:8181", "HOPSWORKS_PORT": "tcp://10.0.0.1:8181"}
    for name, value in around.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sdk, "_hidden", [*sdk._hidden])
    project = object()

    def login(**given):
        assert given == {"engine": "python"}
        assert os.environ["REST_ENDPOINT"] == around["REST_ENDPOINT"]
        assert "HOPSWORKS_PORT" not in os.environ
        return project

    monkeypatch.setattr(sdk.load(), "login", login)
    settings = read_job_settings("delta")
    assert settings.hopsworks.write_path == "delta"
    assert HopsworksStore(settings).connection.project is project
