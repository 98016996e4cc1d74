"""The batch-inference pipeline: settle what has turned out, then predict what no champion has predicted."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.arrivals import ARRIVED
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.datasets.names import bound_columns
from pipelines.errors import ModelRefused, NotReadyError
from pipelines.inference.settlement import Settlement, settle
from pipelines.models.adaptive import REMEMBERED, is_adaptive, missed_after
from pipelines.models.kinds import WHAT
from pipelines.models.number_ensemble import MISSED
from pipelines.stores.base import Store
from pipelines.stores.catalogue import (
    champion_version,
    first_arrival,
    load_version,
    predictions_group,
    quarantine_group,
    samples_group,
)
from pipelines.stores.late_days import late_days
from pipelines.stores.outcomes import Awaiting, awaiting, look_back
from pipelines.wording import counted

log = logging.getLogger(__name__)

# Who found a row that breaks the contract, as the quarantine names its sources.
SOURCE = "inference"

# From one time on, up to and not including another (UTC).
Window = tuple[datetime, datetime]

Loader = Callable[[Store, Task, int], models.Model]


@dataclass(frozen=True)
class InferenceReport:
    """What one inference run did for one task.

    `predictions` are the rows of the task's predictions group that were due; `written` of them were new to the store.
    `settlement` says of how many earlier predictions the outcome came, `awaiting` of how many it is still waited for.
    """

    task: str
    champion: int
    challenger: int | None
    written: int
    settlement: Settlement
    awaiting: Awaiting
    predictions: pd.DataFrame = field(repr=False)
    notices: tuple[str, ...] = ()


def run_inference(
    store: Store,
    task: Task,
    *,
    run_date: date,
    now: datetime,
    run_url: str = "",
    load: Loader | None = None,
) -> InferenceReport:
    """Settle earlier predictions; then predict every arrival up to the run date that no champion has predicted.

    An outcome that is not known yet stays open. A row that breaks the data contract goes to quarantine and is not
    predicted. Running it twice writes nothing the second time, and a change of champion predicts nothing again.

    Raises
    ------
    NotReadyError
        The task has no champion.
    ModelRefused
        The champion is damaged or was made by other software.
    """
    champion = champion_to_serve(store, task)
    load = load or partial(load_version, load=models.load)
    windows = list(open_windows(store, task, run_date))
    settlement, arrivals, predictions = settle_windows(store, task, windows, now)
    due, broken = checked(task, unpredicted(arrivals, predictions), now)
    if len(broken):
        store.upsert(quarantine_group(task.dataset), broken)
    told = tuple(notices_of_broken(len(broken)))
    if due.empty:
        still = awaiting(task, predictions)
        return InferenceReport(task.name, champion, None, 0, settlement, still, no_predictions(task), told)
    served = _scored(store, load(store, task, champion), task, due, "champion")
    challenger = max(store.versions(task.name), default=champion)
    shadow, notices = _shadow(store, task, challenger, due, load) if challenger > champion else (None, ())
    rows = prediction_rows([served] if shadow is None else [served, shadow], now, run_url)
    written = store.upsert(predictions_group(task), rows)
    still = awaiting(task, keep_one_champion(store, task, _predictions(store, task, windows)))
    return InferenceReport(
        task.name, champion, None if shadow is None else challenger, written, settlement, still, rows, told + notices
    )


def champion_to_serve(store: Store, task: Task) -> int:
    """The version of the champion, or `NotReadyError` where there is none."""
    champion = champion_version(store, task)
    if champion is None:
        raise NotReadyError(f"The task {task.name} has no champion. Run: python -m pipelines train {task.name}")
    return champion


def settle_windows(
    store: Store, task: Task, windows: Sequence[Window], now: datetime
) -> tuple[Settlement, pd.DataFrame, pd.DataFrame]:
    """Settle the predictions of some windows; returns what was, their arrivals, and their predictions afterwards."""
    arrivals, predictions = _arrivals(store, task, windows), _predictions(store, task, windows)
    predictions = keep_one_champion(store, task, predictions)
    settlement, predictions = settle(store, task, predictions=predictions, samples=arrivals, now=now)
    return settlement, arrivals, predictions


def unpredicted(arrivals: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """The arrivals that no champion has predicted, in the order in which they are given."""
    served = predictions.loc[predictions["served"] == "champion", "sample_id"]
    return arrivals[~arrivals["sample_id"].isin(served)].reset_index(drop=True)


def checked(task: Task, samples: pd.DataFrame, now: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The samples that keep the data contract, and the others as rows of the quarantine."""
    found = validate(task.dataset, samples)
    whole = samples.loc[found.accepted.index].reset_index(drop=True)
    return whole, quarantine_rows(found.rejected, SOURCE, now)


def notices_of_broken(count: int) -> Iterator[str]:
    """What a person should hear of so many samples that break the data contract."""
    if count:
        yield (
            f"{counted(count, 'sample')} went to quarantine and got no prediction, "
            "because the data contract is broken there."
        )


