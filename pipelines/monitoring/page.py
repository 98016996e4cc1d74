"""The static page: the front and the numbers below it in one file, for any web server or none."""

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.documents.metrics import Parts
from pipelines.front.links import links_of
from pipelines.front.render import FAVICON, front, section, style_sheet
from pipelines.front.verdict import verdict
from pipelines.monitoring.browser_model import Form

TEMPLATES = Path(__file__).parent / "templates"
SUMMARIES = {
    "scores": "How sure are these numbers? Scores with intervals, beside those of the simplest answer",
    "inputs": "What arrives now, against what the models learned from",
    "champions": "Which version was in charge when, and why",
    "recent": "The newest predictions",
    "quarantine": "Rows that broke the data contract",
}
# These are told once for all tasks of a data set.
ABOUT_DATA = ("inputs", "quarantine")
# The picture that a link to the page shows, beside the page.
SOCIAL = "social.png"


def render_site(
    document: Parts,
    portraits: Mapping[str, bytes],
    now: datetime,
    forms: Mapping[str, Form] = MappingProxyType({}),
) -> str:
    """The page as one HTML text that needs no other file and no network, but for its forms.

    Parameters
    ----------
    document
        What `dashboard/metrics.json` holds.
    portraits
        The drawing (SVG) of the newest sample by the name of its task.
    now
        The clock: a run that is late by then is marked. A script in the page marks one that becomes late afterwards.
    forms
        By task, the form with which a reader asks the champion; its model is loaded when it is opened.
    """
    told = verdict(document, now)
    return _environment().get_template("index.html.j2").render(
        document=document,
        forms=forms,
        title="How the models do",
        description=f"{told.headline}. {told.as_of}",
        links=links_of(document),
        social=SOCIAL,
        favicon=f"data:image/svg+xml;base64,{base64.b64encode(FAVICON.read_bytes()).decode()}",
        style=Markup(style_sheet()),  # noqa: S704 - a file of this project
        front=front(document, portraits, now),
        section=section,
        summaries=SUMMARIES,
        about_data=ABOUT_DATA,
        tasks_of={
            data: [name for name, task in document["tasks"].items() if task["dataset"] == data]
            for data in document["datasets"]
        },
    )  # fmt: skip


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
