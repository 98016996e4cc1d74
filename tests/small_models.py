"""A quickly fitted model of any task, registered in a store, for tests that are about what happens with it."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines import models
from pipelines.datasets import Task
from pipelines.documents import plain
from pipelines.models import Model
from pipelines.models.ensemble import Ensemble, fill_missing, medians
from pipelines.models.number_ensemble import NumberEnsemble
from pipelines.stores.base import ChampionEntry, Store
from pipelines.stores.catalogue import samples_group, task_view

TRAINED = datetime(2026, 2, 1, tzinfo=UTC)


def register_small_model(store: Store, task: Task, folder: Path, *, classes=None) -> int:
    """Fit a discriminant on the train rows (or on those of `classes`) and register it; returns the version."""
    rows = store.read(samples_group(task.dataset), where={"role": "train"})
    rows = rows[task.labels(rows).isin(classes or task.classes)]
    inputs = {name: _about(task.dataset.feature(name)) for name in task.inputs}
    matrix = models.encode(inputs, rows)
    positions = task.labels(rows).map(task.classes.index).to_numpy(dtype=np.int64)
    fill = medians(matrix)
    fitted = LinearDiscriminantAnalysis().fit(fill_missing(matrix, fill), positions)
    version = max(store.versions(task.name), default=0) + 1
    info = {
        "task": task.name, "version": version, "classes": list(task.classes), "inputs": inputs,
        "decision": {"kind": "argmax"}, "metrics": {}, "baseline": {}, "created": TRAINED.isoformat(),
    }  # fmt: skip
    models.save(folder, Ensemble(fill, {"discriminant": fitted}, None, len(task.classes), task.ordinal), info)
    store.register(task_view(task), version, folder)
    return version


def small_number_model(task: Task, rows: pd.DataFrame, spread: float = 2.0) -> Model:
    """A ridge regression on some rows, with intervals as wide as normal errors of that spread would have."""
    inputs = {name: _about(task.dataset.feature(name)) for name in task.inputs}
    matrix = models.encode(inputs, rows)
    fill = medians(matrix)
    member = Pipeline([("scale", StandardScaler()), ("predict", Ridge())])
    member.fit(fill_missing(matrix, fill), task.labels(rows))
    estimator = NumberEnsemble(
        fill=fill, members={"linear": member}, weights=np.ones(1), intercept=0.0, spread=None, smallest_spread=spread,
        errors=norm.ppf(np.arange(1, 400) / 400), centre=0.0, low=task.outcome.low, high=task.outcome.high,
        baseline=float(task.labels(rows).mean()), baseline_of="",
    )  # fmt: skip
    info = {
        "task": task.name, "outcome": asdict(task.outcome) | {"kind": task.outcome.kind}, "classes": [],
        "inputs": inputs, "decision": {"kind": "mean"}, "metrics": {}, "baseline": {}, "created": TRAINED.isoformat(),
    }  # fmt: skip
    return Model(task.name, 0, (), inputs, info["decision"], estimator, info)


def register_small_number_model(store: Store, task: Task, folder: Path) -> int:
    """Register such a model, learned from the train rows; returns the version."""
    model = small_number_model(task, store.read(samples_group(task.dataset), where={"role": "train"}))
    version = max(store.versions(task.name), default=0) + 1
    models.save(folder, model.estimator, plain(model.info | {"version": version}))
    store.register(task_view(task), version, folder)
    return version


def crown(store: Store, task: Task, version: int | None, when: datetime = TRAINED) -> None:
    """Make a version the champion."""
    champion = store.champion(task.name)
    entry = ChampionEntry(task.name, version, when, "a test", "because")
    store.move_champion(entry, champion.version if champion else None)


def _about(feature) -> dict:
    return {"kind": feature.kind, "values": list(feature.values)}
