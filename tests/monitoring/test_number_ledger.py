"""What a kept ledger tells of numbers is what all their predictions tell."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_numbers import START, number_history
from made_up_quantities import LEVEL

from pipelines.documents import DECIMALS, plain
from pipelines.models import metrics
from pipelines.monitoring import ledger, number_quality, quality
from pipelines.monitoring.kept_ledger import keep_ledger, read_ledger
from pipelines.monitoring.ledger import Ledger
from pipelines.stores.catalogue import ledger_group, predictions_group
from pipelines.stores.embedded import EmbeddedStore
from tests.made_up_houses import PRICE

DAYS, PER_DAY, OF_FIRST = 240, 2, 150
CHANGE = START + timedelta(days=OF_FIRST)
PROMISE = {"mae": {"value": 20.0, "low": 18.0, "high": 22.0}, "coverage_95": {"value": 0.95, "low": 0.93, "high": 0.97}}


def predictions(task):
    """Two reigns, the errors of the second twice as large."""
    first = number_history(task, days=OF_FIRST, per_day=PER_DAY, still_open=0)
    later = {"days": DAYS - OF_FIRST, "per_day": PER_DAY, "start": CHANGE, "seed": 1, "scale": 2.0}
    return pd.concat([first, number_history(task, version=2, **later)], ignore_index=True)


def refreshed(store, task):
    found = read_ledger(store, task)
    keep_ledger(store, found, quality.quality_over_time(found, newest=365))
    return found


def told(found):
    """All numbers of the pages that follow from the whole history, but for intervals."""
    course = quality.quality_over_time(found)
    ends = [name for name in course.columns if name.endswith(("_low", "_high"))]
    live = [quality.live_quality(found, version) for version in (1, 2)]
    scores = [{name: each["value"] if isinstance(each, dict) else each for name, each in part.items()} for part in live]
    rest = [number_quality.live_baseline(found, 1), number_quality.calibration(found, 1)]
    alarms = [number_quality.quality_alarms(found, version, PROMISE) for version in (1, 2)]
    return plain([course.drop(columns=ends).to_dict("records"), scores, rest, alarms], DECIMALS)


@pytest.fixture(name="store")
def fixture_store(tmp_path, monkeypatch):
    # So few rows are read again that a short history is a long one.
    monkeypatch.setattr(ledger, "MOST_ROWS", 100)
    return EmbeddedStore(tmp_path / "store")


@pytest.mark.parametrize("task", [PRICE, replace(LEVEL, scorer="mae")], ids=["at once", "by time"])
def test_what_is_kept_and_added_to_tells_the_same_as_all_predictions(store, task):
    rows = predictions(task)
    newest = rows["event_time"] >= START + timedelta(days=DAYS - 1)
    store.upsert(predictions_group(task), rows[~newest])
    refreshed(store, task)
    store.upsert(predictions_group(task), rows[newest])
    found = refreshed(store, task)
    assert task.due_after or len(found.rows) < len(rows) / 2
    assert told(found) == told(Ledger.of(task, rows)) == told(read_ledger(store, task))
    assert store.count(ledger_group(task)) == DAYS


def test_scores_course_and_coverage_are_those_of_the_rows():
    rows = predictions(PRICE)
    found = Ledger.of(PRICE, rows)
    of_second = rows[(rows["model_version"] == 2) & rows["label"].notna()]
    answers = (of_second["label"], of_second["prediction"], of_second[PRICE.answer_columns])
    expected = metrics.score(PRICE, *answers)
    live = quality.live_quality(found, 2)
    assert {name: live[name]["value"] for name in expected} == pytest.approx(expected)
    newest = quality.quality_over_time(found).iloc[-1]
    window = of_second.tail(int(newest["rolling_n"]))
    assert newest["rolling_coverage_95"] == pytest.approx(
        window["label"].between(window["low_95"], window["high_95"]).mean()
    )
    assert newest["rolling_mae"] == pytest.approx((window["prediction"] - window["label"]).abs().mean())
    on = [alarm.score for alarm in number_quality.quality_alarms(found, 2, PROMISE) if alarm.on]
    assert on == ["mae", "coverage_95"]


def test_where_days_follow_each_other_whole_weeks_are_resampled():
    found = Ledger.of(LEVEL, number_history(LEVEL, days=70, still_open=0))
    units = found.of_version(1)
    weeks = {day.toordinal() // 7 for day in found.dates(units)}
    parts = found.parts(units)
    assert len(weeks) <= len(parts) <= len(weeks) + 1
    assert parts.total.flat() == pytest.approx(found.sums.total.flat())
    assert np.isfinite(quality.live_quality(found)["rmse"]["low"])
