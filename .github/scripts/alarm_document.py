"""The alarms as `python -m pipelines alarms --json` tells them, read as data whose texts may say anything."""
# ruff: noqa: INP001 - a module beside the workflows

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quiet import quiet

FILE = "alarms.json"
# Each data set can have five or so; more of them than this are no alarms but a broken document.
MOST_ALARMS = 100
# A pipeline that does not run has an issue of its own, from upkeep.py.
TOLD_ELSEWHERE = frozenset({"late"})
_SUBJECT = re.compile(r"[a-z]{1,20}( [a-z][a-z0-9_]{0,62})?")
_TASK = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PICTURE = re.compile(r"dashboard/[a-z][a-z0-9_]{0,62}/[a-z]{1,20}\.png")


class AlarmsError(Exception):
    """A document that is none: nothing is known about the alarms, and no issue is touched."""


@dataclass(frozen=True)
class Alarm:
    """One alarm as `python -m pipelines alarms --json` tells it; texts may say anything."""

    subject: str
    kind: str
    dataset: str
    title: str
    detail: str
    advice: str
    false_alarms: str
    tasks: Sequence[str]
    parts: Sequence[str]
    picture: Mapping[str, str] | None = field(default=None)

    @property
    def mark(self) -> str:
        """What its issue is recognised by."""
        return f"<!-- alarm {self.subject} -->"

    @property
    def state(self) -> str:
        """What it concerns; numbers that move leave it the same."""
        told = json.dumps([sorted(self.tasks), sorted(self.parts)]).encode()
        return f"<!-- alarm-state {hashlib.sha256(told).hexdigest()[:12]} -->"


def read_alarms(content: bytes) -> list[Alarm]:
    """The alarms of a document.

    Raises
    ------
    AlarmsError
        It is not what `alarms --json` prints.
    """
    try:
        document = json.loads(content)
        pictured = document["store"]["kind"] == "embedded"
        alarms = [_alarm(each, pictured=pictured) for each in document["alarms"] if each["kind"] not in TOLD_ELSEWHERE]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AlarmsError(f"{FILE} is not what `alarms --json` prints: {quiet(repr(error))}.") from error
    if document["schema_version"] != 1 or len(alarms) > MOST_ALARMS:
        raise AlarmsError(f"{FILE} has {len(alarms)} alarms in version {quiet(document['schema_version'])}.")
    return alarms


def _alarm(told: Mapping[str, Any], *, pictured: bool) -> Alarm:
    if not _SUBJECT.fullmatch(told["subject"]):
        raise ValueError(told["subject"])
    picture = told["picture"] if pictured else None
    if picture is not None and not _PICTURE.fullmatch(picture["file"]):
        raise ValueError(picture["file"])
    texts = {name: str(told[name]) for name in ("kind", "dataset", "title", "detail", "advice", "false_alarms")}
    parts = [*map(str, told["parts"])]
    return Alarm(told["subject"], **texts, tasks=[*map(_task, told["tasks"])], parts=parts, picture=picture)


def _task(name: str) -> str:
    if not _TASK.fullmatch(name):
        raise ValueError(name)
    return name
