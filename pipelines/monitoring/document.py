"""The numbers that every page shows, in one document: `dashboard/metrics.json`.

Everything in it follows from what the store holds and not from the clock, so that an unchanged store gives an
unchanged document. Its shape is described in docs/monitoring.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import ARRIVALS, RECORD
from pipelines.documents import DECIMALS, plain
from pipelines.documents.metrics import ALL_INPUTS, DataPart, DriftTest, TaskPart
from pipelines.documents.model import Estimate, ModelInfo
from pipelines.models import metrics
from pipelines.monitoring import drift
from pipelines.monitoring import quality as monitoring
from pipelines.monitoring import quality_alarms as alarms
from pipelines.monitoring.corrections import corrected_samples
from pipelines.monitoring.distributions import distributions
from pipelines.monitoring.expectation import expectation
from pipelines.monitoring.ledger import Ledger
from pipelines.monitoring.seasons import apart, has_season, same_season
from pipelines.stores.base import ChampionEntry
from pipelines.stores.outcomes import awaiting

RECENT = 30  # predictions that the pages list
MOST_DAYS = 365  # of the course of the scores, newest last
# Days back for which the document says whether there was an alarm: as far as the longest window sees.
ALARM_DAYS = max(metrics.WINDOWS)
QUARANTINE_SHOWN = 20
# The days over which quarantine is compared with what arrived: a fault that is mended is forgotten after a week.
QUARANTINE_DAYS = 7


@dataclass(frozen=True)
class DataState:
    """What the store holds of a data set.

    Attributes
    ----------
    historical, arrivals
        Rows of the samples group; of the arrivals at least those of the newest `ALARM_DAYS` and one window before.
    quarantine
        Rows of the quarantine group, at least those of the newest `ALARM_DAYS`.
    arrived, quarantined
        How many there are in all of both.
    """

    dataset: DataSet
    historical: pd.DataFrame = field(repr=False)
    arrivals: pd.DataFrame = field(repr=False)
    quarantine: pd.DataFrame = field(repr=False)
    arrived: int = 0
    quarantined: int = 0

    @property
    def newest_day(self) -> date | None:
        """The day of the newest arrival (UTC)."""
        newest: date | None = None if self.arrivals.empty else self.arrivals["event_time"].max().date()
        return newest

    @property
    def record(self) -> str:
        """The year that the arrivals are a record of; empty where they arrive now."""
        recorded = self.newest_day and set(self.arrivals["origin"]) == {RECORD.origin}
        return str(self.newest_day.year) if recorded and self.newest_day else ""

    @property
    def reference(self) -> pd.DataFrame:
        """What arrivals should look like: the reserve that they come from, or all history where there is none.

        Where time splits it is all history, of which drift compares the same season.
        """
        if self.dataset.split == "time":
            return self.historical
        reserve = self.historical[self.historical["role"] == "reserve"]
        return reserve if len(reserve) else self.historical


@dataclass(frozen=True)
class TaskState:
    """What the store holds of a task; `model` is the `model.json` of the version in charge, empty without one."""

    ledger: Ledger
    log: Sequence[ChampionEntry]
    versions: Sequence[int]
    champion: int | None
    model: ModelInfo = field(repr=False)

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.ledger.task

    @cached_property
    def over_time(self) -> pd.DataFrame:
        """The newest part of the course of the scores, for document and picture."""
        return monitoring.quality_over_time(self.ledger, newest=MOST_DAYS)


def dataset_document(state: DataState, drift: Mapping[str, object] | None = None) -> DataPart:
    """What the pages say about the data of a data set; `drift` is what they say about its inputs, where it is known."""
    newest, quarantine = state.newest_day, state.quarantine
    shown = quarantine.sort_values(["seen_at", "quarantine_id"]).iloc[::-1].head(QUARANTINE_SHOWN)
    document: DataPart = plain(
        {
            "title": state.dataset.title,
            "plural": state.dataset.plural,
            "record": state.record,
            "tasks": [task.name for task in state.dataset.tasks],
            "features": {feature.name: feature.title for feature in state.dataset.features},
            "rows": len(state.historical),
            "arrived": state.arrived,
            "origins": sorted(state.arrivals["origin"].unique()),
            "newest_day": newest,
            "quarantined": state.quarantined,
            "lately": lately(state),
            "quarantine": shown[["seen_at", "source", "reasons", "row"]].to_dict("records"),
            "drift": drift or input_drift_document(state),
        },
        DECIMALS,
    )
    return document


def lately(state: DataState) -> dict[str, object]:
    """What came in the newest days and how much of it went to quarantine, which is no arrival.

    Returns `{"days", "arrived", "quarantined", "since"}`; `since` is the first of these days with a row in quarantine.
    """
    # A row says first how it was to come, and a file has another name.
    arriving = state.quarantine["source"].str.split(n=1).str[0].isin(list(ARRIVALS))
    refused = state.quarantine.loc[arriving, "seen_at"]
    accepted = state.arrivals["event_time"]
    newest = max((times.max() for times in (accepted, refused) if len(times)), default=None)
    if newest is None:
        return {"days": QUARANTINE_DAYS, "arrived": 0, "quarantined": 0, "since": None}
    first = newest.normalize() - timedelta(days=QUARANTINE_DAYS - 1)
    quarantined = int((refused >= first).sum())
    return {
        "days": QUARANTINE_DAYS,
        "arrived": int((accepted >= first).sum()),
        "quarantined": quarantined,
        "since": _streak(refused) if quarantined else None,
    }


def task_document(state: TaskState, data: DataState) -> TaskPart:
    """What the pages say about a task; numbers are about the version that served the newest sample."""
    ledger, day = state.ledger, day_document(state, data)
    version, live, held_out = day["version"], day["live"], day["held_out"]
    document: TaskPart = plain(
        {
            **day,
            "versions": list(state.versions),
            "created": state.model.get("created"),
            "decision": state.model.get("decision"),
            "decision_cost": state.model.get("decision_cost"),
            "baseline": state.model.get("baseline", {}),
            "expectation": _expectation(ledger, version, held_out),
            "gap": monitoring.gap_to_promise(live, held_out),
            "by_version": monitoring.by_version(ledger),
            "challenger": monitoring.challenger_comparison(ledger),
            "calibration": monitoring.calibration(ledger, version),
            "over_time": state.over_time.to_dict("records"),
        },
        DECIMALS,
    )
    return document


def day_document(state: TaskState, data: DataState) -> dict[str, Any]:
    """The part of a task's document that the front tells anew each day; not its course, which takes longer."""
    task, ledger, held_out = state.task, state.ledger, state.model.get("metrics", {})
    version = _in_charge(state)
    units = ledger.of_version(version)
    # A record has an end: no run of it is ever missing, and no outcome overdue.
    return {
        "title": task.title,
        "description": task.description,
        "dataset": data.dataset.name,
        "ahead": task.ahead,
        "classes": task.classes,
        "inputs": task.inputs,
        "scorer": task.scorer,
        "guarded": task.guarded,
        "champion": state.champion,
        "version": version,
        "held_out": held_out,
        "live": monitoring.live_quality(ledger, version),
        "awaiting": asdict(awaiting(task, ledger.rows)) | ({"overdue_after": None} if data.record else {}),
        "live_baseline": monitoring.live_baseline(ledger, version),
        "confusion": monitoring.confusion(ledger, version),
        "alarms": [
            asdict(alarm)
            for alarm in alarms.quality_alarms(task, ledger.dates(units), ledger.class_sums.confusion[units], held_out)
        ],
        "drift": class_drift_document(state, data),
        "recent": _recent(state, data),
        "champion_log": monitoring.reigns(state.log),
        "predictions": ledger.samples,
        "newest_day": ledger.newest_day,
        "last_run": ledger.last_run,
        "late_after": None if data.record else monitoring.late_after(ledger),
    }


