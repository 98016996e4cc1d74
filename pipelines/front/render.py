"""The front as HTML: what the static page and the monitor show, from the same document and the same templates."""

import base64
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipelines.documents.metrics import (
    ALL_INPUTS,
    DataPart,
    DriftTest,
    Parts,
    Predicted,
    RecentPrediction,
    TaskPart,
    score_on,
)
from pipelines.documents.model import Estimate
from pipelines.front import number_plots, plots
from pipelines.front.kinds import kind_of, live_words
from pipelines.front.links import Links, links_of
from pipelines.front.sentences import awaiting_sentence, outcome_words, plain_sentences
from pipelines.front.terms import explained, ordered_scores
from pipelines.front.verdict import TaskVerdict, verdict
from pipelines.models.metrics import LOWER_IS_BETTER, metric_title
from pipelines.pictures.theme import DARK, FONTS, LIGHT, Theme
from pipelines.wording import day_words, estimate, live_estimate, minute_words, moment, number

TEMPLATES = Path(__file__).parent / "templates"
FAVICON = Path(__file__).with_name("favicon.svg")
# The parts below the cards, in the order in which a reader asks.
SECTIONS = ("course", "scores", "inputs", "champions", "recent", "quarantine")
RECENT_SHOWN = 10
# What else of a task may drift, beside its inputs.
DRIFTING = {"label": "what turned out", "prediction": "what was predicted", "error": "how far off the answers were"}
A_MOMENT = timedelta(seconds=1)
# So few days are no course yet; what a card shows of them, where its kind has something better than a few dots.
FEW_DAYS = 7
EARLY = {
    "fan": (
        partial(number_plots.fan, frame=number_plots.CARD_FAN),
        "Day by day: what was said (dots, with intervals) and what turned out (diamonds).",
    )
}
# The picture for a README, in pixels.
CARD_WIDTH, CARD_HEIGHT, GAP = 446, 262, 16
HEAD_HEIGHT, LINE_HEIGHT = 92, 22
MOST_FOUND = 4
LETTERS = 56  # that fit on a line of a card


@dataclass(frozen=True)
class Card:
    """What a card says of a task."""

    name: str
    title: str
    verdict: TaskVerdict
    says: str
    beside: str
    course: Markup
    legend: str
    portrait: str
    awaiting: str
    newest: RecentPrediction | None
    said: str
    sure: str
    outcome: tuple[str, str]


def front(
    document: Parts,
    portraits: Mapping[str, bytes],
    now: datetime,
    links: Links | None = None,
    stamp: str = "",
    *,
    anchors: bool = True,
) -> Markup:
    """The verdict, what to look at, and a card a task.

    Where the last run is not late yet, what will be said when it is lies hidden beside the verdict, with the time from
    which on it holds.

    Parameters
    ----------
    portraits
        The drawing (SVG) of the newest sample by the name of its task.
    stamp
        A label for each part of a front that is not the live one.
    anchors
        Whether the sections below it can be linked to by their names.
    """
    heads = [verdict(document, now)]
    due = min((task["late_after"] for task in document["tasks"].values() if task["late_after"]), default=None)
    if due and now <= datetime.fromisoformat(due):
        heads.append(verdict(document, datetime.fromisoformat(due) + A_MOMENT))
    cards = [_card(document, name, portraits.get(name), told, stamp) for name, told in heads[0].tasks.items()]
    return Markup(template("front.html.j2").render(  # noqa: S704 - the template escapes
        heads=heads, due=due, cards=cards, links=links or links_of(document), stamp=stamp, anchors=anchors,
    ))  # fmt: skip


def picture(document: Parts, portraits: Mapping[str, bytes], now: datetime, theme: Theme) -> str:
    """The same as one SVG that needs nothing else, for a README: its text is drawn with the reader's own fonts."""
    head = verdict(document, now)
    cards = [_card(document, name, portraits.get(name), head.tasks[name]) for name in document["tasks"]]
    leads = [f"{finding.about}: {finding.lead}." if finding.about else f"{finding.lead}." for finding in head.findings]
    lines = [head.as_of, *(leads[:MOST_FOUND] or filter(None, [head.facts]))]
    top = HEAD_HEIGHT + LINE_HEIGHT * len(lines)
    card_height = CARD_HEIGHT + LINE_HEIGHT * any(card.awaiting for card in cards)
    height = top + (card_height + GAP) * math.ceil(len(cards) / 2)
    drawn: str = template("picture.svg.j2").render(
        head=head, cards=cards, lines=lines, theme=theme, paper=getattr(theme, f"{head.state}_paper"), top=top,
        width=2 * CARD_WIDTH + 3 * GAP, height=height, card_width=CARD_WIDTH, card_height=card_height,
        fonts=", ".join(FONTS),
    )  # fmt: skip
    return drawn


def section(name: str, document: Parts, *tasks: str, score: str = "") -> Markup:
    """One of `SECTIONS` about one task; what is about a data set can be asked for several of its tasks at once.

    Parameters
    ----------
    score
        Which score a course is of; by default the one that decides.
    """
    own = [document["tasks"][task] for task in tasks]
    data = document["datasets"][own[0]["dataset"]]
    return Markup(template(f"{name}.html.j2").render(  # noqa: S704 - the template escapes
        task=own[0], tasks=own, data=data, score=score, recent_shown=RECENT_SHOWN, name=tasks[0],
        links=links_of(document),
    ))  # fmt: skip


