"""The app that predicts: a tab a task, a tab for whole files, a tab that explains its use from programs."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd
from gradio.events import api

from pipelines.datasets import all_tasks
from pipelines.datasets.spec import Feature
from pipelines.errors import PipelineError

from ..files import SpaceFolder
from ..markup import empty
from . import batch
from .answer_html import page_of
from .door import MOST_ROWS, Door
from .endpoints import answered, endpoint, name_of
from .predictor import Predictor, measured, predictor_of

FIRST = (
    "These are the values of a typical sample. Change what you like and press **Predict**; what you clear counts as "
    "not measured."
)
# As many rows as fit on a screen; the file has them all.
SHOWN_ROWS = 20


# Seconds after which, and how often, files that somebody uploaded or was given are deleted.
DELETE_AFTER = 3600
# A file of one person never waits for that of another, until so many are being predicted.
FILES_AT_ONCE = 8

Results = tuple[str, list[str], pd.DataFrame, pd.DataFrame]


class Measurement(gr.Number):
    """A number whose limits the browser knows and the data contract checks: its sentence names the input."""

    # For the browser it is a `Number`.
    is_template = True

    def preprocess(self, payload: float | None) -> float | None:
        """The number as it was typed."""
        return payload


def build(folder: Path) -> gr.Blocks:
    """The app on what `publish` put into `folder`. Never raises for what is missing there: the page says it instead."""
    space = SpaceFolder(folder)
    by_task = {task: predictor_of(space, task) for task in all_tasks()}
    predictors = [predictor for predictor in by_task.values() if isinstance(predictor, Predictor)]
    demo = Door(title="Predict", analytics_enabled=False, delete_cache=(DELETE_AFTER, DELETE_AFTER))
    with demo:
        gr.Markdown("# Predict\nAsk a model about one sample, or about a whole file. Files are deleted soon after.")
        for task, predictor in by_task.items():
            with gr.Tab(task.title, elem_id=f"tab-{task.name}"):
                gr.Markdown(f"## {task.title}\n{task.description}")
                if isinstance(predictor, Predictor):
                    _task_tab(predictor)
                else:
                    gr.HTML(empty(predictor), elem_id=f"refusal-{task.name}")
        with gr.Tab("A whole file", elem_id="tab-file"):
            _file_tab(predictors)
        with gr.Tab("From a program", elem_id="tab-program"):
            _program_tab(predictors)
    return demo


def _task_tab(predictor: Predictor) -> None:
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            samples = _sample_buttons(predictor)
            source = gr.Markdown(FIRST, elem_id=f"source-{predictor.task.name}")
            inputs = _inputs(predictor)
            predict = gr.Button("Predict", variant="primary", elem_id=f"predict-{predictor.task.name}")
        with gr.Column(scale=5, min_width=320):
            page = gr.HTML(empty("The answer appears here."), elem_id=f"answer-{predictor.task.name}")
            with gr.Accordion("The answer as data", open=False):
                data = gr.JSON(elem_id=f"data-{predictor.task.name}", show_label=False)
    with gr.Accordion(f"About this model: version {predictor.model.version}", open=False):
        gr.Markdown(predictor.card or "This version has no model card.", elem_id=f"card-{predictor.task.name}")

    def show(*values: object) -> tuple[str, dict[str, Any]]:
        answer = answered(predictor, dict(zip(predictor.task.inputs, values, strict=True)))
        return page_of(predictor, answer), answer

    events: dict[str, Any] = {"inputs": inputs, "outputs": [page, data], "api_visibility": "private"}
    # On a phone the answer is further down; where it is to be seen nothing moves.
    look = f"() => document.querySelector('#answer-{predictor.task.name} .answer').scrollIntoView({{block: 'nearest'}})"
    predict.click(show, **events).success(None, js=look)
    for button, load in samples:
        loaded = button.click(load, None, [*inputs, source], api_visibility="private")
        loaded.success(show, **events).success(None, js=look)
    api(endpoint(predictor), api_name=name_of(predictor))


def _inputs(predictor: Predictor) -> list[gr.components.Component]:
    typical = measured(predictor.drawable({})[list(predictor.task.inputs)])
    inputs = []
    for start in range(0, len(predictor.features), 2):
        with gr.Row():
            inputs += [_input(predictor, each, typical[each.name]) for each in predictor.features[start : start + 2]]
    return inputs


def _input(predictor: Predictor, feature: Feature, typical: Any) -> gr.components.Component:  # noqa: ANN401 - a number or a text
    about: dict[str, Any] = {
        "label": feature.title if feature.unit in {"", feature.title} else f"{feature.title} ({feature.unit})",
        "info": predictor.explained(feature),
        "elem_id": f"{predictor.task.name}-{feature.name}",
    }
    if feature.kind == "categorical":
        return gr.Radio(list(feature.values), value=typical, **about)
    return Measurement(
        # A number that begins as None would show as 0; one that is asked for begins empty.
        value=(lambda: None) if typical is None else typical,
        minimum=feature.low if np.isfinite(feature.low) else None,
        maximum=feature.high if np.isfinite(feature.high) else None,
        step=predictor.step(feature),
        **about,
    )


def _example(predictor: Predictor, label: str, rng: np.random.Generator) -> list[Any]:
    return _filled(predictor, predictor.example(label, rng))


def _surprise(predictor: Predictor, rng: np.random.Generator) -> list[Any]:
    return _filled(predictor, predictor.surprise(rng))


def _filled(predictor: Predictor, sample: pd.Series) -> list[Any]:
    """What the inputs show of a sample, and the words that say where it comes from."""
    values = measured(sample[list(predictor.task.inputs)])
    turned_out = predictor.task.labels(sample.to_frame().T).iloc[0]
    if sample["role"] == "test":
        words = (
            f"A real sample that was kept from the model, **{sample['sample_id']}**. It turned out **{turned_out}**."
        )
    else:
        words = f"A new sample, made by the simulator of the daily runs. It would turn out **{turned_out}**."
    return [*values.values(), words]


def _sample_buttons(predictor: Predictor) -> list[tuple[gr.Button, Callable[[], list[Any]]]]:
    """A button for a new sample and one a class for a real one, with what fills the inputs."""
    # What a press of a button brings may be a surprise: this is the one place without a fixed seed.
    rng = np.random.default_rng()
    buttons: list[tuple[gr.Button, Callable[[], list[Any]]]] = []
    gr.Markdown("Take a real sample that was kept from the model, by what it turned out to be, or a new one:")
    with gr.Row(elem_classes="samples"):
        for number, label in enumerate(predictor.example_classes()):
            button = gr.Button(label, size="sm", min_width=70, elem_id=f"example-{predictor.task.name}-{number}")
            buttons.append((button, partial(_example, predictor, label, rng)))
        if len(predictor.reserve):
            button = gr.Button("Surprise me", size="sm", min_width=120, elem_id=f"surprise-{predictor.task.name}")
            buttons.append((button, partial(_surprise, predictor, rng)))
    return buttons


def _file_tab(predictors: list[Predictor]) -> None:
    gr.Markdown(
        "## A whole file\n"
        f"Upload a CSV file with a header, `,` or `;` between cells, and at most {MOST_ROWS:,} rows. It comes back "
        "with the prediction and the probabilities of each row. Rows that cannot be right come back with the reasons."
    )
    if not predictors:
        gr.HTML(empty("There is no model yet. It appears here after the first training."))
        return
    by_name = {predictor.task.name: predictor for predictor in predictors}
    task = gr.Radio(
        [(predictor.task.title, predictor.task.name) for predictor in predictors],
        value=predictors[0].task.name,
        label="Predict",
    )
    columns = gr.Markdown(_columns(predictors[0]))
    file = gr.File(label="CSV file", file_types=[".csv"], elem_id="file")
    start = gr.Button("Predict the file", variant="primary", elem_id="predict-file")
    summary = gr.Markdown(elem_id="file-summary")
    with gr.Column(visible=False) as result:
        results = gr.File(label="Results (CSV)", interactive=False, elem_id="file-results")
        shown = gr.Dataframe(label=f"The first {SHOWN_ROWS} predictions", interactive=False, elem_id="file-predictions")
        rejected = gr.Dataframe(label="Rejected rows, with reasons", interactive=False, elem_id="file-rejected")

    def predict_file(task: str, file: str | None) -> Iterator[Results]:
        """Predict every row of a CSV file.

        Args:
            task: the name of the task.
            file: a CSV file with a header that names the inputs of the task.

        Returns:
            A sentence with the counts.
            The predictions and the rejected rows, as CSV files.
            The first predictions.
            The rejected rows with the reasons.
        """
        if file is None:
            raise gr.Error("Choose a CSV file first.", print_exception=False)
        # Gradio takes its own copy of the files when it has the results, and deletes that later.
        with tempfile.TemporaryDirectory() as folder:
            yield _results(by_name[task], Path(file), Path(folder))

    task.change(lambda name: _columns(by_name[name]), task, columns, api_visibility="private")
    outputs = [summary, results, shown, rejected]
    done = start.click(predict_file, [task, file], outputs, api_name="predict_file", concurrency_limit=FILES_AT_ONCE)
    done.success(lambda: gr.update(visible=True), None, result, api_visibility="private")


def _results(predictor: Predictor, path: Path, folder: Path) -> Results:
    try:
        done = batch.predict_file(predictor, path)
    except PipelineError as error:
        raise gr.Error(str(error).replace(str(path), path.name), print_exception=False) from None
    frames = {"predictions.csv": done.predicted, "rejected.csv": done.rejected}
    files = [_written(frame, folder / name) for name, frame in frames.items() if len(frame)]
    return done.summary, files, done.predicted.head(SHOWN_ROWS), done.rejected.head(SHOWN_ROWS)


def _written(frame: pd.DataFrame, path: Path) -> str:
    batch.harmless(frame).to_csv(path, index=False)
    return str(path)


def _columns(predictor: Predictor) -> str:
    return "Columns: " + ", ".join(f"`{name}`" for name in predictor.task.inputs) + ". Others are carried along."


def _program_tab(predictors: list[Predictor]) -> None:
    gr.Markdown("## From a program")
    if not predictors:
        gr.HTML(empty("There is no model yet, so there is nothing to call."))
        return
    names = "\n".join(f"- `/{name_of(predictor)}`: {predictor.task.description}" for predictor in predictors)
    gr.Markdown(
        f"The endpoints, whose names stay:\n\n{names}\n- `/predict_file`: a task and a CSV file.\n\n"
        f"```\n{_program(predictors[0])}\n```\n\n"
        "Each parameter may be left out, as a measurement may be missing. The answer is a JSON object. “Use via API” "
        "at the foot of this page lists parameters and types.\n\n"
        "The same endpoints are tools for MCP clients: add the address of this page followed by `/gradio_api/mcp/`."
    )


def _program(predictor: Predictor) -> str:
    """A call with the values of a typical sample."""
    typical = measured(predictor.drawable({})[list(predictor.task.inputs)])
    values = [f"    {name}={value!r}," for name, value in typical.items() if value is not None]
    call = ["client.predict(", *values, f'    api_name="/{name_of(predictor)}",', ")"]
    return "\n".join(["from gradio_client import Client", "", 'client = Client("the address of this page")', *call])
