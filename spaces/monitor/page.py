"""The app that shows the daily record: a tab a task, read anew on every page load."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from pipelines.datasets import Task, all_tasks
from pipelines.models.metrics import metric_title

from ..files import SpaceFolder
from . import records
from .records import Choice, Record, record_of

ALL = "all versions"
METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "calibration_error")
ORDINAL_METRICS = ("quadratic_kappa", "mean_absolute_error")


def clock() -> datetime:
    """The time (UTC)."""
    return datetime.now(UTC)


def build(folder: Path, now: Callable[[], datetime] = clock) -> gr.Blocks:
    """The app on what `publish` put into `folder`. Never raises for what is missing there: the page says it instead.

    Parameters
    ----------
    now
        What tells the time (UTC) when a page is loaded.
    """
    space = SpaceFolder(folder)
    demo = gr.Blocks(title="Monitor", analytics_enabled=False)
    with demo:
        gr.Markdown("# Monitor\nWhat each model version predicted, beside what turned out.")
        for task in all_tasks():
            with gr.Tab(task.title, elem_id=f"tab-{task.name}"):
                _task_tab(demo, space, task, now)
    return demo


def _task_tab(demo: gr.Blocks, space: SpaceFolder, task: Task, now: Callable[[], datetime]) -> None:
    gr.Markdown(f"## {task.title}\n{task.description}")
    state = gr.HTML(elem_id=f"state-{task.name}")
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            newest = gr.HTML(elem_id=f"newest-{task.name}")
        with gr.Column(scale=5, min_width=320):
            scores = gr.HTML(elem_id=f"scores-{task.name}")
    gr.Markdown("### Day by day")
    version, first, last, metric = chosen = _filters(task)
    plot = gr.LinePlot(
        x="day", y="score", color="line", title="Score over the newest 100 samples", y_title="score", x_title="day",
        height=320, elem_id=f"plot-{task.name}",
    )  # fmt: skip
    listing = gr.Dataframe(
        headers=list(records.LISTED), label="Predictions, newest first; a heading sorts", interactive=False,
        max_height=420, elem_id=f"listing-{task.name}",
    )  # fmt: skip
    champions = gr.HTML(elem_id=f"champions-{task.name}")
    gr.Markdown("### Mistakes and drift")
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            confusion = gr.HTML(elem_id=f"confusion-{task.name}")
        with gr.Column(scale=5, min_width=320):
            drift = gr.ScatterPlot(
                x="distance", y="input", color="window", x_lim=[0, 1], title="Drift: 0 same, 1 apart",
                x_title="distance from the reference", y_title="", height=320, elem_id=f"drift-{task.name}",
            )  # fmt: skip
    gr.Markdown("### Pictures of the last refresh")
    pictures = gr.HTML(elem_id=f"pictures-{task.name}")

    def filtered(version: str, first: str, last: str, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        record, choice = record_of(space, task), _choice(version, first, last)
        return records.score_lines(record, metric, choice), records.listing(record, choice)

    def everything(*values: str) -> list[Any]:
        record = record_of(space, task)
        parts = (
            records.newest, records.scores, records.champions, records.confusion,
            records.drift_points, records.pictures,
        )  # fmt: skip
        shown = [part(record) for part in parts]
        return [records.state(record, now()), _versions(record, values[0]), *filtered(*values), *shown]

    outputs = [state, version, plot, listing, newest, scores, champions, confusion, drift, pictures]
    demo.load(everything, list(chosen), outputs, api_visibility="private", show_progress="hidden")
    for event in (version.input, metric.input, first.submit, first.blur, last.submit, last.blur):
        event(filtered, list(chosen), [plot, listing], api_visibility="private")


def _filters(task: Task) -> tuple[gr.Dropdown, gr.Textbox, gr.Textbox, gr.Dropdown]:
    with gr.Row():
        version = gr.Dropdown([ALL], value=ALL, label="Version", elem_id=f"version-{task.name}")
        first = gr.Textbox(label="From day", placeholder="2026-01-31", elem_id=f"first-{task.name}")
        last = gr.Textbox(label="To day", placeholder="2026-12-31", elem_id=f"last-{task.name}")
        metric = gr.Dropdown(_metrics(task), value=task.scorer, label="Score", elem_id=f"metric-{task.name}")
    return version, first, last, metric


def _metrics(task: Task) -> list[tuple[str, str]]:
    names = (*METRICS, *(ORDINAL_METRICS if task.ordinal else ()))
    return [(metric_title(name), name) for name in names]


def _versions(record: Record, chosen: str) -> dict[str, Any]:
    names = [ALL, *map(str, record.versions)]
    return gr.update(choices=names, value=chosen if chosen in names else ALL)


def _choice(version: str, first: str, last: str) -> Choice:
    return Choice(None if version == ALL else int(version), _day(first), _day(last))


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words.strip()) if words and words.strip() else None
    except ValueError:
        raise gr.Error(f"“{words}” is no day; write it as 2026-01-31.", print_exception=False) from None
