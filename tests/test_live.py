"""What the held-out rows promise holds on two thousand simulated days."""

import pytest

from benchmarks.live import compared, simulated
from pipelines.datasets import all_tasks, dataset_of


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_the_live_accuracy_lies_within_the_interval_of_the_held_out_one(demo_store, task):
    samples = simulated(demo_store, dataset_of(task), days=2000, per_day=1)
    scores = {name: (live, promise) for name, live, promise in compared(demo_store, task, samples)}
    live, promise = scores["accuracy"]
    assert promise["low"] <= live <= promise["high"]
