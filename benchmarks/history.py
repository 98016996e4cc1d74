"""What a daily run costs beside a short and a long history: processor seconds and peak memory of each verb.

    STORE_DIR=... python -m benchmarks.history [--samples 1000 100000 1000000] [--keep FOLDER]

For each size the store that the environment names (run `make demo` first) is copied, and the arrivals and predictions
of one data set are replaced by made ones: 1,000 samples over a hundred days, more over ten years, with a version a
year. Then a day arrives as on the schedule: features, inference, dashboard, each in a process of its own, and the
dashboard once more with nothing new. One day is run first, unmeasured, since a store keeps sums from its first day on.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.datasets import DataSet, Task, dataset_named
from pipelines.settings import read_settings
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, predictions_group, read_history, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.rows import conform

DATASET = "wine"
FEW, FEW_DAYS, MANY_DAYS = 1000, 100, 3650
VERSIONS = 10  # of a long history: a new champion a year
PER_DAY = 10  # what the measured day brings, whatever there is
ROWS_AT_ONCE = 100_000
DAILY = time(6, 47, tzinfo=UTC)
MAX_RATIO = 1.3


@dataclass(frozen=True)
class Cost:
    """What one verb took: processor seconds with imports, and the most memory that it held (MB)."""

    verb: str
    seconds: float
    memory: float


@dataclass(frozen=True)
class Measured:
    """A daily run beside so many stored samples; `files` is how many the largest table and its log have."""

    samples: int
    costs: tuple[Cost, ...]
    files: int

    @property
    def seconds(self) -> float:
        """Processor seconds of all verbs."""
        return sum(cost.seconds for cost in self.costs)

    @property
    def memory(self) -> float:
        """The most memory that any verb held (MB)."""
        return max(cost.memory for cost in self.costs)


def main() -> None:
    """Print one table row a size, and how the largest compares with the smallest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[FEW, 100_000, 1_000_000])
    parser.add_argument("--keep", type=Path, help="a folder where made stores stay, and are taken from the next time")
    options = parser.parse_args()
    origin = read_settings().store_dir
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        found = [measured(made_store(origin, folder, size), size) for size in options.samples]
    print(table(found))


def table(found: Sequence[Measured]) -> str:
    """One row a size as Markdown, and the ratio of the last to the first."""
    verbs = [cost.verb for cost in found[0].costs]
    lines = [
        f"| stored samples | {' | '.join(verbs)} | whole day | peak memory | files |",
        f"| --- | {'--- | ' * len(verbs)}--- | --- | --- |",
    ]
    for each in found:
        costs = " | ".join(f"{cost.seconds:.1f} s" for cost in each.costs)
        lines.append(f"| {each.samples:,} | {costs} | {each.seconds:.1f} s | {each.memory:.0f} MB | {each.files} |")
    first, last = found[0], found[-1]
    ratios = f"{last.seconds / first.seconds:.2f} in time, {last.memory / first.memory:.2f} in memory"
    lines += ["", f"Ratio: {ratios} (goal: at most {MAX_RATIO})."]
    return "\n".join(lines)


