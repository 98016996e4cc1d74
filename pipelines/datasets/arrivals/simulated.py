"""New samples for a day, made from reserve rows so that they are hard to tell from real ones.

Every sample has its own random generator, seeded from the data set, the day and its number, so that it is the same on
every machine and however many are asked for. Classes, categories and gaps are those of the reserve row that a sample
is made from; its measurements are new, and so is a label that is a number: a column like the others, so that what it
depends on goes with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.datasets.arrivals.kind import NO_SCENARIO, Due, as_arrivals, seeded
from pipelines.datasets.roles import banded
from pipelines.datasets.spec import DataSet, Feature, SimulatorKind

# What can go wrong with the samples of a day; the labels stay what they are.
SCENARIOS = (NO_SCENARIO, "shifted_sensor", "new_mix", "broken_units")
# A sensor that is off by so many standard deviations is wrong on nearly every sample, yet plausible on each.
SENSOR_OFFSET = 1.5
# The slips of units that happen: mm for cm, mg for g, and the other way round.
UNIT_FACTORS = (10.0, 0.1, 1000.0, 0.001)
# More decimals than any instrument reports, fewer than a double's: takes away the noise of its last digits.
DECIMALS_KEPT = 10
# A draw that copies a reserve row or leaves the physical range is drawn again; only constant data need as many.
MOST_REDRAWS = 100
# Keeps the covariance of features that determine each other positive definite.
RIDGE = 1e-9
SMALLEST_VARIANCE = 1e-300

Draw = Callable[[int, np.random.Generator], np.ndarray]


class Simulated:
    """New samples made from reserve rows, the same whenever they are made."""

    name = "simulate"
    origin = "simulated"
    title = "Simulated samples"
    scenarios: tuple[str, ...] = SCENARIOS
    trains = False
    derived = True

    def behind(self, dataset: DataSet) -> timedelta:  # noqa: ARG002 - every kind is asked alike
        """How long after its beginning a day can be asked for: not at all."""
        return timedelta(0)

    def rows(self, dataset: DataSet, due: Due) -> tuple[pd.DataFrame, str]:
        """The samples of the due days."""
        rows = simulate_days(
            dataset, due.reserve, due.days, due.per_day, due.scenario, distinguishable=due.distinguishable
        )
        return rows, ""


def simulate_day(
    dataset: DataSet, reserve: pd.DataFrame, day: date, count: int, scenario: str = NO_SCENARIO
) -> pd.DataFrame:
    """Make the samples of one day; see `simulate_days`."""
    return simulate_days(dataset, reserve, [day], count, scenario)


def simulate_days(
    dataset: DataSet,
    reserve: pd.DataFrame,
    days: Sequence[date],
    count: int,
    scenario: str = NO_SCENARIO,
    *,
    distinguishable: bool = True,
) -> pd.DataFrame:
    """Make `count` samples for each of `days`.

    Parameters
    ----------
    reserve
        Typed rows of the data set with the role `reserve` and their `sample_id`, in any order; at least one.
    scenario
        One of `SCENARIOS`. `shifted_sensor` adds 1.5 standard deviations to the feature that tells most about the
        label; `new_mix` makes the rarest strata the most frequent ones; `broken_units` gives one feature in another
        unit, so that part of the rows breaks the data contract while the rest looks possible.
    distinguishable
        Whether equal rows are one sample. Where they are not, a new sample may equal a reserve row, as real ones do:
        each is one, drawn at random.

    Returns
    -------
    Rows with the columns of the samples group: the event time is midnight UTC of the day plus one millisecond a
    sample, the origin is `simulated`, the role is empty.
    """
    rows = reserve.sort_values("sample_id", ignore_index=True)
    columns = [each.name for each in measured(dataset)]
    values = rows[columns].to_numpy(dtype="float64")
    draw = _new_values(dataset, rows, values) if distinguishable and dataset.numeric else _same_values(values)
    chances = np.cumsum(_chances(dataset, rows, scenario))
    slots = [(day, number) for day in days for number in range(count)]
    bases, drawn = [], np.empty((len(slots), values.shape[1]))
    for slot, (day, number) in enumerate(slots):
        rng = seeded(f"{dataset.name} {day.isoformat()} {number}")
        bases.append(min(int(np.searchsorted(chances, rng.random(), side="right")), len(rows) - 1))
        drawn[slot] = draw(bases[-1], rng)
    samples = rows.iloc[bases].reset_index(drop=True)
    samples[columns] = drawn
    return as_arrivals(dataset, _with_scenario(dataset, rows, samples, scenario), slots, Simulated.origin)


def measured(dataset: DataSet) -> list[Feature]:
    """What a sample has values of its own in: the numeric features, then the labels that are numbers."""
    labels = [dataset.measured_label(label) for label in dataset.labels if label.kind == "number"]
    return [*(dataset.feature(name) for name in dataset.numeric), *labels]


def _mix(dataset: DataSet, rows: pd.DataFrame) -> np.ndarray:
    """The number of the stratum of each row whose natural mix is kept; a number is in the stratum of its tenth."""
    return _strata(banded(dataset, rows), dataset.simulator.strata)


def _strata(rows: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """The number of the stratum of each row, in sorted order; all 0 where there are no columns."""
    if not columns:
        return np.zeros(len(rows), dtype=np.int64)
    return np.asarray(rows.groupby(list(columns), sort=True, dropna=False, observed=True).ngroup())


def _chances(dataset: DataSet, rows: pd.DataFrame, scenario: str) -> np.ndarray:
    """How likely each reserve row is to be the one that a sample is made from: alike, which is the natural mix."""
    if scenario != "new_mix":
        return np.full(len(rows), 1 / len(rows))
    strata = _mix(dataset, rows)
    sizes = np.bincount(strata)
    weights = np.empty(len(sizes))
    # The rarest stratum gets the largest weight, the commonest a weight of 1.
    weights[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    return np.asarray((weights / weights.sum() / sizes)[strata])


def _same_values(values: np.ndarray) -> Draw:
    return lambda base, rng: values[base]  # noqa: ARG005 - every way of drawing is asked alike


def _new_values(dataset: DataSet, rows: pd.DataFrame, values: np.ndarray) -> Draw:
    """A function from the position of a reserve row to the measurements of a new sample.

    These lie in the physical range and copy no reserve row, as far as `MOST_REDRAWS` draws reach.
    """
    draw = _METHODS[dataset.simulator.kind](dataset, rows, values)
    taken = {_fingerprint(row) for row in values}
    low, high = np.array([(each.low, each.high) for each in measured(dataset)]).T

    def redraw(base: int, rng: np.random.Generator) -> np.ndarray:
        for _ in range(MOST_REDRAWS):
            drawn = np.where(np.isnan(values[base]), np.nan, draw(base, rng))
            if not ((drawn < low) | (drawn > high)).any() and _fingerprint(drawn) not in taken:
                return drawn
        return drawn

    return redraw


def _fingerprint(row: np.ndarray) -> bytes:
    return np.where(np.isnan(row), np.inf, row + 0.0).tobytes()


@dataclass(frozen=True)
class _RankBootstrap:
    """Smoothed bootstrap in the space of normal scores (B. W. Silverman, G. A. Young 1987, The bootstrap: to smooth or
    not to smooth?), mapped back through the inverse empirical distribution, so that every value is a reported one.

    Scores are taken within a block: the rows that agree in the categorical features of the strata. `scores` and
    `centres` (the mean scores of the row's stratum) are (n, d), `reported` (blocks, n, d) the sorted values of each
    block, `counts` (blocks, d) how many, `factors` (blocks, d, d) the Cholesky factors of the noise.
    """

    bandwidth: float
    blocks: np.ndarray
    scores: np.ndarray
    centres: np.ndarray
    factors: np.ndarray
    reported: np.ndarray
    counts: np.ndarray

    @classmethod
    def fit(cls, dataset: DataSet, rows: pd.DataFrame, values: np.ndarray) -> "_RankBootstrap":
        blocks = _strata(rows, [name for name in dataset.simulator.strata if name in dataset.categorical])
        each = range(int(blocks.max()) + 1)
        scores = np.empty_like(values)
        reported = np.full((len(each), *values.shape), np.nan)
        rng = seeded(f"{dataset.name} ties")
        for block in each:
            members = np.flatnonzero(blocks == block)
            scores[members] = _normal_scores(values[members], rng)
            reported[block, : len(members)] = np.sort(values[members], axis=0)
        centres = _means(scores, _mix(dataset, rows))
        factors = np.stack([_factor(scores[blocks == block], centres[blocks == block]) for block in each])
        counts = (~np.isnan(reported)).sum(axis=1)
        return cls(dataset.simulator.bandwidth, blocks, scores, centres, factors, reported, counts)

    def draw(self, base: int, rng: np.random.Generator) -> np.ndarray:
        from scipy.special import ndtr

        block = self.blocks[base]
        score = _smoothed(self.scores[base], self.centres[base], _spread(self.factors[block], rng), self.bandwidth)
        share = ndtr(np.where(np.isnan(score), 0.0, score))
        position = np.clip((share * self.counts[block]).astype(np.int64), 0, np.maximum(self.counts[block] - 1, 0))
        return np.asarray(self.reported[block][position, np.arange(len(position))])


@dataclass(frozen=True)
class _GaussianKernel:
    """Smoothed bootstrap in the space of the measurements: normal noise with the full covariance of the stratum around
    a row, shrunk like above, rounded as the laboratory rounds. The wider it is, the closer to a normal distribution.

    `values` and `centres` (the means of the row's stratum) are (n, d), `factors` (strata, d, d) the Cholesky factors
    of the noise.
    """

    bandwidth: float
    decimals: int
    strata: np.ndarray
    values: np.ndarray
    centres: np.ndarray
    factors: np.ndarray

    @classmethod
    def fit(cls, dataset: DataSet, rows: pd.DataFrame, values: np.ndarray) -> "_GaussianKernel":
        strata = _mix(dataset, rows)
        centres = _means(values, strata)
        pooled = _factor(values, centres)
        # Fewer rows than that do not span the space; they share the covariance within all strata.
        fewest = values.shape[1] + 1
        members = [strata == stratum for stratum in range(int(strata.max()) + 1)]
        factors = [_factor(values[who], centres[who]) if who.sum() >= fewest else pooled for who in members]
        simulator = dataset.simulator
        return cls(simulator.bandwidth, simulator.decimals, strata, values, centres, np.stack(factors))

    def draw(self, base: int, rng: np.random.Generator) -> np.ndarray:
        noise = _spread(self.factors[self.strata[base]], rng)
        drawn = _smoothed(self.values[base], self.centres[base], noise, self.bandwidth)
        return np.asarray(np.round(drawn, self.decimals) + 0.0)


_METHODS: Mapping[SimulatorKind, Callable[[DataSet, pd.DataFrame, np.ndarray], Draw]] = {
    "rank_bootstrap": lambda *reserve: _RankBootstrap.fit(*reserve).draw,
    "gaussian": lambda *reserve: _GaussianKernel.fit(*reserve).draw,
}


def _normal_scores(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal scores of each column (n, d), ties broken at random, NaN where the value is."""
    from scipy.special import ndtri

    scores = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        order = np.lexsort((rng.random(len(values)), values[:, column]))
        count = int((~np.isnan(values[:, column])).sum())
        scores[order[:count], column] = ndtri((np.arange(count) + 0.5) / max(count, 1))
    return scores


def _means(values: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """For each row the mean of its stratum; of all rows where the stratum has no value (n, d)."""
    return np.asarray(pd.DataFrame(values).groupby(strata).transform("mean").fillna(pd.DataFrame(values).mean()))


def _factor(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The Cholesky factor of the covariance around the centres; a gap counts as lying at its centre."""
    apart = np.nan_to_num(values - centres)
    # einsum, since the summation order of a matrix product may depend on the number of threads.
    covariance = np.einsum("ni,nj->ij", apart, apart) / max(len(apart) - len(np.unique(centres, axis=0)), 1)
    diagonal = np.diag_indices(len(covariance))
    covariance[diagonal] = covariance[diagonal] * (1 + RIDGE) + SMALLEST_VARIANCE
    return np.asarray(np.linalg.cholesky(covariance))


def _smoothed(point: np.ndarray, centre: np.ndarray, noise: np.ndarray, bandwidth: float) -> np.ndarray:
    """The point with noise, shrunk towards its centre, which takes back the spread that the noise adds."""
    return np.asarray(centre + (point - centre + bandwidth * noise) / np.sqrt(1 + bandwidth**2))


def _spread(factor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(np.einsum("ij,j->i", factor, rng.standard_normal(len(factor))))


def _with_scenario(dataset: DataSet, rows: pd.DataFrame, samples: pd.DataFrame, scenario: str) -> pd.DataFrame:
    if scenario == "shifted_sensor":
        name = _telling_feature(dataset, rows)
        changed = samples[name] + SENSOR_OFFSET * rows[name].std(ddof=0)
    elif scenario == "broken_units":
        name, factor = _unit_slip(dataset, rows)
        changed = samples[name] * factor
    else:
        return samples
    return samples.assign(**{name: changed.round(DECIMALS_KEPT)})


def _telling_feature(dataset: DataSet, rows: pd.DataFrame) -> str:
    """The numeric feature whose variance lies most between the values of the first label, or its tenths."""
    values = rows[dataset.numeric]
    label = banded(dataset, rows)[dataset.labels[0].name]
    between = values.groupby(label, dropna=False).transform("mean").var(ddof=0)
    total = values.var(ddof=0)
    return str((between / total.where(total > 0)).fillna(0.0).idxmax())


def _unit_slip(dataset: DataSet, rows: pd.DataFrame) -> tuple[str, float]:
    """The feature and factor that leave closest to half of the rows within the physical range."""

    def kept(slip: tuple[str, float]) -> float:
        feature, values = dataset.feature(slip[0]), rows[slip[0]].dropna() * slip[1]
        return float(values.between(feature.low, feature.high).mean())

    slips = [(name, factor) for name in dataset.numeric for factor in UNIT_FACTORS]
    return min(slips, key=lambda slip: abs(kept(slip) - 0.5))
