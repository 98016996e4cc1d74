"""What the client's errors mean: one sentence of our own that names the remedy."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from pipelines.errors import PipelineError, StoreError, StoreUnavailable
from pipelines.settings import HopsworksSettings

_SCOPES = "project, job, featurestore, modelregistry, dataset.view, dataset.create, dataset.delete and kafka"

_STATUS = {
    HTTPStatus.UNAUTHORIZED: (
        "it does not know the API key. Put a valid key into the secret HOPSWORKS_API_KEY, "
        "and see that HOPSWORKS_HOST is the cluster that made it."
    ),
    HTTPStatus.FORBIDDEN: (
        f"the API key may not do this ({{said}}). Make a key with the scopes {_SCOPES} "
        "for a member of the project, and put it into the secret HOPSWORKS_API_KEY."
    ),
}


@dataclass(frozen=True)
class _Rule:
    """Errors that have one of these types, or one of these words in their text, and what to say then."""

    types: tuple[str, ...]
    words: tuple[str, ...]
    kind: type[PipelineError]
    sentence: str


# What these mean is clearer than the status with which they came.
_SPECIAL = (
    _Rule(
        ("ProjectException",),
        (),
        StoreUnavailable,
        "it has no such project for this API key. Set HOPSWORKS_PROJECT to one that the key's owner is a member of.",
    ),
    _Rule(
        (),
        ("HopsFS", "load balancer", "HdfsObjectStore"),
        StoreUnavailable,
        "its file system cannot be written to directly from here. Set HOPSWORKS_WRITE_PATH=kafka.",
    ),
)

# The first that fits is taken.
_RULES = (
    _Rule(
        ("SSLError", "HopsworksSSLClientError"),
        (),
        StoreUnavailable,
        "its certificate is not trusted ({text}), so the API key was not sent. Set HOPSWORKS_HOST to the name that the "
        "certificate is for, and HOPSWORKS_CA_BUNDLE to the CA file of a cluster that has an authority of its own.",
    ),
    _Rule(
        ("KafkaException",),
        (),
        StoreUnavailable,
        "its Kafka brokers do not take the rows ({text}). Ask for their external listeners to be reachable from here, "
        "or set HOPSWORKS_WRITE_PATH=delta; then run this again, no row is written twice.",
    ),
    _Rule(
        ("FlightUnavailableError", "FlightTimedOutError", "FlightInternalError", "FlightServerError", "FlightError"),
        ("Hopsworks Query Service", "'_server_version'"),
        StoreUnavailable,
        "its query service (Arrow Flight, port 5005) does not answer as it should ({text}). "
        "Ask for that port to be reachable from here, and run this again.",
    ),
    _Rule(
        ("ConnectionError", "Timeout", "ReadTimeout", "ConnectTimeout", "ChunkedEncodingError", "Incomplete"),
        (),
        StoreUnavailable,
        "it cannot be reached, or breaks off ({text}). Check HOPSWORKS_HOST and HOPSWORKS_PORT, "
        "and run this again later.",
    ),
    _Rule(
        ("JSONDecodeError",),
        (),
        StoreUnavailable,
        "what answers does not speak its language. Check HOPSWORKS_HOST and HOPSWORKS_PORT.",
    ),
    _Rule(
        (
            "FeatureStoreException",
            "ModelRegistryException",
            "DatasetException",
            "EnvironmentException",
            "JobException",
            "CommitFailedError",
            "DeltaError",
        ),
        (),
        StoreError,
        "{text}. Run `python -m pipelines doctor` and try again.",
    ),
)

# What the packages of the client raise when an answer is something else.
_TRIPPED = (TypeError, KeyError, AttributeError, ValueError, IndexError)
_CLIENT = {"hopsworks", "hopsworks_common", "hsfs", "hsml"}

_TLS = {"SSLError", "HopsworksSSLClientError"}

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


def is_broken_off(error: BaseException) -> bool:
    """Whether a TLS connection ended in the middle, which looks like an error of TLS but is one of the network."""
    return any(type(cause).__name__ in _TLS and "EOF" in str(cause) for cause in causes(error))


def is_untrusted(error: BaseException) -> bool:
    """Whether the certificate, or the protocol, is not what it should be; trying again does not help."""
    return any(type(cause).__name__ in _TLS for cause in causes(error)) and not is_broken_off(error)


def is_empty_group(error: BaseException) -> bool:
    """Whether the error only says that nothing was ever written to the feature group."""
    return any(text in str(cause) for cause in causes(error) for text in _NO_DATA)


def explain(error: BaseException, what: str, settings: HopsworksSettings) -> PipelineError | None:
    """The error to raise instead, or None where this is a defect that should be seen as it is."""
    place = f"Hopsworks at {settings.host or 'its default host'}:{settings.port} could not {what}"
    status = status_of(error)
    if _is_tripped_over(error):
        return StoreUnavailable(
            f"{place}: its answer is not what the client understands ({type(error).__name__}). Check HOPSWORKS_HOST "
            "and HOPSWORKS_PORT, and run `python -m pipelines doctor`, which compares the versions."
        )
    rule = _fitting(_SPECIAL if status else (*_SPECIAL, *_RULES), error)
    if rule is not None:
        return rule.kind(f"{place}: {rule.sentence.format(text=_reason(error))}")
    if status is None:
        return None
    kind, sentence = _by_status(status)
    return kind(f"{place}: {sentence.format(said=_said(error), status=status)}")


def _fitting(rules: tuple[_Rule, ...], error: BaseException) -> _Rule | None:
    names = {type(cause).__name__ for cause in causes(error)}
    if is_broken_off(error):
        names = (names - _TLS) | {"ConnectionError"}
    text = " ".join(str(cause) for cause in causes(error))
    fitting = (rule for rule in rules if names & set(rule.types) or any(word in text for word in rule.words))
    return next(fitting, None)


def _is_tripped_over(error: BaseException) -> bool:
    """Whether the client took an answer for something else; the same error in our own code is a defect."""
    if not isinstance(error, _TRIPPED) or _fitting((*_SPECIAL, *_RULES), error):
        return False
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    modules = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    ours = len(modules) - modules[::-1].index("pipelines") if "pipelines" in modules else 0
    return bool(_CLIENT.intersection(modules[ours:]))


def _by_status(status: int) -> tuple[type[PipelineError], str]:
    if status in _STATUS:
        return StoreUnavailable, _STATUS[HTTPStatus(status)]
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return StoreUnavailable, "it answers {status} ({said}). Run this again later; nothing is lost."
    return StoreError, (
        "it answers {status} ({said}). "
        "Run `python -m pipelines doctor`, which tries each part of the connection in turn."
    )


def _said(error: BaseException) -> str:
    messages = (getattr(cause, "user_message", "") for cause in causes(error))
    return next((str(message) for message in messages if message), "no reason given").rstrip(".")


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")


def _reason(error: BaseException) -> str:
    """What an error is about; of a certificate, what is wrong with it rather than what the client advises."""
    certificate = re.search(r"certificate verify failed: (.+?) \(_ssl", " ".join(str(cause) for cause in causes(error)))
    return _short(certificate[1] if certificate else str(error))
