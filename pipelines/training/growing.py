"""Growing forests: the very trees that scikit-learn grows, without all that it looks up anew for each of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.tree._classes import CRITERIA_CLF, CRITERIA_REG, DENSE_SPLITTERS
from sklearn.tree._tree import DepthFirstTreeBuilder, Tree
from sklearn.utils import check_random_state

from pipelines.models.ensemble import Floats, Forest

_MOST = np.iinfo(np.int32).max


def grown(forest: Forest, matrix: Floats, labels: npt.NDArray[np.generic]) -> Forest:
    """A forest fitted to complete rows (n, d) and their labels (n,), as its own `fit` does it, bit by bit.

    That clones, checks and seeds each tree as if it came from elsewhere, which on a hundred rows takes ten times what
    growing it takes, and half as much again on thousands. Of what a forest may be told it follows the criterion, the
    features a split and the rows a leaf.
    """
    fitted = clone(forest).set_params(n_estimators=1).fit(matrix, labels)
    if isinstance(forest, ExtraTreesClassifier):
        labels, width = np.searchsorted(fitted.classes_, labels), len(fitted.classes_)
        criterion = CRITERIA_CLF[forest.criterion](1, np.array([width], dtype=np.intp))
    else:
        width, criterion = 1, CRITERIA_REG[forest.criterion](1, len(labels))
    leaf, random = forest.min_samples_leaf, check_random_state(0)
    splitter = DENSE_SPLITTERS["random"](criterion, fitted[0].max_features_, leaf, 0.0, random, None)
    builder = DepthFirstTreeBuilder(splitter, 2 * leaf, leaf, 0.0, _MOST, 0.0)
    single, truth = np.ascontiguousarray(matrix, np.float32), labels.astype(np.float64)[:, None]
    seeds = check_random_state(forest.random_state).randint(_MOST, size=forest.n_estimators).tolist()
    trees = [Tree(matrix.shape[1], np.array([width], dtype=np.intp), 1) for _ in seeds]
    for tree, seed in zip(trees, seeds, strict=True):
        random.seed(seed)
        builder.build(tree, single, truth)
    return planted(fitted, trees, seeds)


def planted(fitted: Forest, trees: Sequence[Tree], seeds: Sequence[int]) -> Forest:
    """A forest that was fitted with one tree, with others in its place."""
    shell = vars(fitted[0])
    fitted.estimators_ = [type(fitted[0])() for _ in trees]
    for estimator, tree, seed in zip(fitted.estimators_, trees, seeds, strict=True):
        vars(estimator).update(shell, tree_=tree, random_state=seed)
    return fitted.set_params(n_estimators=len(trees))
