"""The data sets. A module of this package that has a `DATASET` is one; nothing else has to name it."""

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from pipelines.datasets.spec import DataSet, Task
from pipelines.errors import DeclarationError, PipelineError, UsageError

__all__ = [
    "DataSet",
    "Task",
    "activate",
    "all_datasets",
    "all_tasks",
    "broken_datasets",
    "dataset_named",
    "found_datasets",
    "idle_modules",
    "look_again",
    "task_named",
]


# The names of the data sets that count in this process; all that are found where there are none.
_active: list[str] = []


def activate(names: Sequence[str]) -> None:
    """Let only the data sets of these names count from now on; all that are found, where none is named.

    Raises
    ------
    UsageError
        There is no data set of a name.
    DeclarationError
        None of them can be used.
    """
    valid = {dataset.name for dataset in found_datasets()}
    unknown = [name for name in names if name not in {*valid, *_registry().broken}]
    if unknown:
        raise UsageError(
            f"There is no data set {', '.join(map(repr, unknown))} to be active; there is {', '.join(sorted(valid))}. "
            "Correct or unset DATASETS."
        )
    _active[:] = names
    if names and not all_datasets():
        raise next(iter(broken_datasets().values()))


def look_again() -> None:
    """Find the modules anew, after one was added."""
    importlib.invalidate_caches()
    _registry.cache_clear()


def found_datasets() -> tuple[DataSet, ...]:
    """Every data set that can be used, active or not, by name."""
    return tuple(sorted(_registry().found.values(), key=attrgetter("name")))


def all_datasets() -> tuple[DataSet, ...]:
    """Every active data set, by name."""
    return tuple(dataset for dataset in found_datasets() if not _active or dataset.name in _active)


def broken_datasets() -> dict[str, DeclarationError]:
    """Why each other module that should be a data set is none, by its name: one of them must not stop the rest."""
    return {name: sentence for name, sentence in _registry().broken.items() if not _active or name in _active}


def idle_modules() -> set[str]:
    """The modules of this package that declare a data set which is not active."""
    return {module for module, dataset in _registry().found.items() if dataset not in all_datasets()}


@dataclass(frozen=True)
class _Registry:
    """The data sets, and why modules that should be one are none, by the name of their module."""

    found: dict[str, DataSet]
    broken: dict[str, DeclarationError]


@cache
def _registry() -> _Registry:
    whole: dict[str, DataSet] = {}
    broken: dict[str, DeclarationError] = {}
    for info in pkgutil.iter_modules(__path__):
        try:
            dataset = getattr(importlib.import_module(f"{__name__}.{info.name}"), "DATASET", None)
            if dataset is not None:
                _refuse_taken_names(dataset, whole.values())
                whole[info.name] = dataset
        except PipelineError as error:
            broken[info.name] = DeclarationError(f"The data set {info.name} cannot be used. {error}")
        except Exception as error:  # noqa: BLE001 - a person's own module, which may fail in any way
            why = " ".join(f"{type(error).__name__}: {error}".split())
            broken[info.name] = DeclarationError(
                f"The data set {info.name} cannot be used. Its module ends in {why}. "
                "Correct it, or take it out of the folder."
            )
    return _Registry(whole, broken)


def _refuse_taken_names(dataset: DataSet, others: Iterable[DataSet]) -> None:
    """Refuse a data set or task whose name another one has, since they would share their tables."""
    taken = {name for other in others for name in (other.name, *(task.name for task in other.tasks))}
    twice = sorted({dataset.name, *(task.name for task in dataset.tasks)} & taken)
    if twice:
        raise DeclarationError(f"{dataset.name}: another data set has the name {', '.join(twice)}; take another one.")


def all_tasks() -> tuple[Task, ...]:
    """Every task of every active data set."""
    return tuple(task for dataset in all_datasets() for task in dataset.tasks)


def dataset_named(name: str) -> DataSet:
    """The data set of that name, or `UsageError`."""
    by_name = {dataset.name: dataset for dataset in all_datasets()}
    if name in broken_datasets():
        raise broken_datasets()[name]
    if name not in by_name:
        raise UsageError(f"There is no data set {name!r}{_not_active(name)}; choose from {', '.join(by_name)}.")
    return by_name[name]


def task_named(name: str) -> Task:
    """The task of that name, or `UsageError`."""
    by_name = {task.name: task for task in all_tasks()}
    if name not in by_name:
        lost = "".join(f" {error}" for error in broken_datasets().values())
        owners = [dataset.name for dataset in found_datasets() if name in {task.name for task in dataset.tasks}]
        raise UsageError(f"There is no task {name!r}{_not_active(*owners)}; choose from {', '.join(by_name)}.{lost}")
    return by_name[name]


def _not_active(*names: str) -> str:
    """What to say of a name that is known and left out by DATASETS; empty for any other."""
    left_out = [dataset.name for dataset in found_datasets() if dataset.name in names]
    return f" now, since DATASETS is without {left_out[0]}" if left_out else ""
