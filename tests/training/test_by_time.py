"""Training where time splits: forward-chained folds, weeks as blocks, and what has turned out since."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from made_up_days import FIRST, RIVER, STATE, days

from pipelines.datasets.roles import BLOCK_DAYS
from pipelines.datasets.sources import from_frame
from pipelines.errors import NotReadyError
from pipelines.features.backfill import backfill
from pipelines.stores.catalogue import predictions_group, read_history, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.cross_validation import among_judged, grouped_folds, judged_rows
from pipelines.training.data import load_training_data
from pipelines.training.pipeline import fit
from pipelines.training.promotion import unseen_since

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = EmbeddedStore(tmp_path_factory.mktemp("river") / "store")
    backfill(store, RIVER, sources=[], now=NOW)
    return store


@pytest.fixture(scope="module")
def data(store):
    return load_training_data(store, STATE)


def test_history_has_its_own_times_and_is_cut_by_time(store):
    history = read_history(store, RIVER)
    assert len(history) == len(days())
    assert history["event_time"].is_unique
    assert history["event_time"].min() == FIRST
    assert history.groupby("role")["event_time"].max().sort_values().index.tolist() == ["train", "reserve", "test"]


def test_a_second_backfill_changes_nothing(store):
    assert backfill(store, RIVER, sources=[], now=NOW).written == 0


def test_the_newest_row_waits_for_its_label(store, data):
    newest = read_history(store, RIVER).iloc[-1]
    assert newest["state_next"] is None
    assert newest["sample_id"] not in set(data.test["sample_id"])


def test_folds_are_chained_forward_with_a_week_between(data):
    rows = data.learning_rows
    folds = grouped_folds(STATE, rows, seed=0)
    assert len(folds) == 5
    times = data.train["event_time"]
    for learned, other in folds:
        assert (times.iloc[other].min() - times.iloc[learned].max()).days > BLOCK_DAYS
    assert 0 not in judged_rows(folds)


def test_folds_among_judged_rows_part_them(data):
    folds = among_judged(grouped_folds(STATE, data.learning_rows, seed=0))
    assert sorted(np.concatenate([other for _, other in folds])) == list(range(sum(len(other) for _, other in folds)))
    assert all(not set(learned) & set(other) for learned, other in folds)


def test_too_few_weeks_are_refused(tmp_path):
    few = replace(RIVER, load=lambda _: from_frame(days(30), "made-up river"))
    store = EmbeddedStore(tmp_path / "few")
    backfill(store, few, sources=[], now=NOW)
    data = load_training_data(store, few.tasks[0])
    with pytest.raises(NotReadyError, match="too few, or too alike"):
        grouped_folds(few.tasks[0], data.learning_rows, seed=0)


def test_a_model_learns_and_says_until_when(data):
    trained = fit(data, size="quick", seed=0)
    told = trained.model.info["data"]
    assert told["trained_until"] == data.train["event_time"].max().isoformat()
    assert trained.evaluation.scores["accuracy"].low > trained.evaluation.baseline["accuracy"]


def arrive(store, rows):
    """Arrivals as fetched ones are stored, each with a prediction."""
    arrived = rows.assign(origin="replayed", role=None)
    store.upsert(samples_group(RIVER), arrived)
    known = arrived[["sample_id", "event_time"]].assign(
        model_version=1, predicted_at=NOW, served="champion", prediction="calm", label=STATE.labels(arrived),
        settled_at=NOW, corrected_at=None, inputs="", run_url="", **dict.fromkeys(STATE.probability_columns, 0.5),
    )  # fmt: skip
    store.upsert(predictions_group(STATE), known)


def test_what_turned_out_in_whole_months_joins_the_series(tmp_path, data):
    store = EmbeddedStore(tmp_path / "grown")
    backfill(store, RIVER, sources=[], now=NOW)
    whole = read_history(store, RIVER)
    end = whole["event_time"].max()
    later = whole.tail(90).assign(event_time=lambda rows: rows["event_time"] + pd.Timedelta(days=90))
    later["sample_id"] = "river-" + later["event_time"].dt.strftime("%Y-%m-%d")
    later.loc[later.index[10], "state_next"] = None
    arrive(store, later)
    grown = load_training_data(store, STATE)
    newest = later["event_time"].max()
    every = pd.concat([grown.train, grown.test])
    assert newest.month not in set(every.loc[every["event_time"] > end, "event_time"].dt.month)
    assert later.iloc[10]["sample_id"] not in set(every["sample_id"])
    assert pd.Timestamp(grown.trained_until) > pd.Timestamp(data.trained_until)
    assert grown.fingerprint != data.fingerprint
    infos = [{"data": {"trained_until": each.trained_until}} for each in (data, grown)]
    unseen = unseen_since(STATE, pd.concat([whole, later]), *infos)
    assert unseen["event_time"].min() > pd.Timestamp(grown.trained_until)
    assert not set(unseen["sample_id"]) & set(grown.train["sample_id"])
