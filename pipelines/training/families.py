"""The model families that a search compares, with what a search may vary.

Boosted trees are not among them: on the wines they added nothing to a forest blended with a kernel model, take longer
for a row, and need a second type to be trusted when a model is loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from pipelines.models.ensemble import Classifier

# Twice as many lower the log-loss of the wines by less than 0.001, and double the file and the time.
TREES = 150
# Points that stand for all training rows in the kernel model; with more the score stays and a million rows take longer.
LANDMARKS = 300
QUANTILES = 200
USUAL_NEIGHBOURS, MOST_NEIGHBOURS = 5, 60
# A leaf for one row in so many: ten times the rows then make a better forest, not a file ten times as large.
ROWS_A_LEAF = 5000
# The solver needs some 100 steps on the wines.
ITERATIONS = 1000
# What the name of a member ends with whose parameters were drawn.
TUNED = ", tuned"


@dataclass(frozen=True)
class Shape:
    """What a family needs to know of the rows: how many it will learn from at least, and how many leading columns are
    numbers.
    """

    rows: int
    numeric: int


def _nothing_to_vary(shape: Shape) -> Mapping[str, Any]:  # noqa: ARG001 - every family is asked alike
    return {}


@dataclass(frozen=True)
class Family:
    """A kind of classifier: how to make one, and the distributions of its parameters for `ParameterSampler`.

    `draws` says how many of them the quick and the full search try.
    """

    name: str
    make: Callable[[Shape, int], Classifier]
    distributions: Callable[[Shape], Mapping[str, Any]] = field(default=_nothing_to_vary)
    draws: Mapping[str, int] = field(default_factory=dict)

    def drawn(self, size: str, shape: Shape, seed: int) -> list[Classifier]:
        """The members that a search tries, none where it does not tune this family."""
        usual, count = self.make(shape, seed), self.draws.get(size, 0)
        sampler = ParameterSampler(dict(self.distributions(shape)), count, random_state=seed)
        return [clone(usual).set_params(**each) for each in sampler] if count else []


def _neighbours(shape: Shape, seed: int) -> Classifier:  # noqa: ARG001 - every family is made alike
    # A search tree would bring two more types that loading has to trust.
    nearest = KNeighborsClassifier(min(USUAL_NEIGHBOURS, shape.rows), algorithm="brute")
    return Pipeline([("scale", StandardScaler()), ("classify", nearest)])


def neighbours_varied(shape: Shape, last: str) -> Mapping[str, Any]:
    """What a search may vary of nearest neighbours, which are the `last` step of their pipeline."""
    return {
        f"{last}__n_neighbors": np.arange(1, min(MOST_NEIGHBOURS, shape.rows) + 1),
        f"{last}__weights": ["uniform", "distance"],
        f"{last}__metric": ["euclidean", "manhattan"],
    }


def _linear(shape: Shape, seed: int) -> Classifier:  # noqa: ARG001 - every family is made alike
    return Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(max_iter=ITERATIONS))])


def _discriminant(shape: Shape, seed: int) -> Classifier:  # noqa: ARG001 - every family is made alike
    # The usual solver fails where a class does not vary at all.
    return LinearDiscriminantAnalysis(solver="lsqr")


def _smallest_leaf(shape: Shape) -> int:
    return max(1, shape.rows // ROWS_A_LEAF)


def _forest(shape: Shape, seed: int) -> Classifier:
    return ExtraTreesClassifier(TREES, max_features="sqrt", min_samples_leaf=_smallest_leaf(shape), random_state=seed)


def kernel_pipeline(shape: Shape, seed: int, gamma: float, last: tuple[str, Any]) -> Pipeline:
    """A linear model on Gaussian kernels at some rows: C. Williams and M. Seeger (2001), the Nyström method."""
    # Neither step takes more points than rows.
    quantiles, landmarks = (min(most, shape.rows) for most in (QUANTILES, LANDMARKS))
    normal_scores = QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", random_state=seed)
    return Pipeline(
        [
            (
                "scale",
                ColumnTransformer([("normal", normal_scores, list(range(shape.numeric)))], remainder="passthrough"),
            ),
            ("kernel", Nystroem(gamma=gamma, n_components=landmarks, random_state=seed)),
            last,
        ]
    )


def _kernel(shape: Shape, seed: int) -> Classifier:
    return kernel_pipeline(shape, seed, 0.1, ("classify", LogisticRegression(max_iter=ITERATIONS)))


FAMILIES = (
    Family(
        "nearest neighbours",
        _neighbours,
        lambda shape: neighbours_varied(shape, "classify"),
        {"quick": 4, "full": 20},
    ),
    Family("linear", _linear, lambda _: {"classify__C": loguniform(1e-2, 1e3)}, {"full": 8}),
    Family("discriminant", _discriminant),
    Family(
        "forest",
        _forest,
        lambda shape: {
            "min_samples_leaf": [times * _smallest_leaf(shape) for times in (1, 2, 3)],
            "max_features": ["sqrt", 0.2, 0.4, 0.6],
            "criterion": ["gini", "entropy"],
        },
        {"full": 12},
    ),
    Family(
        "kernel",
        _kernel,
        lambda _: {"kernel__gamma": loguniform(0.02, 0.5), "classify__C": loguniform(0.1, 10)},
        {"full": 12},
    ),
)
# Families whose mistakes differ enough for their blend to beat each of them.
BLENDED = ("forest", "kernel")
