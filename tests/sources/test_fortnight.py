"""A fortnight of fetched days: whatever happens in between, it ends as an undisturbed one does."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import pytest
from small_models import crown, register_small_model
from sources.server import Station, running

from pipelines import models
from pipelines.datasets.fetching import Access
from pipelines.datasets.weather import DATASET as WEATHER
from pipelines.errors import NotReadyError, SourceError, UsageError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.stores.catalogue import load_version, predictions_group, read_history, samples_group
from pipelines.stores.embedded import EmbeddedStore

RAIN = WEATHER.tasks[0]
BEGIN, END = date(2015, 12, 3), date(2015, 12, 17)
WITHHELD, CORRECTED, TWICE = date(2015, 12, 12), date(2015, 12, 4), date(2015, 12, 6)
PLACE = "47.45,-122.31"


def station(**faults):
    """What all fortnights have: a row three days late, a correction, a day told twice."""
    return Station(late={WITHHELD: 3}, corrected={CORRECTED: (date(2015, 12, 8), "0.0")}, twice={TWICE}, **faults)


def clock(day):
    return datetime.combine(day, time(4, 17), tzinfo=UTC)


def access_of(address, day):
    return Access(clock(day), place=PLACE, endpoint=address, sleep=lambda _: None)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A store with the fetched history, and a champion."""
    folder = tmp_path_factory.mktemp("fetched")
    store = EmbeddedStore(folder / "store")
    with running(Station(today=BEGIN)) as address:
        backfill(store, WEATHER, [], now=clock(BEGIN), access=access_of(address, BEGIN))
    crown(store, RAIN, register_small_model(store, RAIN, folder / "one"), clock(BEGIN))
    return store.root


def operate(root, folder, source, missed=()):
    """Run every day but the missed ones; returns the store and what failed."""
    store, failed = EmbeddedStore(shutil.copytree(root, folder)), {}
    with running(source) as address:
        for day in pd.date_range(BEGIN, END).date:
            if day in missed:
                continue
            source.today = day
            try:
                run_features(store, WEATHER, day, now=clock(day), access=access_of(address, day))
            except SourceError as error:
                failed[day] = str(error)
            run_inference(store, RAIN, run_date=day, now=clock(day))
    return store, failed


@pytest.fixture(scope="module")
def undisturbed(begun, tmp_path_factory):
    return operate(begun, tmp_path_factory.mktemp("calm") / "store", station())[0]


@pytest.fixture(scope="module")
def disturbed(begun, tmp_path_factory):
    down = {date(2015, 12, day) for day in (8, 9, 10)}
    return operate(begun, tmp_path_factory.mktemp("rough") / "store", station(down=down), missed=[date(2015, 12, 5)])


def arrivals(store):
    return store.read(samples_group(WEATHER), where={"origin": "fetched"})


def predictions(store):
    times = ["predicted_at", "settled_at", "corrected_at"]
    found = store.read(predictions_group(RAIN))
    return found.drop(columns=[name for name in times if name in found.columns])


def test_history_ends_before_the_newest_days(begun):
    history = read_history(EmbeddedStore(begun), WEATHER)
    assert history["event_time"].max().date() == date(2015, 11, 23)
    assert set(history["origin"]) == {"historical"}


def test_every_day_arrives_once_with_what_its_source_says_at_last(undisturbed):
    rows = arrivals(undisturbed).set_index("sample_id")
    days = pd.date_range("2015-11-24", END - timedelta(days=1))
    assert list(rows.index) == [f"weather-{day:%Y-%m-%d}" for day in days]
    assert rows.loc["weather-2015-12-04", "precipitation"] == 0.0
    assert rows.loc["weather-2015-12-06", "precipitation"] < 99


def test_features_are_those_of_the_whole_series(undisturbed):
    rows = arrivals(undisturbed).set_index("sample_id")
    assert rows.loc["weather-2015-12-05", "rain_before"] == "dry"
    assert rows.loc["weather-2015-12-13", "temp_max_before"] == rows.loc["weather-2015-12-12", "temp_max"]
    assert rows["precipitation_14"].notna().all()


