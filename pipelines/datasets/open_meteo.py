"""Daily weather of a place, as Open-Meteo sends it: reanalysis for the past, the newest days from its forecasts.

Written after its documentation (https://open-meteo.com/en/docs, /en/docs/historical-weather-api). Days are those of
UTC, which are whole at midnight UTC wherever the place lies. Every answer is checked for the units and the clock that
were asked for.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

from pipelines.datasets.fetching import Access, JsonObject
from pipelines.datasets.sources import Source
from pipelines.errors import SettingError, SourceError

ARCHIVE = "https://archive-api.open-meteo.com/v1/archive"
NEWEST = "https://api.open-meteo.com/v1/forecast"
# What each column is called there, and in which unit it must come.
COLUMNS = {
    "precipitation": ("precipitation_sum", "mm"),
    "temp_max": ("temperature_2m_max", "°C"),
    "temp_min": ("temperature_2m_min", "°C"),
    "wind": ("wind_speed_10m_max", "m/s"),
}
# The archive ends some days before today; what is younger arrives day by day. Four years hold every season four times.
ARCHIVE_BEHIND, HISTORY = timedelta(days=10), timedelta(days=4 * 365)
_PLACE = re.compile(r"(-?\d{1,2}(?:\.\d+)?),\s*(-?\d{1,3}(?:\.\d+)?)", re.ASCII)


def newest_days(access: Access, first: date, last: date) -> pd.DataFrame:
    """What is known now of the days from `first` to `last`, as text cells."""
    return _days(access, NEWEST, first, last)


def history(access: Access) -> Source:
    """The four years before the newest days, as a source that is known by its place."""
    last = access.now.date() - ARCHIVE_BEHIND
    return Source(_days(access, ARCHIVE, last - HISTORY, last), *identity(access))


def identity(access: Access) -> tuple[str, str]:
    """The name and the checksum of the history of a place: what it holds is corrected now and then, and stays it."""
    name = f"{ARCHIVE} of {', '.join(coordinates(access.place))}"
    return name, hashlib.sha256(name.encode()).hexdigest()


def check(access: Access) -> None:
    """Raise `SettingError` where it is asked of no place."""
    coordinates(access.place)


def coordinates(place: str) -> tuple[str, str]:
    """Latitude and longitude of a place such as `47.45,-122.31`.

    Raises
    ------
    SettingError
        It is none.
    """
    degrees = _PLACE.fullmatch(place)
    if not degrees or abs(float(degrees[1])) > 90 or abs(float(degrees[2])) > 180:  # noqa: PLR2004 - degrees
        raise SettingError(
            f"WEATHER_PLACE is {repr(place) if place else 'not set'}; it must be a latitude from -90 to 90 and a "
            "longitude from -180 to 180, such as 47.45,-122.31. Without it, `demo` plays a record."
        )
    return degrees[1], degrees[2]


def _days(access: Access, url: str, first: date, last: date) -> pd.DataFrame:
    latitude, longitude = coordinates(access.place)
    answer = access.get(
        url,
        {
            "latitude": latitude,
            "longitude": longitude,
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "daily": ",".join(name for name, _ in COLUMNS.values()),
            "wind_speed_unit": "ms",
            "timezone": "GMT",
        },
    )
    return _cells(answer)


def _cells(answer: JsonObject) -> pd.DataFrame:
    """The text cells of an answer, checked for what would change their meaning."""
    daily, units = _part(answer, "daily"), _part(answer, "daily_units")
    if answer.get("utc_offset_seconds") != 0:
        raise _unlike(f"its days are those of the zone {answer.get('timezone')!r}, and not of UTC")
    columns = {}
    for column, (name, unit) in COLUMNS.items():
        if units.get(name) != unit:
            raise _unlike(f"{name} comes in {units.get(name)!r}, and not in {unit}")
        columns[column] = daily.get(name)
    columns["event_time"] = daily.get("time")
    lengths = {len(cells) if isinstance(cells, list) else -1 for cells in columns.values()}
    if len(lengths) > 1 or -1 in lengths:
        raise _unlike(f"its columns are not lists of one length: {', '.join(columns)}")
    rows = pd.DataFrame(columns, dtype=object)
    return rows.map(lambda cell: None if cell is None else str(cell))


def _part(answer: JsonObject, name: str) -> Mapping[str, object]:
    part = answer.get(name)
    if not isinstance(part, dict):
        raise _unlike(f"it has no {name}")
    return part


def _unlike(what: str) -> SourceError:
    return SourceError(
        f"The answer of Open-Meteo is unlike its documentation: {what}. Nothing was changed. Compare "
        "pipelines/datasets/open_meteo.py with https://open-meteo.com/en/docs."
    )
