"""What an arrivals kind is, and what all kinds share: identity, event time and seeded randomness."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from pipelines.datasets.fetching import Access
from pipelines.datasets.spec import DataSet

NO_SCENARIO = "none"

Slot = tuple[date, int]
Arrived = Callable[[date | None, date], pd.DataFrame]


@dataclass(frozen=True)
class Due:
    """What a run of the feature pipeline asks for.

    Attributes
    ----------
    days
        The days to fill, in order.
    per_day
        How many samples a day is to have.
    newest
        The newest day that has samples; None where none has.
    reserve
        Typed historical rows of the role `reserve` with their `sample_id`, in any order.
    distinguishable
        Whether equal rows are one sample (see `datasets.identity`).
    access
        How a live source is asked; None where none can be.
    arrived
        `sample_id`, `event_time` and `origin` of what is stored from one day (None: from the first) up to, not
        including, another.
    """

    days: Sequence[date]
    per_day: int
    newest: date | None
    reserve: pd.DataFrame = field(repr=False)
    arrived: Arrived = field(repr=False)
    scenario: str = NO_SCENARIO
    distinguishable: bool = True
    access: Access | None = None


class ArrivalsKind(Protocol):
    """One way in which new samples come.

    Attributes
    ----------
    name
        What a person asks for: `--arrivals NAME`.
    origin
        What the rows say in their column `origin`.
    title
        What the rows are, for the beginning of a sentence.
    scenarios
        What can be made to go wrong with them.
    trains
        Whether rows that have been predicted may train later versions.
    derived
        Whether the rows are made of reserve rows, so that who learned from the reserve has seen them.
    """

    name: str
    origin: str
    title: str
    scenarios: tuple[str, ...]
    trains: bool
    derived: bool

    def behind(self, dataset: DataSet) -> timedelta:
        """How long after its beginning a day can be asked for."""

    def rows(self, dataset: DataSet, due: Due) -> tuple[pd.DataFrame, str]:
        """The rows of the due days in the columns of the samples group, the role empty, and a note for the reader.

        Where time splits, as text cells with `event_time` that the data contract checks, and nothing is derived yet.
        """


def as_arrivals(dataset: DataSet, samples: pd.DataFrame, slots: Sequence[Slot], origin: str) -> pd.DataFrame:
    """Give samples the identity and the event time of their slots, in the columns of the samples group.

    Parameters
    ----------
    slots
        For each sample its day and its number within the day, counted from 0.
    origin
        How they came here.
    """
    columns = [feature.name for feature in dataset.features] + [label.name for label in dataset.labels]
    frame = samples[columns].reset_index(drop=True)
    ids = [f"{dataset.name}-{day.isoformat()}-{number:03d}" for day, number in slots]
    times = [datetime.combine(day, time(), tzinfo=UTC) + timedelta(milliseconds=number) for day, number in slots]
    frame.insert(0, "sample_id", pd.Series(ids, dtype=object))
    frame.insert(1, "event_time", pd.Series(times, dtype="datetime64[us, UTC]"))
    return frame.assign(origin=origin, role=np.full(len(frame), None, dtype=object))


def seeded(text: str) -> np.random.Generator:
    """A random generator that depends on the text alone."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode()).digest())))
