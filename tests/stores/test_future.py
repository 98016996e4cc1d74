"""What a wrong clock leaves: doubted before, found afterwards, set aside by one command, and nothing is lost."""

import json
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_groups import READINGS, day, readings
from small_models import crown, register_small_model

from pipelines.cli.main import main
from pipelines.datasets import dataset_named, task_named
from pipelines.datasets.weather import DATASET as WEATHER
from pipelines.errors import StoreError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.stores import future
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.rows import from_parquet

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
NOW = datetime(2026, 3, 20, 6, 47, tzinfo=UTC)
AHEAD = NOW + timedelta(days=361)
SECOND = datetime(2026, 1, 2, tzinfo=UTC)  # of the days of the readings


def run_daily(store, now):
    run_features(store, IRIS, now.date(), now=now)
    run_inference(store, VARIETY, run_date=now.date(), now=now)


@pytest.fixture
def poisoned(store, tmp_path):
    """A store of each kind after one run with a clock that was two months ahead, and its rows before that."""
    backfill(store, IRIS, [], now=NOW, replace=False)
    crown(store, VARIETY, register_small_model(store, VARIETY, tmp_path / "one"))
    run_daily(store, NOW)
    before = store.read(samples_group(IRIS)), store.read(predictions_group(VARIETY))
    run_daily(store, NOW + timedelta(days=60))
    return store, before


def test_days_after_today_are_set_aside_kept_and_due_again(poisoned):
    store, before = poisoned
    assert "days up to 2026-05-19, which is after today, 2026-03-21 (UTC)" in future.future_sentence(
        store, IRIS, NOW + timedelta(days=1)
    )
    poison = store.read(samples_group(IRIS), start=datetime(2026, 3, 21, tzinfo=UTC))
    done = list(future.set_future_aside(store, IRIS, NOW))
    assert [(part.group, part.rows) for part in done] == [("iris_variety_predictions", 60), ("iris", 60)]
    assert_frame_equal(from_parquet(store.get_file(done[1].file)), poison, check_dtype=False)
    after = store.read(samples_group(IRIS)), store.read(predictions_group(VARIETY))
    for there, was in zip(after, before, strict=True):
        assert_frame_equal(there, was)
    assert future.future_sentence(store, IRIS, NOW) == ""
    assert list(future.set_future_aside(store, IRIS, NOW)) == []
    run_daily(store, NOW + timedelta(days=2))
    newest = store.read(predictions_group(VARIETY))["event_time"].max()
    assert newest.date() == date(2026, 3, 22)


def test_rows_from_a_time_on_are_removed_and_no_other(store):
    store.upsert(READINGS, readings(("a", 1, day(0)), ("b", 2, day(1)), ("c", 3, day(2))))
    store.remove(READINGS, SECOND + timedelta(microseconds=1))
    assert list(store.read(READINGS)["sensor"]) == ["a", "b"]
    assert list(store.read(READINGS, where={"sensor": "b"})["sensor"]) == ["b"]
    store.remove(READINGS, SECOND + timedelta(days=9))
    assert store.count(READINGS) == 2


def test_what_was_broken_off_between_clearing_and_writing_again_goes_on(kafka_store, monkeypatch):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0)), ("c", 3, day(2))))
    with monkeypatch.context() as broken:
        broken.setattr(type(kafka_store), "upsert", lambda *_: (_ for _ in ()).throw(StoreError("killed")))
        with pytest.raises(StoreError, match="killed"):
            kafka_store.remove(READINGS, SECOND)
    assert kafka_store.count(READINGS) == 0
    kafka_store.remove(READINGS, SECOND)
    assert list(kafka_store.read(READINGS)["sensor"]) == ["a"]


def test_a_clock_is_doubted_when_it_is_far_ahead_of_all_that_is_known(folder_store, monkeypatch):
    store = folder_store
    assert future.doubt_of_clock(store, IRIS, AHEAD) == ""
    backfill(store, IRIS, [], now=NOW, replace=False)
    assert future.doubt_of_clock(store, IRIS, AHEAD) == ""
    run_features(store, IRIS, NOW.date(), now=NOW)
    monkeypatch.setattr(type(store), "written_at", lambda *_: None)
    assert future.doubt_of_clock(store, IRIS, NOW + future.MOST_AHEAD) == ""
    assert "2027-03-16" in (doubt := future.doubt_of_clock(store, IRIS, AHEAD))
    assert "from 2026-03-20, 361 days before" in doubt


