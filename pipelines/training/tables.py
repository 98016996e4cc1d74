"""The tables that the training notebook shows."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.models import MODEL_FILE, Model
from pipelines.models.metrics import metric_title
from pipelines.training.data import TrainingData
from pipelines.training.evaluation import Evaluation
from pipelines.training.number_evaluation import NumberEvaluation
from pipelines.training.pipeline import Trained
from pipelines.wording import escape

ASKED_ALONE = 30  # the middle of so many times does not depend on what else the machine does at one moment
ASKED_TOGETHER = 20_000
MILLION = 1_000_000


def describe_data(data: TrainingData) -> str:
    """What the run learns from and is judged on, as Markdown."""
    released = f", {len(data.released):,} of them released by replay" if data.released else ""
    source = escape(data.source.get("name", "not recorded"))
    return (
        f"**{data.task.title}**: {data.task.description} {data.rows:,} training rows{released}, {len(data.train):,} of "
        f"them distinct; {len(data.test):,} distinct test rows. Source: {source}. "
        f"Fingerprint: `{data.fingerprint}`."
    )


def class_rows(data: TrainingData) -> pd.DataFrame:
    """How many distinct training and test rows each class has."""
    parts = {"train": data.train, "test": data.test}
    counts = {name: data.task.labels(rows).value_counts() for name, rows in parts.items()}
    return pd.DataFrame(counts).reindex(data.task.classes).fillna(0).astype(int)


def label_rows(data: TrainingData) -> pd.DataFrame:
    """How the numbers of the distinct training and test rows are spread."""
    return pd.DataFrame(
        {name: data.task.labels(rows).describe() for name, rows in {"train": data.train, "test": data.test}.items()}
    )


def scores(evaluation: Evaluation | NumberEvaluation) -> pd.DataFrame:
    """Every score of the whole with its interval, beside the baseline."""
    return _beside_baseline(
        {name: asdict(score) for name, score in evaluation.scores.items() if not name.startswith("recall_")},
        evaluation.baseline,
    )


def class_scores(task: Task, evaluation: Evaluation) -> pd.DataFrame:
    """Rows, recall with interval, and precision of each class."""
    table = evaluation.confusion
    recalls = [asdict(evaluation.scores[f"recall_{name}"]) for name in task.classes]
    by_class = pd.DataFrame(recalls, index=list(task.classes)).add_prefix("recall_")
    hits = pd.Series([table.loc[name, name] for name in task.classes], index=list(task.classes))
    answered = table.sum(axis=0)
    return by_class.assign(precision=(hits / answered.where(answered > 0)), rows=table.sum(axis=1))


def category_scores(evaluation: Evaluation | NumberEvaluation) -> pd.DataFrame:
    """The scores of each value of each category; no rows where there is no category."""
    parts = {
        (feature, value): _beside_baseline(part["scores"], part["baseline"]).assign(rows=part["rows"])
        for feature, values in evaluation.by_category.items()
        for value, part in values.items()
    }
    return pd.concat(parts) if parts else pd.DataFrame()


def decision_cost(evaluation: Evaluation) -> pd.DataFrame:
    """What the decision rule gains and costs, against answering the most probable class."""
    table = pd.DataFrame(evaluation.decision_cost).T
    return table.rename(columns=metric_title, index={"rule": "decision rule", "most_probable": "most probable class"})


def size_and_speed(trained: Trained, folder: Path) -> pd.DataFrame:
    """The size of the saved model, and how long it takes to predict, in processor time."""
    measured = {
        "model file, MB": (folder / MODEL_FILE).stat().st_size / 1e6,
        "one row, ms": 1e3 * seconds_for_one(trained.model, trained.data.test),
        "a million rows, s": seconds_for_million(trained.model, trained.data.test),
        "search, s": trained.search.seconds,
    }
    return pd.DataFrame.from_dict(measured, orient="index", columns=["measured"]).round(2)


def seconds_for_one(model: Model, rows: pd.DataFrame) -> float:
    """How long one row takes when the model is warm: the median of several."""
    one = rows.head(1)
    models.predict(model, one)
    return float(pd.Series([_seconds(model, one) for _ in range(ASKED_ALONE)]).median())


def seconds_for_million(model: Model, rows: pd.DataFrame) -> float:
    """How long a million rows take, from some thousand."""
    many = rows.iloc[[number % len(rows) for number in range(ASKED_TOGETHER)]]
    return _seconds(model, many) * MILLION / ASKED_TOGETHER


def _seconds(model: Model, rows: pd.DataFrame) -> float:
    # Prediction runs on one thread: this is the wall-clock time on a machine that does nothing else.
    began = time.process_time()
    models.predict(model, rows)
    return time.process_time() - began


def _beside_baseline(scores: Mapping[str, Any], baseline: Mapping[str, float]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(dict(scores), orient="index").rename(columns={"value": "model"})
    return table.assign(baseline=pd.Series(dict(baseline))).rename(index=metric_title)
