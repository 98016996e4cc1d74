"""The ledger as the store keeps it: brought up to date from the newest rows, and made again from all where it must be.

Inference changes nothing older than what it looks back to and the days that came late. These are summed again; what is
kept of the other days stands, as long as it counts as many rows as there are.
"""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pipelines.datasets import Task
from pipelines.documents import plain
from pipelines.models.metrics import WINDOWS
from pipelines.monitoring.ledger import COUNTS, Ledger, newest_first_day, summed
from pipelines.monitoring.quality import live_estimates
from pipelines.stores.base import Store
from pipelines.stores.catalogue import ledger_group, predictions_group
from pipelines.stores.late_days import late_days
from pipelines.stores.outcomes import look_back

KEY = ["day", "model_version"]
TOLD = ("rolling", "live")
DAY = timedelta(days=1)
# What is expected of open predictions is told by windows of the newest years.
EXPECTED_READ = timedelta(days=730)
# The days for which drift of predictions and labels is told.
CLASSES_READ = timedelta(days=max(WINDOWS))
# A week of rows is read in a second, and a job of Hopsworks takes minutes.
MOST_BEHIND = timedelta(days=7)

log = logging.getLogger(__name__)


def read_ledger(store: Store, task: Task) -> Ledger:
    """The ledger of a task as its predictions are now; nothing is written."""
    group, kept = predictions_group(task), store.read(ledger_group(task))
    start = _read_from(store, task, kept)
    rows = store.read(group, start=start)
    late = _late_rows(store, task, start) if start else []
    days, sums = summed(task, pd.concat([rows, *late], ignore_index=True))
    again = kept["day"].isin(days["day"]) | (kept["day"] >= start if start else True)
    try:
        old = sums.from_flat(np.array([json.loads(text) for text in kept.loc[~again, "sums"]], dtype=np.float64))
    except ValueError as error:
        log.warning("The ledger of %s is made again: %s", task.name, error)
        return Ledger.of(task, store.read(group))
    fresh = days.drop(columns=list(TOLD)).assign(sums=[_sums_text(row) for row in sums.flat()])
    days = _told_before(pd.concat([kept.loc[~again, fresh.columns], fresh], ignore_index=True), kept)
    if days["samples"].sum() != store.count(group):
        log.info("The ledger of %s is made again: it lacks rows of days that are not looked at any more", task.name)
        return Ledger.of(task, store.read(group))
    order = days.sort_values(KEY).index.to_numpy()
    days, sums = days.iloc[order].reset_index(drop=True), old.joined(sums).at(order)
    return Ledger(task, days, sums, _newest(rows, newest_first_day(days, _least(task))))


def keep_ledger(store: Store, ledger: Ledger, over_time: pd.DataFrame) -> None:
    """Keep the ledger in the store with the scores that are told of it; only what differs is written.

    Where a write waits for minutes this is done once a week: a ledger that is some days behind costs little.

    Parameters
    ----------
    over_time
        The newest part of `quality.quality_over_time`.
    """
    group = ledger_group(ledger.task)
    days = ledger.days.assign(
        sums=[_sums_text(row) for row in ledger.sums.flat()], rolling=_rolling(ledger, over_time), live=_live(ledger)
    )
    there = store.read(group, columns=KEY)
    if not there.merge(days[KEY], how="left", indicator=True)["_merge"].eq("both").all():
        store.clear(group)
    elif store.writes_wait and _behind(there, days) < MOST_BEHIND:
        return
    store.upsert(group, days)


def _behind(there: pd.DataFrame, days: pd.DataFrame) -> timedelta:
    """How much older the newest day that is kept is than the newest that there is."""
    kept = days["day"].min() if there.empty else there["day"].max()
    behind: timedelta = days["day"].max() - kept
    return behind


def _read_from(store: Store, task: Task, kept: pd.DataFrame) -> datetime | None:
    """From when on rows are read; None where all are."""
    newest = store.newest(predictions_group(task))
    if newest is None or kept.empty:
        return None
    first = newest_first_day(kept, _least(task))
    if first is None:
        return None
    # Since the ledger was kept, inference may have looked back from any prediction that came afterwards.
    changed = min(pd.Timestamp(newest), kept["day"].max()) - look_back(task)
    start: datetime = min(first, changed.floor("D")).to_pydatetime()
    return start


def _least(task: Task) -> timedelta:
    return max(look_back(task), CLASSES_READ, EXPECTED_READ if task.due_after else timedelta(0))


def _late_rows(store: Store, task: Task, start: datetime) -> list[pd.DataFrame]:
    """The rows of days before `start` that were filled late."""
    days = [pd.Timestamp(day, tz="UTC") for day in late_days(store, task.dataset, since=start)]
    group = predictions_group(task)
    return [store.read(group, start=day, end=min(day + DAY, start)) for day in days if day < start]


def _told_before(days: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """All days with the scores that are kept of them, up to the first day of a version whose sums have changed."""
    days = days.astype(dict.fromkeys(("model_version", *COUNTS), "int64"))
    if days.empty or kept.empty:
        return days.drop(columns="sums").assign(**dict.fromkeys(TOLD))
    beside = days.merge(kept, on=list(days.columns), how="left", indicator=True)
    stands = beside.sort_values("day")["_merge"].eq("both").groupby(beside["model_version"]).cummin()
    return beside.assign(**{name: beside[name].where(stands, None) for name in TOLD}).drop(columns=["sums", "_merge"])


def _newest(rows: pd.DataFrame, first: pd.Timestamp | None) -> pd.DataFrame:
    return rows if first is None else rows[rows["event_time"] >= first].reset_index(drop=True)


def _rolling(ledger: Ledger, over_time: pd.DataFrame) -> list[str | None]:
    """The rolling scores of each row of the ledger as JSON: those that are told now, and those kept before."""
    names = [name for name in over_time.columns if name.startswith("rolling_") and name != "rolling_n"]
    told = {
        (row["version"], row["day"]): _text({name: row[name] for name in names}) for row in over_time.to_dict("records")
    }
    days = ledger.days
    return [
        told.get((version, day.date()), before)
        for version, day, before in zip(days["model_version"], days["day"], days["rolling"], strict=True)
    ]


def _live(ledger: Ledger) -> list[str | None]:
    """The live scores of each row of the ledger as JSON: of the newest day of each version, and those kept before."""
    told: list[str | None] = ledger.days["live"].tolist()
    for version in ledger.days["model_version"].unique():
        units = ledger.of_version(version)
        if len(units) and not told[units[-1]]:
            estimates = live_estimates(ledger, units)
            told[units[-1]] = _text({name: [each.value, each.low, each.high] for name, each in estimates.items()})
    return told


def _text(value: Any) -> str:  # noqa: ANN401 - any value of a document
    return json.dumps(plain(value), separators=(",", ":"))


def _sums_text(numbers: np.ndarray) -> str:
    """The numbers as JSON, to the last digit; most of them are whole."""
    return json.dumps([int(number) if number.is_integer() else number for number in numbers.tolist()])
