"""Waiting for a condition: as long as it takes, and no longer than what it is waited for lives."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# Milliseconds after which a browser gives up; as long as a test may take at all.
PATIENCE = 3_000_000


def wait_until(condition: Callable[[], object], alive: "subprocess.Popen | None" = None) -> None:
    """Return when `condition` holds; fail at once when the process that should bring it about has ended.

    There is no time limit: how fast a machine is says nothing. What hangs for good is ended by the limit of pytest.
    """
    while not condition():
        assert alive is None or alive.poll() is None, f"ended with exit code {alive.returncode}"
        time.sleep(0.05)


def ended(process: int) -> bool:
    """Whether a process, given by its number, runs no more (Linux)."""
    try:
        # An orphan whose exit code nobody fetches, as in a container without an init, stays as a zombie.
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
