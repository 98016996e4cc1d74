"""Whether rows can be told apart: whether two rows with equal features are the same sample, entered twice.

Eleven laboratory values of two wines do not agree by chance; the class, sex and age of two passengers do. Two things
tell: how often chance would make rows equal, and whether equal rows contradict each other in their labels, which
copies of one sample do not.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets.spec import DataSet

# Where chance alone gives one row in twenty an equal one, or one in twenty contradicts an equal one, equality proves
# nothing; on the data sets that come along it is one in ninety at most, and none.
MOST_CHANCE_TWINS = 0.05
MOST_CONTRADICTIONS = 0.05
# So many rows tell agreement of one pair of rows in a million, which is far below what matters.
ROWS_TO_ESTIMATE = 2000
SEED = 2

Counts = npt.NDArray[np.float64]


def distinguishable(dataset: DataSet, samples: pd.DataFrame) -> bool:
    """Whether rows with equal features are copies of one sample.

    Parameters
    ----------
    samples
        All typed rows of the data set, since few rows agree less often than many; their order does not matter.
    """
    return (
        chance_twins(dataset, samples) <= MOST_CHANCE_TWINS and contradictions(dataset, samples) <= MOST_CONTRADICTIONS
    )


def chance_twins(dataset: DataSet, samples: pd.DataFrame) -> float:
    """How many other samples agree with a sample in every feature by chance, on average.

    The probability that two samples agree in one column, multiplied over all columns and by how much more often two
    columns agree together than apart, along the tree of columns that makes the product largest (C. Chow and C. Liu
    1968, Approximating discrete probability distributions with dependence trees, for agreement in place of
    information). It is estimated on distinct rows and for as many samples, so that one sample that was entered a
    thousand times does not make all rows look alike. Two columns are taken as independent, and one column proves
    nothing: whatever is equal in it is taken as chance.
    """
    features = _features(dataset, samples)
    rows = features.drop_duplicates() if len(features.columns) > 1 else features
    if len(rows) < 2:  # noqa: PLR2004 - one row has no other to agree with
        return 0.0
    codes = _codes(rows.sort_values(list(rows.columns), ignore_index=True))
    some = codes[np.random.default_rng(SEED).permutation(len(codes))[:ROWS_TO_ESTIMATE]]
    return (len(rows) - 1) * _agreement(some)


def contradictions(dataset: DataSet, samples: pd.DataFrame) -> float:
    """The share of rows whose label is not the most frequent one of the rows that equal them; the label where it is
    largest.
    """
    equal = _features(dataset, samples).groupby(
        [feature.name for feature in dataset.features], dropna=False, observed=True
    )
    numbers = equal.ngroup().to_numpy()
    return max((_contradicting(numbers, samples[label.name]) for label in dataset.labels), default=0.0)


def _features(dataset: DataSet, samples: pd.DataFrame) -> pd.DataFrame:
    return samples[[feature.name for feature in dataset.features]]


def _contradicting(equal: npt.NDArray[np.int64], labels: pd.Series) -> float:
    labelled = labels.notna().to_numpy()
    counts = pd.Series(equal[labelled]).groupby([equal[labelled], labels[labelled].to_numpy()]).size()
    if counts.empty:
        return 0.0
    return 1 - float(counts.groupby(level=0).max().sum()) / int(labelled.sum())


def _codes(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Each column as the numbers of its values; a missing cell agrees with a missing one."""
    return np.column_stack([pd.factorize(rows[name], use_na_sentinel=False)[0] for name in rows.columns])


def _agreement(codes: npt.NDArray[np.int64]) -> float:
    """The probability that two samples agree in every column, from coded rows (n, d)."""
    columns = codes.shape[1]
    alone = np.array([_pairs_agreeing(codes[:, column]) for column in range(columns)])
    if columns <= 2 or not alone.all():  # noqa: PLR2004 - agreement in both columns would be what is asked for
        return float(alone.prod())
    lift, rarest = np.zeros((columns, columns)), alone.min()
    for one in range(columns):
        for other in range(one):
            both = _pairs_agreeing(codes[:, one] * len(codes) + codes[:, other])
            if not both:
                return 0.0
            rarest = min(rarest, both)
            lift[one, other] = lift[other, one] = np.log(both / alone[one] / alone[other])
    return float(min(rarest, np.exp(np.log(alone).sum() + _largest_tree(lift))))


def _pairs_agreeing(codes: npt.NDArray[np.int64]) -> float:
    """The share of the pairs of rows that have the same code."""
    sizes = np.unique(codes, return_counts=True)[1].astype(np.float64)
    return float((sizes * (sizes - 1)).sum() / (len(codes) * (len(codes) - 1)))


def _largest_tree(weights: Counts) -> float:
    """The weight of the heaviest spanning tree of a full graph: R. Prim (1957)."""
    reached, total = weights[0].copy(), 0.0
    left = set(range(1, len(weights)))
    while left:
        nearest = max(left, key=reached.__getitem__)
        total += reached[nearest]
        left.remove(nearest)
        reached = np.maximum(reached, weights[nearest])
    return total
