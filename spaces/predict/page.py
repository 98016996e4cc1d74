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

from ..files import Copies
from ..markup import empty
from . import batch
from .answer_html import page_of
from .batch import MOST_ROWS
from .endpoints import answered, endpoint, name_of
from .predictor import Desk, desk_of, measured

FIRST = (
    "These are the values of a typical sample. Change what you like and press **Predict**; what you clear counts as "
    "not measured."
)
# As many rows as fit on a screen; the file has them all.
SHOWN_ROWS = 20


# Seconds after which, and how often, files that somebody uploaded or was given are deleted.
DELETE_AFTER = 3600

Results = tuple[str, list[str], pd.DataFrame, pd.DataFrame]


class Measurement(gr.Number):
    """A number whose limits the browser knows and the data contract checks: its sentence names the input."""

    # For the browser it is a `Number`.
    is_template = True

    def preprocess(self, payload: float | None) -> float | None:
        """The number as it was typed."""
        return payload


def build(folder: Path) -> gr.Blocks:
    """The app on the copies in `folder`. Never raises for what is missing there: the page says it instead."""
    copies = Copies(folder)
    found = {task: desk_of(copies, task) for task in all_tasks()}
    desks = [desk for desk in found.values() if isinstance(desk, Desk)]
    demo = gr.Blocks(title="Predict", analytics_enabled=False, delete_cache=(DELETE_AFTER, DELETE_AFTER))
    with demo:
        gr.Markdown("# Predict\nAsk a model about one sample, or about a whole file. Files are deleted soon after.")
        for task, desk in found.items():
            with gr.Tab(task.title, elem_id=f"tab-{task.name}"):
                gr.Markdown(f"## {task.title}\n{task.description}")
                if isinstance(desk, Desk):
                    _task_tab(desk)
                else:
                    gr.HTML(empty(desk), elem_id=f"refusal-{task.name}")
        with gr.Tab("A whole file", elem_id="tab-file"):
            _file_tab(desks)
        with gr.Tab("From a program", elem_id="tab-program"):
            _program_tab(desks)
    return demo


def _task_tab(desk: Desk) -> None:
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            samples = _sample_buttons(desk)
            source = gr.Markdown(FIRST, elem_id=f"source-{desk.task.name}")
            inputs = _inputs(desk)
            predict = gr.Button("Predict", variant="primary", elem_id=f"predict-{desk.task.name}")
        with gr.Column(scale=5, min_width=320):
            page = gr.HTML(empty("The answer appears here."), elem_id=f"answer-{desk.task.name}")
            with gr.Accordion("The answer as data", open=False):
                data = gr.JSON(elem_id=f"data-{desk.task.name}", show_label=False)
    with gr.Accordion(f"About this model: version {desk.model.version}", open=False):
        gr.Markdown(desk.card or "This version has no model card.", elem_id=f"card-{desk.task.name}")

    def show(*values: object) -> tuple[str, dict[str, Any]]:
        found = answered(desk, dict(zip(desk.task.inputs, values, strict=True)))
        return page_of(desk, found), found

    events: dict[str, Any] = {"inputs": inputs, "outputs": [page, data], "api_visibility": "private"}
    # On a phone the answer is further down; where it is to be seen nothing moves.
    look = f"() => document.querySelector('#answer-{desk.task.name} .answer').scrollIntoView({{block: 'nearest'}})"
    predict.click(show, **events).success(None, js=look)
    for button, load in samples:
        loaded = button.click(load, None, [*inputs, source], api_visibility="private")
        loaded.success(show, **events).success(None, js=look)
    api(endpoint(desk), api_name=name_of(desk))


def _inputs(desk: Desk) -> list[gr.components.Component]:
    typical = measured(desk.drawable({})[list(desk.task.inputs)])
    inputs = []
    for start in range(0, len(desk.features), 2):
        with gr.Row():
            inputs += [_input(desk, each, typical[each.name]) for each in desk.features[start : start + 2]]
    return inputs


def _input(desk: Desk, feature: Feature, typical: Any) -> gr.components.Component:  # noqa: ANN401 - a number or a text
    about: dict[str, Any] = {
        "label": feature.title if feature.unit in {"", feature.title} else f"{feature.title} ({feature.unit})",
        "info": desk.explained(feature),
        "elem_id": f"{desk.task.name}-{feature.name}",
    }
    if feature.kind == "categorical":
        return gr.Radio(list(feature.values), value=typical, **about)
    return Measurement(
        # A number that begins as None would show as 0; one that is asked for begins empty.
        value=(lambda: None) if typical is None else typical,
        minimum=feature.low if np.isfinite(feature.low) else None,
        maximum=feature.high if np.isfinite(feature.high) else None,
        step=desk.step(feature),
        **about,
    )


def _example(desk: Desk, label: str, rng: np.random.Generator) -> list[Any]:
    return _filled(desk, desk.example(label, rng))


