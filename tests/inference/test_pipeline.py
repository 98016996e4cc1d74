import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from deltalake import DeltaTable
from small_models import crown, register_small_model

from pipelines import models
from pipelines.datasets import dataset_named, task_named
from pipelines.errors import ModelRefused, NotReadyError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import SOURCE, run_inference
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.outcomes import LOOK_BACK

WINE, GRADE = dataset_named("wine"), task_named("wine_grade")
NOW = datetime(2026, 3, 20, 6, 47, tzinfo=UTC)
FIRST = date(2026, 3, 10)


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """Wine with five days of ten samples, and a champion for the grades."""
    folder = tmp_path_factory.mktemp("operated")
    store = EmbeddedStore(folder / "store")
    backfill(store, WINE, [], now=NOW, replace=False)
    for day in range(5):
        add_day(store, FIRST + timedelta(days=day))
    crown(store, GRADE, register_small_model(store, GRADE, folder / "one"))
    return store.root


@pytest.fixture
def store(operated, tmp_path):
    return EmbeddedStore(shutil.copytree(operated, tmp_path / "store"))


def add_day(store, day, per_day=10):
    run_features(store, WINE, day, per_day=per_day, now=NOW)


def infer(store, day=FIRST + timedelta(days=4), **options):
    return run_inference(store, GRADE, run_date=day, now=NOW, **options)


def predictions(store, **where):
    return store.read(predictions_group(GRADE), where=where or None)


def test_every_arrival_gets_one_prediction_and_no_historical_row_does(store):
    report = infer(store, run_url="https://example.org/run/1")
    arrivals = store.read(samples_group(WINE), where={"origin": "simulated"})
    found = predictions(store)
    assert report.written == len(arrivals) == 50
    assert list(found["sample_id"]) == list(arrivals["sample_id"])
    assert set(found["served"]) == {"champion"}
    assert set(found["predicted_at"]) == {NOW}
    assert set(found["run_url"]) == {"https://example.org/run/1"}


def test_label_and_probabilities_are_those_of_the_sample(store, tmp_path):
    infer(store)
    arrivals = store.read(samples_group(WINE), where={"origin": "simulated"}).sample(frac=1, random_state=1)
    expected = models.predict(models.load(store.download(GRADE.name, 1, tmp_path / "copy")), arrivals)
    expected.index = arrivals["sample_id"]
    found = predictions(store).set_index("sample_id").loc[expected.index]
    assert list(found["prediction"]) == list(expected["prediction"])
    assert np.allclose(found[GRADE.probability_columns], expected[GRADE.probability_columns])
    assert list(found["label"]) == list(GRADE.labels(arrivals))


def test_a_doubled_run_commits_nothing(store):
    infer(store)
    table = store.root / "tables" / predictions_group(GRADE).name
    version = DeltaTable(table).version()
    again = infer(store)
    assert (again.written, len(again.predictions)) == (0, 0)
    assert DeltaTable(table).version() == version


def test_only_days_up_to_the_run_date_are_predicted(store):
    infer(store, day=FIRST + timedelta(days=1))
    assert len(predictions(store)) == 20


def test_the_run_after_missed_ones_predicts_all_that_is_due(store):
    infer(store, day=FIRST)
    assert infer(store).written == 40


def test_samples_added_to_an_old_day_are_found_by_the_next_run(store):
    infer(store)
    add_day(store, FIRST, per_day=12)
    assert infer(store).written == 2


def test_a_row_that_breaks_the_contract_goes_to_quarantine_once_and_the_others_are_predicted(store):
    samples = samples_group(WINE)
    broken = store.read(samples, where={"origin": "simulated"}).tail(1)
    store.upsert(samples, broken.assign(ph=-5.0))
    report, again = infer(store), infer(store)
    assert (report.written, again.written) == (49, 0)
    assert report.notices == again.notices == (
        "1 sample went to quarantine and got no prediction, because the data contract is broken there.",
    )  # fmt: skip
    assert broken["sample_id"].item() not in set(predictions(store)["sample_id"])
    found = store.read(quarantine_group(WINE), where={"source": SOURCE})
    assert broken["sample_id"].item() in found["row"].item()
    assert "ph" in found["reasons"].item()


def test_a_new_champion_does_not_predict_history_again(store, tmp_path):
    infer(store)
    crown(store, GRADE, register_small_model(store, GRADE, tmp_path / "two"))
    assert infer(store).written == 0
    add_day(store, FIRST + timedelta(days=5))
    infer(store, day=FIRST + timedelta(days=5))
    by_version = predictions(store, served="champion").groupby("model_version").size().to_dict()
    assert by_version == {1: 50, 2: 10}


