"""Every environment variable, read and checked in this one place."""

import base64
import html
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from pipelines.errors import SettingError
from pipelines.wording import readable

STORES = ("embedded", "hopsworks")
ENGINES = ("local", "spark")
WRITE_PATHS = ("kafka", "delta")
# What a Space of this project can run on: the free processor, or borrowed graphics cards; empty leaves it to the plan.
HARDWARE = ("cpu-basic", "zero-a10g")
DEFAULT_PORT, LARGEST_PORT = 443, 65535
GITHUB = "https://github.com"

# A name as in a DNS or an address of version 4, or one of version 6 in brackets.
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_REPOSITORY = re.compile(r"([\w-]+/)?\w[\w.-]{0,95}", re.ASCII)
# As spark.master is written: this machine, a cluster by its address, or the one that Hadoop is configured for.
_SPARK_MASTER = re.compile(r"local(-cluster)?(\[[\d*,]+\])?|yarn|(spark|k8s)://\S+")
_DATASET = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# What an HTTP header can carry; everything else is a paste that went wrong.
_SECRET = re.compile(r"[!-~]*")
# What is written down or sent as it is, so that it has to be text; a file may have a name of any bytes.
_TEXTS = ("HOPSWORKS_PROJECT", "HF_NAMESPACE", "HF_ENDPOINT", "SOURCE_ENDPOINT", "WEATHER_PLACE", "RUN_URL",
          "GITHUB_SERVER_URL", "GITHUB_SHA", "GITHUB_API_URL")  # fmt: skip
REDACTED = "[redacted]"
# As much of a wrong value as a sentence can quote.
_QUOTED = 60


@dataclass(frozen=True)
class HopsworksSettings:
    """How to reach Hopsworks, and whom to take for it. `api_key` never shows in a representation.

    `in_cluster` is of a program that Hopsworks itself runs: it is let in without a key, and knows where it is.
    """

    api_key: str = field(default="", repr=False)
    host: str = ""
    port: int = DEFAULT_PORT
    project: str = ""
    write_path: str = "kafka"
    ca_bundle: Path | None = None
    verified: bool = True
    in_cluster: bool = False


@dataclass(frozen=True)
class HubSettings:
    """How to reach the Hugging Face Hub. `token` never shows in a representation.

    `dataset` is the repository that the record goes to, with its namespace or without; empty where it goes nowhere.
    """

    token: str = field(default="", repr=False)
    namespace: str = ""
    endpoint: str = "https://huggingface.co"
    hardware: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class GitHubSettings:
    """Which repository on GitHub, and how to ask about it. `token` never shows in a representation."""

    repository: str = ""
    token: str = field(default="", repr=False)
    endpoint: str = "https://api.github.com"


@dataclass(frozen=True)
class SourceSettings:
    """How live sources are asked. `token` never shows in a representation.

    `endpoint` stands in for the host of a source: a mirror, or a test; `place` is where the weather is asked for.
    """

    token: str = field(default="", repr=False)
    endpoint: str = ""
    place: str = ""


@dataclass(frozen=True)
class RunSettings:
    """Who runs this, where its log and its repository are, and where a job summary goes; on a laptop only `who`."""

    who: str = "unknown"
    url: str = ""
    repository: str = ""
    commit: str = ""
    summary_file: Path | None = None
    on_actions: bool = False


