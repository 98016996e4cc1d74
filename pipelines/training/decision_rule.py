"""Tuning how a class is chosen from calibrated probabilities, apart from the probabilities themselves.

The most probable class is hardly ever a rare one, so a score that counts every class alike needs another rule. It is
tuned on predictions of rows that the model has not learned from.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.documents.model import DecisionRule
from pipelines.models import decide
from pipelines.models.ensemble import Floats
from pipelines.models.score_sums import macro_f1, quadratic_kappa

Integers: TypeAlias = npt.NDArray[np.int64]

# What a rule may give up of the best score to do less harm by another measure: a third of the sampling error of a score
# on the wines. More costs the score more than chance does, less leaves the rare class to chance.
WEIGHTS_TOLERANCE = 0.003
CUTS_TOLERANCE = 0.004
# Weights relative to the most frequent class: from a little below 1 to what makes one class in fifty the answer.
WEIGHTS = np.geomspace(0.7, 20, 60)
ROUNDS = 3
# How far the middle of the expected positions is stretched: 1 rounds to the nearest class, less spreads the answers.
STRETCHES = np.linspace(0.4, 1, 31)


def score_positions(task: Task, labels: Integers, predictions: Integers) -> float:
    """The score of the task (`task.scorer`) for classes given as positions."""
    return float(_scores(task, _confusion(labels, predictions, np.eye(len(task.classes)))[None])[0])


def positions(task: Task, chances: Floats, rule: DecisionRule) -> Integers:
    """The decisions of a rule as class positions (n,)."""
    decided = decide(task.classes, chances, rule)
    return np.asarray(pd.Index(task.classes).get_indexer(pd.Index(decided)), dtype=np.int64)


def tune(task: Task, labels: Integers, chances: Floats) -> DecisionRule:
    """The decision rule of the task's kind that suits `task.scorer` best.

    Parameters
    ----------
    labels
        (n,) class positions.
    chances
        (n, k) calibrated probabilities of rows that the model has not learned from.

    Returns
    -------
    A rule as `models.decide` takes it. Of the weights that are nearly best by the score, those with the highest lowest
    recall; of such cut points, those with the lowest mean absolute error.
    """
    if task.choice.decision == "weights":
        weights = _tuned_weights(task, labels, chances)
        return {"kind": "weights", "weights": dict(zip(task.classes, weights.round(4).tolist(), strict=True))}
    if task.choice.decision == "cut_points":
        return {"kind": "cut_points", "cut_points": _tuned_cut_points(task, labels, chances).round(4).tolist()}
    if task.choice.decision == "costs":
        return {"kind": "costs", "costs": [list(row) for row in task.choice.costs]}
    return {"kind": "argmax"}


def _tuned_weights(task: Task, labels: Integers, chances: Floats) -> Floats:
    # Half of the evidence is what happened, half what the calibrated probabilities expect: rare classes have few rows.
    evidence = (np.eye(len(task.classes))[labels] + chances) / 2
    common = int(evidence.sum(axis=0).argmax())
    weights, tried = np.ones(len(task.classes)), []
    for _ in range(ROUNDS):
        for position in set(range(len(task.classes))) - {common}:
            choices = [_replaced(weights, position, weight) for weight in WEIGHTS]
            tables = np.stack([_confusion_of(evidence, (chances * choice).argmax(axis=1)) for choice in choices])
            scored = list(zip(_scores(task, tables).tolist(), _lowest_recall(tables).tolist(), choices, strict=True))
            tried += scored
            weights = max(scored, key=_first)[2]
    return _among_best(tried, WEIGHTS_TOLERANCE)


def _tuned_cut_points(task: Task, labels: Integers, chances: Floats) -> Floats:
    """Cut points between the halves, drawn towards the mean.

    For a quadratic loss relative to chance, the best answer is the expected position stretched away from the mean
    and rounded: setting the derivative of observed minus kappa-weighted expected disagreement to zero gives it.
    """
    halves, middle = np.arange(len(task.classes) - 1) + 0.5, float(labels.mean())
    expected, truth = chances @ np.arange(len(task.classes)), np.eye(len(task.classes))[labels]
    choices = [middle + (halves - middle) * stretch for stretch in STRETCHES]
    decided = [np.digitize(expected, cuts) for cuts in choices]
    scores = _scores(task, np.stack([_confusion_of(truth, answers) for answers in decided])).tolist()
    closeness = [-float(np.abs(answers - labels).mean()) for answers in decided]
    return _among_best(list(zip(scores, closeness, choices, strict=True)), CUTS_TOLERANCE)


def _among_best(tried: Sequence[tuple[float, float, Floats]], tolerance: float) -> Floats:
    """Of (score, second measure, rule): the best by the second measure among those nearly best by the score."""
    best = max(score for score, _, _ in tried)
    return max((entry for entry in tried if entry[0] >= best - tolerance), key=lambda entry: entry[1])[2]


def _first(entry: tuple[float, float, Floats]) -> float:
    return entry[0]


def _replaced(weights: Floats, position: int, weight: float) -> Floats:
    changed = weights.copy()
    changed[position] = weight
    return changed


def _confusion(labels: Integers, predictions: Integers, identity: Floats) -> Floats:
    return _confusion_of(identity[labels], predictions)


def _confusion_of(evidence: Floats, predictions: Integers) -> Floats:
    """(k, k): how much of each class (rows) got each answer (columns); `evidence` (n, k) says how much of each."""
    k = evidence.shape[1]
    cells = predictions[:, None] + np.arange(k) * k
    return np.asarray(np.bincount(cells.ravel(), weights=evidence.ravel(), minlength=k * k), np.float64).reshape(k, k)


def _lowest_recall(tables: Floats) -> Floats:
    """The lowest recall of a class that occurs, of each table (r, k, k)."""
    true = tables.sum(axis=2)
    recall = np.divide(np.diagonal(tables, axis1=1, axis2=2), true, out=np.full(true.shape, np.inf), where=true > 0)
    return np.asarray(recall.min(axis=1))


def _scores(task: Task, tables: Floats) -> Floats:
    scorers: dict[str, Callable[[Floats], Floats]] = {"macro_f1": macro_f1, "quadratic_kappa": quadratic_kappa}
    # Where there is one class alone, no kappa can be told and none is gained.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(scorers[task.scorer](tables)))
