"""A fitted model of a number: a few regressors, added up with weights, and how far from the truth they may be.

Everything here works on a float matrix, one row a sample, as `models.encode` makes it. Intervals are split-conformal:
the errors that the members made on rows that they had not learned from, each divided by the error that was expected
for its row (J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman 2018, Distribution-free predictive inference
for regression), are kept, and their quantiles times the expected error of a row are the ends of its intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor

from pipelines.datasets.names import INTERVALS
from pipelines.models.ensemble import Floats, fill_missing, forest_mean, in_chunks, slim

# A regressor with `fit` and `predict`; scikit-learn ships no types for them.
Regressor: TypeAlias = Any

# How many of 100 outcomes may lie outside of each interval.
MISSED = {share: 1 - share / 100 for share in INTERVALS}
# Kept errors: more place the quantiles of a 95 % interval no better than a model's own error.
MOST_ERRORS = 2000
# Where even the largest kept error is too small, the interval doubles for each miss in twenty that is asked away.
DOUBLED_BY = 0.05
ALMOST = 1e-9
# What `answers` gives: the prediction, the weighted sum before it is kept within the range, and the expected error.
POINT, MIDDLE, SPREAD = range(3)


@dataclass(frozen=True)
class NumberEnsemble:
    """Fitted regressors and how to make one number with its intervals of theirs.

    Attributes
    ----------
    fill
        (d,) what a missing cell of each column counts as: the median of the training rows.
    members
        Fitted regressors by name.
    weights, intercept
        (m,) what each member counts, and what is added.
    spread
        A fitted regressor of the size of the error; None where it is the same for all rows.
    smallest_spread
        What is expected at least, so that no interval is empty.
    errors
        (e,) ascending: errors (true minus predicted) on rows not learned from, in units of the expected size.
    centre
        What the prediction is moved by, in units of the expected size: 0 for the mean, the middle error for the median.
    low, high
        The physical range; no answer lies outside.
    baseline, baseline_of
        What the baseline says: the mean of the training labels, or what a sample has in the column of that name.
    change_from
        The column whose value the weighted sum is a change from; None where the sum is the number itself, as it was in
        all models before there was this.
    """

    fill: Floats
    members: Mapping[str, Regressor]
    weights: Floats
    intercept: float
    spread: Regressor | None
    smallest_spread: float
    errors: Floats
    centre: float
    low: float
    high: float
    baseline: float
    baseline_of: str
    change_from: int | None = None

    def answers(self, matrix: Floats) -> Floats:
        """Prediction, unbounded middle and expected error (n, 3) for rows (n, d) that may have NaN."""
        return in_chunks(matrix, self._chunk, 3)

    def _chunk(self, matrix: Floats) -> Floats:
        filled = fill_missing(matrix, self.fill)
        said = [member_numbers(each, filled) for each in self.members.values()]
        middle = starting_values(filled, self.change_from) + added_up(said, self.weights, self.intercept)
        spread = expected_errors(self.spread, filled, self.smallest_spread)
        return np.column_stack([np.clip(middle + self.centre * spread, self.low, self.high), middle, spread])

    def bounds(self, answers: Floats, missed: Mapping[int, float] = MISSED) -> Floats:
        """The ends of the intervals (n, 4) of answers (n, 3): `low_80`, `high_80`, `low_95`, `high_95`.

        Parameters
        ----------
        missed
            The share of outcomes that the errors are to leave outside, by interval.
        """
        middle, spread = answers[:, MIDDLE, None], answers[:, SPREAD, None]
        ends = [error_bounds(self.errors, missed[share]) for share in INTERVALS]
        within = np.clip(np.hstack([middle + spread * np.array(each) for each in ends]), self.low, self.high)
        # An interval of more outcomes holds one of fewer, and each of them the prediction.
        point = answers[:, POINT, None]
        narrow = np.hstack([np.minimum(within[:, :1], point), np.maximum(within[:, 1:2], point)])
        wide = np.hstack([np.minimum(within[:, 2:3], narrow[:, :1]), np.maximum(within[:, 3:], narrow[:, 1:])])
        return np.hstack([narrow, wide])

    def baseline_answers(self, samples: pd.DataFrame) -> Floats:
        """What the baseline says of each sample (n,); the mean where the sample lacks what it takes."""
        if self.baseline_of not in samples.columns:
            return np.full(len(samples), self.baseline)
        taken = samples[self.baseline_of].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(taken), taken, self.baseline)

    def parts(self) -> dict[str, Any]:
        """The ensemble as plain containers, so that loading it trusts no type of this project."""
        return {part.name: getattr(self, part.name) for part in fields(self)} | {"members": dict(self.members)}


def mixed(answers: Floats) -> Floats:
    """One answer (n, 3) of those to the ways that a sample may be (n, k, 3): how they differ adds to the error."""
    mean: Floats = answers.mean(axis=1)
    mean[:, SPREAD] = np.sqrt((answers[:, :, SPREAD] ** 2).mean(axis=1) + answers[:, :, MIDDLE].var(axis=1))
    return mean


def member_numbers(member: Regressor, matrix: Floats) -> Floats:
    """What one member says (n,) of complete rows."""
    if not isinstance(member, ExtraTreesRegressor):
        return np.asarray(member.predict(matrix), dtype=np.float64).ravel()
    return forest_mean(member, matrix, 1).ravel()


def starting_values(matrix: Floats, column: int | None) -> Floats:
    """What the members' sum is a change from (n,): the values of a column of complete rows, or 0 without one."""
    return np.zeros(len(matrix)) if column is None else matrix[:, column]


