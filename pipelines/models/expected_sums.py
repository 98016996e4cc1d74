"""The scores that probabilities let expect before any label is known.

Where the probabilities are calibrated, each row adds its own to the column of its answer in a table of true classes by
answers, and to the covariance of that column. Both are sums over rows: days add up to windows. From them one formula
gives every score of `score_sums.table_scores`.

Source: J. Kivimäki, J. Białek, W. Kuberski, J. K. Nurminen (2025), Performance Estimation in Binary Classification
Using Calibrated Confidence.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.datasets import Task
from pipelines.documents.model import Estimate as Promise
from pipelines.documents.model import Scores, whole
from pipelines.models.metrics import LOWER_IS_BETTER, NORMAL_975, Estimate
from pipelines.models.score_sums import Floats, Integers, Texts, matrix_of, positions, table_scores

NORMAL_95 = 1.6448536269514722  # two-sided 90 %
REPEATS = 400  # place the ends of a 90 % interval to a tenth of its half-width
# A test of so many rows attests calibration no better than a score: two such samples differ by the square root of two.
TWO_SAMPLES = np.sqrt(2)


@dataclass(frozen=True)
class ExpectedSums:
    """Sums over the rows of each unit.

    Attributes
    ----------
    confusion
        How often each class (rows) is expected under each answer (columns): (units, k, k).
    covariance
        Of the true classes under each answer: (units, k, k, k), the answer first.
    """

    confusion: Floats
    covariance: Floats

    def window(self, first: int, end: int) -> "ExpectedSums":
        """The sums of some units together, as one unit."""
        return ExpectedSums(*(part[first:end].sum(axis=0, keepdims=True) for part in (self.confusion, self.covariance)))


def expected_sums_of(task: Task, predictions: Texts, probabilities: npt.ArrayLike, units: Integers) -> ExpectedSums:
    """The sums of each unit.

    Parameters
    ----------
    predictions
        The answers as class text, one a row (n,).
    probabilities
        (n, k) in the order of `task.classes`.
    units
        The number of the unit of each row, from 0.
    """
    every, k = np.ones(len(units), dtype=np.bool_), len(task.classes)
    matrix, cells = matrix_of(task, probabilities, every), units * k + positions(task, predictions, every)
    size = int(units.max(initial=-1)) + 1

    def summed(values: Floats) -> Floats:
        return np.bincount(cells, weights=values, minlength=size * k).astype(np.float64)

    means = np.stack([summed(matrix[:, one]) for one in range(k)], axis=1)
    # Product by product, since all of them at once would need k times the memory of the probabilities.
    products = [[summed(matrix[:, one] * matrix[:, other]) for other in range(k)] for one in range(k)]
    covariance = means[:, :, None] * np.eye(k) - np.moveaxis(np.array(products), 2, 0)
    return ExpectedSums(means.reshape(size, k, k).transpose(0, 2, 1), covariance.reshape(size, k, k, k))


def expected_scores(task: Task, sums: ExpectedSums, held_out: Scores, rng: np.random.Generator) -> dict[str, Estimate]:
    """The score that the rows of one unit will have, with a 90 % interval.

    The interval holds what chance makes of the labels, drawn as normal counts, and how well the test could tell that
    the probabilities are calibrated: the width of the held-out score's own interval.

    Parameters
    ----------
    held_out
        The metrics of the version's `model.json`: `{metric: {"value", "low", "high"}}`, with 95 % intervals.
    """
    drawn = table_scores(task, _draws(sums, rng))
    scores = {name: _widened(_middle(values), held_out.get(name)) for name, values in drawn.items()}
    return {name: e if name in LOWER_IS_BETTER else replace(e, high=min(e.high, 1.0)) for name, e in scores.items()}


def _draws(sums: ExpectedSums, rng: np.random.Generator) -> Floats:
    """Tables of counts (REPEATS, k, k) as they may come out."""
    values, vectors = np.linalg.eigh(sums.covariance[0])
    roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
    noise = np.einsum("aij,raj->ria", roots, rng.standard_normal((REPEATS, *values.shape)))
    return np.asarray(np.rint(np.maximum(sums.confusion[0] + noise, 0)))


def _middle(values: Floats) -> Estimate:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Estimate(np.nan, np.nan, np.nan)
    return Estimate(float(finite.mean()), *map(float, np.quantile(finite, [0.05, 0.95])))


def _widened(expected: Estimate, promise: Promise | None) -> Estimate:
    told = whole(promise)
    if told is None:
        return expected
    value, low, high = told
    scale = TWO_SAMPLES * NORMAL_95 / NORMAL_975
    below, above = scale * (value - low), scale * (high - value)
    least = float(expected.value - np.hypot(expected.value - expected.low, below))
    most = float(expected.value + np.hypot(expected.high - expected.value, above))
    return Estimate(expected.value, least, most)
