"""What monitoring does differently for a task that predicts a class and for one that predicts a number."""

from collections.abc import Mapping
from functools import partial, singledispatch
from typing import Any

import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.arrivals import kinds_of
from pipelines.datasets.arrivals.simulated import Simulated
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents.metrics import TaskPart
from pipelines.front.kinds import kind_of
from pipelines.monitoring import document, number_document
from pipelines.monitoring.document import DataState, TaskState
from pipelines.monitoring.ledger import served_rows
from pipelines.pictures import monitoring as figures
from pipelines.pictures import numbers
from pipelines.pictures.calibration import calibration_picture
from pipelines.pictures.confusion import confusion_picture
from pipelines.pictures.portrait import portrait, scale_portrait
from pipelines.pictures.side_by_side import Drawing

PICTURED = 12  # rows in the picture of recent predictions


def task_document(state: TaskState, data: DataState) -> TaskPart:
    """What the pages say about a task."""
    return _task_document(state.task.outcome, state, data)


def own_pictures(
    state: TaskState, part: TaskPart, newest: Mapping[str, Any] | None, history: pd.DataFrame
) -> dict[str, Drawing]:
    """How to draw the pictures of a task that are others for another kind of outcome.

    Parameters
    ----------
    newest
        The newest prediction with the measurements of its sample; None before the first.
    history
        Historical rows.
    """
    return _own_pictures(state.task.outcome, state, part, newest, history)


def newest_portrait(task: Task, row: Mapping[str, Any], history: pd.DataFrame) -> bytes:
    """The newest prediction as a drawing (SVG): the sample as what it was taken for, or the number on its scale."""
    return _newest_portrait(task.outcome, task, row, history)


def can_be_played(task: Task) -> bool:
    """Whether a month in which something goes wrong is played for a task: its samples must be what is simulated."""
    return Simulated.name in kinds_of(task.dataset) and _can_be_played(task.outcome)


@singledispatch
def _task_document(outcome: object, state: TaskState, data: DataState) -> TaskPart:
    raise NotImplementedError


@_task_document.register
def _(outcome: Classes, state: TaskState, data: DataState) -> TaskPart:  # noqa: ARG001 - of any classes
    return document.task_document(state, data)


@_task_document.register
def _(outcome: Number, state: TaskState, data: DataState) -> TaskPart:  # noqa: ARG001 - of any number
    return number_document.task_document(state, data)


@singledispatch
def _own_pictures(
    outcome: object, state: TaskState, part: TaskPart, newest: Mapping[str, Any] | None, history: pd.DataFrame
) -> dict[str, Drawing]:
    raise NotImplementedError


@_own_pictures.register
def _class_pictures(
    outcome: Classes, state: TaskState, part: TaskPart, newest: Mapping[str, Any] | None, history: pd.DataFrame
) -> dict[str, Drawing]:
    task = state.task
    counts = pd.DataFrame(part["confusion"], index=outcome.names, columns=outcome.names)
    return {
        "newest": partial(figures.newest_picture, task, newest, history),
        "recent": partial(figures.recent_picture, task, state.ledger.recent(PICTURED)),
        "confusion": partial(confusion_picture, task, counts, part["version"]),
        "quality": partial(
            figures.quality_picture,
            task,
            state.over_time,
            part["held_out"],
            part["baseline"],
            part["champion_log"],
            expected=part["expectation"]["over_time"],
        ),
        "calibration": partial(calibration_picture, task, part["calibration"]),
    }


@_own_pictures.register
def _number_pictures(
    outcome: Number, state: TaskState, part: TaskPart, newest: Mapping[str, Any] | None, history: pd.DataFrame
) -> dict[str, Drawing]:
    task, served = state.task, served_rows(state.ledger.rows, part["version"])
    return {
        "newest": partial(numbers.newest_picture, task, outcome, newest, history),
        "recent": partial(numbers.recent_picture, task, outcome, state.ledger.recent(PICTURED)),
        "actual": partial(numbers.actual_picture, task, outcome, served),
        "course": partial(numbers.course_picture, task, outcome, served),
        "residuals": partial(numbers.residuals_picture, task, outcome, served),
        "quality": partial(
            figures.quality_picture,
            task,
            state.over_time,
            part["held_out"],
            part["baseline"],
            part["champion_log"],
            expected=part["expectation"]["over_time"],
            beside="coverage_95",
            simplest=kind_of(part).simplest(part)[0].lower(),
        ),
        "calibration": partial(numbers.intervals_picture, task, part["calibration"], served),
    }


@singledispatch
def _newest_portrait(outcome: object, task: Task, row: Mapping[str, Any], history: pd.DataFrame) -> bytes:
    raise NotImplementedError


@_newest_portrait.register
def _(outcome: Classes, task: Task, row: Mapping[str, Any], history: pd.DataFrame) -> bytes:  # noqa: ARG001 - as above
    return portrait(task, row, row["prediction"], history)


@_newest_portrait.register
def _(outcome: Number, task: Task, row: Mapping[str, Any], history: pd.DataFrame) -> bytes:
    if task.dataset.draw:
        return portrait(task, row, str(row["prediction"]), history)
    return scale_portrait(outcome, row, task.labels(history))


@singledispatch
def _can_be_played(outcome: object) -> bool:
    raise NotImplementedError


@_can_be_played.register
def _(outcome: Classes) -> bool:  # noqa: ARG001 - any classes
    return True


@_can_be_played.register
def _(outcome: Number) -> bool:  # noqa: ARG001 - what goes wrong is told by the shares of classes
    return False
