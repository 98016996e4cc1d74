from datetime import date, timedelta

import histories
import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import task_named
from pipelines.monitoring import quality_alarms as alarms
from pipelines.monitoring.ledger import Ledger

GRADE = task_named("wine_grade")
PROMISE = {"accuracy": {"value": 0.76, "low": 0.735, "high": 0.785}}


def days_until(path, bar):
    return np.where((path >= bar).any(axis=0), (path >= bar).argmax(axis=0) + 1, len(path) + 1)


def test_looking_every_day_raises_few_false_alarms():
    rng = np.random.default_rng(0)
    promise = alarms.promise_of(PROMISE["accuracy"])
    bar = np.log10(alarms.DAYS_TO_FALSE_ALARM)
    for per_day in (1, 10, 1000):
        totals = np.full((1825, 100), per_day)
        path = alarms.evidence_path(rng.binomial(per_day, promise, totals.shape), totals, promise)
        # Five years exactly at the bound, the worst case: at most half the runs may alarm by the design.
        assert (path >= bar).any(axis=0).mean() < 0.5


def test_hardly_an_alarm_in_ten_years_while_the_promise_is_kept():
    rng = np.random.default_rng(1)
    totals = np.full((3650, 100), 10)
    path = alarms.evidence_path(rng.binomial(10, 0.76, totals.shape), totals, alarms.promise_of(PROMISE["accuracy"]))
    assert (path >= np.log10(alarms.DAYS_TO_FALSE_ALARM)).any(axis=0).mean() <= 0.05


@pytest.mark.parametrize(("per_day", "longest"), [(1, 120), (10, 20), (1000, 1)])
def test_a_drop_is_found_soon_even_after_a_good_year(per_day, longest):
    rng = np.random.default_rng(2)
    promise = alarms.promise_of(PROMISE["accuracy"])
    hits = np.vstack([rng.binomial(per_day, 0.76, (365, 50)), rng.binomial(per_day, promise - 0.2, (400, 50))])
    path = alarms.evidence_path(hits, np.full(hits.shape, per_day), promise)[365:]
    assert np.median(days_until(path, np.log10(alarms.DAYS_TO_FALSE_ALARM))) <= longest


def test_evidence_follows_from_the_likelihoods():
    promise = 0.8
    lower = 1 / (1 + np.exp(-(np.log(promise / (1 - promise)) - alarms.DROPS)))
    gain = (lower / promise) * ((1 - lower) / (1 - promise)) ** 2
    first = np.log10(gain.mean())
    second = np.log10(((gain + 1) * gain).mean())
    assert alarms.evidence_path([1, 1], [3, 3], promise) == pytest.approx([first, second])


def test_evidence_of_millions_of_samples_is_finite():
    path = alarms.evidence_path(np.full(100, 10_000), np.full(100, 1_000_000), 0.9)
    assert np.isfinite(path).all()
    path = alarms.evidence_path(np.full(100, 1_000_000), np.full(100, 1_000_000), 0.9)
    assert np.isfinite(path).all()


def test_the_promise_is_lower_than_the_interval_because_arrivals_are_a_sample_too():
    assert alarms.promise_of(PROMISE["accuracy"]) == pytest.approx(0.76 - np.sqrt(2) * 0.025)
    assert alarms.promise_of({"value": 1.0, "low": 1.0, "high": 1.0}) == alarms.HIGHEST_PROMISE
    assert alarms.promise_of({"value": 0.1, "low": 0.0, "high": 0.3}) is None
    assert alarms.promise_of({"value": None, "low": None, "high": None}) is None
    assert alarms.promise_of({"value": 0.5, "low": float("nan"), "high": 1}) is None
    assert alarms.promise_of(None) is None


def alarms_of(rows, held_out):
    ledger = Ledger.of(GRADE, rows)
    units = ledger.of_version(1)
    return alarms.quality_alarms(GRADE, ledger.dates(units), ledger.sums.confusion[units], held_out)


def test_a_model_that_begins_to_say_fair_only_is_found_by_its_recalls():
    held_out = histories.model_document(GRADE, accuracy=0.7, width=0.05)["metrics"]
    good = histories.history(GRADE, days=60)
    bad = histories.history(GRADE, days=60, seed=5, start=histories.START + timedelta(days=60)).assign(
        prediction="fair"
    )
    found = {alarm.score: alarm for alarm in alarms_of(pd.concat([good, bad]), held_out)}
    assert not found["accuracy"].on
    assert not found["recall_fair"].on
    assert found["recall_excellent"].on
    assert date(2026, 10, 31) < found["recall_excellent"].since < date(2026, 11, 20)


def test_shuffled_rows_and_unknown_labels_change_nothing():
    held_out = histories.model_document(GRADE)["metrics"]
    rows = histories.history(GRADE, days=20)
    unknown = rows.head(3).assign(sample_id=["x", "y", "z"], label=None)
    mixed = pd.concat([unknown, rows]).sample(frac=1, random_state=0)
    assert alarms_of(mixed, held_out) == alarms_of(rows, held_out)


def test_nothing_is_tested_without_rows_or_promises():
    assert alarms_of(histories.history(GRADE), {}) == []
    none = alarms_of(histories.history(GRADE, days=0), histories.model_document(GRADE)["metrics"])
    assert [(alarm.n, alarm.on) for alarm in none] == [(0, False)] * 4
