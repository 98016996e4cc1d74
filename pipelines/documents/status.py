"""What `status --json` prints: what is in a store, and how the champions do. Programs rely on its shape."""

from typing import NotRequired, TypedDict

from pipelines.documents.metrics import Awaiting, LiveQuality, NumberOutcome
from pipelines.documents.model import Estimate

SCHEMA_VERSION = 1


class StoreInfo(TypedDict):
    """Which store, and where."""

    kind: str
    location: str


class DatasetStatus(TypedDict):
    """What is there of a data set: rows in all, arrivals by where they came from, as far as it has such arrivals."""

    rows: int
    simulated: NotRequired[int]
    replayed: NotRequired[int]
    fetched: NotRequired[int]
    recorded: NotRequired[int]
    newest_day: str | None
    quarantined: int


class TaskStatus(TypedDict):
    """What is there of a task: its versions, the champion with its scores in the test and live, and its predictions."""

    # Where a number is predicted.
    outcome: NotRequired[NumberOutcome]
    versions: list[int]
    champion: int | None
    scorer: str
    held_out: dict[str, Estimate]
    baseline: dict[str, float | None]
    live: LiveQuality
    awaiting: Awaiting
    predictions: int
    newest_day: str | None


class StatusDocument(TypedDict):
    """All of it. Scores are `{"value", "low", "high"}`, with null where the data cannot tell a number."""

    schema_version: int
    as_of: str
    store: StoreInfo
    datasets: dict[str, DatasetStatus]
    findings: list[str]
    tasks: dict[str, TaskStatus]
