"""`decisions/<task>.json`: the version that was decided on last, and why as it was."""

import json
from typing import TypedDict

from pipelines.documents.values import parse

SCHEMA_VERSION = 1


class DecisionInfo(TypedDict):
    """A decision on whether a version becomes the champion, in the sentence that people read."""

    version: int
    sentence: str


def parse_decision(content: bytes) -> DecisionInfo:
    """A `decisions/*.json`, or `Damaged`."""
    return parse(content, DecisionInfo, SCHEMA_VERSION)


def decision_text(info: DecisionInfo) -> bytes:
    """The same as JSON text."""
    return (json.dumps({"schema_version": SCHEMA_VERSION, **info}, indent=2, ensure_ascii=False) + "\n").encode()
