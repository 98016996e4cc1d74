"""What a data set declares, and what it refuses to declare."""

import pickle
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.datasets import all_datasets, all_tasks, dataset_named, task_named
from pipelines.errors import UsageError
from pipelines.stores.catalogue import predictions_group, samples_group
from tests.outcomes import with_outcome

IRIS = dataset_named("iris")
WINE = dataset_named("wine")


def test_names_lead_to_data_sets_and_tasks():
    assert [dataset.name for dataset in all_datasets()] == ["iris", "wine"]
    assert [task.name for task in all_tasks()] == ["iris_variety", "wine_quality", "wine_grade", "wine_type"]
    assert all(task_named(task.name) is task for task in all_tasks())
    assert all(task.dataset is dataset for dataset in all_datasets() for task in dataset.tasks)


def test_a_task_stays_with_its_data_set_however_it_is_copied():
    task = task_named("wine_type")
    assert with_outcome(task, names=("red", "rose")).dataset is WINE
    assert pickle.loads(pickle.dumps(task)).dataset == WINE  # noqa: S301 - its own
    other = replace(WINE, title="Other wines")
    assert {each.dataset.title for each in other.tasks} == {"Other wines"}
    assert task.dataset is WINE
    assert other.tasks == WINE.tasks
    assert hash(other.tasks) == hash(WINE.tasks)
    assert "DataSet" not in repr(task)


def test_a_task_knows_when_its_class_is_due():
    (quality,) = WINE.labels
    late = replace(WINE, labels=(replace(quality, due_after=timedelta(days=1)),))
    assert [task.due_after for task in late.tasks] == [timedelta(days=1), timedelta(days=1), None]
    assert {task.due_after for task in WINE.tasks} == {None}


def test_a_task_of_its_own_says_that_it_has_no_data_set():
    with pytest.raises(ValueError, match="wine_type belongs to no data set"):
        replace(task_named("wine_type"), part_of=None).dataset  # noqa: B018 - it raises


@pytest.mark.parametrize(("ask", "sentence"), [(dataset_named, "no data set 'beer'"), (task_named, "no task 'beer'")])
def test_an_unknown_name_is_refused_with_the_known_ones(ask, sentence):
    with pytest.raises(UsageError, match=rf"{sentence}; choose from iris.*, wine"):
        ask("beer")


def test_grades_follow_fixed_bounds():
    rows = pd.DataFrame({"quality": pd.array([3, 4, 5, 6, 7, 9, None], dtype="Int64")})
    labels = task_named("wine_grade").labels(rows)
    assert labels.tolist() == ["poor", "poor", "fair", "fair", "excellent", "excellent", None]


def test_labels_are_text_and_nothing_where_not_known():
    rows = pd.DataFrame({"quality": [3.0, np.nan, 9.0], "type": ["red", None, "white"]})
    assert task_named("wine_quality").labels(rows.astype({"quality": "Int64"})).tolist() == ["3", None, "9"]
    assert task_named("wine_type").labels(rows).tolist() == ["red", None, "white"]


def test_the_type_is_no_input_of_its_own_task():
    assert "type" not in task_named("wine_type").inputs
    assert "type" in task_named("wine_quality").inputs


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_every_class_of_every_task_can_be_drawn_and_stored(task):
    dataset = task.dataset
    sample = dataset.load([]).rows.astype(dict.fromkeys(dataset.numeric, "float64")).iloc[0]
    for label in task.classes:
        axes = Figure().subplots()
        dataset.draw(axes, sample, task, label)
        assert axes.patches
    assert set(task.probability_columns) <= set(predictions_group(task).column_names)
    assert set(task.guarded) <= set(task.classes)


def test_history_is_older_than_any_arrival_and_units_are_told():
    for dataset in all_datasets():
        assert dataset.historical_time.utcoffset() == timedelta(0)
        assert all(dataset.feature(name).unit for name in dataset.numeric)
        assert samples_group(dataset).key == ("sample_id",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tasks": (replace(WINE.tasks[0], inputs=("body",)),)}, "inputs .'body'. are not features of wine"),
        ({"tasks": (replace(WINE.tasks[2], inputs=("type",)),)}, "its label type is among its inputs"),
        ({"tasks": (replace(WINE.tasks[0], label="alcohol", inputs=()),)}, "alcohol is neither a label nor a cat"),
        ({"tasks": (with_outcome(WINE.tasks[1], upper_bounds=(4,)),)}, "needs one upper bound a class"),
        ({"features": (*WINE.features, WINE.features[0])}, "two columns have the same name"),
        ({"strata": ("alcohol",)}, "strata can be quality, type, not alcohol"),
        ({"strata": ()}, "strata can be quality, type, not none"),
        ({"simulator": replace(WINE.simulator, strata=("grade",))}, "strata can be quality, type, not grade"),
    ],
)
def test_a_data_set_that_cannot_work_is_refused_when_it_is_declared(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(WINE, **changes)
