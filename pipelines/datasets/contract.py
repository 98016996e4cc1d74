"""The data contract of a data set: which rows are taken in, and why the others are not.

What is missing is no fault: the row is kept, the model pipeline knows what to do about an input unless the feature says
what a blank cell is, and a row without a label waits for it. Everything else that does not fit sends the row to
quarantine, with every reason.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd

from pipelines.datasets.spec import DataSet, Feature, Label
from pipelines.errors import SourceError
from pipelines.wording import bound, listed

# What Python's float() takes without its underscores and other scripts' digits; `inf` is one so that it can be named.
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.IGNORECASE | re.ASCII)
# A broken cell may be a whole file gone wrong; a reason shows how it begins.
LONGEST_CELL = 60
BOOLEANS = (("yes", "true", "y", "t", "1"), ("no", "false", "n", "f", "0"))

EVENT_TIME = "event_time"

# What is wrong with a column, and in which rows, shape (n,).
Faults = Mapping[str, np.ndarray]
# A column typed, and its faults.
Check = Callable[[pd.Series], tuple[pd.Series, Faults]]


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
    dataset: DataSet,
    rows: pd.DataFrame,
    *,
    labelled: bool = True,
    features: Sequence[str] | None = None,
    plausible: bool = False,
) -> Validated:
    """Check rows against the data contract and type the good ones.

    Parameters
    ----------
    rows
        Text cells (None for a blank one) or typed columns. Columns that are no features or labels are carried along.
    labelled
        Whether the label columns have to be there; what a sample turned out to be may be missing in any case, and what
        later days tell need not be there.
    features
        The features that have to be there as columns; all that are measured if not given.
    plausible
        Whether a number has to be plausible beyond being possible, as in a source that nobody has looked at.

    Returns
    -------
    Accepted rows with numeric features and labels as float64 (NaN where missing), integer labels as Int64, text as
    object.

    Raises
    ------
    SourceError
        A column is not there at all.
    """
    wanted: list[Feature | Label] = [
        each for each in dataset.features if (each.derived is None if features is None else each.name in features)
    ]
    _check_columns(wanted + [label for label in dataset.labels if labelled and not label.of], rows)
    typed, counts = rows.copy(), Counter[str]()
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    checks: dict[str, Check] = {
        each.name: partial(_checked, each, plausible=plausible)
        for each in [*wanted, *(_as_checked(dataset, label) for label in dataset.labels)]
    }
    if features is None and dataset.split == "time":
        checks[EVENT_TIME] = _times
    for name, check in checks.items():
        if name in rows.columns:
            cells = rows[name]
            typed[name], faults = check(cells)
            for fault, where in faults.items():
                counts[f"{name} {fault}"] += int(where.sum())
                for position in np.flatnonzero(where).tolist():
                    reasons[position].append(f"{name}: {_shown(cells.iloc[position])}{fault}")
    broken = np.array([bool(faults_of_row) for faults_of_row in reasons], dtype=bool)
    rejected = rows[broken].assign(reasons=["; ".join(faults_of_row) for faults_of_row in reasons if faults_of_row])
    return Validated(typed[~broken], rejected, {fault: count for fault, count in counts.most_common() if count})


def quarantine_rows(rejected: pd.DataFrame, source: str, seen_at: datetime) -> pd.DataFrame:
    """Rejected rows as rows of the quarantine group, each one; a row is the same again if its source and cells are.

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
    # The first of equal rows is known by its text alone, each further one also by which it is.
    places = pd.Series(rows, dtype=object).groupby(rows).cumcount() if rows else []
    identities = [
        f"{source}\n{row}" + (f"\n{place + 1}" if place else "") for row, place in zip(rows, places, strict=True)
    ]
    return pd.DataFrame(
        {
            "quarantine_id": [hashlib.sha256(identity.encode()).hexdigest() for identity in identities],
            "row": rows,
            "reasons": rejected["reasons"].to_numpy(),
            "source": source,
            "seen_at": seen_at,
        }
    )


def allowed_range(feature: Feature) -> str:
    """The physical range as an addition to a sentence, such as ` (allowed: from 5 to 25 % vol)`; empty without one."""
    return _range("allowed", feature.low, feature.high, feature.unit)


def _range(word: str, low: float, high: float, unit: str) -> str:
    bounds = {"from": low, "to": high}
    text = " ".join(f"{side} {bound(end)}" for side, end in bounds.items() if math.isfinite(end))
    return f" ({word}: {text} {unit}".rstrip() + ")" if text else ""


def _check_columns(columns: Sequence[Feature | Label], rows: pd.DataFrame) -> None:
    missing = [column.name for column in columns if column.name not in rows.columns]
    if missing:
        raise SourceError(
            f"The rows have no column {', '.join(missing)}; they need {', '.join(column.name for column in columns)}."
        )


def _as_checked(dataset: DataSet, label: Label) -> Feature | Label:
    return dataset.measured_label(label) if label.kind == "number" else label


