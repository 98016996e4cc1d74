"""The batch-inference pipeline: settle what has turned out, then predict what no champion has predicted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.arrivals import ARRIVED
from pipelines.errors import ModelRefused, NotReadyError
from pipelines.inference.settlement import Settlement, settle
from pipelines.stores.base import TICK, Store
from pipelines.stores.catalogue import load_version, predictions_group, samples_group

# How far before the newest prediction a run looks for an arrival without one, and for an outcome that came or was
# corrected. A day that is created again with more samples falls into it, and so do the monthly corrections of sources;
# a fixed width keeps a day's cost the same however long the history is.
LOOK_BACK = timedelta(days=35)

log = logging.getLogger(__name__)

Loader = Callable[[Store, Task, int], models.Model]


@dataclass(frozen=True)
class InferenceReport:
    """What one inference run did for one task.

    `predictions` are the rows of the task's predictions group that were due; `written` of them were new to the store.
    `settlement` says of how many earlier predictions the outcome came.
    """

    task: str
    champion: int
    challenger: int | None
    written: int
    settlement: Settlement
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

    An outcome that is not known yet stays open. Running it twice writes nothing the second time, and a change of
    champion predicts nothing again.

    Raises
    ------
    NotReadyError
        The task has no champion.
    ModelRefused
        The champion is damaged or was made by other software.
    """
    champion = store.champion(task.name)
    if champion is None or champion.version is None:
        raise NotReadyError(f"The task {task.name} has no champion. Run: python -m pipelines train {task.name}")
    load = load or partial(load_version, load=models.load)
    arrivals, predictions = _recent(store, task, run_date)
    settlement = settle(store, task, predictions=predictions, samples=arrivals, now=now)
    due = unpredicted(arrivals, predictions)
    if due.empty:
        return InferenceReport(task.name, champion.version, None, 0, settlement, _no_predictions(task))
    served = _scored(load(store, task, champion.version), task, due, "champion")
    challenger = max(store.versions(task.name), default=champion.version)
    shadow, notices = _shadow(store, task, challenger, due, load) if challenger > champion.version else (None, ())
    scored = [served] if shadow is None else [served, shadow]
    rows = pd.concat(scored, ignore_index=True).assign(predicted_at=now, run_url=run_url)
    rows["settled_at"] = rows["predicted_at"].where(rows["label"].notna())
    written = store.upsert(predictions_group(task), rows)
    return InferenceReport(
        task.name, champion.version, None if shadow is None else challenger, written, settlement, rows, notices
    )


def unpredicted(arrivals: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """The arrivals that no champion has predicted, in the order in which they are given."""
    served = predictions.loc[predictions["served"] == "champion", "sample_id"]
    return arrivals[~arrivals["sample_id"].isin(served)].reset_index(drop=True)


def _recent(store: Store, task: Task, run_date: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What arrived and what was predicted up to the end of `run_date` (UTC), as far back as a run looks."""
    end = datetime.combine(run_date + timedelta(days=1), time(), UTC)
    start = _window_start(store, task, end)
    arrivals = store.read(samples_group(task.dataset), start=start, end=end, where={"origin": ARRIVED})
    return arrivals, store.read(predictions_group(task), start=start, end=end)


def _window_start(store: Store, task: Task, end: datetime) -> datetime:
    newest = store.newest(predictions_group(task))
    first_arrival = task.dataset.historical_time + TICK
    return first_arrival if newest is None else max(first_arrival, min(newest, end) - LOOK_BACK)


def _shadow(
    store: Store, task: Task, version: int, samples: pd.DataFrame, load: Loader
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """What the newest version, which came after the champion, predicts in its shadow; or why it is left out."""
    try:
        return _scored(load(store, task, version), task, samples, "challenger"), ()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a challenger, the champion serves
        what = str(error) if isinstance(error, ModelRefused) else f"it fails with {error!r}; train a new one."
        log.warning("the challenger of %s is left out: %s", task.name, what)
        return None, (f"Challenger version {version} is left out: {what}",)


def _scored(model: models.Model, task: Task, samples: pd.DataFrame, served: str) -> pd.DataFrame:
    keyed = samples[["sample_id", "event_time"]].assign(
        model_version=model.version,
        served=served,
        label=task.labels(samples),
        inputs=models.fingerprint_inputs(model, samples),
    )
    return keyed.join(models.predict(model, samples))


def _no_predictions(task: Task) -> pd.DataFrame:
    return pd.DataFrame(columns=predictions_group(task).column_names)
