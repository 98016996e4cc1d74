"""The sums over rows that every score of predicted numbers is a function of.

They add up: days to windows, drawn units to bootstrap repeats. One formula gives the scores of any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.names import INTERVALS, bound_columns
from pipelines.models.additive import Additive

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = "Sequence[float] | npt.NDArray[np.float64] | pd.Series"

# The quantile that each number of an answer stands for, in the order in which an answer is ascending.
QUANTILES = {"low_95": 0.025, "low_80": 0.1, "prediction": 0.5, "high_80": 0.9, "high_95": 0.975}
# What is summed: rows, label, its square; error (predicted minus true), its square and size; the same of the baseline;
# pinball loss; hits and widths of the intervals; labels at or below each of their ends.
QUANTITIES = (
    "n", "label", "label_squared", "error", "error_squared", "error_size", "baseline_error", "baseline_squared",
    "baseline_size", "pinball", *(f"{what}_{share}" for what in ("inside", "width") for share in INTERVALS),
    *(f"below_{end}" for end in bound_columns()),
)  # fmt: skip


@dataclass(frozen=True)
class NumberSums(Additive):
    """Sums over the rows, one set a unit or repeat: (r, q), a column for each of `QUANTITIES`."""

    table: Floats

    def __getitem__(self, quantity: str) -> Floats:
        column: Floats = self.table[:, QUANTITIES.index(quantity)]
        return column


def number_sums_of(
    task: Task, labels: Numbers, predictions: Numbers, answers: npt.ArrayLike, units: Integers | None
) -> NumberSums:
    """The sums of each unit, or of all rows together; rows without a label are left out.

    Parameters
    ----------
    answers
        (n, 5) in the order of `task.answer_columns`.
    units
        The number of the unit of each labelled row, from 0.
    """
    true, predicted = (np.asarray(each, dtype=np.float64) for each in (labels, predictions))
    settled = ~np.isnan(true)
    others = np.asarray(answers, dtype=np.float64).reshape(-1, len(task.answer_columns))[settled]
    rows = _quantities(true[settled], predicted[settled], dict(zip(task.answer_columns, others.T, strict=True)))
    units = np.zeros(len(rows), dtype=np.int64) if units is None else units
    size = int(units.max(initial=0)) + 1
    return NumberSums(np.column_stack([np.bincount(units, weights=column, minlength=size) for column in rows.T]))


def number_scores_of(task: Task, sums: NumberSums) -> dict[str, Floats]:
    """Every score, one value a unit or repeat; NaN where there are no rows.

    `mae`, `rmse`, `r2`; `skill`, the share of the baseline's error that is gone, of the kind that `task.scorer` is;
    `bias`, the mean of predicted minus true; for each interval `coverage`, how many lie inside, and `width`; `pinball`,
    the mean loss of the ends of the intervals and of the prediction as quantiles.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mae, rmse = sums["error_size"] / sums["n"], np.sqrt(sums["error_squared"] / sums["n"])
        baseline = {
            "mae": sums["baseline_size"] / sums["n"],
            "rmse": np.sqrt(sums["baseline_squared"] / sums["n"]),
        }
        spread = sums["label_squared"] - sums["label"] ** 2 / sums["n"]
        skill = 1 - rmse / baseline["rmse"] if task.scorer == "rmse" else 1 - mae / baseline["mae"]
        return {
            "mae": mae,
            "rmse": rmse,
            "r2": 1 - sums["error_squared"] / spread,
            "skill": skill,
            "bias": sums["error"] / sums["n"],
            **{f"coverage_{share}": sums[f"inside_{share}"] / sums["n"] for share in INTERVALS},
            **{f"width_{share}": sums[f"width_{share}"] / sums["n"] for share in INTERVALS},
            "pinball": sums["pinball"] / sums["n"],
        }


def baseline_scores_of(task: Task, sums: NumberSums) -> dict[str, Floats]:
    """The scores that the baseline would have had; it has no intervals, so every quantile that it says is the same."""
    alone = NumberSums(sums.table.copy())
    for own, of_baseline in (("error", "error"), ("error_squared", "squared"), ("error_size", "size")):
        alone[own][:] = sums[f"baseline_{of_baseline}"]
    # The mean of a loss over quantiles that lie evenly about the middle is that of the median.
    alone["pinball"][:] = sums["baseline_size"] / 2
    scores = number_scores_of(task, alone)
    unknown = {name: np.full(len(values), np.nan) for name, values in scores.items() if name.endswith(("_80", "_95"))}
    return scores | unknown


def _quantities(true: Floats, predicted: Floats, others: dict[str, Floats]) -> Floats:
    """The row of each sample in the table that is summed up: (n, q)."""
    error, of_baseline = predicted - true, others["baseline"] - true
    quantiles = {name: true - (predicted if name == "prediction" else others[name]) for name in QUANTILES}
    losses = [np.maximum(level * quantiles[name], (level - 1) * quantiles[name]) for name, level in QUANTILES.items()]
    return np.column_stack(
        [
            np.ones(len(true)),
            true,
            true**2,
            error,
            error**2,
            np.abs(error),
            of_baseline,
            of_baseline**2,
            np.abs(of_baseline),
            np.mean(losses, axis=0),
            *((others[f"low_{share}"] <= true) & (true <= others[f"high_{share}"]) for share in INTERVALS),
            *(others[f"high_{share}"] - others[f"low_{share}"] for share in INTERVALS),
            *(true <= others[end] for end in bound_columns()),
        ]
    )
