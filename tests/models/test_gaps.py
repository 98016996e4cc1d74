import numpy as np
import pandas as pd
import pytest
from trainings import Stub

from pipelines import models
from pipelines.models import Model, gaps
from pipelines.models.ensemble import Ensemble


def model_of(answer, inputs):
    """A model of two classes whose probability of the second is `answer(matrix)`."""
    member = Stub(lambda matrix: np.column_stack([1 - answer(matrix), answer(matrix)]), 2)
    width = sum(1 if about["kind"] == "numeric" else len(about["values"]) for about in inputs.values())
    estimator = Ensemble(np.zeros(width), {"stub": member}, None, 2, ordinal=False)
    return Model("made_up", 1, ("no", "yes"), inputs, {"kind": "argmax"}, estimator, {})


NUMBERS = {"a": {"kind": "numeric"}, "b": {"kind": "numeric"}}
# The second of two inputs decides, and among samples with a high first it is high in three of four.
LEARNT = pd.DataFrame({"a": [0.0] * 8 + [10.0] * 4, "b": [0.0] * 8 + [0.0, 1.0, 1.0, 1.0]})


def test_a_gap_is_filled_with_what_near_samples_have():
    model = model_of(lambda matrix: matrix[:, 1], NUMBERS)
    rows = pd.DataFrame({"a": [10.0, 0.0], "b": [np.nan, np.nan]})
    found = gaps.predict(model, rows, LEARNT)
    assert found["probability_yes"].tolist() == pytest.approx([0.75, 0.0], abs=1e-3)
    assert found["prediction"].tolist() == ["yes", "no"]


def test_rows_without_gaps_are_predicted_as_always_whatever_stands_beside_them():
    model = model_of(lambda matrix: matrix[:, 1], NUMBERS)
    rows = pd.DataFrame({"a": [10.0, 10.0], "b": [0.2, np.nan]}, index=[7, 3])
    found = gaps.predict(model, rows, LEARNT)
    pd.testing.assert_frame_equal(found.loc[[7]], models.predict(model, rows.loc[[7]]))
    assert list(found.index) == [7, 3]


def test_without_samples_the_model_fills_gaps_itself():
    model = model_of(lambda matrix: matrix[:, 0] / 20 + matrix[:, 1], NUMBERS)
    rows = pd.DataFrame({"a": [10.0], "b": [np.nan]})
    pd.testing.assert_frame_equal(gaps.predict(model, rows, LEARNT.iloc[:0]), models.predict(model, rows))


def test_a_row_of_gaps_alone_gets_samples_of_all_kinds():
    model = model_of(lambda matrix: matrix[:, 0] / 10, NUMBERS)
    rows = pd.DataFrame({"a": [np.nan], "b": [np.nan]})
    assert 0 < gaps.predict(model, rows, LEARNT)["probability_yes"].iloc[0] < 0.6


def test_a_category_that_is_missing_is_filled_as_a_whole():
    inputs = {"a": {"kind": "numeric"}, "kind": {"kind": "categorical", "values": ("red", "white")}}
    model = model_of(lambda matrix: matrix[:, 2], inputs)
    learnt = LEARNT.assign(kind=["red"] * 8 + ["red", "white", "white", "white"])
    rows = pd.DataFrame({"a": [10.0], "kind": pd.Series([None], dtype=object)})
    assert gaps.predict(model, rows, learnt)["probability_yes"].tolist() == pytest.approx([0.75], abs=1e-3)


def test_samples_that_have_gaps_themselves_are_no_neighbours_by_what_they_lack():
    model = model_of(lambda matrix: matrix[:, 1], NUMBERS)
    learnt = pd.concat([LEARNT, pd.DataFrame({"a": [np.nan] * 3, "b": [0.0] * 3})], ignore_index=True)
    rows = pd.DataFrame({"a": [10.0], "b": [np.nan]})
    assert gaps.predict(model, rows, learnt)["probability_yes"].iloc[0] == pytest.approx(0.6, abs=1e-3)


def test_a_long_file_is_filled_in_parts_with_the_same_result(monkeypatch):
    model = model_of(lambda matrix: matrix[:, 1], NUMBERS)
    rows = pd.DataFrame({"a": [10.0, 0.0, 10.0], "b": np.nan})
    whole = gaps.predict(model, rows, LEARNT)
    monkeypatch.setattr(gaps, "AT_ONCE", 1)
    pd.testing.assert_frame_equal(gaps.predict(model, rows, LEARNT), whole)
