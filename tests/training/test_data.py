from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import dataset_named, task_named
from pipelines.datasets.roles import near_groups
from pipelines.datasets.spec import Feature
from pipelines.errors import NotReadyError
from pipelines.features.daily import backfill, run_features
from pipelines.stores.catalogue import predictions_group, read_history, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training import data as data_module
from pipelines.training.data import fingerprint, load_training_data

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
DAY = date(2026, 11, 20)


@pytest.fixture
def store(tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    backfill(store, IRIS, sources=[], now=NOW)
    return store


def loaded(store):
    return load_training_data(store, VARIETY)


def arrive(store, *, arrivals, per_day):
    run_features(store, IRIS, run_date=DAY, per_day=per_day, arrivals=arrivals, now=NOW)
    return store.read(samples_group(IRIS), where={"origin": ("simulated", "replayed")})


def predict(store, rows, version=1):
    """Store some prediction of a version about each row, settled where its class is known."""
    known = rows[["sample_id", "event_time"]].assign(
        model_version=version, predicted_at=NOW, served="champion", prediction="setosa",
        label=VARIETY.labels(rows), settled_at=NOW, corrected_at=None, inputs="", run_url="",
        **dict.fromkeys(VARIETY.probability_columns, 1 / 3),
    )  # fmt: skip
    store.upsert(predictions_group(VARIETY), known)


def test_only_rows_of_the_role_train_train(store):
    data, history = loaded(store), read_history(store, IRIS)
    roles = history.set_index("sample_id")["role"]
    assert set(roles[data.train["sample_id"]]) == {"train"}
    assert set(roles[data.test["sample_id"]]) == {"test"}
    assert data.rows == (roles == "train").sum()


def test_simulated_rows_never_train(store):
    before = loaded(store)
    arrived = arrive(store, arrivals="simulate", per_day=200)
    predict(store, arrived)
    after = loaded(store)
    assert len(arrived) == 200
    assert not set(after.train["sample_id"]) & set(arrived["sample_id"])
    assert after.fingerprint == before.fingerprint
    assert after.released == ()


def test_equal_rows_count_once(store):
    data = loaded(store)
    assert not data.train.duplicated([*VARIETY.inputs, VARIETY.label]).any()
    assert len(data.train) <= data.rows


def test_released_rows_train_only_after_their_prediction(store):
    before = loaded(store)
    arrived = arrive(store, arrivals="replay", per_day=30)
    assert loaded(store).fingerprint == before.fingerprint
    predict(store, arrived)
    after = loaded(store)
    assert set(after.released) == set(arrived["sample_id"])
    assert after.rows == before.rows + len(arrived)
    assert after.fingerprint != before.fingerprint


def test_a_released_row_trains_only_after_its_outcome_is_settled(store):
    before = loaded(store)
    arrived = arrive(store, arrivals="replay", per_day=30)
    predict(store, arrived.assign(variety=None))
    assert loaded(store).fingerprint == before.fingerprint
    predict(store, arrived)
    assert set(loaded(store).released) == set(arrived["sample_id"])


def test_a_released_row_waits_for_the_whole_of_its_near_group(store):
    reserve = read_history(store, IRIS).query("role == 'reserve'").reset_index(drop=True)
    groups = near_groups(IRIS, reserve)
    together = np.flatnonzero(groups == np.bincount(groups).argmax())
    assert len(together) > 1
    alone = np.flatnonzero(np.bincount(groups)[groups] == 1)[0]
    rows = reserve.iloc[[together[0], alone]].assign(
        sample_id=["iris-2026-11-20-000", "iris-2026-11-20-001"], event_time=pd.Timestamp(NOW),
        origin="replayed", role=None,
    )  # fmt: skip
    store.upsert(samples_group(IRIS), rows)
    predict(store, rows)
    assert loaded(store).released == ("iris-2026-11-20-001",)


def test_no_training_row_is_near_a_test_row_even_after_a_release(store):
    predict(store, arrive(store, arrivals="replay", per_day=30))
    data = loaded(store)
    groups = near_groups(IRIS, pd.concat([data.train, data.test], ignore_index=True))
    assert not set(groups[: len(data.train)]) & set(groups[len(data.train) :])


def test_the_fingerprint_does_not_depend_on_the_order(store):
    rows = loaded(store).train
    shuffled = rows.sample(frac=1, random_state=0)
    assert fingerprint(VARIETY, shuffled) == fingerprint(VARIETY, rows)


@pytest.mark.parametrize("change", [{"petal_width": 9.0}, {"variety": "setosa"}, {"sepal_length": np.nan}])
def test_the_fingerprint_tells_every_change(store, change):
    rows = loaded(store).train
    changed = rows.copy()
    (name, value), last = next(iter(change.items())), rows.index[rows["variety"] == "virginica"][-1]
    changed.loc[last, name] = value
    assert fingerprint(VARIETY, changed) != fingerprint(VARIETY, rows)
    assert fingerprint(VARIETY, rows.iloc[1:]) != fingerprint(VARIETY, rows)


def test_the_source_is_known(store):
    assert len(loaded(store).source["sha256"]) == 64


def test_an_empty_store_says_what_to_do(tmp_path):
    with pytest.raises(NotReadyError, match="python -m pipelines backfill iris"):
        loaded(EmbeddedStore(tmp_path / "empty"))


def test_inputs_are_described_by_what_training_has_seen(store):
    data = loaded(store)
    about = data.inputs["petal_width"]
    assert about["min"] == data.train["petal_width"].min()
    assert about["max"] == data.train["petal_width"].max()
    assert about["unit"] == "cm"
    assert about["missing"] == 0


def test_a_category_of_many_values_is_described_by_its_frequent_ones(monkeypatch):
    monkeypatch.setattr(data_module, "MOST_COLUMNS", 1)
    shop = Feature(name="shop", title="Shop", description="Where.", kind="categorical", values=("a", "b", "c"))
    about = data_module._most_frequent(shop, pd.Series(["b"] * 7 + ["a"]))
    assert about == {"own": ["b"], "frequencies": {"a": round(np.log(2) / np.log(8), 4), "b": 1.0}}
