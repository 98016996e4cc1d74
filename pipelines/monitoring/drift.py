"""Do the arrivals still look like what the models were made for? Inputs, predictions and labels against a reference.

The newest arrivals are compared with reference rows over several windows of whole days, so that a gross fault is found
in days and a slight one in months, at one sample a day as at a thousand. A test raises an alarm when the difference is
too large for chance, after adjusting for all tests of the same look, and large enough to matter. How often that is
false, and after how many days it is right, is measured by `benchmarks/alarms.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.spatial.distance import cdist

from pipelines.datasets import DataSet
from pipelines.documents.metrics import ALL_INPUTS
from pipelines.models.metrics import SMALLEST_DISTANCE, WINDOWS
from pipelines.monitoring import seasons
from pipelines.monitoring.categories import value_counts
from pipelines.monitoring.numbers_apart import Ascending, Chance, distance, distances, stability_index

# The chance that a look at an unchanged world raises an alarm: one in ten years of daily looks.
LEVEL = 1 / 3650
SMALLEST_ENERGY = 0.02  # the same for the energy coefficient of all inputs, whose scale is another
LARGEST_WINDOW = 2000  # more rows, evenly picked, add nothing where the reference is smaller
LARGEST_MULTIVARIATE = 400  # a side: distances between all pairs are taken
SMALLEST_MULTIVARIATE = 20  # with fewer rows the tail fitted to the permutations promises too small a p-value
PERMUTATIONS = 499
SEED = 2026

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DriftTest:
    """One comparison of a window of arrivals with the reference.

    Attributes
    ----------
    kind
        `numeric`, `categorical`, `all inputs`, `prediction`, `label` or `error`.
    distance
        From 0 (same) to 1 (apart): the Kolmogorov-Smirnov distance of a number, the total variation of a category,
        the energy coefficient of all inputs together.
    psi
        The population stability index; NaN for all inputs together.
    adjusted
        The p-value after Benjamini and Hochberg over all tests of the look.
    """

    name: str
    kind: str
    days: int
    n: int
    distance: float
    psi: float
    p_value: float
    adjusted: float
    drifted: bool


@dataclass(frozen=True)
class Reference:
    """Rows that arrivals should look like; each of their columns is put in order once, for all windows."""

    rows: pd.DataFrame
    _ascending: dict[str, Ascending] = field(default_factory=dict)

    def ascending(self, name: str) -> Ascending:
        """The numbers of a column."""
        if name not in self._ascending:
            self._ascending[name] = Ascending.of(self.rows[name])
        return self._ascending[name]


def input_drift(dataset: DataSet, reference: pd.DataFrame, arrivals: pd.DataFrame, day: date) -> list[DriftTest]:
    """Compare each feature, and all together, over every window that ends with `day`.

    Parameters
    ----------
    reference
        Rows of the data set that the arrivals should look like.
    arrivals
        Rows with `sample_id`, `event_time` and the features, in any order.

    Returns
    -------
    One test a feature and window that has enough samples; none where no window has.
    """
    whole, arrivals = Reference(reference.sort_values("sample_id")), _in_order(arrivals)
    windows = list(_compared(dataset, whole, arrivals, day))
    tests = [test for days, usual, window in windows for test in _feature_tests(dataset, usual, window, days)]
    together = [
        _together(dataset, usual.rows, window, days)
        for days, usual, window in windows
        if len(window) >= SMALLEST_MULTIVARIATE
    ]
    return adjusted([*tests, *together])


def class_drift(
    rows: pd.DataFrame, column: str, classes: Sequence[str], reference: Sequence[object], day: date
) -> list[DriftTest]:
    """Compare the shares of the classes in `column` with those in `reference`, over every window that ends with `day`.

    Parameters
    ----------
    rows
        `sample_id`, `event_time` and `column`, in any order; rows without a class are left out.
    reference
        One class a row; rows without one are left out.
    """
    usual = [value for value in reference if pd.notna(value)]
    windows = _windows(_in_order(rows[rows[column].notna()]), day, fewest_samples(len(usual)))
    return adjusted([_category_test(column, classes, usual, window[column], days) for days, window in windows])


def numeric_drift(rows: pd.DataFrame, column: str, reference: pd.Series, day: date) -> list[DriftTest]:
    """Compare the numbers in `column` with those of `reference`, over every window that ends with `day`.

    Parameters
    ----------
    rows
        `sample_id`, `event_time` and `column`, in any order; rows without a number are left out, as in `reference`.
    """
    usual = reference.dropna()
    windows = _windows(_in_order(rows[rows[column].notna()]), day, fewest_samples(len(usual)))
    return adjusted([
        _test(column, column, days, len(window), numeric_distance(usual, _evenly(window, LARGEST_WINDOW)[column]))
        for days, window in windows
    ])  # fmt: skip


def alarms_by_day(
    dataset: DataSet, reference: pd.DataFrame, arrivals: pd.DataFrame, days: Sequence[date]
) -> dict[date, list[str]]:
    """On which of `days` the tests of single features raised an alarm, and for which features."""
    whole, arrivals = Reference(reference.sort_values("sample_id")), _in_order(arrivals)
    alarms, chance = {}, Chance(LEVEL)
    for day in days:
        windows = list(_compared(dataset, whole, arrivals, day))
        # An adjusted p-value is never below the plain one: where no test can raise an alarm there is nothing to adjust.
        quiet = all(_explained(dataset, usual, window, chance) for _, usual, window in windows)
        tests = [] if quiet else [
            test for length, usual, window in windows for test in _feature_tests(dataset, usual, window, length)
        ]  # fmt: skip
        alarms[day] = sorted({test.name for test in adjusted(tests) if test.drifted})
    return alarms


def fewest_samples(reference: int) -> int:
    """The fewest samples with which a complete change could be told from chance at all; 0 without a reference.

    If all of m samples lie beyond all of n reference rows, the exact two-sided p-value is 2 / C(n + m, m).
    """
    if reference < 2:  # noqa: PLR2004 - one row has no distribution
        return 0
    return next(m for m in range(1, 1000) if 2 / comb(reference + m, m) < LEVEL / 10)


def adjusted(tests: Sequence[DriftTest]) -> list[DriftTest]:
    """The tests of one look with p-values adjusted for how many they are, and the verdict of each."""
    if not tests:
        return []
    values = stats.false_discovery_control([test.p_value for test in tests])
    return [
        replace(test, adjusted=float(value), drifted=bool(value < LEVEL and _matters(test)))
        for test, value in zip(tests, values, strict=True)
    ]


def numeric_distance(reference: npt.ArrayLike, values: npt.ArrayLike) -> tuple[float, float, float]:
    """Kolmogorov-Smirnov distance, population stability index and p-value of two samples of a number.

    A missing value counts as one below all others, so that a sensor that falls silent is seen as well.
    """
    return distance(Ascending.of(reference), Ascending.of(values))


def category_distance(reference: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[float, float, float]:
    """Total variation, population stability index and p-value of two rows of counts, one count a category (k,).

    The p-value is exact for any counts: each category against the rest in the hypergeometric distribution, times k.
    A chi-square test would need five expected samples of each, which the rarest class has once in years.
    """
    first, second = (np.asarray(part, dtype=np.int64) for part in (reference, counts))
    total = first + second
    law = stats.hypergeom(total.sum(), total, second.sum())
    tails = 2 * np.minimum(law.cdf(second), law.sf(second - 1))
    p_value = float(min(1.0, tails.min() * np.count_nonzero(total)))
    return total_variation(first, second), stability_index(first, second), p_value


def total_variation(reference: npt.ArrayLike, counts: npt.ArrayLike) -> float:
    """Half of what the shares of the categories differ by, from two rows of counts (k,)."""
    first, second = (np.asarray(part, dtype=np.float64) for part in (reference, counts))
    return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)


def energy_distance(first: Floats, second: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Energy coefficient of two samples (n, d) and (m, d), and its p-value by permutation.

    Beyond what the permutations reach, the p-value comes from a gamma distribution with their first three moments.
    Source: G. J. Székely, M. L. Rizzo (2013), Energy statistics.
    """
    distances = cdist(together := np.vstack([first, second]), together)
    weights = np.concatenate([np.full(len(first), 1 / len(first)), np.full(len(second), -1 / len(second))])
    shuffled = rng.permuted(np.tile(weights, (PERMUTATIONS, 1)), axis=1)
    observed = -float(weights @ distances @ weights)
    chance = -np.einsum("pi,pi->p", shuffled @ distances, shuffled)
    between = distances[: len(first), len(first) :].mean()
    return max(observed, 0.0) / (2 * between) if between else 0.0, _tail(observed, chance)


