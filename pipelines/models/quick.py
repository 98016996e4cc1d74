"""A model for one sample at a time, without what scikit-learn looks at in each of its calls.

A pipeline of scikit-learn checks its rows again at each step, which takes a hundred times as long as answering one of
them. The steps of `portable` are the same in a few lines of numpy; the answers differ by what floating-point sums in
another order do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce, singledispatch

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, softmax
from sklearn.ensemble import ExtraTreesClassifier

from pipelines.errors import NotPortable
from pipelines.models.ensemble import Classifier, Ensemble, Floats
from pipelines.models.model import AnyEnsemble, Model
from pipelines.models.portable import Step, steps_of


@dataclass(frozen=True)
class Quick:
    """A member whose steps are those of `portable`."""

    classes_: npt.NDArray[np.int64]
    steps: Sequence[Step]

    def predict_proba(self, matrix: Floats) -> Floats:
        """The probability of each of its classes (n, k) for complete rows (n, d)."""
        return reduce(lambda rows, step: _TAKEN[step["kind"]](step, rows), self.steps, matrix)


def quick(model: Model) -> Model:
    """The same model with quick members, as far as they can be; one of a number is the same."""
    return replace(model, estimator=_quick(model.estimator))


@singledispatch
def _quick(estimator: AnyEnsemble) -> AnyEnsemble:
    return estimator


@_quick.register
def _(estimator: Ensemble) -> Ensemble:
    members = {name: _quick_member(member) for name, member in estimator.members.items()}
    blend = None if estimator.blend is None else _quick_member(estimator.blend)
    return replace(estimator, members=members, blend=blend)


def _quick_member(member: Classifier) -> Classifier:
    if isinstance(member, ExtraTreesClassifier):  # whose trees the ensemble asks itself
        return member
    try:
        return Quick(member.classes_, steps_of(member))
    except NotPortable:
        return member


def _normal_scores(step: Step, rows: Floats) -> Floats:
    scores = rows.copy()
    for column, quantiles in enumerate(step["quantiles"]):
        scores[:, column] = ndtri(_shares(rows[:, column], quantiles, step["references"], step["edge"]))
    scored = slice(len(step["quantiles"]))
    scores[:, scored] = scores[:, scored].clip(*step["limits"])
    return scores


def _shares(values: Floats, quantiles: Floats, references: Floats, edge: float) -> Floats:
    """Which share lies below each value: the mean of interpolating up- and downwards, because quantiles repeat."""
    upwards = np.interp(values, quantiles, references)
    downwards = np.interp(-values, -quantiles[::-1], -references[::-1])
    inside = 0.5 * (upwards - downwards)
    return np.where(values - edge < quantiles[0], 0.0, np.where(values + edge > quantiles[-1], 1.0, inside))


def _kernel(step: Step, rows: Floats) -> Floats:
    landmarks = step["landmarks"]
    # In place: for many rows this is the largest matrix.
    squares: Floats = rows @ (-2 * landmarks.T)
    squares += (rows**2).sum(axis=1)[:, None]
    squares += (landmarks**2).sum(axis=1)
    squares *= -step["gamma"]
    np.exp(squares, out=squares)
    return squares


def _linear(step: Step, rows: Floats) -> Floats:
    scores: Floats = rows @ step["weights"].T + step["intercepts"]
    return scores


def _softmax(step: Step, rows: Floats) -> Floats:  # noqa: ARG001 - it has no numbers
    both = rows if rows.shape[1] > 1 else np.column_stack([np.zeros(len(rows)), rows])
    return np.asarray(softmax(both, axis=1))


_TAKEN: Mapping[str, Callable[[Step, Floats], Floats]] = {
    "normal_scores": _normal_scores,
    "kernel": _kernel,
    "linear": _linear,
    "softmax": _softmax,
}
