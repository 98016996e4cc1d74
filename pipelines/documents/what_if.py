"""`dashboard/what_if.json.gz`: a simulated month for each thing that can go wrong, day by day.

A frame has what `dashboard/metrics.json` would have said on that day, without what only the folded parts show. Courses
stand once, for all days, and are cut at the day that is looked at.
"""

import gzip
import json
from typing import Literal, NotRequired, TypedDict

from pipelines.documents.metrics import DataPart, DayPart, DayScores, Parts, TaskPart, in_order
from pipelines.documents.values import Damaged, parse

WHAT_IF_FILE = "dashboard/what_if.json.gz"
SCHEMA_VERSION = 1

# The trouble begins, the first alarm goes off, another version answers, the one before is back, the source is mended.
EventKind = Literal["begins", "alarm", "haste", "back", "mended"]


class Event(TypedDict):
    """What happened on a day, counted from 1, and to which tasks; none named is all."""

    day: int
    kind: EventKind
    tasks: list[str]


class Frame(TypedDict):
    """The state after one day: the parts of data sets and tasks that the front tells."""

    day: int
    datasets: dict[str, DataPart]
    tasks: dict[str, DayPart]


class Story(TypedDict):
    """One month: its days in order, the course of the deciding score by task, and what happened."""

    frames: list[Frame]
    over_time: dict[str, list[DayScores]]
    events: list[Event]


class WhatIf(TypedDict):
    """All of the file: the months by the name of their scenario; `made_from` tells when they have to be made again."""

    schema_version: int
    made_from: str
    days: int
    stories: dict[str, Story]
    # The titles of the tasks for which no month is played.
    left_out: NotRequired[list[str]]


def parse_what_if(content: bytes) -> WhatIf:
    """The stored months, or `Damaged`."""
    try:
        text = gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise Damaged(f"it is no gzip file ({error})") from error
    return parse(text, WhatIf, SCHEMA_VERSION)


def what_if_bytes(document: WhatIf) -> bytes:
    """The same as compressed JSON; the same document gives the same bytes."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode(), mtime=0)


def document_of(story: Story, frame: Frame) -> Parts:
    """What `dashboard/metrics.json` would have said on the day of a frame, as far as the front tells it."""
    tasks = {name: _task_of(part, story["over_time"][name]) for name, part in in_order(frame).items()}
    return {"datasets": frame["datasets"], "tasks": tasks}


def _task_of(part: DayPart, course: list[DayScores]) -> TaskPart:
    """The part of a task on its day, with nothing where only the folded parts tell something."""
    return {
        **part,
        "versions": [], "created": None, "decision": None, "decision_cost": None, "baseline": {}, "gap": {},
        "by_version": [], "challenger": None, "pictures": {},
        "calibration": {"enough": False, "n": 0, "bins": [], "error": None, "chance": None},
        "expectation": {"over_time": [], "windows": 0, "held": 0},
        "over_time": [point for point in course if str(point["day"]) <= str(part["newest_day"])],
    }  # fmt: skip
