"""The data contract of a data set: which rows are taken in, and why the others are not.

A measurement that is missing is no fault: the row is kept, and the model pipeline knows what to do. A missing
category is kept too, unless rows are stratified by it or a task predicts it. Everything else that does not fit
sends the row to quarantine, with every reason.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.datasets.spec import DataSet, Feature, Label
from pipelines.errors import SourceError

# What Python's float() takes without its underscores and other scripts' digits; `inf` is one so that it can be named.
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.IGNORECASE | re.ASCII)
# A broken cell may be a whole file gone wrong; a reason shows how it begins.
LONGEST_CELL = 60

# What is wrong with a column, and in which rows, shape (n,).
Faults = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Validated:
    """The rows that keep the contract, typed, and the rows that break it, as they came, with `reasons`.

    Both keep the index and the columns of the rows that were given. `faults` says how often each fault was found, most
    frequent first; a row may have several.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    faults: dict[str, int]


def validate(
    dataset: DataSet, rows: pd.DataFrame, *, labelled: bool = True, features: Sequence[str] | None = None
) -> Validated:
    """Check rows against the data contract and type the good ones.

    Parameters
    ----------
    rows
        Text cells (None for a blank one) or typed columns. Columns that are no features or labels are carried along.
    labelled
        Whether every row has to say what it turned out to be; otherwise label columns may lack, in part or whole.
    features
        The features that have to be there as columns; all of them if not given.

    Returns
    -------
    Accepted rows with numeric features as float64 (NaN where missing), integer labels as Int64, text as object.

    Raises
    ------
    SourceError
        A column is not there at all.
    """
    wanted: list[Feature | Label] = [
        feature for feature in dataset.features if features is None or feature.name in features
    ]
    _check_columns(wanted + list(dataset.labels if labelled else ()), rows)
    typed, counts = rows.copy(), Counter[str]()
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    for column in wanted + list(dataset.labels):
        if column.name in rows.columns:
            cells = rows[column.name]
            typed[column.name], faults = _checker(dataset, column, labelled)(cells)
            for fault, where in faults.items():
                counts[f"{column.name} {fault}"] += int(where.sum())
                for position in np.flatnonzero(where).tolist():
                    reasons[position].append(f"{column.name}: {_shown(cells.iloc[position])}{fault}")
    broken = np.array([bool(found) for found in reasons], dtype=bool)
    rejected = rows[broken].assign(reasons=["; ".join(found) for found in reasons if found])
    return Validated(typed[~broken], rejected, {fault: count for fault, count in counts.most_common() if count})


def quarantine_rows(rejected: pd.DataFrame, source: str, seen_at: datetime) -> pd.DataFrame:
    """Rejected rows as rows of the quarantine group; a row is the same again if its source and cells are.

    Parameters
    ----------
    rejected
        What `validate` rejected.
    source
        Where the rows came from.
    seen_at
        The clock of the run (UTC).
    """
    cells = rejected.drop(columns="reasons").to_dict("records")
    rows = [
        json.dumps({str(name): _cell_text(cell) for name, cell in row.items()}, ensure_ascii=False) for row in cells
    ]
    return pd.DataFrame(
        {
            "quarantine_id": [hashlib.sha256(f"{source}\n{row}".encode()).hexdigest() for row in rows],
            "row": rows,
            "reasons": rejected["reasons"].to_numpy(),
            "source": source,
            "seen_at": seen_at,
        }
    )


def allowed_range(feature: Feature) -> str:
    """The physical range as an addition to a sentence, such as ` (allowed: from 5 to 25 % vol)`; empty without one."""
    bounds = {"from": feature.low, "to": feature.high}
    text = " ".join(f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound))
    return f" (allowed: {text} {feature.unit}".rstrip() + ")" if text else ""


def _check_columns(columns: Sequence[Feature | Label], rows: pd.DataFrame) -> None:
    missing = [column.name for column in columns if column.name not in rows.columns]
    if missing:
        raise SourceError(
            f"The rows have no column {', '.join(missing)}; they need {', '.join(column.name for column in columns)}."
        )


def _checker(
    dataset: DataSet, column: Feature | Label, labelled: bool
) -> Callable[[pd.Series], tuple[pd.Series, Faults]]:
    """What types one column and finds its faults."""
    if isinstance(column, Feature) and column.kind == "numeric":
        return lambda cells: _numbers(cells, column)
    known = isinstance(column, Label) or column.name in {*dataset.strata, *(task.label for task in dataset.tasks)}
    as_integer = isinstance(column, Label) and column.kind == "integer"
    return lambda cells: _choices(cells, column.values, required=labelled and known, as_integer=as_integer)


def _numbers(cells: pd.Series, feature: Feature) -> tuple[pd.Series, Faults]:
    numbers = _as_numbers(cells)
    allowed = allowed_range(feature)
    faults = {
        f"is not a number{allowed}": np.isnan(numbers) & cells.notna().to_numpy(),
        f"is infinite{allowed}": np.isinf(numbers),
        f"is too low{allowed}": np.isfinite(numbers) & (numbers < feature.low),
        f"is too high{allowed}": np.isfinite(numbers) & (numbers > feature.high),
    }
    return pd.Series(numbers, index=cells.index), faults


def _choices(
    cells: pd.Series, values: tuple[str, ...], *, required: bool, as_integer: bool
) -> tuple[pd.Series, Faults]:
    texts = _as_integer_texts(cells) if as_integer else cells.astype(object).map(str, na_action="ignore")
    blank, good = cells.isna().to_numpy(), texts.isin(values).to_numpy()
    allowed = f" (allowed: {', '.join(values)})"
    faults = {f"is unknown{allowed}": ~good & ~blank, f"is missing{allowed}": blank & required}
    known = texts.astype(object).where(good, None)
    return (known.map(int, na_action="ignore").astype("Int64") if as_integer else known), faults


def _as_numbers(cells: pd.Series) -> np.ndarray:
    """The cells as float64, NaN for what is missing or no number. Each text is the double nearest to it."""
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return np.asarray(cells.to_numpy(dtype="float64", na_value=np.nan))
    codes, different = pd.factorize(cells.astype(object))
    # The code of a missing cell is -1, and so finds the last number.
    return np.asarray(np.array([*map(_as_number, different), math.nan])[codes])


def _as_number(cell: object) -> float:
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool):
        return _as_float(cell)
    return float(cell) if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) else math.nan


def _as_float(number: float | np.number) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf if number > 0 else -math.inf


def _as_integer_texts(cells: pd.Series) -> pd.Series:
    """Whole numbers as text without a fraction, since a column with gaps often holds 5.0 for 5."""
    numbers = pd.Series(_as_numbers(cells), index=cells.index)
    whole = np.isfinite(numbers) & (numbers == np.trunc(numbers))
    return numbers.where(whole).map(lambda number: str(int(number)), na_action="ignore").astype(object)


def _shown(cell: object) -> str:
    """How a reason repeats a cell, nothing for a blank one."""
    if pd.isna(cell):
        return ""
    text = str(cell)
    short = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."
    return f"{short!r} " if isinstance(cell, str) else f"{short} "


def _cell_text(cell: object) -> str | None:
    return None if pd.isna(cell) else str(cell)
