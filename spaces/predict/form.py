"""The inputs of one sample, as a component of its own: its value is a dict by name, None for what was not measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.datasets.spec import Feature

from ..markup import attribute, text
from .predictor import TELLING, Predictor

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def form(predictors: Sequence[Predictor], values: Mapping[str, Any], ages: str) -> gr.HTML:
    """The inputs of all tasks of one data set.

    Its event `submit` follows an edit after a pause, or Enter at once.

    Parameters
    ----------
    ages
        A CSS selector of what an edit makes stale.
    """
    dataset = predictors[0].task.dataset
    knows = {name: predictor for predictor in reversed(predictors) for name in predictor.task.inputs}
    told = {feature.name for predictor in predictors for feature in predictor.telling}
    fields = {each.name: _field(knows[each.name], each) for each in dataset.features if each.name in knows}
    first, further = ("".join(fields[name] for name in fields if (name in told) is where) for where in (True, False))
    more = f"<details><summary>{len(fields) - len(told)} more inputs</summary>{_grid(further)}</details>"
    return gr.HTML(
        dict(values),
        html_template=f'<div data-ages="{attribute(ages)}">{_grid(first)}{more if further else ""}</div>',
        js_on_load=SCRIPT,
        elem_id=f"form-{dataset.name}",
        apply_default_css=False,
    )


def _grid(fields: str) -> str:
    return f'<div class="inputs">{fields}</div>'


def _field(predictor: Predictor, feature: Feature) -> str:
    if feature.kind == "numeric":
        return _number(predictor, feature)
    return _choice(predictor, feature) if len(feature.values) <= TELLING else _searched(predictor, feature)


def _number(predictor: Predictor, feature: Feature) -> str:
    name, about = f"{predictor.task.dataset.name}-{feature.name}", predictor.model.inputs[feature.name]
    unit = "" if feature.unit in {"", feature.title} else f" <span>({text(feature.unit)})</span>"
    field = (
        f'<input type="number" id="{name}" name="{feature.name}" step="{predictor.step(feature):g}" '
        f'inputmode="decimal" aria-describedby="{name}-info">'
    )
    return (
        f'<div class="field"><label for="{name}">{text(feature.title)}{unit}</label>'
        f'<div class="pair">{field}{_slider(feature, about, predictor.step(feature))}</div>'
        f'<small id="{name}-info">{text(predictor.explained(feature))}</small></div>'
    )


def _slider(feature: Feature, about: Mapping[str, Any], step: float) -> str:
    """A slider over what training has seen, which the contract takes; nothing where it has seen no number."""
    if about["min"] is None or about["min"] == about["max"]:
        return ""
    return (
        f'<input type="range" data-name="{feature.name}" aria-label="{attribute(feature.title)}, as a slider" '
        f'min="{about["min"]:g}" max="{about["max"]:g}" step="{step:g}" data-middle="{about["median"]:g}">'
    )


def _choice(predictor: Predictor, feature: Feature) -> str:
    name = f"{predictor.task.dataset.name}-{feature.name}"
    choices = [(value, value) for value in feature.values] + [("", "not known")]
    radios = "".join(
        f'<label><input type="radio" name="{name}" data-name="{feature.name}" value="{attribute(value)}">'
        f" {text(words)}</label>"
        for value, words in choices
    )
    return (
        f'<fieldset class="field" id="{name}"><legend>{text(feature.title)}</legend><div class="pair">{radios}</div>'
        f"<small>{text(predictor.explained(feature))}</small></fieldset>"
    )


def _searched(predictor: Predictor, feature: Feature) -> str:
    """A field that offers the values which begin like what is typed, where there are too many to see at once."""
    name = f"{predictor.task.dataset.name}-{feature.name}"
    options = "".join(f'<option value="{attribute(value)}">' for value in feature.values)
    return (
        f'<div class="field"><label for="{name}">{text(feature.title)}</label><div class="pair">'
        f'<input type="search" id="{name}" name="{feature.name}" list="{name}-values" autocomplete="off" '
        f'placeholder="type to search {len(feature.values):,} values" aria-describedby="{name}-info">'
        f'<datalist id="{name}-values">{options}</datalist></div>'
        f'<small id="{name}-info">{text(predictor.explained(feature))}</small></div>'
    )
