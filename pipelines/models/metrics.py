"""The scores of predicted classes and numbers, with intervals.

An interval never claims more than the data can tell: see `bootstrap`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.names import INTERVALS
from pipelines.datasets.outcomes import Classes, Number
from pipelines.models.number_sums import Numbers, NumberSums, baseline_scores_of, number_sums_of
from pipelines.models.score_sums import (
    BINS,
    Floats,
    Integers,
    Sums,
    Texts,
    known_rows,
    positions,
)
from pipelines.models.sums import AnySums, scores_of_sums, sums_by_unit

NORMAL_975 = 1.959963984540054  # two-sided 95 %
LARGEST_UNITS = 5000  # more are pooled at random into this many: the interval's own noise is then 1 % of its width
TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro-F1",
    "quadratic_kappa": "Quadratic-weighted kappa",
    "mean_absolute_error": "Mean absolute error",
    "log_loss": "Log-loss",
    "calibration_error": "Calibration error",
}
# Of predicted numbers.
NUMBER_TITLES = {
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "pinball": "Pinball loss",
    "skill": "Skill against the baseline",
    "r2": "R²",
    "bias": "Bias",
    "coverage_80": "Within the 80 % interval",
    "coverage_95": "Within the 95 % interval",
    "width_80": "Width of the 80 % interval",
    "width_95": "Width of the 95 % interval",
}
# For classes in an order alone.
ORDINAL = ("quadratic_kappa", "mean_absolute_error")
ALL_TITLES = TITLES | NUMBER_TITLES
LARGEST_DRAW = 2_000_000  # counts held at once while repeats are drawn: 16 MB, however many units there are
UNITS_FOR_SPREAD = 2  # one row resampled is always itself and says nothing about spread

# Below 30 samples a 95 % interval of a share may be wider than ±0.17: it tells no model from its baseline.
FEWEST_SAMPLES = 30
# A rolling score looks at the newest whole days that hold this many samples: its interval is then at most ±0.1.
ROLLING_SAMPLES = 100
# The days that drift looks back: one day of a thousand samples, a quarter of one sample a day.
WINDOWS = (1, 7, 28, 91)
# A difference matters when a tenth of the samples would have to be others.
SMALLEST_DISTANCE = 0.1
MEANS_OVER_CLASSES = ("balanced_accuracy", "macro_f1")
LOWER_IS_BETTER = (
    "log_loss", "calibration_error", "mean_absolute_error", "mae", "rmse", "pinball", "width_80", "width_95",
)  # fmt: skip


Answers: TypeAlias = "Texts | Numbers"
S = TypeVar("S", bound=AnySums)


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval; the bounds are NaN where the data cannot tell them."""

    value: float
    low: float
    high: float


