"""The static page: the numbers of `dashboard/metrics.json` and the pictures in one file, for any web server or none."""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines import wording
from pipelines.models.metrics import LOWER_IS_BETTER, metric_title
from pipelines.monitoring.browser_model import Form
from pipelines.stores.future import words_for_future

TEMPLATES = Path(__file__).parent / "templates"
# What a reader sees first; the recalls stand in a table of their own.
MAIN_METRICS = (
    "macro_f1",
    "quadratic_kappa",
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "calibration_error",
    "mean_absolute_error",
)
PICTURES = ("newest", "quality", "confusion", "recent", "drift", "calibration")
RECENT_SHOWN = 10


def render_site(
    document: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    now: datetime,
    forms: Mapping[str, Form] = MappingProxyType({}),
) -> str:
    """The page as one HTML text that needs no other file, no network and no script, but for its forms.

    Parameters
    ----------
    document
        What `dashboard/metrics.json` holds.
    pictures
        The PNG files by their name, such as `dashboard/<task>/newest.png`.
    now
        The clock: a run that is late by then is marked. A script in the page marks those that become late afterwards.
    forms
        By task, the form with which a reader asks the champion; its model is loaded when it is opened.
    """
    return _environment().get_template("index.html.j2").render(
        document=document,
        forms=forms,
        images={name: base64.b64encode(png).decode() for name, png in pictures.items()},
        ahead=_ahead(document, now),
        late=[name for name, task in document["tasks"].items() if is_late(task, now)],
        main_metrics=MAIN_METRICS,
        picture_order=PICTURES,
        recent_shown=RECENT_SHOWN,
        lower_is_better=LOWER_IS_BETTER,
    )  # fmt: skip


def _ahead(document: Mapping[str, Any], now: datetime) -> list[str]:
    """A sentence for each data set that has days after today."""
    days = {name: held["newest_day"] for name, held in document["datasets"].items() if held["newest_day"]}
    newest = {name: date.fromisoformat(day) for name, day in days.items()}
    return [words_for_future(name, day, now) for name, day in newest.items() if day > now.date()]


def is_late(task: Mapping[str, Any], now: datetime) -> bool:
    """Whether the next run of a task should have happened by now."""
    return task["late_after"] is not None and now > datetime.fromisoformat(task["late_after"])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "estimate": wording.estimate,
        "live": wording.live_estimate,
        "moment": wording.moment,
        "metric": metric_title,
    }
    return environment
