"""Arrivals that a source sends, and a stretch of the past that is played as if it sent it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd

from pipelines.datasets.sources import Source
from pipelines.errors import SourceError

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

# A source that is down for longer is asked again by the next run, which loses nothing.
DEADLINE, ATTEMPTS = timedelta(minutes=2), 6
LONGEST_PAUSE = 30  # seconds, where the source asks for none
CONNECT_SECONDS, READ_SECONDS = 10, 30
TRANSIENT_STATUS = (408, 425, 429, 500, 502, 503, 504)
REASON_SHOWN = 200

JsonObject = Mapping[str, Any]


def _forget(answer: bytes) -> None:
    """Keep no copy of an answer."""


def _suffices(access: "Access") -> None:
    """Any access will do."""


class _Fault(Exception):
    """Why an answer cannot be used, where the next may be better; `after` is the pause in seconds that it asks for."""

    def __init__(self, what: str, after: float = 0.0) -> None:
        super().__init__(what)
        self.after = after


@dataclass(frozen=True)
class Access:
    """How sources are asked in this run.

    Attributes
    ----------
    now
        The clock of the run (UTC): nothing that became known later may be told.
    place
        What is asked for, where a source has many places; empty where nobody has set one.
    endpoint
        Asked in the place of a source's own host: a mirror, or a stand-in.
    token
        The key of a source that wants one.
    keep
        Takes a copy of each answer as it came.
    sleep
        Waits so many seconds between two attempts.
    """

    now: datetime
    place: str = ""
    endpoint: str = ""
    token: str = field(default="", repr=False)
    keep: Callable[[bytes], None] = field(default=_forget, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def get(self, url: str, params: Mapping[str, str]) -> JsonObject:
        """The JSON object that an address answers with, after as many attempts as fit into two minutes.

        Raises
        ------
        SourceError
            The source refuses, or gives no answer that can be used.
        """
        try:
            content, answer = _attempts(self.sleep)(self._once, self._address(url), params)
        except _Fault as fault:
            raise SourceError(
                f"The source {urlsplit(self._address(url)).netloc} gives no answer that can be used: {fault}. Nothing "
                "was changed; the next run asks for the same days again."
            ) from fault
        self.keep(content)
        return answer

    def _address(self, url: str) -> str:
        return self.endpoint.rstrip("/") + urlsplit(url).path if self.endpoint else url

    def _once(self, address: str, params: Mapping[str, str]) -> tuple[bytes, JsonObject]:
        import requests  # noqa: PLC0415 - only a run that asks a source needs it

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = requests.get(address, params, headers=headers, timeout=(CONNECT_SECONDS, READ_SECONDS))
        except requests.RequestException as error:
            raise _Fault(f"it cannot be reached, or breaks off ({type(error).__name__})") from error
        if answer.status_code in TRANSIENT_STATUS:
            raise _Fault(f"HTTP {answer.status_code}", after=_seconds(answer.headers.get("Retry-After", "")))
        if not answer.ok:
            raise SourceError(
                f"The source {urlsplit(address).netloc} refuses with HTTP {answer.status_code}: "
                f"{answer.text[:REASON_SHOWN]!r}. Correct what is asked for, or its key in SOURCE_TOKEN."
            )
        try:
            content = answer.json()
        except ValueError as error:
            raise _Fault(f"it sends no JSON but {answer.text[:40]!r}, which may be cut off") from error
        if not isinstance(content, dict):
            raise SourceError(f"The source {urlsplit(address).netloc} answers with a list, not with an object.")
        return answer.content, content


def _attempts(sleep: Callable[[float], None]) -> "Retrying":
    # Only a run that asks a source needs it; a Space, which reads the same data sets, does not have it.
    from tenacity import (  # noqa: PLC0415
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        stop_before_delay,
        wait_random_exponential,
    )

    usual = wait_random_exponential(multiplier=1, max=LONGEST_PAUSE)

    def pause(state: "RetryCallState") -> float:
        fault = state.outcome.exception() if state.outcome else None
        return max(fault.after if isinstance(fault, _Fault) else 0.0, usual(state))

    return Retrying(
        retry=retry_if_exception_type(_Fault),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(DEADLINE),
        wait=pause,
        sleep=sleep,
        reraise=True,
    )


def _seconds(text: str) -> float:
    """The seconds that a source asks to wait; a date, which few send, counts as none."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


# From an access and a first and last day to text cells with `event_time`, None for what is not known yet.
History = Callable[[Access], Source]
Fetch = Callable[[Access, date, date], pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Arrivals that a live source sends.

    Attributes
    ----------
    fetch
        What the source tells now of the days from one to another, both among them: text cells with `event_time`, None
        for what is not known yet.
    history
        The source of a backfill, asked once.
    check
        Raises `SettingError` where a setting is missing that the source cannot be asked without.
    settle
        For how long after a day the source may still send rows, outcomes and corrections of it.
    behind
        How long after its beginning a day is whole.
    """

    fetch: Fetch = field(repr=False)
    history: History | None = field(default=None, repr=False)
    check: Callable[[Access], None] = field(default=_suffices, repr=False)
    settle: timedelta = timedelta(days=7)
    behind: timedelta = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A stretch of the past, the days from `first` to `last`, that the demo plays as if a source sent it day by day."""

    fetch: Fetch = field(repr=False)
    first: date
    last: date
    settle: timedelta = timedelta(days=7)
    behind: timedelta = timedelta(0)
