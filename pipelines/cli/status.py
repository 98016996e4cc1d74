"""What is there, and how the champions do: one document for `status --json`, and the same as text."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import NamedTuple, cast

from pipelines.datasets import DataSet, Task, all_datasets, broken_datasets
from pipelines.datasets.arrivals import ARRIVED, HISTORICAL, origins_of
from pipelines.documents import plain
from pipelines.documents.metrics import live_score
from pipelines.documents.model import ModelInfo
from pipelines.documents.status import SCHEMA_VERSION, DatasetStatus, StatusDocument, TaskStatus
from pipelines.errors import NotReadyError
from pipelines.front.kinds import kind_of, live_words
from pipelines.front.told import outcome_part
from pipelines.monitoring.kept_ledger import read_ledger
from pipelines.monitoring.quality import live_quality
from pipelines.stores.base import Store
from pipelines.stores.catalogue import (
    champion_version,
    describe_readable,
    quarantine_group,
    read_history,
    samples_group,
)
from pipelines.stores.future import future_sentence
from pipelines.stores.outcomes import awaiting
from pipelines.wording import awaiting_words, live_estimate, text_table


class _Champion(NamedTuple):
    """The version in charge of a task, its description, and why that cannot be read; empty where there is none."""

    version: int | None
    described: ModelInfo
    trouble: str


def status(store: Store, now: datetime) -> StatusDocument:
    """Everything that `status --json` prints.

    Raises
    ------
    NotReadyError
        There is nothing in the store, as where its address is mistyped.
    """
    datasets = all_datasets()
    champions = {task: _champion(store, task) for dataset in datasets for task in dataset.tasks}
    future = [future_sentence(store, dataset, now) for dataset in datasets]
    troubles = [champion.trouble for champion in champions.values()]
    document: StatusDocument = {
        "schema_version": SCHEMA_VERSION,
        "as_of": now.isoformat(timespec="seconds"),
        "store": {"kind": store.kind, "location": store.location},
        "datasets": {dataset.name: _dataset_status(store, dataset) for dataset in datasets},
        "findings": [*map(str, broken_datasets().values()), *filter(None, (*future, *troubles))],
        "tasks": {task.name: _task_status(store, task, champion) for task, champion in champions.items()},
    }
    if not any(held["rows"] for held in document["datasets"].values()):
        raise NotReadyError(
            f"There is no store at {store.location}, or it is empty. Check STORE_DIR, or make one: "
            "python -m pipelines demo"
        )
    return document


def render(document: StatusDocument) -> str:
    """The status document as text for a terminal."""
    store = document["store"]
    lines = [f"store: {store['kind']} at {store['location']}", ""]
    arrived = [origin for origin in ARRIVED if any(origin in held for held in document["datasets"].values())]
    lines += text_table(
        ("data set", "rows", *arrived, "newest day", "quarantined"),
        [
            (
                name,
                held["rows"],
                *(held.get(origin, "-") for origin in arrived),
                held["newest_day"] or "-",
                held["quarantined"],
            )
            for name, held in document["datasets"].items()
        ],
    )
    lines += ["", *task_table(document), *_missing(document), *_awaiting(document)]
    for sentence in document["findings"]:
        lines += ["", f"WRONG  {sentence}"]
    return "\n".join(lines)


def task_table(document: StatusDocument) -> list[str]:
    """One line a task in 80 columns: its champion, and the deciding score in the test and live."""
    return text_table(
        ("task", "model", "score", "in the test", "live"),
        [_task_line(name, task) for name, task in document["tasks"].items()],
    )


def _dataset_status(store: Store, dataset: DataSet) -> DatasetStatus:
    group, quarantined = samples_group(dataset), store.count(quarantine_group(dataset))
    rows, historical = store.count(group), len(read_history(store, dataset, columns=["sample_id"]))
    arrivals = partial(store.read, group, columns=["origin", "event_time"], where={"origin": ARRIVED})
    # All that arrived came in one way, since a mix is refused: the newest tell in which.
    arrived = arrivals(start=store.newest(group))
    if arrived.empty and rows > historical:  # a history that was replaced may reach beyond what arrived
        arrived = arrivals()
    counts = {HISTORICAL: historical} | dict.fromkeys(arrived["origin"], rows - historical)
    about = {
        "rows": rows,
        **{origin: counts.get(origin, 0) for origin in origins_of(dataset)},
        "newest_day": None if arrived.empty else arrived["event_time"].max().date().isoformat(),
        "quarantined": quarantined,
    }
    return cast("DatasetStatus", about)


def _champion(store: Store, task: Task) -> _Champion:
    version = champion_version(store, task)
    return _Champion(version, *describe_readable(store, task, version))


def _task_status(store: Store, task: Task, champion: _Champion) -> TaskStatus:
    ledger = read_ledger(store, task)
    about = {
        **outcome_part(task),
        "versions": store.versions(task.name),
        "champion": champion.version,
        "scorer": task.scorer,
        "held_out": champion.described.get("metrics", {}),
        "baseline": champion.described.get("baseline", {}),
        "live": plain(live_quality(ledger)),
        "awaiting": plain(asdict(awaiting(task, ledger.rows))),
        "predictions": ledger.samples,
        "newest_day": ledger.newest_day.isoformat() if ledger.newest_day else None,
    }
    return cast("TaskStatus", about)


def _task_line(name: str, task: TaskStatus) -> tuple[object, ...]:
    scorer = task["scorer"]
    live = live_words(task, scorer, live_score(task["live"], scorer))
    held_out = kind_of(task).score_words(task, scorer, task["held_out"].get(scorer))
    # What is missing has no room in the table; it stands below.
    return name, task["champion"] or "none", scorer, held_out, live.split(":")[0]


def _missing(document: StatusDocument) -> list[str]:
    """What is missing where a live score cannot be told yet, one line a task."""
    scores = {name: live_score(task["live"], task["scorer"]) for name, task in document["tasks"].items()}
    return [f"{name}: {live_estimate(score)}" for name, score in scores.items() if score and not score["enough"]]


def _awaiting(document: StatusDocument) -> list[str]:
    """A line a task whose outcomes are waited for."""
    told = {name: task["awaiting"] for name, task in document["tasks"].items()}
    return [f"{name}: {awaiting_words(still['n'], still['since'])}" for name, still in told.items() if still["n"]]