def _in_charge(state: TaskState) -> int | None:
    served = state.ledger.in_charge
    return state.champion if served is None else served


def input_drift_document(state: DataState) -> dict[str, object]:
    """Drift of the inputs on the newest day, and on which of the days before there was an alarm."""
    day, reference = state.newest_day, state.reference
    needs = _needs(drift.fewest_samples(len(reference)), state.arrivals)
    if not has_season(state.dataset, reference):
        needs = "a year of history: days are compared with the same season"
    if day is None or reference.empty or needs:
        return {"day": day, "needs": needs, "reference": len(reference), "tests": [], "alarms": [], "since": None,
            "distributions": []}  # fmt: skip
    tests = drift.input_drift(state.dataset, reference, state.arrivals, day)
    before = [day - timedelta(days=back) for back in range(ALARM_DAYS)]
    arrived = set(state.arrivals["event_time"].dt.date)
    by_day = drift.alarms_by_day(state.dataset, reference, state.arrivals, [each for each in before if each in arrived])
    return {
        **drift_told(state, by_day),
        "tests": [asdict(test) for test in tests],
        "distributions": distributions(state.dataset, reference, state.arrivals, tests, day),
        "alarms": sorted({test.name for test in tests if test.drifted}),
        "since": _since(by_day) if any(test.drifted for test in tests) else None,
    }


