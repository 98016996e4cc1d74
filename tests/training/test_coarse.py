"""Coarse data: no row is dropped, and held-out, live and true accuracy agree (100 seeds in `benchmarks/coarse.py`)."""

from datetime import UTC, date, datetime

import pytest

from benchmarks.coarse import holds, judge, passengers
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.stores.catalogue import samples_group, tells_rows_apart
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.data import load_training_data

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROWS = 600


@pytest.fixture(name="store")
def fixture_store(tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    assert not backfill(store, passengers(0, ROWS), [], NOW).distinguishable
    return store


def test_every_labelled_row_trains_or_tests(store):
    data = load_training_data(store, passengers(0, ROWS).tasks[0])
    assert not tells_rows_apart(store, passengers(0, ROWS))
    assert len(data.train) == data.rows == pytest.approx(0.6 * ROWS, abs=8)
    assert len(data.test) == pytest.approx(0.2 * ROWS, abs=8)
    assert len(set(data.learning_rows.groups)) == len(data.train)


def test_simulated_passengers_equal_reserve_rows_as_real_ones_equal_each_other(store):
    dataset = passengers(0, ROWS)
    run_features(store, dataset, date(2026, 11, 20), per_day=200, now=NOW)
    rows = store.read(samples_group(dataset))
    cells = rows[[*(feature.name for feature in dataset.features), "outcome"]].apply(tuple, axis=1)
    assert set(cells[rows["origin"] == "simulated"]) <= set(cells[rows["role"] == "reserve"])


def test_held_out_live_and_true_accuracy_agree():
    found = [judge(seed, ROWS) for seed in range(2)]
    assert all(holds(each, name) for each in found for name in ("held_out", "live"))
    assert {each.held_out.value for each in found} != {each.live.value for each in found}
