"""How often is a score called surely below its promise, before the truth is known, where nothing has changed?

    python -m benchmarks.expected_alarms [--years 1000]

Prints the tables of docs/monitoring.md: simulated years of daily looks at the expected accuracy of a calibrated model
over 100 samples, and at the expected mean error of one whose intervals are as wide as its errors are large. A year is
false where one of its days has the whole band on the wrong side of the promise; beside it is how many of 100 years, in
which the model is less sure by so much all year, are found.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from pipelines.models.expected_sums import NORMAL_95, TWO_SAMPLES
from pipelines.models.metrics import NORMAL_975, ROLLING_SAMPLES
from pipelines.monitoring.number_quality import SPREAD_OF_SIZE

DAYS, POOL, YEARS_FOUND = 365, 200_000, 100
# How the probability of the first of two classes is distributed: near one half, even, near the ends.
SHAPES = (2.0, 1.0, 0.5)
# How much the width of an interval differs from one sample to the next, as the deviation of its logarithm.
UNLIKE = (0.1, 0.3, 0.6)
TEST_ROWS, PER_DAY, LESS_SURE, WIDER = (300, 1300), (1, 10), 0.15, 1.5


def main() -> None:
    """Print one table row for each kind of model, size of the test and number of samples a day."""
    parser = argparse.ArgumentParser(description="False alarms of expected scores.")
    parser.add_argument("--years", type=int, default=1000)
    years, rng = parser.parse_args().years, np.random.default_rng(0)
    print("| accuracy | test rows | samples a day | false years | found, less sure by 0.15 |")
    print("| --- | --- | --- | --- | --- |")
    for shape in SHAPES:
        first = rng.beta(shape, shape, POOL)
        pool = np.maximum(first, 1 - first)
        tell(f"{pool.mean():.2f}", years, partial(raises, pool, rng=rng), LESS_SURE)
    print("| widths differ by | test rows | samples a day | false years | found, half as wide again |")
    print("| --- | --- | --- | --- | --- |")
    for unlike in UNLIKE:
        pool = rng.lognormal(0, unlike, POOL)
        tell(f"{unlike:.1f}", years, partial(raises_of_numbers, pool, rng=rng), WIDER - 1)


def tell(name: str, years: int, raised: Callable[[int, int, float], bool], changed: float) -> None:
    """Print the rows of one kind of model; `raised` gets test rows, samples a day, and how much less sure it is."""
    for test_rows, per_day in product(TEST_ROWS, PER_DAY):
        false = sum(raised(test_rows, per_day, 0.0) for _ in range(years))
        found = sum(raised(test_rows, per_day, changed) for _ in range(YEARS_FOUND))
        print(f"| {name} | {test_rows:,} | {per_day} | {false} of {years:,} | {found} of {YEARS_FOUND} |", flush=True)


def raises(pool: np.ndarray, test_rows: int, per_day: int, less: float, rng: np.random.Generator) -> bool:
    """Whether a year of a model with these probabilities (n,) of its answers has an alarm."""
    value = (rng.random(test_rows) < rng.choice(pool, test_rows)).mean()
    half = NORMAL_975 * np.sqrt(value * (1 - value) / test_rows)
    sure = np.maximum(rng.choice(pool, DAYS * per_day) - less, 0.5)
    expected, variance = (_rolling(each)[::per_day] for each in (sure, sure * (1 - sure)))
    chance = NORMAL_95 * np.sqrt(variance / ROLLING_SAMPLES)
    band = np.hypot(chance, TWO_SAMPLES * half * NORMAL_95 / NORMAL_975)
    return bool((expected + band < value - TWO_SAMPLES * half).any())


def raises_of_numbers(pool: np.ndarray, test_rows: int, per_day: int, wider: float, rng: np.random.Generator) -> bool:
    """Whether a year of a model with intervals of these widths (n,) has an alarm; errors are normal and as large."""
    tested = rng.choice(pool, test_rows)
    errors = np.abs(tested * rng.standard_normal(test_rows))
    value, half = errors.mean(), NORMAL_975 * errors.std() / np.sqrt(test_rows)
    ratio = _rolling(rng.choice(pool, DAYS * per_day) * (1 + wider))[::per_day] / tested.mean()
    chance = NORMAL_95 * SPREAD_OF_SIZE * ratio * value / np.sqrt(ROLLING_SAMPLES)
    band = np.hypot(chance, TWO_SAMPLES * ratio * half * NORMAL_95 / NORMAL_975)
    return bool((ratio * value - band > value + TWO_SAMPLES * half).any())


def _rolling(values: np.ndarray) -> np.ndarray:
    total = np.insert(values.cumsum(), 0, 0)
    return np.asarray((total[ROLLING_SAMPLES:] - total[:-ROLLING_SAMPLES]) / ROLLING_SAMPLES)


if __name__ == "__main__":
    main()
