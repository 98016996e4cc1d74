"""What the monitor shows of a task: the document, read through the reader's filters, and the list of predictions."""

from dataclasses import dataclass
from datetime import date
from functools import singledispatch

import pandas as pd
from pandas.io.formats.style import Styler

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents.metrics import DayScores, Parts
from pipelines.front.kinds import kind_of
from pipelines.front.render import section
from pipelines.front.told import outcome_part
from pipelines.wording import number

from ..files import SpaceFolder
from ..markup import empty

NOTHING_YET = "No predictions yet. They appear here after the first daily run that has a model."
# What was predicted and what turned out come first, so that a phone shows them.
LISTED = ("Predicted", "Actual", "Right", "Day", "Probability", "Version", "Sample", "Served as")
LISTED_NUMBERS = ("Predicted", "Actual", "Inside", "Day", "95 % interval", "Version", "Sample", "Served as")
# What stands for an outcome that is waited for.
OPEN = "not known yet"
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

    def means(self, point: DayScores) -> bool:
        """Whether a point of the course (`version`, `day`) is meant."""
        day = date.fromisoformat(str(point["day"]))
        return (
            self.version in {None, point["version"]}
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


@dataclass(frozen=True)
class Record:
    """All that is known of a task: the document and the history."""

    task: Task
    document: Parts
    history: pd.DataFrame

    @property
    def known(self) -> bool:
        """Whether the document has the task."""
        return self.task.name in self.document["tasks"]

    @property
    def versions(self) -> list[int]:
        """Every version that predicted, ascending."""
        return sorted(int(version) for version in self.history["model_version"].unique()) if len(self.history) else []


def record_of(space: SpaceFolder, task: Task) -> Record:
    """Read what there is of a task; each part may lack."""
    return Record(task, space.metrics(), space.history(task))


def part(record: Record, name: str) -> str:
    """A section of the front about the task, or what will stand there."""
    return _within(section(name, record.document, record.task.name)) if record.known else empty(NOTHING_YET)


def course(record: Record, score: str, choice: Choice) -> str:
    """A score over the days that are meant."""
    if not record.known:
        return empty(NOTHING_YET)
    own = record.document["tasks"][record.task.name]
    chosen = own.copy()
    chosen["over_time"] = [point for point in own["over_time"] if choice.means(point)]
    chosen["expectation"] = own["expectation"].copy()
    chosen["expectation"]["over_time"] = [row for row in own["expectation"]["over_time"] if choice.means(row)]
    document = record.document.copy()
    document["tasks"] = {**document["tasks"], record.task.name: chosen}
    return _within(section("course", document, record.task.name, score=score))


def listing(record: Record, choice: Choice) -> pd.DataFrame:
    """The predictions that fit, newest first, as people read them."""
    if record.history.empty:
        return pd.DataFrame(columns=list(LISTED))
    rows = choice.of(record.history.assign(day=record.history["event_time"].dt.date), "model_version", "day")
    rows = rows.sort_values(["event_time", "sample_id", "model_version"], ascending=False).head(MOST_LISTED)
    return _listing(record.task.outcome, record.task, rows)


@singledispatch
def _listing(outcome: object, task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """Predictions as people read them."""
    raise NotImplementedError


@_listing.register
def _(outcome: Classes, task: Task, rows: pd.DataFrame) -> pd.DataFrame:  # noqa: ARG001 - its classes tell all
    chances = rows[outcome.answer_columns].to_numpy()
    places = [outcome.names.index(label) for label in rows["prediction"]]
    settled = rows["label"].notna()
    columns = [
        rows["prediction"],
        rows["label"].where(settled, OPEN),
        (rows["prediction"] == rows["label"]).map({True: "✓", False: "✗"}).where(settled, ""),
        rows["day"].astype(str),
        chances[range(len(rows)), places].round(3),
        rows["model_version"].astype(int),
        rows["sample_id"],
        rows["served"],
    ]
    return pd.DataFrame(dict(zip(LISTED, columns, strict=True)))


@_listing.register
def _(outcome: Number, task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    about, settled = outcome_part(task), rows["label"].notna()
    kind, told = kind_of(about), rows.to_dict("records")
    inside = rows["label"].between(rows["low_95"], rows["high_95"])
    columns = [
        rows["prediction"].round(outcome.decimals),
        rows["label"].round(outcome.decimals),
        inside.map({True: "✓", False: "✗"}).where(settled, ""),
        rows["day"].astype(str),
        [kind.sure(about, row) for row in told],
        rows["model_version"].astype(int),
        rows["sample_id"],
        rows["served"],
    ]
    return pd.DataFrame(dict(zip(LISTED_NUMBERS, columns, strict=True)))


def told(task: Task, rows: pd.DataFrame) -> pd.DataFrame | Styler:
    """A `listing` as it is shown: its numbers are written as everywhere, and still sorted as numbers."""
    return _told(task.outcome, rows)


@singledispatch
def _told(outcome: object, rows: pd.DataFrame) -> pd.DataFrame | Styler:
    raise NotImplementedError


@_told.register
def _(outcome: Classes, rows: pd.DataFrame) -> pd.DataFrame | Styler:  # noqa: ARG001 - of any classes
    return rows


@_told.register
def _(outcome: Number, rows: pd.DataFrame) -> pd.DataFrame | Styler:
    def words(value: float) -> str:
        return OPEN if pd.isna(value) else number(value, outcome.decimals)

    return rows.style.format(words, subset=["Predicted", "Actual"]) if len(rows) else rows


def _within(words: str) -> str:
    return f'<div class="front">{words}</div>'
