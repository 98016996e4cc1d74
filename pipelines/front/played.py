"""A played month as HTML: the front of one of its days, each part with a label, so that nobody takes it for live."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise

from markupsafe import Markup

from pipelines.documents.metrics import Parts
from pipelines.documents.what_if import Event, EventKind, Frame, WhatIf, document_of
from pipelines.front import plots
from pipelines.front.links import Links
from pipelines.front.render import front, template
from pipelines.wording import listed

# What a reader switches on, and what it means.
TITLES = {
    "shifted_sensor": "A sensor is off",
    "new_mix": "Another mix",
    "broken_units": "A broken unit",
}
MEANING = {
    "shifted_sensor": "One sensor reads too high: wrong on nearly every sample, and yet plausible on each.",
    "new_mix": "The rarest kinds come most often; nothing is wrong with the measurements.",
    "broken_units": "One measurement comes in another unit, so that part of the rows cannot be right.",
}
WORDS: dict[EventKind, str] = {
    "begins": "the trouble begins",
    "alarm": "the alarm goes off",
    "haste": "in haste, a plain new version takes over",
    "back": "the version before is promoted back",
    "mended": "the source is mended; alarms last until the bad days are out of their sight",
}
AFTER_THE_RUN = time(6, 48, tzinfo=UTC)


def title_of(scenario: str) -> str:
    """What a scenario is called; one that has no words yet is called by its name."""
    return TITLES.get(scenario, scenario.replace("_", " ").capitalize())


def first_day(document: WhatIf, scenario: str) -> int:
    """The first day that can be looked at."""
    return document["stories"][scenario]["frames"][0]["day"]


def played(document: WhatIf, scenario: str, day: int) -> Markup:
    """The front after a day of the month in which something goes wrong; of the nearest day that is told."""
    story = document["stories"][scenario]
    frame = min(story["frames"], key=lambda each: abs(each["day"] - day))
    stamp = f"What if: {title_of(scenario).lower()} · day {frame['day']} of {document['days']}"
    shown = document_of(story, frame)
    return Markup(template("played.html.j2").render(  # noqa: S704 - the template escapes
        stamp=stamp, meaning=MEANING.get(scenario, ""), left_out=_left_out(document.get("left_out", [])),
        day=frame["day"], words=WORDS,
        front=front(shown, {}, _clock(shown), Links(), stamp),
        arrivals=plots.arrivals(_daily(story["frames"], frame), document["days"], stamp),
        events=[(event, _titles(event, shown)) for event in story["events"] if event["day"] <= frame["day"]],
    ))  # fmt: skip


def _left_out(titles: Sequence[str]) -> str:
    """What is not played, and why; empty where all is."""
    if not titles:
        return ""
    verb = "is" if len(titles) == 1 else "are"
    return f"{listed(titles)} {verb} left out: a month is simulated only for classes of samples that come one by one."


def _clock(document: Parts) -> datetime:
    """Shortly after the run of the day."""
    newest = max(str(task["newest_day"]) for task in document["tasks"].values())
    return datetime.combine(date.fromisoformat(newest), AFTER_THE_RUN)


def _daily(frames: Sequence[Frame], last: Frame) -> list[tuple[int, int, int]]:
    """Day, arrivals and rows in quarantine of each day up to one, but for the first, before which nothing is told."""
    totals = [
        (frame["day"], *(sum(data[name] for data in frame["datasets"].values()) for name in ("arrived", "quarantined")))
        for frame in frames
        if frame["day"] <= last["day"]
    ]
    return [(day, arrived - before[1], refused - before[2]) for before, (day, arrived, refused) in pairwise(totals)]


def _titles(event: Event, document: Parts) -> str:
    return ", ".join(document["tasks"][task]["title"] for task in event["tasks"])
