"""The families of regressors that a search compares, with what a search may vary: those of the classes, for numbers.

All are of types that loading trusts; boosted trees become one when they are fitted, see `boosted`.
"""

from scipy.stats import loguniform
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.models.number_ensemble import Regressor
from pipelines.training.families import TREES, Family, Shape, kernel_pipeline, neighbours_varied

USUAL_NEIGHBOURS = 10
# With so many stages the usual rate has learned what there is to learn; a row passes them in half a millisecond.
STAGES = 200
# Each label is another leaf, so that a tree has one for nearly every row: more leaves of all trees than these make a
# file of more than some megabytes.
MOST_LEAVES = 250_000
# Each split looks at half of the inputs: cross-validated on patients and made-up homes 2 to 3 % less error than at all,
# and 1 to 17 % less than at a third, in three quarters of the time that all take.
SHARE_OF_INPUTS = 0.5
# What tells how large errors are has to be smooth: a leaf for every fiftieth row, and never of fewer than these.
SPREAD_TREES, SPREAD_LEAVES, SPREAD_LEAF_ROWS = 60, 50, 10


def _neighbours(shape: Shape, seed: int) -> Regressor:  # noqa: ARG001 - every family is made alike
    # A search tree would bring two more types that loading has to trust.
    nearest = KNeighborsRegressor(min(USUAL_NEIGHBOURS, shape.rows), weights="distance", algorithm="brute")
    return Pipeline([("scale", StandardScaler()), ("predict", nearest)])


def _linear(shape: Shape, seed: int) -> Regressor:  # noqa: ARG001 - every family is made alike
    return Pipeline([("scale", StandardScaler()), ("predict", Ridge())])


def _smallest_leaf(shape: Shape) -> int:
    return max(1, -(-shape.rows * TREES // MOST_LEAVES))


def _forest(shape: Shape, seed: int) -> Regressor:
    return ExtraTreesRegressor(
        TREES, max_features=SHARE_OF_INPUTS, min_samples_leaf=_smallest_leaf(shape), random_state=seed
    )


def _boosted(shape: Shape, seed: int) -> Regressor:  # noqa: ARG001 - every family is made alike
    # Its own early stopping would look at rows near to those that it learns from.
    return HistGradientBoostingRegressor(
        learning_rate=0.06, max_iter=STAGES, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )


def _kernel(shape: Shape, seed: int) -> Regressor:
    return kernel_pipeline(shape, seed, 0.05, ("predict", Ridge(alpha=0.1)))


def spread_regressor(rows: int, seed: int) -> ExtraTreesRegressor:
    """What learns the size of errors from the inputs."""
    leaf = max(SPREAD_LEAF_ROWS, rows // SPREAD_LEAVES)
    return ExtraTreesRegressor(SPREAD_TREES, max_features=SHARE_OF_INPUTS, min_samples_leaf=leaf, random_state=seed)


NUMBER_FAMILIES = (
    Family(
        "nearest neighbours",
        _neighbours,
        lambda shape: neighbours_varied(shape, "predict"),
        {"quick": 4, "full": 20},
    ),
    Family("linear", _linear, lambda _: {"predict__alpha": loguniform(1e-2, 1e3)}, {"quick": 4, "full": 12}),
    Family(
        "forest",
        _forest,
        lambda shape: {
            "min_samples_leaf": [times * _smallest_leaf(shape) for times in (1, 2, 3, 5)],
            "max_features": [0.4, 0.6, 0.8, 1.0],
        },
        {"full": 8},
    ),
    Family(
        "boosted trees",
        _boosted,
        lambda _: {
            "learning_rate": loguniform(0.02, 0.15),
            "max_leaf_nodes": [4, 8, 15, 31],
            "min_samples_leaf": [10, 20, 40],
        },
        {"full": 8},
    ),
    Family(
        "kernel",
        _kernel,
        lambda _: {"kernel__gamma": loguniform(0.01, 0.3), "predict__alpha": loguniform(0.01, 10)},
        {"quick": 4, "full": 12},
    ),
)
