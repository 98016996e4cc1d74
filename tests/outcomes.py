"""Other outcomes of the tasks that there are, for tests."""

from dataclasses import replace

from pipelines.datasets import Task


def with_outcome(task: Task, **changes) -> Task:
    """The task with another field of its `Classes` or `Number`."""
    return replace(task, outcome=replace(task.outcome, **changes))
