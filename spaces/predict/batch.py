"""Predicting a whole file: the rows come back with predictions, the bad ones with reasons."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.datasets.contract import validate
from pipelines.datasets.sources import read_table
from pipelines.models import gaps

from .door import check_size
from .predictor import Predictor

# With which a spreadsheet takes a cell for a formula (OWASP, CSV injection); a plain number is none.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Rows with gaps are filled in many ways each; so many in all take half a minute, and fewer than ten say little.
FILLED_ROWS, FEWEST_NEIGHBOURS = 50_000, 10
_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Batch:
    """A predicted file. Both frames begin with `row`, the number of a row from 1 on, and end with the file's columns.

    Between them `predicted` has the columns of `models.predict`, and `rejected` has `reasons`.
    """

    predicted: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def summary(self) -> str:
        """One sentence with both counts."""
        total = len(self.predicted) + len(self.rejected)
        return f"{len(self.predicted)} of {total} rows predicted, {len(self.rejected)} rejected."


def predict_file(predictor: Predictor, path: Path) -> Batch:
    """Predict every row of a CSV file that keeps the data contract of the inputs.

    Raises
    ------
    SourceError
        The file is not a CSV file, lacks an input, or is too large.
    """
    check_size(path)
    task = predictor.task
    whole = read_table(path, task.inputs, task.dataset.form)
    # A file that was predicted before may come again: what was added then is left out.
    whole = whole.drop(columns=["row", "reasons", "prediction", *task.probability_columns], errors="ignore")
    # Labels in the file are carried along as they are: what is asked for is a prediction.
    checked = validate(task.dataset, whole[list(task.inputs)], labelled=False, features=task.inputs)
    return Batch(
        _numbered(_predicted(predictor, checked.accepted), whole), _numbered(checked.rejected[["reasons"]], whole)
    )


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame for a spreadsheet: what a cell or a name says there is text, and never a formula that is run."""
    return frame.map(_as_text).rename(columns=_as_text)


def _predicted(predictor: Predictor, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of `models.predict`; the more rows have gaps, the fewer ways to fill them are averaged over."""
    with_gaps = int(rows[list(predictor.task.inputs)].isna().any(axis=1).sum())
    neighbours = min(gaps.NEIGHBOURS, max(FEWEST_NEIGHBOURS, FILLED_ROWS // max(with_gaps, 1)))
    return gaps.predict(predictor.model, rows, predictor.learnt, neighbours)


def _as_text(cell: Any) -> Any:  # noqa: ANN401 - a cell of any type
    if isinstance(cell, str) and cell.startswith(FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _numbered(rows: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    result = rows.join(whole)
    result.insert(0, "row", result.index + 1)
    return result
