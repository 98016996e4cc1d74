"""Samples of a day far back that came late: predicted all the same, without reading all of history every day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from small_models import crown, register_small_model

from pipelines.datasets import dataset_named, task_named
from pipelines.errors import StoreError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.stores.catalogue import predictions_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.outcomes import LOOK_BACK

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
NOW = datetime(2026, 9, 20, 6, 47, tzinfo=UTC)
FAR_BACK = date(2026, 1, 10)


@pytest.fixture
def store(tmp_path):
    folder_store = EmbeddedStore(tmp_path / "store")
    backfill(folder_store, IRIS, [], now=NOW, replace=False)
    crown(folder_store, VARIETY, register_small_model(folder_store, VARIETY, tmp_path / "one"))
    run_features(folder_store, IRIS, NOW.date(), now=NOW)
    run_inference(folder_store, VARIETY, run_date=NOW.date(), now=NOW)
    return folder_store


def infer(store, now=NOW):
    return run_inference(store, VARIETY, run_date=now.date(), now=now).written


def test_a_late_day_far_back_is_predicted_by_the_next_inference(store):
    run_features(store, IRIS, FAR_BACK, per_day=3, now=NOW)
    run_features(store, IRIS, FAR_BACK + timedelta(days=5), per_day=2, now=NOW)
    assert infer(store) == 5
    assert infer(store) == 0
    assert store.read(predictions_group(VARIETY))["event_time"].min().date() == FAR_BACK


def test_more_samples_of_a_late_day_are_predicted_too(store):
    run_features(store, IRIS, FAR_BACK, per_day=1, now=NOW)
    assert infer(store) == 1
    run_features(store, IRIS, FAR_BACK, per_day=4, now=NOW)
    assert infer(store) == 3


def test_a_late_day_is_looked_at_no_longer_when_it_was_predicted_long_ago(store):
    run_features(store, IRIS, FAR_BACK, now=NOW)
    assert infer(store) == 1
    later = NOW + LOOK_BACK + timedelta(days=2)
    run_features(store, IRIS, later.date(), now=later)
    infer(store, later)
    starts = []
    read = store.read
    store.read = lambda group, **options: starts.append(options.get("start")) or read(group, **options)
    infer(store, later)
    assert len(set(starts)) == 1
    assert min(starts) > NOW - LOOK_BACK


def test_a_damaged_note_is_one_sentence(store):
    store.put_file("late/iris.json", b"<<<<<<< HEAD")
    with pytest.raises(StoreError, match=r"late/iris.json in .* is damaged. Remove it"):
        infer(store)
