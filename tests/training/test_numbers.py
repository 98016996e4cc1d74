"""A task that predicts a number goes from its rows to a champion and its settled predictions."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pytest
import skops.io
from made_up_days import RIVER
from made_up_quantities import FLATS, LEVEL, LEVEL_RIVER, PRICE
from sklearn.ensemble import HistGradientBoostingRegressor
from small_models import crown, register_small_model

from pipelines import models
from pipelines.datasets.outcomes import Classes
from pipelines.errors import DeclarationError, ModelRefused, NotReadyError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.front.numbers import simplest
from pipelines.front.told import outcome_part
from pipelines.inference.pipeline import _scored, run_inference
from pipelines.models.metrics import Estimate
from pipelines.models.model import TRUSTED
from pipelines.models.number_ensemble import MIDDLE, member_numbers
from pipelines.stores.catalogue import load_version, predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.cross_validation import fit_member
from pipelines.training.data import load_training_data
from pipelines.training.number_card import baseline_words
from pipelines.training.number_search import OF_CHANGE, number_folds
from pipelines.training.pipeline import fit, register_candidate, save_candidate
from pipelines.training.promotion import advantage, judge, load_judged

NOW, DAY = datetime(2026, 3, 10, 6, 47, tzinfo=UTC), date(2026, 3, 10)


def trained_store(dataset, folder):
    """A store with two versions of the first task; the first became champion by its scores."""
    store, task = EmbeddedStore(folder / "store"), dataset.tasks[0]
    backfill(store, dataset, [], now=NOW)
    (folder / "training.ipynb").write_text("{}")
    trained = fit(load_training_data(store, task), size="quick", seed=0)
    save_candidate(trained, folder / "candidate")
    reports = [
        register_candidate(store, task, candidate=folder / "candidate", notebook=folder / "training.ipynb", now=NOW,
                           who="a test") for _ in range(2)
    ]  # fmt: skip
    return store, trained, reports


@pytest.fixture(scope="module")
def flats(tmp_path_factory):
    return trained_store(FLATS, tmp_path_factory.mktemp("flats"))


@pytest.fixture(scope="module")
def river(tmp_path_factory):
    return trained_store(LEVEL_RIVER, tmp_path_factory.mktemp("levels"))


def test_a_number_is_learned_better_than_the_mean_and_its_intervals_hold(flats):
    _, trained, _ = flats
    scores, baseline = trained.evaluation.scores, trained.evaluation.baseline
    assert scores["mae"].high < 0.5 * baseline["mae"]
    assert scores["skill"].value == pytest.approx(1 - scores["mae"].value / baseline["mae"])
    assert scores["coverage_95"].high > 0.95
    assert 0.7 < scores["coverage_80"].value < 0.95


def test_intervals_are_wider_where_errors_are_larger(flats):
    _, trained, _ = flats
    predicted, area = trained.evaluation.predicted, trained.data.test["area"].to_numpy()
    width = (predicted["high_95"] - predicted["low_95"]).to_numpy()
    assert trained.model.info["intervals"]["spread"]
    assert width[area > 120].mean() > 1.5 * width[area < 60].mean()


def test_the_first_becomes_champion_and_its_twin_does_not(flats):
    _, _, (first, twin) = flats
    assert first.promoted
    assert "its Mean absolute error on" in first.sentence
    assert "below the" in first.sentence
    assert "of always answering the mean" in first.sentence
    assert not twin.promoted
    assert "which is no sure gain" in twin.sentence


def test_the_document_and_the_card_tell_a_number(flats):
    store, trained, (first, _) = flats
    info = store.describe(PRICE.name, 1)
    assert info["outcome"] == {"kind": "number", "unit": "k€", "low": 0, "high": 5000, "decimals": 0}
    assert (info["classes"], info["decision"], info["baseline_of"]) == ([], {"kind": "median"}, "")
    assert set(info["metrics"]) == set(info["baseline"]) == set(trained.evaluation.scores)
    assert info["baseline"]["coverage_95"] is None
    assert set(info["by_category"]) == {"prediction", "quarter"}
    assert info["data"]["labels"]["max"] == trained.data.train["price"].max()
    json.dumps(info, allow_nan=False)
    for words in ("it predicts price of a flat in k€", "always answering the mean", "The median of what may come",
                  "By what was predicted", "Rise of mean absolute error", "Half are below"):  # fmt: skip
        assert words in first.card
    for words in ("class", "Macro-F1", "None", "nan"):
        assert words not in first.card.replace("scikit", "").split("## How to load")[0], words


def test_what_arrives_is_predicted_and_settled(flats):
    store, _, _ = flats
    run_features(store, FLATS, DAY, per_day=3, now=NOW)
    report = run_inference(store, PRICE, run_date=DAY, now=NOW)
    assert (report.champion, report.challenger, report.written) == (1, 2, 6)
    assert run_inference(store, PRICE, run_date=DAY, now=NOW).written == 0
    rows = store.read(predictions_group(PRICE))
    samples = store.read(samples_group(FLATS)).set_index("sample_id")
    assert rows["label"].tolist() == samples.loc[rows["sample_id"], "price"].tolist()
    assert (rows["low_95"] <= rows["prediction"]).all()
    assert np.isfinite(rows[PRICE.answer_columns].to_numpy()).all()


def test_where_there_is_time_the_baseline_is_the_value_of_today(river):
    _, trained, (first, _) = river
    test, predicted = trained.data.test, trained.evaluation.predicted
    assert predicted["baseline"].to_numpy() == pytest.approx(test["level"].to_numpy())
    assert "does not become champion" in first.sentence
    assert "of always answering today's value" in first.sentence
    assert trained.model.info["decision"] == {"kind": "mean"}
    assert "expecting today's level again" in first.card


def test_a_declared_input_is_the_baseline_such_as_the_same_day_of_last_year(river):
    task = replace(LEVEL_RIVER, tasks=(replace(LEVEL, baseline="level_before"),)).tasks[0]
    _, trained, _ = river
    estimator = replace(trained.model.estimator, baseline_of=task.persistence)
    test = trained.data.test
    assert estimator.baseline_answers(test).tolist() == test["level_before"].tolist()
    title = task.dataset.feature("level_before").title
    told = {"outcome": outcome_part(task)["outcome"]}
    assert simplest(told)[0] == f"Always “{title}”"
    assert baseline_words(task) == f"always answering {title.lower()}"
    rows = replace(trained.data, task=task).learning_rows
    assert rows.matrix[:, rows.persistence] == pytest.approx(trained.data.train["level_before"], nan_ok=True)
    with pytest.raises(DeclarationError, match="its baseline month_2 is no numeric input; it can be rain, level"):
        replace(LEVEL_RIVER, tasks=(replace(LEVEL, baseline="month_2"),))
    with pytest.raises(DeclarationError, match="that of classes is the most frequent one"):
        replace(RIVER, tasks=(replace(RIVER.tasks[0], baseline="level"),))


def test_a_later_value_of_an_input_is_learned_as_its_change_where_that_is_better(river, flats):
    store, trained, _ = river
    estimator, candidates = trained.model.estimator, trained.search.table.set_index("candidate")["score"]
    of_change = candidates[candidates.index.str.endswith(OF_CHANGE)]
    assert len(of_change) == len(candidates) / 2
    assert (estimator.change_from is not None) == (of_change.min() == candidates.min())
    assert list(LEVEL.inputs)[1] == LEVEL.persistence
    higher = np.full((1, len(estimator.fill)), np.nan)
    as_change = replace(estimator, change_from=1)
    assert as_change.answers(higher)[0, MIDDLE] == pytest.approx(
        replace(estimator, change_from=None).answers(higher)[0, MIDDLE] + estimator.fill[1]
    )
    again = load_version(store, LEVEL, 1, models.load).estimator
    assert again.change_from == estimator.change_from
    assert flats[1].model.estimator.change_from is None
    assert not flats[1].search.table["candidate"].str.endswith(OF_CHANGE).any()


def test_boosted_trees_say_the_same_as_a_forest_that_loading_trusts(tmp_path):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 3))
    labels = np.where(matrix[:, 0] > 0, 5.0, 0.0) + matrix[:, 1] * matrix[:, 2]
    boosted = HistGradientBoostingRegressor(max_iter=40, random_state=0).fit(matrix, labels)
    forest = fit_member(boosted, matrix, labels)
    assert member_numbers(forest, matrix) == pytest.approx(boosted.predict(matrix), abs=1e-4)
    skops.io.dump(forest, tmp_path / "forest.skops")
    assert set(skops.io.get_untrusted_types(file=tmp_path / "forest.skops")) == set(TRUSTED)
    few = fit_member(boosted, matrix[:5], labels[:5])
    assert member_numbers(few, matrix) == pytest.approx(labels[:5].mean())


def test_a_model_saved_before_there_were_changes_answers_as_it_did(flats, tmp_path):
    _, trained, _ = flats
    parts = {name: part for name, part in trained.model.estimator.parts().items() if name != "change_from"}
    older = SimpleNamespace(parts=lambda: parts)
    models.save(tmp_path / "older", older, trained.model.info)
    test = trained.data.test
    assert models.predict(models.load(tmp_path / "older"), test).equals(models.predict(trained.model, test))


def test_a_champion_of_another_kind_is_never_compared_and_never_serves(flats, tmp_path):
    store, _, _ = flats
    model = load_judged(store, PRICE, 2)
    cheap = replace(PRICE, outcome=Classes(names=("cheap", "dear"), upper_bounds=(200, np.inf)), scorer="")
    as_classes = replace(FLATS, tasks=(cheap,)).tasks[0]
    other = EmbeddedStore(tmp_path / "store")
    backfill(other, FLATS, [], now=NOW)
    crown(other, PRICE, register_small_model(other, as_classes, tmp_path / "classes"))
    info = other.describe(PRICE.name, 1) | {"metrics": {}, "data": model.info["data"], "commit": ""}
    folder = tmp_path / "store" / "models" / PRICE.name / "1"
    models.write_info(folder, info)
    assert "version 1, predicts classes and this version a number. Version 2 becomes" in judge(
        other, PRICE, model, 1
    ).sentence.replace("The champion, ", "")
    run_features(other, FLATS, DAY, per_day=1, now=NOW)
    with pytest.raises(ModelRefused, match="predicts classes, and the task is declared to predict a number"):
        run_inference(other, PRICE, run_date=DAY, now=NOW)


def test_lower_is_better_for_an_error():
    assert advantage(PRICE, Estimate(-2, -3, -1)) == Estimate(2, 1, 3)
    assert advantage(PRICE, Estimate(5, 4, 6), over=8) == Estimate(3, 2, 4)


def test_a_constant_label_is_refused_in_one_sentence(flats):
    rows = flats[1].data.learning_rows
    with pytest.raises(NotReadyError, match="rows have the same number, 7"):
        number_folds(PRICE, replace(rows, labels=np.full(len(rows), 7.0)), 0)
    few = replace(rows, labels=rows.labels[:9], groups=np.zeros(9, dtype=int), matrix=rows.matrix[:9])
    with pytest.raises(NotReadyError, match="are too few, or too alike"):
        number_folds(PRICE, few, 0)


def test_days_are_judged_by_what_was_learned_before_them(river):
    rows = river[1].data.learning_rows
    for learned, other in number_folds(LEVEL, rows, 0):
        assert rows.groups[learned].max() + 1 < rows.groups[other].min()


def test_intervals_widen_after_outcomes_that_the_store_knows_lay_outside(river):
    store, trained, _ = river
    model, rows = load_judged(store, LEVEL, 1), trained.data.test.tail(12)
    before, day = rows.head(10), rows.tail(1)
    plain = _scored(store, model, LEVEL, day, "champion")
    missed = _scored(store, model, LEVEL, before, "champion").assign(label=80.0, predicted_at=NOW, settled_at=NOW)
    store.upsert(predictions_group(LEVEL), missed.assign(run_url="", corrected_at=None))
    wide = _scored(store, model, LEVEL, day, "champion")
    assert (wide["high_95"] - wide["low_95"]).iloc[0] > 1.2 * (plain["high_95"] - plain["low_95"]).iloc[0]
    assert wide["prediction"].tolist() == plain["prediction"].tolist()
