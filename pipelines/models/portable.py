"""A fitted ensemble as plain numbers: for the page that predicts in the browser, and for `quick`.

Each member becomes a list of steps, of a handful of kinds that such a program has to know:

normal_scores   quantiles of the leading columns to normal scores, as `QuantileTransformer` does; the rest as it is
kernel          exp(-gamma |x - landmark|²) for each landmark
linear          weights times x plus intercepts; steps that follow one another are multiplied out
softmax         scores to probabilities; a single score is that of the second of two classes
forest          the mean of the leaves that the trees lead to

Nothing is rounded: the answers differ from Python's by what floating-point sums in another order do.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.errors import NotPortable
from pipelines.models.ensemble import CLIPPED, SMALLEST, Classifier, Ensemble, Floats
from pipelines.models.model import AnyEnsemble

Step = dict[str, Any]

# How far from the ends of its range QuantileTransformer takes a value for the end itself.
_EDGE = 1e-7
# A node is written as one unsigned short.
_MOST_LEAVES = 2**16
_TYPES = {np.dtype("<f8"): "f8", np.dtype("<f4"): "f4", np.dtype("<u2"): "u2"}


def portable(estimator: AnyEnsemble) -> tuple[dict[str, Any], bytes]:
    """What the ensemble does to a row, as JSON, and the numbers that it does it with.

    Returns
    -------
    A structure in which each array is `{"type", "start", "length"}`, with the type `f8`, `f4` or `u2`, little-endian,
    the start in bytes and the length in numbers; and the bytes of all arrays. The same ensemble gives the same bytes.

    Raises
    ------
    NotPortable
        A member is of a kind that cannot be written this way, or it predicts a number.
    """
    return _portable(estimator)


@singledispatch
def _portable(estimator: object) -> tuple[dict[str, Any], bytes]:  # noqa: ARG001 - whatever is no ensemble of classes
    raise NotPortable("A model of a number runs in Python only.")


@_portable.register
def _portable_classes(estimator: Ensemble) -> tuple[dict[str, Any], bytes]:
    numbers = bytearray()
    structure = {
        "size": estimator.size,
        "ordinal": estimator.ordinal,
        "clipped": CLIPPED,
        "smallest": SMALLEST,
        "fill": estimator.fill,
        "members": [_member(member) for member in estimator.members.values()],
        "blend": None if estimator.blend is None else _member(estimator.blend),
    }
    return _packed(structure, numbers), bytes(numbers)


def _packed(value: Any, numbers: bytearray) -> Any:  # noqa: ANN401 - JSON with arrays in it
    """The value with its arrays written to `numbers` and replaced by where they are."""
    if isinstance(value, Mapping):
        return {key: _packed(part, numbers) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_packed(part, numbers) for part in value]
    if not isinstance(value, np.ndarray):
        return value
    start = len(numbers)
    numbers += np.ascontiguousarray(value).tobytes()
    return {"type": _TYPES[value.dtype], "start": start, "length": value.size}


def _member(member: Classifier) -> dict[str, Any]:
    return {"classes": [int(each) for each in member.classes_], "steps": steps_of(member)}


def steps_of(member: Classifier) -> list[Step]:
    """What a member does to rows, one step after the other, or `NotPortable`."""
    parts = [part for _, part in member.steps] if isinstance(member, Pipeline) else [member]
    writers = [_WRITERS.get(type(part)) for part in parts]
    if None in writers:
        odd = next(type(part).__name__ for part, writer in zip(parts, writers, strict=True) if writer is None)
        raise NotPortable(f"A model with {odd} runs in Python only.")
    steps = [step for part, writer in zip(parts, writers, strict=True) if writer for step in writer(part)]
    return _multiplied_out(steps)


def _multiplied_out(steps: list[Step]) -> list[Step]:
    done: list[Step] = []
    for step in steps:
        if done and done[-1]["kind"] == step["kind"] == "linear":
            done[-1] = _product(done[-1], step)
        else:
            done.append(step)
    return done


def _product(first: Step, second: Step) -> Step:
    return _linear(second["weights"] @ first["weights"], second["weights"] @ first["intercepts"] + second["intercepts"])


def _linear(weights: Floats, intercepts: Floats) -> Step:
    return {"kind": "linear", "weights": weights, "intercepts": intercepts}


def _scaler(scaler: StandardScaler) -> list[Step]:
    return [_linear(np.diag(1 / scaler.scale_), -scaler.mean_ / scaler.scale_)]


def _scores(classifier: LogisticRegression | LinearDiscriminantAnalysis) -> list[Step]:
    return [_linear(classifier.coef_, classifier.intercept_), {"kind": "softmax"}]


def _kernel(kernel: Nystroem) -> list[Step]:
    landmarks = kernel.components_
    at_landmarks = {"kind": "kernel", "gamma": float(kernel.gamma), "landmarks": landmarks}
    return [at_landmarks, _linear(kernel.normalization_, np.zeros(len(landmarks)))]


def _normal_scores(columns: ColumnTransformer) -> list[Step]:
    scores = columns.named_transformers_["normal"]
    if not hasattr(scores, "quantiles_"):  # where no input is a number, it was never fitted
        return []
    # Values at the ends of the range would be infinitely far out.
    farthest = stats.norm.ppf(1 - (_EDGE - np.spacing(1)))
    nearest = stats.norm.ppf(_EDGE - np.spacing(1))
    return [
        {
            "kind": "normal_scores",
            "quantiles": np.ascontiguousarray(scores.quantiles_.T),
            "references": scores.references_,
            "edge": _EDGE,
            "limits": [float(nearest), float(farthest)],
        }
    ]


def _forest(forest: ExtraTreesClassifier) -> list[Step]:
    """The trees one after the other, the nodes of each in the order in which a walk to the left meets them.

    A node is the column that it looks at, or the number of columns plus the position of its leaf among all that differ.
    Thresholds are in single precision already, see `ensemble.slim`.
    """
    trees = [estimator.tree_ for estimator in forest.estimators_]
    is_leaf = np.concatenate([tree.children_left == tree.children_right for tree in trees])
    values = np.concatenate([tree.value[:, 0, :] for tree in trees])[is_leaf]
    # In ascending order, as of `np.unique`, which takes a second for rows where this takes a fiftieth.
    which = pd.DataFrame(values).groupby(list(range(values.shape[1]))).ngroup().to_numpy()
    leaves = values[np.unique(which, return_index=True)[1]]
    if len(leaves) + forest.n_features_in_ > _MOST_LEAVES:
        raise NotPortable("A forest with so many different leaves runs in Python only.")
    nodes = np.concatenate([tree.feature for tree in trees])
    nodes[is_leaf] = forest.n_features_in_ + which
    return [
        {
            "kind": "forest",
            "size": len(forest.classes_),
            "columns": forest.n_features_in_,
            "nodes": nodes.astype("<u2"),
            "thresholds": np.concatenate([tree.threshold for tree in trees])[~is_leaf].astype("<f4"),
            "leaves": leaves,
        }
    ]


_WRITERS: Mapping[type, Callable[[Any], list[Step]]] = {
    StandardScaler: _scaler,
    LogisticRegression: _scores,
    LinearDiscriminantAnalysis: _scores,
    Nystroem: _kernel,
    ColumnTransformer: _normal_scores,
    ExtraTreesClassifier: _forest,
}
