"""The client library, tamed: imports that change nothing, calls that print nothing, requests that end."""

import contextlib
import importlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import cast

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, retry_if_result, stop_before_delay

from pipelines.stores.hopsworks.failures import is_untrusted
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.hopsworks.patience import PAUSE, TRANSIENT_STATUS

# Connecting is quick or hopeless; an answer may take as long as a large listing does.
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
# One request of several that an operation needs; the operation itself is tried again for longer.
REPEAT_SECONDS = 20.0

# Statuses with which the server says that it has not begun.
_NOT_BEGUN = (429, 503)

# What a request ends in when the connection does.
_BROKEN_OFF = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

# Read by the client from the environment, behind the back of the settings: the first two filter every read,
# the third makes it believe that it runs inside a cluster, the others compete with the arguments.
_HIDDEN_VARIABLES = (
    "HOPS_START_TIME",
    "HOPS_END_TIME",
    "REST_ENDPOINT",
    "HOPSWORKS_HOST",
    "HOPSWORKS_PORT",
    "HOPSWORKS_PROJECT",
    "HOPSWORKS_API_KEY",
    "HOPSWORKS_ENGINE",
    "HOPSWORKS_HOSTNAME_VERIFICATION",
    "HOPSWORKS_TRUST_STORE_PATH",
    "HOPSWORKS_CERT_FOLDER",
    "HOPSWORKS_JOB_NAME",
    "HOPSWORKS_KERNEL_ID",
)
# What a program that the cluster itself runs logs in with, and renews its token by.
_CLUSTER_VARIABLES = ("REST_ENDPOINT", "HOPSWORKS_HOSTNAME_VERIFICATION")
_hidden = [*_HIDDEN_VARIABLES]


class PatientSession(requests.Session):
    """A session with timeouts that tries again what is safe to repeat; the client has neither."""

    def send(self, request: requests.PreparedRequest, **kwargs: Handle) -> requests.Response:
        """Send, and send again while that is safe and there is time."""
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_SECONDS, READ_SECONDS)
        repeatable = request.method == "GET" or str(request.path_url).partition("?")[0].endswith("/query")
        worth_it = TRANSIENT_STATUS if repeatable else _NOT_BEGUN
        retrying = Retrying(
            retry=retry_if_exception(partial(_may_repeat, repeatable=repeatable))
            | retry_if_result(lambda response: response.status_code in worth_it),
            wait=_asked_pause,
            stop=stop_before_delay(REPEAT_SECONDS),
            retry_error_callback=_outcome,
        )
        return retrying(super().send, request, **kwargs)


def _may_repeat(error: BaseException, *, repeatable: bool) -> bool:
    if not isinstance(error, _BROKEN_OFF) or is_untrusted(error):
        return False
    return repeatable or isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)


def _asked_pause(state: RetryCallState) -> float:
    """The pause, and at least what the server asks for."""
    answered = state.outcome and not state.outcome.failed
    text = _outcome(state).headers.get("retry-after", "") if answered else ""
    return max(PAUSE(state), float(text) if text.isascii() and text.isdigit() else 0.0)


def _outcome(state: RetryCallState) -> requests.Response:
    """The last answer, or error."""
    return cast("Future[requests.Response]", state.outcome).result()


def load() -> Handle:
    """The client, imported without its side effects on logging and warnings."""
    root = logging.getLogger()
    handlers, level, formatwarning = list(root.handlers), root.level, warnings.formatwarning
    try:
        module = importlib.import_module("hopsworks")
        importlib.import_module("hsfs.feature_store")
    finally:
        root.handlers[:], warnings.formatwarning = handlers, formatwarning
        root.setLevel(level)
    # What it does is no news to who runs a pipeline; what fails is raised, and its traceback need not be logged before.
    for name in ("hopsworks", "hopsworks_common", "hsfs", "hsml"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("hsfs.core.arrow_flight_client").setLevel(logging.CRITICAL)
    _limit_health_checks()
    return module


def _limit_health_checks() -> None:
    """One health check of the query service, not five with pauses that add up to 54 s."""
    flight = importlib.import_module("hsfs.core.arrow_flight_client").ArrowFlightClient
    for name in ("_health_check", "_get_server_version", "_get_flight_info"):
        setattr(flight, name, getattr(getattr(flight, name), "__wrapped__", getattr(flight, name)))


def admit_cluster() -> None:
    """Let the client see from now on that the cluster itself runs this process."""
    _hidden[:] = [name for name in _HIDDEN_VARIABLES if name not in _CLUSTER_VARIABLES]


def reset_query_service() -> None:
    """Forget the connection to the query service; the client keeps a broken one for the rest of the process."""
    client = importlib.import_module("hsfs.core.arrow_flight_client")
    client._close()  # noqa: SLF001 - there is no public way to it


@contextlib.contextmanager
def patient_sessions() -> Iterator[None]:
    """While this lasts, the session that a login makes is a patient one; there is no argument for it."""
    made, requests.session = requests.session, PatientSession
    try:
        yield
    finally:
        requests.session = made


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Run calls of the client without output, questions, warnings, or variables that change what they do.

    Gives what would have been printed.
    """
    printed, stdin, formatwarning = io.StringIO(), sys.stdin, warnings.formatwarning
    hidden = {name: os.environ.pop(name) for name in _hidden if name in os.environ}
    try:
        # An empty standard input turns a question into an error, where it would wait for ever.
        sys.stdin = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield printed
    finally:
        # The parts of the client that are imported late replace this, each of them.
        sys.stdin, warnings.formatwarning = stdin, formatwarning
        os.environ.update(hidden)