def drift_told(state: DataState, by_day: Mapping[date, Sequence[str]]) -> dict[str, object]:
    """Drift of the inputs as the alarms of single features by day tell it, without the tests."""
    day = state.newest_day
    return {
        "day": day,
        "needs": "",
        "reference": len(state.reference),
        "tests": [],
        "distributions": [],
        "alarms": list(by_day.get(day, ())) if day else [],
        "since": _since(by_day),
        "alarm_days": {each.isoformat(): names for each, names in sorted(by_day.items()) if names},
    }


def class_drift_document(state: TaskState, data: DataState) -> dict[str, object]:
    """Drift of the labels (against all historical ones) and of the predictions (against those of the test rows).

    Roles are stratified, so all history has the mix of the reserve and says it more sharply.
    """
    task, day = state.task, data.newest_day
    served = state.ledger.served
    if day is None or served.empty:
        return {"needs": "a first prediction", "tests": [], "alarms": []}
    if task.dataset.split == "time":
        return _season_document(state, data, served, day)
    of_version = served[served["model_version"] == served["model_version"].iloc[-1]]
    tests = [
        *drift.class_drift(served, "label", task.classes, list(task.labels(data.historical)), day),
        *drift.class_drift(of_version, "prediction", task.classes, _promised_predictions(state), day),
    ]
    return {
        "needs": "",
        "tests": [asdict(test) for test in tests],
        "alarms": sorted({test.name for test in tests if test.drifted}),
    }


def _season_document(state: TaskState, data: DataState, served: pd.DataFrame, day: date) -> dict[str, object]:
    """Drift of the labels against those of the same season; what the test days were answered is of other seasons."""
    of_season = apart(same_season(data.historical, day, ALARM_DAYS), day)
    tests = drift.class_drift(apart(served, day), "label", state.task.classes, list(state.task.labels(of_season)), day)
    return {
        "needs": "",
        "tests": [asdict(test) for test in tests],
        "alarms": sorted({test.name for test in tests if test.drifted}),
    }


def task_tests(task: Task, data: DataPart, own: TaskPart) -> list[DriftTest]:
    """The drift tests that concern a task: its inputs, all inputs together, labels and predictions."""
    inputs = [test for test in data["drift"]["tests"] if test["name"] in {*task.inputs, ALL_INPUTS}]
    return [*inputs, *own["drift"]["tests"]]


def _expectation(ledger: Ledger, version: int | None, held_out: Mapping[str, Estimate]) -> dict[str, object]:
    """What is expected before the truth is known: nothing where the truth comes with the sample."""
    if ledger.task.due_after is None or version is None or ledger.rows.empty:
        return {"over_time": [], "windows": 0, "held": 0}
    return expectation(ledger.task, ledger.rows, version, held_out)


def _promised_predictions(state: TaskState) -> list[str]:
    """What the version in charge predicted for the test rows, one class a row."""
    table = state.model.get("confusion") or []
    counts = np.asarray(table, dtype=np.int64).sum(axis=0) if table else []
    return [name for name, count in zip(state.task.classes, counts, strict=False) for _ in range(int(count))]


def _recent(state: TaskState, data: DataState) -> list[dict[str, object]]:
    task, rows = state.task, state.ledger.recent(RECENT)
    corrected = corrected_samples(rows, data.arrivals, state.model)
    columns = ["sample_id", "event_time", "predicted_at", "model_version", "prediction", "label"]
    columns += ["corrected_at", "run_url"]
    return [
        {name: row[name] for name in columns}
        | {"probability": row[task.probability_columns[task.classes.index(row["prediction"])]]}
        | ({"inputs_corrected": True} if row["sample_id"] in corrected else {})
        for row in rows.to_dict("records")
    ]


def _needs(fewest: int, arrivals: pd.DataFrame) -> str:
    """What is missing before drift can be told; empty where nothing is."""
    if not fewest:
        return "reference rows: run backfill"
    if len(arrivals) < fewest:
        return f"{len(arrivals)} of {fewest} samples"
    return ""


def _streak(times: pd.Series) -> date | None:
    """The first day of the newest days that lie less than `QUARANTINE_DAYS` apart."""
    since: date | None = None
    for day in sorted(set(times.dt.date), reverse=True):
        if since and since - day >= timedelta(days=QUARANTINE_DAYS):
            break
        since = day
    return since


def _since(by_day: Mapping[date, Sequence[str]]) -> date | None:
    """The first day of the alarm that still lasts; None where no single feature raises one today."""
    since = None
    for day in sorted(by_day, reverse=True):
        if not by_day[day]:
            break
        since = day
    return since
