"""Asking a live source: what is tried again, for how long, and what is said in the end."""

from datetime import UTC, date, datetime

import pytest
from sources.server import Station, running

from pipelines.datasets import open_meteo, weather
from pipelines.datasets.fetching import ATTEMPTS, Access
from pipelines.errors import SettingError, SourceError

NOW = datetime(2015, 12, 1, 4, 17, tzinfo=UTC)
FIRST, LAST = date(2015, 11, 20), date(2015, 11, 30)


@pytest.fixture
def station():
    return Station()


@pytest.fixture
def address(station):
    with running(station) as address:
        yield address


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def access(address, pauses):
    return Access(NOW, place="47.45,-122.31", endpoint=address, sleep=pauses.append)


def test_the_days_come_as_text_cells_with_what_rain_means(access):
    rows = weather.fetch(access, FIRST, LAST)
    assert list(rows["event_time"])[::10] == ["2015-11-20", "2015-11-30"]
    assert set(rows["rain"]) == {"dry", "rain"}
    assert all(isinstance(cell, str) for cell in rows["temp_max"])


def test_a_source_is_asked_for_a_place_days_units_and_the_clock_of_utc(access, station):
    weather.fetch(access, FIRST, LAST)
    (asked,) = station.asked
    assert (asked["latitude"], asked["longitude"]) == ("47.45", "-122.31")
    assert (asked["start_date"], asked["end_date"]) == ("2015-11-20", "2015-11-30")
    assert (asked["wind_speed_unit"], asked["timezone"], asked["authorization"]) == ("ms", "GMT", "")


def test_a_key_goes_where_no_address_shows_it(address, station):
    weather.fetch(Access(NOW, place="1,2", endpoint=address, token="secret"), FIRST, LAST)
    assert station.asked[0].pop("authorization") == "Bearer secret"
    assert "secret" not in str(station.asked)
    assert "secret" not in repr(Access(NOW, token="secret"))


@pytest.mark.parametrize("fault", ["500", "429", "cut", "html"])
def test_what_passes_is_tried_again(access, station, pauses, fault):
    station.faults = [fault, fault]
    assert len(weather.fetch(access, FIRST, LAST)) == 11
    assert len(pauses) == 2
    assert len(station.asked) == 3


def test_a_pause_that_is_asked_for_is_kept(access, station, pauses):
    station.faults = ["429"]
    weather.fetch(access, FIRST, LAST)
    assert pauses[0] >= 7


@pytest.mark.parametrize(
    ("fault", "told"),
    [("500", "HTTP 500"), ("429", "HTTP 429"), ("html", "it sends no JSON but '<!DOCTYPE html>"),
     ("cut", "breaks off")],
)  # fmt: skip
def test_what_does_not_pass_ends_in_one_sentence(access, station, fault, told):
    station.faults = [fault] * ATTEMPTS
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ gives no answer that can be used") as refused:
        weather.fetch(access, FIRST, LAST)
    assert told in str(refused.value)
    assert "the next run asks for the same days again" in str(refused.value)
    assert len(station.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("fault", "told"),
    [("404", "refuses with HTTP 404: .*Correct what is asked for"), ("list", "answers with a list"),
     ("schema", "its columns are not lists of one length: precipitation"),
     ("units", "precipitation_sum comes in 'inch', and not in mm"), ("short", "not lists of one length"),
     ("zone", "its days are those of the zone 'America/Los_Angeles', and not of UTC")],
)  # fmt: skip
def test_what_no_attempt_would_mend_is_refused_at_once(access, station, pauses, fault, told):
    station.faults = [fault]
    with pytest.raises(SourceError, match=told):
        weather.fetch(access, FIRST, LAST)
    assert not pauses


def test_nobody_there(pauses):
    with pytest.raises(SourceError, match="it cannot be reached"):
        weather.fetch(Access(NOW, place="1,2", endpoint="http://127.0.0.1:9", sleep=pauses.append), FIRST, LAST)
    assert len(pauses) == ATTEMPTS - 1


def test_a_copy_of_each_answer_is_kept_as_it_came(address):
    kept = []
    weather.fetch(Access(NOW, place="1,2", endpoint=address, keep=kept.append), FIRST, LAST)
    assert b'"precipitation_sum"' in kept[0]


@pytest.mark.parametrize("place", ["", "Seattle", "47.45", "47.45;-122.31", "91,0", "0,181", "47.45,-122.31,3"])
def test_what_is_no_place_is_refused(place):
    with pytest.raises(SettingError, match="it must be a latitude from -90 to 90"):
        open_meteo.coordinates(place)