def score(task: Task, labels: Answers, predictions: Answers, others: npt.ArrayLike) -> dict[str, float]:
    """The scores of predictions against labels.

    Parameters
    ----------
    labels, predictions
        Class text or numbers, one a row (n,). Rows without a label are left out.
    others
        (n, m) in the order of `task.answer_columns`: the probability of each class, or the intervals of a number.

    Returns
    -------
    Of a number, those of `number_sums.number_scores_of`. Of classes
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
    sums = sums_by_unit(task, labels, predictions, others, units=None)
    return {name: float(values[0]) for name, values in scores_of_sums(sums, task).items()}


def bootstrap(
    task: Task,
    labels: Answers,
    predictions: Answers,
    others: npt.ArrayLike,
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
    labelled = known_rows(labels)
    units = _units(np.arange(len(labelled)) if groups is None else np.asarray(groups), labelled, rng)
    parts, whole = (sums_by_unit(task, labels, predictions, others, unit) for unit in (units, None))
    return bootstrap_of_sums(task, parts, rng, repeats=repeats, whole=whole)


def bootstrap_of_sums(
    task: Task, parts: S, rng: np.random.Generator, *, repeats: int = 1000, whole: S | None = None
) -> dict[str, Estimate]:
    """What `bootstrap` tells, from the sums of what is resampled together: rows, groups, days or some of each.

    `whole` are the sums of all; without them the parts are added up.
    """
    value = {name: float(values[0]) for name, values in scores_of_sums(whole or parts.total, task).items()}
    if not parts.flat().any():
        return {name: Estimate(np.nan, np.nan, np.nan) for name in value}
    drawn = [scores_of_sums(parts.resampled(draws), task) for draws in _draws(len(parts), repeats, rng)]
    replicates = {name: np.concatenate([scores[name] for scores in drawn]) for name in value}
    intervals = {name: _percentiles(name, value[name], replicates[name], len(parts)) for name in value}
    return _honest(parts, task, intervals)


def paired_differences(
    task: Task,
    labels: Answers,
    one: tuple[Answers, npt.ArrayLike],
    other: tuple[Answers, npt.ArrayLike],
    rng: np.random.Generator,
    *,
    repeats: int = 1000,
    groups: npt.ArrayLike | None = None,
) -> dict[str, Estimate]:
    """The scores of `other` minus those of `one` on the same rows, with 95 % intervals from resampling the rows.

    Whole `groups` (n,) are resampled where given.

    Two models that give each row the same class may still differ on the next: where all repeats agree, the interval
    reaches as far as a difference that none of n rows showed may (Wilson).

    Parameters
    ----------
    one, other
        The predictions (n,) and the other answers (n, m) of two models, row by row about the same samples.
    """
    labelled = known_rows(labels)
    value, versus = (score(task, labels, *answers) for answers in (other, one))
    if not labelled.any():
        return {name: Estimate(np.nan, np.nan, np.nan) for name in value}
    units = _units(np.arange(len(labelled)) if groups is None else np.asarray(groups), labelled, rng)
    new, old = (sums_by_unit(task, labels, *answers, units=units) for answers in (other, one))
    drawn = [
        (scores_of_sums(new.resampled(draws), task), scores_of_sums(old.resampled(draws), task))
        for draws in _draws(len(new), repeats, rng)
    ]
    gaps = {name: np.concatenate([mine[name] - theirs[name] for mine, theirs in drawn]) for name in value}
    differences = {name: _percentiles("", value[name] - versus[name], gaps[name], len(new)) for name in value}
    unseen = _unseen(task.outcome, int(labelled.sum()))
    return {name: _widened(e, unseen) if e.low == e.high else e for name, e in differences.items()}


def calibration_noise(bins: Floats, rng: np.random.Generator, *, repeats: int = 1000) -> float:
    """The calibration error (95th percentile) that a perfectly calibrated model would show on some rows by chance.

    Few rows make the error large, whatever the model. Hits in a bin are taken as normal. NaN without rows. `bins` are
    the sums over the rows, of one unit: (4, BINS).
    """
    n, _, _, variance = bins
    if not n.any():
        return np.nan
    errors = np.abs(rng.standard_normal((repeats, BINS)) * np.sqrt(variance)).sum(axis=1) / n.sum()
    return float(np.quantile(errors, 0.95))


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share; (0, 1) without data.

    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    # Tested against scipy.stats.binomtest, whose import alone would make `status` take half as long again.
    if n <= 0:
        return 0.0, 1.0
    share, z2 = successes / n, NORMAL_975**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return 0.0 if successes <= 0 else float(middle - half), 1.0 if successes >= n else float(middle + half)


def confusion(task: Task, labels: Texts, predictions: Texts) -> pd.DataFrame:
    """How often each class (rows: true, columns: predicted) got each answer, both in the order of `task.classes`."""
    labelled = known_rows(labels)
    true, answered = positions(task, labels, labelled), positions(task, predictions, labelled)
    k = len(task.classes)
    counts = np.bincount(true * k + answered, minlength=k * k).reshape(k, k)
    return pd.DataFrame(
        counts, index=pd.Index(task.classes, name="true"), columns=pd.Index(task.classes, name="predicted")
    )


def reliability(bins: Floats) -> pd.DataFrame:
    """How often the most probable class is right, by how probable it was said to be.

    `bins` are the sums over the rows, of one unit: (4, BINS).

    Returns one row a bin: `low`, `high` (edges), `n`, `confidence` (mean), `accuracy` with `accuracy_low` and
    `accuracy_high` (Wilson); NaN in an empty bin.
    """
    n, confidence, hits, _ = bins
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


def baseline(task: Task, labels: Answers, others: npt.ArrayLike | None = None) -> dict[str, float]:
    """The scores of what knows nothing.

    Of classes: of always answering the majority class, with the class shares as probabilities; of equally frequent
    classes the first in class order. Of a number: of its baseline, the last column of `others` (n, m), which are the
    answers in the order of `task.answer_columns`.
    """
    return _baseline(task.outcome, task, labels, others)


@singledispatch
def _baseline(outcome: object, task: Task, labels: Any, others: Any) -> dict[str, float]:  # noqa: ANN401 - of any kind
    raise NotImplementedError


@_baseline.register
def _number_baseline(outcome: Number, task: Task, labels: Any, others: Any) -> dict[str, float]:  # noqa: ANN401, ARG001 - see above
    sums = number_sums_of(task, labels, labels, others, None)
    return {name: float(values[0]) for name, values in baseline_scores_of(task, sums).items()}


@_baseline.register
def _majority(outcome: Classes, task: Task, labels: Any, others: Any) -> dict[str, float]:  # noqa: ANN401, ARG001 - see above
    true = positions(task, labels, known_rows(labels))
    return baseline_of_counts(task, np.bincount(true, minlength=len(task.classes)))


def baseline_of_counts(task: Task, counts: npt.ArrayLike) -> dict[str, float]:
    """What `baseline` tells of classes, from how many rows have each as their label (k,)."""
    totals = np.asarray(counts, dtype=np.float64)
    shares = totals / max(totals.sum(), 1)
    # One row of each class, which counts as often as there are such.
    majority, chances = [task.classes[int(shares.argmax())]] * len(totals), np.tile(shares, (len(totals), 1))
    rows = sums_by_unit(task, task.classes, majority, chances, units=np.arange(len(totals)))
    return {name: float(values[0]) for name, values in scores_of_sums(rows.resampled(totals[None]), task).items()}


def _units(groups: npt.NDArray[np.generic], labelled: npt.NDArray[np.bool_], rng: np.random.Generator) -> Integers:
    """What is resampled together, numbered from 0; too many units are pooled at random."""
    different, units = np.unique(groups[labelled], return_inverse=True)
    if len(different) <= LARGEST_UNITS:
        return np.asarray(units, dtype=np.int64)
    pools = np.asarray(rng.permutation(len(different)) % LARGEST_UNITS, dtype=np.int64)
    return pools[units]


def _draws(size: int, repeats: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each repeat drew each unit: some repeats at a time, (some, size)."""
    at_once = max(LARGEST_DRAW // size, 1)
    for first in range(0, repeats, at_once):
        some = min(at_once, repeats - first)
        drawn = np.arange(some)[:, None] * size + rng.integers(0, size, (some, size))
        yield np.bincount(drawn.ravel(), minlength=some * size).reshape(some, size).astype(np.float64)


def _percentiles(name: str, value: float, replicates: Floats, size: int) -> Estimate:
    finite = replicates[np.isfinite(replicates)]
    if size < UNITS_FOR_SPREAD or not finite.size or np.isnan(value):
        return Estimate(value, np.nan, np.nan)
    if name == "calibration_error":
        finite = np.maximum(finite - (finite.mean() - value), 0)
    low, high = np.quantile(finite, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value))