def _matters(test: DriftTest) -> bool:
    return test.distance >= (SMALLEST_ENERGY if test.kind == ALL_INPUTS else SMALLEST_DISTANCE)


def _tail(observed: float, chance: Floats) -> float:
    """The p-value of a permutation test; by a fitted gamma tail where no permutation came close."""
    exceeding = int((chance >= observed).sum())
    if exceeding:
        return (1 + exceeding) / (1 + len(chance))
    skew, spread = float(stats.skew(chance)), float(chance.std())
    if spread == 0:
        return 1.0
    return float(min(stats.pearson3(skew, chance.mean(), spread).sf(observed), 1 / (1 + len(chance))))


def _in_order(arrivals: pd.DataFrame) -> pd.DataFrame:
    return arrivals.sort_values(["event_time", "sample_id"])


def _windows(arrivals: pd.DataFrame, day: date, fewest: int) -> Iterator[tuple[int, pd.DataFrame]]:
    """The windows that end with `day`, each longer one with more rows than the last; `arrivals` are in order."""
    end, last = pd.Timestamp(day, tz="UTC") + timedelta(days=1), 0
    times = arrivals["event_time"]
    until = int(times.searchsorted(end))
    for length in WINDOWS if fewest else ():
        window = arrivals.iloc[int(times.searchsorted(end - timedelta(days=length))) : until]
        if len(window) >= max(fewest, last + 1):
            last = len(window)
            yield length, window