@dataclass(frozen=True)
class Settings:
    """The whole configuration of one run."""

    store: str
    store_dir: Path
    hopsworks: HopsworksSettings
    hub: HubSettings
    run: RunSettings
    github: GitHubSettings = field(default_factory=GitHubSettings)
    source: SourceSettings = field(default_factory=SourceSettings)
    engine: str = "local"
    spark_master: str = ""

    def redacted(self, text: str) -> str:
        """The text without what never shows in a representation, also where it is written as servers repeat it."""
        parts = [part for each in fields(self) if is_dataclass(part := getattr(self, each.name))]
        secrets = [getattr(part, each.name) for part in parts for each in fields(part) if not each.repr]
        # Longest first, since one may begin another.
        for written in sorted({form for secret in filter(None, secrets) for form in _forms(secret)}, key=len)[::-1]:
            text = text.replace(written, REDACTED)
        return text


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    An empty variable counts as unset: that is how GitHub Actions passes a secret that does not exist.

    Raises
    ------
    SettingError
        A variable has a value that is not allowed; the sentence names it and what is allowed.
    """
    values = {name: text.strip() for name, text in (os.environ if environ is None else environ).items()}
    for name in _TEXTS:
        if readable(text := values.get(name, "")) != text:
            raise _wrong(name, readable(text), "it must be UTF-8 text. Set it again or unset it.")
    api_key = _secret(values, "HOPSWORKS_API_KEY")
    return Settings(
        store=_choice(values, "STORE", STORES, default="hopsworks" if api_key else "embedded"),
        store_dir=_path(values, "STORE_DIR") or _absolute("STORE_DIR", Path("store")),
        engine=_choice(values, "ENGINE", ENGINES, default="local"),
        spark_master=_spark_master(values),
        hopsworks=_hopsworks_settings(values, api_key),
        hub=HubSettings(
            token=_secret(values, "HF_TOKEN"),
            namespace=values.get("HF_NAMESPACE", ""),
            endpoint=values.get("HF_ENDPOINT") or HubSettings.endpoint,
            hardware=_choice(values, "HF_HARDWARE", HARDWARE, default=""),
            dataset=_repository(values, "HF_DATASET"),
        ),
        source=SourceSettings(
            token=_secret(values, "SOURCE_TOKEN"),
            endpoint=_endpoint(values, "SOURCE_ENDPOINT"),
            place=values.get("WEATHER_PLACE", ""),
        ),
        run=_run_settings(values),
        github=GitHubSettings(
            repository=_github_repository(values),
            token=_secret(values, "GITHUB_TOKEN"),
            endpoint=(values.get("GITHUB_API_URL") or GitHubSettings.endpoint).rstrip("/"),
        ),
    )


def read_job_settings(write_path: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a program that Hopsworks runs as a job; without an API key it is let in by the cluster.

    There the environment is the cluster's own, in which variables of these names need not mean what they do here.
    """
    values = os.environ if environ is None else environ
    given = read_settings(values if values.get("HOPSWORKS_API_KEY") else {})
    inside = not given.hopsworks.api_key
    return replace(given, hopsworks=replace(given.hopsworks, write_path=write_path, in_cluster=inside))


