"""Do the scores that a model promises hold on simulated samples? Prints both, for the champions of a store.

    python -m benchmarks.live [--days 2000] [--per-day 10]

Reads the store that the environment names (run `make demo` first) and writes nothing.
"""

import argparse
from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from pipelines import models
from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.datasets.arrivals.simulated import simulate_days
from pipelines.documents.model import Estimate, whole
from pipelines.models import metrics
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, load_version, samples_group
from pipelines.wording import estimate, number

FIRST_DAY = date(2030, 1, 1)  # no day that anybody has simulated while choosing anything
SHOWN = ("accuracy", "macro_f1", "quadratic_kappa", "log_loss", "calibration_error")


def main() -> None:
    """Print one table row a task and score."""
    parser = argparse.ArgumentParser(description="Scores on simulated samples beside the held-out ones.")
    parser.add_argument("--days", type=int, default=2000)
    parser.add_argument("--per-day", type=int, default=10)
    options = parser.parse_args()
    store = open_store(read_settings())
    print("| task | score | live | held-out (95 %) | |\n| --- | --- | --- | --- | --- |")
    for dataset in all_datasets():
        samples = simulated(store, dataset, options.days, options.per_day)
        for task in dataset.tasks:
            for score, live, promise in compared(store, task, samples):
                print(f"| `{task.name}` | {score} | {live:.3f} | {estimate(promise, 3)} | {_verdict(live, promise)} |")


def simulated(store: Store, dataset: DataSet, days: int, per_day: int) -> pd.DataFrame:
    """`days` days of simulated samples from the reserve rows of a store."""
    reserve = store.read(samples_group(dataset), where={"role": "reserve"})
    return simulate_days(dataset, reserve, [FIRST_DAY + timedelta(days=day) for day in range(days)], per_day)


def compared(store: Store, task: Task, samples: pd.DataFrame) -> Iterator[tuple[str, float, Estimate]]:
    """Each score of the champion on the samples, beside what its held-out rows promise."""
    champion = champion_version(store, task)
    if champion is None:
        return
    model = load_version(store, task, champion, models.load)
    answers = models.predict(model, samples)
    found = metrics.score(task, task.labels(samples), answers["prediction"], answers[task.probability_columns])
    for score in SHOWN:
        if score in found:
            yield score, found[score], model.info["metrics"][score]


def _verdict(live: float, promise: Estimate) -> str:
    promised = whole(promise)
    if promised is None:
        return "not known"
    value, low, high = promised
    return "within" if low <= live <= high else f"outside by {number(live - value, 3, signed=True)}"


if __name__ == "__main__":
    main()