def _compared(
    dataset: DataSet, reference: Reference, arrivals: pd.DataFrame, day: date
) -> Iterator[tuple[int, Reference, pd.DataFrame]]:
    """The windows that end with `day`, each with the reference rows that it is compared with, where these suffice."""
    windows = _windows(arrivals, day, fewest_samples(len(reference.rows)))
    for days, usual, window in seasons.pairs(dataset, reference.rows, windows, day):
        if 0 < fewest_samples(len(usual)) <= len(window):
            yield days, reference if usual is reference.rows else Reference(usual), window


def _feature_tests(dataset: DataSet, reference: Reference, window: pd.DataFrame, days: int) -> list[DriftTest]:
    picked = _evenly(window, LARGEST_WINDOW)
    numeric, categorical = seasons.watched(dataset)
    apart = distances([(reference.ascending(name), Ascending.of(picked[name])) for name in numeric])
    numbers = [_test(name, "numeric", days, len(window), found) for name, found in zip(numeric, apart, strict=True)]
    return numbers + [
        _category_test("categorical", dataset.feature(name).values, reference.rows[name], window[name], days)
        for name in categorical
    ]


def _explained(dataset: DataSet, reference: Reference, window: pd.DataFrame, chance: Chance) -> bool:
    """Whether no feature of a window can have drifted: each is near the reference, or as far as chance explains."""
    picked = _evenly(window, LARGEST_WINDOW)
    numeric, categorical = seasons.watched(dataset)
    return all(chance.explains(reference.ascending(name), Ascending.of(picked[name])) for name in numeric) and all(
        _category_explained(dataset.feature(name).values, reference.rows[name], window[name], chance.level)
        for name in categorical
    )


def _category_explained(classes: Sequence[str], reference: Sequence[object], values: pd.Series, level: float) -> bool:
    _, counts = value_counts(classes, reference, values)
    return total_variation(*counts) < SMALLEST_DISTANCE or category_distance(*counts)[2] >= level


def _category_test(
    kind: str, classes: Sequence[str], reference: Sequence[object], values: pd.Series, days: int
) -> DriftTest:
    return _test(str(values.name), kind, days, len(values), _category_apart(classes, reference, values))


def _category_apart(
    classes: Sequence[str], reference: Sequence[object], values: pd.Series
) -> tuple[float, float, float]:
    _, counts = value_counts(classes, reference, values)
    return category_distance(*counts)


def _together(dataset: DataSet, reference: pd.DataFrame, window: pd.DataFrame, days: int) -> DriftTest:
    """All features at once: finds what no single one shows, such as a broken correlation."""
    first, second = (_matrix(dataset, reference, _evenly(part, LARGEST_MULTIVARIATE)) for part in (reference, window))
    apart, p_value = energy_distance(first, second, np.random.default_rng(SEED))
    return _test(ALL_INPUTS, ALL_INPUTS, days, len(window), (apart, np.nan, p_value))


def _matrix(dataset: DataSet, reference: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """The features in units of the reference's spread; categories as 0 and 1, gaps as the reference's middle."""
    numbers, categories = seasons.watched(dataset)
    numeric, middle = reference[numbers].astype("float64"), reference[numbers].median()
    spread = numeric.std(ddof=0).replace(0, 1)
    parts = [((rows[numbers].astype("float64") - middle) / spread).fillna(0).to_numpy()]
    for name in categories:
        shown, _ = value_counts(dataset.feature(name).values, reference[name])
        parts.append(rows[[name]].to_numpy() == np.array(shown))
    return np.hstack(parts).astype(np.float64)


def _test(name: str, kind: str, days: int, n: int, distances: tuple[float, float, float]) -> DriftTest:
    apart, psi, p_value = distances
    return DriftTest(name, kind, days, n, apart, psi, p_value, adjusted=p_value, drifted=False)


def _evenly(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    return rows if len(rows) <= most else rows.iloc[np.linspace(0, len(rows) - 1, most).astype(int)]
