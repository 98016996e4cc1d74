"""Does the score come true that probabilities let expect? Coverage of its 90 % interval under drift of several kinds.

    python -m benchmarks.expectation [--windows 200]

Reads the store that the environment names (run `make demo` first), writes nothing, and prints the table of
docs/monitoring.md for its champions. Windows are drawn from simulated samples, which no model has learned from and
whose labels are known.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.datasets.arrivals.simulated import simulate_days
from pipelines.datasets.contract import validate
from pipelines.models import Model, metrics
from pipelines.models.expected_sums import expected_scores, expected_sums_of
from pipelines.models.score_sums import table_scores
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, load_version, samples_group

FIRST_DAY = date(2030, 1, 1)
DAYS, PER_DAY = 10, 1000
SIZES = (100, 1000)
# "Other inputs" prefers large values: a sample whose first input lies a spread higher comes three times as often.
TILT = np.log(3)
CHANGED = 0.1  # of the labels, where the world has changed and the inputs have not
KINDS = ("none", "other inputs", "new_mix", "shifted_sensor", "broken_units", "other labels")


@dataclass(frozen=True)
class Pool:
    """Predicted samples (n,): what is known of each before and after, and how likely a window takes it."""

    rows: pd.DataFrame
    weights: np.ndarray


def main() -> None:
    """Print one table row a task, kind of drift and size of the window."""
    parser = argparse.ArgumentParser(description="Coverage of expected scores.")
    parser.add_argument("--windows", type=int, default=200)
    windows, store = parser.parse_args().windows, open_store(read_settings())
    print("| task | drift | samples | score | expected | came true | within the 90 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for dataset in all_datasets():
        for task in dataset.tasks:
            champion = champion_version(store, task)
            if champion is not None:
                model = load_version(store, task, champion, models.load)
                for line in lines(store, task, model, windows):
                    print(f"| `{task.name}` | {line} |", flush=True)


def lines(store: Store, task: Task, model: Model, windows: int) -> Iterator[str]:
    """The cells of a task after its name."""
    rng = np.random.default_rng(0)
    for kind in KINDS:
        drawn = pool(store, task, model, kind)
        for size in SIZES:
            results = pd.DataFrame([window(task, model, drawn, size, rng) for _ in range(windows)])
            for score in dict.fromkeys([task.scorer, "accuracy"]):
                part = results[score].apply(pd.Series)
                means = f"{part['expected'].mean():.3f} | {part['came'].mean():.3f} | {part['held'].mean():.0%}"
                yield f"{kind} | {size:,} | {metrics.metric_title(score)} | {means}"


def window(task: Task, model: Model, drawn: Pool, size: int, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """What one window lets expect of each score, what came, and whether the interval held it."""
    rows = drawn.rows.iloc[rng.choice(len(drawn.rows), size, p=drawn.weights)]
    sums = expected_sums_of(task, rows["prediction"], rows[task.probability_columns], np.zeros(size, dtype=np.int64))
    expected = expected_scores(task, sums, model.info["metrics"], rng)
    came = table_scores(task, metrics.confusion(task, rows["label"], rows["prediction"]).to_numpy()[None])
    return {
        name: {"expected": e.value, "came": float(came[name][0]), "held": float(e.low <= came[name][0] <= e.high)}
        for name, e in expected.items()
    }


def pool(store: Store, task: Task, model: Model, kind: str) -> Pool:
    """Simulated samples as one kind of drift has them."""
    samples = arrived(store, task.dataset, kind if kind in ("new_mix", "shifted_sensor", "broken_units") else "none")
    rows = models.predict(model, samples).assign(label=task.labels(samples))
    weights = np.ones(len(rows))
    if kind == "other inputs":
        first = samples[task.dataset.numeric[0]].rank(pct=True)
        weights = np.exp(TILT * (first - 0.5) * np.sqrt(12)).to_numpy()
    if kind == "other labels":
        rng = np.random.default_rng(1)
        changed = rng.random(len(rows)) < CHANGED
        rows.loc[changed, "label"] = rng.permutation(rows.loc[changed, "label"].to_numpy())
    return Pool(rows, weights / weights.sum())


def arrived(store: Store, dataset: DataSet, scenario: str) -> pd.DataFrame:
    """Simulated samples that keep the data contract."""
    reserve = store.read(samples_group(dataset), where={"role": "reserve"})
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    return validate(dataset, simulate_days(dataset, reserve, days, PER_DAY, scenario)).accepted.reset_index(drop=True)


if __name__ == "__main__":
    main()
