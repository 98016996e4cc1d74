"""Every surface shows tasks in one order: by data set, as they are declared."""

from pipelines.datasets import dataset_named
from pipelines.documents.metrics import in_order

DECLARED = [task.name for task in dataset_named("wine").tasks]


def parts(**datasets):
    return {"datasets": datasets, "tasks": {name: {"title": name} for name in sorted(["iris_variety", *DECLARED])}}


def test_tasks_come_as_they_are_declared():
    ordered = in_order(parts(wine={"tasks": DECLARED}, iris={"tasks": ["iris_variety"]}))
    assert list(ordered) == ["iris_variety", *DECLARED]
    assert list(ordered) != sorted(ordered)
    assert ordered["wine_type"] == {"title": "wine_type"}


def test_tasks_that_no_data_set_tells_come_last_and_those_that_are_gone_not_at_all():
    ordered = in_order(parts(wine={"tasks": ["gone", "wine_type"]}, iris={}))
    assert list(ordered) == ["wine_type", "iris_variety", "wine_grade", "wine_quality"]
