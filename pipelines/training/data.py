"""What a task learns from and is judged on, out of the store, and the fingerprint of it.

Models learn from historical rows of the role `train`, and under replay from released reserve rows; never from a
simulated row, because all of these come from the reserve that later samples are simulated from. Where time splits, what
has turned out since is part of the series, whose newest quarter tests and whose older rows train.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import TRAINING
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.roles import near_groups, roles_by_time, sample_groups
from pipelines.datasets.spec import Feature
from pipelines.documents.model import InputInfo, LearnedSource
from pipelines.errors import NotReadyError
from pipelines.models import encode
from pipelines.stores.base import Store
from pipelines.stores.catalogue import (
    backfilled_source,
    first_arrival,
    predictions_group,
    read_history,
    samples_group,
    tells_rows_apart,
)
from pipelines.training.cross_validation import Rows

# More columns of a category hold too few rows each to learn from, and make all rows long; as OneHotEncoder's
# `max_categories` does, the rarer values have no column of their own.
MOST_COLUMNS = 50
FREQUENCY_DIGITS = 4


@dataclass(frozen=True)
class TrainingData:
    """The rows of one training run. Where rows can be told apart, copies of one sample count once; no other is dropped.

    Attributes
    ----------
    train, test
        Labelled rows of the data set.
    rows
        How many rows the training rows were before equal ones were counted once.
    fingerprint
        SHA-256 of the training rows and of what the task makes of them; the order of the rows does not matter.
    released
        The `sample_id` of each row among the training rows that is an arrival.
    source
        What was backfilled: `name`, `sha256`; empty where the store does not know.
    distinguishable
        Whether equal rows are copies of one sample (see `datasets.identity`).
    """

    task: Task
    train: pd.DataFrame = field(repr=False)
    test: pd.DataFrame = field(repr=False)
    rows: int
    fingerprint: str
    released: tuple[str, ...] = field(repr=False)
    source: LearnedSource
    distinguishable: bool = True

    @property
    def inputs(self) -> dict[str, InputInfo]:
        """Each input as `model.json` describes it: kind, unit, allowed range or values, and what training has seen."""
        return {name: _described(self.task.dataset, self.train, name) for name in self.task.inputs}

    @property
    def learning_rows(self) -> Rows:
        """The training rows as the search takes them."""
        numeric = [name for name, about in self.inputs.items() if about["kind"] == "numeric"]
        today = self.task.persistence
        return Rows(
            matrix=encode(self.inputs, self.train),
            labels=_targets(self.task.outcome, self.task.labels(self.train)),
            groups=sample_groups(self.task.dataset, self.train, distinguishable=self.distinguishable),
            numeric=len(numeric),
            chained=self.task.dataset.split == "time",
            persistence=numeric.index(today) if today in numeric else None,
        )

    @property
    def trained_until(self) -> str | None:
        """The event time of the newest training row where time splits: what is not newer, the model may have seen."""
        return self.train["event_time"].max().isoformat() if self.task.dataset.split == "time" else None


@singledispatch
def _targets(outcome: object, labels: pd.Series) -> npt.NDArray[Any]:
    """What a model is fitted to (n,)."""
    raise NotImplementedError


@_targets.register
def _(outcome: Classes, labels: pd.Series) -> npt.NDArray[Any]:
    return np.asarray(pd.Index(outcome.names).get_indexer(pd.Index(labels)), dtype=np.int64)


@_targets.register
def _(outcome: Number, labels: pd.Series) -> npt.NDArray[Any]:  # noqa: ARG001 - any number
    return np.asarray(labels, dtype=np.float64)


def load_training_data(store: Store, task: Task) -> TrainingData:
    """Read what a task learns from and is judged on.

    Raises
    ------
    NotReadyError
        There are no training rows or no test rows.
    """
    history, apart = read_history(store, task.dataset), tells_rows_apart(store, task.dataset)
    if task.dataset.split == "time":
        released = settled_months(store, task)
        history = with_arrivals(history, released)
    else:
        released = released_rows(store, task, history[history["role"] == "reserve"])
        history = pd.concat([history, released.assign(role="train")], ignore_index=True) if len(released) else history
    whole = labelled(task, history[history["role"] == "train"])
    test = distinct(task, labelled(task, history[history["role"] == "test"]), distinguishable=apart)
    if whole.empty or test.empty:
        name = task.dataset.name
        raise NotReadyError(
            f"{task.name} cannot be trained: {name} has {len(whole)} labelled training rows and {len(test)} "
            f"test rows. Run: python -m pipelines backfill {name}"
        )
    return TrainingData(
        task=task,
        train=distinct(task, whole, distinguishable=apart),
        test=test,
        rows=len(whole),
        fingerprint=fingerprint(task, whole),
        released=tuple(sorted(set(released["sample_id"]) & set(whole["sample_id"]))),
        source=cast("LearnedSource", backfilled_source(store, task.dataset) or {}),
        distinguishable=apart,
    )


def settled_months(store: Store, task: Task) -> pd.DataFrame:
    """The arrivals that may join the series: predicted, with their outcome, and of months that have ended.

    Whole months, so that training twice within one learns from the same rows.
    """
    start = first_arrival(task.dataset)
    arrived = store.read(samples_group(task.dataset), start=start, where={"origin": TRAINING})
    if arrived.empty:
        return arrived
    predicted = store.read(predictions_group(task), start=start, columns=["sample_id"])["sample_id"]
    this_month = arrived["event_time"].max().normalize().replace(day=1)
    settled = labelled(task, arrived[arrived["event_time"] < this_month])
    return settled[settled["sample_id"].isin(predicted)].reset_index(drop=True)


def with_arrivals(history: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """History and settled arrivals as one series, whose roles are cut by time anew; history alone keeps its own."""
    if arrived.empty:
        return history
    whole = pd.concat([history, arrived]).sort_values("event_time", ignore_index=True)
    return whole.assign(role=roles_by_time(whole))


def released_rows(store: Store, task: Task, reserve: pd.DataFrame) -> pd.DataFrame:
    """The replayed rows that may train: each was predicted and has turned out, and so has every reserve row near it.

    Parameters
    ----------
    reserve
        All historical rows of the role `reserve`.
    """
    start = first_arrival(task.dataset)
    replayed = store.read(samples_group(task.dataset), start=start, where={"origin": TRAINING})
    if replayed.empty:
        return replayed
    predicted = store.read(predictions_group(task), start=start, columns=["sample_id", "label"])
    settled = predicted.loc[predicted["label"].notna(), "sample_id"]
    replayed = replayed[replayed["sample_id"].isin(settled)].reset_index(drop=True)
    if not tells_rows_apart(store, task.dataset):
        return replayed
    groups = near_groups(task.dataset, pd.concat([reserve, replayed], ignore_index=True))
    of_reserve, of_replayed = groups[: len(reserve)], groups[len(reserve) :]
    there = np.bincount(of_reserve, minlength=groups.max(initial=0) + 1)
    came = np.bincount(of_replayed, minlength=groups.max(initial=0) + 1)
    return replayed[(came == there)[of_replayed]].reset_index(drop=True)


def labelled(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose truth is known."""
    return rows[task.labels(rows).notna().to_numpy()]


