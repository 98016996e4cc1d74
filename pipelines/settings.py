"""Every environment variable, read and checked in this one place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import SettingError

STORES = ("embedded", "hopsworks")
WRITE_PATHS = ("kafka", "delta")
LARGEST_PORT = 65535


@dataclass(frozen=True)
class HopsworksSettings:
    """How to reach Hopsworks. `api_key` never shows in a representation."""

    api_key: str = field(default="", repr=False)
    host: str = ""
    port: int = 443
    project: str = ""
    write_path: str = "kafka"


@dataclass(frozen=True)
class HubSettings:
    """How to reach the Hugging Face Hub. `token` never shows in a representation."""

    token: str = field(default="", repr=False)
    namespace: str = ""
    endpoint: str = "https://huggingface.co"


@dataclass(frozen=True)
class RunSettings:
    """Who runs this, where its log is, and where a job summary goes; all empty on a laptop but `who`."""

    who: str = "unknown"
    url: str = ""
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


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    An empty variable counts as unset: that is how GitHub Actions passes a secret that does not exist.

    Raises
    ------
    SettingError
        A variable has a value that is not allowed; the sentence names it and what is allowed.
    """
    values = {name: text.strip() for name, text in (os.environ if environ is None else environ).items()}
    api_key = values.get("HOPSWORKS_API_KEY", "")
    return Settings(
        store=_choice(values, "STORE", STORES, default="hopsworks" if api_key else "embedded"),
        store_dir=Path(values.get("STORE_DIR") or "store").absolute(),
        hopsworks=HopsworksSettings(
            api_key=api_key,
            host=values.get("HOPSWORKS_HOST", ""),
            port=_port(values, "HOPSWORKS_PORT"),
            project=values.get("HOPSWORKS_PROJECT", ""),
            write_path=_choice(values, "HOPSWORKS_WRITE_PATH", WRITE_PATHS, default="kafka"),
        ),
        hub=HubSettings(
            token=values.get("HF_TOKEN", ""),
            namespace=values.get("HF_NAMESPACE", ""),
            endpoint=values.get("HF_ENDPOINT") or HubSettings.endpoint,
        ),
        run=_run_settings(values),
    )


def _run_settings(values: Mapping[str, str]) -> RunSettings:
    summary = values.get("GITHUB_STEP_SUMMARY")
    return RunSettings(
        who=values.get("GITHUB_ACTOR") or values.get("USER") or RunSettings.who,
        url=values.get("RUN_URL", ""),
        commit=values.get("GITHUB_SHA", ""),
        summary_file=Path(summary) if summary else None,
        on_actions=values.get("GITHUB_ACTIONS") == "true",
    )


def _choice(values: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = values.get(name) or default
    if value not in allowed:
        raise SettingError(f"{name} is {value!r}; it can be {' or '.join(allowed)}. Set one of these or unset it.")
    return value


def _port(values: Mapping[str, str], name: str) -> int:
    text = values.get(name) or "443"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LARGEST_PORT:
        raise SettingError(
            f"{name} is {text!r}; it must be a port number from 1 to {LARGEST_PORT}. Correct it or unset it."
        )
    return int(text)
