"""Drift where time splits: the same days of other years, and not the rest of the year."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_days import RIVER

from pipelines.monitoring import drift, seasons

DAY = date(2026, 1, 20)


def days(first, count, *, warm=0.0, seed=0):
    """Days whose level follows the season, and those whose rain does not."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(first, periods=count, tz="UTC")
    level = 10 - 8 * np.cos(2 * np.pi * times.dayofyear / 365) + rng.normal(0, 1.5, count) + warm
    rows = {"event_time": times, "rain": rng.gamma(1.0, 4.0, count), "level": level, "state": "calm"}
    return pd.DataFrame(rows).assign(sample_id=[f"river-{time:%Y-%m-%d}" for time in times])


HISTORY = days("2022-01-01", 4 * 365)


def arrivals(**how):
    return days(DAY - timedelta(days=89), 90, seed=1, **how)


def alarms(dataset, rows):
    return drift.alarms_by_day(dataset, HISTORY, rows, [DAY])[DAY]


def test_winter_after_summer_is_no_drift():
    assert alarms(RIVER, arrivals()) == []


def test_against_all_seasons_it_would_be():
    assert "level" in alarms(_shuffled(), arrivals())


def test_a_winter_that_is_no_winter_is_drift():
    assert alarms(RIVER, arrivals(warm=4.0)) == ["level"]


def test_what_is_derived_is_not_watched():
    assert seasons.watched(RIVER) == (["rain", "level"], ["state"])


@pytest.mark.parametrize("day", [date(2026, 1, 3), date(2026, 7, 1), date(2028, 12, 31)])
def test_a_season_is_that_stretch_of_every_year(day):
    found = seasons.same_season(HISTORY, day, 30)["event_time"]
    apart = [min(abs((day.replace(year=year) - time.date()).days) for year in range(2021, 2027)) for time in found]
    assert max(apart) <= 30 + seasons.MARGIN
    assert len(found) == pytest.approx(4 * (30 + 2 * seasons.MARGIN), abs=4)


def test_the_first_year_has_no_other_season():
    assert not seasons.has_season(RIVER, HISTORY.head(300))
    assert seasons.has_season(RIVER, HISTORY)


def test_three_days_are_one_that_counts():
    assert len(seasons.apart(HISTORY.head(30), HISTORY["event_time"].iloc[29].date())) == 10


def _shuffled():
    """The river as a data set that is split at random, and whose level stands for itself."""
    measured = tuple(feature for feature in RIVER.features if not feature.derived)
    task = replace(RIVER.tasks[0], inputs=("rain", "level"), label="state_next")
    label = replace(RIVER.labels[0], of="", ahead=0)
    return replace(RIVER, split="random", features=measured, labels=(label,), tasks=(task,))
