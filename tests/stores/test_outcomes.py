"""Which predictions await their outcome, and from when on that is too long."""

from datetime import timedelta

import histories
import pytest
from histories import START

from pipelines.datasets import task_named
from pipelines.stores.outcomes import LATE_AFTER, LOOK_BACK, Awaiting, awaiting

DUE = timedelta(days=1)
GRADE = histories.due_in(task_named("wine_grade"), DUE)


@pytest.fixture(name="rows")
def fixture_rows():
    """Sixty days of two samples, the newest three days open, shuffled."""
    rows = histories.history(GRADE, days=60, per_day=2)
    newest = rows["event_time"] >= START + timedelta(days=57)
    return rows.assign(label=rows["label"].mask(newest, None)).sample(frac=1, random_state=1)


def test_what_is_open_is_counted_from_the_oldest_day(rows):
    first_open = START + timedelta(days=57)
    assert awaiting(GRADE, rows) == Awaiting(6, first_open.date(), first_open + DUE + LATE_AFTER)


def test_what_comes_with_the_sample_is_not_waited_for(rows):
    assert awaiting(task_named("wine_grade"), rows) == Awaiting()


def test_nothing_is_waited_for_without_an_open_prediction(rows):
    assert awaiting(GRADE, rows[rows["label"].notna()]) == awaiting(GRADE, rows.head(0)) == Awaiting()


def test_what_a_challenger_predicted_is_not_counted_twice(rows):
    assert awaiting(GRADE, rows.assign(served="challenger")) == Awaiting()


def test_what_no_run_looks_for_any_more_is_given_up(rows):
    newest = rows["event_time"].max()
    given_up = rows["event_time"] < newest - LOOK_BACK - DUE
    assert awaiting(GRADE, rows.assign(label=rows["label"].mask(given_up, None))).n == 6
    # Of the oldest day only the sample that came as late in the day as the newest.
    assert awaiting(GRADE, rows.assign(label=None)).n == 2 * (LOOK_BACK + DUE).days + 1
