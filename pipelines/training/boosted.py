"""Boosted trees as a forest of plain trees, so that loading them trusts no type beside those of the other models.

A boosted model is a start plus the sum of its trees, a forest the mean of its own: trees whose leaves are multiplied by
their number, with the start added, say the same.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.tree._tree import Tree

from pipelines.models.ensemble import Floats
from pipelines.training.growing import planted

_FIELDS = {"left": "left_child", "right": "right_child", "feature_idx": "feature", "num_threshold": "threshold"}
_LEAF, _UNDEFINED = -1, -2


def as_forest(boosted: HistGradientBoostingRegressor) -> ExtraTreesRegressor:
    """The forest that says what boosted trees say of complete rows of numbers."""
    # The library hands out its trees under no public name.
    stages = [stage[0].nodes for stage in boosted._predictors]  # noqa: SLF001
    start = float(np.ravel(boosted._baseline_prediction)[0])  # noqa: SLF001
    forest = ExtraTreesRegressor(1, random_state=0).fit(np.zeros((1, boosted.n_features_in_)), [0.0])
    state = forest[0].tree_.__getstate__()
    trees = [_replanted(forest.n_features_in_, state, nodes, start + len(stages) * nodes["value"]) for nodes in stages]
    return planted(forest, trees, [0] * len(trees))


def _replanted(inputs: int, state: Mapping[str, Any], nodes: np.ndarray, values: Floats) -> Tree:
    """A tree with other nodes than that of a state."""
    tree = Tree(inputs, np.array([1], dtype=np.intp), 1)
    own = np.zeros(len(nodes), dtype=state["nodes"].dtype)
    for theirs, ours in _FIELDS.items():
        own[ours] = nodes[theirs]
    leaves = nodes["is_leaf"].astype(bool)
    for name, value in {
        "left_child": _LEAF,
        "right_child": _LEAF,
        "feature": _UNDEFINED,
        "threshold": _UNDEFINED,
    }.items():
        own[name][leaves] = value
    tree.__setstate__(
        {
            **state,
            "nodes": own,
            "node_count": len(nodes),
            "max_depth": int(nodes["depth"].max()),
            "values": values[:, None, None].astype(np.float64),
        }
    )
    return tree
