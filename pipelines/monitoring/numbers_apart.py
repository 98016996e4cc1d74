"""How far apart two samples of a number are, where one of them is compared with many others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

EXACT_PAIRS = 20_000  # rows times rows up to which the exact distribution of the KS distance costs a millisecond
PSI_BINS = 10  # deciles, as the usual limits 0.1 and 0.25 of the index presume

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ascending:
    """A sample in order, without gaps, and what every comparison with it needs again."""

    numbers: Floats

    @classmethod
    def of(cls, values: npt.ArrayLike) -> "Ascending":
        """A missing value counts as one below all others, so that a sensor that falls silent is seen as well."""
        numbers = np.asarray(values, dtype=np.float64)
        return cls(np.sort(np.where(np.isnan(numbers), -np.inf, numbers)))

    def __len__(self) -> int:
        return len(self.numbers)

    def share_up_to(self, points: Floats) -> Floats:
        """The empirical distribution function at some points."""
        return np.asarray(np.searchsorted(self.numbers, points, side="right") / len(self))

    @cached_property
    def own_shares(self) -> Floats:
        """The same at its own numbers."""
        return self.share_up_to(self.numbers)

    @cached_property
    def edges(self) -> Floats:
        """Where its deciles part."""
        inner = np.linspace(0, 1, PSI_BINS + 1)[1:-1]
        return np.unique(np.quantile(self.numbers, inner, method="inverted_cdf"))

    @cached_property
    def own_counts(self) -> Integers:
        """How many of its numbers lie between its edges."""
        return self.counts_between(self.edges)

    def counts_between(self, edges: Floats) -> Integers:
        """How many of its numbers lie below the first edge, between two of them, and above the last."""
        return np.diff(np.searchsorted(self.numbers, edges, side="right"), prepend=0, append=len(self))


@dataclass(frozen=True)
class Chance:
    """What is known to come by chance alone: a distance of p-value `level` or more, and so every smaller one.

    Samples of the same two sizes are compared again and again where one window follows another, and a p-value takes
    a hundred times as long as a distance.
    """

    level: float
    _known: dict[tuple[int, int], float] = field(default_factory=dict)

    def explains(self, reference: Ascending, sample: Ascending) -> bool:
        """Whether the p-value of two samples is `level` or more."""
        sizes, apart = (len(reference), len(sample)), _largest_difference(reference, sample)
        if apart <= self._known.get(sizes, 0.0):
            return True
        _, _, p_value = distance(reference, sample)
        if p_value >= self.level:
            self._known[sizes] = apart
        return p_value >= self.level


def distance(reference: Ascending, sample: Ascending) -> tuple[float, float, float]:
    """Kolmogorov-Smirnov distance, population stability index and p-value.

    The same as `scipy.stats.ks_2samp`, which sorts the reference each time and takes twice as long to check its input.
    """
    return distances([(reference, sample)])[0]


def distances(pairs: Sequence[tuple[Ascending, Ascending]]) -> list[tuple[float, float, float]]:
    """The `distance` of each pair of a reference and a sample; all p-values take hardly longer than one."""
    apart = [_largest_difference(*pair) for pair in pairs]
    rows = [len(reference) * len(sample) / (len(reference) + len(sample)) for reference, sample in pairs]
    p_values = np.clip(stats.kstwo.sf(apart, np.round(rows)), 0, 1)
    tested = [
        _exact(*pair) if len(pair[0]) * len(pair[1]) <= EXACT_PAIRS else (float(statistic), float(p_value))
        for pair, statistic, p_value in zip(pairs, apart, p_values, strict=True)
    ]
    indices = [stability_index(each.own_counts, sample.counts_between(each.edges)) for each, sample in pairs]
    return [(statistic, index, p_value) for (statistic, p_value), index in zip(tested, indices, strict=True)]


def _largest_difference(reference: Ascending, sample: Ascending) -> float:
    """The largest difference between the two empirical distribution functions."""
    apart = np.concatenate([
        reference.own_shares - sample.share_up_to(reference.numbers),
        reference.share_up_to(sample.numbers) - sample.own_shares,
    ])  # fmt: skip
    return max(float(apart.max()), -float(apart.min()))


def _exact(reference: Ascending, sample: Ascending) -> tuple[float, float]:
    """Distance and p-value of few rows."""
    test = stats.ks_2samp(reference.numbers, sample.numbers, method="exact")
    return float(test.statistic), float(test.pvalue)


def stability_index(reference: Integers, counts: Integers) -> float:
    """The population stability index; half a sample is added to each count, so that an empty bin is not infinite."""
    first, second = ((part + 0.5) / (part + 0.5).sum() for part in (reference, counts))
    return float(((second - first) * np.log(second / first)).sum())
