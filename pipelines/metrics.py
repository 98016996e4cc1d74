"""The scores of a classifier, with intervals.

Every score is a function of a few sums over the rows: how often each class was answered by each other, the summed
log-loss, and the counts of the calibration bins. One formula therefore serves the plain score and all bootstrap
repeats at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Texts: TypeAlias = "Sequence[object] | npt.NDArray[np.object_] | pd.Series"

BINS = 15  # the usual number in the calibration literature, and the one that the goals were measured with
NORMAL_975 = 1.959963984540054  # two-sided 95 %
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)  # what scikit-learn clips to; one certain error costs 36
LARGEST_UNITS = 5000  # more are pooled at random into this many: the interval's own noise is then 1 % of its width
UNITS_FOR_SPREAD = 2  # one row resampled is always itself and says nothing about spread


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval; the bounds are NaN where the data cannot tell them."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Sums:
    """Sums over the rows, one set a repeat: confusion (r, k, k), log-loss (r,), bins (r, 3, BINS)."""

    confusion: Floats
    loss: Floats
    bins: Floats


def score(task: Task, labels: Texts, predictions: Texts, probabilities: npt.ArrayLike) -> dict[str, float]:
    """The scores of predictions against labels.

    Parameters
    ----------
    labels, predictions
        Class text, one a row (n,). Rows without a label are left out.
    probabilities
        (n, k) in the order of `task.classes`.

    Returns
    -------
    `accuracy`; `balanced_accuracy` (mean recall over the classes among the labels); `macro_f1` (mean over the
    classes that occur among labels or predictions, so an absent class neither helps nor harms); `log_loss` (nats);
    `calibration_error` (expected calibration error of the most probable class, 15 equal bins); `recall_<class>`
    for each class (NaN where no label has it); for ordinal tasks `quadratic_kappa` (NaN where only one class
    occurs) and `mean_absolute_error` in class positions. All NaN without a labelled row.

    Raises
    ------
    ValueError
        A label or prediction is none of the task's classes.
    """
    sums = _sums(task, labels, predictions, probabilities, units=None)
    return {name: float(values[0]) for name, values in _scores(task, sums).items()}


def bootstrap(
    task: Task,
    labels: Texts,
    predictions: Texts,
    probabilities: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    repeats: int = 1000,
    groups: npt.ArrayLike | None = None,
) -> dict[str, Estimate]:
    """The scores of `score` with 95 % percentile intervals; whole `groups` (n,) are resampled where given.

    A bootstrap cannot know of errors that it has not seen. So the interval of a share (accuracy, recall) also covers
    Wilson's, and where all repeats of another score agree, as after a flawless test, it takes the width of the
    accuracy's. The bias of the calibration error under resampling is taken off. With one row or group there is
    no spread to see, and what is no share has NaN bounds.
    """
    known = _known(labels)
    value = score(task, labels, predictions, probabilities)
    if not known.any():
        return {name: Estimate(np.nan, np.nan, np.nan) for name in value}
    units = _units(np.arange(len(known)) if groups is None else np.asarray(groups), known, rng)
    parts = _sums(task, labels, predictions, probabilities, units)
    size = len(parts.loss)
    draws = np.arange(repeats)[:, None] * size + rng.integers(0, size, (repeats, size))
    weights = np.bincount(draws.ravel(), minlength=repeats * size).reshape(repeats, size).astype(np.float64)
    replicates = _scores(task, _Sums(*(_weighted(weights, part) for part in (parts.confusion, parts.loss, parts.bins))))
    intervals = {name: _percentiles(name, value[name], replicates[name], size) for name in value}
    return _honest(task, intervals, parts.confusion.sum(axis=0))


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share; (0, 1) without data.

    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if n <= 0:
        return 0.0, 1.0
    share, z2 = successes / n, NORMAL_975**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return 0.0 if successes <= 0 else float(middle - half), 1.0 if successes >= n else float(middle + half)


def confusion(task: Task, labels: Texts, predictions: Texts) -> pd.DataFrame:
    """How often each class (rows: true, columns: predicted) got each answer, both in the order of `task.classes`."""
    known = _known(labels)
    true, answered = _positions(task, labels, known), _positions(task, predictions, known)
    k = len(task.classes)
    counts = np.bincount(true * k + answered, minlength=k * k).reshape(k, k)
    return pd.DataFrame(
        counts, index=pd.Index(task.classes, name="true"), columns=pd.Index(task.classes, name="predicted")
    )


def reliability(task: Task, labels: Texts, probabilities: npt.ArrayLike) -> pd.DataFrame:
    """How often the most probable class is right, by how probable it was said to be.

    Returns one row a bin: `low`, `high` (edges), `n`, `confidence` (mean), `accuracy` with `accuracy_low` and
    `accuracy_high` (Wilson); NaN in an empty bin.
    """
    known = _known(labels)
    n, confidence, hits = _bin_sums(_positions(task, labels, known), _matrix(task, probabilities, known))[0]
    edges = np.linspace(0, 1, BINS + 1)
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "low": edges[:-1],
                "high": edges[1:],
                "n": n.astype(int),
                "confidence": confidence / n,
                "accuracy": hits / n,
            }
        )
    bounds = [wilson(h, m) if m else (np.nan, np.nan) for h, m in zip(hits, n, strict=True)]
    return table.assign(accuracy_low=[low for low, _ in bounds], accuracy_high=[high for _, high in bounds])


def baseline(task: Task, labels: Texts) -> dict[str, float]:
    """The scores of always answering the majority class, with the class shares as probabilities.

    Of equally frequent classes the first in class order is answered.
    """
    known = _known(labels)
    shares = np.bincount(_positions(task, labels, known), minlength=len(task.classes)) / max(known.sum(), 1)
    rows = len(known)
    majority = np.full(rows, task.classes[int(shares.argmax())], dtype=object)
    return score(task, labels, majority, np.tile(shares, (rows, 1)))


def _known(labels: Texts) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = ~pd.isna(np.asarray(labels, dtype=object))
    return known


def _positions(task: Task, classes: Texts, known: npt.NDArray[np.bool_]) -> Integers:
    values = np.asarray(classes, dtype=object)[known]
    positions = pd.Index(task.classes).get_indexer(pd.Index(values, dtype=object))
    if (positions < 0).any():
        strange = values[positions < 0][0]
        raise ValueError(f"{strange!r} is no class of {task.name}; it has {', '.join(task.classes)}")
    return np.asarray(positions, dtype=np.int64)


def _matrix(task: Task, probabilities: npt.ArrayLike, known: npt.NDArray[np.bool_]) -> Floats:
    return np.asarray(probabilities, dtype=np.float64).reshape(-1, len(task.classes))[known]


def _units(groups: npt.NDArray[np.generic], known: npt.NDArray[np.bool_], rng: np.random.Generator) -> Integers:
    """What is resampled together, numbered from 0; too many units are pooled at random."""
    found, units = np.unique(groups[known], return_inverse=True)
    if len(found) <= LARGEST_UNITS:
        return np.asarray(units, dtype=np.int64)
    pools = np.asarray(rng.permutation(len(found)) % LARGEST_UNITS, dtype=np.int64)
    return pools[units]


def _sums(task: Task, labels: Texts, predictions: Texts, probabilities: npt.ArrayLike, units: Integers | None) -> _Sums:
    """The sums of each unit, or of all rows together."""
    known, k = _known(labels), len(task.classes)
    true, answered = _positions(task, labels, known), _positions(task, predictions, known)
    matrix = _matrix(task, probabilities, known)
    units = np.zeros(len(true), dtype=np.int64) if units is None else units
    size = int(units.max(initial=0)) + 1
    cells = np.bincount((units * k + true) * k + answered, minlength=size * k * k)
    losses = -np.log(np.clip(matrix[np.arange(len(true)), true], SMALLEST_PROBABILITY, 1))
    return _Sums(
        confusion=cells.reshape(size, k, k).astype(np.float64),
        loss=np.bincount(units, weights=losses, minlength=size).astype(np.float64),
        bins=_bin_sums(true, matrix, units),
    )


def _bin_sums(true: Integers, matrix: Floats, units: Integers | None = None) -> Floats:
    """Rows, summed confidence and hits of each calibration bin: (units, 3, BINS)."""
    units = np.zeros(len(true), dtype=np.int64) if units is None else units
    size = int(units.max(initial=0)) + 1
    top, confidence = matrix.argmax(axis=1), matrix.max(axis=1, initial=0)
    inner_edges = np.linspace(0, 1, BINS + 1)[1:-1]
    cells = units * BINS + np.searchsorted(inner_edges, confidence, side="left")
    sums = [
        np.bincount(cells, weights=weights, minlength=size * BINS).reshape(size, BINS)
        for weights in (np.ones(len(true)), confidence, (top == true).astype(np.float64))
    ]
    return np.stack(sums, axis=1)


def _weighted(weights: Floats, parts: Floats) -> Floats:
    """The sums of each repeat (r, ...) from how often it drew each unit (r, units)."""
    flat = weights @ parts.reshape(len(parts), -1)
    return flat.reshape(len(weights), *parts.shape[1:])


def _scores(task: Task, sums: _Sums) -> dict[str, Floats]:
    """Every score, one value a repeat."""
    table = sums.confusion
    with np.errstate(divide="ignore", invalid="ignore"):
        n, hits = table.sum(axis=(1, 2)), np.diagonal(table, axis1=1, axis2=2)
        true, answered = table.sum(axis=2), table.sum(axis=1)
        recall, f1 = hits / true, 2 * hits / (true + answered)
        scores = {
            "accuracy": hits.sum(axis=1) / n,
            "balanced_accuracy": np.nansum(recall, axis=1) / (true > 0).sum(axis=1),
            "macro_f1": np.nansum(f1, axis=1) / (true + answered > 0).sum(axis=1),
            "log_loss": sums.loss / n,
            "calibration_error": np.abs(sums.bins[:, 1] - sums.bins[:, 2]).sum(axis=1) / n,
        }
        scores |= {f"recall_{name}": recall[:, i] for i, name in enumerate(task.classes)}
        return scores | _ordinal_scores(table, n) if task.ordinal else scores


def _ordinal_scores(table: Floats, n: Floats) -> dict[str, Floats]:
    steps = np.abs(np.subtract.outer(np.arange(table.shape[1]), np.arange(table.shape[1])))
    by_chance = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :] / n[:, None, None]
    observed, expected = (table * steps**2).sum(axis=(1, 2)), (by_chance * steps**2).sum(axis=(1, 2))
    return {"quadratic_kappa": 1 - observed / expected, "mean_absolute_error": (table * steps).sum(axis=(1, 2)) / n}


def _percentiles(name: str, value: float, replicates: Floats, size: int) -> Estimate:
    finite = replicates[np.isfinite(replicates)]
    if size < UNITS_FOR_SPREAD or not finite.size or np.isnan(value):
        return Estimate(value, np.nan, np.nan)
    if name == "calibration_error":
        finite = np.maximum(finite - (finite.mean() - value), 0)
    low, high = np.quantile(finite, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value))


def _honest(task: Task, intervals: dict[str, Estimate], table: Floats) -> dict[str, Estimate]:
    """Widen what a bootstrap makes too narrow; see `bootstrap`."""
    shares = {"accuracy": (np.trace(table), table.sum())}
    shares |= {f"recall_{name}": (table[i, i], table[i].sum()) for i, name in enumerate(task.classes)}
    covered = {name: _covering(intervals[name], *wilson(*counts)) for name, counts in shares.items()}
    result = intervals | covered
    below = result["accuracy"].value - result["accuracy"].low
    above = result["accuracy"].high - result["accuracy"].value
    for name in {"balanced_accuracy", "macro_f1", "quadratic_kappa"} & set(result):
        found = result[name]
        if found.low == found.high:
            result[name] = Estimate(found.value, max(-1.0, found.value - below), min(1.0, found.value + above))
    error = result.get("mean_absolute_error")
    if error is not None and error.low == error.high:
        result["mean_absolute_error"] = Estimate(error.value, max(0.0, error.value - above), error.value + below)
    return result


def _covering(found: Estimate, low: float, high: float) -> Estimate:
    if np.isnan(found.value):
        return found
    return Estimate(found.value, float(np.nanmin([found.low, low])), float(np.nanmax([found.high, high])))
