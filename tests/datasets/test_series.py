from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_days import RIVER, days

from pipelines.datasets.contract import validate
from pipelines.datasets.derived import Calendar, Lag, Rolling
from pipelines.datasets.roles import BLOCK_DAYS, assign_roles, sample_groups
from pipelines.datasets.series import complete, each_day_once, with_derived, with_outcomes
from pipelines.datasets.spec import Feature
from pipelines.errors import DeclarationError

DERIVED = [feature.name for feature in RIVER.features if feature.derived]


def series(count=60):
    return each_day_once(RIVER, validate(RIVER, days(count)).accepted)


ALL = series()
WHOLE = complete(RIVER, ALL).set_index("sample_id")


@given(kept=st.integers(1, len(ALL)), order=st.randoms())
def test_cutting_off_the_future_changes_nothing_that_is_derived(kept, order):
    rows = ALL.head(kept)
    rows = rows.iloc[order.sample(range(kept), kept)]
    found = with_derived(RIVER, rows).set_index("sample_id")
    pd.testing.assert_frame_equal(found[DERIVED], WHOLE.loc[found.index, DERIVED])


@given(begin=st.integers(0, len(ALL) - 10))
def test_days_out_of_reach_change_nothing_to_the_last_bit(begin):
    found = with_derived(RIVER, ALL.iloc[begin:]).set_index("sample_id").iloc[5:]
    pd.testing.assert_frame_equal(found[DERIVED], WHOLE.loc[found.index, DERIVED], check_exact=True)


def test_values_are_those_of_the_days_that_are_named():
    day, before = WHOLE.loc["river-2024-01-10"], WHOLE.loc["river-2024-01-09"]
    assert day["level_before"] == before["level"]
    assert day["state_before"] == WHOLE.loc["river-2024-01-08", "state"]
    assert day["rain_5"] == pytest.approx(WHOLE.loc["river-2024-01-06":"river-2024-01-10", "rain"].mean())
    assert day["month"] == 1
    assert before["state_next"] == day["state"]


def test_a_gap_gives_missing_values_and_not_shifted_ones():
    assert "river-2024-01-21" not in WHOLE.index
    assert np.isnan(WHOLE.loc["river-2024-01-22", "level_before"])
    assert WHOLE.loc["river-2024-01-23", "state_before"] is None
    assert WHOLE.loc["river-2024-01-22":"river-2024-01-25", "rain_5"].isna().all()
    assert WHOLE.loc["river-2024-01-20", "state_next"] is None
    assert WHOLE.loc["river-2024-01-26", "rain_5"] > 0


def test_the_newest_day_has_no_outcome_until_the_next_one_comes():
    assert with_outcomes(RIVER, ALL).iloc[-1]["state_next"] is None
    assert with_outcomes(RIVER, series(61)).iloc[-2]["state_next"] in RIVER.labels[0].values  # noqa: PD011


def test_a_day_given_twice_counts_as_the_last_says():
    twice = pd.concat([days(9), days(9).tail(1).assign(rain="1.0")], ignore_index=True)
    rows = each_day_once(RIVER, validate(RIVER, twice).accepted)
    assert len(rows) == 9
    assert rows.iloc[-1]["rain"] == 1.0


def test_a_row_without_a_time_goes_to_quarantine():
    checked = validate(
        RIVER, days(9).assign(event_time=["2024-01-01", "yesterday", None, *["2024-01-05T03:00+01:00"] * 6])
    )
    assert len(checked.rejected) == 2
    assert "event_time: 'yesterday' is no time (write 2026-11-21" in checked.rejected.iloc[0]["reasons"]
    assert checked.accepted.iloc[-1]["event_time"] == pd.Timestamp("2024-01-05T02:00Z")


def test_the_newest_quarter_tests_and_a_week_lies_before_it():
    roles = assign_roles(RIVER, ALL)
    parts = {role: ALL.loc[roles == role, "event_time"] for role in ("train", "reserve", "test")}
    assert parts["train"].max() < parts["reserve"].min()
    assert parts["reserve"].max() < parts["test"].min()
    assert len(parts["test"]) / len(ALL) == pytest.approx(0.25, abs=0.02)
    assert (parts["test"].min() - parts["train"].max()).days > BLOCK_DAYS


def test_weeks_are_the_groups():
    groups = sample_groups(RIVER, ALL)
    assert groups[0] == groups[6] == 0
    assert groups[7] == 1
    assert (np.diff(groups) >= 0).all()


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        (lambda: Lag("rain", 0), "a lag of rain by 0 days does not look back"),
        (lambda: Rolling("rain", 1, "mean"), "over 1 days is none"),
        (lambda: replace(RIVER, split="random"), "needs split='time'"),
        (lambda: _with(derived=Lag("level_before", 1)), "x is taken from level_before; it can be taken from rain"),
        (lambda: _with(derived=Rolling("state", 2, "sum")), "x is a sum of state, which is no number"),
        (lambda: replace(RIVER, labels=(replace(RIVER.labels[0], ahead=0),)), "state_next is 0 days ahead"),
        (lambda: replace(RIVER, labels=(replace(RIVER.labels[0], of=""),)), "state_next is taken from nothing"),
        (lambda: replace(RIVER, split="weeks"), "the split of river is 'weeks'; it can be random, time"),
    ],
)
def test_what_cannot_be_derived_is_refused(how, fault):
    with pytest.raises(DeclarationError, match=fault):
        how()


def _with(**how):
    return replace(RIVER, features=(*RIVER.features, Feature(name="x", title="X", description="An x.", **how)))


def test_a_calendar_reaches_no_other_day():
    assert [how.reach for how in (Calendar("month"), Lag("rain", 3), Rolling("rain", 3, "sum"))] == [0, 3, 2]
