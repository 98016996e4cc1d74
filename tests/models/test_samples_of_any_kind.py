"""Whatever a sample is made of that the contract takes: one class of the task, and chances that are chances."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import TRAINED, register_small_model

from pipelines import models
from pipelines.datasets import dataset_named, task_named
from pipelines.datasets.contract import validate
from pipelines.features.backfill import backfill
from pipelines.stores.embedded import EmbeddedStore

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
CELLS = st.none() | st.floats() | st.floats(0.1, 10) | st.integers() | st.text(max_size=5)


@pytest.fixture(scope="module", name="model")
def fixture_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    store = EmbeddedStore(folder / "store")
    backfill(store, IRIS, [], TRAINED)
    register_small_model(store, VARIETY, folder / "version")
    return models.load(folder / "version")


@settings(max_examples=40)
@given(st.lists(st.tuples(*[CELLS] * 4), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_sample_has_one_answer_whatever_stands_beside_it(model, cells, chance):
    rows = pd.DataFrame(cells, columns=list(VARIETY.inputs), dtype=object)
    samples = validate(IRIS, rows, labelled=False).accepted
    predicted = models.predict(model, samples)
    chances = predicted[VARIETY.probability_columns].to_numpy()
    assert np.isfinite(chances).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(len(samples)))
    assert set(predicted["prediction"]) <= set(VARIETY.classes)
    order = chance.sample(list(samples.index), len(samples))
    pd.testing.assert_frame_equal(models.predict(model, samples.loc[order]).loc[samples.index], predicted)
