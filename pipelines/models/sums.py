"""The additive sums and the scores of answers of any kind: of classes, see `score_sums`; of numbers, `number_sums`."""

from functools import singledispatch
from typing import Any, TypeAlias

import numpy.typing as npt

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.models.number_sums import NumberSums, number_scores_of, number_sums_of
from pipelines.models.score_sums import Floats, Integers, Sums, scores_of, sums_of

AnySums: TypeAlias = Sums | NumberSums


def sums_by_unit(
    task: Task,
    labels: Any,  # noqa: ANN401 - texts or numbers
    predictions: Any,  # noqa: ANN401 - texts or numbers
    answers: npt.ArrayLike,
    units: Integers | None,
) -> AnySums:
    """The sums of each unit, or of all rows together.

    Parameters
    ----------
    labels, predictions
        One a row (n,), as `task.labels` and `models.predict` give them. Rows without a label are left out.
    answers
        (n, m) in the order of `task.answer_columns`.
    units
        The number of the unit of each labelled row, from 0.
    """
    return _sums(task.outcome, task, labels, predictions, answers, units)


@singledispatch
def _sums(outcome: object, task: Task, *given: Any) -> AnySums:  # noqa: ANN401 - see above
    raise NotImplementedError


@_sums.register
def _class_sums(outcome: Classes, task: Task, *given: Any) -> AnySums:  # noqa: ANN401, ARG001 - see above
    return sums_of(task, *given)


@_sums.register
def _number_sums(outcome: Number, task: Task, *given: Any) -> AnySums:  # noqa: ANN401, ARG001 - see above
    return number_sums_of(task, *given)


@singledispatch
def scores_of_sums(sums: AnySums, task: Task) -> dict[str, Floats]:
    """Every score, one value a unit or repeat."""
    raise NotImplementedError


@scores_of_sums.register
def _(sums: Sums, task: Task) -> dict[str, Floats]:
    return scores_of(task, sums)


@scores_of_sums.register
def _(sums: NumberSums, task: Task) -> dict[str, Floats]:
    return number_scores_of(task, sums)
