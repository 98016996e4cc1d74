"""A fitted model: a few classifiers whose probabilities a calibrating last step blends into one answer.

Everything here works on a float matrix, one row a sample, as `models.encode` makes it, and on classes as positions in
the class order. What a missing cell counts as is part of the model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

Floats: TypeAlias = npt.NDArray[np.float64]

# A classifier with `fit`, `predict_proba` and `classes_`; scikit-learn ships no types for them.
Classifier: TypeAlias = Any
Forest: TypeAlias = ExtraTreesClassifier | ExtraTreesRegressor

# Member probabilities are kept this far from 0 and 1 before their log-odds are taken: trees say 0 and 1 easily.
CLIPPED = 0.003
# No class is impossible: one row of a class that training had never seen must not cost an infinite log-loss.
SMALLEST = 1e-4
# Rows that are predicted at a time, so that a million of them need no more memory than these.
CHUNK = 50_000


@dataclass(frozen=True)
class Ensemble:
    """Fitted classifiers and how to make one answer of theirs.

    Attributes
    ----------
    fill
        (d,) what a missing cell of each column counts as: the median of the training rows.
    members
        Fitted classifiers by name; their classes are positions in the class order.
    blend
        A fitted classifier on the log-odds of all members, or None to take the mean of their probabilities.
    size
        The number of classes k.
    ordinal
        Whether the classes are ordered; the log-odds are then those of "at most this class".
    """

    fill: Floats
    members: Mapping[str, Classifier]
    blend: Classifier | None
    size: int
    ordinal: bool

    def answers(self, matrix: Floats) -> Floats:
        """What it says of each row: the probabilities."""
        return self.probabilities(matrix)

    def probabilities(self, matrix: Floats) -> Floats:
        """The probability of each class (n, k) for rows (n, d) that may have NaN for a missing cell."""
        return in_chunks(matrix, self._chunk, self.size)

    def _chunk(self, matrix: Floats) -> Floats:
        filled = fill_missing(matrix, self.fill)
        answers = [member_probabilities(member, filled, self.size) for member in self.members.values()]
        return blended(answers, self.blend, ordinal=self.ordinal)

    def parts(self) -> dict[str, Any]:
        """The ensemble as plain containers, so that loading it trusts no type of this project."""
        return {
            "fill": self.fill,
            "members": dict(self.members),
            "blend": self.blend,
            "size": self.size,
            "ordinal": self.ordinal,
        }


def medians(matrix: Floats) -> Floats:
    """The median of each column (d,) over what is there; 0 where nothing is."""
    there = ~np.isnan(matrix)
    return np.array(
        [np.median(column[held]) if held.any() else 0.0 for column, held in zip(matrix.T, there.T, strict=True)]
    )


def fill_missing(matrix: Floats, fill: Floats) -> Floats:
    """The matrix with `fill` where it has NaN."""
    return np.where(np.isnan(matrix), fill, matrix)


def slim(forest: Forest) -> Forest:
    """Clear, in place, the numbers of each tree that no prediction reads, and keep thresholds in single precision.

    Halves the compressed file. Trees compare in single precision, so a threshold needs no more.
    """
    for estimator in forest.estimators_:
        tree = estimator.tree_
        tree.impurity[:] = 0
        tree.n_node_samples[:] = 0
        tree.weighted_n_node_samples[:] = 0
        tree.value[tree.children_left != tree.children_right] = 0
        tree.threshold[:] = tree.threshold.astype(np.float32)
    return forest


def member_probabilities(member: Classifier, matrix: Floats, size: int) -> Floats:
    """The probability of each of `size` classes, 0 for a class that the member has not seen."""
    if isinstance(member, ExtraTreesClassifier):
        chances = forest_mean(member, matrix, len(member.classes_))
    else:
        chances = member.predict_proba(matrix)
    every = np.zeros((len(matrix), size))
    every[:, member.classes_.astype(int)] = chances
    return every


def blended(answers: Sequence[Floats], blend: Classifier | None, *, ordinal: bool) -> Floats:
    """One answer (n, k) of those of the members, each (n, k)."""
    if blend is None:
        mixed = np.mean(answers, axis=0)
    else:
        mixed = member_probabilities(blend, log_odds(answers, ordinal=ordinal), answers[0].shape[1])
    floored = mixed + SMALLEST
    one: Floats = floored / floored.sum(axis=1, keepdims=True)
    return one


def log_odds(answers: Sequence[Floats], *, ordinal: bool) -> Floats:
    """The log-odds of each class, or of "at most this class" where classes are ordered, of all members side by side."""
    columns = [np.cumsum(answer, axis=1)[:, :-1] if ordinal else answer for answer in answers]
    odds = np.clip(np.concatenate(columns, axis=1), CLIPPED, 1 - CLIPPED)
    return np.asarray(np.log(odds / (1 - odds)))


def forest_mean(forest: Forest, matrix: Floats, width: int) -> Floats:
    """What the trees of a forest say (n, width) of complete rows, on average."""
    # The forest's own method starts a thread pool for each call, which takes ten times as long for one row.
    single = np.ascontiguousarray(matrix, dtype=np.float32)
    total = np.zeros((len(matrix), width))
    for estimator in forest.estimators_:
        total += estimator.tree_.predict(single)
    return total / len(forest.estimators_)


def in_chunks(matrix: Floats, answer: Callable[[Floats], Floats], width: int) -> Floats:
    """The answers (n, width) to rows (n, d), asked for so many at a time that memory stays bounded."""
    chunks = [answer(matrix[start : start + CHUNK]) for start in range(0, len(matrix), CHUNK)]
    return np.concatenate(chunks) if chunks else np.empty((0, width))
