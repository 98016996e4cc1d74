"""Predicting a whole file: the rows come back with predictions, the bad ones with reasons."""

import re
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.datasets import Task
from pipelines.datasets.contract import validate
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.sources import read_table
from pipelines.front.told import INTERVAL_ENDS
from pipelines.models import gaps
from pipelines.wording import error_size

from .door import check_size
from .predictor import Predictor

# With which a spreadsheet takes a cell for a formula (OWASP, CSV injection); a plain number is none.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Rows with gaps are filled in many ways each; so many in all take half a minute, and fewer than ten say little.
FILLED_ROWS, FEWEST_NEIGHBOURS = 50_000, 10
MORE_DIGITS = 1  # of a number than people are shown, so that nothing is lost in a sum
DIGITS = 4  # of a probability; finer ones mean nothing
_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Batch:
    """A predicted file. Both frames begin with `row`, the number of a row from 1 on, and end with the file's columns.

    Between them `predicted` has the columns of `models.predict` and, where the file has the label, `right` (yes, no or
    nothing); of a number `value`, the ends of its intervals and `inside`; `rejected` has `reasons`.
    """

    predicted: pd.DataFrame
    rejected: pd.DataFrame
    score: str = ""

    @property
    def summary(self) -> str:
        """One sentence with both counts, and one with the score where the file has the label."""
        total = len(self.predicted) + len(self.rejected)
        counts = f"{len(self.predicted)} of {total} rows predicted, {len(self.rejected)} rejected."
        return f"{counts} {self.score}".rstrip()


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
    whole = whole.drop(columns=["row", "reasons", *added_columns(task)], errors="ignore")
    # Labels in the file are carried along as they are, whatever they say: what is asked for is a prediction.
    checked = validate(task.dataset, whole[list(task.inputs)], labelled=False, features=task.inputs)
    predicted = _predicted(predictor, checked.accepted)
    truth = _truth(predictor, whole.loc[predicted.index])
    told, score = _judged(task.outcome, predictor, predicted, truth)
    rejected = _numbered(checked.rejected[["reasons"]], whole)
    return Batch(_numbered(told, whole), rejected, score)


def added_columns(task: Task) -> list[str]:
    """What predicting a file adds to it."""
    return _added(task.outcome)


def example(predictor: Predictor, rows: int) -> pd.DataFrame:
    """Real samples that no model learnt from, with the label, as a file to try; empty where none were copied."""
    if predictor.reserve.empty:
        return pd.DataFrame()
    some = np.linspace(0, len(predictor.reserve) - 1, min(rows, len(predictor.reserve))).astype(int)
    columns = dict.fromkeys(["sample_id", *predictor.task.inputs, predictor.task.label])
    return predictor.reserve.iloc[some][list(columns)]


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame for a spreadsheet: what a cell or a name says there is text, and never a formula that is run."""
    return frame.map(_as_text).rename(columns=_as_text)


def _predicted(predictor: Predictor, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of `models.predict`; the more rows have gaps, the fewer ways to fill them are averaged over."""
    with_gaps = int(rows[list(predictor.task.inputs)].isna().any(axis=1).sum())
    neighbours = min(gaps.NEIGHBOURS, max(FEWEST_NEIGHBOURS, FILLED_ROWS // max(with_gaps, 1)))
    return gaps.predict(predictor.model, rows, predictor.learnt, neighbours)


def _truth(predictor: Predictor, rows: pd.DataFrame) -> pd.Series:
    """What each row turned out to be; None where the file does not say, or says what cannot be."""
    label = predictor.task.label
    if label not in rows.columns:
        return pd.Series(None, index=rows.index, dtype=object)
    allowed = validate(predictor.task.dataset, rows[[label]], labelled=False, features=[label]).accepted
    return predictor.task.labels(allowed).reindex(rows.index)


@singledispatch
def _added(outcome: object) -> list[str]:
    raise NotImplementedError


@_added.register
def _(outcome: Classes) -> list[str]:
    return ["prediction", "right", *outcome.answer_columns]


@_added.register
def _(outcome: Number) -> list[str]:  # noqa: ARG001 - of any number
    return ["value", *INTERVAL_ENDS, "inside"]


@singledispatch
def _judged(
    outcome: object, predictor: Predictor, predicted: pd.DataFrame, truth: pd.Series
) -> tuple[pd.DataFrame, str]:
    """The predictions as the file has them, and how good they are where it says what turned out."""
    raise NotImplementedError


@_judged.register
def _(outcome: Classes, predictor: Predictor, predicted: pd.DataFrame, truth: pd.Series) -> tuple[pd.DataFrame, str]:
    predicted[outcome.answer_columns] = predicted[outcome.answer_columns].round(DIGITS)
    if truth.notna().any():
        predicted["right"] = (predicted["prediction"] == truth).map({True: "yes", False: "no"}).where(truth.notna())
    return predicted, _score(predictor, predicted["prediction"], truth)


@_judged.register
def _(outcome: Number, predictor: Predictor, predicted: pd.DataFrame, truth: pd.Series) -> tuple[pd.DataFrame, str]:
    told = predicted[["prediction", *INTERVAL_ENDS]].rename(columns={"prediction": "value"})
    told = told.round(outcome.decimals + MORE_DIGITS)
    given = truth.notna()
    if not given.any():
        return told, ""
    labels = truth.astype("float64")
    inside = labels.between(predicted["low_95"], predicted["high_95"])
    told["inside"] = inside.map({True: "yes", False: "no"}).where(given)
    off, simple = (error_size(float((predicted[name] - labels).abs().mean()), outcome.unit, outcome.decimals)
                   for name in ("prediction", "baseline"))  # fmt: skip
    score = (
        f"Of {int(given.sum())} rows with {predictor.task.label} {int(inside[given].sum())} lie inside the 95 % "
        f"interval; the answers are off by {off} on average, the simplest ones by {simple}."
    )
    return told, score


def _score(predictor: Predictor, prediction: pd.Series, truth: pd.Series) -> str:
    """How many predictions are right, beside the rule that knows nothing; empty where no row has the label."""
    labels = truth.dropna()
    if labels.empty:
        return ""
    right, always = int((prediction[labels.index] == labels).sum()), predictor.majority()
    return (
        f"Of {len(labels)} rows with {predictor.task.label} {right} are right ({right / len(labels):.1%}); always "
        f"saying {always} would be in {int((labels == always).sum())}."
    )


def _as_text(cell: Any) -> Any:  # noqa: ANN401 - a cell of any type
    if isinstance(cell, str) and cell.startswith(FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _numbered(rows: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    result = rows.join(whole)
    result.insert(0, "row", result.index + 1)
    return result
