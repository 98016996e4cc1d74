"""Do the scores that a model promises hold on simulated samples? Prints both, for the champions of a store.

Between them stand the scores on the real reserve rows that the samples are made from, and that no model has learned
from either: from these to the simulated ones is what the simulator does, from the held-out ones to these what chance
does in drawing the rows.

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
from pipelines.stores.catalogue import champion_version, load_version, samples_group, tells_rows_apart
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
    print("| task | score | simulated | real reserve rows | held-out (95 %) | simulated beside held-out |")
    print("| --- | --- | --- | --- | --- | --- |")
    for dataset in (each for each in all_datasets() if not each.arrivals):
        real = reserve(store, dataset)
        if real.empty:
            continue
        samples = simulated(store, dataset, options.days, options.per_day)
        for task in (each for each in dataset.tasks if each.classes):
            before = {score: value for score, value, _ in compared(store, task, real)}
            for score, live, promise in compared(store, task, samples):
                cells = f"{live:.3f} | {before[score]:.3f} | {estimate(promise, 3)} | {_verdict(live, promise)}"
                print(f"| `{task.name}` | {metrics.TITLES[score]} | {cells} |")


def simulated(store: Store, dataset: DataSet, days: int, per_day: int) -> pd.DataFrame:
    """`days` days of simulated samples from the reserve rows of a store."""
    first = [FIRST_DAY + timedelta(days=day) for day in range(days)]
    apart = tells_rows_apart(store, dataset)
    return simulate_days(dataset, reserve(store, dataset), first, per_day, distinguishable=apart)


def reserve(store: Store, dataset: DataSet) -> pd.DataFrame:
    """The real rows that samples are made from."""
    return store.read(samples_group(dataset), where={"role": "reserve"})


def compared(store: Store, task: Task, samples: pd.DataFrame) -> Iterator[tuple[str, float, Estimate]]:
    """Each score of the champion on the samples, beside what its held-out rows promise."""
    champion = champion_version(store, task)
    if champion is None:
        return
    model = load_version(store, task, champion, models.load)
    answers = models.predict(model, samples)
    scores = metrics.score(task, task.labels(samples), answers["prediction"], answers[task.probability_columns])
    for score in SHOWN:
        if score in scores:
            yield score, scores[score], model.info["metrics"][score]


def _verdict(live: float, promise: Estimate) -> str:
    promised = whole(promise)
    if promised is None:
        return "not known"
    value, low, high = promised
    return "within" if low <= live <= high else f"outside by {number(live - value, 3, signed=True)}"


if __name__ == "__main__":
    main()
