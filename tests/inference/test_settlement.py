"""Predictions whose truth comes later: they are settled once, by their sample, and corrected in the open."""

import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from deltalake import DeltaTable
from histories import due_in
from small_models import crown, register_small_model

from pipelines.datasets import dataset_named, task_named
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.inference.settlement import newly_settled
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.outcomes import LATE_AFTER, LOOK_BACK, Awaiting, awaiting

WINE, GRADE = dataset_named("wine"), task_named("wine_grade")
DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 6, 47, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """A day of eight wines that nobody has tasted yet, predicted by the champion."""
    folder = tmp_path_factory.mktemp("operated")
    store = EmbeddedStore(folder / "store")
    backfill(store, WINE, [], now=NOW, replace=False)
    run_features(store, WINE, DAY, per_day=8, now=NOW)
    arrived = store.read(samples_group(WINE), where={"origin": "simulated"})
    arrived.to_parquet(folder / "truth.parquet")
    store.upsert(samples_group(WINE), arrived.assign(quality=None))
    crown(store, GRADE, register_small_model(store, GRADE, folder / "one"))
    run_inference(store, GRADE, run_date=DAY, now=NOW)
    return folder


@pytest.fixture(name="store")
def fixture_store(operated, tmp_path):
    return EmbeddedStore(shutil.copytree(operated / "store", tmp_path / "store"))


@pytest.fixture(name="truth", scope="module")
def fixture_truth(operated):
    import pandas as pd

    return pd.read_parquet(operated / "truth.parquet").sort_values("sample_id", ignore_index=True)


def predictions(store):
    return store.read(predictions_group(GRADE)).sort_values("sample_id", ignore_index=True)


def learn(store, truth, rows):
    """The outcome of some samples becomes known, in another order than they came."""
    store.upsert(samples_group(WINE), truth.iloc[list(rows)].sample(frac=1, random_state=1))


def settle(store, *, now, day=DAY):
    return run_inference(store, GRADE, run_date=day, now=now).settlement


def test_a_sample_without_an_outcome_is_predicted_and_stays_open(store):
    found = predictions(store)
    assert len(found) == 8
    assert found["prediction"].notna().all()
    assert found["label"].isna().all()
    assert found["settled_at"].isna().all()


def test_an_outcome_that_comes_settles_its_own_prediction_and_no_other(store, truth):
    before = predictions(store)
    learn(store, truth, [5, 2])
    done = settle(store, now=LATER)
    after = predictions(store)
    assert (done.settled, done.corrected) == (2, 0)
    assert list(np.flatnonzero(after["label"].notna())) == [2, 5]
    assert list(after["label"][[2, 5]]) == list(GRADE.labels(truth)[[2, 5]])
    assert set(after["settled_at"][[2, 5]]) == {LATER}
    untouched = [name for name in after.columns if name not in ("label", "settled_at")]
    assert after[untouched].equals(before[untouched])


def test_outcomes_are_found_by_the_sample_and_never_by_the_position(store, truth):
    rows = predictions(store)
    shuffled = truth.sample(frac=1, random_state=3)
    known = shuffled[shuffled["sample_id"] != rows["sample_id"][0]]
    found = newly_settled(GRADE, rows.sample(frac=1, random_state=4), known, LATER)
    expected = dict(zip(truth["sample_id"], GRADE.labels(truth), strict=True))
    assert set(found["sample_id"]) == set(rows["sample_id"][1:])
    assert dict(zip(found["sample_id"], found["label"], strict=True)).items() <= expected.items()
    assert len(set(expected.values())) > 1


def test_a_run_says_how_many_outcomes_are_waited_for_and_since_when(store, truth):
    late = due_in(GRADE, timedelta(days=1))
    learn(store, truth, [5, 2])
    still = run_inference(store, late, run_date=DAY, now=LATER).awaiting
    assert (still.n, still.since) == (6, DAY)
    assert still.overdue_after == truth["event_time"][0] + timedelta(days=1) + LATE_AFTER
    assert still == awaiting(late, predictions(store))
    learn(store, truth, range(8))
    assert run_inference(store, late, run_date=DAY, now=LATER).awaiting == Awaiting()


def test_settling_again_commits_nothing(store, truth):
    learn(store, truth, range(8))
    settle(store, now=LATER)
    table = store.root / "tables" / predictions_group(GRADE).name
    version = DeltaTable(table).version()
    again = settle(store, now=LATER + timedelta(days=1))
    assert (again.settled, again.corrected) == (0, 0)
    assert DeltaTable(table).version() == version


def test_a_corrected_outcome_replaces_the_first_and_says_when(store, truth):
    learn(store, truth, range(8))
    settle(store, now=LATER)
    assert predictions(store)["corrected_at"].isna().all()
    store.upsert(samples_group(WINE), truth.iloc[[3]].assign(quality=9 if truth["quality"][3] < 7 else 3))
    done = settle(store, now=LATER + timedelta(days=1))
    after = predictions(store)
    assert (done.settled, done.corrected) == (0, 1)
    assert after["label"][3] != GRADE.labels(truth)[3]
    assert set(after["settled_at"]) == {LATER}
    assert after["corrected_at"][3] == LATER + timedelta(days=1)
    assert list(after["corrected_at"].notna()) == [number == 3 for number in range(8)]


def test_an_outcome_that_is_taken_back_leaves_what_was_settled(store, truth):
    learn(store, truth, range(8))
    settle(store, now=LATER)
    store.upsert(samples_group(WINE), truth.iloc[[3]].assign(quality=None))
    assert settle(store, now=LATER + timedelta(days=2)).corrected == 0
    assert predictions(store)["label"].notna().all()


def test_what_lies_further_back_than_the_look_back_stays_as_it_is(store, truth):
    later = truth.assign(
        sample_id=truth["sample_id"] + "-later", event_time=truth["event_time"] + LOOK_BACK + timedelta(days=1)
    )
    store.upsert(samples_group(WINE), later)
    newer = DAY + LOOK_BACK + timedelta(days=1)
    run_inference(store, GRADE, run_date=newer, now=NOW + LOOK_BACK + timedelta(days=2))
    learn(store, truth, range(8))
    end = NOW + LOOK_BACK + timedelta(days=3)
    assert settle(store, day=newer, now=end).settled == 0
    assert run_inference(store, due_in(GRADE, timedelta(days=30)), run_date=newer, now=end).settlement.settled == 8


def test_a_measurement_that_is_corrected_leaves_the_prediction_and_shows_in_its_fingerprint(store, truth):
    before = predictions(store)
    store.upsert(samples_group(WINE), truth.assign(alcohol=truth["alcohol"] + 1, quality=None))
    run_inference(store, GRADE, run_date=DAY, now=LATER)
    assert predictions(store).equals(before)
    assert before["inputs"].str.fullmatch("[0-9a-f]{16}").all()
    assert before["inputs"].nunique() == 8
