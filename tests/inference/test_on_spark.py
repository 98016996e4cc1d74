"""Inference on a Spark cluster of two worker processes: what one machine would have written, whatever happens to them.

The session takes a quarter of a minute to start, so that all tests share one; `conftest` runs them in one process.
"""

import os
import shutil
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from histories import arrivals
from pandas.testing import assert_frame_equal
from small_models import crown, register_small_model, small_number_model

from pipelines import models
from pipelines.datasets import activate, task_named
from pipelines.documents import plain
from pipelines.errors import SettingError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference import on_spark
from pipelines.inference.on_spark import run_inference_on_spark
from pipelines.inference.pipeline import SOURCE, run_inference
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group, task_view
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.spark.session import spark_session
from pipelines.stores.spark.store import ASIDE, SparkStore

NOW = datetime(2026, 3, 20, 6, 47, tzinfo=UTC)
FIRST = date(2026, 3, 10)
DAYS, PER_DAY = 2, 20
MASTER = "local-cluster[2,1,1024]"
HERE = "--conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1"
# Compiling costs more than so few rows ever give back.
UNCOMPILED = (
    "--driver-java-options -XX:TieredStopAtLevel=1 --conf spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1 "
    "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.shuffle.partitions=2"
)


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """The session of all tests here, and the store that it reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{HERE} {UNCOMPILED} pyspark-shell")
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.delenv("DATASETS", raising=False)  # the workers know all that come along
        before = signal.getsignal(signal.SIGINT)
        session = spark_session(MASTER)
        yield lambda root: SparkStore(root, MASTER, pays_from=0)
        session.stop()
        spark_session.cache_clear()
        signal.signal(signal.SIGINT, before)  # Spark's own cancels the jobs of a session that is no more


@pytest.fixture(scope="module")
def iris():
    return task_named("iris_variety")


@pytest.fixture(scope="module")
def operated(iris, tmp_path_factory):
    """Iris with arrivals of some days, and a champion."""
    folder = tmp_path_factory.mktemp("operated")
    store = EmbeddedStore(folder / "store")
    backfill(store, iris.dataset, [], now=NOW)
    for day in range(DAYS):
        run_features(store, iris.dataset, FIRST + timedelta(days=day), per_day=PER_DAY, now=NOW)
    crown(store, iris, register_small_model(store, iris, folder / "one"))
    return store.root


@pytest.fixture
def store(operated, cluster, tmp_path):
    return cluster(shutil.copytree(operated, tmp_path / "store"))


@pytest.fixture(scope="module")
def expected(operated, iris, tmp_path_factory):
    """What one machine predicts."""
    store = EmbeddedStore(shutil.copytree(operated, tmp_path_factory.mktemp("alone") / "store"))
    assert infer(store, iris, run_inference).written == DAYS * PER_DAY
    return predictions(store, iris)


def infer(store, task, how=run_inference_on_spark, day=FIRST + timedelta(days=DAYS)):
    return how(store, task, run_date=day, now=NOW, run_url="https://example.org/run/1")


def predictions(store, task):
    return EmbeddedStore(store.root).read(predictions_group(task))


def assert_equal(rows, expected):
    """The same rows; matrices of another height may be multiplied in another order."""
    assert_frame_equal(rows, expected, rtol=1e-12, atol=1e-15)


def test_a_cluster_predicts_what_one_machine_does_row_by_row_and_once(store, iris, expected, tmp_path):
    register_small_model(store, iris, tmp_path / "two")
    report = infer(store, iris)
    rows = predictions(store, iris)
    assert (report.written, report.challenger, report.notices) == (2 * DAYS * PER_DAY, 2, ())
    assert_equal(rows[rows["served"] == "champion"].reset_index(drop=True), expected)
    assert infer(store, iris).written == 0
    assert_frame_equal(predictions(store, iris), rows)
    assert not list((store.root / ASIDE).iterdir())


def test_numbers_with_intervals_that_follow_what_turned_out_are_the_same(cluster, tmp_path):
    activate(())
    task = task_named("weather_temperature")
    alone = EmbeddedStore(tmp_path / "alone")
    backfill(alone, task.dataset, [], now=NOW)
    history = alone.read(samples_group(task.dataset))
    days = [datetime(2026, 2, 1 + day, tzinfo=UTC) for day in range(20)]
    known = history[task.labels(history).notna()].tail(len(days))
    alone.upsert(samples_group(task.dataset), arrivals(task.dataset, known, [*map(str, days)], days, "replayed"))
    model = small_number_model(task, history[history["role"] == "train"], spread=0.5)
    intervals = {"rows": 399, "spread": False, "bounds": {}, "adaptive": True}
    info = model.info | {"version": 1, "intervals": intervals}
    models.save(tmp_path / "model", model.estimator, plain(info))
    alone.register(task_view(task), 1, tmp_path / "model")
    crown(alone, task, 1)
    infer(alone, task, run_inference, days[9].date())
    spread = cluster(shutil.copytree(alone.root, tmp_path / "spread"))
    one, many = infer(alone, task, run_inference), infer(spread, task)
    assert (one.written, one.settlement, one.awaiting) == (many.written, many.settlement, many.awaiting)
    rows = predictions(alone, task)
    assert_equal(predictions(spread, task), rows)
    widths = rows["high_95"] - rows["low_95"]
    assert widths.iloc[-1] > widths.iloc[0]  # so that what turned out has been counted


@pytest.mark.parametrize("how", ["killed", "tried again"])
def test_a_worker_lost_in_the_middle_costs_no_row_and_doubles_none(store, iris, expected, monkeypatch, how):
    happened = store.root.parent / "happened"

    def harmed(told):
        def work(parts):
            from pipelines.inference.on_spark import answered

            for answer in answered(parts, told.value):
                yield answer
                try:
                    happened.touch(exist_ok=False)
                except FileExistsError:
                    continue
                if how == "tried again":
                    raise RuntimeError("a task fails after it has answered")
                daemon = os.getppid()
                worker = int(Path(f"/proc/{daemon}/stat").read_text().rsplit(")", 1)[1].split()[1])
                os.kill(worker, signal.SIGKILL)

        return work

    monkeypatch.setattr(on_spark, "_on_worker", harmed)
    assert infer(store, iris).written == DAYS * PER_DAY
    assert happened.exists()
    assert_equal(predictions(store, iris), expected)


def test_a_job_that_ends_between_two_files_is_finished_by_the_next(store, iris, expected, monkeypatch):
    kept = []

    def keep(*arguments):
        if kept:
            raise KeyboardInterrupt
        kept.append(on_spark_keep(*arguments))
        return kept[-1]

    on_spark_keep = on_spark._keep
    with monkeypatch.context() as patch:
        patch.setattr(on_spark, "_keep", keep)
        with pytest.raises(KeyboardInterrupt):
            infer(store, iris)
    assert 0 < len(predictions(store, iris)) < len(expected)
    assert infer(store, iris).written == len(expected) - kept[0]["written"]
    assert_equal(predictions(store, iris), expected)


def test_a_broken_row_goes_to_quarantine_and_a_broken_challenger_nowhere_and_not_the_job_down(
    store, iris, expected, tmp_path
):
    samples = samples_group(iris.dataset)
    broken = EmbeddedStore(store.root).read(samples, where={"origin": "simulated"}).tail(1)
    store.upsert(samples, broken.assign(sepal_length=-5.0))
    register_small_model(store, iris, tmp_path / "two")
    (store.root / "models" / iris.name / "2" / models.MODEL_FILE).write_bytes(b"damaged")
    report = infer(store, iris)
    assert (report.written, report.challenger) == (len(expected) - 1, None)
    assert "version 2 is left out" in report.notices[0]
    assert "1 sample went to quarantine" in report.notices[1]
    assert_equal(predictions(store, iris), expected[:-1])
    found = EmbeddedStore(store.root).read(quarantine_group(iris.dataset)).iloc[-1]
    assert (found["source"], found["seen_at"]) == (SOURCE, NOW)
    assert broken["sample_id"].item() in found["row"]
    assert "sepal_length" in found["reasons"]


def test_spark_reads_what_the_store_reads(store, operated, iris):
    alone, group = EmbeddedStore(operated), samples_group(iris.dataset)
    start = datetime.combine(FIRST, datetime.min.time(), UTC)
    for asked in (
        {"where": {"role": ["train", "test"]}, "columns": ["petal_width"]},
        {"start": start, "end": start + timedelta(days=1, microseconds=1)},
        {"where": {"origin": "nothing"}},
    ):
        assert_frame_equal(store.read(group, **asked), alone.read(group, **asked))
    assert_frame_equal(store.read(predictions_group(iris)), alone.read(predictions_group(iris)))


def test_the_engine_and_its_cluster_are_settings(store, iris, monkeypatch):
    opened = open_store(read_settings({"ENGINE": "spark", "STORE_DIR": str(store.root), "SPARK_MASTER": MASTER}))
    assert isinstance(opened, SparkStore)
    assert opened.master == MASTER
    with pytest.raises(SettingError, match="ENGINE"):
        infer(EmbeddedStore(store.root), iris)
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SettingError, match="Java 17"):
        spark_session("local[1]")