def keep_one_champion(store: Store, task: Task, predictions: pd.DataFrame) -> pd.DataFrame:
    """Let the first champion prediction of each sample stand; what another champion made beside it was in its shadow.

    Two runs with a promotion between them may both predict a sample. Whichever writes last sees both, and both runs
    choose the same one. Returns the predictions as they are in the store afterwards.
    """
    champions = predictions[predictions["served"] == "champion"].sort_values(["predicted_at", "model_version"])
    beside = champions.index[champions.duplicated("sample_id")]
    if beside.empty:
        return predictions
    kept = predictions.assign(served=predictions["served"].mask(predictions.index.isin(beside), "challenger"))
    store.upsert(predictions_group(task), kept.loc[beside])
    return kept


def _arrivals(store: Store, task: Task, windows: Sequence[Window]) -> pd.DataFrame:
    group = samples_group(task.dataset)
    parts = [store.read(group, start=start, end=end, where={"origin": ARRIVED}) for start, end in windows]
    return pd.concat(parts).sort_values(group.order, ignore_index=True)


def _predictions(store: Store, task: Task, windows: Sequence[Window]) -> pd.DataFrame:
    group = predictions_group(task)
    return pd.concat([store.read(group, start=start, end=end) for start, end in windows], ignore_index=True)


def open_windows(store: Store, task: Task, run_date: date) -> Iterator[Window]:
    """Where arrivals may lack a prediction: up to the run date, and on days before that came late."""
    end = _midnight(run_date + timedelta(days=1))
    newest = store.newest(predictions_group(task))
    first, width = first_arrival(task.dataset), look_back(task)
    start = first if newest is None else max(first, min(newest, end) - width)
    yield start, end
    if newest is not None:
        for day in late_days(store, task.dataset, since=newest - width):
            if (begin := _midnight(day)) < start:
                yield begin, min(_midnight(day + timedelta(days=1)), start)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _shadow(
    store: Store, task: Task, version: int, samples: pd.DataFrame, load: Loader
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """What the newest version, which came after the champion, predicts in its shadow; or why it is left out."""
    try:
        return _scored(store, load(store, task, version), task, samples, "challenger"), ()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a challenger, the champion serves
        what = str(error) if isinstance(error, ModelRefused) else f"it fails with {error!r}; train a new one."
        log.warning("the challenger of %s is left out: %s", task.name, what)
        return None, (f"Challenger version {version} is left out: {what}",)


def _scored(store: Store, model: models.Model, task: Task, samples: pd.DataFrame, served: str) -> pd.DataFrame:
    return scored(model, task, samples, served, missed_before(store, model, task, samples["event_time"].max()))


def scored(
    model: models.Model, task: Task, samples: pd.DataFrame, served: str, missed: Mapping[int, float]
) -> pd.DataFrame:
    """What a version predicts of samples with such a share left outside of its intervals, and from what."""
    keyed = samples[["sample_id", "event_time"]].assign(
        model_version=model.version,
        served=served,
        label=task.labels(samples),
        inputs=models.fingerprint_inputs(model, samples),
    )
    return keyed.join(models.predict(model, samples, missed))


def prediction_rows(parts: Sequence[pd.DataFrame], now: datetime, run_url: str) -> pd.DataFrame:
    """What versions predicted, as rows of the predictions group."""
    rows = pd.concat(parts, ignore_index=True).assign(predicted_at=now, run_url=run_url)
    rows["settled_at"] = rows["predicted_at"].where(rows["label"].notna())
    rows["corrected_at"] = pd.NaT
    return rows


def missed_before(store: Store, model: models.Model, task: Task, newest: datetime) -> Mapping[int, float]:
    """The share of errors that a version leaves outside of its intervals, after what is known before the newest sample.

    Raises
    ------
    ModelRefused
        The version predicts another kind of outcome than the task.
    """
    _refuse_other_kind(model, task)
    return missed_after(_settled(store, task, model, newest)) if is_adaptive(model) else MISSED


def _settled(store: Store, task: Task, model: models.Model, end: datetime) -> pd.DataFrame:
    """What the version predicted before a time, with the outcomes that are known now."""
    rows = store.read(
        predictions_group(task),
        columns=["event_time", "model_version", "label", *bound_columns()],
        start=end - REMEMBERED,
        end=end,
    )
    return rows[(rows["model_version"] == model.version) & rows["label"].notna()]


def _refuse_other_kind(model: models.Model, task: Task) -> None:
    kind = models.outcome_kind(model.info)
    if kind != task.outcome.kind:
        raise ModelRefused(
            f"Version {model.version} of {task.name} predicts {WHAT[kind]}, and the task is declared to predict "
            f"{WHAT[task.outcome.kind]}. Train a new version: python -m pipelines train {task.name}"
        )


def no_predictions(task: Task) -> pd.DataFrame:
    """Predictions of a task, none of them."""
    return pd.DataFrame(columns=predictions_group(task).column_names)
