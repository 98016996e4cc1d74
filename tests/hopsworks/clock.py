"""A clock that does not depend on the machine."""

from types import SimpleNamespace

import tenacity
from tenacity import nap

from pipelines.stores.hopsworks import patience

# Where the time is read and spent that trying again takes.
WAITING = (patience, tenacity, nap)


class Clock:
    """Time that passes only while somebody waits: patience costs nothing, and no machine is too slow for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def module(self) -> SimpleNamespace:
        """What stands for the module `time`."""
        return SimpleNamespace(monotonic=self.monotonic, sleep=self.sleep)
