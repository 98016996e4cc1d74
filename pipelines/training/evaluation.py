"""What a fitted model is worth on rows that it has never seen: scores, calibration, and what it relies on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.roles import sample_groups
from pipelines.documents import plain
from pipelines.documents.model import Evaluated
from pipelines.models import Model, metrics
from pipelines.models.metrics import Estimate
from pipelines.models.ranking import Ranking, rankings
from pipelines.models.score_sums import scores_of, sums_of
from pipelines.training.number_evaluation import NumberEvaluation, evaluate_number
from pipelines.training.parts import importance_table, parts_by_category, told_apart

# Scores that are told for each of them; the others need more rows than a part has.
SCORES_BY_CATEGORY = ("accuracy", "balanced_accuracy", "macro_f1", "quadratic_kappa", "log_loss")


@dataclass(frozen=True)
class Evaluation:
    """How a model does on held-out rows.

    Attributes
    ----------
    rows
        How many rows it was judged on, equal ones counted once.
    scores, baseline
        Its scores with 95 % intervals, and those of always answering the majority class.
    by_category
        The same by feature and value: `{feature: {value: {"rows": n, "scores": {...}, "baseline": {...}}}}`.
    confusion
        True classes in rows, answers in columns, both in class order.
    calibration
        How often the most probable class is right, by how probable it was said to be (`bins`), the calibration
        `error`, and up to which `chance` alone makes it (95 %).
    importance
        One row an input: `loss`, by how much the log-loss rises when the input is shuffled among the rows, and
        `low`, `high`, the least and the most over the shuffles.
    ranking
        How each class is found among the others: average precision, ROC AUC, precision and recall of its answers.
    decision_cost
        `accuracy` and the task's scorer, under the model's decision rule and under choosing the most probable class.
    """

    rows: int
    scores: Mapping[str, Estimate]
    baseline: Mapping[str, float]
    by_category: Mapping[str, Mapping[str, Any]] = field(repr=False)
    confusion: pd.DataFrame = field(repr=False)
    calibration: Mapping[str, Any] = field(repr=False)
    importance: pd.DataFrame = field(repr=False)
    decision_cost: Mapping[str, Mapping[str, float]] = field(repr=False)
    ranking: Mapping[str, Ranking] = field(repr=False)

    def document(self) -> Evaluated:
        """The evaluation as the keys of `model.json` that it fills; no number is NaN, but null."""
        return {
            "metrics": plain({name: asdict(estimate) for name, estimate in self.scores.items()}),
            "baseline": plain(self.baseline),
            "by_category": plain(self.by_category),
            "confusion": self.confusion.to_numpy().tolist(),
            "calibration": plain(self.calibration),
            "importance": plain(self.importance.to_dict("index")),
            "decision_cost": plain(self.decision_cost),
            "ranking": plain({name: asdict(each) for name, each in self.ranking.items()}),
        }


def evaluate(
    task: Task, model: Model, held_out: pd.DataFrame, rng: np.random.Generator
) -> Evaluation | NumberEvaluation:
    """Judge a model on labelled rows that neither it nor its decision rule has learned from."""
    return _evaluated(task.outcome, task, model, held_out, rng)


@singledispatch
def _evaluated(
    outcome: object, task: Task, model: Model, held_out: pd.DataFrame, rng: np.random.Generator
) -> Evaluation | NumberEvaluation:
    raise NotImplementedError


@_evaluated.register
def _(
    outcome: Number,  # noqa: ARG001 - of any number
    task: Task,
    model: Model,
    held_out: pd.DataFrame,
    rng: np.random.Generator,
) -> NumberEvaluation:
    return evaluate_number(task, model, held_out, rng)


@_evaluated.register
def evaluate_classes(
    outcome: Classes,  # noqa: ARG001 - of any classes
    task: Task,
    model: Model,
    held_out: pd.DataFrame,
    rng: np.random.Generator,
) -> Evaluation:
    """Judge a model of classes."""
    predicted = models.predict(model, held_out)
    labels = task.labels(held_out).to_numpy()
    groups = sample_groups(task.dataset, held_out, distinguishable=told_apart(model))
    chances = predicted[task.probability_columns].to_numpy()
    answers = predicted["prediction"].to_numpy()
    return Evaluation(
        rows=len(held_out),
        scores=metrics.bootstrap(task, labels, answers, chances, rng, groups=groups),
        baseline=metrics.baseline(task, labels),
        by_category=_by_category(task, held_out, predicted, rng),
        confusion=metrics.confusion(task, labels, answers),
        calibration=_calibration(task, labels, chances, rng),
        importance=importance(task, model, held_out, rng),
        decision_cost=_decision_cost(task, labels, answers, chances),
        ranking=rankings(task, labels, answers, chances, rng, groups=groups),
    )


def importance(task: Task, model: Model, held_out: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """By how much the log-loss rises when an input is shuffled: permutation importance, L. Breiman (2001)."""
    labels = task.labels(held_out).to_numpy()
    return importance_table(task, held_out, lambda rows: _log_loss(task, model, rows, labels), rng)


def _calibration(task: Task, labels: Any, chances: Any, rng: np.random.Generator) -> dict[str, Any]:  # noqa: ANN401 - arrays
    sums = sums_of(task, labels, labels, chances, units=None)
    return {
        "enough": True,
        "n": len(labels),
        "bins": metrics.reliability(sums.bins[0]).to_dict("records"),
        "error": float(scores_of(task, sums)["calibration_error"][0]),
        "chance": metrics.calibration_noise(sums.bins[0], rng),
    }


def _by_category(
    task: Task, held_out: pd.DataFrame, predicted: pd.DataFrame, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    return parts_by_category(task, held_out, lambda chosen: _part(task, held_out[chosen], predicted[chosen], rng))


def _part(task: Task, rows: pd.DataFrame, predicted: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    labels = task.labels(rows).to_numpy()
    chances = predicted[task.probability_columns].to_numpy()
    scores = metrics.bootstrap(task, labels, predicted["prediction"].to_numpy(), chances, rng)
    baseline = metrics.baseline(task, labels)
    told = [name for name in scores if name in SCORES_BY_CATEGORY]
    return {
        "rows": len(rows),
        "scores": {name: asdict(scores[name]) for name in told},
        "baseline": {name: baseline[name] for name in told},
    }


def _decision_cost(task: Task, labels: Any, answers: Any, chances: Any) -> dict[str, dict[str, float]]:  # noqa: ANN401 - arrays
    most_probable = models.decide(task.classes, chances, {"kind": "argmax"})
    rules = {"rule": answers, "most_probable": most_probable}
    scored = {name: metrics.score(task, labels, given, chances) for name, given in rules.items()}
    return {name: {key: scores[key] for key in ("accuracy", task.scorer)} for name, scores in scored.items()}


def _log_loss(task: Task, model: Model, rows: pd.DataFrame, labels: Any) -> float:  # noqa: ANN401 - an array of text
    chances = models.probabilities(model, rows)
    return metrics.score(task, labels, labels, chances)["log_loss"]
