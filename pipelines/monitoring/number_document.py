"""What the pages say about a task that predicts a number, in the same shape as `document` says it of classes."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pandas as pd

from pipelines.documents import DECIMALS, plain
from pipelines.documents.metrics import TaskPart
from pipelines.front.told import answer_part, outcome_part
from pipelines.models import metrics
from pipelines.monitoring import number_quality, quality
from pipelines.monitoring.corrections import corrected_samples
from pipelines.monitoring.document import ALARM_DAYS, RECENT, DataState, TaskState
from pipelines.monitoring.seasons import apart, same_season
from pipelines.stores.outcomes import awaiting


def task_document(state: TaskState, data: DataState) -> TaskPart:
    """What the pages say about a task; numbers are about the version that served the newest sample."""
    task, ledger, predictions = state.task, state.ledger, state.ledger.rows
    version = state.champion if ledger.in_charge is None else ledger.in_charge
    held_out, settled = state.model.get("metrics", {}), number_quality.settled_rows(predictions, version)
    live = quality.live_quality(ledger, version)
    document: TaskPart = plain(
        {
            "title": task.title, "description": task.description, "dataset": data.dataset.name, "ahead": task.ahead,
            **outcome_part(task), "within": number_quality.within(settled),
            "classes": [], "inputs": task.inputs, "scorer": task.scorer, "guarded": [],
            "champion": state.champion, "version": version, "versions": list(state.versions),
            "created": state.model.get("created"), "decision": None, "decision_cost": None,
            "held_out": held_out, "baseline": state.model.get("baseline", {}),
            "live": live, "live_baseline": number_quality.live_baseline(ledger, version),
            "awaiting": asdict(awaiting(task, predictions)) | ({"overdue_after": None} if data.record else {}),
            "expectation": _expectation(state, version), "gap": quality.gap_to_promise(live, held_out),
            "by_version": quality.by_version(ledger), "challenger": _challenger(state, version),
            "confusion": [], "calibration": number_quality.calibration(ledger, version),
            "over_time": state.over_time.to_dict("records"),
            "alarms": [asdict(alarm) for alarm in number_quality.quality_alarms(ledger, version, held_out)],
            "drift": _drift(state, data, ledger.served), "recent": _recent(state, data),
            "champion_log": quality.reigns(state.log), "predictions": ledger.samples,
            "newest_day": ledger.newest_day,
            "last_run": ledger.last_run,
            "late_after": None if data.record else quality.late_after(ledger),
        },
        DECIMALS,
    )  # fmt: skip
    return document


def _expectation(state: TaskState, version: int | None) -> dict[str, Any]:
    """What is expected before the truth is known: nothing where the truth comes with the sample."""
    if state.task.due_after is None or version is None or state.ledger.rows.empty:
        return {"over_time": [], "windows": 0, "held": 0}
    return number_quality.expectation(state.task, state.ledger.rows, version, state.model.get("metrics", {}))


def _challenger(state: TaskState, champion: int | None) -> dict[str, Any] | None:
    """The newest challenger against the version in charge, on the samples that both predicted."""
    rows = state.ledger.rows
    shadow = rows[(rows["served"] == "challenger") & (rows["model_version"] > (champion or 0))]
    if champion is None or shadow.empty:
        return None
    challenger = int(shadow["model_version"].max())
    columns = ["sample_id", "prediction", *state.task.answer_columns]
    both = number_quality.settled_rows(rows, champion).merge(
        shadow.loc[shadow["model_version"] == challenger, columns], on="sample_id", suffixes=("", "_other"),
        validate="one_to_one",
    )  # fmt: skip
    return {
        "champion": champion, "challenger": challenger, "n": len(both),
        "enough": len(both) >= metrics.FEWEST_SAMPLES, "differences": number_quality.differences(state.task, both),
    }  # fmt: skip


def _drift(state: TaskState, data: DataState, served: pd.DataFrame) -> dict[str, Any]:
    """Drift of the labels, against history or its same season where time splits, of the errors, and of the predictions.

    Where time splits, predictions of earlier days are of another season, and are not compared.
    """
    day = data.newest_day
    if day is None or served.empty:
        return {"needs": "a first prediction", "tests": [], "alarms": []}
    tests = number_quality.number_drift(*_compared(state, data, served, day), day)
    if data.dataset.split != "time":
        tests += number_quality.prediction_drift(served, day)
    return {
        "needs": "",
        "tests": [asdict(test) for test in tests],
        "alarms": sorted({test.name for test in tests if test.drifted}),
    }


def _compared(state: TaskState, data: DataState, served: pd.DataFrame, day: date) -> tuple[pd.DataFrame, pd.Series]:
    if state.task.dataset.split != "time":
        return served, state.task.labels(data.historical)
    usual = apart(same_season(data.historical, day, ALARM_DAYS), day)
    return apart(served, day), state.task.labels(usual)


def _recent(state: TaskState, data: DataState) -> list[dict[str, Any]]:
    rows = state.ledger.recent(RECENT)
    corrected = corrected_samples(rows, data.arrivals, state.model)
    columns = ["sample_id", "event_time", "predicted_at", "model_version", "prediction", "label"]
    columns += ["corrected_at", "run_url"]
    return [
        {name: row[name] for name in columns}
        | answer_part(state.task, row)
        | ({"inputs_corrected": True} if row["sample_id"] in corrected else {})
        for row in rows.to_dict("records")
    ]
