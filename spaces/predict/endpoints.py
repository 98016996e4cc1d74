"""The endpoints for programs: one function a task, whose parameters and description come from the data set's spec.

The same functions are what an MCP client sees as tools.
"""

import inspect
from collections.abc import Callable
from typing import Any, Literal, Optional

import gradio as gr

from pipelines.datasets.spec import Feature
from pipelines.errors import PipelineError
from pipelines.wording import LISTED

from .answer import answer
from .door import check_types
from .kinds import returned
from .predictor import Predictor

Endpoint = Callable[..., dict[str, Any]]


def endpoint(predictor: Predictor) -> Endpoint:
    """A function with one typed parameter an input, which returns the answer as a JSON object."""
    features = predictor.features

    def predict(*values: object, **named: object) -> dict[str, Any]:
        given = dict(zip(predictor.task.inputs, values, strict=False)) | named
        return answered(predictor, given)

    predict.__name__ = name_of(predictor)
    predict.__doc__ = _documentation(predictor, features)
    # Gradio and MCP read names, types and defaults from here.
    predict.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_parameter(feature) for feature in features], return_annotation=dict[str, Any]
    )
    predict.__annotations__ = {feature.name: _type(feature) for feature in features} | {"return": dict[str, Any]}
    return predict


def answered(predictor: Predictor, given: dict[str, object]) -> dict[str, Any]:
    """The answer to a sample; what is wrong with it reaches a person and a program as the same sentence."""
    try:
        check_types(given)
        return answer(predictor, given)
    except PipelineError as error:
        raise gr.Error(str(error), print_exception=False) from None


def name_of(predictor: Predictor) -> str:
    """The stable name of a task's endpoint."""
    return f"predict_{predictor.task.name}"


def _documentation(predictor: Predictor, features: list[Feature]) -> str:
    lines = [f"{predictor.task.title}: {predictor.task.description}", "", "Args:"]
    lines += [f"    {feature.name}: {predictor.explained(feature)}" for feature in features]
    lines += ["Returns:", f"    {returned(predictor)}"]
    return "\n".join(lines)


def _parameter(feature: Feature) -> inspect.Parameter:
    return inspect.Parameter(
        feature.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=_type(feature)
    )


def _type(feature: Feature) -> Any:  # noqa: ANN401 - a type that is made at run time
    # A measurement may be missing: the model was trained with gaps.
    if feature.kind == "numeric":
        return Optional[float]  # noqa: UP045 - Gradio reads it
    # A list of thousands of values would be most of what a program has to read.
    return Optional[Literal[feature.values]] if len(feature.values) <= LISTED else Optional[str]  # noqa: UP045