def read_active(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The names of the data sets that are active: `DATASETS`, with commas or blanks between them; none for all.

    Raises
    ------
    SettingError
        It cannot be a list of names.
    """
    text = (os.environ if environ is None else environ).get("DATASETS", "")
    names = tuple(dict.fromkeys(text.replace(",", " ").split()))
    odd = [name for name in names if not _DATASET.fullmatch(name)]
    if odd:
        raise _wrong("DATASETS", text, "it must be names of data sets, such as: iris, wine. Correct it or unset it.")
    return names


def _hopsworks_settings(values: Mapping[str, str], api_key: str) -> HopsworksSettings:
    host, port = _address(values)
    return HopsworksSettings(
        api_key=api_key,
        host=host,
        port=port,
        project=values.get("HOPSWORKS_PROJECT", ""),
        write_path=_choice(values, "HOPSWORKS_WRITE_PATH", WRITE_PATHS, default="kafka"),
        ca_bundle=_path(values, "HOPSWORKS_CA_BUNDLE"),
        verified=_choice(values, "HOPSWORKS_HOSTNAME_VERIFICATION", ("true", "false"), default="true") == "true",
    )


def _run_settings(values: Mapping[str, str]) -> RunSettings:
    summary, repository = values.get("GITHUB_STEP_SUMMARY"), values.get("GITHUB_REPOSITORY")
    return RunSettings(
        who=readable(values.get("GITHUB_ACTOR") or _git_name() or values.get("USER") or RunSettings.who),
        url=values.get("RUN_URL", ""),
        repository=f"{values.get('GITHUB_SERVER_URL', GITHUB)}/{repository}" if repository else "",
        commit=values.get("GITHUB_SHA", ""),
        summary_file=Path(summary) if summary else None,
        on_actions=values.get("GITHUB_ACTIONS") == "true",
    )


def _repository(values: Mapping[str, str], name: str) -> str:
    text = values.get(name, "")
    if text and not _REPOSITORY.fullmatch(text):
        raise _wrong(
            name, text, "it must be the name of a repository, such as wine-record or my-team/wine-record: letters, "
            "digits, '-', '_' and '.'. Correct it or unset it.",
        )  # fmt: skip
    return text


def _github_repository(values: Mapping[str, str]) -> str:
    text = values.get("GITHUB_REPOSITORY", "")
    if text and not _REPOSITORY.fullmatch(text):
        raise _wrong(
            "GITHUB_REPOSITORY", text, "it must be an owner and a name, such as ada/wines. Correct or unset it."
        )
    return text


def _git_name() -> str:
    """What git calls the person at this machine; empty where it does not know or is not there."""
    try:
        told = subprocess.run(["git", "config", "user.name"], capture_output=True, check=False)
    except OSError:
        return ""
    return told.stdout.decode(errors="replace").strip()


def _choice(values: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = (values.get(name) or default).lower()
    if value and value not in allowed:
        raise _wrong(name, values[name], f"it can be {' or '.join(allowed)}. Set one of these or unset it.")
    return value


def _spark_master(values: Mapping[str, str]) -> str:
    text = values.get("SPARK_MASTER", "")
    if text and not _SPARK_MASTER.fullmatch(text):
        raise _wrong(
            "SPARK_MASTER", text, "it must be the address of a cluster, such as spark://host:7077. Correct or unset it."
        )
    return text


def _secret(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not _SECRET.fullmatch(value):
        raise SettingError(
            f"{name} holds a blank, a line end or a letter that no key has. Copy the key again, as one line, into it."
        )
    return value


def _forms(secret: str) -> Iterator[str]:
    """How a secret may be written: as it is, in JSON and in JSON inside JSON, an address, HTML, or base64."""
    in_json = json.dumps(secret)[1:-1]
    yield from (secret, in_json, json.dumps(in_json)[1:-1], quote(secret), quote(secret, safe=""), html.escape(secret))
    yield base64.b64encode(secret.encode()).decode("ascii").rstrip("=")


def _endpoint(values: Mapping[str, str], name: str) -> str:
    text = values.get(name, "")
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        right = None
    if text and not right:
        raise _wrong(name, text, "it must begin with http:// or https:// and name a host. Correct it or unset it.")
    return text


def _path(values: Mapping[str, str], name: str) -> Path | None:
    text = values.get(name, "").strip("\"'")
    if "://" in text:
        raise _wrong(name, text, "it must be a path on this machine, not an address. Correct it or unset it.")
    try:
        return _absolute(name, Path(text).expanduser()) if text else None
    except RuntimeError as error:
        raise _wrong(name, text, "there is no home folder of that name. Write the path in full.") from error


def _absolute(name: str, path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError as error:
        raise SettingError(
            f"The folder that this runs in is gone. Change to one that exists, or set {name} to a full path."
        ) from error


def _address(values: Mapping[str, str]) -> tuple[str, int]:
    """The host and the port, also where the address is pasted from a browser: `https://host:port/p/119/view`."""
    pasted = values.get("HOPSWORKS_HOST", "").strip("\"'")
    port = values.get("HOPSWORKS_PORT", "")
    try:
        parts = urlsplit(pasted if "://" in pasted else f"//{pasted}")
        own_port = parts.port
    except ValueError as error:
        raise _no_host(pasted) from error
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if pasted and not _HOST.fullmatch(host):
        raise _no_host(pasted)
    if own_port == 0:
        raise _no_host(pasted)
    if own_port and port and own_port != _port("HOPSWORKS_PORT", port):
        raise _wrong("HOPSWORKS_HOST", pasted, f"its port is not the {port} of HOPSWORKS_PORT. Unset one of the two.")
    return host, own_port or _port("HOPSWORKS_PORT", port or str(DEFAULT_PORT))


def _no_host(pasted: str) -> SettingError:
    return _wrong("HOPSWORKS_HOST", pasted, "it must be the name of a host, such as c.app.hopsworks.ai. Correct it.")


def _port(name: str, text: str) -> int:
    short_enough = len(text) <= len(str(LARGEST_PORT))
    if not (short_enough and text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_PORT):
        raise _wrong(name, text, f"it must be a port number from 1 to {LARGEST_PORT}. Correct it or unset it.")
    return int(text)


def _wrong(name: str, value: str, remedy: str) -> SettingError:
    shown = repr(value) if len(value) <= _QUOTED else f"{value[:_QUOTED]!r}... ({len(value)} characters)"
    return SettingError(f"{name} is {shown}; {remedy}")
