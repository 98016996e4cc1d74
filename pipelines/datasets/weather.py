"""Weather: the days of a place, whether it rains on the next one, and how warm that will be.

Offline it is a record of Seattle, four years from 2012 on, whose last month the demo plays. Where `WEATHER_PLACE` says
where, the days are fetched.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.datasets import open_meteo
from pipelines.datasets.derived import Calendar, Derived, Lag, Rolling
from pipelines.datasets.fetching import Access, Fetched, Record
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.sky import draw_rain, draw_sun, draw_thermometer
from pipelines.datasets.sources import Form, Source, read_files
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = Path(__file__).parents[2] / "data" / "weather.csv"
RAINS = ("dry", "rain")
MEASURED = ("precipitation", "temp_max", "temp_min", "wind")
# What no place on earth has been beyond, in the shade.
COLDEST, WARMEST = -90, 60
TEMPERATURE = "weather_temperature"
# Measurable rain, as the United States count it: a hundredth of an inch.
WET_FROM = 0.25
DAY = timedelta(days=1)

# The month that the demo plays, and a row of it that comes three days late, as rows of a station do now and then.
RECORD_FIRST, RECORD_LAST = date(2015, 12, 1), date(2015, 12, 31)
# The day before comes with the first run, so that a month of 30 runs tells 30 outcomes.
HISTORY_END = RECORD_FIRST - DAY
LATE = {date(2015, 12, 10): 3 * DAY}


def iso_day(cell: str) -> str:
    """`2012-01-01` for `2012/01/01`."""
    return cell.replace("/", "-")


FORM = Form(aliases={"date": "event_time", "day": "event_time"}, spellings={"event_time": iso_day})


def load(paths: Sequence[Path]) -> Source:
    """Read days from CSV files, or the record of Seattle up to what the demo plays."""
    source = read_files(paths or [FILE], ("event_time", *MEASURED), FORM)
    rows = source.rows if paths else source.rows[source.rows["event_time"] < HISTORY_END.isoformat()]
    return Source(with_rain(rows), source.name, source.sha256)


def with_rain(cells: pd.DataFrame) -> pd.DataFrame:
    """The days with the column `rain`: rain from a measurable amount on, and nothing where none was measured."""
    amount = pd.to_numeric(cells["precipitation"], errors="coerce")
    rain = pd.Series(np.where(amount >= WET_FROM, "rain", "dry"), index=cells.index, dtype=object)
    return cells.assign(rain=rain.where(amount.notna(), None))


def fetch(access: Access, first: date, last: date) -> pd.DataFrame:
    """What the source knows now of the days from `first` to `last`."""
    return with_rain(open_meteo.newest_days(access, first, last))


def history(access: Access) -> Source:
    """The years before, of the place that is fetched."""
    source = open_meteo.history(access)
    return Source(with_rain(source.rows), source.name, source.sha256)


def recorded(access: Access, first: date, last: date) -> pd.DataFrame:
    """What was known, at the time of the clock, of the days of the record."""
    rows = _record()
    days = pd.to_datetime(rows["event_time"]).dt.date
    told = np.array([day + LATE.get(day, timedelta(0)) <= access.now.date() for day in days])
    return rows[told & (days >= first).to_numpy() & (days <= last).to_numpy()].reset_index(drop=True)


@cache
def _record() -> pd.DataFrame:
    return with_rain(read_files([FILE], ("event_time", *MEASURED), FORM).rows)


def draw(axes: "Axes", sample: pd.Series, task: Task, label: str) -> None:  # noqa: ARG001 - a face tells it all
    """Draw the next day: the sun, a cloud with rain or a thermometer, grey where it is not known."""
    if task.name == TEMPERATURE:
        draw_thermometer(axes, float(label) if label else None)
    elif label == "rain":
        draw_rain(axes)
    else:
        draw_sun(axes, labelled=label == "dry")


def _temperature(name: str, title: str, description: str, derived: Derived | None = None) -> Feature:
    return Feature(
        name=name, title=title, description=description, unit="°C", low=COLDEST, high=WARMEST, plausible=(-60, 55),
        usual=(-15.0, 13.0, 38.0), derived=derived,
    )  # fmt: skip


DATASET = DataSet(
    name="weather",
    title="Weather",
    description="Days of one place, whether it rains on the next one, and how warm it gets.",
    provenance=Provenance(
        citation="National Oceanic and Atmospheric Administration, daily summaries of Seattle-Tacoma airport, as "
        "seattle-weather.csv of vega_datasets 0.9.0.",
        url="https://github.com/vega/vega-datasets",
        licence="public domain",
    ),
    features=(
        Feature(
            name="precipitation",
            title="Rain",
            description="Rain and melted snow of the day.",
            unit="mm",
            low=0,
            high=2000,
            plausible=(0, 500),
        ),
        _temperature("temp_max", "Highest temperature", "The warmest of the day."),
        _temperature("temp_min", "Lowest temperature", "The coldest of the day."),
        Feature(
            name="wind",
            title="Wind",
            description="How fast the wind blew.",
            unit="m/s",
            low=0,
            high=120,
            plausible=(0, 60),
            usual=(0.3, 3.5, 25.0),
        ),
        Feature(name="rain", title="Dry or rain", description="Rain from 0.25 mm.", kind="categorical", values=RAINS),
        Feature(
            name="rain_before",
            title="The day before",
            description="Dry or rain.",
            kind="categorical",
            values=RAINS,
            derived=Lag("rain", 1),
        ),
        _temperature("temp_max_before", "Warmest, the day before", "Of the day before.", Lag("temp_max", 1)),
        *(
            Feature(
                name=f"precipitation_{days}",
                title=f"Rain of {days} days",
                description=f"The mean of the day and the {days - 1} before.",
                unit="mm",
                low=0,
                high=2000,
                derived=Rolling("precipitation", days, "mean"),
            )
            for days in (3, 14)
        ),
        Feature(
            name="day_of_year",
            title="Day of the year",
            description="From 1 on the first of January.",
            low=1,
            high=366,
            derived=Calendar("day_of_year"),
        ),
        _temperature("temp_max_30", "Warmest, 30 days", "The mean of 30 days.", Rolling("temp_max", 30, "mean")),
        Feature(
            name="season",
            title="Season",
            description="From -1 in mid-January to 1 in mid-July.",
            low=-1,
            high=1,
            derived=Calendar("season"),
        ),
        Feature(
            name="spring",
            title="Spring or autumn",
            description="From -1 in mid-October to 1 in mid-April.",
            low=-1,
            high=1,
            derived=Calendar("spring"),
        ),
    ),
    labels=(
        Label(
            name="rain_tomorrow",
            title="Tomorrow",
            description="Whether the next day had rain.",
            values=RAINS,
            of="rain",
            ahead=1,
            # A day is whole when the next one has begun.
            due_after=2 * DAY,
        ),
        Label(
            name="temp_max_tomorrow",
            title="Warmest, tomorrow",
            description="The highest temperature of the next day.",
            kind="number",
            of="temp_max",
            ahead=1,
            due_after=2 * DAY,
        ),
    ),
    tasks=(
        Task(
            name="weather_rain",
            title="Rain tomorrow",
            description="Whether the next day is dry or has rain, from the days before it.",
            label="rain_tomorrow",
            outcome=Classes(names=RAINS),
            inputs=(
                "precipitation", "temp_max", "temp_min", "wind", "rain", "rain_before", "temp_max_before",
                "precipitation_3", "precipitation_14", "day_of_year",
            ),
        ),
        Task(
            name=TEMPERATURE,
            title="Warmest tomorrow",
            description="How warm the next day gets, from the days before it.",
            label="temp_max_tomorrow",
            outcome=Number(unit="°C", low=COLDEST, high=WARMEST),
            # A large miss is worse than several small ones for whoever dresses by it.
            scorer="rmse",
            inputs=(
                "temp_max", "temp_min", "temp_max_before", "temp_max_30", "precipitation", "precipitation_3", "wind",
                "rain", "season", "spring",
            ),
        ),
    ),
    strata=("rain_tomorrow",),
    split="time",
    historical_time=datetime(1940, 1, 1, tzinfo=UTC),
    arrivals=Fetched(fetch=fetch, history=history, check=open_meteo.check),
    record=Record(fetch=recorded, first=RECORD_FIRST, last=RECORD_LAST),
    form=FORM,
    caution="Not for decisions that a weather service is there for.",
    load=load,
    draw=draw,
    plural="days",
)  # fmt: skip
