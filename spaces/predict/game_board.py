"""The board of the game: a real sample with its measurements, the score above it and a judgement beside it."""

from collections.abc import Mapping
from typing import Any

from pipelines.datasets.spec import Feature

from ..markup import text
from .answer_html import drawing, shown
from .predictor import Predictor

# One round as plain values: `task`, `sample` (by input), `truth`, `guess` (None before), and `score` by player.
Round = dict[str, Any]
# Who judges: the person, the model, and a rule that knows nothing.
PLAYERS = ("you", "model", "always")
# So many inputs are named as what led the model; more are no explanation.
NAMED = 2


def board(predictor: Predictor, dealt: Round, score: str, label: str, judgement: str) -> str:
    """The score, the sample with its drawing as `label` (empty for none), and what there is to judge, as HTML."""
    drawn = drawing(predictor, dealt["sample"], label)
    measurements = "".join(_measurement(predictor, each, dealt["sample"][each.name]) for each in predictor.telling)
    return (
        f'<p class="score">{score}</p><div class="play"><div class="card">{drawn}'
        f'<ul class="measurements">{measurements}</ul></div><div class="card judge">{judgement}</div></div>'
    )


def _measurement(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    unit = "" if feature.unit in {"", feature.title} else f" {feature.unit}"
    level = _level(predictor, feature, value)
    words = f"{shown(value)}{text(unit) if value is not None else ''}{f' · {level}' if level else ''}"
    return f"<li><span>{text(feature.title)}<em>{words}</em></span>{_rail(predictor, feature, value)}</li>"


def _level(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    """Whether a number is beyond what eight of ten samples have."""
    if not isinstance(value, float):
        return ""
    low, high = predictor.usual(feature)
    return "low" if value < low else "high" if value > high else ""


def _rail(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    """Where a number lies in the typical range, with the usual range; decoration, words stand beside it."""
    seen = predictor.model.inputs[feature.name]
    first, last = seen.get("p01"), seen.get("p99")
    if not isinstance(value, float) or first is None or last is None or first == last:
        return ""
    low, high, here = (
        100 * min(max((each - first) / (last - first), 0.0), 1.0) for each in (*predictor.usual(feature), value)
    )
    return (
        f'<span class="rail" aria-hidden="true"><i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<b style="left:{here:.1f}%"></b></span>'
    )


def told_push(predictor: Predictor, push: Mapping[str, Any]) -> str:
    """An input that led the model, with what is usual of it, as HTML."""
    feature = predictor.task.dataset.feature(push["input"])
    level = _level(predictor, feature, push["value"])
    title = text(f"{level} {feature.title.lower()}".strip() if feature.title != feature.unit else feature.title)
    if not isinstance(push["value"], float):
        return f"<b>{title}</b> ({shown(push['value'])})"
    low, high = (predictor.coarse(feature, bound) for bound in predictor.usual(feature))
    return f"<b>{title}</b> ({shown(push['value'])}; most have {low} to {high})"
