"""`champions.json`: the champion log of each task, oldest entry first.

Written as `{"schema_version": 1, "champions": {task: [entry]}}`; a store of November 2026 has `{task: [entry]}`.
"""

import json
from typing import Any, TypedDict

from pipelines.documents.values import parse

SCHEMA_VERSION = 1


class ChampionFields(TypedDict):
    """One entry: the version (null where the champion was withdrawn), when (ISO, UTC), who made it champion and why."""

    version: int | None
    when: str
    who: str
    reason: str


class ChampionLogFile(TypedDict):
    """The log of one task, as Hopsworks keeps it."""

    log: list[ChampionFields]


class _Champions(TypedDict):
    schema_version: int
    champions: dict[str, list[ChampionFields]]


ChampionLogs = dict[str, list[ChampionFields]]


def parse_champions(content: bytes) -> ChampionLogs:
    """The log of each task, or `Damaged`."""
    whole = parse(content, dict[str, Any], SCHEMA_VERSION)
    return parse(content, _Champions)["champions"] if "schema_version" in whole else parse(content, ChampionLogs)


def champions_text(logs: ChampionLogs) -> bytes:
    """The same as JSON text."""
    document = {"schema_version": SCHEMA_VERSION, "champions": logs}
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
