"""What if: a month for each thing that can go wrong, kept in the store for the monitor until a champion changes."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines import models
from pipelines.datasets import DataSet, Task, all_datasets, all_tasks
from pipelines.datasets.arrivals import NO_SCENARIO, SCENARIOS
from pipelines.documents import Damaged
from pipelines.documents.what_if import (
    SCHEMA_VERSION,
    WHAT_IF_FILE,
    Event,
    EventKind,
    Story,
    WhatIf,
    parse_what_if,
    what_if_bytes,
)
from pipelines.monitoring.hasty import hasty_model
from pipelines.monitoring.kinds import can_be_played
from pipelines.monitoring.month import DAYS, Player, Stage, played
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, load_version, read_history, tells_rows_apart

# What the months follow from, beside the models.
CODE = ("datasets", "models", "monitoring", "documents", "front")

log = logging.getLogger(__name__)


def refresh_what_if(store: Store) -> bool:
    """Make the months anew where the champions or the code have changed; returns whether it did.

    Raises
    ------
    ModelRefused
        A champion is damaged or was made by other software.
    """
    versions = {
        task: champion_version(store, task)
        for dataset in all_datasets()
        for task in dataset.tasks
        if can_be_played(task)
    }
    champions = {task: version for task, version in versions.items() if version is not None}
    made_from = _made_from(store, champions)
    if not champions or _stored(store) == made_from:
        return False
    log.info("Play what could go wrong, a simulated month each: about a minute, once for these champions")
    stages = [stage for dataset in all_datasets() if (stage := _stage(store, dataset, champions)).players]
    stories = {name: together([played(stage, name) for stage in stages]) for name in SCENARIOS if name != NO_SCENARIO}
    document: WhatIf = {
        "schema_version": SCHEMA_VERSION,
        "made_from": made_from,
        "days": DAYS,
        "stories": stories,
        "left_out": [task.title for task in all_tasks() if not can_be_played(task)],
    }
    store.put_file(WHAT_IF_FILE, what_if_bytes(document))
    return True


def together(stories: Sequence[Story]) -> Story:
    """The months of several data sets as one."""
    days = zip(*(story["frames"] for story in stories), strict=True)
    return {
        "frames": [
            {
                "day": frames[0]["day"],
                "datasets": {name: part for frame in frames for name, part in frame["datasets"].items()},
                "tasks": {name: part for frame in frames for name, part in frame["tasks"].items()},
            }
            for frames in days
        ],
        "over_time": {name: course for story in stories for name, course in story["over_time"].items()},
        "events": _events([event for story in stories for event in story["events"]]),
    }


def _events(events: Sequence[Event]) -> list[Event]:
    """What happened, by day; the same thing on the same day is one event."""
    tasks_of: dict[tuple[int, EventKind], list[str]] = {}
    for event in events:
        tasks_of.setdefault((event["day"], event["kind"]), []).extend(event["tasks"])
    return [{"day": day, "kind": kind, "tasks": tasks} for (day, kind), tasks in sorted(tasks_of.items(), key=_by_day)]


def _by_day(item: tuple[tuple[int, EventKind], list[str]]) -> int:
    return item[0][0]


def _stored(store: Store) -> str:
    """What the stored months were made from; empty where there are none that can be read."""
    content = store.get_file(WHAT_IF_FILE)
    try:
        return parse_what_if(content)["made_from"] if content else ""
    except Damaged:
        return ""


def _made_from(store: Store, champions: Mapping[Task, int]) -> str:
    """A checksum of the champions and of the code."""
    rooms = [Path(models.__file__).parents[1] / room for room in CODE]
    code = hashlib.sha256(b"".join(path.read_bytes() for room in rooms for path in sorted(room.rglob("*.py"))))
    versions = {task.name: store.describe(task.name, version).get("checksum") for task, version in champions.items()}
    return hashlib.sha256(json.dumps([code.hexdigest(), versions], sort_keys=True).encode()).hexdigest()


def _stage(store: Store, dataset: DataSet, champions: Mapping[Task, int]) -> Stage:
    historical, players = read_history(store, dataset), []
    for task in dataset.tasks:
        if task in champions:
            champion = load_version(store, task, champions[task], load=models.load)
            players.append(Player(task, champion, hasty_model(task, champion, historical)))
    return Stage(dataset, historical, tells_rows_apart(store, dataset), tuple(players))
