"""A fortnight of fetched weather by the real workflow files under act, disturbed and undisturbed, ends the same.

python -m tests.workflows.fortnight       about a quarter of an hour; needs the program `faketime`

Every job of features and inference has its day as its clock; training, whose notebook does not run under a wrong clock,
has that of the machine. The disturbed fortnight misses a run and meets an outage of three days. Both have a correction,
a row that comes late and one told twice, because these are what the source says at last.
`tests/sources/test_fortnight.py` tells the same story without the workflows.
"""

import subprocess
import sys
import tempfile
from datetime import date, datetime, time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest has it

from sources.server import Station, running
from workflows.act import ActRun, Repository

from pipelines.datasets.weather import DATASET as WEATHER
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

RAIN = WEATHER.tasks[0]
BEGIN, END = date(2015, 12, 3), date(2015, 12, 17)
MISSED = date(2015, 12, 5)
DOWN = {date(2015, 12, day) for day in (8, 9, 10)}
LATE, CORRECTED, TWICE = date(2015, 12, 12), date(2015, 12, 4), date(2015, 12, 6)
PLACE = "47.45,-122.31"
# When something was done, and by which run: that alone may differ.
CIRCUMSTANCES = ["predicted_at", "settled_at", "corrected_at", "run_url"]


def main() -> int:
    """Live both fortnights, and compare what the branch `store` holds in the end; an error where it differs."""
    with tempfile.TemporaryDirectory() as name:
        calm, rough = (_live(Path(name) / kind, disturbed=kind == "rough") for kind in ("calm", "rough"))
        for what in calm:
            pd.testing.assert_frame_equal(calm[what], rough[what], obj=what)
            print(f"{what}: {len(calm[what])} rows, equal")
    return 0


def _live(folder: Path, *, disturbed: bool) -> dict[str, pd.DataFrame]:
    """The rows in the end, by group."""
    folder.mkdir()
    repository = Repository(folder).create()
    station = Station(late={LATE: 3}, corrected={CORRECTED: (date(2015, 12, 8), "0.0")}, twice={TWICE})
    station.down = DOWN if disturbed else set()
    with running(station) as address:
        variables = {"DATASETS": WEATHER.name, "WEATHER_PLACE": PLACE, "SOURCE_ENDPOINT": address}
        for day in pd.date_range(BEGIN, END).date:
            station.today = day
            if disturbed and day == MISSED:
                print(f"{day}  no run")
            else:
                _live_day(repository, day, variables, failing={"features"} if day in station.down else set())
    store = EmbeddedStore(repository.check_out_store(folder / "end"))
    predictions = store.read(predictions_group(RAIN))
    return {"samples": store.read(samples_group(WEATHER)), "predictions": predictions.drop(columns=CIRCUMSTANCES)}


def _live_day(repository: Repository, day: date, variables: dict[str, str], failing: set[str]) -> None:
    """Features and inference, and on the first day a training between them; only the `failing` ones may fail."""
    runs = {"features": repository.run("schedule", "features.yml", variables=variables, **_clock(day, 4))}
    if day == BEGIN:
        inputs = {"task": RAIN.name, "search": "quick", "promote": "auto"}
        runs["training"] = repository.run("workflow_dispatch", "train.yml", inputs=inputs, variables=variables)
    runs["inference"] = repository.run("schedule", "inference.yml", variables=variables, **_clock(day, 6))
    told = (f"{name} {'failed' if run.returncode else 'done'} in {run.seconds:.0f} s" for name, run in runs.items())
    print(f"{day}  {', '.join(told)}", flush=True)
    _refuse_others({name: run for name, run in runs.items() if run.returncode}, failing)


def _refuse_others(failed: dict[str, ActRun], failing: set[str]) -> None:
    if set(failed) != failing:
        raise SystemExit("\n".join(run.log for run in failed.values()) or f"{', '.join(failing)} did not fail")


def _clock(day: date, hour: int) -> dict[str, str]:
    """What makes a job believe that it is this hour (UTC) of the day."""
    said = ["faketime", "-f", "+0d", "printenv", "LD_PRELOAD"]
    try:
        library = subprocess.run(said, capture_output=True, text=True, check=True).stdout.split(":")[0].strip()
    except FileNotFoundError:
        raise SystemExit("This needs libfaketime; install it: apt-get install faketime") from None
    return {
        "LD_PRELOAD": library,
        "FAKETIME": f"@{datetime.combine(day, time(hour, 17)):%Y-%m-%d %H:%M:%S}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }


if __name__ == "__main__":
    sys.exit(main())
