"""One answer as HTML: the drawn sample, the verdict in words, and tables that say why."""

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any, TypeAlias

import pandas as pd

from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents.metrics import Predicted
from pipelines.front.kinds import kind_of
from pipelines.front.told import outcome_part
from pipelines.models.metrics import metric_title
from pipelines.pictures.portrait import portrait, scale_portrait
from pipelines.wording import measurement, number, quantity_range

from ..markup import bar, image, note, table, text
from .kinds import value_text
from .predictor import TELLING, Predictor

ALMOST_ONE = 0.99
# Scores that say most to a person who meets the model for the first time; the card has all.
TOLD = ("accuracy", "balanced_accuracy", "log_loss", "rmse", "skill", "coverage_95")


def page_of(predictor: Predictor, answer: Mapping[str, Any], truth: Any = None) -> str:  # noqa: ANN401 - a class or a number
    """An `answer.answer` as HTML, judged where it is known what the sample turned out to be."""
    parts = [
        _verdict(predictor.task.outcome, predictor, answer, truth),
        *(note(text(warning), "warning") for warning in answer["warnings"]),
        _likely(predictor.task.outcome, predictor, answer),
        _pushes(predictor, answer),
        _nearest(predictor, answer),
        _model(predictor),
    ]
    return "".join(parts)


@singledispatch
def _verdict(outcome: object, predictor: Predictor, answer: Mapping[str, Any], truth: Any) -> str:  # noqa: ANN401 - as above
    raise NotImplementedError


@_verdict.register
def _(outcome: Classes, predictor: Predictor, answer: Mapping[str, Any], truth: Any) -> str:  # noqa: ANN401, ARG001 - as above
    label = answer["prediction"]
    chance = answer["probabilities"][label]
    return (
        f'<div class="answer">{drawing(predictor, answer["sample"], label)}<div class="words" role="status">'
        f'<p>{text(predictor.task.title)}</p><p class="verdict">{text(label)}</p>'
        f"{judged(label, truth)}"
        f"<p>Probability {chance_text(chance)}: {text(answer['confidence'])}. {text(answer['remembered'] or '')}</p>"
        f"<p>{text(answer['decision'])}</p></div></div>"
    )


@_verdict.register
def _(outcome: Number, predictor: Predictor, answer: Mapping[str, Any], truth: Any) -> str:  # noqa: ANN401 - as above
    row = {"prediction": answer["value"], "low_95": answer["low"], "high_95": answer["high"], "label": truth}
    row |= {name: answer[name] for name in ("low_80", "high_80")}
    labels = predictor.task.labels(predictor.learnt) if len(predictor.learnt) else pd.Series(dtype="float64")
    drawn = image(scale_portrait(outcome, row, labels), "The number on a scale with its intervals.", "svg+xml")
    told = value_text(outcome, answer["value"])
    simple = f"{answer['baseline_means']}, {value_text(outcome, answer['baseline'])} here."
    return (
        f'<div class="answer">{drawn}<div class="words" role="status">'
        f'<p>{text(predictor.task.title)}</p><p class="verdict">{text(told)}</p>'
        f"{_judged_number(outcome, answer, truth)}"
        f"<p>{text(answer['confidence'][:1].upper() + answer['confidence'][1:])}. "
        f"{text(answer['remembered'] or '')}</p><p>{text(simple)}</p></div></div>"
    )


def _judged_number(outcome: Number, answer: Mapping[str, Any], truth: float | None) -> str:
    """Whether the truth lies inside the interval; empty where it is not known."""
    if truth is None:
        return ""
    inside = answer["low"] <= truth <= answer["high"]
    kind, sign, where = ("right", "✓", "inside") if inside else ("wrong", "✗", "outside")
    return f'<p class="truth {kind}">{sign} It is {text(value_text(outcome, truth))}, {where} the interval.</p>'


@singledispatch
def _brief(outcome: object, answer: Mapping[str, Any]) -> str:
    raise NotImplementedError


@_brief.register
def _(outcome: Classes, answer: Mapping[str, Any]) -> str:  # noqa: ARG001 - of any classes
    label = answer["prediction"]
    return f"{label} ({chance_text(answer['probabilities'][label])})"


@_brief.register
def _(outcome: Number, answer: Mapping[str, Any]) -> str:
    within = quantity_range(answer["low"], answer["high"], "", outcome.decimals)
    return f"{value_text(outcome, answer['value'])} ({within})"


