"""The one login of this process, and the context in which every call of the client is made."""

import contextlib
import functools
import logging
import re
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from pipelines.errors import PipelineError, SettingError, StoreUnavailable
from pipelines.settings import HopsworksSettings, Settings
from pipelines.stores.hopsworks import sdk
from pipelines.stores.hopsworks.failures import explain
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.hopsworks.patience import PAUSE, StopInTime, failure, is_transient

_logger = logging.getLogger(__name__)

UNVERIFIED = (
    "HOPSWORKS_HOSTNAME_VERIFICATION is false, so the API key is sent to whoever answers in the name of the cluster. "
    "Set HOPSWORKS_CA_BUNDLE to the CA file of the cluster, and unset HOPSWORKS_HOSTNAME_VERIFICATION."
)


@dataclass
class Connection:
    """A login. The client has one for the whole process, so a second login ends the first."""

    settings: HopsworksSettings
    hopsworks: Handle
    project: Handle
    certificates: tempfile.TemporaryDirectory[str] = field(repr=False)

    @functools.cached_property
    def features(self) -> Handle:
        """The feature store."""
        return self.project.get_feature_store()

    @functools.cached_property
    def models(self) -> Handle:
        """The model registry."""
        return self.project.get_model_registry()

    @functools.cached_property
    def datasets(self) -> Handle:
        """The file system of the project."""
        return self.project.get_dataset_api()

    @property
    def server_version(self) -> str:
        """The version that the cluster says it has."""
        return str(getattr(self.hopsworks._hw_connection, "backend_version", "unknown"))  # noqa: SLF001 - kept nowhere else

    @property
    def client_version(self) -> str:
        """The version of the client library."""
        return str(self.hopsworks.__version__)

    def remove_kafka_keys(self) -> None:
        """Remove the unencrypted client key that the client writes to /tmp for Kafka and leaves there."""
        for path in Path("/tmp").glob(f"kafka_sc_{self.project.id}_*.pem"):  # noqa: S108 - where the client writes
            with contextlib.suppress(OSError):
                path.unlink()

    def close(self) -> None:
        """Log out and remove the certificates."""
        with sdk.quiet():
            self.hopsworks.logout()
        self.certificates.cleanup()


class Connected:
    """What the parts of the store have in common: settings, and calls through one connection."""

    kind = "hopsworks"
    _current: Connection | None = None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.hopsworks
        self.inside = False

    @property
    def writes_wait(self) -> bool:
        """True where rows go through Kafka."""
        return self.settings.write_path == "kafka"

    @property
    def location(self) -> str:
        """The cluster and project."""
        host = self.settings.host or "Hopsworks"
        return f"{host}:{self.settings.port}/{self.settings.project}"

    @property
    def connection(self) -> Connection:
        """The login of this process, made when it is first needed, or anew when another store took it over."""
        current = Connected._current
        if current is None or current.settings != self.settings:
            if current is not None:
                current.close()
            Connected._current = None
            Connected._current = current = log_in(self.settings)
        return current


S = TypeVar("S", bound=Connected)
P = ParamSpec("P")
R = TypeVar("R")
Method: TypeAlias = Callable[Concatenate[S, P], R]


def log_in(settings: HopsworksSettings) -> Connection:
    """Log in, or raise an error that names the setting at fault."""
    if settings.in_cluster:
        return _log_in_from_cluster(settings)
    if not settings.api_key:
        raise SettingError(
            "HOPSWORKS_API_KEY is not set, and STORE is hopsworks. Make a key in Hopsworks under Account, API, "
            "and put it into the secret HOPSWORKS_API_KEY; or unset STORE to use the embedded store."
        )
    _check_bundle(settings.ca_bundle)
    if not settings.verified:
        _logger.warning("%s", UNVERIFIED)
    certificates = tempfile.TemporaryDirectory(prefix="hopsworks-certificates-")
    with sdk.quiet() as printed:
        hopsworks = sdk.load()
        try:
            with sdk.patient_sessions():
                project = hopsworks.login(
                    # No host is the default of the client; a key as an argument beats a cached key file.
                    host=settings.host or None,
                    port=settings.port,
                    project=settings.project or None,
                    api_key_value=settings.api_key,
                    cert_folder=certificates.name,
                    hostname_verification=settings.verified,
                    # For REST only: the query service and Kafka are checked against the authority that REST names.
                    trust_store_path=str(settings.ca_bundle) if settings.ca_bundle else None,
                    engine="python",
                )
        except EOFError as error:
            names = re.findall(r"\(\d+\) (.+)", printed.getvalue())
            raise SettingError(
                f"The API key sees several projects ({', '.join(names)}). Set HOPSWORKS_PROJECT to one of them."
            ) from error
    if project is None:
        raise StoreUnavailable("The API key sees no project. Create one in Hopsworks, and set HOPSWORKS_PROJECT to it.")
    return Connection(settings, hopsworks, project, certificates)


def _log_in_from_cluster(settings: HopsworksSettings) -> Connection:
    """Log in as a job of the cluster, which finds its address, its token and its certificates around it."""
    sdk.admit_cluster()
    with sdk.quiet(), sdk.patient_sessions():
        hopsworks = sdk.load()
        project = hopsworks.login(engine="python")
    return Connection(settings, hopsworks, project, tempfile.TemporaryDirectory(prefix="hopsworks-certificates-"))


def _check_bundle(path: Path | None) -> None:
    """Refuse a bundle that cannot be used, before the client says of it what nobody understands."""
    if path is None:
        return
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise SettingError(
            f"HOPSWORKS_CA_BUNDLE is {path}, which cannot be read as certificates in PEM form. "
            "Set it to the CA file of the cluster, or unset it where the certificate is a public one."
        ) from error


def operation(doing: str) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Make a method of the store an operation: quiet, tried again while that may help, failing in our words.

    `doing` says what it does, for the error; `{}` stands for the group, task or file that the first argument names.
    An operation inside another is part of it.
    """

    def decorate(method: Method[S, P, R]) -> Method[S, P, R]:
        @functools.wraps(method)
        def run(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if store.inside:
                return method(store, *args, **kwargs)
            store.inside = True
            try:
                return _attempts(store, lambda: method(store, *args, **kwargs), doing.format(_name(args)))
            finally:
                store.inside = False

        return run

    return decorate


def _attempts(store: Connected, call: Callable[[], R], what: str) -> R:
    def begin_again(state: RetryCallState) -> None:
        _logger.info("Trying again to %s: %s", what, failure(state))
        sdk.reset_query_service()

    retrying = Retrying(
        retry=retry_if_exception(is_transient), wait=PAUSE, stop=StopInTime(), before_sleep=begin_again, reraise=True
    )
    try:
        return retrying(sdk.quiet()(call))
    except PipelineError:
        raise
    except Exception as error:
        ours = explain(error, what, store.settings)
        if ours is None:
            raise
        raise ours from error


def _name(args: tuple[Any, ...]) -> str:
    return str(getattr(args[0], "name", args[0])) if args else ""
