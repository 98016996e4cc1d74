"""The version that a played month puts in charge in haste: a plain model, registered nowhere."""

from dataclasses import asdict

import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from pipelines import models
from pipelines.datasets import Task
from pipelines.documents import plain
from pipelines.models import Model, metrics
from pipelines.models.ensemble import Ensemble, fill_missing, medians

SEED = 2026
# Enough for a plain model in a story, and soon done with data of any size.
MOST_ROWS = 2000


def hasty_model(task: Task, champion: Model, historical: pd.DataFrame) -> Model:
    """A linear discriminant on the train rows, judged on the test rows, as the version after the champion."""
    train, test = (_evenly(historical[historical["role"] == role]) for role in ("train", "test"))
    model = Model(
        task=task.name, version=champion.version + 1, classes=champion.classes, inputs=champion.inputs,
        decision={"kind": "argmax"}, estimator=_fitted(task, models.encode(champion.inputs, train), train), info={},
    )  # fmt: skip
    predicted, labels = models.predict(model, test), task.labels(test)
    answers = (labels, predicted["prediction"], predicted[task.probability_columns])
    scores = metrics.bootstrap(task, *answers, np.random.default_rng(SEED))
    model.info["metrics"] = plain({name: asdict(score) for name, score in scores.items()})
    model.info["confusion"] = metrics.confusion(task, *answers[:2]).to_numpy().tolist()
    return model


def _evenly(rows: pd.DataFrame) -> pd.DataFrame:
    return rows if len(rows) <= MOST_ROWS else rows.iloc[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int)]


def _fitted(task: Task, matrix: np.ndarray, train: pd.DataFrame) -> Ensemble:
    fill = medians(matrix)
    positions = task.labels(train).map(task.classes.index).to_numpy(dtype=np.int64)
    fitted = LinearDiscriminantAnalysis().fit(fill_missing(matrix, fill), positions)
    return Ensemble(fill, {"discriminant": fitted}, None, len(task.classes), task.ordinal)
