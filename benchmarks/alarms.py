"""How often the monitor is wrong, and how soon it is right: false alarms a year and days to detection.

Run `python -m benchmarks.alarms` (an hour on one core); it prints the tables of docs/monitoring.md.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import DataSet, all_datasets
from pipelines.datasets.arrivals.simulated import SCENARIOS, simulate_days
from pipelines.datasets.contract import validate
from pipelines.datasets.roles import assign_roles
from pipelines.documents.model import Estimate
from pipelines.models import metrics
from pipelines.monitoring import drift
from pipelines.monitoring import quality_alarms as alarms
from pipelines.stores.catalogue import samples_group
from pipelines.stores.rows import conform

RATES = (1, 10, 1000)
FIRST = date(2030, 1, 1)
# The middle of what was measured for wine grades: accuracy 0.76 on 1,300 test rows.
ACCURACY = 0.76
HELD_OUT: Estimate = {"value": ACCURACY, "low": 0.737, "high": 0.783}
DROPS = (0.05, 0.1, 0.2)
TESTED = 4  # accuracy and three recalls share the bar
QUALITY_RUNS, QUALITY_YEARS = 500, 10
# Days before a scenario begins, and days that it is given, so that each window is once full of each.
BEFORE, GIVEN = {1: 91, 10: 91, 1000: 7}, {1: 182, 10: 91, 1000: 7}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5, help="simulated years without a scenario (1 at 1,000 a day)")
    parser.add_argument("--starts", type=int, default=20, help="starts of each scenario (3 at 1,000 a day)")
    options = parser.parse_args()
    print("| samples a day | false alarms a year | at the bound | " + " | ".join(f"-{drop}" for drop in DROPS) + " |")
    print("| --- " * (3 + len(DROPS)) + "|")
    for rate in RATES:
        print(f"| {rate} | " + " | ".join(quality_row(rate)) + " |", flush=True)
    print("\n| data set | samples a day | false alarms a year | " + " | ".join(SCENARIOS[1:]) + " |")
    print("| --- " * (3 + len(SCENARIOS[1:])) + "|")
    for dataset in all_datasets():
        for rate in RATES:
            large = rate == max(RATES)
            cells = drift_row(_world(dataset), rate, 1 if large else options.years, 3 if large else options.starts)
            print(f"| {dataset.name} | {rate} | " + " | ".join(cells) + " |", flush=True)


def quality_row(rate: int) -> Iterator[str]:
    """False alarms a year when quality is as measured and when it is at the promised bound, and days to each drop."""
    rng = np.random.default_rng(rate)
    bar, promise = np.log10(alarms.DAYS_TO_FALSE_ALARM * TESTED), alarms.promise_of(HELD_OUT) or 0.0
    days = 365 * QUALITY_YEARS
    for share in (ACCURACY, promise):
        path = _path(rng.binomial(rate, share, (days, QUALITY_RUNS)), rate, promise)
        yield f"{_episodes(path >= bar) / (QUALITY_RUNS * QUALITY_YEARS):.4f}"
    for drop in DROPS:
        good = rng.binomial(rate, ACCURACY, (365, QUALITY_RUNS))
        bad = rng.binomial(rate, ACCURACY - drop, (days, QUALITY_RUNS))
        path = _path(np.vstack([good, bad]), rate, promise)[365:]
        delays = np.where((path >= bar).any(axis=0), (path >= bar).argmax(axis=0) + 1.0, np.inf)
        yield _delays(delays)


@dataclass(frozen=True)
class World:
    """A data set, its historical rows, and those of its reserve."""

    dataset: DataSet
    history: pd.DataFrame
    reserve: pd.DataFrame

    def arrived(self, first: date, days: int, rate: int, scenario: str = "none") -> pd.DataFrame:
        """The samples of some days that keep the data contract."""
        dates = [first + timedelta(days=day) for day in range(days)]
        rows = simulate_days(self.dataset, self.reserve, dates, rate, scenario)
        features = map(self.dataset.feature, self.dataset.numeric)
        return rows[np.logical_and.reduce([rows[each.name].between(each.low, each.high) for each in features])]

    def alarmed(self, rows: pd.DataFrame, day: date) -> bool:
        """Whether the inputs, or the labels of any task, raise an alarm on that day."""
        end = pd.Timestamp(day + timedelta(days=1), tz="UTC")
        seen = rows[(rows["event_time"] < end) & (rows["event_time"] >= end - timedelta(days=max(metrics.WINDOWS)))]
        tests = drift.input_drift(self.dataset, self.reserve, seen, day)
        for task in self.dataset.tasks:
            labelled, reference = seen.assign(label=task.labels(seen)), list(task.labels(self.history))
            tests += drift.class_drift(labelled, "label", task.classes, reference, day)
        return any(test.drifted for test in tests)

    def delay(self, rate: int, scenario: str, first: date) -> float:
        """Days from the beginning of a scenario to the alarm; infinite where none came in the days given."""
        begins = first + timedelta(days=BEFORE[rate])
        calm, changed = self.arrived(first, BEFORE[rate], rate), self.arrived(begins, GIVEN[rate], rate, scenario)
        rows = pd.concat([calm, changed], ignore_index=True)
        days = (day + 1.0 for day in range(GIVEN[rate]) if self.alarmed(rows, begins + timedelta(days=day)))
        return next(days, np.inf)


def drift_row(world: World, rate: int, years: int, starts: int) -> Iterator[str]:
    """False alarms a year of simulated days without a scenario, and days to detection of each scenario."""
    days = 365 * years
    calm = world.arrived(FIRST, days, rate)
    alarmed = [world.alarmed(calm, FIRST + timedelta(days=day)) for day in range(days)]
    yield f"{_episodes(np.array(alarmed)[:, None]) / years:.2f} in {years} year{'s' * (years > 1)}"
    for scenario in SCENARIOS[1:]:
        firsts = [FIRST + timedelta(days=500 * start) for start in range(starts)]
        yield _delays(np.array([world.delay(rate, scenario, first) for first in firsts]))


def _world(dataset: DataSet) -> World:
    accepted = validate(dataset, dataset.load([]).rows).accepted
    rows = accepted.assign(
        sample_id=[f"{dataset.name}-h-{number:05d}" for number in range(len(accepted))],
        event_time=dataset.historical_time,
        origin="historical",
        role=assign_roles(dataset, accepted),
    )
    typed = conform(rows, samples_group(dataset))
    return World(dataset, typed, typed[typed["role"] == "reserve"])


def _path(hits: npt.NDArray[np.int64], rate: int, promise: float) -> npt.NDArray[np.float64]:
    return alarms.evidence_path(hits, np.full(hits.shape, rate), promise)


def _episodes(alarmed: npt.NDArray[np.bool_]) -> int:
    """How often an alarm begins, over the days (rows) of all runs (columns)."""
    began = alarmed & ~np.vstack([np.zeros((1, alarmed.shape[1]), dtype=bool), alarmed[:-1]])
    return int(began.sum())


def _delays(days: npt.NDArray[np.float64]) -> str:
    """Median and 90th percentile in days, and how many were found at all."""
    middle, late = np.quantile(days, [0.5, 0.9], method="higher")
    words = (
        f"{middle:.0f} ({late:.0f})" if np.isfinite(late) else f"{middle:.0f}" if np.isfinite(middle) else "not found"
    )
    missed = int(np.isinf(days).sum())
    return words + (f", {missed} of {len(days)} not found" if missed and np.isfinite(middle) else "")


if __name__ == "__main__":
    main()
