"""Days that cannot be: what a run with a wrong clock leaves in a store, how it is doubted, found and set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pipelines.datasets import DataSet
from pipelines.datasets.arrivals import ARRIVED
from pipelines.errors import UsageError
from pipelines.stores.base import FeatureGroup, Store
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.rows import as_parquet

# Longer than an outage of the schedule and a long weekend; a wrong clock is mostly off by hours or by years.
MOST_AHEAD = timedelta(days=7)

REPAIR = "python -m pipelines repair --future"


@dataclass(frozen=True)
class SetAside:
    """Rows of one feature group that were taken out of it and kept as the store's file `file`."""

    group: str
    rows: int
    file: str


def refuse_future(day: date, now: datetime, what: str) -> None:
    """Refuse a day after today (UTC), with `UsageError`; `what` says what the day was given for."""
    today = now.astimezone(UTC).date()
    if day > today:
        raise UsageError(f"{what} {day} is in the future; give {today} (today, UTC) or an earlier day.")


def doubt_of_clock(store: Store, dataset: DataSet, now: datetime) -> str:
    """Why the clock should not be believed, as a sentence; empty where it may be.

    It is doubted when it is further ahead of all that is known of the past than `MOST_AHEAD`: of the newest arrival and
    prediction, and of the last write; and when it is as far behind the newest arrival. Where nothing arrived yet there
    is nothing that a wrong clock could fill.
    """
    group = samples_group(dataset)
    newest = store.newest(group)
    if newest is None or store.read(group, start=newest, where={"origin": ARRIVED}, columns=["sample_id"]).empty:
        return ""
    if newest - now > MOST_AHEAD:
        return (
            f"The clock says {now:%Y-%m-%d}, and {dataset.name} has days up to {newest:%Y-%m-%d}, so this clock is "
            f"wrong or that of an earlier run was. If it was the earlier one, set its days aside with `{REPAIR}`."
        )
    past = []
    for moment in _moments(store, dataset):
        if moment <= now:
            past.append(moment)
            if now.date() - moment.date() <= MOST_AHEAD:
                return ""  # the first that is near will do: each other one is a table to be opened
    if not past:
        return ""
    return (
        f"The clock says {now:%Y-%m-%d}, and the newest that the store knows of {dataset.name} is from "
        f"{max(past):%Y-%m-%d}, {(now.date() - max(past).date()).days} days before."
    )


def future_sentence(store: Store, dataset: DataSet, now: datetime) -> str:
    """What is wrong where the store holds days after today (UTC), and what to do; empty where it holds none."""
    newest = max((newest for group in _groups(dataset) if (newest := store.newest(group))), default=now)
    if newest < _tomorrow(now):
        return ""
    return (
        f"{dataset.name} has days up to {newest.date()}, which is after today, {now.astimezone(UTC):%Y-%m-%d} (UTC): a "
        f"run had a wrong clock, and no new day is due until then. Set them aside with `{REPAIR}`."
    )


def set_future_aside(store: Store, dataset: DataSet, now: datetime) -> Iterator[SetAside]:
    """Take the rows of days after today (UTC) out of the groups of a data set, and keep them as files of the store.

    The files come first, so that a run that is killed has lost nothing and is finished by the next.
    """
    tomorrow = _tomorrow(now)
    for group in _groups(dataset):
        rows = store.read(group, start=tomorrow)
        file = f"set_aside/{now:%Y%m%dT%H%M%SZ}/{group.name}.parquet"
        if len(rows):
            store.put_file(file, as_parquet(rows))
        # Also where there are none any more: it finishes what was broken off.
        store.remove(group, tomorrow)
        if len(rows):
            yield SetAside(group.name, len(rows), file)


def _groups(dataset: DataSet) -> tuple[FeatureGroup, ...]:
    # Predictions first: they are about samples.
    return (*(predictions_group(task) for task in dataset.tasks), samples_group(dataset))


def _moments(store: Store, dataset: DataSet) -> Iterator[datetime]:
    """When something was surely done: each is what a clock said that was read before this one."""
    for group in _groups(dataset):
        yield from (moment for moment in (store.newest(group), store.written_at(group)) if moment)


def _tomorrow(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)
