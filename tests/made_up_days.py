"""A data set whose rows are days: a river whose level follows the rain, and whether it floods the next day."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipelines.datasets.derived import Calendar, Lag, Rolling
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Task

FIRST, COUNT = datetime(2024, 1, 1, tzinfo=UTC), 280
STATES = ("calm", "flood")


def days(count=COUNT):
    """The measured days as text cells, with one day that is not there."""
    rng = np.random.default_rng(7)
    rain = rng.gamma(1.0, 4.0, count).round(1)
    level = pd.Series(rain).ewm(alpha=0.15).mean().to_numpy() + rng.normal(0, 0.1, count)
    rows = pd.DataFrame({
        "event_time": [(FIRST + timedelta(days=day)).date().isoformat() for day in range(count)],
        "rain": rain, "level": level.round(2), "state": np.where(level > 4, "flood", "calm"),
    })  # fmt: skip
    return rows.drop(index=20, errors="ignore")


def load(paths):  # noqa: ARG001 - every source is asked alike
    return from_frame(days(), "made-up river")


RIVER = DataSet(
    name="river", title="River", description="A made-up river.",
    provenance=Provenance(citation="Made up.", url="https://example.org/river", licence="CC0"),
    features=(
        Feature(name="rain", title="Rain", description="Of the day.", unit="mm", low=0, high=300),
        Feature(name="level", title="Level", description="In the evening.", unit="m", low=-5, high=90),
        Feature(name="state", title="State", description="Of the day.", kind="categorical", values=STATES),
        Feature(name="level_before", title="Level before", description="Of yesterday.", derived=Lag("level", 1)),
        Feature(name="state_before", title="State before", description="Of the day before yesterday.",
                kind="categorical", values=STATES, derived=Lag("state", 2)),
        Feature(name="rain_5", title="Rain of 5 days", description="Mean.", derived=Rolling("rain", 5, "mean")),
        Feature(name="month", title="Month", description="Of the year.", derived=Calendar("month")),
    ),
    labels=(Label(name="state_next", title="Next state", description="Of the next day.", values=STATES, of="state",
                  ahead=1, due_after=timedelta(days=1)),),
    tasks=(Task(name="river_state", title="State of the river", description="Calm or flood.", label="state_next",
                outcome=Classes(names=STATES),
                inputs=("rain", "level", "state", "level_before", "state_before", "rain_5", "month")),),
    strata=("state_next",), split="time", historical_time=FIRST, load=load, draw=lambda *_: None,
)  # fmt: skip
STATE = RIVER.tasks[0]
