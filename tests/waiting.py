"""Waiting for a condition: as long as it takes, and no longer than what it is waited for lives."""

import subprocess
import time
from collections.abc import Callable

# Milliseconds after which a browser gives up; as long as a test may take at all.
PATIENCE = 3_000_000


def wait_until(condition: Callable[[], object], alive: "subprocess.Popen | None" = None) -> None:
    """Return when `condition` holds; fail at once when the process that should bring it about has ended.

    There is no time limit: how fast a machine is says nothing. What hangs for good is ended by the limit of pytest.
    """
    while not condition():
        assert alive is None or alive.poll() is None, f"ended with exit code {alive.returncode}"
        time.sleep(0.05)
