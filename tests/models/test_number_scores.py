"""The scores of predicted numbers agree with scikit-learn, add up, and say no more than the rows can tell."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, r2_score, root_mean_squared_error

from pipelines.models import metrics
from pipelines.models.number_sums import QUANTILES, NumberSums, number_scores_of, number_sums_of
from tests.made_up_houses import PRICE


def made_up(rows=400, seed=0, noise=1.0):
    """Labels, predictions and the other answers of a model whose intervals are right."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(50, 10, rows)
    labels = centre + rng.normal(0, noise, rows)
    others = np.column_stack([centre + noise * z for z in (-1.2816, 1.2816, -1.96, 1.96)] + [np.full(rows, 50.0)])
    return labels, centre, others


def test_scores_agree_with_scikit_learn():
    labels, predicted, others = made_up()
    scores = metrics.score(PRICE, labels, predicted, others)
    assert scores["mae"] == pytest.approx(mean_absolute_error(labels, predicted))
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(labels, predicted))
    assert scores["r2"] == pytest.approx(r2_score(labels, predicted))
    assert scores["bias"] == pytest.approx((predicted - labels).mean())
    assert scores["skill"] == pytest.approx(1 - scores["mae"] / np.abs(labels - 50).mean())
    columns = dict(zip(PRICE.answer_columns, others.T, strict=True)) | {"prediction": predicted}
    losses = [mean_pinball_loss(labels, columns[name], alpha=level) for name, level in QUANTILES.items()]
    assert scores["pinball"] == pytest.approx(np.mean(losses))
    inside = (others[:, 2] <= labels) & (labels <= others[:, 3])
    assert scores["coverage_95"] == pytest.approx(inside.mean())
    assert scores["width_80"] == pytest.approx(2 * 1.2816)
    assert sorted(scores) == sorted(metrics.metric_names(PRICE))
    assert all(metrics.metric_title(name) for name in scores)


def test_skill_is_of_the_kind_that_decides():
    labels, predicted, others = made_up()
    scores = metrics.score(replace(PRICE, scorer="rmse"), labels, predicted, others)
    assert scores["skill"] == pytest.approx(1 - scores["rmse"] / root_mean_squared_error(labels, others[:, 4]))


def test_the_baseline_has_no_skill_and_no_intervals():
    labels, predicted, others = made_up()
    scores = metrics.baseline(PRICE, labels, others)
    assert scores["mae"] == pytest.approx(np.abs(labels - 50).mean())
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(labels, others[:, 4]))
    assert scores["bias"] == pytest.approx((50 - labels).mean())
    assert scores["skill"] == 0
    assert scores["pinball"] == pytest.approx(np.mean([mean_pinball_loss(labels, others[:, 4], alpha=a)
                                                       for a in QUANTILES.values()]), rel=1e-9)  # fmt: skip
    assert np.isnan([scores["coverage_80"], scores["width_95"]]).all()
    assert list(scores) == list(metrics.score(PRICE, labels, predicted, others))


def test_sums_of_days_add_up_to_those_of_all_rows():
    labels, predicted, others = made_up()
    whole = number_sums_of(PRICE, labels, predicted, others, None)
    days = number_sums_of(PRICE, labels, predicted, others, np.arange(400) // 7)
    added = number_scores_of(PRICE, NumberSums(days.table.sum(axis=0, keepdims=True)))
    for name, values in number_scores_of(PRICE, whole).items():
        assert added[name][0] == pytest.approx(values[0])


def test_open_predictions_count_for_nothing():
    labels, predicted, others = made_up(50)
    labels[::2] = np.nan
    scores = metrics.score(PRICE, labels, predicted, others)
    assert scores["mae"] == pytest.approx(np.abs(predicted - labels)[1::2].mean())
    assert np.isnan(list(metrics.score(PRICE, [np.nan], [1.0], others[:1]).values())).all()


def test_intervals_hold_the_score_and_a_share_at_least_what_wilson_says():
    labels, predicted, others = made_up(60)
    estimates = metrics.bootstrap(PRICE, labels, predicted, others, np.random.default_rng(0), repeats=300)
    assert all(e.low <= e.value <= e.high for e in estimates.values())
    wide = np.column_stack([np.tile([-1e9, 1e9, -1e9, 1e9], (60, 1)), others[:, 4]])
    flawless = metrics.bootstrap(PRICE, labels, predicted, wide, np.random.default_rng(0), repeats=300)["coverage_95"]
    assert (flawless.value, flawless.low) == (1, metrics.wilson(60, 60)[0])


def test_the_better_of_two_models_is_told_on_the_same_rows():
    labels, predicted, others = made_up(200, noise=3.0)
    worse = predicted + np.random.default_rng(1).normal(0, 2, 200)
    rng = np.random.default_rng(0)
    gain = metrics.paired_differences(PRICE, labels, (worse, others), (predicted, others), rng, repeats=300)["mae"]
    assert gain.high < 0
    same = metrics.paired_differences(PRICE, labels, (predicted, others), (predicted, others), rng, repeats=50)["mae"]
    assert (same.low, same.value, same.high) == (0, 0, 0)
