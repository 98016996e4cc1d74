"""The tab of a data set: one sample, its inputs, and the answers of the tasks, which follow every edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd
from gradio.components import Component

from pipelines.datasets import DataSet
from pipelines.datasets.arrivals import kinds_of
from pipelines.datasets.arrivals.simulated import Simulated
from pipelines.errors import PipelineError

from ..markup import note, text
from .answer import answer
from .answer_html import brief, page_of
from .door import check_types
from .form import form
from .kinds import truth_of
from .predictor import Predictor, measured

# The answer as HTML, the answer as data, and what is known of the sample as HTML.
Shown = tuple[str, dict[str, Any] | None, str]
# Gives a sample, of a class or of any where that is empty, and says in words what it is.
Source = Callable[[Predictor, str], tuple[pd.Series, str]]
# A sample that was loaded: its `values`, its `truth` by task, and what it is, in `words`.
Loaded = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """The components of one tab that its events read and write, and whose predictors they ask."""

    by_name: dict[str, Predictor]
    task: gr.Radio
    inputs: gr.HTML
    loaded: gr.State
    outputs: list[Component]
    ages: str

    @property
    def quiet(self) -> dict[str, Any]:
        """What all events of the tab have in common."""
        return {"api_visibility": "private", "show_progress": "hidden"}

    @property
    def fresh(self) -> str:
        """What the browser does when an answer is there: it is not stale, also where it is the same as before."""
        return f"() => document.querySelectorAll('{self.ages}').forEach(part => part.classList.remove('stale'))"


def sample_tab(dataset: DataSet, predictors: Sequence[Predictor], refusals: Sequence[str]) -> None:
    """The inputs once, and the answer of the task that is chosen."""
    name, loaded = dataset.name, _start(predictors)
    page, data, about = shown(predictors[0], loaded["values"], loaded)
    ages = f"#answer-{name} .result, #source-{name} .source"
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            like, buttons = _sample_buttons(predictors)
            source = gr.HTML(about, elem_id=f"source-{name}")
            inputs = form(predictors, loaded["values"], ages)
        with gr.Column(scale=5, min_width=320):
            task = _task_choice(predictors, f"task-{name}")
            for refusal in refusals:
                gr.HTML(note(text(refusal), "warning"))
            result = gr.HTML(page, elem_id=f"answer-{name}")
            with gr.Accordion("The answer as data", open=False):
                as_data = gr.JSON(data, elem_id=f"data-{name}", show_label=False)
    _cards(predictors)
    by_name = {predictor.task.name: predictor for predictor in predictors}
    parts = Parts(by_name, task, inputs, gr.State(loaded), [result, as_data, source], ages)
    _answer_edits(parts)
    _load_samples(parts, like, buttons)


def _answer_edits(parts: Parts) -> None:
    """The answer follows an edit and the choice of a task."""

    def show(name: str, values: Any, loaded: Loaded) -> Shown:  # noqa: ANN401 - whatever the browser sent
        return shown(parts.by_name[name], values if isinstance(values, dict) else {}, loaded)

    for event in (parts.inputs.submit, parts.task.input):
        inputs = [parts.task, parts.inputs, parts.loaded]
        done = event(show, inputs, parts.outputs, trigger_mode="always_last", **parts.quiet)
        done.then(None, js=parts.fresh)


def _load_samples(parts: Parts, like: gr.Dropdown, buttons: Sequence[tuple[gr.Button, Source]]) -> None:
    """A button puts another sample into the inputs, with its answer and what it turned out to be."""

    def press(load: Source, name: str, kind: str) -> tuple[Any, ...]:
        predictor = parts.by_name[name]
        loaded = _loaded(list(parts.by_name.values()), *load(predictor, kind))
        return loaded["values"], loaded, *shown(predictor, loaded["values"], loaded)

    for button, load in buttons:
        outputs = [parts.inputs, parts.loaded, *parts.outputs]
        button.click(partial(press, load), [parts.task, like], outputs, **parts.quiet).then(None, js=parts.fresh)
    parts.task.input(lambda name: _choices(parts.by_name[name]), parts.task, like, **parts.quiet)


def _cards(predictors: Sequence[Predictor]) -> None:
    for predictor in predictors:
        with gr.Accordion(f"About the model for {predictor.task.title}: version {predictor.model.version}", open=False):
            card = predictor.card or "This version has no model card."
            gr.Markdown(card, elem_id=f"card-{predictor.task.name}")


def shown(predictor: Predictor, values: Mapping[str, Any], loaded: Loaded) -> Shown:
    """The answer to what is in the inputs; what cannot be right takes the place of the answer, as a sentence."""
    unedited = dict(values) == loaded["values"]
    given = {name: values.get(name) for name in predictor.task.inputs}
    try:
        check_types(given)
        answered = answer(predictor, given)
    except PipelineError as error:
        return (
            f'<div class="result">{note(text(error), "late")}</div>',
            None,
            _source(loaded, str(error), unedited=unedited),
        )
    truth = loaded["truth"].get(predictor.task.name) if unedited else None
    about = _source(loaded, brief(predictor, answered), unedited=unedited)
    return f'<div class="result">{page_of(predictor, answered, truth)}</div>', answered, about


def _start(predictors: Sequence[Predictor]) -> Loaded:
    """What the inputs begin with: a real sample that no model learnt from, or typical values where none was copied."""
    sample = predictors[0].typical_held()
    if sample is not None:
        return _loaded(predictors, sample, "A real sample")
    values = {
        name: measured(predictor.drawable({})).get(name) for predictor in predictors for name in predictor.task.inputs
    }
    return {"values": values, "truth": {}, "words": "The values of a typical sample."}


def _loaded(predictors: Sequence[Predictor], sample: pd.Series, words: str) -> Loaded:
    """A sample as the inputs show it, with what it turned out to be for each task."""
    names = [feature.name for feature in predictors[0].task.dataset.features]
    used = {name for predictor in predictors for name in predictor.task.inputs}
    row = sample.to_frame().T
    return {
        "values": measured(sample[[name for name in names if name in used]]),
        "truth": {predictor.task.name: truth_of(predictor, row) for predictor in predictors},
        "words": f"{words}, {sample['sample_id']}: no model learnt from it.",
    }


def _source(loaded: Loaded, gist: str, *, unedited: bool) -> str:
    words = loaded["words"] if unedited else "Your own values. What is left empty was not measured."
    return f'<div class="source"><p>{text(words)}</p><p class="brief" aria-hidden="true">{text(gist)}</p></div>'


def _sample_buttons(predictors: Sequence[Predictor]) -> tuple[gr.Dropdown, list[tuple[gr.Button, Source]]]:
    """What loads another sample: a real one, of a class that is chosen or any, or one that the simulator makes."""
    # What a press of a button brings may be a surprise: this is the one place without a fixed seed.
    rng, name, there = np.random.default_rng(), predictors[0].task.dataset.name, len(predictors[0].reserve) > 0

    def real(predictor: Predictor, kind: str) -> tuple[pd.Series, str]:
        return predictor.example(kind, rng) if kind else predictor.held(rng), "A real sample"

    def made(predictor: Predictor, kind: str) -> tuple[pd.Series, str]:  # noqa: ARG001 - the simulator takes what comes
        return predictor.surprise(rng), "A new sample from the simulator of the daily runs"

    with gr.Row(elem_classes="samples", visible=there):
        like = gr.Dropdown(
            _kinds(predictors[0]), value="", label="Real samples", min_width=120, elem_id=f"kind-{name}",
            visible=len(_kinds(predictors[0])) > 1,
        )  # fmt: skip
        buttons: list[tuple[gr.Button, Source]] = [
            (gr.Button("Another real sample", size="sm", min_width=120, elem_id=f"real-{name}"), real),
            (
                gr.Button(
                    "A simulated one",
                    size="sm",
                    min_width=120,
                    elem_id=f"surprise-{name}",
                    visible=Simulated.name in kinds_of(predictors[0].task.dataset),
                ),
                made,
            ),
        ]
    return like, buttons


def _choices(predictor: Predictor) -> dict[str, Any]:
    """The choice of a class, which is not seen where there is none."""
    kinds = _kinds(predictor)
    return gr.update(choices=kinds, value="", visible=len(kinds) > 1)


def _kinds(predictor: Predictor) -> list[tuple[str, str]]:
    """The classes to choose a real sample by."""
    return [("of any class", ""), *((label, label) for label in predictor.example_classes())]


def _task_choice(predictors: Sequence[Predictor], elem_id: str) -> gr.Radio:
    """The choice of a task; where there is only one it is not shown."""
    choices = [(predictor.task.title, predictor.task.name) for predictor in predictors]
    return gr.Radio(choices, value=choices[0][1], label="What to predict", visible=len(choices) > 1, elem_id=elem_id)
