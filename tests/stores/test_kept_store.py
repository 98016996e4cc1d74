"""A store that the project of November 2026 made, which every later one must go on with.

Three days of both data sets at four samples a day, and two tasks trained: what the verbs of then left in `STORE_DIR`,
but for the pictures, the page and the runs, which can be made again.
"""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines import models
from pipelines.cli.main import main
from pipelines.datasets import all_datasets, task_named
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.stores.catalogue import load_version, predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

TRAINED = ("iris_variety", "wine_type")
NEXT_DAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 6, 47, tzinfo=UTC)


@pytest.fixture(name="store")
def fixture_store(tmp_path, monkeypatch):
    shutil.unpack_archive(Path(__file__).with_name("november_2026.zip"), tmp_path / "kept")
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "kept"))
    return EmbeddedStore(tmp_path / "kept")


@pytest.mark.parametrize("name", TRAINED)
def test_its_models_are_loaded_and_predict_as_they_did(store, name):
    task = task_named(name)
    model = load_version(store, task, 1, models.load)
    predicted = store.read(predictions_group(task))
    samples = store.read(samples_group(task.dataset), where={"sample_id": list(predicted["sample_id"])})
    again = models.predict(model, samples)
    assert list(again["prediction"]) == list(predicted["prediction"])
    assert again[task.probability_columns].to_numpy() == pytest.approx(predicted[task.probability_columns].to_numpy())


def test_the_next_day_continues_it_and_changes_nothing_that_is_there(store):
    for dataset in all_datasets():
        before = store.read(samples_group(dataset))
        run_features(store, dataset, NEXT_DAY, now=NOW)
        after = store.read(samples_group(dataset))
        assert after[: len(before)].equals(before)
        assert len(after) == len(before) + 1
    for name in TRAINED:
        task = task_named(name)
        before = store.read(predictions_group(task))
        run_inference(store, task, run_date=NEXT_DAY, now=NOW)
        after = store.read(predictions_group(task))[before.columns]
        assert after[: len(before)].equals(before)
        assert len(after) == len(before) + 1


def test_its_history_is_the_one_that_a_backfill_of_today_makes(store, capsys):
    rows = {dataset.name: store.count(samples_group(dataset)) for dataset in all_datasets()}
    assert main(["backfill"]) == 0
    assert {dataset.name: store.count(samples_group(dataset)) for dataset in all_datasets()} == rows
    assert capsys.readouterr().out.count(", 0 written") == len(rows)


def test_its_status_and_its_dashboard_are_shown(store, capsys):
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [told["tasks"][name]["champion"] for name in TRAINED] == [1, 1]
    assert main(["dashboard"]) == 0
    assert store.get_file("site/index.html")
