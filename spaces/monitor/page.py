"""The app that shows how the models do: the front, then a tab a task, read anew on every page load."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
from pandas.io.formats.style import Styler

from pipelines.datasets import Task, all_tasks
from pipelines.front.render import front, style_sheet
from pipelines.models.metrics import metric_names, metric_title

from ..files import SpaceFolder
from ..markup import empty, signposts, unmarked
from . import records
from .records import Choice, Record, record_of
from .what_if import switch, wire

# Gradio tells the dark mode by a class.
STYLE = style_sheet(dark=".dark .front {%s}")
# The buttons that open Gradio's calendars have no name of their own; those of other tabs come when they are opened.
NAME_CALENDARS = """() => {
  const name = () => document.querySelectorAll("[id^=first-] button, [id^=last-] button").forEach(
    (button) => button.setAttribute("aria-label", "Open the calendar"));
  new MutationObserver(name).observe(document.body, {childList: true, subtree: true});
  name();
}"""
ALL = "all versions"
# What a reader unfolds, by the section of the front.
PARTS = {
    "scores": "How sure are these numbers?",
    "inputs": "What arrives now, against what the model learned from",
    "champions": "Versions side by side, and which was in charge when",
    "quarantine": "Rows that broke the data contract",
}


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
    demo = gr.Blocks(title="How the models do", analytics_enabled=False)
    with demo:
        # Drawn before the page is asked for, so that nothing moves when the newest state comes in.
        head = gr.HTML(_head(space, now()), elem_id="front", padding=False)
        demo.load(None, None, None, js=NAME_CALENDARS)
        demo.load(lambda: _head(space, now()), None, head, api_visibility="private", show_progress="hidden")
        played = switch(space)
        with gr.Column() as tabs:
            for task in all_tasks():
                with gr.Tab(task.title, elem_id=f"tab-{task.name}"):
                    _task_tab(demo, space, task)
        wire(demo, space, played, (head, tabs))
    return demo


def _head(space: SpaceFolder, now: datetime) -> str:
    document = space.metrics()
    document["links"] = space.links()
    damage = space.damage()
    shown = empty(damage) if damage else front(document, space.portraits(), now, anchors=False)
    return f'{signposts({**space.links(), "monitor": ""})}<div class="front">{shown}</div>'


def _task_tab(demo: gr.Blocks, space: SpaceFolder, task: Task) -> None:
    drawn = record_of(space, task)
    gr.Markdown(task.description)
    version, first, last, metric = chosen = _filters(task, drawn)
    plot = gr.HTML(
        records.course(drawn, task.scorer, Choice()), elem_id=f"plot-{task.name}", min_height=320, padding=False
    )
    listing = gr.Dataframe(
        records.told(task, records.listing(drawn, Choice())), label="Predictions, newest first; a heading sorts",
        interactive=False, max_height=360, elem_id=f"listing-{task.name}",
    )  # fmt: skip
    folded = [_folded(drawn, name) for name in PARTS]

    def filtered(version: str, first: str | None, last: str | None, metric: str) -> tuple[str, pd.DataFrame | Styler]:
        record, choice = record_of(space, task), _choice(version, first, last)
        return records.course(record, metric, choice), records.told(task, records.listing(record, choice))

    def everything(*values: str) -> list[Any]:
        record = record_of(space, task)
        return [_versions(record, values[0]), *filtered(*values), *(records.part(record, name) for name in PARTS)]

    outputs = [version, plot, listing, *folded]
    demo.load(everything, list(chosen), outputs, api_visibility="private", show_progress="hidden")
    for event in (version.input, metric.input, first.change, last.change):
        event(filtered, list(chosen), [plot, listing], api_visibility="private", show_progress="hidden")


def _folded(record: Record, name: str) -> gr.HTML:
    with gr.Accordion(PARTS[name], open=False, elem_id=f"fold-{name}-{record.task.name}"):
        return gr.HTML(records.part(record, name), elem_id=f"{name}-{record.task.name}", padding=False)


def _filters(task: Task, record: Record) -> tuple[gr.Dropdown, gr.DateTime, gr.DateTime, gr.Dropdown]:
    with gr.Row():
        version = gr.Dropdown(
            [ALL, *map(str, record.versions)], value=ALL, label="Version", elem_id=f"version-{task.name}"
        )
        first = gr.DateTime(include_time=False, type="string", label="From day", elem_id=f"first-{task.name}")
        last = gr.DateTime(include_time=False, type="string", label="To day", elem_id=f"last-{task.name}")
        metric = gr.Dropdown(_metrics(task), value=task.scorer, label="Score", elem_id=f"metric-{task.name}")
    return version, first, last, metric


def _metrics(task: Task) -> list[tuple[str, str]]:
    return [(metric_title(name), name) for name in metric_names(task)]


def _versions(record: Record, chosen: str) -> dict[str, Any]:
    names = [ALL, *map(str, record.versions)]
    return gr.update(choices=names, value=chosen if chosen in names else ALL)


def _choice(version: str, first: str | None, last: str | None) -> Choice:
    return Choice(None if version == ALL else int(version), _day(first), _day(last))


def _day(words: str | None) -> date | None:
    try:
        return date.fromisoformat(words.strip()[:10]) if words and words.strip() else None
    except ValueError:
        raise gr.Error(unmarked(f"“{words}” is no day; write it as 2026-01-31."), print_exception=False) from None
