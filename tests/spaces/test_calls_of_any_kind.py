"""Whatever a program sends as JSON: an answer that is JSON, or one sentence of its own words."""

import json

import gradio as gr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spaces.predict.endpoints import answered

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.just(10**400)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
PYTHONS_WORDS = ("unhashable", "NoneType", "Traceback", "too large to convert", "truth value", "object at 0x")


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(values=st.lists(JSON | st.floats(0.1, 8), min_size=4, max_size=4))
def test_any_json_is_answered_in_words_or_in_json(predictors, values):
    predictor = predictors["iris_variety"]
    found, error = called(predictor, dict(zip(predictor.task.inputs, values, strict=True)))
    if error:
        assert not error.print_exception
        assert not [word for word in PYTHONS_WORDS if word in error.message]
    else:
        json.dumps(found, allow_nan=False)


def called(predictor, given):
    """The answer and no error, or the error."""
    try:
        return answered(predictor, given), None
    except gr.Error as error:
        return None, error
