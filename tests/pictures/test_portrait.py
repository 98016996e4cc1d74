import pandas as pd
import pytest

from pipelines.datasets import all_datasets, dataset_named
from pipelines.datasets.outcomes import Number
from pipelines.pictures.portrait import portrait, scale_portrait

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


def test_a_card_has_dark_colours_for_the_night():
    row = {"prediction": 1500.0, "low_80": 1400, "high_80": 1600, "low_95": 1300, "high_95": 1700, "label": 1450}
    drawn = scale_portrait(Number(unit="USD", decimals=0), row, pd.Series([1000.0, 2000.0])).decode()
    night = drawn[drawn.index("<style>@media (prefers-color-scheme: dark)") : drawn.index("</style>")]
    assert '[style*="fill: #ffffff"] {fill: #1e1e27 !important}' in night
    assert drawn.index(night) < drawn.index("fill: #ffffff; stroke")
    assert b"prefers-color-scheme" not in portrait(IRIS.tasks[0], FLOWER, "virginica", pd.DataFrame())
