"""The feature pipeline: the samples of every due day, and (in `backfill`) the history that they are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pandas as pd

from pipelines.datasets import DataSet
from pipelines.datasets.arrivals import ARRIVALS, NO_SCENARIO, SCENARIOS, ArrivalsKind, Due
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.errors import NotReadyError, UsageError
from pipelines.features.backfill import BackfillReport, backfill
from pipelines.stores.backfills import refuse_half_replaced
from pipelines.stores.base import TICK, Store
from pipelines.stores.catalogue import first_arrival, quarantine_group, samples_group, tells_rows_apart
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
    arrivals: str = next(iter(ARRIVALS)),
    scenario: str = NO_SCENARIO,
    now: datetime,
) -> FeaturesReport:
    """Add the samples of every due day; the days follow from what is stored, not from the clock.

    Simulated samples of a day are the same whenever they are made; under another `scenario` the same samples get other
    values. Replayed days keep the rows that they have.

    Parameters
    ----------
    run_date
        The UTC day that the run works for.
    now
        The clock of the run (UTC).

    Raises
    ------
    UsageError
        The run date is in the future, before the history or more than `MOST_DUE_DAYS` ahead, or simulated and
        replayed samples would be mixed.
    NotReadyError
        The data set has not been backfilled.
    """
    _check_date(dataset, run_date, now)
    kind = _kind(per_day, arrivals, scenario)
    refuse_half_replaced(store, dataset)
    reserve = _reserve(store, dataset)
    newest = _newest_arrival_day(store, dataset)
    if newest:
        _refuse_a_mix(store, dataset, newest, kind)
    days = due_days(newest, run_date)
    _check_gap(dataset, days)
    if newest and run_date < newest:
        note_late_day(store, dataset, run_date, now)
    arrived = partial(_arrivals, store, dataset)
    rows, note = kind.rows(
        dataset, Due(days, per_day, newest, reserve, arrived, scenario, tells_rows_apart(store, dataset))
    )
    checked = validate(dataset, rows)
    # Quarantine first: a run that is killed in between leaves the day due.
    source = arrivals if scenario == NO_SCENARIO else f"{arrivals} {scenario}"
    store.upsert(quarantine_group(dataset), quarantine_rows(checked.rejected, source, now))
    return FeaturesReport(
        dataset=dataset.name,
        run_date=run_date,
        arrivals=kind,
        scenario=scenario,
        days=tuple(DayReport(day, _on(checked.accepted, day), _on(checked.rejected, day)) for day in days),
        written=store.upsert(samples_group(dataset), checked.accepted),
        quarantined=len(checked.rejected),
        reasons=checked.faults,
        note=note,
    )


def due_days(newest: date | None, run_date: date) -> list[date]:
    """The days a run has to fill: those after the newest stored arrival up to the run date, or the run date alone."""
    if newest is None or run_date <= newest:
        return [run_date]
    return [newest + timedelta(days=ahead) for ahead in range(1, (run_date - newest).days + 1)]


def _check_date(dataset: DataSet, run_date: date, now: datetime) -> None:
    today = now.astimezone(UTC).date()
    if run_date > today:
        raise UsageError(f"The run date {run_date} is in the future; give {today} (today, UTC) or an earlier day.")
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


def _kind(per_day: int, arrivals: str, scenario: str) -> ArrivalsKind:
    """The arrivals kind of that name, if so many samples can come so."""
    if per_day < 1:
        raise UsageError(f"{per_day} samples a day cannot be made; give 1 or more.")
    if arrivals not in ARRIVALS:
        raise UsageError(f"Samples cannot arrive by {arrivals!r}; choose from {', '.join(ARRIVALS)}.")
    if scenario not in SCENARIOS:
        raise UsageError(f"There is no scenario {scenario!r}; choose from {', '.join(SCENARIOS)}.")
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
        raise UsageError(
            f"{dataset.name} has {origins.iloc[0]} samples, and {kind.origin} ones beside them would leak: "
            "simulated samples derive from the reserve rows that replay releases for training. Go on as before, or "
            f"start over with `python -m pipelines backfill {dataset.name} --replace`."
        )


def _arrivals(store: Store, dataset: DataSet, first: date | None, end: date) -> pd.DataFrame:
    """The identity and origin of the arrivals from one day up to, not including, another."""
    start = datetime.combine(first, time(), tzinfo=UTC) if first else first_arrival(dataset)
    return store.read(
        samples_group(dataset),
        start=start,
        end=datetime.combine(end, time(), tzinfo=UTC),
        columns=["sample_id", "event_time", "origin"],
    )


def _on(rows: pd.DataFrame, day: date) -> int:
    return int((rows["event_time"].dt.date == day).sum())
