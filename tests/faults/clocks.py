"""Whole verbs under a wrong clock, by libfaketime: what is written, what is said, and how the right clock goes on.

python -m tests.faults.clocks       about ten minutes; needs the program `faketime`
"""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from pipelines.datasets import dataset_named
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[2]
IRIS = dataset_named("iris")
# Days that the clock is ahead for one run, or behind. A clock may be a week off before anybody doubts it.
AHEAD = (-9000, -400, -31, -1, 0, 1, 6, 9, 400, 4000)
BELIEVED = 7


def main() -> int:
    """Set the clock wrong for one run of each verb, and print what came of it; 1 where that is not as promised."""
    troubles = 0
    for ahead in AHEAD:
        with tempfile.TemporaryDirectory() as name:
            trouble = _one_wrong_run(Path(name) / "store", ahead)
        print(f"{ahead:+6} days: {trouble or 'as promised'}")
        troubles += bool(trouble)
    return 1 if troubles else 0


def _one_wrong_run(store: Path, ahead: int) -> str:
    """Two right days, one wrong run, one right run: what is wrong after it."""
    today = datetime.now(UTC).date()
    for day in (today - timedelta(days=2), today - timedelta(days=1)):
        _verb(store, "features", "iris", f"--date={day}", before=("backfill", "iris"))
    known = _days(store)
    code, said = _verb(store, "features", "iris", ahead=ahead)
    written = _days(store) - known
    if abs(ahead) > BELIEVED and (not code or written or "clock" not in said):
        return f"the wrong clock was believed: exit {code}, {len(written)} days written, {said!r}"
    if "Traceback" in said:
        return said
    _, told = _verb(store, "status")
    if any(day > today for day in written) != ("WRONG" in told):
        return f"{len(written)} days written, and status says {told!r}"
    _verb(store, "repair", "--future")
    code, said = _verb(store, "features", "iris")
    if code or _days(store) != known | {today} | {day for day in written if day < today}:
        return f"the right clock did not mend it: exit {code}, {said!r}"
    return ""


def _verb(store: Path, *arguments: str, ahead: int = 0, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run a verb, `before` it another where there is no store yet; its exit code, and all that it said."""
    if before and not store.exists():
        _verb(store, *before)
    clock = [_faketime(), "-f", f"{ahead:+}d"] if ahead else []
    done = subprocess.run(
        [*clock, sys.executable, "-m", "pipelines", *arguments],
        cwd=ROOT, env={**os.environ, "STORE": "embedded", "STORE_DIR": str(store)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def _faketime() -> str:
    found = shutil.which("faketime")
    if found is None:
        raise SystemExit("This needs libfaketime; install it: apt-get install faketime")
    return found


def _days(store: Path) -> set[object]:
    rows = EmbeddedStore(store).read(samples_group(IRIS), where={"origin": "simulated"})
    return set(pd.to_datetime(rows["event_time"]).dt.date)


if __name__ == "__main__":
    sys.exit(main())