def distinct(task: Task, rows: pd.DataFrame, *, distinguishable: bool = True) -> pd.DataFrame:
    """One of each set of copies: rows that are equal in every feature and the label, where that tells a sample.

    Where rows cannot be told apart, all of them: equal rows are then different samples, and how many there are matters.
    """
    if not distinguishable:
        return rows.reset_index(drop=True)
    features = [feature.name for feature in task.dataset.features]
    return rows.drop_duplicates(list({*features, task.label}), ignore_index=True)


def fingerprint(task: Task, rows: pd.DataFrame) -> str:
    """SHA-256 of the rows in any order, with the classes and inputs of the task."""
    columns = ["sample_id", *task.inputs, task.label]
    lines = sorted(json.dumps([_cell(value) for value in row]) for row in rows[columns].itertuples(index=False))
    what, bounds = task.outcome.identity()
    head = json.dumps([task.name, what, columns, bounds])
    return hashlib.sha256("\n".join([head, *lines]).encode()).hexdigest()


def _cell(value: Any) -> str | float | None:  # noqa: ANN401 - any cell
    if pd.isna(value):
        return None
    return value if isinstance(value, str) else float(value)


def _most_frequent(feature: Feature, values: pd.Series) -> dict[str, Any]:
    """What the model knows of a category with too many values for a column each."""
    if len(feature.values) <= MOST_COLUMNS:
        return {}
    counts = values.astype(str).value_counts()
    # The first of equally frequent ones, so that the order of the rows does not matter.
    own = sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_COLUMNS]
    frequencies = np.log1p(counts) / np.log1p(counts.max())
    return {"own": own, "frequencies": frequencies.round(FREQUENCY_DIGITS).sort_index().to_dict()}


def _described(dataset: DataSet, rows: pd.DataFrame, name: str) -> InputInfo:
    feature = dataset.feature(name)
    measured = rows[name].dropna()
    about: InputInfo = {"kind": feature.kind, "title": feature.title, "missing": int(rows[name].isna().sum())}
    if feature.kind != "numeric":
        values = {"values": list(feature.values), "seen": sorted(set(measured.astype(str)))}
        return cast("InputInfo", about | values | _most_frequent(feature, measured))
    at = {"min": 0.0, "p01": 0.01, "median": 0.5, "p99": 0.99, "max": 1.0}
    quantiles = {key: float(measured.quantile(share)) if len(measured) else None for key, share in at.items()}
    seen = cast("InputInfo", quantiles)
    return {
        **about,
        "unit": feature.unit,
        "low": feature.low if np.isfinite(feature.low) else None,
        "high": feature.high if np.isfinite(feature.high) else None,
        **seen,
    }
