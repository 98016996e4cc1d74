from dataclasses import replace

import numpy as np
import pytest
from trainings import trained, training_data

from pipelines.datasets import task_named
from pipelines.models import encode, explain
from pipelines.models.ensemble import Ensemble, fill_missing
from pipelines.models.quick import Quick, quick
from pipelines.training.families import FAMILIES, Shape


def rows_of(name, model):
    """Real rows, rows with gaps, and rows beyond what was seen, encoded."""
    real = encode(model.inputs, training_data(name, 800).test)
    gappy = np.where(np.random.default_rng(0).random(real.shape) < 0.2, np.nan, real)
    return np.concatenate([real, gappy, real * 3 - 5])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("name", ["wine_grade", "wine_type"])
def test_a_quick_member_of_every_family_answers_the_same(name, family):
    task, data, model = task_named(name), training_data(name, 800), trained(name, 800).model
    matrix = fill_missing(encode(model.inputs, data.train), model.estimator.fill)
    labels = np.array([task.classes.index(label) for label in task.labels(data.train)])
    member = family.make(Shape(len(matrix), len(task.dataset.numeric)), 0).fit(matrix, labels)
    alone = Ensemble(model.estimator.fill, {family.name: member}, None, len(task.classes), ordinal=False)
    rows, found = rows_of(name, model), quick(replace(model, estimator=alone)).estimator
    np.testing.assert_allclose(found.answers(rows), alone.answers(rows), rtol=0, atol=1e-9)
    assert isinstance(found.members[family.name], Quick) == (family.name in {"linear", "discriminant", "kernel"})


@pytest.mark.parametrize("name", ["iris_variety", "wine_grade"])
def test_a_quick_model_answers_and_is_explained_the_same(name):
    data, model = training_data(name, 800), trained(name, 800).model
    rows, sample = rows_of(name, model), data.test.iloc[3]
    np.testing.assert_allclose(quick(model).estimator.answers(rows), model.estimator.answers(rows), rtol=0, atol=1e-9)
    found, other = (explain.explain(each, sample, data.train).contributions for each in (quick(model), model))
    np.testing.assert_allclose(found, other, rtol=0, atol=1e-9)
