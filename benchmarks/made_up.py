"""Made-up measurements to measure stores with: keys, times and eleven numbers, three hundred rows a day."""

import numpy as np
import pandas as pd

MEASUREMENTS = tuple(f"m{number:02}" for number in range(11))
ROWS_A_DAY = 300
FIRST_DAY = pd.Timestamp("2016-01-01", tz="UTC")


def made_up_rows(first: int, count: int) -> pd.DataFrame:
    """Rows number `first` to `first + count`: `sample_id`, `event_time` (UTC, one a day) and the measurements."""
    numbers = np.arange(first, first + count)
    values = np.random.default_rng(first).normal(7, 2, (count, len(MEASUREMENTS))).round(3)
    days = pd.to_timedelta(numbers // ROWS_A_DAY, unit="D")
    times = pd.Series(FIRST_DAY + days).astype("datetime64[us, UTC]")
    keys = pd.DataFrame({"sample_id": [f"s-{number:09}" for number in numbers], "event_time": times})
    return keys.join(pd.DataFrame(values, columns=list(MEASUREMENTS)))


def made_up_day(number: int) -> pd.DataFrame:
    """All rows of a day, counted from 0."""
    return made_up_rows(number * ROWS_A_DAY, ROWS_A_DAY)
