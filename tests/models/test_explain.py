from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from trainings import Stub, stub_model, trained, training_data

from pipelines import models
from pipelines.datasets import task_named
from pipelines.models import Model, explain
from pipelines.models.ensemble import Ensemble

IRIS, GRADE = task_named("iris_variety"), task_named("wine_grade")


def made_up(names, answer):
    """A model of numeric inputs whose two probabilities come from `answer(matrix)`."""
    inputs = {name: {"kind": "numeric"} for name in names}
    member = Stub(lambda matrix: np.column_stack([1 - answer(matrix), answer(matrix)]), 2)
    estimator = Ensemble(np.zeros(len(names)), {"stub": member}, None, 2, ordinal=False)
    return Model("made_up", 1, ("no", "yes"), inputs, {"kind": "argmax"}, estimator, {})


def explained(name):
    data = training_data(name)
    most = None if name == "iris_variety" else 800
    model = trained(name, most).model
    return model, data.test.iloc[3], explain.explain(model, data.test.iloc[3], data.train)


@pytest.mark.parametrize("name", ["iris_variety", "wine_grade"])
def test_contributions_add_up_to_the_difference_from_the_typical_sample(name):
    model, sample, found = explained(name)
    np.testing.assert_allclose(found.contributions.sum(), found.chances - found.base, atol=1e-9)
    predicted = models.predict(model, sample.to_frame().T).iloc[0]
    np.testing.assert_allclose(found.chances, predicted.drop("prediction").astype(float))
    assert found.exact
    assert list(found.contributions.index) == list(model.inputs)


def test_contributions_are_the_mean_over_all_orders():
    model, sample, found = explained("iris_variety")
    names = list(model.inputs)
    own, start = sample[names], found.reference[names]
    totals = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        row = start.copy()
        before = models.probabilities(model, row.to_frame().T)[0]
        for name in order:
            row[name] = own[name]
            after = models.probabilities(model, row.to_frame().T)[0]
            totals[name] += (after - before)[1] / 24
            before = after
    np.testing.assert_allclose(found.contributions["versicolor"], list(totals.values()), atol=1e-9)


def test_an_input_that_the_model_ignores_contributes_nothing():
    alcohol = list(GRADE.inputs).index("alcohol")

    def answer(matrix):
        return np.where((matrix[:, alcohol] > 10)[:, None], [0.1, 0.3, 0.6], [0.1, 0.8, 0.1])

    data = training_data("wine_grade")
    strong = data.test[data.test["alcohol"] > 12].iloc[0]
    weak = data.train[data.train["alcohol"] < 10]
    found = explain.explain(stub_model(GRADE, answer), strong, weak)
    assert found.contributions.loc["alcohol", "excellent"] == pytest.approx(0.5, abs=0.01)
    assert found.contributions.drop("alcohol").abs().max(axis=None) < 1e-12


def test_two_inputs_that_only_count_together_share_the_credit():
    model = made_up(["a", "b", "c"], lambda matrix: 0.1 + 0.8 * (matrix[:, 0] > 0) * (matrix[:, 1] > 0))
    found = explain.explain(model, pd.Series({"a": 1, "b": 1, "c": 1}), pd.DataFrame([{"a": 0, "b": 0, "c": 0}]))
    np.testing.assert_allclose(found.contributions["yes"], [0.4, 0.4, 0], atol=1e-3)


def test_many_inputs_are_explained_by_orders_and_still_add_up():
    names = [f"x{i}" for i in range(15)]
    model = made_up(names, lambda matrix: 1 / (1 + np.exp(-matrix[:, :3] @ [1.0, -2.0, 0.5])))
    found = explain.explain(model, pd.Series(1.0, names), pd.DataFrame([dict.fromkeys(names, 0.0)]))
    assert not found.exact
    np.testing.assert_allclose(found.contributions.sum(), found.chances - found.base, atol=1e-9)
    assert found.contributions["yes"].iloc[3:].abs().max() < 1e-12
    assert found.contributions["yes"].iloc[1] < 0 < found.contributions["yes"].iloc[0]


def test_orders_estimate_what_combinations_give(monkeypatch):
    model, sample, exact = explained("iris_variety")
    monkeypatch.setattr(explain, "MOST_EXACT", 2)
    estimated = explain.explain(model, sample, training_data("iris_variety").train)
    assert (estimated.contributions - exact.contributions).abs().max(axis=None) < 0.03


def test_the_reference_is_a_real_and_typical_sample():
    _, _, found = explained("wine_grade")
    train = training_data("wine_grade").train
    assert found.reference["sample_id"] in set(train["sample_id"])
    assert found.reference["type"] == train["type"].mode().iloc[0]
    assert abs(found.reference["alcohol"] - train["alcohol"].median()) < train["alcohol"].std()


def test_a_sample_with_gaps_can_be_explained():
    model, sample, _ = explained("wine_grade")
    gappy = sample.astype(object)
    gappy["alcohol"], gappy["type"] = None, None
    found = explain.explain(model, gappy, training_data("wine_grade").train)
    np.testing.assert_allclose(found.contributions.sum(), found.chances - found.base, atol=1e-9)


def test_the_nearest_samples_come_first_and_one_is_nearest_to_itself():
    model, sample, _ = explained("wine_grade")
    rows = training_data("wine_grade").test
    near = explain.nearest(model.inputs, sample, rows, 5)
    assert near.iloc[0]["sample_id"] == sample["sample_id"]
    assert near["distance"].iloc[0] == 0
    assert near["distance"].is_monotonic_increasing
    assert len(near) == 5


def test_distances_are_in_standard_deviations_and_gaps_count_as_none():
    inputs = {"big": {"kind": "numeric"}, "small": {"kind": "numeric"}, "kind": {"kind": "categorical"}}
    rows = pd.DataFrame({"big": [0.0, 1000.0, 500.0], "small": [0.0, 1.0, None], "kind": ["a", "a", "b"]})
    sample = pd.Series({"big": 500.0, "small": 0.5, "kind": "a"})
    near = explain.nearest(inputs, sample, rows, 3)
    assert near.index[0] == 2 or near["distance"].iloc[0] < near["distance"].iloc[-1]
    by_row = near["distance"].sort_index()
    assert by_row[0] == pytest.approx(by_row[1])
    assert by_row[2] == pytest.approx(1.0)
