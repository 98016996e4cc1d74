"""Which historical rows train, which test, and which are the reserve that new samples come from.

Where time splits, the newest rows test, and the reserve is no more than the days that keep them apart from training.

Where rows can be told apart (see `identity`), rows with equal or nearly equal measurements are one group and never
straddle two roles (nor two folds of a cross-validation): most of them are the same flower or wine measured again.
Where they cannot, equal rows are different samples, and each is a group of its own.
"""

import numpy as np
import pandas as pd

from pipelines.datasets.spec import DataSet

# Shares of 60, 20 and 20 %: enough to train on, and test scores and simulated samples of equal weight.
ROLE_WEIGHTS = {"train": 3, "test": 1, "reserve": 1}
# In standard deviations: on the wines, held-out scores stop falling when closer rows are kept together.
NEAR = 0.3
SEED = 60_20_20
# Where time splits: of four years the newest, so that all seasons are tested. Days are alike within a week or so.
NEWEST_SHARE = 0.25
BLOCK_DAYS = 7
# A part of a stratum with fewer rows than these cannot be shared out 3 to 1 to 1.
FEWEST_TO_SHARE = sum(ROLE_WEIGHTS.values())
# A label that is a number stratifies by the tenths of its ranks.
BANDS = 10
# Where one chain of near rows holds over half of at least so many distinct rows, as with one or two features,
# being near says nothing about being the same sample.
FEWEST_FOR_CHAIN = 10
# Neighbours a row on average, far beyond where everything is one chain, while all pairs still fit in memory.
MOST_NEIGHBOURS = 100
ROWS_TO_ESTIMATE = 1000


def near_groups(dataset: DataSet, samples: pd.DataFrame, *, distinguishable: bool = True) -> np.ndarray:
    """Number the groups of rows with equal or nearly equal measurements.

    Complete rows closer than `NEAR` standard deviations (Euclidean, over all numeric features) are connected into
    groups. A row with gaps joins the group of the nearest complete row within `NEAR` over what it has. Equal rows,
    gaps included, are always together. Where nearness would chain most rows into one group, only rows that are
    equal in every feature stay together; with no numeric feature every row is a group of its own.

    Parameters
    ----------
    samples
        Typed rows of the data set; their order does not change who is grouped with whom.
    distinguishable
        Whether equality tells that two rows are one sample; where it does not, every row is a group of its own.

    Returns
    -------
    One integer a row, shape (n,).
    """
    measured = [name for name in dataset.numeric if samples[name].notna().any()]
    if not measured or not distinguishable:
        declared = [feature.name for feature in dataset.features] + [label.name for label in dataset.labels]
        return _number_each(samples[[name for name in declared if name in samples.columns]])
    values = samples[measured].astype("float64").reset_index(drop=True)
    which = _number_equal(values)
    first_of_each = np.unique(which, return_index=True)[1]
    distinct = values.to_numpy()[first_of_each]
    groups = _groups_of_distinct(distinct / _scales(values.to_numpy(), distinct))
    if groups is None:
        return _number_equal(samples[[feature.name for feature in dataset.features]])
    return np.asarray(groups[which])


