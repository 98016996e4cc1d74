"""What calibrated probabilities let expect of scores: sums over days, and an interval that holds."""

import histories
import numpy as np
import pytest

from pipelines.datasets import task_named
from pipelines.models import metrics
from pipelines.models.expected_sums import expected_scores, expected_sums_of
from pipelines.models.score_sums import table_scores

GRADE, QUALITY = task_named("wine_grade"), task_named("wine_quality")


def sums(task, rows, units):
    return expected_sums_of(task, rows["prediction"], rows[task.probability_columns], units)


def test_days_add_up_to_windows():
    rows = histories.history(GRADE, days=6)
    daily = sums(GRADE, rows, np.arange(60) // 10)
    whole = sums(GRADE, rows, np.zeros(60, dtype=np.int64))
    for part in ("confusion", "covariance"):
        assert getattr(daily.window(0, 6), part) == pytest.approx(getattr(whole, part))
    assert daily.confusion.sum(axis=(1, 2)) == pytest.approx(10)


def test_the_expected_accuracy_is_the_mean_probability_of_the_answers():
    rows = histories.history(GRADE, days=40)
    found = expected_scores(GRADE, sums(GRADE, rows, np.zeros(400, dtype=np.int64)), {}, np.random.default_rng(0))
    assert found["accuracy"].value == pytest.approx(rows[GRADE.probability_columns].max(axis=1).mean(), abs=0.005)


def test_who_is_certain_expects_no_error_and_no_interval_but_that_of_the_test():
    rows = histories.history(GRADE, days=5)
    certain = np.eye(3)[[GRADE.classes.index(answer) for answer in rows["prediction"]]]
    known = expected_sums_of(GRADE, rows["prediction"], certain, np.zeros(50, dtype=np.int64))
    exact = expected_scores(GRADE, known, {}, np.random.default_rng(0))["accuracy"]
    assert (exact.low, exact.value, exact.high) == (1, 1, 1)
    promise = {"accuracy": {"value": 0.9, "low": 0.86, "high": 0.94}}
    wider = expected_scores(GRADE, known, promise, np.random.default_rng(0))["accuracy"]
    assert (wider.value, wider.high) == (1, 1)
    assert wider.low == pytest.approx(1 - 0.04 * np.sqrt(2) * 1.645 / 1.96, abs=1e-4)


@pytest.mark.parametrize("task", [GRADE, QUALITY], ids=lambda task: task.name)
def test_nine_of_ten_windows_come_true_where_the_probabilities_are_calibrated(task):
    windows = 100
    rows = histories.history(task, days=windows, per_day=100, seed=4)
    daily = sums(task, rows, np.arange(len(rows)) // 100)
    held = 0
    for at in range(windows):
        expected = expected_scores(task, daily.window(at, at + 1), {}, np.random.default_rng(at))[task.scorer]
        of_day = rows.iloc[at * 100 : (at + 1) * 100]
        came = table_scores(task, metrics.confusion(task, of_day["label"], of_day["prediction"]).to_numpy()[None])
        held += expected.low <= came[task.scorer][0] <= expected.high
    assert 82 <= held <= 97
