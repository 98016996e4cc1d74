"""What a declared data set has to keep to, checked where it is declared: each fault is one sentence with what to do."""

import math
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import singledispatch
from typing import TYPE_CHECKING

from pipelines.datasets.derived import Calendar, Rolling
from pipelines.datasets.names import ENDS_OF_GROUPS, LONGEST_NAME, PREDICTIONS, QUARANTINE, name_fault
from pipelines.datasets.outcomes import Classes, Number
from pipelines.errors import DeclarationError

if TYPE_CHECKING:
    from pipelines.datasets.spec import DataSet, Feature, Label, Task

# A longer value is a text, and no two samples have the same.
LONGEST_VALUE = 100
FEWEST_CLASSES = 2
# The kinds of a feature and of a label that are numbers.
NUMBERS = ("numeric", "number")


def check_dataset(dataset: "DataSet") -> None:
    """Refuse a data set that cannot work.

    Raises
    ------
    DeclarationError
        Names the data set and its first fault.
    """
    fault = next(_faults(dataset), None)
    if fault:
        raise DeclarationError(f"{dataset.name}: {fault}.")


def _faults(dataset: "DataSet") -> Iterator[str]:
    columns = [feature.name for feature in dataset.features] + [label.name for label in dataset.labels]
    names = [dataset.name, *columns, *(task.name for task in dataset.tasks)]
    yield from (f"the name {fault}" for name in names if (fault := name_fault(name)))
    yield from _repeated("columns", columns)
    yield from _repeated("tasks", [task.name for task in dataset.tasks])
    yield from _group_faults(dataset)
    for feature in dataset.features:
        yield from _column_faults(feature)
        yield from _range_faults(feature)
        yield from _blank_faults(feature)
    for label in dataset.labels:
        yield from _column_faults(label)
        yield from _integer_faults(label)
        yield from _due_faults(label)
    yield from _strata_faults(dataset)
    yield from _series_faults(dataset)
    for task in dataset.tasks:
        yield from (f"task {task.name}: {fault}" for fault in _task_faults(dataset, task))


def _repeated(what: str, names: list[str]) -> Iterator[str]:
    if len(set(names)) < len(names):
        yield f"two {what} have the same name among {', '.join(names)}"


def _group_faults(dataset: "DataSet") -> Iterator[str]:
    """What is wrong with the names of its groups, and with what every data set needs at least."""
    groups = [f"{dataset.name}{QUARANTINE}", *(f"{task.name}{PREDICTIONS}" for task in dataset.tasks)]
    yield from (f"its group {name} has more than {LONGEST_NAME} signs" for name in groups if len(name) > LONGEST_NAME)
    if dataset.name.endswith(ENDS_OF_GROUPS):
        *others, last = ENDS_OF_GROUPS
        yield f"its name ends like that of a group; leave {', '.join(others)} and {last} away"
    if not (dataset.features and dataset.labels and dataset.tasks):
        yield "it needs a feature, a label and a task, at least one of each"
    if dataset.historical_time.utcoffset() != timedelta(0):
        yield "its historical time needs tzinfo=UTC"
    if not (0 < dataset.simulator.bandwidth < math.inf and dataset.simulator.decimals >= 0):
        yield "the bandwidth of its simulator has to be above 0, and the decimals from 0"


def _range_faults(feature: "Feature") -> Iterator[str]:
    low, high = feature.low, feature.high
    for what, ends in (("range", (low, high)), ("plausible range", feature.plausible)):
        if not ends[0] < ends[1]:
            yield f"the {what} of {feature.name} goes from {ends[0]:g} to {ends[1]:g}; the first has to be lower"
    if feature.usual and not low <= feature.usual[0] <= feature.usual[1] <= feature.usual[2] <= high:
        yield f"the usual values of {feature.name} have to rise from {low:g} to {high:g}; they are {feature.usual}"


