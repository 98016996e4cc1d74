"""What an answer tells differently where a class is predicted and where a number is."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import pandas as pd

from pipelines.datasets.outcomes import Classes, Number
from pipelines.front.kinds import kind_of
from pipelines.front.told import outcome_part
from pipelines.wording import quantity, quantity_range

from .predictor import Predictor, as_json, rounded

# In words, from which probability of the answer on.
CONFIDENCE = (
    (0.95, "almost certain"),
    (0.80, "fairly sure"),
    (0.60, "more likely than not"),
    (0.00, "unsure, other answers are nearly as likely"),
)
REMEMBERED = "remembered rather than judged"
RULES = {
    "argmax": "The answer is the most probable class.",
    "costs": "The rule of this model gives the answer whose mistakes cost least on average.",
    "weights": "The rule of this model weighs the probabilities so that rare classes are not missed.",
    "cut_points": "The rule of this model averages over the ordered classes, weighed by their probabilities.",
}
RETURNED_CLASS = (
    "The predicted class, the probability of each class, how sure the model is, the inputs that pushed the answer, the "
    "nearest real samples, warnings, and the version of the model."
)
RETURNED_NUMBER = (
    "The predicted value in {unit}, low and high between which the truth lies 95 times of 100 (low_80 and high_80: 80 "
    "times), the inputs that pushed the answer, the nearest real samples, warnings, and the version of the model."
)


def answer_part(predictor: Predictor, predicted: pd.Series, *, remembered: bool) -> dict[str, Any]:
    """What is predicted of one sample and how sure that is, as JSON values.

    Parameters
    ----------
    predicted
        A row of `models.predict`.
    remembered
        Whether the model learnt this sample.
    """
    return _answer_part(predictor.task.outcome, predictor, predicted, remembered)


def explained_column(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    """Which column of an explanation is about the answer."""
    return _explained_column(predictor.task.outcome, answer)


def truth_of(predictor: Predictor, sample: pd.DataFrame) -> Any:  # noqa: ANN401 - a class or a number
    """What a sample turned out to be, as a JSON value; None where it is not known."""
    return truths_of(predictor, sample)[0]


def truths_of(predictor: Predictor, samples: pd.DataFrame) -> list[Any]:
    """The same for each of some samples."""
    return [as_json(label) for label in predictor.task.labels(samples)]


def returned(predictor: Predictor) -> str:
    """What an endpoint returns, in words."""
    return _returned(predictor.task.outcome)


def confidence(chance: float) -> str:
    """How sure an answer is, in words."""
    return next(words for least, words in CONFIDENCE if chance >= least)


@singledispatch
def _answer_part(outcome: object, predictor: Predictor, predicted: pd.Series, remembered: bool) -> dict[str, Any]:
    raise NotImplementedError


@_answer_part.register
def _(outcome: Classes, predictor: Predictor, predicted: pd.Series, remembered: bool) -> dict[str, Any]:
    label = str(predicted["prediction"])
    chances = dict(zip(outcome.names, map(rounded, predicted[outcome.answer_columns]), strict=True))
    return {
        "prediction": label,
        "probabilities": chances,
        "confidence": REMEMBERED if remembered else confidence(chances[label]),
        "decision": _decision(predictor, label, chances),
    }


@_answer_part.register
def _(outcome: Number, predictor: Predictor, predicted: pd.Series, remembered: bool) -> dict[str, Any]:
    ends = {name: rounded(predicted[name]) for name in ("low_80", "high_80", "low_95", "high_95")}
    likely, sure = (
        quantity_range(ends[f"low_{share}"], ends[f"high_{share}"], outcome.unit, outcome.decimals)
        for share in (80, 95)
    )
    words = f"95 times of 100 the truth is {sure}, and 80 times {likely}"
    about = outcome_part(predictor.task)
    return {
        "value": rounded(predicted["prediction"]),
        "low": ends["low_95"],
        "high": ends["high_95"],
        "low_80": ends["low_80"],
        "high_80": ends["high_80"],
        "unit": outcome.unit,
        "confidence": f"{REMEMBERED}; {words}" if remembered else words,
        "baseline": rounded(predicted["baseline"]),
        "baseline_means": f"{kind_of(about).simplest(about)[0]}: it {kind_of(about).simplest(about)[1]}",
    }


@singledispatch
def _explained_column(outcome: object, answer: Mapping[str, Any]) -> str:
    raise NotImplementedError


@_explained_column.register
def _(outcome: Classes, answer: Mapping[str, Any]) -> str:  # noqa: ARG001 - of any classes
    return str(answer["prediction"])


@_explained_column.register
def _(outcome: Number, answer: Mapping[str, Any]) -> str:  # noqa: ARG001 - a number has one
    return "prediction"


@singledispatch
def _returned(outcome: object) -> str:
    raise NotImplementedError


@_returned.register
def _(outcome: Classes) -> str:  # noqa: ARG001 - of any classes
    return RETURNED_CLASS


@_returned.register
def _(outcome: Number) -> str:
    return RETURNED_NUMBER.format(unit=outcome.unit or "no unit")


def _decision(predictor: Predictor, label: str, chances: Mapping[str, float]) -> str:
    likeliest = max(chances, key=lambda name: chances[name])
    rule = RULES[predictor.model.decision["kind"]]
    if likeliest == label:
        return rule
    return f"{rule} Here it answers {label}, although {likeliest} is more probable ({chances[likeliest]:.0%})."


def value_text(outcome: Number, value: float) -> str:
    """A value with its unit."""
    return quantity(value, outcome.unit, outcome.decimals)
