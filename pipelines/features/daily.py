"""The feature pipeline: the samples of every due day, and (in `backfill`) the history that they are made from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pandas as pd

from pipelines.datasets import DataSet, series
from pipelines.datasets.arrivals import (
    ARRIVALS,
    ARRIVED,
    FETCH,
    HISTORICAL,
    NO_SCENARIO,
    SCENARIOS,
    ArrivalsKind,
    Due,
    kinds_of,
)
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.datasets.fetching import Access
from pipelines.errors import NotReadyError, UsageError
from pipelines.features.backfill import BackfillReport, backfill
from pipelines.features.history import refuse_another_history
from pipelines.stores.backfills import refuse_half_replaced
from pipelines.stores.base import TICK, Store
from pipelines.stores.catalogue import first_arrival, quarantine_group, samples_group, tells_rows_apart
from pipelines.stores.future import refuse_future
from pipelines.stores.late_days import note_late_day

__all__ = ["BackfillReport", "DayReport", "FeaturesReport", "backfill", "due_days", "run_features"]

# After a longer gap (three years) it is likelier that a clock is wrong than that nobody ran this for so long.
MOST_DUE_DAYS = 1096


@dataclass(frozen=True)
class DayReport:
    """What one day got: samples taken in, and samples that broke the data contract."""

    day: date
    samples: int
    quarantined: int


@dataclass(frozen=True)
class FeaturesReport:
    """What a run of the feature pipeline did.

    `days` are the due days in order. `written` counts the rows that the store did not have, or had otherwise; 0 where
    nothing changed. `reasons` says how often each fault was found that sent rows to quarantine. `note` is a sentence
    for the reader where the days could not be filled as asked, and empty otherwise.
    """

    dataset: str
    run_date: date
    arrivals: ArrivalsKind
    scenario: str
    days: tuple[DayReport, ...]
    written: int
    quarantined: int
    reasons: dict[str, int]
    note: str


def run_features(
    store: Store,
    dataset: DataSet,
    run_date: date,
    *,
    per_day: int = 1,
    arrivals: str = "",
    scenario: str = NO_SCENARIO,
    now: datetime,
    access: Access | None = None,
) -> FeaturesReport:
    """Add the samples of every due day; the days follow from what is stored, not from the clock.

    Simulated samples of a day are the same whenever they are made; under another `scenario` the same samples get other
    values. Replayed days keep the rows that they have.

    Parameters
    ----------
    run_date
        The UTC day that the run works for.
    arrivals
        In which way samples come; the usual one of the data set where none is given.
    now
        The clock of the run (UTC).
    access
        How a live source is asked.

    Raises
    ------
    SourceError
        A live source does not answer, or not as it should; nothing was written.
    UsageError
        The run date is in the future, before the history or more than `MOST_DUE_DAYS` ahead, or simulated and
        replayed samples would be mixed.
    NotReadyError
        The data set has not been backfilled.
    """
    _check_date(dataset, run_date, now)
    kind = _kind(dataset, per_day, arrivals, scenario)
    refuse_half_replaced(store, dataset)
    if kind is FETCH and access:
        if dataset.arrivals:
            dataset.arrivals.check(access)
        refuse_another_history(store, dataset, access)
    reserve = _reserve(store, dataset)
    newest = _newest_arrival_day(store, dataset)
    if newest:
        _refuse_a_mix(store, dataset, newest, kind)
    days = due_days(newest, run_date - kind.behind(dataset))
    _check_gap(dataset, days)
    if newest and run_date < newest:
        note_late_day(store, dataset, run_date, now)
    arrived = partial(_arrivals, store, dataset)
    rows, note = kind.rows(
        dataset,
        Due(
            days,
            per_day,
            newest,
            reserve,
            arrived,
            scenario,
            tells_rows_apart(store, dataset),
            access and replace(access, keep=partial(_keep_answer, store, dataset, run_date)),
        ),
    )
    checked = validate(dataset, rows)
    # Quarantine first: a run that is killed in between leaves the day due.
    source = kind.name if scenario == NO_SCENARIO else f"{kind.name} {scenario}"
    store.upsert(quarantine_group(dataset), quarantine_rows(checked.rejected, source, now))
    return FeaturesReport(
        dataset=dataset.name,
        run_date=run_date,
        arrivals=kind,
        scenario=scenario,
        days=tuple(DayReport(day, _on(checked.accepted, day), _on(checked.rejected, day)) for day in days),
        written=store.upsert(samples_group(dataset), in_series(store, dataset, checked.accepted)),
        quarantined=len(checked.rejected),
        reasons=checked.faults,
        note=note,
    )


def _keep_answer(store: Store, dataset: DataSet, run_date: date, answer: bytes) -> None:
    """Keep what a source sent, so that a day can be made again; a month later the next answer takes its place."""
    store.put_file(f"answers/{dataset.name}/{run_date.day:02}.json", answer)


def in_series(store: Store, dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """Arrivals with what is derived from the days around them, and stored ones for which that has changed.

    A day that comes late or is corrected changes what later days look back to, and what earlier days turned out to be;
    predictions keep what they were made from. A day that is told again at another hour keeps its event time. History
    is left as it is, and rows are as they are where time splits nothing.
    """
    if dataset.split == "random" or rows.empty:
        return rows
    rows, times = series.each_day_once(dataset, rows), rows["event_time"].dt.normalize()
    behind, ahead = series.days_behind(dataset), series.days_ahead(dataset)
    first, end = times.min() - ahead, times.max() + behind + timedelta(days=1)
    stored = store.read(samples_group(dataset), start=first - behind, end=end + ahead)
    times = stored.set_index("sample_id")["event_time"]
    rows = rows.assign(event_time=rows["sample_id"].map(times).fillna(rows["event_time"]))
    historical = stored.loc[stored["origin"] == HISTORICAL, "sample_id"]
    rows = rows[~rows["sample_id"].isin(historical)]
    whole = pd.concat([stored[~stored["sample_id"].isin(rows["sample_id"])], rows], ignore_index=True)
    whole = series.complete(dataset, whole)
    return whole[~whole["sample_id"].isin(historical) & whole["event_time"].between(first, end, inclusive="left")]


def due_days(newest: date | None, run_date: date) -> list[date]:
    """The days a run has to fill: those after the newest stored arrival up to the run date, or the run date alone."""
    if newest is None or run_date <= newest:
        return [run_date]
    return [newest + timedelta(days=ahead) for ahead in range(1, (run_date - newest).days + 1)]


def _check_date(dataset: DataSet, run_date: date, now: datetime) -> None:
    refuse_future(run_date, now, "The run date")
    if run_date <= dataset.historical_time.date():
        raise UsageError(
            f"The run date {run_date} is not after the history of {dataset.name}, which is dated "
            f"{dataset.historical_time.date()}; give a later day."
        )


def _check_gap(dataset: DataSet, days: Sequence[date]) -> None:
    if len(days) > MOST_DUE_DAYS:
        raise UsageError(
            f"{len(days)} days of {dataset.name} are due, from {days[0]} to {days[-1]}. If the clock is right, fill "
            f"them in steps of at most {MOST_DUE_DAYS} days with --date, the first up to {days[MOST_DUE_DAYS - 1]}."
        )


def _kind(dataset: DataSet, per_day: int, arrivals: str, scenario: str) -> ArrivalsKind:
    """The arrivals kind of that name, if so many samples can come so."""
    if per_day < 1:
        raise UsageError(f"{per_day} samples a day cannot be made; give 1 or more.")
    arrivals = arrivals or kinds_of(dataset)[0]
    if arrivals not in ARRIVALS:
        raise UsageError(f"Samples cannot arrive by {arrivals!r}; choose from {', '.join(ARRIVALS)}.")
    if scenario not in SCENARIOS:
        raise UsageError(f"There is no scenario {scenario!r}; choose from {', '.join(SCENARIOS)}.")
    if arrivals not in kinds_of(dataset):
        raise UsageError(f"{dataset.name} has no samples to {arrivals}; it can {' or '.join(kinds_of(dataset))}.")
    kind = ARRIVALS[arrivals]
    if scenario not in kind.scenarios:
        raise UsageError(
            f"The scenario {scenario} changes simulated samples, and {kind.name} releases real ones; drop one."
        )
    return kind


def _reserve(store: Store, dataset: DataSet) -> pd.DataFrame:
    history = dataset.historical_time
    end = history + TICK if dataset.split == "random" else None
    reserve = store.read(samples_group(dataset), start=history, end=end, where={"role": "reserve"})
    if reserve.empty:
        raise NotReadyError(
            f"{dataset.title} has no historical rows yet; run `python -m pipelines backfill {dataset.name}` first."
        )
    return reserve


def _newest_arrival_day(store: Store, dataset: DataSet) -> date | None:
    newest = store.newest(samples_group(dataset))
    return newest.astimezone(UTC).date() if newest and newest > dataset.historical_time else None


def _refuse_a_mix(store: Store, dataset: DataSet, newest: date, kind: ArrivalsKind) -> None:
    # One day tells: a mix is refused from the first day on.
    origins = _arrivals(store, dataset, newest, newest + timedelta(days=1))["origin"]
    if (origins != kind.origin).any():
        why = (
            "would leak: simulated samples derive from the reserve rows that replay releases for training"
            if dataset.split == "random"
            else "are no part of the same series"
        )
        raise UsageError(
            f"{dataset.name} has {origins.iloc[0]} samples, and {kind.origin} ones beside them {why}. Go on as before, "
            f"or start over with `python -m pipelines backfill {dataset.name} --replace`."
        )


def _arrivals(store: Store, dataset: DataSet, first: date | None, end: date) -> pd.DataFrame:
    """The identity and origin of the arrivals from one day up to, not including, another."""
    start = datetime.combine(first, time(), tzinfo=UTC) if first else first_arrival(dataset)
    return store.read(
        samples_group(dataset),
        start=start,
        end=datetime.combine(end, time(), tzinfo=UTC),
        columns=["sample_id", "event_time", "origin"],
        where={"origin": ARRIVED},
    )


def _on(rows: pd.DataFrame, day: date) -> int:
    times = pd.to_datetime(rows["event_time"], utc=True, errors="coerce", format="ISO8601")
    return int((times.dt.date == day).sum())