def _blank_faults(feature: "Feature") -> Iterator[str]:
    if feature.blank and (feature.derived or feature.blank not in feature.values):
        yield (
            f"a blank cell of {feature.name} is {feature.blank!r}; it can be {', '.join(feature.values) or 'nothing'}, "
            "and of a measured category only"
        )


def _integer_faults(label: "Label") -> Iterator[str]:
    odd = [value for value in label.values if label.kind == "integer" and value != _as_integer(value)]
    if odd:
        yield f"{label.name} is an integer and can be {', '.join(odd)}; write whole numbers, or make it a text"


def _as_integer(value: str) -> str | None:
    try:
        return str(int(value))
    except ValueError:
        return None


def _column_faults(column: "Feature | Label") -> Iterator[str]:
    values, categorical = column.values, column.kind not in NUMBERS
    if categorical and not values:
        yield f"{column.name} has no values; list all that it can be"
    if len(set(values)) < len(values):
        yield f"{column.name} has a value twice among {', '.join(values)[:LONGEST_VALUE]}"
    if any(not value.strip() for value in values):
        yield f"{column.name} has an empty value; a missing cell is no value, and is allowed anyway"
    long = next((value for value in values if len(value) > LONGEST_VALUE), None)
    if long:
        yield (
            f"{column.name} has the value {long[:LONGEST_VALUE]!r}...: that is text, which no model here reads; leave "
            "the column out, or make categories or numbers of it"
        )
    if not categorical and values:
        yield f"{column.name} is {column.kind} and has values; give them to a categorical column"


def _due_faults(label: "Label") -> Iterator[str]:
    if label.due_after is not None and label.due_after <= timedelta(0):
        yield f"{label.name} is due after {label.due_after}; give a longer time, or none where it comes with the sample"


def _series_faults(dataset: "DataSet") -> Iterator[str]:
    """What is wrong with features that are derived from the days behind a sample, and labels that are days ahead."""
    derived = {each.name: each.derived for each in dataset.features if each.derived}
    ahead = {label.name: label for label in dataset.labels if label.of or label.ahead}
    measured = {each.name: each for each in dataset.features if not each.derived}
    odd = [name for name in (*derived, *ahead) if dataset.split != "time"]
    if odd:
        yield f"{', '.join(odd)} come of other days, which needs split='time'"
    if (dataset.arrivals or dataset.record) and dataset.split != "time":
        yield "samples that a source sends need split='time'"
    sources = {name: how.of for name, how in derived.items() if not isinstance(how, Calendar)}
    sources |= {name: label.of for name, label in ahead.items()}
    for name, of in sources.items():
        if of not in measured:
            yield f"{name} is taken from {of or 'nothing'}; it can be taken from {', '.join(measured)}"
    for name, how in derived.items():
        if isinstance(how, Rolling) and how.of in measured and measured[how.of].kind != "numeric":
            yield f"{name} is a {how.how} of {how.of}, which is no number"
    yield from (
        f"{name} is {label.ahead} days ahead; give 1 or more" for name, label in ahead.items() if label.ahead < 1
    )


def _strata_faults(dataset: "DataSet") -> Iterator[str]:
    can_be = {*dataset.categorical, *(label.name for label in dataset.labels)}
    odd = {*dataset.strata, *dataset.simulator.strata} - can_be
    if odd or not dataset.strata:
        yield f"strata can be {', '.join(sorted(can_be))}, not {', '.join(sorted(odd)) or 'none'}"


def _task_faults(dataset: "DataSet", task: "Task") -> Iterator[str]:
    unknown = sorted(set(task.inputs) - {feature.name for feature in dataset.features})
    if unknown:
        yield f"inputs {unknown} are not features of {dataset.name}"
    if task.label in task.inputs:
        yield f"its label {task.label} is among its inputs"
    if any(feature.name == task.label and feature.blank for feature in dataset.features):
        yield f"a blank cell of its label {task.label} would be an answer; leave blank= away"
    yield from _outcome_faults(task.outcome, dataset, task)
    if not task.inputs:
        yield "it has no inputs; name the features that it is told from"


