"""From what size a Spark cluster pays: inference over ever more arrivals, on one process and on two workers.

    make spark && python -m benchmarks.engines STORE [--sizes 10000 100000 1000000]

STORE is a folder made by `make demo`, of which copies are worked on. The cluster has two workers of one core each on
this machine, so that it can be at most twice as fast; a real one has more. How long the session takes to start is told
apart.
"""

import argparse
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.timing import seconds
from pipelines.datasets import Task, task_named
from pipelines.inference.on_spark import run_inference_on_spark
from pipelines.inference.pipeline import run_inference
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.spark.session import spark_session
from pipelines.stores.spark.store import SparkStore

CLUSTER = "--master local-cluster[2,1,3072] --conf spark.executor.memory=3g pyspark-shell"
FILE_ROWS = 100_000


def main() -> None:
    """Print a table of seconds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--task", default="wine_quality")
    parser.add_argument("--sizes", type=int, nargs="+", default=(10_000, 100_000, 1_000_000))
    options = parser.parse_args()
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", CLUSTER)
    task = task_named(options.task)
    print(f"starting the session: {seconds(partial(spark_session, '')):.0f} s")
    print("| arrivals | one process | two workers | ratio |\n| --- | --- | --- | --- |")
    for size in (100, *options.sizes):
        with tempfile.TemporaryDirectory() as folder:
            alone, cluster = (shutil.copytree(options.store, Path(folder) / name) for name in ("alone", "cluster"))
            days = [arrivals(EmbeddedStore(root), task, size) for root in (alone, cluster)]
            infer = partial(run_inference, EmbeddedStore(alone), task, run_date=days[0].date(), now=days[0])
            one = seconds(infer)
            spread = partial(run_inference_on_spark, SparkStore(cluster), task)
            two = seconds(partial(spread, run_date=days[1].date(), now=days[1]))
            same(task, alone, cluster)
        if size in options.sizes:  # the first is to load everything once
            print(f"| {size:,} | {one:.1f} s | {two:.1f} s | {two / one:.2f} |", flush=True)


def arrivals(store: EmbeddedStore, task: Task, count: int) -> datetime:
    """Let so many samples arrive on the day after the newest, a microsecond apart; returns the day."""
    group = samples_group(task.dataset)
    rows = store.read(group, where={"role": "reserve"})
    newest = store.newest(group) or datetime.now(UTC)
    day = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for begin in range(0, count, FILE_ROWS):
        part = rows.sample(min(FILE_ROWS, count - begin), replace=True, random_state=begin, ignore_index=True)
        numbers = pd.RangeIndex(begin, begin + len(part))
        names, times = [f"bench-{number:09}" for number in numbers], day + pd.to_timedelta(numbers, unit="us")
        store.upsert(group, part.assign(sample_id=names, event_time=times, origin="simulated", role=None))
    return day


def same(task: Task, alone: Path, cluster: Path) -> None:
    """Refuse to compare what is not equal."""
    one, two = (EmbeddedStore(root).read(predictions_group(task)) for root in (alone, cluster))
    pd.testing.assert_frame_equal(one, two)


if __name__ == "__main__":
    main()
