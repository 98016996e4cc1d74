"""The data sets. A module of this package that has a `DATASET` is one; nothing else has to name it."""

import importlib
import pkgutil
from functools import cache

from pipelines.datasets.spec import DataSet, Task
from pipelines.errors import UsageError

__all__ = ["DataSet", "Task", "all_datasets", "all_tasks", "dataset_named", "dataset_of", "task_named"]


@cache
def all_datasets() -> tuple[DataSet, ...]:
    """Every data set, by name."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    found = [module.DATASET for module in modules if hasattr(module, "DATASET")]
    return tuple(sorted(found, key=lambda dataset: dataset.name))


def all_tasks() -> tuple[Task, ...]:
    """Every task of every data set."""
    return tuple(task for dataset in all_datasets() for task in dataset.tasks)


def dataset_named(name: str) -> DataSet:
    """The data set of that name, or `UsageError`."""
    known = {dataset.name: dataset for dataset in all_datasets()}
    if name not in known:
        raise UsageError(f"There is no data set {name!r}; choose from {', '.join(known)}.")
    return known[name]


def task_named(name: str) -> Task:
    """The task of that name, or `UsageError`."""
    known = {task.name: task for task in all_tasks()}
    if name not in known:
        raise UsageError(f"There is no task {name!r}; choose from {', '.join(known)}.")
    return known[name]


def dataset_of(task: Task) -> DataSet:
    """The data set that a task belongs to."""
    return next(dataset for dataset in all_datasets() if task in dataset.tasks)
