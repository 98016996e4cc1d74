"""A clock that does not depend on the machine."""


class Clock:
    """Time that passes only while somebody waits: patience costs nothing, and no machine is too slow for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
