"""Whether a source can be what it is said to be: columns in other units or on another scale, most rows broken, classes
that do not occur.
"""

import numpy as np
import pandas as pd

from pipelines.datasets.contract import Validated, as_numbers
from pipelines.datasets.spec import DataSet, Feature

# The median of fewer cells may lie anywhere.
FEWEST_CELLS = 10
# A few broken rows are the lot of every file; more than these and a tenth say something about the file.
FEW_REJECTED, MOST_REJECTED = 5, 0.1


def unusual_columns(dataset: DataSet, rows: pd.DataFrame) -> list[str]:
    """What is said of each numeric column whose median lies outside the usual range: its median and the expected one.

    Parameters
    ----------
    rows
        The cells of a source, broken ones too.
    """
    measured = [feature for feature in dataset.features if feature.usual and feature.name in rows.columns]
    return [sentence for feature in measured if (sentence := _unusual(feature, as_numbers(rows[feature.name])))]


def mostly_broken(checked: Validated) -> bool:
    """Whether more than a tenth of the rows were rejected, and more than a few."""
    rejected, rows = len(checked.rejected), len(checked.rejected) + len(checked.accepted)
    return rejected > max(FEW_REJECTED, MOST_REJECTED * rows)


def absent_classes(dataset: DataSet, accepted: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The classes of each task, by its title, that no row has; tasks with all their classes are left out."""
    lacking = {}
    for task in dataset.tasks:
        there = set(task.labels(accepted))
        absent = tuple(label for label in task.classes if label not in there)
        if absent:
            lacking[task.title] = absent
    return lacking


def _unusual(feature: Feature, numbers: np.ndarray) -> str:
    finite = numbers[np.isfinite(numbers)]
    if feature.usual is None or len(finite) < FEWEST_CELLS:
        return ""
    (low, expected, high), median = feature.usual, float(np.median(finite))
    if low <= median <= high:
        return ""
    unit = f" {feature.unit}".rstrip()
    return (
        f"{feature.name} has a median of {median:.4g}, and about {expected:g}{unit} is expected ({low:g} to {high:g})"
    )