def test_every_day_is_predicted_once_and_settled_when_the_next_is_told(undisturbed):
    found = predictions(undisturbed)
    assert found["sample_id"].is_unique
    assert len(found) == len(arrivals(undisturbed))
    assert list(found.loc[found["label"].isna(), "sample_id"]) == ["weather-2015-12-16"]
    assert found.set_index("sample_id").loc["weather-2015-12-03", "label"] == "dry"


def test_a_missed_run_and_an_outage_of_three_days_change_nothing_in_the_end(undisturbed, disturbed):
    store, failed = disturbed
    assert sorted(failed) == [date(2015, 12, day) for day in (8, 9, 10)]
    pd.testing.assert_frame_equal(arrivals(store), arrivals(undisturbed))
    pd.testing.assert_frame_equal(predictions(store), predictions(undisturbed))


def test_a_run_again_writes_nothing(undisturbed):
    with running(replace(station(), today=END)) as address:
        done = run_features(undisturbed, WEATHER, END, now=clock(END), access=access_of(address, END))
    assert done.written == 0
    assert run_inference(undisturbed, RAIN, run_date=END, now=clock(END)).written == 0


def test_a_correction_leaves_what_was_predicted_from_untouched(undisturbed):
    row = arrivals(undisturbed).set_index("sample_id", drop=False).loc[["weather-2015-12-04"]]
    told = predictions(undisturbed).set_index("sample_id").loc["weather-2015-12-04", "inputs"]
    assert told != models.fingerprint_inputs(load_version(undisturbed, RAIN, 1, models.load), row).iloc[0]


def test_a_day_of_which_nothing_is_told_stays_due(begun, tmp_path):
    store = EmbeddedStore(shutil.copytree(begun, tmp_path / "store"))
    day = date(2015, 12, 3)
    with running(Station(today=day, late={date(2015, 12, 2): 5})) as address:
        done = run_features(store, WEATHER, day, now=clock(day), access=access_of(address, day))
        assert done.note == "The source has nothing yet for 2015-12-02; what is missing stays due."
        assert [each.day.day for each in done.days] == [24, 25, 26, 27, 28, 29, 30, 1, 2]
        again = run_features(store, WEATHER, day, now=clock(day), access=access_of(address, day))
    assert [each.day for each in again.days] == [date(2015, 12, 2)]


def test_answers_are_kept_for_a_month(undisturbed):
    kept = undisturbed.list_files("answers/weather/")
    assert kept == [f"answers/weather/{day.day:02}.json" for day in pd.date_range(BEGIN, END)]


def test_the_history_is_asked_once_and_never_mixed(begun, tmp_path):
    store = EmbeddedStore(shutil.copytree(begun, tmp_path / "store"))
    quiet = Access(clock(END), place=PLACE, endpoint="http://127.0.0.1:9")
    assert backfill(store, WEATHER, [], now=clock(END), access=quiet).written == 0
    with pytest.raises(SourceError, match=r"the archive of 47\.45,-122\.31"):
        backfill(store, WEATHER, [], now=clock(END))
    elsewhere = replace(quiet, place="52.52,13.41")
    with pytest.raises(NotReadyError, match=r"not that of 52\.52,13\.41.*backfill weather --replace"):
        run_features(store, WEATHER, END, now=clock(END), access=elsewhere)


def test_recorded_days_do_not_go_on_from_fetched_ones(undisturbed):
    with pytest.raises(UsageError, match="has fetched samples, and recorded ones beside them are no part"):
        run_features(undisturbed, WEATHER, END, arrivals="record", now=clock(END), access=Access(clock(END)))
    with pytest.raises(UsageError, match="weather has no samples to simulate; it can fetch or record"):
        run_features(undisturbed, WEATHER, END, arrivals="simulate", now=clock(END))
