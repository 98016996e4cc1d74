"""What a fitted model is worth on rows that it has never seen: scores, calibration, and what it relies on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.roles import sample_groups
from pipelines.datasets.spec import Feature
from pipelines.documents import plain
from pipelines.documents.model import Evaluated
from pipelines.models import Model, metrics
from pipelines.models.metrics import Estimate
from pipelines.models.ranking import Ranking, rankings

# Shuffles an input as often as it takes for the spread of its importance to show.
SHUFFLES = 5
# The values of a category that scores are told for, where it has more the most frequent ones.
MOST_PARTS = 12
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


def evaluate(task: Task, model: Model, held_out: pd.DataFrame, rng: np.random.Generator) -> Evaluation:
    """Judge a model on labelled rows that neither it nor its decision rule has learned from."""
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
    unshuffled = _log_loss(task, model, held_out, labels)
    rises = {
        name: [_log_loss(task, model, _shuffled(held_out, name, rng), labels) - unshuffled for _ in range(SHUFFLES)]
        for name in task.inputs
    }
    table = pd.DataFrame(
        {name: {"loss": np.mean(each), "low": min(each), "high": max(each)} for name, each in rises.items()}
    ).T
    return table.sort_values("loss", ascending=False)


def told_apart(model: Model) -> bool:
    """Whether equal rows of the data that a model learned from are one sample; before it was asked, they counted so."""
    return bool(model.info.get("data", {}).get("distinguishable", True))


def _calibration(task: Task, labels: Any, chances: Any, rng: np.random.Generator) -> dict[str, Any]:  # noqa: ANN401 - arrays
    return {
        "enough": True,
        "n": len(labels),
        "bins": metrics.reliability(task, labels, chances).to_dict("records"),
        "error": metrics.score(task, labels, labels, chances)["calibration_error"],
        "chance": metrics.calibration_noise(chances, rng),
    }


def _by_category(
    task: Task, held_out: pd.DataFrame, predicted: pd.DataFrame, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    names = [name for name in task.dataset.categorical if name != task.label]
    return {
        name: {
            value: _part(task, held_out[chosen], predicted[chosen], rng)
            for value in _frequent(task.dataset.feature(name), held_out[name])
            if (chosen := held_out[name].eq(value).to_numpy(dtype=bool, na_value=False)).any()
        }
        for name in names
    }


def _frequent(feature: Feature, cells: pd.Series) -> Sequence[str]:
    """The values of a category in their order; of many the most frequent ones."""
    if len(feature.values) <= MOST_PARTS:
        return feature.values  # noqa: PD011 - a field of the feature
    return [str(value) for value in cells.value_counts().index[:MOST_PARTS]]


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


def _shuffled(rows: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.DataFrame:
    return rows.assign(**{name: rows[name].to_numpy()[rng.permutation(len(rows))]})
