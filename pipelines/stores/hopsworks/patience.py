"""What is worth trying again, and for how long: exponential back-off with a deadline."""

import time

from tenacity import RetryCallState, wait_exponential, wait_random_exponential
from tenacity.stop import stop_base

from pipelines.errors import PipelineError
from pipelines.stores.hopsworks.failures import causes, is_untrusted, status_of

# A load balancer that restarts is back within this; a longer outage is for the next run.
RETRY_SECONDS = 60.0
# The port of the query service is open or it is not; each attempt takes up to ten seconds to find out.
FLIGHT_RETRY_SECONDS = 15.0
# Pauses double from half a second to ten; half of each is left to chance, which keeps two processes out of step.
PAUSE = wait_exponential(0.25, max=5) + wait_random_exponential(0.25, max=5)

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


class StopInTime(stop_base):
    """Stop before an attempt that would come too late after the first failure, however long that took to show."""

    def __init__(self) -> None:
        self._deadline = 0.0

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether no time is left."""
        now = time.monotonic()
        self._deadline = self._deadline or now + retry_seconds(failure(retry_state))
        return now + retry_state.upcoming_sleep > self._deadline


def failure(state: RetryCallState) -> BaseException | None:
    """What the last attempt raised."""
    return state.outcome.exception() if state.outcome else None


def retry_seconds(error: BaseException | None) -> float:
    """For how long to try again after this error."""
    flight = error and any(type(cause).__name__.startswith("Flight") for cause in causes(error))
    return FLIGHT_RETRY_SECONDS if flight else RETRY_SECONDS


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed a little later."""
    if isinstance(error, PipelineError):
        return False
    status = status_of(error)
    if status is not None:
        return status in TRANSIENT_STATUS
    return any(_is_transient_type(cause) for cause in causes(error)) and not is_untrusted(error)


def _is_transient_type(error: BaseException) -> bool:
    kinds = type(error).__mro__
    return any(kind.__module__.startswith(_TRANSIENT_TYPES.get(kind.__name__, "nowhere")) for kind in kinds)
