"""The embedded store beside bare `deltalake` and beside Feast with its DuckDB offline store: times, ratios, memory.

    make benchmark                          # all sizes; writes the table and the picture of docs/scale.md
    python -m benchmarks.stores --sizes 10000 --repeats 1 --no-write

All are measured in the same run, one after the other in turn, and the medians are compared. Feast gets an environment
of its own below a temporary folder.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.environments import made_environment
from benchmarks.made_up import MEASUREMENTS, ROWS_A_DAY, made_up_day, made_up_rows
from benchmarks.timing import peak_memory, seconds
from pipelines.pictures.canvas import BLUE, GREEN, GREY, WIDTH, add_heading, finished, new_figure
from pipelines.stores.base import Column, FeatureGroup
from pipelines.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = ROOT / "docs" / "scale.md", ROOT / "docs" / "scale.png"
BEGIN, END = "<!-- written by `make benchmark`: stores -->\n", "<!-- end of what is written -->\n"

SIZES = (10_000, 100_000, 1_000_000)
DAYS = 5  # upserts and reads of a day in each repeat
FEAST = "feast[duckdb]==0.67.0"
OPERATIONS = {
    "ingest": "first ingest",
    "upsert": f"upsert of a day ({ROWS_A_DAY} rows)",
    "day": "read of the newest day",
    "train": "training read",
}
EMBEDDED, BARE, OTHER = "embedded store", "bare deltalake", "Feast on DuckDB"
COLOURS = {EMBEDDED: BLUE, BARE: GREY, OTHER: GREEN}

GROUP = FeatureGroup(
    name="samples",
    description="Made-up measurements.",
    columns=(
        Column("sample_id", "string"),
        Column("event_time", "timestamp"),
        *(Column(name, "double") for name in MEASUREMENTS),
    ),
    key=("sample_id",),
    event_time="event_time",
)

# Seconds by contender, size and operation.
Times = dict[tuple[str, int, str], list[float]]


class Contender(Protocol):
    """Does the same work as the others; each method gives the seconds that it took."""

    def ingest(self, count: int) -> float:
        """Write so many rows into a new store."""

    def upsert(self, number: int) -> float:
        """Write the rows of a day."""

    def day(self, number: int) -> float:
        """Read the rows of a day."""

    def train(self) -> float:
        """Read all rows."""


class Embedded:
    """The store of this project: checked, sorted, synced to the disk, and nothing twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = EmbeddedStore(folder)

    def ingest(self, count: int) -> float:
        """Write so many rows into a new store."""
        rows = made_up_rows(0, count)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.store = EmbeddedStore(self.folder)
        return seconds(lambda: self.store.upsert(GROUP, rows))

    def upsert(self, number: int) -> float:
        """Write the rows of a day."""
        rows = made_up_day(number)
        return seconds(lambda: self.store.upsert(GROUP, rows))

    def day(self, number: int) -> float:
        """Read the rows of a day."""
        start = made_up_day(number)["event_time"].min().to_pydatetime()
        return seconds(lambda: self.store.read(GROUP, start=start))

    def train(self) -> float:
        """Read all rows."""
        return seconds(lambda: self.store.read(GROUP))


class Bare:
    """What a person writes with `deltalake` alone: rows in no order, unchecked, not synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ingest(self, count: int) -> float:
        """Write so many rows into a new table."""
        rows = made_up_rows(0, count)
        shutil.rmtree(self.folder, ignore_errors=True)
        return seconds(lambda: write_deltalake(self.folder, rows))

    def upsert(self, number: int) -> float:
        """Merge the rows of a day by key, within the literal time window that keeps other files closed."""
        rows = made_up_day(number)
        window = f"target.event_time >= '{rows['event_time'].min().isoformat()}'"

        def merge() -> None:
            source = pa.Table.from_pandas(rows, preserve_index=False)
            same = f"target.sample_id = source.sample_id AND {window}"
            merging = DeltaTable(self.folder).merge(source, same, "source", "target")
            merging.when_matched_update_all().when_not_matched_insert_all().execute()

        return seconds(merge)

    def day(self, number: int) -> float:
        """Read the rows of a day."""
        since = [("event_time", ">=", made_up_day(number)["event_time"].min().to_pydatetime())]
        return seconds(lambda: DeltaTable(self.folder).to_pandas(filters=since))

    def train(self) -> float:
        """Read all rows."""
        return seconds(lambda: DeltaTable(self.folder).to_pandas())


class Worker:
    """A contender in a process of its own, which does as `benchmarks.feast_worker` does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ingest(self, count: int) -> float:
        """Write so many rows into a new store."""
        return self._order(f"ingest {count}")

    def upsert(self, number: int) -> float:
        """Write the rows of a day."""
        return self._order(f"upsert {number}")

    def day(self, number: int) -> float:
        """Read the rows of a day."""
        return self._order(f"day {number}")

    def train(self) -> float:
        """Read all rows."""
        return self._order("train")

    def _order(self, line: str) -> float:
        orders, answers = self.process.stdin, self.process.stdout
        if orders is None or answers is None:
            raise ValueError("The worker has no pipes.")
        print(line, file=orders, flush=True)
        return float(answers.readline())


