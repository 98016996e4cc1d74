"""The feature pipeline: which days are due, that they converge to the same rows, and what is refused."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from pipelines.datasets import dataset_named
from pipelines.datasets.contract import validate
from pipelines.errors import NotReadyError, UsageError
from pipelines.features.daily import backfill, due_days, in_series, run_features
from pipelines.stores.catalogue import quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from tests.made_up_days import RIVER, days

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def store(tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    backfill(store, IRIS, [], NOW)
    return store


def run(store, day=TODAY, dataset=IRIS, now=NOW, **options):
    return run_features(store, dataset, day, now=now, **options)


def arrivals(store, dataset=IRIS):
    rows = store.read(samples_group(dataset))
    return rows[rows["origin"] != "historical"].reset_index(drop=True)


def table_version(store, group):
    log = store.root / "tables" / group.name / "_delta_log"
    return max(path.name for path in log.glob("*.json"))


def test_due_days():
    day = date(2026, 3, 1)
    assert due_days(None, day) == [day]
    assert due_days(day, day) == [day]
    assert due_days(date(2026, 3, 5), day) == [day]
    assert due_days(date(2026, 2, 26), day) == [date(2026, 2, 27), date(2026, 2, 28), day]


def test_the_first_run_fills_the_run_date_alone(store):
    report = run(store)
    assert [day.day for day in report.days] == [TODAY]
    assert arrivals(store)["sample_id"].tolist() == ["iris-2026-11-21-000"]
    assert report.written == 1


def test_a_missed_week_is_filled(store):
    run(store, TODAY - timedelta(days=7))
    report = run(store, per_day=2)
    assert [day.day for day in report.days] == [TODAY - timedelta(days=ago) for ago in range(6, -1, -1)]
    assert all(day.samples == 2 for day in report.days)
    assert len(arrivals(store)) == 1 + 14


def test_a_gap_that_only_a_wrong_clock_explains_is_refused(store):
    run(store, TODAY)
    wrong = NOW + timedelta(days=4 * 365)
    with pytest.raises(UsageError, match=r"1460 days of iris are due.*first up to 2029-11-21"):
        run(store, wrong.date(), now=wrong)
    assert len(arrivals(store)) == 1


def test_a_doubled_run_changes_nothing(store):
    run(store, per_day=3)
    before = table_version(store, samples_group(IRIS)), arrivals(store)
    report = run(store, per_day=3, now=NOW + timedelta(hours=5))
    assert report.written == 0
    assert table_version(store, samples_group(IRIS)) == before[0]
    assert arrivals(store).equals(before[1])


def test_an_old_date_is_recreated_bit_for_bit(store):
    first = TODAY - timedelta(days=4)
    for day in (first, TODAY):
        run(store, day, per_day=5)
    before = arrivals(store)
    store.upsert(samples_group(IRIS), before.head(5).assign(petal_width=1.0))
    report = run(store, first, per_day=5)
    assert [day.day for day in report.days] == [first]
    assert report.written > 0
    assert arrivals(store).equals(before)


def test_filled_later_is_the_same_as_filled_day_by_day(store, tmp_path):
    other = EmbeddedStore(tmp_path / "other")
    backfill(other, IRIS, [], NOW)
    run(store, TODAY - timedelta(days=3))
    run(store)
    for ago in (3, 2, 1, 0):
        run(other, TODAY - timedelta(days=ago))
    assert arrivals(store).equals(arrivals(other))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_time_zone_of_the_machine_does_not_matter(store, zone, tmp_path):
    run(store, TODAY - timedelta(days=2))
    run(store)
    code = (
        "import sys, test_daily as t; from pathlib import Path;"
        "store = t.EmbeddedStore(Path(sys.argv[1])); t.backfill(store, t.IRIS, [], t.NOW);"
        "t.run(store, t.TODAY - t.timedelta(days=2)); t.run(store); print(t.arrivals(store).to_csv())"
    )
    environment = {**os.environ, "TZ": zone, "PYTHONPATH": "tests/features:tests:.", "PYTHONHASHSEED": "3"}
    outside = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "zoned")],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert outside.stdout.strip() == arrivals(store).to_csv().strip()


def test_a_clock_in_another_zone_is_read_as_utc(store):
    from zoneinfo import ZoneInfo

    late = datetime(2026, 11, 22, 1, tzinfo=ZoneInfo("Pacific/Kiritimati"))  # 11:00 UTC on the 21st
    with pytest.raises(UsageError, match="2026-11-22 is in the future; give 2026-11-21"):
        run(store, date(2026, 11, 22), now=late)


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), date(9999, 12, 31)])
def test_a_future_date_is_refused(store, day):
    with pytest.raises(UsageError, match="is in the future"):
        run(store, day)
    assert arrivals(store).empty


def test_a_date_in_the_history_is_refused(store):
    with pytest.raises(UsageError, match="not after the history of iris, which is dated 1936-09-01"):
        run(store, date(1936, 9, 1))


def test_a_clock_that_was_wrong_only_fills_the_day_itself_afterwards(store):
    wrong = NOW + timedelta(days=300)
    run(store, wrong.date(), now=wrong)
    assert [day.day for day in run(store).days] == [TODAY]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scenario": "earthquake"}, "no scenario 'earthquake'; choose from none, shifted_sensor"),
        ({"arrivals": "post"}, "cannot arrive by 'post'; choose from simulate, replay"),
        ({"per_day": 0}, "give 1 or more"),
        ({"arrivals": "replay", "scenario": "new_mix"}, "replay releases real ones"),
    ],
)
def test_wrong_choices_are_refused(store, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        run(store, **options)


def test_without_a_backfill_there_is_nothing_to_do(tmp_path):
    with pytest.raises(NotReadyError, match="run `python -m pipelines backfill iris` first"):
        run(EmbeddedStore(tmp_path))


def test_arrivals_keep_the_data_contract_and_have_no_role(store):
    run(store, per_day=40)
    rows = arrivals(store)
    assert validate(IRIS, rows).rejected.empty
    assert rows["role"].isna().all()
    assert (rows["origin"] == "simulated").all()
    assert rows["event_time"].is_unique


def test_broken_units_send_a_part_to_quarantine_once(store):
    report = run(store, per_day=60, scenario="broken_units")
    assert 0 < report.quarantined < 60
    assert report.days[0].samples + report.days[0].quarantined == 60
    assert sum(report.reasons.values()) >= report.quarantined
    assert len(arrivals(store)) == 60 - report.quarantined
    run(store, per_day=60, scenario="broken_units", now=NOW + timedelta(hours=1))
    quarantined = store.read(quarantine_group(IRIS))
    assert len(quarantined) == report.quarantined
    assert quarantined["seen_at"].eq(NOW).all()


def test_a_day_that_went_to_quarantine_as_a_whole_stays_due(store):
    tiny = replace(IRIS, features=tuple(replace(feature, high=0.06, usual=()) for feature in IRIS.features))
    run(store, TODAY - timedelta(days=1))
    assert run_features(store, tiny, TODAY, now=NOW).days[0].samples == 0
    assert [day.day for day in run(store).days] == [TODAY]


def test_an_old_day_costs_one_day_of_reading(tmp_path, monkeypatch):
    store = EmbeddedStore(tmp_path)
    backfill(store, WINE, [], NOW)
    run(store, date(2024, 1, 1), dataset=WINE, per_day=2)
    run(store, dataset=WINE, per_day=2)
    read, found = EmbeddedStore.read, []
    monkeypatch.setattr(EmbeddedStore, "read", lambda *a, **k: found.append(read(*a, **k)) or found[-1])
    run(store, dataset=WINE, per_day=2)
    days_read = {day for rows in found if "event_time" in rows for day in rows["event_time"].dt.date}
    assert days_read == {WINE.historical_time.date(), TODAY}
    assert len(arrivals(store, WINE)) == 2 * ((TODAY - date(2024, 1, 1)).days + 1)


def test_a_day_that_is_told_again_at_another_hour_stays_one_sample(tmp_path):
    store, told = EmbeddedStore(tmp_path / "store"), validate(RIVER, days(30)).accepted.tail(3).assign(origin="fetched")
    for hour in (6, 18, 3):
        rows = told.assign(event_time=told["event_time"] + pd.Timedelta(hours=hour), rain=float(hour), role=None)
        store.upsert(samples_group(RIVER), in_series(store, RIVER, rows))
    kept = arrivals(store, RIVER)
    assert len(kept) == 3
    assert set(kept["event_time"].dt.hour) == {6}
    assert set(kept["rain"]) == {3.0}


def released(rows):
    return list(map(tuple, rows[[*IRIS.numeric, "variety"]].to_numpy()))


def test_replay_releases_each_reserve_row_once(store):
    reserve = store.read(samples_group(IRIS), where={"role": "reserve"})
    day = TODAY - timedelta(days=9)
    for ahead in range(10):
        report = run(store, day + timedelta(days=ahead), arrivals="replay", per_day=4)
    rows = arrivals(store)
    assert sorted(released(rows)) == sorted(released(reserve))
    assert (rows["origin"] == "replayed").all()
    assert rows["role"].isna().all()
    assert rows["sample_id"].is_unique
    assert f"All {len(reserve)} reserve rows of iris are released" in report.note
    assert report.days[0].samples == 0


def test_replay_keeps_near_groups_in_one_piece(store):
    from pipelines.datasets.arrivals.replayed import replay_days
    from pipelines.datasets.roles import near_groups

    reserve = store.read(samples_group(IRIS), where={"role": "reserve"})
    rows = replay_days(IRIS, reserve, [TODAY], len(reserve), 0)
    groups = pd.Series(near_groups(IRIS, rows))
    assert (groups != groups.shift()).sum() == groups.nunique() < len(groups)


def test_replay_fills_missed_days_in_the_same_order(store, tmp_path):
    other = EmbeddedStore(tmp_path / "other")
    backfill(other, IRIS, [], NOW)
    run(store, TODAY - timedelta(days=3), arrivals="replay", per_day=2)
    run(store, arrivals="replay", per_day=2)
    for ago in (3, 2, 1, 0):
        run(other, TODAY - timedelta(days=ago), arrivals="replay", per_day=2)
    assert arrivals(store).equals(arrivals(other))


def test_a_replayed_day_is_recreated_with_the_rows_that_it_has(store):
    day = TODAY - timedelta(days=2)
    run(store, day, arrivals="replay", per_day=2)
    run(store, arrivals="replay", per_day=3)
    before = arrivals(store)
    assert run(store, day, arrivals="replay", per_day=5).written == 0
    store.upsert(samples_group(IRIS), before.head(2).assign(petal_width=1.0))
    run(store, day, arrivals="replay", per_day=5)
    assert arrivals(store).equals(before)


def test_replay_refuses_a_day_before_what_was_released(store):
    run(store, arrivals="replay")
    with pytest.raises(UsageError, match="has later days than 2026-11-01"):
        run(store, date(2026, 11, 1), arrivals="replay")


@pytest.mark.parametrize(("first", "second"), [("simulate", "replay"), ("replay", "simulate")])
def test_simulated_and_replayed_samples_do_not_mix(store, first, second):
    run(store, TODAY - timedelta(days=1), arrivals=first)
    with pytest.raises(UsageError, match=r"iris has .* samples, and .* would leak"):
        run(store, arrivals=second)
    assert len(arrivals(store)) == 1