def sample_groups(dataset: DataSet, samples: pd.DataFrame, *, distinguishable: bool = True) -> np.ndarray:
    """Number the groups of rows that tell about each other: near rows, or the weeks in order where time splits.

    They never straddle the folds of a cross-validation, and are resampled as one for an interval.
    """
    if dataset.split == "time":
        days = (samples["event_time"] - pd.Timestamp(dataset.historical_time)) // pd.Timedelta(days=1)
        return np.unique(days.to_numpy() // BLOCK_DAYS, return_inverse=True)[1]
    return near_groups(dataset, samples, distinguishable=distinguishable)


def assign_roles(dataset: DataSet, samples: pd.DataFrame, *, distinguishable: bool = True) -> pd.Series:
    """Give each row `train`, `test` or `reserve`: 60, 20 and 20 % of every stratum, near groups whole.

    The strata are those of the data set, split further by every other label and category as far as the parts have
    rows enough to share out. The assignment is seeded and fixed: the same rows get the same roles on every machine, in
    whatever order. A group counts in the first of the strata that its rows belong to.

    Parameters
    ----------
    samples
        Typed rows of the data set, with its features and labels.
    distinguishable
        As `near_groups` takes it.

    Returns
    -------
    The roles as text, with the index of `samples`.
    """
    if dataset.split == "time":
        return roles_by_time(samples)
    groups = near_groups(dataset, samples, distinguishable=distinguishable)
    strata = _strata(banded(dataset, samples[stratifying_columns(dataset)]))
    sizes = np.bincount(groups)
    stratum_of = np.full(len(sizes), len(samples))
    np.minimum.at(stratum_of, groups, strata)
    shuffled = np.random.Generator(np.random.PCG64(SEED)).permutation(len(sizes))
    # Large groups first, so that small ones can even out the shares; shuffled among equals.
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    roles = _deal(sizes, stratum_of, order)
    return pd.Series(np.array(list(ROLE_WEIGHTS), dtype=object)[roles[groups]], index=samples.index, name="role")


def roles_by_time(samples: pd.DataFrame) -> pd.Series:
    """Let the newest quarter of the rows test, leave out the week before it, and train on the rest."""
    times = samples["event_time"]
    begins = times.quantile(1 - NEWEST_SHARE, interpolation="higher")
    roles = np.select([times >= begins, times >= begins - pd.Timedelta(days=BLOCK_DAYS)], ["test", "reserve"], "train")
    return pd.Series(roles.astype(object), index=samples.index, name="role")


def stratifying_columns(dataset: DataSet) -> list[str]:
    """The strata of the data set, then its other labels and categories: those with fewer values split first."""
    others = {label.name: len(label.values) or BANDS for label in dataset.labels}
    others |= {name: len(dataset.feature(name).values) for name in dataset.categorical}
    return list(dict.fromkeys([*dataset.strata, *sorted(others, key=others.__getitem__)]))


def banded(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the tenth that it lies in in place of each label that is a number; a missing one stays missing."""
    numbers = [label.name for label in dataset.labels if label.kind == "number" and label.name in rows.columns]
    return rows.assign(**{name: np.ceil(rows[name].rank(pct=True) * BANDS) for name in numbers})


def _strata(rows: pd.DataFrame) -> np.ndarray:
    """Number the strata (n,): column by column, a stratum falls into the values that have rows enough in it."""
    path = pd.DataFrame(index=range(len(rows)))
    for column in rows.columns:
        values = _number_equal(rows[[column]])
        before = _number_equal(path) if len(path.columns) else np.zeros(len(rows), dtype=np.int64)
        path[column] = _shareable(before, values)
    return _number_equal(path)


def _shareable(strata: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values (n,) with those pooled as -1 that are rare in their stratum; a small pool joins the largest value."""
    parts = pd.DataFrame({"stratum": strata, "value": values})
    sizes = parts.groupby(["stratum", "value"])["value"].transform("size")
    kept = parts["value"].where(sizes >= FEWEST_TO_SHARE, -1)
    largest = parts.assign(size=sizes).sort_values(["size", "value"], ascending=[False, True], kind="stable")
    largest_of = largest.drop_duplicates("stratum").set_index("stratum")["value"]
    pool = parts.assign(kept=kept).groupby(["stratum", "kept"])["kept"].transform("size")
    alone = (kept == -1) & (pool < FEWEST_TO_SHARE)
    joined = parts["stratum"].map(largest_of).where(alone, kept)
    return np.asarray(joined)


def _deal(sizes: np.ndarray, strata: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Deal groups to roles in `order` by the highest-averages method of Sainte-Laguë, stratum by stratum.

    A tie goes to the role that has least of all strata together, so that many tiny strata still add up to the shares.
    """
    weights = list(ROLE_WEIGHTS.values())
    dealt = [[0] * len(weights) for _ in range(int(strata.max(initial=-1)) + 1)]
    total = [0] * len(weights)
    roles = np.zeros(len(sizes), dtype=np.int64)
    for group in order.tolist():
        size, have = int(sizes[group]), dealt[int(strata[group])]
        role = min(
            range(len(weights)),
            key=lambda r: ((2 * have[r] + size) / weights[r], total[r] / weights[r]),
        )
        have[role] += size
        total[role] += size
        roles[group] = role
    return roles


def _number_equal(rows: pd.DataFrame) -> np.ndarray:
    """Number the distinct rows in sorted order; nothing equals nothing."""
    return np.asarray(rows.groupby(list(rows.columns), sort=True, dropna=False, observed=True).ngroup())


def _number_each(rows: pd.DataFrame) -> np.ndarray:
    """Number the rows in sorted order, so that the order in which they come changes nothing."""
    order = np.argsort(_number_equal(rows), kind="stable")
    numbers = np.empty(len(rows), dtype=np.int64)
    numbers[order] = np.arange(len(rows))
    return numbers


def _scales(values: np.ndarray, distinct: np.ndarray) -> np.ndarray:
    """The spread of each column: the larger of that of all and of distinct rows, since repeats may shrink it."""
    spreads = [np.nanstd(rows, axis=0) for rows in (np.sort(values, axis=0), np.sort(distinct, axis=0))]
    largest = np.maximum(*spreads)
    return np.where(largest > 0, largest, 1.0)


def _groups_of_distinct(scaled: np.ndarray) -> np.ndarray | None:
    """Group distinct rows (n, features) in units of their spread; None where nearness chains most of them."""
    observed = ~np.isnan(scaled)
    complete = np.flatnonzero(observed.all(axis=1))
    groups = np.arange(len(scaled))
    if not len(complete):
        return groups
    connected = _connected(scaled[complete])
    if connected is None:
        return None
    groups[complete] = complete[connected]
    for pattern in np.unique(observed[~observed.all(axis=1)], axis=0):
        rows = np.flatnonzero((observed == pattern).all(axis=1))
        nearest = _nearest(scaled[rows][:, pattern], scaled[complete][:, pattern])
        near = nearest < len(complete)
        groups[rows[near]] = groups[complete[nearest[near]]]
    return np.unique(groups, return_inverse=True)[1]


def _nearest(rows: np.ndarray, complete: np.ndarray) -> np.ndarray:
    """For each row the position of the nearest complete row within `NEAR`, or the number of those where none is."""
    from scipy.spatial import cKDTree

    if rows.shape[1] == 0:
        return np.full(len(rows), len(complete))
    return np.asarray(cKDTree(complete).query(rows, distance_upper_bound=NEAR)[1])


def _connected(scaled: np.ndarray) -> np.ndarray | None:
    """For each complete row the position of the first row of its group; None where most are one chain."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    count = len(scaled)
    tree = cKDTree(scaled)
    some = scaled[:: max(1, count // ROWS_TO_ESTIMATE)]
    if tree.query_ball_point(some, NEAR, return_length=True).mean() > MOST_NEIGHBOURS:
        return None
    pairs = tree.query_pairs(NEAR, output_type="ndarray")
    links = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    labels = connected_components(links, directed=False)[1]
    if count >= FEWEST_FOR_CHAIN and np.bincount(labels).max() > count / 2:
        return None
    return np.asarray(np.unique(labels, return_index=True)[1][labels])
