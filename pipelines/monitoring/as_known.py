"""The numbers as they were known on a day: of what had arrived, was predicted and had turned out by its end.

No number of a past day changes afterwards, but through outcomes that are corrected; these are counted.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import ARRIVED
from pipelines.documents.metrics import Parts
from pipelines.documents.model import ModelInfo
from pipelines.monitoring.dashboard import DashboardReport
from pipelines.monitoring.document import DataState, TaskState, dataset_document
from pipelines.monitoring.kinds import task_document
from pipelines.monitoring.ledger import Ledger
from pipelines.stores.base import TICK, Store
from pipelines.stores.catalogue import predictions_group, quarantine_group, read_history, samples_group
from pipelines.stores.outcomes import as_known, corrected_since
from pipelines.wording import counted, day_words


def end_of(day: date) -> datetime:
    """The last moment of a day (UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) - TICK


def report_as_known(store: Store, dataset: DataSet, day: date) -> DashboardReport:
    """What the pages said of a data set at the end of a day (UTC); nothing is written.

    The notices say of which tasks outcomes have been corrected since.
    """
    at = end_of(day)
    history = {task.name: store.read(predictions_group(task)) for task in dataset.tasks}
    data = _data_state(store, dataset, list(history.values()), at)
    states = [_task_state(store, task, as_known(history[task.name], at), at) for task in dataset.tasks]
    corrected = {task.title: corrected_since(history[task.name], at) for task in dataset.tasks}
    document: Parts = {
        "datasets": {dataset.name: dataset_document(data)},
        "tasks": {state.task.name: task_document(state, data) for state in states},
    }
    notices = (
        f"{title}: corrected after {day_words(day)}, and counted as it is now: {counted(count, 'outcome')}."
        for title, count in corrected.items()
        if count
    )
    return DashboardReport((), document, tuple(notices))


def _data_state(store: Store, dataset: DataSet, predicted: Sequence[pd.DataFrame], at: datetime) -> DataState:
    arrivals = store.read(samples_group(dataset), end=at + TICK, where={"origin": ARRIVED})
    arrivals = arrivals[~arrivals["sample_id"].isin(_came_later(predicted, at))].reset_index(drop=True)
    quarantine = store.read(quarantine_group(dataset), end=at + TICK)
    return DataState(dataset, read_history(store, dataset), arrivals, quarantine, len(arrivals), len(quarantine))


def _came_later(predicted: Sequence[pd.DataFrame], at: datetime) -> pd.Series:
    """The samples that no task had predicted by then: those of a day that came late."""
    first = pd.concat(predicted).groupby("sample_id")["predicted_at"].min()
    return pd.Series(first.index[first > at])


def _task_state(store: Store, task: Task, predictions: pd.DataFrame, at: datetime) -> TaskState:
    log = [entry for entry in store.champion_log(task.name) if entry.when <= at]
    champion = max(log, key=lambda entry: entry.when).version if log else None
    described = {version: store.describe(task.name, version) for version in store.versions(task.name)}
    versions = [version for version, info in described.items() if _created(info) <= at]
    ledger = Ledger.of(task, predictions)
    in_charge = ledger.in_charge or champion
    return TaskState(ledger, log, versions, champion, described[in_charge] if in_charge else {})


def _created(info: ModelInfo) -> datetime:
    return datetime.fromisoformat(info["created"])
