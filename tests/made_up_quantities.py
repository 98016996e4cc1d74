"""Data sets whose tasks predict a number: flats with a price, and a river whose level of tomorrow follows its rain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from made_up_days import RIVER

from pipelines.datasets.outcomes import Number
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Simulator, Task

QUARTERS = ("north", "south")


def flats(count=420, seed=5):
    """Flats whose price is bent, differs by quarter, and varies more the larger they are."""
    rng = np.random.default_rng(seed)
    area, age = rng.uniform(20, 160, count).round(1), rng.uniform(0, 100, count).round()
    quarter = rng.choice(QUARTERS, count)
    worth = 40 + 2.5 * area + 40 * np.sin(age / 16) + np.where(quarter == "north", 0.6 * area, 0.0)
    price = worth + rng.normal(0, 0.25, count) * area
    rows = pd.DataFrame({"area": area, "age": age, "quarter": quarter, "price": price.round(1)})
    rows.loc[rng.choice(count, 12, replace=False), "age"] = None
    return rows


FLATS = DataSet(
    name="flats", title="Flats", description="Made-up flats of a town.",
    provenance=Provenance(citation="Made up.", url="https://example.org/flats", licence="CC0"),
    features=(
        Feature(name="area", title="Area", description="Of all rooms.", unit="m²", low=5, high=900),
        Feature(name="age", title="Age", description="Of the building.", unit="years", low=0, high=900),
        Feature(name="quarter", title="Quarter", description="Of the town.", kind="categorical", values=QUARTERS),
    ),
    labels=(Label(name="price", title="Price", description="Paid.", kind="number"),),
    tasks=(Task(name="flat_price", title="Price of a flat", description="What a flat is sold for.", label="price",
                outcome=Number(unit="k€", low=0, high=5000, decimals=0), inputs=("area", "age", "quarter")),),
    strata=("price",), historical_time=datetime(2020, 1, 1, tzinfo=UTC),
    simulator=Simulator(kind="rank_bootstrap", strata=()), plural="flats",
    load=lambda paths: from_frame(flats(), "made-up flats"),  # noqa: ARG005 - every source is asked alike
)  # fmt: skip
PRICE = FLATS.tasks[0]

LEVEL_RIVER = replace(
    RIVER,
    name="levels",
    labels=(
        *RIVER.labels,
        Label(name="level_next", title="Next level", description="Of the next day.", kind="number", of="level",
              ahead=1, due_after=timedelta(days=1)),
    ),
    tasks=(
        Task(name="river_level", title="Level tomorrow", description="How high the river stands.", label="level_next",
             outcome=Number(unit="m", low=-5, high=90, decimals=2), scorer="rmse",
             inputs=("rain", "level", "level_before", "rain_5", "month")),
    ),
)  # fmt: skip
LEVEL = LEVEL_RIVER.tasks[0]
