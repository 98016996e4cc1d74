import pandas as pd
import pytest

from pipelines.datasets import all_datasets, dataset_named
from pipelines.pictures.portrait import portrait

IRIS, WINE = dataset_named("iris"), dataset_named("wine")
FLOWER = {"sepal_length": 6.3, "sepal_width": 2.8, "petal_length": 5.1, "petal_width": 1.5}


def sample_of(dataset):
    return FLOWER if dataset is IRIS else {"type": "white"}


@pytest.mark.parametrize(("dataset", "task"), [(d, t) for d in all_datasets()[:2] for t in d.tasks])
def test_the_same_sample_is_drawn_in_the_same_bytes_and_each_class_otherwise(dataset, task):
    drawn = [portrait(task, sample_of(dataset), label, pd.DataFrame()) for label in task.classes]
    assert drawn == [portrait(task, sample_of(dataset), label, pd.DataFrame()) for label in task.classes]
    assert len(set(drawn)) == len(task.classes)


def test_a_larger_flower_is_drawn_otherwise_and_nothing_hides_what_lies_behind():
    small = portrait(IRIS.tasks[0], FLOWER, "virginica", pd.DataFrame())
    assert portrait(IRIS.tasks[0], FLOWER | {"sepal_length": 7.9}, "virginica", pd.DataFrame()) != small
    assert b"fill: #ffffff" not in small
