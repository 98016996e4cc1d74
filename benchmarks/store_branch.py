"""What the branch `store` holds after a simulated year, and how long a job takes to fetch and to replace it.

    python -m benchmarks.store_branch [--days 365] [--per-day 1]

The year is that of the demo: every day runs as the schedule would run it, each task trained once with the quick search.
Since the demo's year passes within minutes, nothing of it is old enough to be removed from the tables. So the log of
each table is dated back over the year, and the upkeep that every tenth commit does then runs once.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from deltalake import DeltaTable

from pipelines.datasets import all_datasets
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.embedded.delta_upkeep import maintain

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".github" / "scripts" / "store_branch.py"

# A little more than a week of daily commits, and than the commits between two upkeeps.
SINCE_CHECKPOINT = 15

KEPT_HOURS = 7 * 24

DAY_MS = 24 * 60 * 60 * 1000


def main() -> None:
    """Simulate, push, fetch, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the branch `store` after a simulated year.")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--per-day", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "year"
        demo = [sys.executable, "-m", "pipelines", "demo", f"--days={options.days}", f"--per-day={options.per_day}"]
        subprocess.run(demo, cwd=ROOT, env={**os.environ, "STORE_DIR": str(store)}, check=True)
        age(store, options.days)
        measure(folder, store)


def age(store: Path, days: int) -> None:
    """Date the log of every table back, evenly over so many days up to now, and let it be maintained."""
    groups = [group for dataset in all_datasets() for group in (samples_group(dataset), quarantine_group(dataset))]
    groups += [predictions_group(task) for dataset in all_datasets() for task in dataset.tasks]
    for group in groups:
        folder = store / "tables" / group.name
        commits = sorted((folder / "_delta_log").glob("[0-9]*.json"))
        for number, path in enumerate(commits, start=1):
            when = int(time.time() * 1000 - days * DAY_MS * (1 - number / len(commits)))
            path.write_text(
                re.sub(r'("(?:timestamp|deletionTimestamp|modificationTime)":)\d+', rf"\g<1>{when}", path.read_text())
            )
        for checkpoint in (folder / "_delta_log").glob("*checkpoint*"):
            checkpoint.unlink()
        if len(commits) > SINCE_CHECKPOINT:
            # What the upkeep of earlier days would have done: its checkpoints were all made today.
            DeltaTable(folder).vacuum(KEPT_HOURS, dry_run=False, enforce_retention_duration=False)
            DeltaTable(folder, version=len(commits) - SINCE_CHECKPOINT).create_checkpoint()
            maintain(folder, group.event_time)


def measure(folder: Path, store: Path) -> None:
    """Keep the store on a branch of a new bare repository, as a job does, and look at what came of it."""
    remote = folder / "remote.git"
    _git("init", "--quiet", "--bare", str(remote), cwd=folder)
    first, second = (_clone(remote, folder / name) for name in ("first", "second"))
    pushing = _timed(first, "cp", "-R", f"{store}/.", "store")
    fetching = _timed(second, "true")
    _git("gc", "--quiet", cwd=remote)
    packed = sum(path.stat().st_size for path in (remote / "objects" / "pack").iterdir())
    print(f"| part | files | MB |\n{'| --- ' * 3}|")
    for part, (files, size) in _parts(second / "store").items():
        print(f"| {part} | {files} | {size / 1e6:.2f} |")
    print(f"| packed, as a job fetches it | 1 | {packed / 1e6:.2f} |")
    print(f"\nreplacing all of it: {pushing:.1f} s, fetching it: {fetching:.1f} s")


def _parts(store: Path) -> dict[str, tuple[int, int]]:
    files, sizes = Counter[str](), Counter[str]()
    for path in store.rglob("*"):
        if path.is_file():
            part = "/".join(path.relative_to(store).parts[:2])
            files[part] += 1
            sizes[part] += path.stat().st_size
    parts = {part: (files[part], sizes[part]) for part in sorted(files)}
    return {**parts, "all": (files.total(), sizes.total())}


def _clone(remote: Path, folder: Path) -> Path:
    _git("clone", "--quiet", str(remote), str(folder), cwd=remote)
    return folder


def _timed(clone: Path, *command: str) -> float:
    hidden = ("STORE", "STORE_DIR", "HOPSWORKS_API_KEY")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    started = time.monotonic()
    subprocess.run([sys.executable, str(SCRIPT), *command], cwd=clone, env=environ, check=True)
    return time.monotonic() - started


def _git(*arguments: str, cwd: Path) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)


if __name__ == "__main__":
    main()