def _checked(column: Feature | Label, cells: pd.Series, *, plausible: bool) -> tuple[pd.Series, Faults]:
    """One column typed, and its faults."""
    if isinstance(column, Feature) and column.kind == "numeric":
        return _numbers(cells, column, plausible=plausible)
    if isinstance(column, Feature) and column.blank:
        cells = cells.astype(object).where(cells.notna(), column.blank)
    return _choices(cells, column.values, as_integer=isinstance(column, Label) and column.kind == "integer")


def _numbers(cells: pd.Series, feature: Feature, *, plausible: bool) -> tuple[pd.Series, Faults]:
    numbers = as_numbers(cells)
    allowed = allowed_range(feature)
    possible = np.isfinite(numbers) & (numbers >= feature.low) & (numbers <= feature.high)
    faults = {
        f"is not a number{allowed}": np.isnan(numbers) & cells.notna().to_numpy(),
        f"is infinite{allowed}": np.isinf(numbers),
        f"is too low{allowed}": np.isfinite(numbers) & (numbers < feature.low),
        f"is too high{allowed}": np.isfinite(numbers) & (numbers > feature.high),
    }
    if plausible:
        low, high = feature.plausible
        usual = _range("plausible", low, high, feature.unit)
        faults[f"is too low to be true{usual}"] = possible & (numbers < low)
        faults[f"is too high to be true{usual}"] = possible & (numbers > high)
    return pd.Series(numbers, index=cells.index), faults


def _times(cells: pd.Series) -> tuple[pd.Series, Faults]:
    """Times of a source as UTC; one without a zone is taken as UTC."""
    times = pd.to_datetime(cells, utc=True, errors="coerce", format="ISO8601").astype("datetime64[us, UTC]")
    return times, {"is no time (write 2026-11-21 or 2026-11-21T04:17Z)": times.isna().to_numpy()}


def _choices(cells: pd.Series, values: tuple[str, ...], *, as_integer: bool) -> tuple[pd.Series, Faults]:
    texts = _spelled(cells, values)
    allowed = texts.where(texts.isin(values), None)
    faults = {f"is unknown (allowed: {listed(values)})": (allowed.isna() & cells.notna()).to_numpy()}
    return (allowed.map(int, na_action="ignore").astype("Int64") if as_integer else allowed), faults


def _spelled(cells: pd.Series, values: tuple[str, ...]) -> pd.Series:
    """The cells as text, those that are no value replaced by the one that they are another spelling of."""
    spellings = _spellings(values)
    different = {cell: _spelling(cell, values, spellings) for cell in cells.dropna().unique()}
    # By a function: a mapping would become an index, which has no place for whole numbers of hundreds of digits.
    return cells.astype(object).map(lambda cell: different[cell], na_action="ignore").astype(object)


def _spelling(cell: object, values: tuple[str, ...], spellings: Mapping[str, str]) -> str:
    text = str(cell)
    if text in values:
        return text
    number = _as_number(cell)
    # A column of whole numbers with a gap is often written with a fraction: 5.0 for 5.
    whole = str(int(number)) if math.isfinite(number) and number == math.trunc(number) else text
    return whole if whole in values else spellings.get(whole.strip().casefold(), text)


def _spellings(values: tuple[str, ...]) -> dict[str, str]:
    """Each value by its small letters, and by what else people write for yes and no, where that tells one value."""
    folded = Counter(value.casefold() for value in values)
    meanings = {value.casefold(): value for value in values if folded[value.casefold()] == 1}
    meant = [[value for word, value in meanings.items() if word in words] for words in BOOLEANS]
    if len(values) == len(BOOLEANS) and all(len(each) == 1 for each in meant):
        for words, (value,) in zip(BOOLEANS, meant, strict=True):
            meanings = dict.fromkeys(words, value) | meanings
    return meanings


def as_numbers(cells: pd.Series) -> np.ndarray:
    """The cells as float64, NaN for what is missing or no number. Each text is the double nearest to it."""
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return np.asarray(cells.to_numpy(dtype="float64", na_value=np.nan))
    codes, different = pd.factorize(cells.astype(object))
    # The code of a missing cell is -1, and so finds the last number.
    return np.asarray(np.array([*map(_as_number, different), math.nan])[codes])


def _as_number(cell: object) -> float:
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool):
        return _as_float(cell)
    # Stripped for both, because `float` leaves the signs of control that `strip` takes for white space.
    text = cell.strip() if isinstance(cell, str) else ""
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _as_float(number: float | np.number) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf if number > 0 else -math.inf


def _shown(cell: object) -> str:
    """How a reason repeats a cell, nothing for a blank one."""
    if pd.isna(cell):
        return ""
    text = str(cell)
    short = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."
    return f"{short!r} " if isinstance(cell, str) else f"{short} "


def _cell_text(cell: object) -> str | None:
    return None if pd.isna(cell) else str(cell)
