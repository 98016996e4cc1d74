"""A warm daily job by the real workflow files under act, after a simulated year: seconds from checkout to push.

python -m tests.workflows.year [--days 365] [--per-day 1 1000]

GitHub's own part, the start of the machine and the download of the environment from the cache, is not in it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest has it

from workflows.act import ActRun, Repository
from workflows.scripts import ROOT

from benchmarks.store_branch import SCRIPT, age

DATASETS = ("iris", "wine")
JOBS = ("features", "inference")


def main() -> int:
    """Simulate the year, let its next day run, and print how long each step took."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflows.year", description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--per-day", type=int, nargs="+", default=(1, 1000))
    options = parser.parse_args()
    print("| samples a day | job | step | seconds |\n| --- | --- | --- | --- |")
    for per_day in options.per_day:
        with tempfile.TemporaryDirectory() as name:
            repository = _lived(Path(name), options.days, per_day)
            for job in JOBS:
                variables = {"DATASETS": ",".join(DATASETS), "SAMPLES_PER_DAY": str(per_day)}
                _print(per_day, job, repository.run("schedule", f"{job}.yml", variables=variables))
    return 0


def _lived(folder: Path, days: int, per_day: int) -> Repository:
    """A repository whose branch `store` holds a year up to yesterday."""
    store = folder / "year"
    demo = [sys.executable, "-m", "pipelines", "demo", f"--days={days}", f"--per-day={per_day}"]
    environ = {**os.environ, "STORE_DIR": str(store), "DATASETS": ",".join(DATASETS)}
    subprocess.run(demo, cwd=ROOT, env=environ, check=True, capture_output=True)
    age(store, days)
    repository = Repository(folder).create()
    fill = [sys.executable, str(SCRIPT), "cp", "-R", f"{store}/.", "store"]
    subprocess.run(fill, cwd=repository.clone, check=True, capture_output=True)
    return repository


def _print(per_day: int, job: str, run: ActRun) -> None:
    if run.returncode:
        raise SystemExit(run.log[-3000:])
    for step, seconds in run.durations().items():
        print(f"| {per_day:,} | {job} | {step} | {seconds:.1f} |")
    print(f"| {per_day:,} | {job} | all of it | {run.seconds:.1f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
