"""`dashboard/metrics.json`: the numbers that every page shows. What they mean is told in docs/monitoring.md."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from pipelines.documents.model import Calibration, DecisionRule, Estimate
from pipelines.documents.values import Damaged, Day, Moment, Must, checksum, parse, refuse_changed

METRICS_FILE = "dashboard/metrics.json"
PORTRAIT_FILE = "dashboard/{}/portrait.svg"  # of a task: the drawing of its newest sample
LINKS_FILE = "dashboard/links.json"  # in a Space: the addresses of the other parts, by what is there
SCHEMA_VERSION = 2  # keys that version 1 does not have are not required, and are filled in when it is read


# What a test of drift is about where it is about all inputs at once.
ALL_INPUTS = "all inputs"


class LiveEstimate(Estimate):
    """A live score; `needs` says in words what is missing where there is not `enough`."""

    enough: bool
    needs: str


# Scores in the unit of the number that is predicted; the others are shares or ratios.
IN_UNITS = ("mae", "rmse", "pinball", "bias", "width_80", "width_95")


class NumberOutcome(TypedDict):
    """That a task predicts a number, in which unit and range, and what its baseline says: see `spec.Number`."""

    kind: Literal["number"]
    unit: str
    low: float | None
    high: float | None
    decimals: int
    baseline: Literal["mean", "persistence", "input"]
    baseline_title: NotRequired[str]


class Within(TypedDict):
    """The error that a `share` of `n` answers does not exceed, and that of the baseline on the same samples.

    `errors` and `of_baseline` are the same for each of some `shares`.
    """

    share: float
    n: int
    value: float | None
    baseline: float | None
    shares: list[float]
    errors: list[float]
    of_baseline: list[float]


def _day_of(row: dict[str, Any]) -> None:
    date.fromisoformat(row["day"])


# A day of a course: `day`, `version`, and scores by their names with a prefix, such as `rolling_accuracy`.
DayScores = Annotated[dict[str, float | str | None], Must(_day_of, "of a day")]

# `version` and `n`, the samples, and a score by its name.
LiveQuality = dict[str, LiveEstimate | int | None]


class DriftTest(TypedDict):
    """One test of the newest window of days against the reference; see `drift.DriftTest`."""

    name: str
    kind: str
    days: int
    n: int
    distance: float
    p_value: float | None
    adjusted: float | None
    psi: float | None
    drifted: bool


class ClassDrift(TypedDict):
    """Drift of the labels and the predictions of a task."""

    needs: str
    tests: list[DriftTest]
    alarms: list[str]


class Distribution(TypedDict):
    """How often each bin of an input was met, in the reference and in the newest `n` arrivals, as shares.

    A numeric input has `edges`, one more than bins; one of categories has a label a bin.
    """

    name: str
    days: int
    n: int
    drifted: bool
    edges: list[float]
    labels: list[str]
    reference: list[float]
    now: list[float]


def _binned(shown: Distribution) -> None:
    bins = len(shown["now"])
    if not bins or len(shown["reference"]) != bins or len(shown["labels"]) not in {0, bins}:
        raise ValueError
    if not shown["labels"] and len(shown["edges"]) != bins + 1:
        raise ValueError


class InputDrift(ClassDrift):
    """Drift of the inputs; `alarm_days` has the names that raised an alarm, by day."""

    day: str | None
    reference: int
    since: str | None
    alarm_days: NotRequired[dict[str, list[str]]]
    distributions: NotRequired[list[Annotated[Distribution, Must(_binned, "one share a bin")]]]


class QuarantinedRow(TypedDict):
    """A row that broke the data contract."""

    seen_at: str | None
    source: str
    reasons: str
    row: str


class Lately(TypedDict):
    """What came in the newest days, how much of it went to quarantine, and from which day on."""

    days: int
    arrived: int
    quarantined: int
    since: str | None


class DataPart(TypedDict):
    """What the pages say about the data of a data set."""

    title: str
    plural: NotRequired[str]
    # What its arrivals are a record of, such as "2015"; empty where they arrive now.
    record: NotRequired[str]
    # Its tasks by name, in the order in which they are declared.
    tasks: NotRequired[list[str]]
    features: dict[str, str]
    rows: int
    arrived: int
    origins: list[str]
    newest_day: Day | None
    quarantined: int
    lately: NotRequired[Lately]
    quarantine: list[QuarantinedRow]
    drift: InputDrift


class Alarm(TypedDict):
    """Whether a score is below what was promised; see `quality_alarms.QualityAlarm`."""

    score: str
    promise: float | None
    bar: float | None
    n: int
    evidence: float | None
    on: bool
    since: str | None


class Gap(Estimate):
    """By how much a live score differs from the held-out one."""

    verdict: str


class VersionQuality(TypedDict):
    """How one version did on the days that it served."""

    first_day: str
    last_day: str
    live: LiveQuality


class Comparison(TypedDict):
    """The newest challenger against the version in charge, on the samples that both predicted."""

    champion: int
    challenger: int
    n: int
    enough: bool
    differences: dict[str, Estimate]


class Awaiting(TypedDict):
    """Served predictions whose outcome is waited for; see `stores.outcomes.Awaiting`."""

    n: int
    since: str | None
    overdue_after: Moment | None


class Expectation(TypedDict):
    """What the probabilities let expect day by day, and how often that came true; see `monitoring.expectation`."""

    over_time: list[DayScores]
    windows: int
    held: int


class Certainty(TypedDict):
    """How sure a prediction is: the probability of a class, the intervals of a number."""

    probability: float | None
    low_80: NotRequired[float]
    high_80: NotRequired[float]
    low_95: NotRequired[float]
    high_95: NotRequired[float]


class Answer(Certainty):
    """What was predicted, and what turned out; `label` is null while that is not known."""

    prediction: str | float
    label: str | float | None
    corrected_at: NotRequired[str | None]


class RecentPrediction(Answer):
    """A served prediction with its sample and its run."""

    sample_id: str
    event_time: Moment
    predicted_at: Moment
    model_version: int
    run_url: str | None
    # Whether what it was predicted from has been corrected since.
    inputs_corrected: NotRequired[bool]


class Reign(TypedDict):
    """Which version was in charge from when to when; `until` is null for the one that still is."""

    version: int | None
    since: str
    until: str | None
    who: str
    reason: str


class Predicted(TypedDict):
    """What a task predicts: a number, or classes where `outcome` is absent."""

    outcome: NotRequired[NumberOutcome]


class DayPart(Predicted):
    """What the front says about a task on one day, but for the course of its scores."""

    title: str
    description: str
    dataset: str
    # How many days after its sample lies the day that a prediction is about.
    ahead: NotRequired[int]
    # Of a number.
    within: NotRequired[Within]
    classes: list[str]
    inputs: NotRequired[list[str]]
    scorer: str
    guarded: list[str]
    champion: int | None
    version: int | None
    held_out: dict[str, Estimate]
    live: LiveQuality
    awaiting: NotRequired[Awaiting]
    # Not told anew each day of a month that is played.
    expectation: NotRequired[Expectation]
    live_baseline: dict[str, float | None]
    confusion: list[list[int]]
    alarms: list[Alarm]
    drift: ClassDrift
    recent: list[RecentPrediction]
    champion_log: list[Reign]
    predictions: int
    newest_day: Day | None
    last_run: Moment | None
    late_after: Moment | None


class TaskPart(DayPart):
    """What the pages say about a task."""

    versions: list[int]
    created: str | None
    decision: DecisionRule | None
    decision_cost: dict[str, dict[str, float | None]] | None
    baseline: dict[str, float | None]
    gap: dict[str, Gap]
    by_version: list[VersionQuality]
    challenger: Comparison | None
    calibration: Calibration
    over_time: list[DayScores]
    pictures: NotRequired[dict[str, str]]


class StoreKind(TypedDict):
    """Which store the numbers come from."""

    kind: str


class Parts(TypedDict):
    """The part of some data sets and of their tasks by name, the addresses of the other parts of the system, and which
    store the numbers come from, where that is known.
    """

    datasets: dict[str, DataPart]
    tasks: dict[str, TaskPart]
    links: NotRequired[dict[str, str]]
    store: NotRequired[StoreKind]


class MetricsDocument(Parts):
    """All of `dashboard/metrics.json`."""

    schema_version: int
    data_as_of: Moment | None
    checksum: NotRequired[str]


def no_parts() -> Parts:
    """A document before the first run."""
    return {"datasets": {}, "tasks": {}}


def parse_metrics(content: bytes) -> MetricsDocument:
    """A `metrics.json`, or `Damaged`; one of an earlier version says nothing where it does not know."""
    document = parse(content, MetricsDocument, SCHEMA_VERSION)
    if "store" not in document:
        raise Damaged("it lacks store")
    refuse_changed(document)
    document.pop("checksum", None)
    for data in document["datasets"].values():
        data.setdefault("plural", "samples")
        data.setdefault("lately", {"days": 0, "arrived": 0, "quarantined": 0, "since": None})
        data["drift"].setdefault("alarm_days", {})
        data["drift"].setdefault("distributions", [])
    for task in document["tasks"].values():
        task.setdefault("inputs", [])
        task.setdefault("awaiting", {"n": 0, "since": None, "overdue_after": None})
        task.setdefault("expectation", {"over_time": [], "windows": 0, "held": 0})
    document["tasks"] = in_order(document)
    return document


def in_order(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The tasks of a document by data set, in the order in which they are declared, as every surface shows them."""
    names = [name for data in sorted(parts["datasets"]) for name in parts["datasets"][data].get("tasks", [])]
    return {name: parts["tasks"][name] for name in dict.fromkeys([*names, *parts["tasks"]]) if name in parts["tasks"]}


def metrics_text(document: MetricsDocument) -> bytes:
    """The same as JSON text, with its checksum; in one line, as megabytes in many take half a second to write."""
    told = {**document, "checksum": checksum(document)}
    return json.dumps(told, sort_keys=True, allow_nan=False).encode()


def live_score(live: LiveQuality, name: str) -> LiveEstimate | None:
    """A live score by its name; None where the task has no such score."""
    return cast("LiveEstimate | None", live.get(name))


def value_of(score: Estimate | None) -> float | None:
    """The value of a score; None where there is none, or the data could not tell it."""
    return score["value"] if score else None


def score_on(row: DayScores, name: str) -> float | None:
    """A score of a day by its name; None where the day does not tell it."""
    return cast("float | None", row.get(name))
