"""Features that are computed from the days behind a sample: declared here, computed in `series`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.errors import DeclarationError

Summary = Literal["mean", "sum", "lowest", "highest"]
CalendarPart = Literal["day_of_year", "month", "weekday", "season", "spring"]

# The middle of the year's warmer half in the north, when the air has followed the sun.
MIDSUMMER, YEAR = 200, 365.25


def _angle(days: pd.Series) -> pd.Series:
    """How far around the year from midsummer each day lies, in radians."""
    return 2 * np.pi * (days.dt.dayofyear - MIDSUMMER) / YEAR


# Each part of dates: the day of the year and the month from 1, the weekday from 0 for Monday, and the time of the year
# as two waves, which have no jump at New Year: how near it is to midsummer, and whether days are becoming warmer.
CALENDAR: Mapping[CalendarPart, Callable[[pd.Series], pd.Series]] = {
    "day_of_year": lambda days: days.dt.dayofyear,
    "month": lambda days: days.dt.month,
    "weekday": lambda days: days.dt.dayofweek,
    "season": lambda days: np.cos(_angle(days)),
    "spring": lambda days: -np.sin(_angle(days)),
}


@dataclass(frozen=True)
class Lag:
    """What the feature `of` was `days` days before."""

    of: str
    days: int

    def __post_init__(self) -> None:
        if self.days < 1:
            raise DeclarationError(f"a lag of {self.of} by {self.days} days does not look back; give 1 day or more.")

    @property
    def reach(self) -> int:
        """How many days before a sample its value depends on."""
        return self.days


@dataclass(frozen=True)
class Rolling:
    """A summary of the feature `of` over so many days, of which the sample's is the last; missing if one of them is."""

    of: str
    days: int
    how: Summary

    def __post_init__(self) -> None:
        if self.days < 2:  # noqa: PLR2004 - of one day there is nothing to summarise
            raise DeclarationError(f"a summary of {self.of} over {self.days} days is none; give 2 days or more.")

    @property
    def reach(self) -> int:
        """How many days before a sample its value depends on."""
        return self.days - 1


@dataclass(frozen=True)
class Calendar:
    """A part of the sample's date as a number: `day_of_year` from 1, `month` from 1, `weekday` from 0 for Monday,
    `season` from -1 in mid-January to 1 in mid-July, or `spring` from -1 in mid-October to 1 in mid-April.
    """

    part: CalendarPart

    @property
    def reach(self) -> int:
        """How many days before a sample its value depends on."""
        return 0


Derived = Lag | Rolling | Calendar
