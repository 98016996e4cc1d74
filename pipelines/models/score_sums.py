"""The sums over rows that every score is a function of.

How often each class was answered by each other, the summed log-loss, and the counts of the calibration bins: from
these one formula gives the plain score, the scores of every bootstrap repeat and those of every day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.models.additive import Additive

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = "Sequence[object] | npt.NDArray[np.object_] | pd.Series"

BINS = 15  # the usual number in the calibration literature, and the one that the goals were measured with
INNER_EDGES = np.linspace(0, 1, BINS + 1)[1:-1]
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)  # what scikit-learn clips to; one certain error costs 36


@dataclass(frozen=True)
class Sums(Additive):
    """Sums over the rows of each unit: a row, a day, a repeat. They add up: units to larger ones.

    Attributes
    ----------
    confusion
        True classes by answers: (units, k, k).
    loss
        The log-loss: (units,).
    bins
        Of each calibration bin rows, confidence, hits, and the variance of these if it is right: (units, 4, BINS).
    """

    confusion: Floats
    loss: Floats
    bins: Floats


def known_rows(labels: Texts) -> npt.NDArray[np.bool_]:
    """Which rows have a label: (n,)."""
    labelled: npt.NDArray[np.bool_] = ~pd.isna(np.asarray(labels, dtype=object))
    return labelled


def positions(task: Task, classes: Texts, labelled: npt.NDArray[np.bool_]) -> Integers:
    """The place of each known row's class in `task.classes`; `ValueError` for what is no class of the task."""
    values = np.asarray(classes, dtype=object)[labelled]
    indices = pd.Index(task.classes, dtype=object).get_indexer(pd.Index(values, dtype=object))
    if (indices < 0).any():
        strange = values[indices < 0][0]
        raise ValueError(f"{strange!r} is no class of {task.name}; it has {', '.join(task.classes)}")
    return np.asarray(indices, dtype=np.int64)


def matrix_of(task: Task, probabilities: npt.ArrayLike, labelled: npt.NDArray[np.bool_]) -> Floats:
    """The probabilities of the known rows: (m, k)."""
    return np.asarray(probabilities, dtype=np.float64).reshape(-1, len(task.classes))[labelled]


def sums_of(
    task: Task,
    labels: Texts,
    predictions: Texts,
    probabilities: npt.ArrayLike,
    units: Integers | None,
) -> Sums:
    """The sums of each unit, or of all rows together; `units` has the number of the unit of each labelled row."""
    labelled, k = known_rows(labels), len(task.classes)
    true, answered = positions(task, labels, labelled), positions(task, predictions, labelled)
    matrix = matrix_of(task, probabilities, labelled)
    units = np.zeros(len(true), dtype=np.int64) if units is None else units
    size = int(units.max(initial=0)) + 1
    cells = np.bincount((units * k + true) * k + answered, minlength=size * k * k)
    losses = -np.log(np.clip(matrix[np.arange(len(true)), true], SMALLEST_PROBABILITY, 1))
    return Sums(
        confusion=cells.reshape(size, k, k).astype(np.float64),
        loss=np.bincount(units, weights=losses, minlength=size).astype(np.float64),
        bins=bin_sums(true, matrix, units, size),
    )


def bin_sums(true: Integers, matrix: Floats, units: Integers, size: int) -> Floats:
    """What `Sums.bins` has of each unit."""
    top, confidence = matrix.argmax(axis=1), matrix.max(axis=1, initial=0)
    cells = units * BINS + np.searchsorted(INNER_EDGES, confidence, side="left")
    sums = [
        np.bincount(cells, weights=weights, minlength=size * BINS).reshape(size, BINS)
        for weights in (np.ones(len(true)), confidence, (top == true).astype(np.float64), confidence * (1 - confidence))
    ]
    return np.stack(sums, axis=1)


def scores_of(task: Task, sums: Sums) -> dict[str, Floats]:
    """Every score, one value a repeat."""
    n = sums.confusion.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        probabilistic = {
            "log_loss": sums.loss / n,
            "calibration_error": np.abs(sums.bins[:, 1] - sums.bins[:, 2]).sum(axis=1) / n,
        }
        return table_scores(task, sums.confusion) | probabilistic


def macro_f1(table: Floats) -> Floats:
    """The mean F1 over the classes that occur, of tables (r, k, k) with true classes in rows and answers in columns."""
    hits, either = np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2) + table.sum(axis=1)
    f1 = np.divide(2 * hits, either, out=np.zeros(hits.shape), where=either > 0)
    return np.asarray(f1.sum(axis=1) / (either > 0).sum(axis=1))


def quadratic_kappa(table: Floats) -> Floats:
    """Cohen's kappa with quadratic weights of such tables; NaN where chance alone would make no mistake."""
    steps = np.subtract.outer(np.arange(table.shape[1]), np.arange(table.shape[1])) ** 2
    by_chance = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :] / table.sum(axis=(1, 2))[:, None, None]
    return np.asarray(1 - (table * steps).sum(axis=(1, 2)) / (by_chance * steps).sum(axis=(1, 2)))


def table_scores(task: Task, table: Floats) -> dict[str, Floats]:
    """The scores that follow from tables (r, k, k) with true classes in rows and answers in columns."""
    hits, true, n = np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2), table.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = hits / true
        scores = {
            "accuracy": hits.sum(axis=1) / n,
            "balanced_accuracy": np.nansum(recall, axis=1) / (true > 0).sum(axis=1),
            "macro_f1": macro_f1(table),
        }
        scores |= {f"recall_{name}": recall[:, i] for i, name in enumerate(task.classes)}
        return scores | _ordinal_scores(table, n) if task.ordinal else scores


def _ordinal_scores(table: Floats, n: Floats) -> dict[str, Floats]:
    steps = np.abs(np.subtract.outer(np.arange(table.shape[1]), np.arange(table.shape[1])))
    return {"quadratic_kappa": quadratic_kappa(table), "mean_absolute_error": (table * steps).sum(axis=(1, 2)) / n}