def style_sheet(dark: str = "@media (prefers-color-scheme: dark) { .front {%s} }") -> str:
    """The style sheet; `dark` says when the dark colours hold, with `%s` for them."""
    fonts = ", ".join(f'"{name}"' if " " in name else name for name in FONTS)
    colours = f".front {{{LIGHT.variables()} --fonts: {fonts};}}\n{dark.replace('%s', DARK.variables())}\n"
    return colours + (TEMPLATES / "front.css").read_text(encoding="utf-8")


def emphasised(words: str) -> Markup:
    """A sentence with its counts in bold."""
    return Markup(re.sub(r"(\d+ of \d+)", r"<b>\1</b>", str(escape(words))))  # noqa: S704 - escaped just now


def _lines_of(words: str) -> list[str]:
    return textwrap.wrap(words, LETTERS)


def _sized(mark: Markup, pixels: int) -> Markup:
    """A mark inside a picture: there it needs a size of its own."""
    return Markup(str(mark).replace("<svg ", f'<svg width="{pixels}" height="{pixels}" '))  # noqa: S704 - a template's own


def _card(document: Parts, name: str, portrait: bytes | None, verdict: TaskVerdict, stamp: str = "") -> Card:
    task = document["tasks"][name]
    drawn = task.copy()
    drawn["title"] = f"{stamp}: {task['title']}" if stamp else task["title"]
    data = document["datasets"][task["dataset"]]
    newest = task["recent"][0] if task["recent"] else None
    said, sure, outcome = _answer(task, newest)
    return Card(
        name, task["title"], verdict, *plain_sentences(task, data), *_plot(drawn, data),
        f"data:image/svg+xml;base64,{base64.b64encode(portrait).decode()}" if portrait else "",
        awaiting_sentence(task["awaiting"]), newest, said, sure, outcome,
    )  # fmt: skip


def _plot(task: TaskPart, data: DataPart) -> tuple[Markup, str]:
    """What a card draws, and what it is where that needs words: the course of the score that decides."""
    scored = [row for row in task["over_time"] if score_on(row, f"rolling_{task['scorer']}") is not None]
    if len({row["day"] for row in scored}) < FEW_DAYS and kind_of(task).early in EARLY:
        plot, words = EARLY[kind_of(task).early]
        return plot(task), words if task["recent"] else ""
    return plots.course(task, data, task["scorer"]), ""


def _answer(task: Predicted, newest: RecentPrediction | None) -> tuple[str, str, tuple[str, str]]:
    """What the newest prediction says, how sure it is, and what turned out."""
    if newest is None:
        return "", "", ("quiet", "")
    kind = kind_of(task)
    return kind.said(task, newest), kind.sure(task, newest), kind.outcome(task, newest)


def _score_words(task: Predicted, score: str, measured: Estimate | None) -> str:
    return kind_of(task).score_words(task, score, measured)


def _value_words(task: Predicted, score: str, value: float | None) -> str:
    return kind_of(task).value_words(task, score, value, None)


def _drift_rows(tasks: Sequence[TaskPart], data: DataPart) -> Sequence[tuple[str, Sequence[DriftTest]]]:
    """The drift tests of a data set and some of its tasks, alarms first: what each is about, and one test a window."""
    inputs = {ALL_INPUTS, *(name for task in tasks for name in task["inputs"])}
    titles = data["features"] | {ALL_INPUTS: "All inputs together"}
    rows = [(titles[name], [test for test in data["drift"]["tests"] if test["name"] == name]) for name in inputs]
    for task in tasks:
        for kind, words in DRIFTING.items():
            own = [test for test in task["drift"]["tests"] if test["name"] == kind]
            rows.append((f"{task['title']}: {words}", own))
    return sorted((row for row in rows if row[1]), key=lambda row: (_unusual(row[1]), row[0]))


def _unusual(tests: Sequence[DriftTest]) -> tuple[bool, float]:
    return not any(test["drifted"] for test in tests), -tests[-1]["distance"]


def template(name: str) -> Any:  # noqa: ANN401 - a Jinja template
    """One of the templates of the front."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "number": number, "estimate": estimate, "live": live_estimate, "day": day_words, "minute": minute_words,
        "metric": metric_title, "emphasised": emphasised, "explained": explained,
        "moment": moment, "awaiting": awaiting_sentence, "lines_of": _lines_of, "sized": _sized,
    }  # fmt: skip
    environment.globals |= {
        "course": plots.course, "distribution": plots.distribution, "calibration": plots.calibration,
        "errors": number_plots.errors, "fan": number_plots.fan, "agreement": number_plots.agreement,
        "NARROW_FAN": number_plots.NARROW_FAN,
        "outcome": outcome_words, "kind_of": kind_of,
        "score_words": _score_words, "live_words": live_words, "value_words": _value_words,
        "LARGE": plots.LARGE, "NARROW": plots.NARROW,
        "ordered_scores": ordered_scores, "drift_rows": _drift_rows, "lower_is_better": LOWER_IS_BETTER,
    }  # fmt: skip
    return environment
