"""The data sets. A module of this package that has a `DATASET` is one; nothing else has to name it."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from pipelines.datasets.spec import DataSet, Task
from pipelines.errors import DeclarationError, PipelineError, UsageError

__all__ = [
    "DataSet",
    "Task",
    "all_datasets",
    "all_tasks",
    "broken_datasets",
    "dataset_named",
    "task_named",
]


def all_datasets() -> tuple[DataSet, ...]:
    """Every data set that can be used, by name."""
    return _found()[0]


def broken_datasets() -> dict[str, DeclarationError]:
    """Why each other module that should be a data set is none, by its name: one of them must not stop the rest."""
    return _found()[1]


@cache
def _found() -> tuple[tuple[DataSet, ...], dict[str, DeclarationError]]:
    found: dict[str, DataSet] = {}
    broken: dict[str, DeclarationError] = {}
    for info in pkgutil.iter_modules(__path__):
        try:
            dataset = getattr(importlib.import_module(f"{__name__}.{info.name}"), "DATASET", None)
            if dataset is not None:
                _refuse_taken_names(dataset, found.values())
                found[dataset.name] = dataset
        except PipelineError as error:
            broken[info.name] = DeclarationError(f"The data set {info.name} cannot be used. {error}")
        except Exception as error:  # noqa: BLE001 - a person's own module, which may fail in any way
            why = " ".join(f"{type(error).__name__}: {error}".split())
            broken[info.name] = DeclarationError(
                f"The data set {info.name} cannot be used. Its module ends in {why}. "
                "Correct it, or take it out of the folder."
            )
    return tuple(found[name] for name in sorted(found)), broken


def _refuse_taken_names(dataset: DataSet, others: Iterable[DataSet]) -> None:
    """Refuse a data set or task whose name another one has, since they would share their tables."""
    taken = {name for other in others for name in (other.name, *(task.name for task in other.tasks))}
    twice = sorted({dataset.name, *(task.name for task in dataset.tasks)} & taken)
    if twice:
        raise DeclarationError(f"{dataset.name}: another data set has the name {', '.join(twice)}; take another one.")


def all_tasks() -> tuple[Task, ...]:
    """Every task of every data set."""
    return tuple(task for dataset in all_datasets() for task in dataset.tasks)


def dataset_named(name: str) -> DataSet:
    """The data set of that name, or `UsageError`."""
    known = {dataset.name: dataset for dataset in all_datasets()}
    if name in broken_datasets():
        raise broken_datasets()[name]
    if name not in known:
        raise UsageError(f"There is no data set {name!r}; choose from {', '.join(known)}.")
    return known[name]


def task_named(name: str) -> Task:
    """The task of that name, or `UsageError`."""
    known = {task.name: task for task in all_tasks()}
    if name not in known:
        lost = "".join(f" {error}" for error in broken_datasets().values())
        raise UsageError(f"There is no task {name!r}; choose from {', '.join(known)}.{lost}")
    return known[name]