@singledispatch
def _unseen(outcome: object, n: int) -> float:
    """How far two models that agree on n rows may differ on others."""
    raise NotImplementedError


@_unseen.register
def _(outcome: Classes, n: int) -> float:  # noqa: ARG001 - of any classes
    return wilson(0, n)[1]


@_unseen.register
def _(outcome: Number, n: int) -> float:  # noqa: ARG001 - the same number to the last digit is the same model
    return 0.0


@singledispatch
def _honest(sums: object, task: Task, intervals: dict[str, Estimate]) -> dict[str, Estimate]:
    """Widen what a bootstrap makes too narrow; see `bootstrap`."""
    raise NotImplementedError


@_honest.register
def _honest_numbers(sums: NumberSums, task: Task, intervals: dict[str, Estimate]) -> dict[str, Estimate]:  # noqa: ARG001 - of any task
    n = sums["n"].sum()
    shares = {f"coverage_{share}": sums[f"inside_{share}"].sum() for share in INTERVALS}
    return intervals | {name: _covering(intervals[name], *wilson(hits, n)) for name, hits in shares.items()}


@_honest.register
def _honest_classes(sums: Sums, task: Task, intervals: dict[str, Estimate]) -> dict[str, Estimate]:
    table = sums.confusion.sum(axis=0)
    shares = {"accuracy": (np.trace(table), table.sum())}
    shares |= {f"recall_{name}": (table[i, i], table[i].sum()) for i, name in enumerate(task.classes)}
    covered = {name: _covering(intervals[name], *wilson(*counts)) for name, counts in shares.items()}
    result = intervals | covered
    below = result["accuracy"].value - result["accuracy"].low
    above = result["accuracy"].high - result["accuracy"].value
    for name in {"balanced_accuracy", "macro_f1", "quadratic_kappa"} & set(result):
        estimate = result[name]
        if estimate.low == estimate.high:
            result[name] = Estimate(estimate.value, max(-1.0, estimate.value - below), min(1.0, estimate.value + above))
    error = result.get("mean_absolute_error")
    if error is not None and error.low == error.high:
        result["mean_absolute_error"] = Estimate(error.value, max(0.0, error.value - above), error.value + below)
    return result


def _covering(estimate: Estimate, low: float, high: float) -> Estimate:
    if np.isnan(estimate.value):
        return estimate
    return Estimate(estimate.value, float(np.nanmin([estimate.low, low])), float(np.nanmax([estimate.high, high])))


def _widened(estimate: Estimate, by: float) -> Estimate:
    return Estimate(estimate.value, estimate.value - by, estimate.value + by)


def metric_names(task: Task) -> list[str]:
    """The metrics of `score` for a task but the recall of each class, in the order in which people are shown them."""
    return _names(task.outcome)


@singledispatch
def _names(outcome: object) -> list[str]:
    raise NotImplementedError


@_names.register
def _(outcome: Classes) -> list[str]:
    return [name for name in TITLES if outcome.ordinal or name not in ORDINAL]


@_names.register
def _(outcome: Number) -> list[str]:  # noqa: ARG001 - of any number
    return list(NUMBER_TITLES)


def metric_title(name: str) -> str:
    """How people call a metric of `score`."""
    return f"Recall of {name.removeprefix('recall_')}" if name.startswith("recall_") else ALL_TITLES[name]
