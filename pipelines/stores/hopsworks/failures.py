"""What the client's errors mean: one sentence of our own that names the remedy."""

from collections.abc import Iterator

from pipelines.errors import PipelineError, SettingError, StoreError, StoreUnavailable
from pipelines.settings import HopsworksSettings

SCOPES = "project, job, featurestore, modelregistry, dataset.view, dataset.create, dataset.delete and kafka"

# What the query service says of a group that has no rows yet.
_NO_DATA = ("No commits found", "No hudi properties found", "No delta logs found", "No data found")


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def status_of(error: BaseException) -> int | None:
    """The HTTP status that the server answered with, where the error comes from one."""
    for cause in causes(error):
        response = getattr(cause, "response", None)
        if response is not None:
            return int(response.status_code)
    return None


def code_of(error: BaseException) -> int | None:
    """The server's own error code."""
    codes = (getattr(cause, "error_code", None) for cause in causes(error))
    return next((code for code in codes if isinstance(code, int)), None)


def is_empty_group(error: BaseException) -> bool:
    """Whether the error only says that nothing was ever written to the feature group."""
    return any(text in str(cause) for cause in causes(error) for text in _NO_DATA)


def explain(error: BaseException, what: str, settings: HopsworksSettings) -> PipelineError | None:
    """The error to raise instead, or None where this is a defect that should be seen as it is."""
    place = f"Hopsworks at {settings.host or 'its default host'}:{settings.port} could not {what}"
    status = status_of(error)
    if status is not None:
        return _explain_status(error, status, place)
    return _explain_type({type(cause).__name__ for cause in causes(error)}, str(error), place)


def _explain_status(error: BaseException, status: int, place: str) -> PipelineError:
    said = _said(error)
    if status == 401:
        return StoreUnavailable(
            f"{place}: it does not know the API key. Put a valid key into the secret HOPSWORKS_API_KEY, "
            "and see that HOPSWORKS_HOST is the cluster that made it."
        )
    if status == 403:
        return StoreUnavailable(
            f"{place}: the API key may not do this ({said}). Make a key with the scopes {SCOPES} "
            "for a member of the project, and put it into the secret HOPSWORKS_API_KEY."
        )
    if status == 429 or status >= 500:
        return StoreUnavailable(f"{place}: it answers {status} ({said}). Run this again later; nothing is lost.")
    if "ProjectException" in {type(cause).__name__ for cause in causes(error)}:
        return StoreUnavailable(f"{place}: it has no such project for this key. Set HOPSWORKS_PROJECT to one it has.")
    return StoreError(
        f"{place}: it answers {status} ({said}). "
        "Run `python -m pipelines doctor`, which tries each part of the connection in turn."
    )


def _explain_type(names: set[str], text: str, place: str) -> PipelineError | None:
    if names & {"SSLError", "HopsworksSSLClientError"}:
        return StoreUnavailable(
            f"{place}: its certificate is not trusted. For a cluster with its own certificate set "
            "HOPSWORKS_TRUST_STORE_PATH to its CA file, or HOPSWORKS_HOSTNAME_VERIFICATION=false."
        )
    if names & {"ConnectionError", "Timeout", "ReadTimeout", "ConnectTimeout", "ChunkedEncodingError", "Incomplete"}:
        return StoreUnavailable(
            f"{place}: it cannot be reached or breaks off ({_short(text)}). "
            "Check HOPSWORKS_HOST and HOPSWORKS_PORT, and run this again later."
        )
    if "JSONDecodeError" in names:
        return StoreUnavailable(
            f"{place}: what answers does not speak its language. Check HOPSWORKS_HOST and HOPSWORKS_PORT."
        )
    if "KafkaException" in names or "message" in text.lower() and "kafka" in text.lower():
        return StoreUnavailable(
            f"{place}: its Kafka brokers do not take the rows ({_short(text)}). Ask for their external listeners to be "
            "reachable from here, or set HOPSWORKS_WRITE_PATH=delta, and run this again; rows are never written twice."
        )
    if any(name.startswith("Flight") for name in names) or "Query Service" in text:
        return StoreUnavailable(
            f"{place}: its query service (Arrow Flight, port 5005) does not answer ({_short(text)}). "
            "Ask for that port to be reachable from here, and run this again."
        )
    if "HopsFS" in text or "load balancer" in text or "HdfsObjectStore" in text:
        return StoreUnavailable(
            f"{place}: its file system cannot be written to directly from here. Set HOPSWORKS_WRITE_PATH=kafka."
        )
    if names & {"EOFError"}:
        return SettingError(f"{place} without asking a question. Set HOPSWORKS_PROJECT to the project to use.")
    if names & {
        "FeatureStoreException",
        "ModelRegistryException",
        "DatasetException",
        "JobExecutionException",
    } or names & {
        "CommitFailedError",
        "DeltaError",
        "TableNotFoundError",
    }:
        return StoreError(f"{place}: {_short(text)}. Run `python -m pipelines doctor` and try again.")
    return None


def _said(error: BaseException) -> str:
    messages = (getattr(cause, "user_message", "") for cause in causes(error))
    return next((str(message) for message in messages if message), "no reason given").rstrip(".")


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
