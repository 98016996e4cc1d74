"""What is worth trying again, and for how long: exponential back-off with a deadline."""

import random
import time

from pipelines.stores.hopsworks.failures import causes, is_untrusted, status_of

# A load balancer that restarts is back within this; a longer outage is for the next run.
RETRY_SECONDS = 60.0
# The port of the query service is open or it is not; each attempt takes up to ten seconds to find out.
FLIGHT_RETRY_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0

# Too many requests, and what a gateway says while the server behind it restarts.
TRANSIENT_STATUS = (429, 500, 502, 503, 504)

# By name, so that judging an error imports none of the heavy clients that raise them.
_TRANSIENT_TYPES = {
    "ConnectionError": "requests",
    "SSLError": "requests",
    "Timeout": "requests",
    "ChunkedEncodingError": "requests",
    "FlightUnavailableError": "pyarrow",
    "FlightTimedOutError": "pyarrow",
    "FlightInternalError": "pyarrow",
    "FlightServerError": "pyarrow",
    "KafkaException": "cimpl",
    "CommitFailedError": "",  # of deltalake, whose modules have changed: another process wrote at the same moment
    "Incomplete": "pipelines",
}


class Incomplete(Exception):
    """An answer that is shorter than it should be."""


class Patience:
    """Time that is left for trying again, with pauses that double; jitter keeps two processes out of step."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._pause = FIRST_PAUSE

    def pause(self, at_least: float = 0.0) -> bool:
        """Sleep before the next attempt, or return False at once where no time is left."""
        pause = max(at_least, self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
        if time.monotonic() + pause > self._deadline:
            return False
        time.sleep(pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True


def retry_seconds(error: BaseException) -> float:
    """For how long to try again after this error."""
    flight = any(type(cause).__name__.startswith("Flight") for cause in causes(error))
    return FLIGHT_RETRY_SECONDS if flight else RETRY_SECONDS


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed a little later."""
    status = status_of(error)
    if status is not None:
        return status in TRANSIENT_STATUS
    return any(_is_transient_type(cause) for cause in causes(error)) and not is_untrusted(error)


def _is_transient_type(error: BaseException) -> bool:
    kinds = type(error).__mro__
    return any(kind.__module__.startswith(_TRANSIENT_TYPES.get(kind.__name__, "nowhere")) for kind in kinds)
