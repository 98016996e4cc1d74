"""The outcome of a search, of classes and of numbers alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pandas as pd

from pipelines.documents.model import DecisionRule, Intervals
from pipelines.models.model import AnyEnsemble
from pipelines.training.families import TUNED, Family, Shape


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search: the fitted model with its decision rule, and how every candidate did.

    `table` has a row a candidate, the best first: `candidate`, `parameters`, `score` (the task's scorer),
    `standard_error`, `chosen`; of classes also `log_loss`, by which they are ordered. A number has `intervals`.
    """

    chosen: str
    estimator: AnyEnsemble = field(repr=False)
    decision: DecisionRule
    table: pd.DataFrame = field(repr=False)
    seconds: float
    intervals: Intervals | None = None


class Contender(Protocol):
    """What is told of each candidate of a search: `score` is the task's, on rows that it had not learned from."""

    @property
    def name(self) -> str:
        """The members, for a person."""

    @property
    def score(self) -> float:
        """The task's score over all of these rows."""

    @property
    def standard_error(self) -> float:
        """How much that differs from fold to fold."""


Candidates = TypeVar("Candidates", bound=Contender)


def search_table(
    candidates: Sequence[Candidates], best: Candidates, parameters: Callable[[Candidates], str]
) -> pd.DataFrame:
    """What the table of a search has for classes and for numbers alike, a row a candidate in their order."""
    rows = [
        {
            "candidate": each.name,
            "parameters": parameters(each),
            "score": each.score,
            "standard_error": each.standard_error,
            "chosen": each is best,
        }
        for each in candidates
    ]
    return pd.DataFrame(rows)


def tuned(names: Iterable[str], members: Mapping[str, Any], families: Sequence[Family]) -> str:
    """The tuned parameters of some members, for a person; empty where none is tuned."""
    return "; ".join(filter(None, (_parameters(name, members, families) for name in names)))


def _parameters(name: str, members: Mapping[str, Any], families: Sequence[Family]) -> str:
    """The parameters of a tuned member that its family's search varies."""
    family = next(family for family in families if family.name == name.removesuffix(TUNED))
    values = members[name].get_params() if name.endswith(TUNED) else {}
    varied = family.distributions(Shape(rows=1, numeric=0))
    chosen = {key.split("__")[-1]: values[key] for key in varied if key in values}
    return ", ".join(
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in chosen.items()
    )