def test_a_clock_is_doubted_when_it_is_far_behind_the_newest_day(folder_store):
    backfill(folder_store, IRIS, [], now=NOW, replace=False)
    behind = NOW - timedelta(days=400)
    assert future.doubt_of_clock(folder_store, IRIS, behind) == ""
    run_features(folder_store, IRIS, NOW.date(), now=NOW)
    assert "says 2025-02-13, and iris has days up to 2026-03-20" in future.doubt_of_clock(folder_store, IRIS, behind)
    assert future.doubt_of_clock(folder_store, IRIS, NOW - future.MOST_AHEAD) == ""


def test_history_with_days_of_its_own_is_no_arrival_that_doubts_a_clock(folder_store, monkeypatch):
    backfill(folder_store, WEATHER, [], now=NOW, replace=False)
    monkeypatch.setattr(type(folder_store), "written_at", lambda *_: None)
    assert future.doubt_of_clock(folder_store, WEATHER, NOW) == ""


def test_a_store_that_was_written_to_a_moment_ago_vouches_for_the_clock(folder_store):
    backfill(folder_store, IRIS, [], now=NOW, replace=False)
    run_features(folder_store, IRIS, NOW.date(), now=NOW)
    assert future.doubt_of_clock(folder_store, IRIS, datetime.now(UTC)) == ""
    assert folder_store.written_at(samples_group(IRIS)) <= datetime.now(UTC)
    assert folder_store.written_at(READINGS) is None


def at(moment, monkeypatch):
    """What the command line reads as the clock."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    monkeypatch.setattr("pipelines.cli.main.datetime", Clock)


@pytest.fixture
def in_use(folder_store, tmp_path):
    backfill(folder_store, IRIS, [], now=NOW, replace=False)
    crown(folder_store, VARIETY, register_small_model(folder_store, VARIETY, tmp_path / "one"))
    run_daily(folder_store, NOW)
    return folder_store


@pytest.mark.parametrize("verb", [["features", "iris"], ["infer", "iris_variety"]])
def test_a_run_does_not_believe_a_clock_that_is_a_year_ahead(in_use, monkeypatch, capsys, verb):
    ahead = datetime.now(UTC) + timedelta(days=365)
    at(ahead, monkeypatch)
    before = in_use.count(samples_group(IRIS))
    assert main(verb) == 2
    assert f"If the clock is right, give the day yourself: --date {ahead.date()}." in capsys.readouterr().err
    assert in_use.count(samples_group(IRIS)) == before


@pytest.mark.usefixtures("in_use")
def test_who_sits_there_is_asked(monkeypatch):
    at(datetime.now(UTC) + timedelta(days=20), monkeypatch)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr("builtins.input", lambda words: asked.append(words) or "no")
    assert main(["features", "iris"]) == 2
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert main(["features", "iris"]) == 0
    assert "Is that today?" in asked[0]


def test_future_days_are_a_finding_everywhere_and_one_command_ends_them(in_use, monkeypatch, capsys):
    at(AHEAD, monkeypatch)
    assert main(["features", "iris", f"--date={AHEAD.date()}"]) == 0
    at(NOW, monkeypatch)
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    [finding] = json.loads(capsys.readouterr().out)["findings"]
    assert finding.endswith("Set them aside with `python -m pipelines repair --future`.")
    assert main(["status"]) == 0
    assert f"WRONG  {finding}" in capsys.readouterr().out
    assert main(["doctor"]) == 1
    assert f"FAIL  days of iris: {finding}" in capsys.readouterr().out
    assert main(["dashboard", "iris"]) == 0
    assert "There are days up to 16 March 2027, which is after today" in in_use.get_file("site/index.html").decode()
    assert main(["repair", "--future"]) == 0
    assert "361 rows of iris as set_aside/20260320T064700Z/iris.parquet" in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    kept = in_use.root / "set_aside" / "20260320T064700Z" / "iris.parquet"
    assert len(pd.read_parquet(kept)) == 361