def added_up(answers: Sequence[Floats], weights: Floats, intercept: float) -> Floats:
    """One number a row (n,) of those of the members."""
    total: Floats = np.column_stack(answers) @ weights + intercept
    return total


def expected_errors(spread: Regressor | None, matrix: Floats, smallest: float) -> Floats:
    """The expected size of the error (n,) of complete rows."""
    if spread is None:
        return np.full(len(matrix), smallest)
    return np.maximum(member_numbers(spread, matrix), smallest)


def thinned_errors(errors: Floats) -> Floats:
    """The errors in order; of many as many as tell their quantiles, with the smallest and the largest."""
    ordered = np.sort(errors)
    if len(ordered) <= MOST_ERRORS:
        return ordered
    return np.asarray(ordered[np.linspace(0, len(ordered) - 1, MOST_ERRORS).round().astype(int)])


def error_bounds(errors: Floats, missed: float) -> tuple[float, float]:
    """Between which errors all but a share of them lie, half of it on either side.

    Of n errors the end is that of rank (n + 1) times the share, rounded outwards, so that a new row is among the missed
    with at most that probability. Where no error is large enough for the share, or the share is below 0, the outermost
    ones are moved further out.
    """
    n = len(errors)
    # A rank that is whole but for the last bit of a product is whole.
    rank = int(np.floor((n + 1) * min(max(missed, 0.0), 1.0) / 2 + ALMOST))
    beyond = 2.0 ** (max(-missed, 0.0) / DOUBLED_BY)
    rank = max(rank, 1)
    low, high, middle = errors[rank - 1], errors[n - rank], np.median(errors)
    return float(middle + (low - middle) * beyond), float(middle + (high - middle) * beyond)


def middle_error(errors: Floats) -> float:
    """The error that as many lie above as below."""
    return float(np.median(errors))


def slim_numbers(forest: ExtraTreesRegressor) -> ExtraTreesRegressor:
    """Clear, in place, the numbers of each tree that no prediction reads, and keep the others in single precision."""
    for estimator in slim(forest).estimators_:
        estimator.tree_.value[:] = estimator.tree_.value.astype(np.float32)
    return forest


def positive_weights(answers: Floats, labels: Floats) -> tuple[npt.NDArray[np.float64], float]:
    """The weights (m,), none below 0, and the intercept with which answers (n, m) add up best to the labels.

    Source: L. Breiman (1996), Stacked regressions.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - training alone needs it, and inference starts without

    centre, target = answers.mean(axis=0), float(labels.mean())
    weights = np.asarray(nnls(answers - centre, labels - target)[0])
    return weights, float(target - centre @ weights)
