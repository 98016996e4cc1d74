"""What a task that predicts a number declares and refuses, and which labels it takes in."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.contract import validate
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.roles import assign_roles
from pipelines.datasets.spec import Label
from pipelines.errors import DeclarationError
from tests.made_up_houses import HOUSES, PRICE
from tests.outcomes import with_outcome


def test_a_number_says_what_its_answers_have_and_has_no_classes():
    assert PRICE.answer_columns == ["low_80", "high_80", "low_95", "high_95", "baseline"]
    assert (PRICE.classes, PRICE.guarded, PRICE.ordinal, PRICE.scorer) == ((), (), False, "mae")
    with pytest.raises(TypeError, match="houses_price predicts a number"):
        PRICE.probability_columns  # noqa: B018 - it raises


def test_labels_are_floats_and_nan_where_not_known():
    rows = pd.DataFrame({"price": pd.array([3, None, 5], dtype="Int64")}, index=[7, 8, 9])
    found = PRICE.labels(rows)
    assert found.dtype == "float64"
    pd.testing.assert_series_equal(found, pd.Series([3.0, np.nan, 5.0], index=[7, 8, 9], name="price"))


def test_a_label_out_of_range_infinite_or_in_words_goes_to_quarantine_and_a_missing_one_waits():
    rows = pd.DataFrame({"area": ["50"] * 6, "price": ["150", None, "-1", "5001", "inf", "cheap"]})
    checked = validate(HOUSES, rows)
    assert checked.accepted["price"].tolist()[0] == 150
    assert math.isnan(checked.accepted["price"].tolist()[1])
    assert checked.rejected["reasons"].tolist() == [
        "price: '-1' is too low (allowed: from 0 to 5000 k€)",
        "price: '5001' is too high (allowed: from 0 to 5000 k€)",
        "price: 'inf' is infinite (allowed: from 0 to 5000 k€)",
        "price: 'cheap' is not a number (allowed: from 0 to 5000 k€)",
    ]


def test_every_role_gets_low_and_high_numbers():
    rows = HOUSES.load([]).rows.astype("float64")
    roles = assign_roles(HOUSES, rows)
    means = rows["price"].groupby(roles).mean()
    assert roles.value_counts().to_dict() == {"train": 50, "test": 20, "reserve": 20}
    assert means.max() - means.min() < 0.1 * rows["price"].std()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            lambda: {"tasks": (replace(PRICE, outcome=Classes(names=("cheap", "dear")), scorer=""),)},
            "price is a number; give its classes upper bounds, or predict Number",
        ),
        (
            lambda: {"labels": (Label(name="price", title="P", description="P.", values=("1", "a")),)},
            r"price is no number; it can predict area, or Classes",
        ),
        (lambda: {"tasks": (with_outcome(PRICE, low=5, high=5),)}, "numbers go from 5 to 5; the first has to be lower"),
        (lambda: {"tasks": (with_outcome(PRICE, decimals=-1),)}, "shown with -1 decimals; give 0 or more"),
        (lambda: {"tasks": (replace(PRICE, outcome=("a", "b")),)}, r"is \('a', 'b'\); write Classes"),
        (
            lambda: {"labels": (replace(HOUSES.labels[0], values=("1",)),)},
            "price is number and has values; give them to a categorical column",
        ),
        (lambda: {"tasks": (replace(PRICE, scorer="macro_f1"),)}, "is 'macro_f1'; it can be mae, rmse, pinball"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(changes, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        replace(HOUSES, **changes())


def test_classes_may_be_ranges_of_a_number():
    cheap = Classes(names=("cheap", "dear"), upper_bounds=(200, math.inf))
    task = replace(PRICE, outcome=cheap, scorer="")
    assert replace(HOUSES, tasks=(task,)).tasks[0].labels(pd.DataFrame({"price": [150.0, 900.0, np.nan]})).tolist() == [
        "cheap", "dear", None,
    ]  # fmt: skip
