"""How often is a score called surely below its promise, before the truth is known, where nothing has changed?

    python -m benchmarks.expected_alarms [--years 1000]

Prints the table of docs/monitoring.md: simulated years of daily looks at the expected accuracy of a calibrated model
over 100 samples. A year is false where one of its days has the whole band below the promise; beside it is how
many of 100 years, in which the model is less sure by so much all year, are found.
"""

import argparse

import numpy as np

from pipelines.models.expected_sums import NORMAL_95, TWO_SAMPLES
from pipelines.models.metrics import NORMAL_975, ROLLING_SAMPLES

DAYS, POOL, YEARS_FOUND = 365, 200_000, 100
# How the probability of the first of two classes is distributed: near one half, even, near the ends.
SHAPES = (2.0, 1.0, 0.5)
TEST_ROWS, PER_DAY, LESS_SURE = (300, 1300), (1, 10), 0.15


def main() -> None:
    """Print one table row for each shape, size of the test and number of samples a day."""
    parser = argparse.ArgumentParser(description="False alarms of expected scores.")
    parser.add_argument("--years", type=int, default=1000)
    years, rng = parser.parse_args().years, np.random.default_rng(0)
    print("| accuracy | test rows | samples a day | false years | found, less sure by 0.15 |")
    print("| --- | --- | --- | --- | --- |")
    for shape in SHAPES:
        first = rng.beta(shape, shape, POOL)
        pool = np.maximum(first, 1 - first)
        for test_rows in TEST_ROWS:
            for per_day in PER_DAY:
                false = sum(raises(pool, test_rows, per_day, 0.0, rng) for _ in range(years))
                found = sum(raises(pool, test_rows, per_day, LESS_SURE, rng) for _ in range(YEARS_FOUND))
                cells = (
                    f"{pool.mean():.2f} | {test_rows:,} | {per_day} | {false} of {years:,} | {found} of {YEARS_FOUND}"
                )
                print(f"| {cells} |", flush=True)


def raises(pool: np.ndarray, test_rows: int, per_day: int, less: float, rng: np.random.Generator) -> bool:
    """Whether a year of a model with these probabilities (n,) of its answers has an alarm."""
    value = (rng.random(test_rows) < rng.choice(pool, test_rows)).mean()
    half = NORMAL_975 * np.sqrt(value * (1 - value) / test_rows)
    sure = np.maximum(rng.choice(pool, DAYS * per_day) - less, 0.5)
    expected, variance = (_rolling(each)[::per_day] for each in (sure, sure * (1 - sure)))
    chance = NORMAL_95 * np.sqrt(variance / ROLLING_SAMPLES)
    band = np.hypot(chance, TWO_SAMPLES * half * NORMAL_95 / NORMAL_975)
    return bool((expected + band < value - TWO_SAMPLES * half).any())


def _rolling(values: np.ndarray) -> np.ndarray:
    total = np.insert(values.cumsum(), 0, 0)
    return np.asarray((total[ROLLING_SAMPLES:] - total[:-ROLLING_SAMPLES]) / ROLLING_SAMPLES)


if __name__ == "__main__":
    main()