def test_a_newer_version_predicts_in_the_shadow_of_the_champion(store, tmp_path):
    register_small_model(store, GRADE, tmp_path / "two")
    report = infer(store)
    assert (report.champion, report.challenger, report.written) == (1, 2, 100)
    champion, challenger = predictions(store, served="champion"), predictions(store, served="challenger")
    assert list(champion["sample_id"]) == list(challenger["sample_id"])
    assert set(challenger["model_version"]) == {2}


def test_after_a_rollback_the_newest_version_is_in_the_shadow_again(store, tmp_path):
    crown(store, GRADE, register_small_model(store, GRADE, tmp_path / "two"))
    crown(store, GRADE, 1)
    report = infer(store)
    assert (report.champion, report.challenger) == (1, 2)


def test_a_broken_challenger_is_left_out_with_a_notice(store, tmp_path):
    register_small_model(store, GRADE, tmp_path / "two")
    (store.root / "models" / GRADE.name / "2" / "model.skops").write_bytes(b"no model")
    report = infer(store)
    assert report.challenger is None
    assert report.written == 50
    assert "Challenger version 2 is left out" in report.notices[0]


@pytest.mark.parametrize("surprise", [RecursionError("too deep"), MemoryError(), KeyError("weights"), AttributeError()])
def test_no_surprise_from_a_challenger_stops_the_champion(store, tmp_path, monkeypatch, surprise):
    register_small_model(store, GRADE, tmp_path / "two")
    predict = models.predict

    def predict_or_fail(model, *asked):
        if model.version == 2:
            raise surprise
        return predict(model, *asked)

    monkeypatch.setattr(models, "predict", predict_or_fail)
    report = infer(store)
    assert (report.champion, report.challenger, report.written) == (1, None, 50)
    assert "Challenger version 2 is left out" in report.notices[0]
    assert type(surprise).__name__ in report.notices[0]


def test_a_broken_champion_stops_the_run_and_writes_nothing(store):
    (store.root / "models" / GRADE.name / "1" / "model.skops").write_bytes(b"no model")
    with pytest.raises(ModelRefused):
        infer(store)
    assert predictions(store).empty


def test_without_a_champion_the_run_says_how_to_get_one(store):
    crown(store, GRADE, None)
    with pytest.raises(NotReadyError, match="python -m pipelines train wine_grade"):
        infer(store)


def test_a_class_that_the_model_has_never_seen_has_a_small_probability(store, tmp_path):
    version = register_small_model(store, GRADE, tmp_path / "two", classes=("fair", "excellent"))
    crown(store, GRADE, version)
    infer(store)
    assert (predictions(store)["probability_poor"] < 0.01).all()


def test_what_a_run_reads_does_not_grow_with_history(store):
    far = FIRST + 3 * LOOK_BACK
    run_features(store, WINE, far, per_day=1, now=datetime(2026, 12, 1, tzinfo=UTC))
    infer(store, day=far)
    widths, read = [], store.read
    store.read = lambda group, **window: widths.append(window["end"] - window["start"]) or read(group, **window)
    infer(store, day=far)
    assert len(widths) == 2
    assert max(widths) <= LOOK_BACK + timedelta(days=1)


def overtaken(store, tmp_path, monkeypatch):
    """An inference that has read what is due; before it writes, the champion is moved back and another one runs."""
    crown(store, GRADE, register_small_model(store, GRADE, tmp_path / "two"))
    upsert, others = EmbeddedStore.upsert, []

    def after_the_other(self, group, rows):
        if group.name == predictions_group(GRADE).name and not others:
            others.append(True)
            crown(store, GRADE, 1)
            others.append(run_inference(store, GRADE, run_date=FIRST + timedelta(days=4), now=NOW + RACE))
        return upsert(self, group, rows)

    monkeypatch.setattr(EmbeddedStore, "upsert", after_the_other)
    return infer(store), others[1]


RACE = timedelta(seconds=3)


def test_of_two_inferences_with_a_promotion_between_one_champion_prediction_stands(store, tmp_path, monkeypatch):
    slow, quick = overtaken(store, tmp_path, monkeypatch)
    assert (slow.champion, quick.champion) == (2, 1)
    champions, others = predictions(store, served="champion"), predictions(store, served="challenger")
    assert champions["sample_id"].is_unique
    assert len(champions) == len(others) == 50
    assert set(champions["model_version"]) == {2}
    assert infer(store).written == 0


def test_two_champion_predictions_of_a_killed_run_are_one_after_the_next(store, tmp_path, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr("pipelines.inference.pipeline.keep_one_champion", lambda *given: given[-1])
        overtaken(store, tmp_path, killed)
    assert not predictions(store, served="champion")["sample_id"].is_unique
    infer(store)
    assert predictions(store, served="champion")["sample_id"].is_unique
    assert len(predictions(store)) == 100
