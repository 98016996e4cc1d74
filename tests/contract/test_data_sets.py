"""What every data set has to do, one's own too: go from its rows through each pipeline to pages and apps.

It goes with some rows of each class, so that it takes seconds; whether a model is good is told by training, not here.
"""

import json
import pickle
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from dashboards import refresh_dashboard

from pipelines.datasets import _registry, broken_datasets, found_datasets
from pipelines.datasets.contract import validate
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.inference.pipeline import run_inference
from pipelines.pictures.portrait import portrait
from pipelines.publishing.bundle import space_bundles, write_bundle
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.data import load_training_data
from pipelines.training.pipeline import fit, register_candidate, save_candidate
from spaces.files import SpaceFolder
from spaces.predict.answer import answer
from spaces.predict.page import build
from spaces.predict.predictor import measured, predictor_of
from tests.drafted import diabetes_rows, drafted, homes_rows

ROWS_OF_A_CLASS, NEWEST_DAYS = 30, 400
# No test asks a live source.
OFFLINE = [dataset for dataset in found_datasets() if not dataset.arrivals]
# Numbers, from a file to a page: none of the data sets that come along has one and no live source.
NUMBERS = {"diabetes": (diabetes_rows(), "progression"), "homes": (homes_rows(), "median_value_usd")}
DRAFTED = [
    drafted(name, rows, label, Path(tempfile.mkdtemp()))
    for name, (rows, label) in NUMBERS.items()
    if name not in {dataset.name for dataset in found_datasets()}
]
NOW = datetime(2026, 3, 10, 6, 47, tzinfo=UTC)
DAY, PER_DAY = date(2026, 3, 10), 3


def assert_an_answer(task, *answers):
    """Each is one of the classes, or lies in the range of the number."""
    if task.classes:
        assert set(answers) <= set(task.classes)
    else:
        assert all(task.outcome.low <= answer <= task.outcome.high for answer in answers)


def test_every_module_can_be_used():
    assert broken_datasets() == {}


@pytest.fixture(scope="module", params=[*OFFLINE, *DRAFTED], ids=lambda dataset: dataset.name)
def dataset(request):
    """A data set whose source has some rows of each class only, or its newest days where time splits it."""
    whole = request.param.load([])
    some = whole.rows.groupby(request.param.tasks[0].label, dropna=False).head(ROWS_OF_A_CLASS)
    by_class = request.param.split == "random" and request.param.tasks[0].classes
    rows = some if by_class else whole.rows.tail(NEWEST_DAYS)
    few = replace(whole, rows=rows.reset_index(drop=True))
    # What was drafted here stands in no module; it counts as long as the tests are about it.
    found = _registry().found
    there = request.param.name in found
    found.setdefault(request.param.name, request.param)
    yield replace(request.param, load=lambda paths: few)  # noqa: ARG005 - as a data set loads
    if not there:
        del found[request.param.name]


@pytest.fixture(scope="module")
def store(dataset, tmp_path_factory):
    """A store in which the first task of the data set was trained, and a day of samples has come."""
    folder = tmp_path_factory.mktemp(dataset.name)
    opened, task = EmbeddedStore(folder / "store"), dataset.tasks[0]
    backfill(opened, dataset, [], now=NOW, accept_unusual=True)
    run_features(opened, dataset, DAY, per_day=PER_DAY, now=NOW)
    save_candidate(fit(load_training_data(opened, task), size="quick", seed=0), folder / "candidate")
    (folder / "training.ipynb").write_text("{}")
    register_candidate(
        opened, task, candidate=folder / "candidate", notebook=folder / "training.ipynb",
        now=NOW, who="a test", promote="always",
    )  # fmt: skip
    run_inference(opened, task, run_date=DAY, now=NOW)
    return opened


def test_its_own_rows_keep_its_contract(dataset):
    checked = validate(dataset, dataset.load([]).rows)
    assert len(checked.accepted) > len(checked.rejected)


def test_it_tells_where_it_comes_from_and_is_older_than_any_arrival(dataset):
    assert dataset.provenance.citation
    assert dataset.provenance.licence
    assert dataset.historical_time.utcoffset() == timedelta(0)
    assert dataset.historical_time < NOW


def test_its_tasks_can_be_stored_and_sent_to_another_process(dataset):
    for task in dataset.tasks:
        assert set(task.answer_columns) <= set(predictions_group(task).column_names)
        assert len(set(task.answer_columns)) == len(task.answer_columns) >= len(task.classes)
    # Another process finds what stands in a module.
    for whole in (each for each in OFFLINE if each.name == dataset.name):
        assert pickle.loads(pickle.dumps(whole)) == whole  # noqa: S301 - its own


def test_a_sample_can_be_drawn_as_each_class_and_as_none(dataset):
    known = validate(dataset, dataset.load([]).rows).accepted
    complete = known.dropna(subset=[feature.name for feature in dataset.features])
    for task in dataset.tasks:
        for label in (*task.classes, ""):
            assert b"<svg" in portrait(task, complete.iloc[0].to_dict(), label, known)


def test_new_samples_come_daily_and_are_predicted(dataset, store):
    rows = store.read(samples_group(dataset))
    arrivals = rows[rows["origin"] != "historical"]
    predictions = store.read(predictions_group(dataset.tasks[0]))
    assert len(arrivals) == PER_DAY
    assert set(predictions["sample_id"]) == set(arrivals["sample_id"])
    assert_an_answer(dataset.tasks[0], *predictions["prediction"])


def test_pictures_and_pages_are_drawn(dataset, store):
    done = refresh_dashboard(store, dataset, NOW)
    pictures = json.loads(store.get_file("dashboard/metrics.json"))["tasks"][dataset.tasks[0].name]["pictures"]
    assert {"newest", "recent", "quality", "drift"} <= set(pictures)
    for name in pictures:
        assert store.get_file(f"dashboard/{dataset.tasks[0].name}/{name}.png").startswith(b"\x89PNG")
    assert set(done.document["tasks"]) == {task.name for task in dataset.tasks}


def test_the_space_answers_about_a_sample(dataset, store, tmp_path):
    bundle = next(bundle for bundle in space_bundles(store) if bundle.name == "predict")
    write_bundle(bundle.files, tmp_path)
    build(tmp_path)
    predictor = predictor_of(SpaceFolder(tmp_path), dataset.tasks[0])
    found = answer(predictor, measured(predictor.learnt.iloc[0][list(predictor.task.inputs)]))
    answered = found["prediction"] if dataset.tasks[0].classes else found["value"]
    assert_an_answer(dataset.tasks[0], answered)
