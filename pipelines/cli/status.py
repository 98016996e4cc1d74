"""What is there, and how the champions do: one document for `status --json`, and the same as text."""

from datetime import datetime
from typing import Any

from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.datasets.arrivals import ARRIVED
from pipelines.documents import plain
from pipelines.monitoring import quality as monitoring
from pipelines.stores.base import Store
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.future import future_sentence
from pipelines.wording import estimate, number, text_table

SCHEMA_VERSION = 1

Document = dict[str, Any]


def status(store: Store, now: datetime) -> Document:
    """Everything that `status --json` prints; INTERFACES of the command line fix its shape.

    Metrics are `{"value", "low", "high"}`, with null where the data cannot tell a number.
    """
    datasets = all_datasets()
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": now.isoformat(timespec="seconds"),
        "store": {"kind": store.kind, "location": store.location},
        "datasets": {dataset.name: _dataset_status(store, dataset) for dataset in datasets},
        "findings": [sentence for dataset in datasets if (sentence := future_sentence(store, dataset, now))],
        "tasks": {task.name: _task_status(store, task) for dataset in datasets for task in dataset.tasks},
    }


def render(document: Document) -> str:
    """The status document as text for a terminal."""
    store = document["store"]
    lines = [f"store: {store['kind']} at {store['location']}", ""]
    lines += text_table(
        ("data set", "rows", *ARRIVED, "newest day", "quarantined"),
        [
            (name, held["rows"], *(held[origin] for origin in ARRIVED), held["newest_day"] or "-", held["quarantined"])
            for name, held in document["datasets"].items()
        ],
    )
    lines += ["", *task_table(document)]
    for sentence in document["findings"]:
        lines += ["", f"WRONG  {sentence}"]
    return "\n".join(lines)


def task_table(document: Document) -> list[str]:
    """One line a task: its champion, the held-out score beside the baseline, and the live score."""
    return text_table(
        ("task", "champion", "score", "held out", "baseline", "live", "predictions", "newest day"),
        [_task_line(name, task) for name, task in document["tasks"].items()],
    )


def _dataset_status(store: Store, dataset: DataSet) -> Document:
    group = samples_group(dataset)
    origins = store.read(group, columns=["origin", "event_time"])
    arrivals = origins[origins["origin"] != "historical"]
    return {
        "rows": len(origins),
        **{origin: int((origins["origin"] == origin).sum()) for origin in ARRIVED},
        "newest_day": None if arrivals.empty else arrivals["event_time"].max().date().isoformat(),
        "quarantined": store.count(quarantine_group(dataset)),
    }


def _task_status(store: Store, task: Task) -> Document:
    champion = store.champion(task.name)
    version = champion.version if champion else None
    described = store.describe(task.name, version) if version else {}
    predictions = store.read(predictions_group(task))
    newest = predictions["event_time"].max() if len(predictions) else None
    return {
        "versions": store.versions(task.name),
        "champion": version,
        "scorer": task.scorer,
        "held_out": described.get("metrics", {}),
        "baseline": described.get("baseline", {}),
        "live": plain(monitoring.live_quality(task, predictions)),
        "predictions": len(predictions),
        "newest_day": newest.date().isoformat() if newest is not None else None,
    }


def _task_line(name: str, task: Document) -> tuple[object, ...]:
    scorer = task["scorer"]
    return (
        name,
        task["champion"] or "none",
        scorer,
        estimate(task["held_out"].get(scorer)),
        number(task["baseline"].get(scorer)),
        f"{estimate(task['live'].get(scorer))} of {task['live']['n']}",
        task["predictions"],
        task["newest_day"] or "-",
    )
