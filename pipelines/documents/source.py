"""`sources/<data set>.json`: what a data set was backfilled from."""

import json
from typing import NotRequired, TypedDict

from pipelines.documents.values import parse

SCHEMA_VERSION = 1


class SourceInfo(TypedDict):
    """A backfilled source. `distinguishable`: whether equal rows count as one sample."""

    sha256: str
    name: str
    rows: int
    distinguishable: NotRequired[bool]
    at: str


def parse_source(content: bytes) -> SourceInfo:
    """A `sources/*.json`, or `Damaged`."""
    return parse(content, SourceInfo, SCHEMA_VERSION)


def source_text(info: SourceInfo) -> bytes:
    """The same as JSON text."""
    return (json.dumps({"schema_version": SCHEMA_VERSION, **info}, indent=2, ensure_ascii=False) + "\n").encode()
