"""`backfills/<data set>.json`: the newest backfill of a data set, and whether it came to its end."""

import json
from typing import TypedDict

from pipelines.documents.values import parse

SCHEMA_VERSION = 1


class BackfillInfo(TypedDict):
    """A backfill from a source; `replace` is whether it started over, `history` the checksum of its rows at its end."""

    name: str
    sha256: str
    replace: bool
    history: str | None


def parse_backfill(content: bytes) -> BackfillInfo:
    """A `backfills/*.json`, or `Damaged`."""
    return parse(content, BackfillInfo, SCHEMA_VERSION)


def backfill_text(info: BackfillInfo) -> bytes:
    """The same as JSON text."""
    return (json.dumps({"schema_version": SCHEMA_VERSION, **info}, indent=2, ensure_ascii=False) + "\n").encode()