@singledispatch
def _outcome_faults(outcome: object, dataset: "DataSet", task: "Task") -> Iterator[str]:
    raise NotImplementedError


@_outcome_faults.register(Classes)
def _class_faults(outcome: Classes, dataset: "DataSet", task: "Task") -> Iterator[str]:
    sources = {label.name: label.values for label in dataset.labels}
    sources |= {name: dataset.feature(name).values for name in dataset.categorical}
    if task.label not in sources:
        yield f"{task.label} is neither a label nor a categorical feature; these are {', '.join(sources)}"
    names, measured = outcome.names, [label.name for label in dataset.labels if label.kind == "number"]
    if len(set(names)) < max(len(names), FEWEST_CLASSES):
        yield f"it needs two different classes or more, and no class twice; it has {', '.join(names) or 'none'}"
    if task.label in measured and not outcome.upper_bounds:
        yield f"{task.label} is a number; give its classes upper bounds, or predict Number(...)"
    if task.baseline:
        yield f"its baseline is {task.baseline}; that of classes is the most frequent one: leave baseline= away"
    yield from _bound_faults(outcome, task.label, sources.get(task.label, ()))
    odd = sorted(set(outcome.guarded) - set(names))
    if odd:
        yield f"it guards {', '.join(odd)}, which is none of its classes {', '.join(names)}"
    yield from _cost_faults(outcome)


@_outcome_faults.register(Number)
def _number_faults(outcome: Number, dataset: "DataSet", task: "Task") -> Iterator[str]:
    can_be = [*(label.name for label in dataset.labels if label.kind != "text"), *dataset.numeric]
    if task.label not in can_be:
        yield f"{task.label} is no number; it can predict {', '.join(can_be)}, or Classes(...)"
    numeric = [name for name in dataset.numeric if name in task.inputs]
    if task.baseline and task.baseline not in numeric:
        yield f"its baseline {task.baseline} is no numeric input; it can be {', '.join(numeric) or 'none'}"
    if not outcome.low < outcome.high:
        yield f"its numbers go from {outcome.low:g} to {outcome.high:g}; the first has to be lower"
    if outcome.decimals < 0:
        yield f"its numbers are shown with {outcome.decimals} decimals; give 0 or more"


def _bound_faults(outcome: Classes, label: str, values: Iterable[str]) -> Iterator[str]:
    bounds = outcome.upper_bounds
    if bounds and len(bounds) != len(outcome.names):
        yield "it needs one upper bound a class"
    elif bounds and not all(_is_number(value) for value in values):
        yield f"it has upper bounds, and {label} is no number"
    elif bounds and (list(bounds) != sorted(set(bounds)) or bounds[-1] != math.inf):
        yield f"its upper bounds have to rise, the last one to infinity; they are {bounds}"
    lacking = [value for value in values if value not in outcome.names]
    if not bounds and lacking:
        yield f"{label} can be {', '.join(lacking)}, which is none of its classes {', '.join(outcome.names)}"


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _cost_faults(outcome: Classes) -> Iterator[str]:
    size = len(outcome.names)
    if bool(outcome.costs) != (outcome.decision == "costs"):
        yield "costs belong to decision='costs', and that needs costs"
    elif outcome.costs and [len(row) for row in outcome.costs] != [size] * size:
        yield f"its costs need a row a true class and in it a number an answer, {size} by {size}"
    elif any(not 0 <= cost < math.inf for row in outcome.costs for cost in row):
        yield "its costs have to be numbers from 0"
    elif any(row[true] >= min((*row[:true], *row[true + 1 :])) for true, row in enumerate(outcome.costs)):
        yield "its costs have to be lowest for the right answer, for each true class"
