"""A task and its predictions as the document tells them, by the kind of what is predicted."""

import math
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents.metrics import Certainty, NumberOutcome, Predicted

INTERVAL_ENDS = ("low_80", "high_80", "low_95", "high_95")


def outcome_part(task: Task) -> Predicted:
    """What the document of a task says of what is predicted: nothing of classes, `{"outcome": ...}` of a number."""
    return _outcome_part(task.outcome, task)


def answer_part(task: Task, row: Mapping[str, Any]) -> Certainty:
    """What the document says of how sure a prediction is.

    Parameters
    ----------
    row
        A row of the predictions group.
    """
    return _answer_part(task.outcome, task, row)


@singledispatch
def _outcome_part(outcome: object, task: Task) -> Predicted:
    raise NotImplementedError


@_outcome_part.register
def _(outcome: Classes, task: Task) -> Predicted:  # noqa: ARG001 - of any classes
    return {}


@_outcome_part.register
def _(outcome: Number, task: Task) -> Predicted:
    low, high = (end if math.isfinite(end) else None for end in (outcome.low, outcome.high))
    told: NumberOutcome = {
        "kind": "number", "unit": outcome.unit, "low": low, "high": high, "decimals": outcome.decimals,
        "baseline": "input" if task.baseline else "persistence" if task.persistence else "mean",
    }  # fmt: skip
    if task.baseline:
        told["baseline_title"] = task.dataset.feature(task.baseline).title
    return {"outcome": told}


@singledispatch
def _answer_part(outcome: object, task: Task, row: Mapping[str, Any]) -> Certainty:
    raise NotImplementedError


@_answer_part.register
def _(outcome: Classes, task: Task, row: Mapping[str, Any]) -> Certainty:
    return {"probability": row[task.probability_columns[outcome.names.index(row["prediction"])]]}


@_answer_part.register
def _(outcome: Number, task: Task, row: Mapping[str, Any]) -> Certainty:  # noqa: ARG001 - of any number
    return {
        "probability": None,
        "low_80": row["low_80"], "high_80": row["high_80"], "low_95": row["low_95"], "high_95": row["high_95"],
    }  # fmt: skip
