"""How well the probability of one class ranks the samples of that class above all others, and what the answers make of
it: what accuracy hides where a class is rare.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.datasets import Task
from pipelines.models.metrics import FEWEST_SAMPLES, Estimate, wilson
from pipelines.models.score_sums import Floats, Texts, known_rows, matrix_of, positions

REPEATS = 500
MOST_CLASSES = 12
# So many weights at a time keep the memory of any number of rows at some dozen megabytes.
WEIGHTS_AT_A_TIME = 2_000_000
# Fewer of a class, or of all others, tell nothing about how they are ranked.
FEWEST_OF_A_KIND = 10


@dataclass(frozen=True)
class Ranking:
    """How one class is found among all others.

    Attributes
    ----------
    rows, of_class
        How many labelled samples there are, and how many are of the class; its share is the `average_precision` of
        guessing.
    average_precision, roc_auc
        The area under the precision-recall curve (as a step function) and under the receiver operating characteristic.
    precision, recall
        At the decision rule: of the samples that got this answer, how many are of the class, and the reverse.
    enough
        Whether there are samples enough, of the class and of others, for these to say something.
    """

    rows: int
    of_class: int
    average_precision: Estimate
    roc_auc: Estimate
    precision: Estimate
    recall: Estimate
    enough: bool


def rankings(
    task: Task,
    labels: Texts,
    predictions: Texts,
    probabilities: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    groups: npt.ArrayLike | None = None,
) -> dict[str, Ranking]:
    """The ranking of each class that some samples have and others have not, with 95 % intervals; of many, the rarest.

    Parameters
    ----------
    groups
        Which rows (n,) are resampled together; each alone if not given.
    """
    labelled = known_rows(labels)
    true, answered = positions(task, labels, labelled), positions(task, predictions, labelled)
    matrix = matrix_of(task, probabilities, labelled)
    units = np.arange(len(true)) if groups is None else np.unique(np.asarray(groups)[labelled], return_inverse=True)[1]
    by_class = {}
    sizes = np.bincount(true, minlength=len(task.classes))
    told = [position for position in np.argsort(sizes, kind="stable") if 0 < sizes[position] < len(true)]
    for position in sorted(told[:MOST_CLASSES]):
        column = matrix[:, position]
        by_class[task.classes[position]] = _ranking(true == position, answered == position, column, units, rng)
    return by_class


def precision_recall(of_class: npt.NDArray[np.bool_], chances: Floats) -> tuple[Floats, Floats]:
    """The precision and recall (m,) of answering a class from each probability that occurs on, the highest first."""
    hits, others = _counts(of_class, chances, np.ones((1, len(chances))))
    return (hits / (hits + others))[0], (hits / hits[:, -1:])[0]


def _ranking(
    of_class: npt.NDArray[np.bool_],
    answered: npt.NDArray[np.bool_],
    chances: Floats,
    units: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> Ranking:
    there, hits = int(of_class.sum()), int((of_class & answered).sum())
    fewer = min(there, len(of_class) - there)
    average_precision, roc_auc = _areas(of_class, chances, units, rng)
    return Ranking(
        rows=len(of_class),
        of_class=there,
        average_precision=average_precision,
        roc_auc=roc_auc,
        precision=_share(hits, int(answered.sum())),
        recall=_share(hits, there),
        enough=fewer >= FEWEST_OF_A_KIND and len(of_class) >= FEWEST_SAMPLES,
    )


def _areas(
    of_class: npt.NDArray[np.bool_], chances: Floats, units: npt.NDArray[np.int64], rng: np.random.Generator
) -> list[Estimate]:
    """Average precision and ROC AUC of all rows, with the percentiles of their bootstrap over whole units."""
    plain = _measured(of_class, chances, np.ones((1, len(chances))))[0]
    size = int(units.max()) + 1
    at_a_time = max(WEIGHTS_AT_A_TIME // len(chances), 1)
    repeats = []
    for start in range(0, REPEATS, at_a_time):
        draws = rng.multinomial(size, np.full(size, 1 / size), min(at_a_time, REPEATS - start))
        repeats.append(_measured(of_class, chances, draws[:, units].astype(np.float64)))
    # A repeat without the class, or with nothing else, has no area.
    bounds = np.nanquantile(np.concatenate(repeats), [0.025, 0.975], axis=0)
    return [
        Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)))
        for value, low, high in zip(plain, *bounds, strict=True)
    ]


def _measured(of_class: npt.NDArray[np.bool_], chances: Floats, weights: Floats) -> Floats:
    """Average precision and ROC AUC of each repeat: (r, 2)."""
    hits, others = _counts(of_class, chances, weights)
    with np.errstate(invalid="ignore"):
        return np.column_stack([_average_precision(hits, others), _roc_auc(hits, others)])


def _counts(of_class: npt.NDArray[np.bool_], chances: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """How much of the class and of the others has at least each probability that occurs (r, m), the highest first."""
    order = np.argsort(-chances, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(chances[order])), len(chances) - 1)
    ranked, truth = weights[:, order], of_class[order]
    return np.cumsum(ranked * truth, axis=1)[:, ends], np.cumsum(ranked * ~truth, axis=1)[:, ends]


def _average_precision(hits: Floats, others: Floats) -> Floats:
    steps = np.diff(hits, axis=1, prepend=0) / hits[:, -1:]
    # Where nothing has been answered yet there is nothing to be right about.
    return np.asarray((steps * hits / np.maximum(hits + others, 1e-12)).sum(axis=1))


def _roc_auc(hits: Floats, others: Floats) -> Floats:
    recall, false = (np.insert(part / part[:, -1:], 0, 0, axis=1) for part in (hits, others))
    return np.asarray(np.trapezoid(recall, false, axis=1))


def _share(hits: int, of: int) -> Estimate:
    return Estimate(hits / of, *wilson(hits, of)) if of else Estimate(np.nan, np.nan, np.nan)
