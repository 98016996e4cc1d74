"""What the monitor shows, as data frames and HTML.

Every number comes from `dashboard/metrics.json`, as those of the pictures do; the list of predictions comes from the
history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from pipelines.datasets import Task
from pipelines.models.metrics import metric_title
from pipelines.wording import estimate, live_estimate, moment, number

from ..files import SpaceFolder
from ..markup import empty, figure, note, table, text

NOTHING_YET = "No predictions yet. They appear here after the first daily run that has a model."
# In the order in which a reader asks; pictures that are not named here come last.
PICTURES = ("recent", "confusion", "quality", "drift", "calibration")
DRIFT = ("distance", "input", "window")
LISTED = ("Day", "Sample", "Predicted", "Actual", "Right", "Probability", "Version", "Served as")
PLOTTED = ("day", "score", "line")
# More rows make the page slow on a phone; the filters reach the others.
MOST_LISTED = 1000


@dataclass(frozen=True)
class Choice:
    """What the reader filters by: a version, and the first and last day (both included); None is no limit."""

    version: int | None = None
    first: date | None = None
    last: date | None = None

    def of(self, rows: pd.DataFrame, version: str, day: str) -> pd.DataFrame:
        """The rows that are meant; `version` and `day` (a date) name the columns that tell."""
        for column, limit, fits in (
            (version, self.version, pd.Series.eq),
            (day, self.first, pd.Series.ge),
            (day, self.last, pd.Series.le),
        ):
            rows = rows if limit is None else rows[fits(rows[column], limit)]
        return rows


@dataclass(frozen=True)
class Record:
    """All that is known of a task: its part of the document, that of its data set, its history, its pictures."""

    task: Task
    numbers: Mapping[str, Any]
    data: Mapping[str, Any]
    history: pd.DataFrame
    pictures: Mapping[str, bytes]

    @property
    def versions(self) -> list[int]:
        """Every version that predicted, ascending."""
        return sorted(int(version) for version in self.history["model_version"].unique()) if len(self.history) else []

    @property
    def reigns(self) -> Sequence[Mapping[str, Any]]:
        """Which version was in charge from when to when, oldest first."""
        entries: Sequence[Mapping[str, Any]] = self.numbers.get("champion_log", [])
        return entries


def record_of(space: SpaceFolder, task: Task) -> Record:
    """Read what there is of a task; each part may lack."""
    document = space.document("dashboard/metrics.json")
    numbers = document.get("tasks", {}).get(task.name, {})
    data = document.get("datasets", {}).get(numbers.get("dataset"), {})
    return Record(task, numbers, data, space.history(task), space.pictures(task))


def state(record: Record, now: datetime) -> str:
    """Of when the data are, in red where a run was missed, and what the tests say that somebody should look at."""
    if not record.numbers.get("last_run"):
        return empty(NOTHING_YET)
    last, due = (datetime.fromisoformat(record.numbers[name]) for name in ("last_run", "late_after"))
    words = f'Data as of <time datetime="{last.isoformat()}">{last:%d %B %Y, %H:%M} UTC</time>'
    if now <= due:
        return note(f"{words}. The next run is due before {due:%d %B, %H:%M} UTC.") + _alarms(record)
    ago = (now - last).days
    missed = f"{ago} day{'s' * (ago != 1)} ago. A run was due before {due:%d %B, %H:%M} UTC."
    return note(f"<strong>Late:</strong> {words}, {missed}", "late") + _alarms(record)


def scores(record: Record) -> str:
    """The live scores of the version in charge beside what it promised and what the majority class would score."""
    live = record.numbers.get("live") or {}
    if not live.get("n"):
        return ""
    rows = [
        [text(metric_title(name)), text(live_estimate(score)), *_promise(record, name)]
        for name, score in live.items()
        if isinstance(score, dict)
    ]
    caption = f"Version {live['version']} on {live['n']} samples with a known outcome"
    return table(caption, ("Score", "Live (95 %)", "Promised (held-out, 95 %)", "Majority class"), rows)


def score_lines(record: Record, metric: str, choice: Choice) -> pd.DataFrame:
    """A score over time as the lines of a plot: one a version, the promise, the baseline, each change of champion.

    Returns
    -------
    Columns `PLOTTED`: the day, the score over the newest samples up to it, and the name of the line.
    """
    rows = pd.DataFrame(record.numbers.get("over_time", []), columns=["version", "day", f"rolling_{metric}"])
    rows = choice.of(rows.assign(day=pd.to_datetime(rows["day"]).dt.date), "version", "day").dropna()
    if rows.empty:
        return pd.DataFrame(columns=list(PLOTTED))
    live = pd.DataFrame({"day": rows["day"], "score": rows[f"rolling_{metric}"].astype(float)})
    live["line"] = "version " + rows["version"].astype(str)
    ends = (rows["day"].min(), rows["day"].max())
    plotted = pd.concat([live, *_levels(record, metric, ends), *_changes(record, live, ends)], ignore_index=True)
    return plotted.assign(day=pd.to_datetime(plotted["day"]))


def listing(record: Record, choice: Choice) -> pd.DataFrame:
    """The predictions that fit, newest first, as people read them."""
    if record.history.empty:
        return pd.DataFrame(columns=list(LISTED))
    rows = choice.of(record.history.assign(day=record.history["event_time"].dt.date), "model_version", "day")
    rows = rows.sort_values(["event_time", "sample_id", "model_version"], ascending=False).head(MOST_LISTED)
    chances = rows[record.task.probability_columns].to_numpy()
    places = [record.task.classes.index(label) for label in rows["prediction"]]
    settled = rows["label"].notna()
    columns = [
        rows["day"].astype(str),
        rows["sample_id"],
        rows["prediction"],
        rows["label"].where(settled, "not known yet"),
        (rows["prediction"] == rows["label"]).map({True: "yes", False: "no"}).where(settled, ""),
        chances[range(len(rows)), places].round(3),
        rows["model_version"].astype(int),
        rows["served"],
    ]
    return pd.DataFrame(dict(zip(LISTED, columns, strict=True)))


def champions(record: Record) -> str:
    """Which version was in charge from when to when, newest first."""
    if not record.reigns:
        return empty("No version has been made champion yet. The first one appears here after the first training.")
    rows = [
        [
            _name(reign["version"]),
            moment(reign["since"]),
            moment(reign["until"]) if reign["until"] else "now",
            text(reign["who"]),
            text(reign["reason"]),
        ]
        for reign in reversed(record.reigns)
    ]
    return table("Which version was in charge", ("Champion", "From", "Until", "By", "Why"), rows)


def drift_points(record: Record) -> pd.DataFrame:
    """How far inputs, predictions and labels are from the reference, one row a window of days: columns `DRIFT`."""
    own = {*record.task.inputs, "all inputs"}
    tests = [test for test in record.data.get("drift", {}).get("tests", []) if test["name"] in own]
    tests += record.numbers.get("drift", {}).get("tests", [])
    rows = [(test["distance"], test["name"], f"{test['days']} days") for test in tests]
    return pd.DataFrame(rows, columns=list(DRIFT))


def confusion(record: Record) -> str:
    """How often each true class got each answer, by the version in charge."""
    counts = record.numbers.get("confusion")
    if not counts or not record.numbers["live"]["n"]:
        return ""
    rows = [[text(label), *map(str, row)] for label, row in zip(record.task.classes, counts, strict=True)]
    caption = f"True class (rows) by predicted class (columns), version {record.numbers['version']}"
    return table(caption, ("True class", *record.task.classes), rows)


def newest(record: Record) -> str:
    """The picture of the newest sample as predicted and as it turned out."""
    return _pictured(record, ["newest"])


def pictures(record: Record) -> str:
    """The other pictures of the last refresh, each with the words that stand for it."""
    if not record.pictures:
        return empty("No pictures yet. They are drawn by the first dashboard run.")
    others = sorted(set(record.pictures) - {"newest", *PICTURES})
    return f'<div class="gallery">{_pictured(record, [*PICTURES, *others])}</div>'


def _alarms(record: Record) -> str:
    below = [metric_title(alarm["score"]) for alarm in record.numbers["alarms"] if alarm["on"]]
    drifted = [*record.data["drift"]["alarms"], *record.numbers["drift"]["alarms"]]
    own = {*record.task.inputs, "all inputs", "prediction", "label"}
    drifted = [name for name in dict.fromkeys(drifted) if name in own]
    words = [f"Below what was promised: {', '.join(below)}."] if below else []
    words += [f"Unlike the training data: {', '.join(drifted)}."] if drifted else []
    return note(text(" ".join(words)), "warning") if words else ""


def _pictured(record: Record, names: Sequence[str]) -> str:
    words = record.numbers.get("pictures", {})
    return "".join(
        figure(record.pictures[name], words.get(name, f"{record.task.title}: {name}"))
        for name in names
        if name in record.pictures
    )


def _promise(record: Record, name: str) -> tuple[str, str]:
    promise, base = record.numbers["held_out"].get(name), record.numbers["baseline"].get(name)
    return estimate(promise), number(base)


def _levels(record: Record, metric: str, ends: tuple[date, date]) -> list[pd.DataFrame]:
    """What was promised and what the majority class scores, as level lines."""
    levels = {
        "promised": (record.numbers["held_out"].get(metric) or {}).get("value"),
        "majority class": record.numbers["baseline"].get(metric),
    }
    return [
        pd.DataFrame({"day": ends, "score": value, "line": name}) for name, value in levels.items() if value is not None
    ]


def _changes(record: Record, live: pd.DataFrame, ends: tuple[date, date]) -> list[pd.DataFrame]:
    """Each change of champion as an upright line over the height of the scores."""
    changes = [(datetime.fromisoformat(reign["since"]).date(), reign["version"]) for reign in record.reigns[1:]]
    height = [live["score"].min(), live["score"].max()]
    return [
        pd.DataFrame({"day": [day, day], "score": height, "line": f"change to {_name(version)}"})
        for day, version in changes
        if ends[0] <= day <= ends[1]
    ]


def _name(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
