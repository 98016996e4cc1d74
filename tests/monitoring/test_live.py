"""What the held-out rows promise holds on two thousand simulated days."""

import pytest

from benchmarks.live import compared, simulated
from pipelines.datasets import all_tasks
from pipelines.models import metrics

DAYS = 2000


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_live_and_held_out_accuracy_cannot_be_told_apart(demo_store, task):
    samples = simulated(demo_store, task.dataset, days=DAYS, per_day=1)
    scores = {name: (live, promise) for name, live, promise in compared(demo_store, task, samples)}
    live, promise = scores["accuracy"]
    low, high = metrics.wilson(round(live * len(samples)), len(samples))
    assert low <= promise["high"]
    assert promise["low"] <= high
