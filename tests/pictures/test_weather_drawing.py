"""How warm tomorrow gets is drawn as a thermometer that dresses for it."""

import pandas as pd

from pipelines.datasets.weather import DATASET as WEATHER
from pipelines.monitoring.kinds import newest_portrait
from pipelines.pictures.portrait import portrait

TEMPERATURE = WEATHER.tasks[1]


def test_cold_mild_hot_and_unknown_days_look_different():
    drawn = {portrait(TEMPERATURE, {}, label, pd.DataFrame()) for label in ("-3.5", "14.0", "33", "")}
    assert len(drawn) == 4


def test_the_newest_prediction_is_drawn_as_the_data_set_draws_it():
    assert newest_portrait(TEMPERATURE, {"prediction": 33.0}, pd.DataFrame()) == portrait(
        TEMPERATURE, {"prediction": 33.0}, "33.0", pd.DataFrame()
    )