def main() -> None:
    """Measure, print the table, and write it and the picture into the docs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--without-feast", action="store_true", help="where it cannot be installed")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders: dict[str, Contender] = {EMBEDDED: Embedded(folder / "embedded"), BARE: Bare(folder / "bare")}
        if not options.without_feast:
            python = made_environment(folder / "feast", FEAST)
            process = subprocess.Popen(
                [python, "-m", "benchmarks.feast_worker"], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stack.enter_context(open_log(folder)),
            )  # fmt: skip
            contenders[OTHER] = Worker(stack.enter_context(process))
            stack.callback(process.kill)
        times = measure(contenders, options.sizes, options.repeats)
        table = written(times, options.sizes, {size: peaks(folder / "embedded", size) for size in options.sizes})
    print(table)
    if not options.no_write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(re.sub(f"(?s){BEGIN}.*?{END}", lambda _: BEGIN + table + END, page), encoding="utf-8")
        PICTURE.write_bytes(drawn(times, options.sizes))


def open_log(folder: Path) -> IO[str]:
    """Where a worker says what went wrong."""
    return (folder / "worker.log").open("w", encoding="utf-8")


def measure(contenders: dict[str, Contender], sizes: Sequence[int], repeats: int) -> Times:
    """Let all contenders do each operation in turn, after a small one that counts for nothing.

    Another one begins each time: who comes first finds memory that others have left, and files that nobody has opened.
    """
    times: Times = defaultdict(list)
    turn = deque(contenders.items())
    for size, counted in [(ROWS_A_DAY, False), *((size, True) for size in sizes for _ in range(repeats))]:
        first = -(-size // ROWS_A_DAY)
        orders: list[tuple[str, tuple[int, ...]]] = [("ingest", (size,))]
        orders += [(order, (first + day,)) for day in range(DAYS) for order in ("upsert", "day")]
        orders += [("train", ()), ("train", ())]
        for order, arguments in orders:
            turn.rotate()
            for name, contender in turn:
                took = getattr(contender, order)(*arguments)
                if counted:
                    times[name, size, order].append(took)
        print(f"measured {size:,} rows" if counted else "warm", file=sys.stderr, flush=True)
    return times


def peaks(folder: Path, size: int) -> dict[str, float]:
    """The memory (MB) that an upsert and a read of a day each take at most in a process of their own."""
    Embedded(folder).ingest(size)
    day = -(-size // ROWS_A_DAY)
    program = "from benchmarks.stores import peak_of; peak_of(*__import__('sys').argv[1:])"
    return {
        order: float(
            subprocess.run(
                [sys.executable, "-c", program, str(folder), order, str(day)],
                cwd=ROOT, check=True, capture_output=True, text=True,
            ).stdout
        )
        for order in ("upsert", "day")
    }  # fmt: skip


def peak_of(folder: str, order: str, number: str) -> None:
    """Print the most memory (MB) that this process has held above what it held at first (Linux)."""
    before = peak_memory()
    getattr(Embedded(Path(folder)), order)(int(number))
    print(peak_memory() - before)


def written(times: Times, sizes: Sequence[int], memory: dict[int, dict[str, float]]) -> str:
    """The table in Markdown."""
    names = [name for name in COLOURS if (name, sizes[0], "ingest") in times]
    heads = ["rows", "what", *names, *(f"embedded / {name}" for name in names[1:]), "memory, MB"]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for size in sizes:
        for order, what in OPERATIONS.items():
            medians = [statistics.median(times[name, size, order]) for name in names]
            cells = [f"{size:,}", what, *(f"{median:.3f} s" for median in medians)]
            cells += [f"{medians[0] / median:.2f}" for median in medians[1:]]
            lines.append(
                "| " + " | ".join([*cells, f"{memory[size][order]:.0f}" if order in memory[size] else ""]) + " |"
            )
    return "\n".join(lines) + "\n"


def drawn(times: Times, sizes: Sequence[int]) -> bytes:
    """How the times grow with the rows, both axes logarithmic, a panel an operation."""
    figure, panels = new_figure(WIDTH, 5.4, rows=2, columns=2)
    names = [name for name in COLOURS if (name, sizes[0], "ingest") in times]
    for axes, (order, what) in zip(panels, OPERATIONS.items(), strict=True):
        for name, marker in zip(names, "os^", strict=False):
            medians = [statistics.median(times[name, size, order]) for size in sizes]
            axes.loglog(sizes, medians, marker=marker, color=COLOURS[name], label=name)
        axes.set_title(what, fontsize=9)
        axes.set_xlabel("rows in the store", fontsize=8)
        axes.set_ylabel("seconds", fontsize=8)
        axes.tick_params(which="both", labelsize=8)
        axes.grid(visible=True, alpha=0.3)
    panels[0].legend(fontsize=8)
    add_heading(figure, "What a store costs as it grows")
    return finished(figure, "").png


if __name__ == "__main__":
    main()
