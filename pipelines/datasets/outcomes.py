"""What a task predicts: one of some classes, or a number. Each kind says here what its answers and its labels are."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import pandas as pd

from pipelines.datasets.choices import check_kind
from pipelines.datasets.names import BASELINE, bound_columns, probability_columns
from pipelines.errors import DeclarationError

DecisionKind = Literal["argmax", "weights", "cut_points", "costs"]


@dataclass(frozen=True, kw_only=True)
class Classes:
    """One of two or more classes.

    Attributes
    ----------
    names
        Every class, as text, in the order in which tables and pictures show them.
    upper_bounds
        For classes that are ranges of a number: the highest value of each class, the last one infinite.
        The bounds are fixed here and never computed from data.
    decision
        How a class is chosen from the probabilities; the numbers of the rule are tuned in training, but for `costs`.
    costs
        What each answer costs (columns) where each class is true (rows), both in class order, in any unit: the answer
        of the lowest expected cost is given.
    guarded
        The classes whose recall a new champion must not lose.
    """

    kind: ClassVar[str] = "classes"
    scorers: ClassVar[tuple[str, ...]] = ("macro_f1", "quadratic_kappa")
    # Of no unit, and of any size where its label is a number.
    unit: ClassVar[str] = ""
    low: ClassVar[float] = -math.inf
    high: ClassVar[float] = math.inf

    names: tuple[str, ...]
    ordinal: bool = False
    upper_bounds: tuple[float, ...] = ()
    decision: DecisionKind = "argmax"
    costs: tuple[tuple[float, ...], ...] = ()
    guarded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_kind(f"the decision between {', '.join(self.names)}", self.decision, DecisionKind)

    @property
    def answer_columns(self) -> list[str]:
        """What an answer has beside the class: a probability of each, in class order."""
        return probability_columns(self.names)

    def labels(self, cells: pd.Series) -> pd.Series:
        """The class of each cell of the label column as text, None where it is not known."""
        # As objects, because pandas maps integers beside a missing one as fractions.
        values = cells.astype(object)
        classes = values.map(self._class_of, na_action="ignore").astype(object)
        return classes.where(values.notna(), None)

    def identity(self) -> tuple[tuple[str, ...], list[str]]:
        """What a version must have learned alike to be one of the same task."""
        return self.names, [str(bound) for bound in self.upper_bounds]

    def _class_of(self, value: object) -> str:
        if not self.upper_bounds:
            return str(value)
        number = float(str(value))
        return next(name for name, bound in zip(self.names, self.upper_bounds, strict=True) if number <= bound)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A quantity.

    Attributes
    ----------
    low, high
        Its physical range: no answer lies outside, and a label that does breaks the data contract.
    decimals
        How many digits after the point people are shown.
    """

    kind: ClassVar[str] = "number"
    scorers: ClassVar[tuple[str, ...]] = ("mae", "rmse", "pinball")
    # It has no classes, and so none in an order and none to guard.
    names: ClassVar[tuple[str, ...]] = ()
    ordinal: ClassVar[bool] = False
    guarded: ClassVar[tuple[str, ...]] = ()

    unit: str
    low: float = -math.inf
    high: float = math.inf
    decimals: int = 1

    @property
    def answer_columns(self) -> list[str]:
        """What an answer has beside the number: the bounds of its intervals, and what the baseline says."""
        return [*bound_columns(), BASELINE]

    def labels(self, cells: pd.Series) -> pd.Series:
        """The number of each cell of the label column as float64, NaN where it is not known."""
        return pd.Series(cells.to_numpy(dtype="float64", na_value=math.nan), index=cells.index, name=cells.name)

    def identity(self) -> tuple[str, list[str]]:
        """What a version must have learned alike to be one of the same task."""
        return self.unit, []


Outcome: TypeAlias = Classes | Number


def check_outcome(task: str, outcome: object) -> None:
    """Refuse what is neither classes nor a number."""
    if not isinstance(outcome, Classes | Number):
        raise DeclarationError(f"the outcome of the task {task} is {outcome!r}; write Classes(...) or Number(...).")
