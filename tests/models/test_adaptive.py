"""Intervals follow the outcomes: coverage comes back after a drift, and nothing is known before its time."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from small_models import small_number_model

from pipelines import models
from pipelines.models.adaptive import STEP, missed_after, predict_in_order
from pipelines.models.number_ensemble import MISSED
from tests.made_up_houses import HOUSES, PRICE

MODEL = small_number_model(PRICE, HOUSES.load([]).rows.astype("float64"), spread=1.0)
MODEL = replace(MODEL, estimator=replace(MODEL.estimator, low=-np.inf, high=np.inf))
DAYS = 1500
SAMPLES = pd.DataFrame(
    {
        "area": np.random.default_rng(0).uniform(50, 150, DAYS),
        "event_time": pd.date_range("2020", periods=DAYS, tz="UTC"),
    }
)  # fmt: skip
CENTRE = models.predict(MODEL, SAMPLES)["prediction"].to_numpy()


def labels(size):
    return CENTRE + np.random.default_rng(1).normal(0, 1, DAYS) * size


def covered(predicted, truth, share, days=slice(500, None)):
    inside = (predicted[f"low_{share}"] <= truth) & (truth <= predicted[f"high_{share}"])
    return inside.to_numpy()[days].mean()


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_coverage_comes_back_where_errors_have_another_size(size):
    truth = labels(size)
    predicted = predict_in_order(MODEL, SAMPLES, truth, timedelta(days=2))
    assert covered(predicted, truth, 95) == pytest.approx(0.95, abs=0.015)
    assert covered(predicted, truth, 80) == pytest.approx(0.80, abs=0.03)
    if size == 2:
        assert covered(models.predict(MODEL, SAMPLES), truth, 95) < 0.75


def test_the_intervals_of_a_day_know_no_outcome_that_was_not_known():
    truth, other = labels(1.0), labels(1.0)
    other[700:] += 50
    one, two = (predict_in_order(MODEL, SAMPLES, each, timedelta(days=2)) for each in (truth, other))
    pd.testing.assert_frame_equal(one.iloc[:702], two.iloc[:702])
    assert not one.iloc[702:710].equals(two.iloc[702:710])


def test_what_was_stored_gives_the_same_shares_in_any_order():
    truth = labels(1.5)[:200]
    stored = predict_in_order(MODEL, SAMPLES.head(200), truth, timedelta(days=1)).assign(label=truth)
    shuffled = stored.sample(frac=1, random_state=0)
    assert missed_after(shuffled) == missed_after(stored)
    n, misses = 200, round((1 - covered(stored, truth, 95, slice(None))) * 200)
    assert missed_after(stored)[95] == pytest.approx(MISSED[95] + STEP * (MISSED[95] * n - misses))
    assert missed_after(stored.assign(label=np.nan)) == MISSED


def test_rows_come_back_in_the_order_in_which_they_were_given():
    mixed = SAMPLES.sample(frac=1, random_state=1)
    truth = labels(1.0)
    ordered = predict_in_order(MODEL, SAMPLES, truth, timedelta(0))
    pd.testing.assert_frame_equal(
        predict_in_order(MODEL, mixed, truth[mixed.index], timedelta(0)), ordered.loc[mixed.index]
    )
