"""Whatever a program sends as JSON: an answer that is JSON, or one sentence of its own words."""

import json
import math

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.predict.endpoints import answered
from tests.spaces.test_numbers import PREDICTOR as HOUSES

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.just(10**400)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
PYTHONS_WORDS = ("unhashable", "NoneType", "Traceback", "too large to convert", "truth value", "object at 0x")


@settings(max_examples=60)
@given(values=st.lists(JSON | st.floats(0.1, 8), min_size=4, max_size=4))
def test_any_json_is_answered_in_words_or_in_json(predictors, values):
    predictor = predictors["iris_variety"]
    found, error = called(predictor, dict(zip(predictor.task.inputs, values, strict=True)))
    assert is_right(found, error)


@settings(max_examples=60)
@given(area=JSON | st.floats(5, 900), more=st.dictionaries(st.text(max_size=5), JSON, max_size=2))
def test_any_json_gets_a_number_inside_its_interval_or_words(area, more):
    found, error = called(HOUSES, {**more, "area": area})
    assert is_right(found, error)
    assert error or found["low"] <= found["low_80"] <= found["value"] <= found["high_80"] <= found["high"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "Nothing is filled in; give at least one input."),
        (None, "Nothing is filled in; give at least one input."),
        (math.inf, "area: inf is infinite (allowed: from 5 to 900 m²)."),
        (10**400, "is infinite (allowed: from 5 to 900 m²)."),
        (-1, "area: -1 is too low (allowed: from 5 to 900 m²)."),
        (1e300, "area: 1e+300 is too high (allowed: from 5 to 900 m²)."),
        ("cheap", "area: 'cheap' is not a number (allowed: from 5 to 900 m²)."),
        ("60,5", "area: '60,5' is not a number (allowed: from 5 to 900 m²)."),
        ("", "area: '' is not a number (allowed: from 5 to 900 m²)."),
        (True, "area: True is not a number (allowed: from 5 to 900 m²)."),
        ([60], "The value of area is a list; give one number or text, or leave it out."),
        ({"a": 1}, "The value of area is an object; give one number or text, or leave it out."),
    ],
)
def test_an_odd_value_gets_one_sentence(value, words):
    found, error = called(HOUSES, {"area": value})
    assert found is None
    assert error.message.endswith(words)
    assert "\n" not in error.message


def is_right(found, error):
    """Whether it is JSON, or a sentence in words of its own."""
    if error:
        return not error.print_exception and not [word for word in PYTHONS_WORDS if word in error.message]
    return json.dumps(found, allow_nan=False) != "null"


def called(predictor, given):
    """The answer and no error, or the error."""
    try:
        return answered(predictor, given), None
    except gr.Error as error:
        return None, error