def _surprise(desk: Desk, rng: np.random.Generator) -> list[Any]:
    return _filled(desk, desk.surprise(rng))


def _filled(desk: Desk, sample: pd.Series) -> list[Any]:
    """What the inputs show of a sample, and the words that say where it comes from."""
    values = measured(sample[list(desk.task.inputs)])
    turned_out = desk.task.labels(sample.to_frame().T).iloc[0]
    if sample["role"] == "test":
        words = (
            f"A real sample that was kept from the model, **{sample['sample_id']}**. It turned out **{turned_out}**."
        )
    else:
        words = f"A new sample, made by the simulator of the daily runs. It would turn out **{turned_out}**."
    return [*values.values(), words]


def _sample_buttons(desk: Desk) -> list[tuple[gr.Button, Callable[[], list[Any]]]]:
    """A button for a new sample and one a class for a real one, with what fills the inputs."""
    # What a press of a button brings may be a surprise: this is the one place without a fixed seed.
    rng = np.random.default_rng()
    buttons: list[tuple[gr.Button, Callable[[], list[Any]]]] = []
    gr.Markdown("Take a real sample that was kept from the model, by what it turned out to be, or a new one:")
    with gr.Row(elem_classes="samples"):
        for number, label in enumerate(desk.example_classes()):
            button = gr.Button(label, size="sm", min_width=70, elem_id=f"example-{desk.task.name}-{number}")
            buttons.append((button, partial(_example, desk, label, rng)))
        if len(desk.reserve):
            button = gr.Button("Surprise me", size="sm", min_width=120, elem_id=f"surprise-{desk.task.name}")
            buttons.append((button, partial(_surprise, desk, rng)))
    return buttons


def _file_tab(desks: list[Desk]) -> None:
    gr.Markdown(
        "## A whole file\n"
        f"Upload a CSV file with a header, `,` or `;` between cells, and at most {MOST_ROWS:,} rows. It comes back "
        "with the prediction and the probabilities of each row. Rows that cannot be right come back with the reasons."
    )
    if not desks:
        gr.HTML(empty("There is no model yet. It appears here after the first training."))
        return
    by_name = {desk.task.name: desk for desk in desks}
    task = gr.Radio([(desk.task.title, desk.task.name) for desk in desks], value=desks[0].task.name, label="Predict")
    columns = gr.Markdown(_columns(desks[0]))
    file = gr.File(label="CSV file", file_types=[".csv"], elem_id="file")
    start = gr.Button("Predict the file", variant="primary", elem_id="predict-file")
    summary = gr.Markdown(elem_id="file-summary")
    with gr.Column(visible=False) as found:
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
    done = start.click(predict_file, [task, file], [summary, results, shown, rejected], api_name="predict_file")
    done.success(lambda: gr.update(visible=True), None, found, api_visibility="private")


def _results(desk: Desk, path: Path, folder: Path) -> Results:
    try:
        done = batch.predict_file(desk.task, desk.model, path)
    except PipelineError as error:
        raise gr.Error(str(error).replace(str(path), path.name), print_exception=False) from None
    frames = {"predictions.csv": done.predicted, "rejected.csv": done.rejected}
    files = [_written(frame, folder / name) for name, frame in frames.items() if len(frame)]
    return done.summary, files, done.predicted.head(SHOWN_ROWS), done.rejected.head(SHOWN_ROWS)


def _written(frame: pd.DataFrame, path: Path) -> str:
    frame.to_csv(path, index=False)
    return str(path)


def _columns(desk: Desk) -> str:
    return "Columns: " + ", ".join(f"`{name}`" for name in desk.task.inputs) + ". Others are carried along."


def _program_tab(desks: list[Desk]) -> None:
    gr.Markdown("## From a program")
    if not desks:
        gr.HTML(empty("There is no model yet, so there is nothing to call."))
        return
    names = "\n".join(f"- `/{name_of(desk)}`: {desk.task.description}" for desk in desks)
    gr.Markdown(
        f"The endpoints, whose names stay:\n\n{names}\n- `/predict_file`: a task and a CSV file.\n\n"
        f"```\n{_program(desks[0])}\n```\n\n"
        "Each parameter may be left out, as a measurement may be missing. The answer is a JSON object. “Use via API” "
        "at the foot of this page lists parameters and types.\n\n"
        "The same endpoints are tools for MCP clients: add the address of this page followed by `/gradio_api/mcp/`."
    )


def _program(desk: Desk) -> str:
    """A call with the values of a typical sample."""
    typical = measured(desk.drawable({})[list(desk.task.inputs)])
    values = [f"    {name}={value!r}," for name, value in typical.items() if value is not None]
    call = ["client.predict(", *values, f'    api_name="/{name_of(desk)}",', ")"]
    return "\n".join(["from gradio_client import Client", "", 'client = Client("the address of this page")', *call])
