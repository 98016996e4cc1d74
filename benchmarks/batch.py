"""Batch scoring: a stream of Arrow batches through a model of ours, beside the bare ensemble and MLflow's pyfunc.

    python -m benchmarks.batch STORE [--task wine_quality] [--rows 1000000]

STORE is a folder made by `make demo`. Each batch is predicted three ways in turn, so that whatever else the machine
does meets all of them:

* ours: Arrow batch in, Arrow batch of predictions out (a class and its probabilities, or a number and its intervals);
* bare: the same ensemble, asked for its probabilities of a matrix that is ready, on as many threads;
* MLflow: its pyfunc, asked with a data frame in a process and an environment of its own, made below a temporary folder.

Times are on the clock and of the processor: where other programs share the machine only the second says something.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa

from benchmarks.environments import made_environment
from benchmarks.timing import peak_memory
from pipelines import models
from pipelines.datasets import Task, task_named
from pipelines.errors import NotReadyError
from pipelines.models import Model
from pipelines.models.model import matrix_answers
from pipelines.stores.catalogue import champion_version, load_version, samples_group
from pipelines.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[1]
BATCH = 100_000
FIRST = 2  # batches that only warm up


@dataclass
class Cost:
    """Seconds that each batch took, on the clock and of the processor."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def line(self, name: str, bare: "Cost") -> str:
        """A row of the table, with the median ratio to the bare ensemble, batch by batch."""
        ratio, used = (
            median(own / other for own, other in zip(mine, others, strict=True))
            for mine, others in ((self.clock, bare.clock), (self.processor, bare.processor))
        )
        rows = BATCH / median(self.clock)
        return f"| {name} | {rows:,.0f} | {median(self.processor) / BATCH * 1e6:.1f} µs | {ratio:.2f} | {used:.2f} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--task", default="wine_quality")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    store, task = EmbeddedStore(options.store), task_named(options.task)
    ours, bare, pyfunc, memory = Cost(), Cost(), Cost(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        model, mlflow = champion(store, task, Path(folder)), MLflow(Path(folder))
        for number, batch in enumerate(batches(store, task, options.rows + FIRST * BATCH)):
            matrix = models.encode(model.inputs, batch.to_pandas())
            measure(bare, lambda: matrix_answers(model, matrix))  # noqa: B023 - called at once
            measure(ours, lambda: predicted(model, batch))  # noqa: B023 - the same
            clock, processor = mlflow.predict(batch)
            pyfunc.clock.append(clock)
            pyfunc.processor.append(processor)
            if number == FIRST - 1:
                memory = peak_memory()
                ours, bare, pyfunc = Cost(), Cost(), Cost()
    print("| scored by | rows a second | processor a row | to bare, clock | to bare, processor |")
    print("| --- | --- | --- | --- | --- |")
    for name, cost in (("bare ensemble", bare), ("ours", ours), ("MLflow's pyfunc", pyfunc)):
        print(cost.line(name, bare))
    grown = f"memory {memory:.0f} MB at first, {peak_memory():.0f} MB at most"
    print(f"{options.rows:,} rows in batches of {BATCH:,}; {grown}")


def champion(store: EmbeddedStore, task: Task, folder: Path) -> Model:
    """The champion, whose files are copied to `folder/model`."""
    version = champion_version(store, task)
    if version is None:
        raise NotReadyError(f"The task {task.name} has no champion. Run: make demo")
    store.download(task.name, version, folder / "model")
    return load_version(store, task, version, models.load)


def batches(store: EmbeddedStore, task: Task, rows: int) -> Iterator[pa.RecordBatch]:
    """Inputs drawn from real rows, each number a little off."""
    real = store.read(samples_group(task.dataset), where={"role": "reserve"})[list(task.inputs)]
    rng = np.random.default_rng(0)
    for _ in range(0, rows, BATCH):
        drawn = real.iloc[rng.integers(len(real), size=BATCH)].reset_index(drop=True)
        numbers = list(drawn.select_dtypes("number"))
        drawn[numbers] *= rng.normal(1, 0.01, (BATCH, len(numbers)))
        yield pa.RecordBatch.from_pandas(drawn, preserve_index=False)


def predicted(model: Model, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The predictions of a batch, as it goes in a pipeline."""
    return pa.RecordBatch.from_pandas(models.predict(model, batch.to_pandas()), preserve_index=False)


def measure(cost: Cost, work: Callable[[], object]) -> None:
    """Add what some work takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    cost.clock.append(time.perf_counter() - clock)
    cost.processor.append(time.process_time() - processor)


class MLflow:
    """The pyfunc in a process of its own, which is told the file of a batch and answers with what it took."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "batch.arrow"
        python = made_environment(folder / "mlflow", "--requirement", str(ROOT / "pyproject.toml"), "mlflow-skinny")
        told = (str(folder / "model"), str(folder / "saved"), str(self.file))
        command = [str(python), "-m", "benchmarks.mlflow_worker", *told]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def predict(self, batch: pa.RecordBatch) -> tuple[float, float]:
        """Seconds on the clock and of the processor."""
        with pa.ipc.new_file(str(self.file), batch.schema) as file:
            file.write(batch)
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        self.process.stdin.write("predict\n")
        self.process.stdin.flush()
        clock, processor = self.process.stdout.readline().split()
        return float(clock), float(processor)


if __name__ == "__main__":
    main()
