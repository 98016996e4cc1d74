"""The course that is expected before the truth, beside the one that came."""

from datetime import timedelta

import histories
import numpy as np
import pytest

from pipelines.datasets import task_named
from pipelines.monitoring import quality
from pipelines.monitoring.expectation import expectation
from pipelines.monitoring.ledger import Ledger

GRADE = task_named("wine_grade")
PROMISE = histories.model_document(GRADE)["metrics"]
OPEN_DAYS = 3


@pytest.fixture(name="rows", scope="module")
def fixture_rows():
    """Forty days of ten samples; what turned out on the newest three is not known yet."""
    rows = histories.history(GRADE, days=40)
    newest = rows["event_time"] >= histories.START + timedelta(days=40 - OPEN_DAYS)
    return rows.assign(label=rows["label"].mask(newest, None))


@pytest.fixture(name="told", scope="module")
def fixture_told(rows):
    return expectation(GRADE, rows, 1, PROMISE)


def test_open_days_are_expected_and_settled_ones_came_true_as_the_course_says(rows, told):
    over_time = told["over_time"]
    course = quality.quality_over_time(Ledger.of(GRADE, rows))
    assert len(over_time) == 40
    assert [row["open"] for row in over_time[-4:]] == [0, 10, 10, 10]
    assert np.isfinite([row["expected_accuracy"] for row in over_time[2:]]).all()
    assert np.isnan([row["came_accuracy"] for row in over_time[-OPEN_DAYS:]]).all()
    came = [row["came_accuracy"] for row in over_time[:-OPEN_DAYS]]
    assert came == pytest.approx(course["rolling_accuracy"].tolist(), nan_ok=True)


def test_nothing_is_expected_of_too_few(told):
    first = told["over_time"][0]
    assert np.isnan([first["expected_accuracy"], first["expected_macro_f1"], first["came_accuracy"]]).all()


def test_windows_that_share_no_day_are_counted(told):
    # Of 37 days ten samples each, three windows hold a hundred, and one what is left, which is enough of each class.
    assert told["windows"] == 4
    assert 0 < told["held"] <= told["windows"]


def test_shuffled_rows_let_expect_the_same(rows, told):
    assert str(expectation(GRADE, rows.sample(frac=1, random_state=5), 1, PROMISE)) == str(told)


def test_what_the_same_samples_turn_out_to_be_is_not_foreseen_but_found_out(rows, told):
    other = {"poor": "excellent", "fair": "poor", "excellent": "fair", None: None}
    found = expectation(GRADE, rows.assign(label=rows["label"].map(other)), 1, PROMISE)
    expected = [[row["expected_accuracy"] for row in each["over_time"]] for each in (found, told)]
    assert expected[0] == pytest.approx(expected[1], nan_ok=True)
    assert found["windows"] > 0
    assert found["held"] == 0


def test_before_the_first_prediction_nothing_is_expected(rows):
    assert expectation(GRADE, rows.head(0), 1, PROMISE) == {"over_time": [], "windows": 0, "held": 0}
