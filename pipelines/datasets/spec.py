"""What a data set is: the dataclasses that a module of this package fills in."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pipelines.datasets.choices import check_choice, check_kind
from pipelines.datasets.declaration import check_dataset
from pipelines.datasets.derived import Derived
from pipelines.datasets.fetching import Fetched, Record
from pipelines.datasets.outcomes import Classes, Outcome, check_outcome
from pipelines.datasets.sources import Form, Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FeatureKind = Literal["numeric", "categorical"]
LabelKind = Literal["integer", "text", "number"]
SimulatorKind = Literal["rank_bootstrap", "gaussian"]
SplitKind = Literal["random", "time"]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One input of a model.

    Attributes
    ----------
    low, high
        The physical range of a numeric feature: a value outside it breaks the data contract, wherever it comes from.
    plausible
        The range beyond which a value of a source is rather in another unit than true.
    usual
        The 1st percentile, the median and the 99th percentile of what is known: a source whose median lies outside
        measures something else.
    values
        What a categorical feature can be; inside the model it is one-hot encoded.
    blank
        Which of the values a blank cell is: one of its own, where "nothing" means something, or the one that is filled
        in. Empty where nothing is known then, and answers are averaged over what it could be.
    derived
        How it is computed from the days behind a sample, when that arrives; None where it is measured.
    """

    name: str
    title: str
    description: str
    kind: FeatureKind = "numeric"
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    plausible: tuple[float, float] = (-math.inf, math.inf)
    usual: tuple[float, float, float] | None = None
    values: tuple[str, ...] = ()
    blank: str = ""
    derived: Derived | None = None

    def __post_init__(self) -> None:
        check_kind(f"the kind of the feature {self.name}", self.kind, FeatureKind)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A column that says what a sample turned out to be.

    Attributes
    ----------
    values
        All it can be, as text, in order; nothing for a number, whose range the task that predicts it tells.
    due_after
        How long after the event time of its sample it is known at the latest. None where it comes with the sample: one
        that is missing then is not waited for.
    of, ahead
        The feature whose value so many days later it is: `of="temp_max", ahead=1` is tomorrow's. Empty where the
        source has a column for it.
    """

    name: str
    title: str
    description: str
    values: tuple[str, ...] = ()
    kind: LabelKind = "text"
    due_after: timedelta | None = None
    of: str = ""
    ahead: int = 0

    def __post_init__(self) -> None:
        check_kind(f"the kind of the label {self.name}", self.kind, LabelKind)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One prediction problem of a data set, and so one registered model name.

    Attributes
    ----------
    label
        The column that the truth comes from: a label column, or a feature: a categorical one for classes, a numeric one
        for a number.
    outcome
        What is predicted: `Classes` or a `Number`.
    scorer
        The score that decides between models, one of `outcome.scorers`; the first of them where none is given.
    baseline
        Of a number: the input whose value a person would answer, such as the same day of last year, a feature with
        `derived=Lag(..., 365)`. Without it today's value, where the label is a later one of a feature, or the mean.
    part_of
        The data set that the task belongs to; filled in by it.
    """

    name: str
    title: str
    description: str
    label: str
    outcome: Outcome
    inputs: tuple[str, ...]
    scorer: str = ""
    baseline: str = ""
    part_of: "DataSet | None" = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_outcome(self.name, self.outcome)
        scorers = self.outcome.scorers
        object.__setattr__(self, "scorer", self.scorer or scorers[0])
        check_choice(f"the scorer of the task {self.name}", self.scorer, scorers)

    @property
    def dataset(self) -> "DataSet":
        """The data set that the task belongs to."""
        if self.part_of is None:
            raise ValueError(f"task {self.name} belongs to no data set; list it in the tasks of one")
        return self.part_of

    @property
    def due_after(self) -> timedelta | None:
        """How long after a sample its truth is known at the latest; None where it comes with the sample."""
        return next((label.due_after for label in self.dataset.labels if label.name == self.label), None)

    @property
    def ahead(self) -> int:
        """How many days after a sample lies the day that its truth is about."""
        return next((label.ahead for label in self.dataset.labels if label.name == self.label), 0)

    @property
    def persistence(self) -> str:
        """The column whose value a person would answer: the declared one, or what the label is a later value of.

        Empty where the baseline is the mean.
        """
        return self.baseline or next((label.of for label in self.dataset.labels if label.name == self.label), "")

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class in order; none where a number is predicted."""
        return self.outcome.names

    @property
    def ordinal(self) -> bool:
        """Whether its classes are in an order."""
        return self.outcome.ordinal

    @property
    def guarded(self) -> tuple[str, ...]:
        """The classes whose recall a new champion must not lose."""
        return self.outcome.guarded

    @property
    def choice(self) -> Classes:
        """The classes with all that is declared of them, for what only a task of classes has."""
        if not isinstance(self.outcome, Classes):
            raise TypeError(f"{self.name} predicts a {self.outcome.kind}")
        return self.outcome

    @property
    def answer_columns(self) -> list[str]:
        """What a prediction has beside `prediction`, all of it numbers.

        For classes `probability_poor`, `probability_fair`, ... in class order; for a number `low_80`, `high_80`,
        `low_95`, `high_95` and `baseline`.
        """
        return self.outcome.answer_columns

    @property
    def probability_columns(self) -> list[str]:
        """One column name a class, in class order: `probability_poor`, `probability_fair`, ..."""
        return self.choice.answer_columns

    def labels(self, samples: pd.DataFrame) -> pd.Series:
        """The truth of each sample: class text, or a float; None or NaN where it is not known.

        Parameters
        ----------
        samples
            Rows of the data set with the column `label`.
        """
        return self.outcome.labels(samples[self.label])


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """How new samples are made from reserve rows; `strata` are the columns whose natural mix they keep.

    Both kinds add normal noise to a row and shrink the sum to the spread of real rows: `rank_bootstrap` to its normal
    scores, mapped back to values that occur, for many rows; `gaussian` to its measurements, rounded to `decimals`, for
    few. `bandwidth` is the noise in standard deviations.
    """

    kind: SimulatorKind
    strata: tuple[str, ...]
    bandwidth: float = 0.4
    decimals: int = 1

    def __post_init__(self) -> None:
        check_kind("the kind of the simulator", self.kind, SimulatorKind)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the data come from and under which terms."""

    citation: str
    url: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Everything that the rest of the project knows about a data set.

    Attributes
    ----------
    split
        How history is split: `random`, or by `time`, so that the newest part tests. Then each row of the source has its
        own `event_time`, one a day, and features and labels may be derived from the days around it.
    historical_time
        The one event time (UTC) of every backfilled row; earlier than any arrival. Where time splits, what none of
        them is earlier than.
    form
        How files with samples may be written, for backfills and uploads alike.
    arrivals, record
        A live source that sends samples, and a stretch of the past that the demo plays as if one did; with neither,
        samples are made from the reserve.
    load
        Reads the source (the given files, or its own when there are none) as text, cell by cell.
    draw
        Draws one sample of a given class on a matplotlib axes; with an empty class, so that it does not tell which.
        Without it a sample is shown as a card of its most telling values.
    plural
        What several samples are called.
    strata
        The columns by whose values the roles are stratified.
    caution
        What models of these data are not for, as a sentence of the model card.
    """

    name: str
    title: str
    description: str
    provenance: Provenance
    features: tuple[Feature, ...]
    labels: tuple[Label, ...]
    tasks: tuple[Task, ...]
    strata: tuple[str, ...]
    historical_time: datetime
    split: SplitKind = "random"
    simulator: Simulator = field(default_factory=lambda: Simulator(kind="gaussian", strata=()))
    arrivals: Fetched | None = None
    record: Record | None = None
    load: Callable[[Sequence[Path]], Source] = field(repr=False)
    form: Form = field(default_factory=Form, repr=False)
    caution: str = "Not for decisions about people."
    draw: "Callable[[Axes, pd.Series, Task, str], None] | None" = field(default=None, repr=False)
    plural: str = "samples"

    def __post_init__(self) -> None:
        check_kind(f"the split of {self.name}", self.split, SplitKind)
        check_dataset(self)
        # Copies, so that another data set made from this one takes no task away from it.
        object.__setattr__(self, "tasks", tuple(replace(task, part_of=self) for task in self.tasks))

    @property
    def numeric(self) -> list[str]:
        """The names of the numeric features."""
        return [feature.name for feature in self.features if feature.kind == "numeric"]

    @property
    def categorical(self) -> list[str]:
        """The names of the categorical features."""
        return [feature.name for feature in self.features if feature.kind == "categorical"]

    def feature(self, name: str) -> Feature:
        """The feature of that name."""
        return next(feature for feature in self.features if feature.name == name)

    def measured_label(self, label: Label) -> Feature:
        """A label that is a number as the numeric feature that it is, with the unit and range of its task."""
        outcomes = [task.outcome for task in self.tasks if task.label == label.name]
        return Feature(
            name=label.name,
            title=label.title,
            description=label.description,
            unit=next((each.unit for each in outcomes if each.unit), ""),
            low=max((each.low for each in outcomes), default=-math.inf),
            high=min((each.high for each in outcomes), default=math.inf),
        )
