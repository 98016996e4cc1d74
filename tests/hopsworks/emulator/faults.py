"""Misbehaviour on demand: rules that match a request and say what goes wrong with it."""

import re
import threading
from dataclasses import dataclass
from typing import Literal

Stage = Literal["before", "after", "partial"]


@dataclass
class Fault:
    """One rule. The first that matches a request, and is not used up, applies.

    Attributes
    ----------
    path
        A regular expression found anywhere in `METHOD path?query`, unquoted; for Flight `FLIGHT do-get`,
        `FLIGHT get-flight-info`, `FLIGHT healthcheck` and so on.
    status
        The HTTP status to answer with, with `code` as error code. For Flight: 503 is unavailable, 429 is busy,
        any other an internal error.
    delay
        Seconds before anything else happens.
    drop
        `before`: reset the connection instead of handling the request. `after`: handle it, then reset.
        `partial`: handle it, send half of the answer, then reset.
    retry_after
        Seconds that the answer asks to wait.
    times, skip
        How many matching requests it applies to (-1: all), after how many that it leaves alone.
    """

    path: str
    status: int = 0
    code: int = 0
    body: str | None = None
    delay: float = 0.0
    drop: Stage | None = None
    retry_after: int = 0
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        re.compile(self.path)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, rule: Fault) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, request: str) -> Fault | None:
        """The rule for this request, counted as used."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not re.search(rule.path, request):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= rule.times > 0
                return rule
        return None
