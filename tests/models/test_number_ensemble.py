"""A model of a number: its intervals, what it says of samples with gaps, and that a saved one is the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_models import small_number_model

from pipelines import models
from pipelines.documents import plain
from pipelines.errors import ModelRefused
from pipelines.models import gaps
from pipelines.models.explain import explain
from pipelines.models.number_ensemble import MISSED, error_bounds, mixed, positive_weights, thinned_errors
from tests.made_up_houses import HOUSES, PRICE

ROWS = HOUSES.load([]).rows.astype("float64")
MODEL = small_number_model(PRICE, ROWS)


def test_a_prediction_lies_in_its_intervals_and_these_in_each_other():
    found = models.predict(MODEL, ROWS)
    assert list(found.columns) == ["prediction", *PRICE.answer_columns]
    assert (found.dtypes == "float64").all()
    assert found["prediction"].to_numpy() == pytest.approx(ROWS["price"], rel=0.05)
    ascending = found[["low_95", "low_80", "prediction", "high_80", "high_95"]].to_numpy()
    assert (np.diff(ascending, axis=1) > 0).all()
    assert (found["high_95"] - found["low_95"]).to_numpy() == pytest.approx(2 * 1.96 * 2, rel=0.02)
    assert (found["baseline"] == ROWS["price"].mean()).all()


def test_no_answer_lies_outside_of_the_physical_range():
    estimator = replace(MODEL.estimator, low=100.0, high=200.0)
    found = models.predict(replace(MODEL, estimator=estimator), ROWS).drop(columns="baseline")
    assert (found.min().min(), found.max().max()) == (100, 200)


def test_the_baseline_may_take_what_a_sample_has():
    model = replace(MODEL, estimator=replace(MODEL.estimator, baseline_of="price_today"))
    found = models.predict(model, ROWS.head(2).assign(price_today=[7.0, np.nan]))
    assert found["baseline"].tolist() == [7, ROWS["price"].mean()]


def test_bounds_leave_out_as_many_as_they_should_of_errors_to_come():
    rng = np.random.default_rng(0)
    share, missed = MISSED[80], []
    for _ in range(2000):
        low, high = error_bounds(np.sort(rng.standard_exponential(19)), share)
        missed.append(not low <= rng.standard_exponential() <= high)
    # Half of twenty errors to come lie below the fifth of ten: ranks 2 and 18 of 19 leave out 4 in 20.
    assert np.mean(missed) == pytest.approx(share, abs=0.02)


def test_where_no_error_is_large_enough_the_outermost_are_moved_further_out():
    errors = np.linspace(-1, 1, 11)
    assert error_bounds(errors, 0.01) == (-1, 1)
    assert error_bounds(errors, -0.05) == (-2, 2)
    assert error_bounds(errors, 1.5) == (0, 0)


def test_of_many_errors_some_tell_the_same_quantiles():
    errors = np.random.default_rng(0).standard_normal(50_000)
    for missed in MISSED.values():
        assert error_bounds(thinned_errors(errors), missed) == pytest.approx(
            error_bounds(np.sort(errors), missed), 0.02
        )


def test_members_never_count_against_themselves():
    rng = np.random.default_rng(0)
    truth = rng.normal(100, 10, 300)
    answers = np.column_stack([truth + rng.normal(0, 3, 300), -truth + 200])
    weights, intercept = positive_weights(answers, truth)
    assert weights[0] > 0.5
    assert weights[1] == 0
    assert (answers @ weights + intercept).mean() == pytest.approx(truth.mean())


def test_a_sample_with_gaps_has_wider_intervals():
    rows, learnt = ROWS.head(1).assign(area=np.nan), ROWS[["area"]]
    found, whole = gaps.predict(MODEL, rows, learnt).iloc[0], models.predict(MODEL, ROWS).iloc[0]
    assert found["prediction"] == pytest.approx(ROWS["price"].mean(), rel=0.02)
    assert found["high_80"] - found["low_80"] > 20 * (whole["high_80"] - whole["low_80"])
    assert mixed(np.array([[[1.0, 1.0, 3.0], [9.0, 9.0, 3.0]]]))[0].tolist() == [5, 5, 5]


def test_an_explanation_adds_up_to_the_difference_from_the_reference():
    explanation = explain(MODEL, ROWS.iloc[80], ROWS)
    assert list(explanation.contributions.columns) == ["prediction"]
    assert explanation.exact
    total = explanation.contributions["prediction"].sum()
    assert total == pytest.approx(explanation.chances["prediction"] - explanation.base["prediction"])
    assert explanation.chances["prediction"] == pytest.approx(models.predict(MODEL, ROWS)["prediction"].iloc[80])


def test_a_saved_model_says_the_same(tmp_path):
    models.save(tmp_path, MODEL.estimator, plain(MODEL.info))
    loaded = models.load(tmp_path)
    assert models.outcome_kind(loaded.info) == "number"
    pd.testing.assert_frame_equal(models.predict(loaded, ROWS), models.predict(MODEL, ROWS))


def test_a_model_of_another_kind_than_it_says_is_refused(tmp_path):
    info = plain({name: value for name, value in MODEL.info.items() if name != "outcome"})
    models.save(tmp_path, MODEL.estimator, info)
    with pytest.raises(ModelRefused, match="cannot be loaded"):
        models.load(tmp_path)
