"""When outcomes are learned: how long they are looked for, which predictions await them, what was known at a time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from pipelines.datasets import Task

# How far before the newest prediction a run looks for an arrival without one, and, beyond the days after which an
# outcome is due, for one that came or was corrected. A day that is created again with more samples falls into it, and
# so do the monthly corrections of sources; a fixed width keeps a day's cost the same however long the history is.
LOOK_BACK = timedelta(days=35)
# The schedule runs daily and GitHub may start it hours late; after two days a run was missed.
LATE_AFTER = timedelta(hours=48)


@dataclass(frozen=True)
class Awaiting:
    """The served predictions whose outcome is waited for.

    Attributes
    ----------
    n
        How many there are.
    since
        The day of the oldest.
    overdue_after
        When a run must have learned its outcome (UTC).
    """

    n: int = 0
    since: date | None = None
    overdue_after: datetime | None = None


def look_back(task: Task) -> timedelta:
    """How far before the newest prediction of a task an outcome is looked for; after that it is given up."""
    return LOOK_BACK + (task.due_after or timedelta(0))


def awaiting(task: Task, predictions: pd.DataFrame) -> Awaiting:
    """What is waited for among rows of the predictions group; nothing where the outcome comes with the sample."""
    times = predictions["event_time"]
    if task.due_after is None or times.empty:
        return Awaiting()
    still = predictions["label"].isna() & (times >= times.max() - look_back(task))
    waiting = times[still & (predictions["served"] == "champion")]
    if waiting.empty:
        return Awaiting()
    oldest = waiting.min().to_pydatetime()
    return Awaiting(len(waiting), oldest.date(), oldest + task.due_after + LATE_AFTER)


def as_known(predictions: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """The predictions that had been made by a time (UTC), open where no run had learned the outcome by then.

    An outcome that was corrected since is the corrected one, since the first is not kept: see `corrected_since`.
    """
    made = predictions[predictions["predicted_at"] <= at].reset_index(drop=True)
    settled, corrected = _settled_at(made) <= at, made["corrected_at"] <= at
    return made.assign(
        label=made["label"].where(settled, None),
        settled_at=made["settled_at"].where(settled),
        corrected_at=made["corrected_at"].where(corrected),
    )


def corrected_since(predictions: pd.DataFrame, at: datetime) -> int:
    """Of how many predictions the outcome that was known at a time (UTC) has been corrected afterwards."""
    return int(((_settled_at(predictions) <= at) & (predictions["corrected_at"] > at)).sum())


def _settled_at(predictions: pd.DataFrame) -> pd.Series:
    """When each outcome was first known; what an earlier version of the project settled was known when predicted."""
    settled = predictions["settled_at"].fillna(predictions["predicted_at"])
    return settled.where(predictions["label"].notna())
