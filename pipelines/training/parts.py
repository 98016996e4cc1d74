"""What evaluations of classes and of numbers share: parts of the test rows, and what a model relies on."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.spec import Feature
from pipelines.models import Model

# Shuffles an input as often as it takes for the spread of its importance to show.
SHUFFLES = 5
# The values of a category that scores are told for, where it has more the most frequent ones.
MOST_PARTS = 12


def importance_table(
    task: Task, held_out: pd.DataFrame, loss: Callable[[pd.DataFrame], float], rng: np.random.Generator
) -> pd.DataFrame:
    """By how much a loss rises when an input is shuffled: permutation importance, L. Breiman (2001).

    One row an input, the highest first: `loss`, and `low`, `high`, the least and the most over the shuffles.
    """
    whole = loss(held_out)
    rises = {name: [loss(_shuffled(held_out, name, rng)) - whole for _ in range(SHUFFLES)] for name in task.inputs}
    table = pd.DataFrame(
        {name: {"loss": np.mean(each), "low": min(each), "high": max(each)} for name, each in rises.items()}
    ).T
    return table.sort_values("loss", ascending=False)


def parts_by_category(
    task: Task, held_out: pd.DataFrame, part: Callable[[npt.NDArray[np.bool_]], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What `part` says of the rows of each value of each category, by category and value."""
    names = [name for name in task.dataset.categorical if name != task.label]
    return {
        name: {
            value: part(chosen)
            for value in _frequent(task.dataset.feature(name), held_out[name])
            if (chosen := held_out[name].eq(value).to_numpy(dtype=bool, na_value=False)).any()
        }
        for name in names
    }


def told_apart(model: Model) -> bool:
    """Whether equal rows of the data that a model learned from are one sample; before it was asked, they counted so."""
    return bool(model.info.get("data", {}).get("distinguishable", True))


def _frequent(feature: Feature, cells: pd.Series) -> Sequence[str]:
    """The values of a category in their order; of many the most frequent ones."""
    if len(feature.values) <= MOST_PARTS:
        return feature.values  # noqa: PD011 - a field of the feature
    return [str(value) for value in cells.value_counts().index[:MOST_PARTS]]


def _shuffled(rows: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.DataFrame:
    return rows.assign(**{name: rows[name].to_numpy()[rng.permutation(len(rows))]})