def brief(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    """The gist of an answer, for where there is no room for more."""
    return f"{predictor.task.title}: {_brief(predictor.task.outcome, answer)}"


def judged(label: str, truth: str | None) -> str:
    """Whether an answer was right, in a sign and in words; empty where that is not known."""
    if truth is None:
        return ""
    kind, words = ("right", f"✓ Right: it is {truth}.") if label == truth else ("wrong", f"✗ Wrong: it is {truth}.")
    return f'<p class="truth {kind}">{text(words)}</p>'


def chance_text(chance: float) -> str:
    """A probability as people say it."""
    # No model is certain, whatever its rounded probability says.
    return f"{chance:.0%}" if chance < ALMOST_ONE else f"over {ALMOST_ONE:.0%}"


def drawing(predictor: Predictor, sample: Mapping[str, Any], label: str) -> str:
    """The sample as a drawing, of the class `label` or, where that is empty, so that it does not tell which."""
    task = predictor.task
    # A card says what was not measured; other drawings need all values.
    whole = predictor.drawable(sample).to_dict() if task.dataset.draw else sample
    drawn = portrait(task, whole, label, predictor.learnt)
    return image(drawn, f"A drawing of the sample{f' as {task.title.lower()} {label}' if label else ''}.", "svg+xml")


@singledispatch
def _likely(outcome: object, predictor: Predictor, answer: Mapping[str, Any]) -> str:
    raise NotImplementedError


@_likely.register
def _(outcome: Number, predictor: Predictor, answer: Mapping[str, Any]) -> str:  # noqa: ARG001 - the verdict tells it
    return ""


@_likely.register
def _probabilities(outcome: Classes, predictor: Predictor, answer: Mapping[str, Any]) -> str:  # noqa: ARG001 - of any
    chances = answer["probabilities"]
    told = sorted(chances, key=lambda label: -chances[label])[:TELLING]
    rows = [[text(label), f"{chances[label]:.1%}", bar(chances[label])] for label in chances if label in told]
    if len(chances) > len(told):
        others = sum(chances[label] for label in chances if label not in told)
        rows.append([f"{len(chances) - len(told)} other classes", f"{others:.1%}", bar(others)])
    return table("Probability of each class", ("Class", "Probability", "Share"), rows)


def _pushes(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    pushes = answer["pushes"][:TELLING]
    if not pushes:
        return ""
    what, unit, told, whole = _pushed(predictor.task.outcome, answer)
    rows = [
        [
            text(predictor.task.dataset.feature(push["input"]).title),
            shown(push["value"]),
            shown(push["typical"]),
            told(push["effect"]),
            bar(abs(push["effect"]) / whole, "away" if push["effect"] < 0 else ""),
        ]
        for push in pushes
    ]
    caption = f"What pushed {what} up (+) or down (-), compared with a typical sample"
    return table(caption, ("Input", "Here", "Typical", unit, "Strength"), rows)


# What was pushed, in which unit, how an effect is told, and the effect that fills a bar.
Pushed: TypeAlias = tuple[str, str, Callable[[float], str], float]


@singledispatch
def _pushed(outcome: object, answer: Mapping[str, Any]) -> Pushed:
    raise NotImplementedError


@_pushed.register
def _(outcome: Classes, answer: Mapping[str, Any]) -> Pushed:  # noqa: ARG001 - of any classes
    return f"the probability of {answer['prediction']}", "Points", points, 1.0


@_pushed.register
def _(outcome: Number, answer: Mapping[str, Any]) -> Pushed:
    largest = max(abs(push["effect"]) for push in answer["pushes"])
    # As wide as the interval, or as the largest effect where that is more: else noise would fill the bars.
    whole = max(largest, answer["high"] - answer["low"]) or 1.0

    def told(effect: float) -> str:
        rounded = round(effect, outcome.decimals + 1)
        return number(rounded, outcome.decimals + 1, signed=True) if rounded else "0.0"

    return "the number", outcome.unit or "By", told, whole


def _nearest(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    if not answer["nearest"]:
        return ""
    titles = [feature.title for feature in predictor.telling]
    rows = [
        [text(near["sample_id"]), _label(predictor.task.outcome, near["label"]), f"{near['distance']:.2f}"]
        + [shown(near[feature.name]) for feature in predictor.telling]
        for near in answer["nearest"]
    ]
    caption = "The nearest real samples that the model learnt from (distance in standard deviations)"
    return table(caption, ("Sample", predictor.task.title, "Distance", *titles), rows)


@singledispatch
def _label(outcome: object, label: Any) -> str:  # noqa: ANN401 - a class or a number
    raise NotImplementedError


@_label.register
def _(outcome: Classes, label: Any) -> str:  # noqa: ANN401, ARG001 - as above
    return text(label)


@_label.register
def _(outcome: Number, label: Any) -> str:  # noqa: ANN401 - as above
    return number(label, outcome.decimals)


def _model(predictor: Predictor) -> str:
    info, about = predictor.model.info, outcome_part(predictor.task)
    told = [name for name in dict.fromkeys((predictor.task.scorer, *TOLD)) if name in info.get("metrics", {})]
    kind, base = kind_of(about), info.get("baseline", {})
    rows = [
        [
            text(metric_title(name)),
            kind.score_words(about, name, info["metrics"][name]),
            kind.value_words(about, name, base.get(name), None),
        ]
        for name in told
    ]
    caption = f"Model version {predictor.model.version} of {str(info.get('created', ''))[:10]}, on samples kept from it"
    return table(caption, ("Score", "Held-out (95 %)", _simplest(predictor.task.outcome, about)), rows)


@singledispatch
def _simplest(outcome: object, about: Predicted) -> str:
    raise NotImplementedError


@_simplest.register
def _(outcome: Classes, about: Predicted) -> str:  # noqa: ARG001 - of any classes
    return "Always the majority class"


@_simplest.register
def _(outcome: Number, about: Predicted) -> str:  # noqa: ARG001 - of any number
    return kind_of(about).simplest(about)[0]


def points(effect: float) -> str:
    """A change of probability in hundredths, without a sign where it is none."""
    rounded = round(100 * effect, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def shown(value: float | str | None) -> str:
    """A measured value as people write it."""
    return "not measured" if value is None else text(value) if isinstance(value, str) else measurement(value)
