"""What a fitted model of a number is worth on rows that it has never seen: scores, intervals, what it relies on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.roles import sample_groups
from pipelines.documents import plain
from pipelines.documents.model import Evaluated
from pipelines.models import Model, metrics
from pipelines.models.adaptive import is_adaptive, predict_in_order
from pipelines.models.interval_calibration import interval_calibration
from pipelines.models.metrics import Estimate
from pipelines.models.number_sums import number_sums_of
from pipelines.training.parts import importance_table, parts_by_category, told_apart

# Scores that are told of each part of the test rows; the others need more rows than a part has.
SCORES_BY_PART = ("mae", "rmse", "bias", "coverage_80", "coverage_95")
FIFTHS = ("lowest fifth", "second fifth", "middle fifth", "fourth fifth", "highest fifth")
SEASONS = ("December to February", "March to May", "June to August", "September to November")


@dataclass(frozen=True)
class NumberEvaluation:
    """How a model of a number does on held-out rows.

    Attributes
    ----------
    rows
        How many rows it was judged on, equal ones counted once.
    scores, baseline
        Its scores with 95 % intervals, and those of the baseline.
    by_category
        The same by part: of each fifth of the predictions, of each season where time splits, and of each value of a
        category: `{part: {value: {"rows": n, "scores": {...}, "baseline": {...}}}}`.
    calibration
        How often the truth lay below each end of the intervals, see `models.interval_calibration`.
    importance
        One row an input: `loss`, by how much the mean absolute error rises when the input is shuffled among the rows,
        and `low`, `high`, the least and the most over the shuffles.
    predicted
        The predictions with `label`, `sample_id` and `event_time`, one row a test row.
    """

    rows: int
    scores: Mapping[str, Estimate]
    baseline: Mapping[str, float]
    by_category: Mapping[str, Mapping[str, Any]] = field(repr=False)
    calibration: Mapping[str, Any] = field(repr=False)
    importance: pd.DataFrame = field(repr=False)
    predicted: pd.DataFrame = field(repr=False)

    def document(self) -> Evaluated:
        """The evaluation as the keys of `model.json` that it fills; no number is NaN, but null."""
        return {
            "metrics": plain({name: asdict(estimate) for name, estimate in self.scores.items()}),
            "baseline": plain(self.baseline),
            "by_category": plain(self.by_category),
            "calibration": plain(self.calibration),
            "importance": plain(self.importance.to_dict("index")),
        }


def evaluate_number(task: Task, model: Model, held_out: pd.DataFrame, rng: np.random.Generator) -> NumberEvaluation:
    """Judge a model on labelled rows that it has not learned from."""
    labels = task.labels(held_out).to_numpy()
    identity = held_out[["sample_id", "event_time"]]
    predicted = _predicted(task, model, held_out, labels).assign(label=labels, **identity)
    answers = (predicted["prediction"].to_numpy(), predicted[task.answer_columns].to_numpy())
    groups = sample_groups(task.dataset, held_out, distinguishable=told_apart(model))

    def error(rows: pd.DataFrame) -> float:
        return float((models.predict(model, rows)["prediction"] - labels).abs().mean())

    return NumberEvaluation(
        rows=len(held_out),
        scores=metrics.bootstrap(task, labels, *answers, rng, groups=groups),
        baseline=metrics.baseline(task, labels, answers[1]),
        by_category=_parts(task, held_out, predicted, rng),
        calibration=interval_calibration(number_sums_of(task, labels, *answers, None), rng),
        importance=importance_table(task, held_out, error, rng),
        predicted=predicted,
    )


def _predicted(task: Task, model: Model, held_out: pd.DataFrame, labels: npt.NDArray[np.float64]) -> pd.DataFrame:
    """The predictions as they would have been made day by day, where intervals follow the outcomes."""
    if is_adaptive(model):
        return predict_in_order(model, held_out, labels, task.due_after or timedelta(0))
    return models.predict(model, held_out)


def _parts(
    task: Task, held_out: pd.DataFrame, predicted: pd.DataFrame, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    def part(chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return _part(task, predicted[chosen], rng)

    fifth = np.ceil(predicted["prediction"].rank(pct=True).to_numpy() * len(FIFTHS)).astype(int)
    there = [number for number in range(len(FIFTHS)) if number + 1 in fifth]
    parts = {"prediction": {FIFTHS[number]: part(fifth == number + 1) for number in there}}
    if task.dataset.split == "time":
        season = (held_out["event_time"].dt.month % 12 // 3).to_numpy()
        parts["season"] = {name: part(season == number) for number, name in enumerate(SEASONS) if number in season}
    return parts | parts_by_category(task, held_out, part)


def _part(task: Task, predicted: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    labels, answers = predicted["label"].to_numpy(), predicted[task.answer_columns].to_numpy()
    scores = metrics.bootstrap(task, labels, predicted["prediction"].to_numpy(), answers, rng)
    baseline = metrics.baseline(task, labels, answers)
    return {
        "rows": len(predicted),
        "scores": {name: asdict(scores[name]) for name in SCORES_BY_PART},
        "baseline": {name: baseline[name] for name in SCORES_BY_PART},
    }