def measured(store_dir: Path, samples: int) -> Measured:
    """Run a day, and measure the next one in a copy of the store."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        shutil.copytree(store_dir, folder)
        for _ in _day(folder, _last_day()):
            pass
        costs = list(_day(folder, _last_day() + timedelta(days=1)))
        costs.append(_cost("unchanged", ["dashboard", DATASET], folder))
        tables = [sum(1 for _ in each.rglob("*.*")) for each in (folder / "tables").iterdir()]
    return Measured(samples, tuple(costs), max(tables))


def made_store(origin: Path, folder: Path, samples: int) -> Path:
    """A copy of a store in `folder` whose data set has so many arrivals, and as many predictions of each task."""
    made = folder / f"store-{samples}"
    if made.exists():
        return made
    shutil.copytree(origin, made, ignore=shutil.ignore_patterns("dashboard", "site", "runs"))
    store, dataset = EmbeddedStore(made), dataset_named(DATASET)
    store.remove(samples_group(dataset), dataset.historical_time + timedelta(days=1))
    days = FEW_DAYS if samples <= FEW else MANY_DAYS
    for task in dataset.tasks:
        store.clear(predictions_group(task))
    for rows in made_arrivals(store, dataset, samples, days):
        store.upsert(samples_group(dataset), rows)
        for task in dataset.tasks:
            store.upsert(predictions_group(task), made_predictions(task, rows, _version(store, task, rows, days)))
    return made


def made_arrivals(store: Store, dataset: DataSet, samples: int, days: int) -> Iterator[pd.DataFrame]:
    """Reserve rows again and again, evenly over the days before the last one, oldest first."""
    history = read_history(store, dataset)
    reserve = history[history["role"] == "reserve"].reset_index(drop=True)
    first = datetime.combine(_last_day() - timedelta(days=days), time(), UTC)
    for begin in range(0, samples, ROWS_AT_ONCE):
        number = np.arange(begin, min(begin + ROWS_AT_ONCE, samples))
        day = number * days // samples
        within = number - (day * samples + days - 1) // days
        times = pd.to_datetime(first) + pd.to_timedelta(day, unit="D") + pd.to_timedelta(within, unit="s")
        rows = reserve.iloc[number % len(reserve)].reset_index(drop=True)
        ids = [f"{dataset.name}-{when:%Y-%m-%d}-{at:03d}" for when, at in zip(times, within, strict=True)]
        made = rows.assign(sample_id=ids, event_time=times, origin="simulated", role=None)
        yield conform(made, samples_group(dataset))


def made_predictions(task: Task, samples: pd.DataFrame, version: pd.Series) -> pd.DataFrame:
    """What the given version of each sample could have said: mostly right, and as sure as that."""
    rng = np.random.default_rng([len(samples), len(task.classes)])
    labels = task.labels(samples).to_numpy()
    truth = np.array([labels == name for name in task.classes]).T
    logits = 2 * truth + rng.standard_normal(truth.shape)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    clock = samples["event_time"].dt.normalize() + timedelta(hours=6, minutes=47)
    rows = samples[["sample_id", "event_time"]].assign(
        model_version=version, predicted_at=clock, served="champion",
        prediction=np.array(task.classes, dtype=object)[chances.argmax(axis=1)], label=labels, settled_at=clock,
        corrected_at=pd.NaT, inputs="0" * 16, run_url="",
    )  # fmt: skip
    rows[task.probability_columns] = chances
    return conform(rows, predictions_group(task))


def _version(store: Store, task: Task, samples: pd.DataFrame, days: int) -> pd.Series:
    """Who answered each sample: the champion the newest ones, and others, a number for each period, those before."""
    champion = champion_version(store, task)
    if champion is None:
        raise SystemExit(f"{task.name} has no champion in this store; run `make demo` first.")
    ago = (pd.Timestamp(_last_day(), tz="UTC") - samples["event_time"].dt.normalize()).dt.days
    return champion + ((ago - 1) * VERSIONS // days if days == MANY_DAYS else 0 * ago)


def _day(folder: Path, day: date) -> Iterator[Cost]:
    yield _cost("features", ["features", DATASET, "--date", day.isoformat(), "--per-day", str(PER_DAY)], folder)
    yield _cost("infer", ["infer", *(task.name for task in dataset_named(DATASET).tasks), "--date", day.isoformat()],
                folder)  # fmt: skip
    yield _cost("dashboard", ["dashboard", DATASET], folder)


def _last_day() -> date:
    """The day before the measured one, which is today; the clock of the verbs cannot be told."""
    return datetime.now(UTC).date() - timedelta(days=1)


def _cost(name: str, arguments: Sequence[str], folder: Path) -> Cost:
    environment = os.environ | {"STORE_DIR": str(folder), "DATASETS": DATASET}
    command = [sys.executable, "-m", "pipelines", *arguments]
    log = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(sys.executable, command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, log, 1)])
    os.close(log)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed in {folder}.")
    return Cost(name, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
