"""The tab for whole files: a CSV file comes back with predictions, scored where it has the label."""

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from pipelines.errors import PipelineError

from ..markup import attribute, unmarked
from . import batch
from .door import MOST_ROWS
from .predictor import Predictor

# As many rows as fit on a screen; the file has them all.
SHOWN_ROWS = 20
# Rows of the file that a person may take to try.
SAMPLE_ROWS = 25
# A file of one person never waits for that of another, until so many are being predicted.
FILES_AT_ONCE = 8

Results = tuple[str, list[str], pd.DataFrame, pd.DataFrame]


def file_tab(predictors: list[Predictor]) -> None:
    """The upload, the endpoint, and what comes back."""
    gr.Markdown(
        "## A whole file\n"
        f"Upload a CSV file with a header, `,` or `;` between cells, and at most {MOST_ROWS:,} rows. It comes back "
        "with the prediction and the probabilities of each row, scored where it says what the rows turned out to be. "
        "Rows that cannot be right come back with the reasons."
    )
    by_name = {predictor.task.name: predictor for predictor in predictors}
    choices = [(predictor.task.title, predictor.task.name) for predictor in predictors]
    task = gr.Radio(choices, value=choices[0][1], label="Predict", elem_id="file-task")
    columns = gr.HTML(_columns(predictors[0]), elem_id="file-columns")
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
            A sentence with the counts, and with the score where the file has the label.
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
    tables = [shown, rejected]
    done.success(_with_rows, tables, [result, *tables], api_visibility="private")


def _results(predictor: Predictor, path: Path, folder: Path) -> Results:
    try:
        done = batch.predict_file(predictor, path)
    except PipelineError as error:
        raise gr.Error(unmarked(str(error).replace(str(path), path.name)), print_exception=False) from None
    frames = {"predictions.csv": done.predicted, "rejected.csv": done.rejected}
    files = [_written(frame, folder / name) for name, frame in frames.items() if len(frame)]
    return done.summary, files, done.predicted.head(SHOWN_ROWS), done.rejected.head(SHOWN_ROWS)


def _with_rows(*tables: pd.DataFrame) -> tuple[Any, ...]:
    """Show the results, without the tables that have no rows."""
    return gr.update(visible=True), *(gr.update(visible=len(table) > 0) for table in tables)


def _written(frame: pd.DataFrame, path: Path) -> str:
    batch.harmless(frame).to_csv(path, index=False)
    return str(path)


def _columns(predictor: Predictor) -> str:
    task = predictor.task
    names = ", ".join(f"<code>{name}</code>" for name in task.inputs)
    example = batch.example(predictor, SAMPLE_ROWS)
    link = "" if example.empty else f"<p>{_link(f'{task.name}.csv', example)}</p>"
    return (
        f"<p>Columns: {names}. With the column <code>{task.label}</code> the predictions are scored; others are "
        f"carried along.</p>{link}"
    )


def _link(name: str, frame: pd.DataFrame) -> str:
    """A file inside the page, to download."""
    content = base64.b64encode(frame.to_csv(index=False).encode()).decode("ascii")
    words = f"A file to try: {len(frame)} real samples that no model learnt from"
    return f'<a download="{attribute(name)}" href="data:text/csv;base64,{content}">{words}</a>'
