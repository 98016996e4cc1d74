"""Are the scores of coarse data true? Made-up passengers whose true accuracy is known, from backfill to live scores.

    python -m benchmarks.coarse [--seeds 100] [--rows 1312]

Class, sex and age take few values, so that many passengers are equal in all three and still differ in whether they
survive. For each seed: backfill, train, let arrivals come (replayed, each reserve row once), and compare the held-out
accuracy, the live accuracy and the exact accuracy of the model, which follows from the probabilities that the data are
made with. Prints how often each interval holds the truth.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipelines import models
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.sources import Source, from_frame
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Simulator, Task
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.models import Model, metrics
from pipelines.models.metrics import Estimate
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.data import load_training_data
from pipelines.training.pipeline import fit

CLASSES, SEXES, OUTCOMES = ("1", "2", "3"), ("female", "male"), ("lost", "saved")
CLASS_SHARES, SHARE_OF_MEN = (0.25, 0.21, 0.54), 0.65
MIDDLE_AGE, AGE_SPREAD, OLDEST = 30, 13, 80
FIRST_DAY = date(2026, 1, 1)
NOW = datetime(2026, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Judged:
    """What one seed gave: the exact accuracy of its model, and the two that the system says, with their intervals."""

    true: float
    held_out: Estimate
    live: Estimate


def main() -> None:
    """Print how many of the seeds have the truth in each interval."""
    parser = argparse.ArgumentParser(description="Held-out, live and true accuracy on coarse data.")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1312)
    parser.add_argument("--search", choices=("quick", "full"), default="quick")
    options = parser.parse_args()
    judged = [judge(seed, options.rows, options.search) for seed in range(options.seeds)]
    table = pd.DataFrame([{"true": e.true, "held out": e.held_out.value, "live": e.live.value} for e in judged])
    print(table.describe().loc[["mean", "std", "min", "max"]].round(3).to_string())
    for name in ("held_out", "live"):
        print(f"{name}: the truth is in the interval in {sum(holds(e, name) for e in judged)} of {len(judged)} seeds")


def holds(judged: Judged, name: str) -> bool:
    """Whether the interval of `held_out` or `live` has the true accuracy in it."""
    said: Estimate = getattr(judged, name)
    return said.low <= judged.true <= said.high


def judge(seed: int, rows: int, search: str = "quick") -> Judged:
    """Take passengers of a seed through the system and compare what it says with the truth."""
    dataset = passengers(seed, rows)
    task = dataset.tasks[0]
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "store")
        backfill(store, dataset, [], NOW)
        trained = fit(load_training_data(store, task), size=search, seed=0)
        run_features(store, dataset, FIRST_DAY, per_day=rows, arrivals="replay", now=NOW)
        arrived = store.read(samples_group(dataset), where={"origin": "replayed"})
    answers = models.predict(trained.model, arrived)
    rng = np.random.default_rng(seed)
    live = metrics.bootstrap(
        task, task.labels(arrived), answers["prediction"], answers[task.probability_columns], rng
    )  # fmt: skip
    return Judged(true_accuracy(trained.model), trained.evaluation.scores["accuracy"], live["accuracy"])


def passengers(seed: int, count: int) -> DataSet:
    """A data set of so many passengers, drawn from the known distribution."""
    rows = _drawn(np.random.default_rng(seed), count)

    def load(paths: Sequence[Path]) -> Source:  # noqa: ARG001 - it has no files
        return from_frame(rows, f"passengers of seed {seed}")

    return DataSet(
        name="passengers",
        title="Passengers",
        description="Made-up passengers of a ship that sank.",
        provenance=Provenance(citation="Made up.", url="https://example.org/passengers", licence="CC0"),
        features=(
            Feature(name="cabin", title="Class", description="Of the cabin.", kind="categorical", values=CLASSES),
            Feature(name="sex", title="Sex", description="Of the passenger.", kind="categorical", values=SEXES),
            Feature(name="age", title="Age", description="In whole years.", unit="years", low=0, high=OLDEST),
        ),
        labels=(Label(name="outcome", title="Outcome", description="What became of them.", values=OUTCOMES),),
        tasks=(
            Task(
                name="passenger_outcome",
                title="Outcome of a passenger",
                description="Lost or saved.",
                label="outcome",
                outcome=Classes(names=OUTCOMES),
                inputs=("cabin", "sex", "age"),
            ),
        ),
        strata=("outcome",),
        historical_time=datetime(1912, 4, 15, tzinfo=UTC),
        simulator=Simulator(kind="rank_bootstrap", strata=("outcome",)),
        load=load,
        draw=_no_drawing,
    )


def true_accuracy(model: Model) -> float:
    """How often the model is right about passengers of the known distribution, exactly."""
    cells = pd.DataFrame(list(product(CLASSES, SEXES, range(OLDEST + 1))), columns=["cabin", "sex", "age"])
    says_saved = (models.predict(model, cells.astype({"age": "float64"}))["prediction"] == "saved").to_numpy()
    saved = _chance_saved(cells)
    return float((_weights(cells) * np.where(says_saved, saved, 1 - saved)).sum())


def _drawn(rng: np.random.Generator, count: int) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "cabin": rng.choice(CLASSES, count, p=CLASS_SHARES),
            "sex": np.where(rng.random(count) < SHARE_OF_MEN, "male", "female"),
            "age": rng.choice(OLDEST + 1, count, p=_age_shares()),
        }
    )
    return rows.assign(outcome=np.where(rng.random(count) < _chance_saved(rows), "saved", "lost"))


def _age_shares() -> np.ndarray:
    density = np.exp(-0.5 * ((np.arange(OLDEST + 1) - MIDDLE_AGE) / AGE_SPREAD) ** 2)
    return np.asarray(density / density.sum())


def _weights(cells: pd.DataFrame) -> np.ndarray:
    cabin = cells["cabin"].map(dict(zip(CLASSES, CLASS_SHARES, strict=True))).to_numpy()
    sex = np.where(cells["sex"] == "male", SHARE_OF_MEN, 1 - SHARE_OF_MEN)
    return np.asarray(cabin * sex * _age_shares()[cells["age"].to_numpy()])


def _chance_saved(rows: pd.DataFrame) -> np.ndarray:
    """Women, children and the first class are saved more often."""
    odds = 2.2 * (rows["sex"] == "female") - 0.9 * (rows["cabin"].astype(int) - 2) - 0.03 * (rows["age"] - 30) - 1.2
    return np.asarray(1 / (1 + np.exp(-odds)))


def _no_drawing(axes: Axes, sample: pd.Series, task: Task, label: str) -> None:  # noqa: ARG001 - nothing is drawn here
    axes.axis("off")


if __name__ == "__main__":
    main()
