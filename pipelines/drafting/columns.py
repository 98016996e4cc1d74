"""What a column of a file is, as far as its cells tell: a number, a category, or nothing that a task can use."""

import math
import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.datasets.contract import as_numbers
from pipelines.datasets.declaration import LONGEST_VALUE
from pipelines.datasets.delimited import ROW_NAME
from pipelines.datasets.derived import CalendarPart
from pipelines.datasets.names import slug
from pipelines.datasets.sources import YEAR_FIRST, parts_of_dates, plain_name
from pipelines.errors import UsageError

Kind = Literal["number", "category"]

# More values than these are a category only where a person says so, and more than those no list can offer.
MOST_VALUES, MOST_SAID = 300, 10_000
# A text that stands in fewer rows than these, on average, names a row rather than a kind of row.
FEWEST_ROWS_A_VALUE = 2
# Two whole numbers are a yes and a no; more are taken as an amount.
FEW_WHOLE_NUMBERS = 2
# Whole numbers of so few values may be codes.
MAYBE_CODES = 12
# The square of a larger number is no number that a computer has, and no model could scale the column.
GREATEST = 1e100
# So many whole numbers in a row happen by chance; more do not.
FEWEST_TO_COUNT = 10
# Where so many cells are numbers, the others may be slips; which it is, no program can tell.
MOSTLY, HALF = 0.8, 0.5
EXAMPLES = 3
LONGEST_TITLE = 60
MOST_DECIMALS = 10
# The last word of a header that is a unit, and how people write it.
UNITS = {
    "mm": "mm", "cm": "cm", "m": "m", "km": "km", "um": "µm", "nm": "nm", "inch": "in", "inches": "in", "ft": "ft",
    "mg": "mg", "g": "g", "kg": "kg", "lb": "lb", "lbs": "lb", "t": "t", "ml": "ml", "l": "l", "dl": "dl",
    "s": "s", "sec": "s", "seconds": "s", "ms": "ms", "min": "min", "minutes": "min", "h": "h", "hours": "h",
    "days": "days", "weeks": "weeks", "months": "months", "years": "years", "usd": "USD", "eur": "EUR", "gbp": "GBP",
    "pct": "%", "percent": "%", "c": "°C", "celsius": "°C", "k": "K", "pa": "Pa", "hpa": "hPa", "bar": "bar",
    "v": "V", "mv": "mV", "a": "A", "w": "W", "kw": "kW", "kwh": "kWh", "hz": "Hz", "khz": "kHz", "db": "dB",
    "bpm": "bpm", "mmhg": "mmHg", "mph": "mph", "kmh": "km/h", "ppm": "ppm",
}  # fmt: skip
# Of a date only what comes again can be learned; the year does not.
PARTS: Mapping[CalendarPart, tuple[int, int]] = {"month": (1, 12), "weekday": (0, 6)}
_BRACKETED = re.compile(r"(?P<words>.*\S)\s*[(\[](?P<unit>[^()\[\]]{1,12})[)\]]\s*")
_YEAR_FIRST = re.compile(YEAR_FIRST)
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    YEAR_FIRST + r"|\d{4}[-/]\d{2}"  # 2026-11-21, 2026-11
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T,]+\d{1,2}:\d{2}.*)?"  # 21.11.2026
    r"|(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"  # 20261121
    rf"|\d{{1,2}}[-/. ]+{_MONTH}[-/., ]+\d{{2,4}}.*|{_MONTH}[ -]\d{{1,2}},? +\d{{4}}.*"  # 21 Nov 2026, Nov 21, 2026
    rf"|{_MONTH}[-/., ]+\d{{2,4}}",  # Nov-2026
    re.IGNORECASE,
)
_WITH_SIGN = re.compile(
    r"[-+]?[€$£¥]\s?[-+]?[\d.,]+|[-+]?[\d.,]+\s?[%€$£¥]"
    r"|[\u2212\u2013][\d.,]+|\([\d.,]+\)"  # a minus sign or a dash for a hyphen, and (5) for -5
    r"|[-+]?\d{1,3}([ ,'\u2019\u00a0\u202f]\d{3})+([.,]\d+)?"  # 1,234,567
    r"|[-+]?\d{1,3}(\.\d{3}){2,}(,\d+)?|[-+]?\d{1,3}\.\d{3},\d+"  # 1.234.567, but not 1.234
    rf"|[-+]?\d[\d.,]*\s?({'|'.join(unit for unit in UNITS if len(unit) > 1)})\.?"  # 75kg, and 3a is a name
    rf"|[-+]?\d[\d.,]*\s({'|'.join(UNITS)})\.?",
    re.IGNORECASE,
)
# A number is never written so; a postal code or the key of a product is.
_LEADING_ZERO = re.compile(r"0\d+")
_COUNTER = re.compile(r"(.*_)?(id|index|nr|no|number|row|key)")
_IDENTITY = re.compile(r"(.*_)?(id|key|uuid)")
_CLOCK = re.compile(r"(.*_)?(time|timestamp|date|datetime|epoch|ts|at)")
# Seconds and milliseconds from 1970 to a day between 2001 and 2033.
_EPOCHS = ((1e9, 2e9), (1e12, 2e12))


@dataclass(frozen=True)
class Column:
    """A column that a task can use.

    Attributes
    ----------
    header
        What the file calls it; `name` is what the system does, `title` what people read.
    numbers
        The values of a number (n,), NaN where missing; empty for a category.
    counts
        What a category can be, in order, as text, and in how many rows it is; empty for a number.
    whole
        Whether all values are whole numbers.
    missing
        The number of empty cells.
    blank
        Which of its values an empty cell of a category is; empty where nothing is known then.
    part
        The part of a date that it is; None for a column of the file.
    """

    header: str
    name: str
    title: str
    unit: str
    kind: Kind
    numbers: np.ndarray
    counts: Mapping[str, int]
    whole: bool
    missing: int
    blank: str = ""
    part: CalendarPart | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """What a category can be."""
        return tuple(self.counts)


@dataclass(frozen=True)
class LeftOut:
    """A column that no task can use, and why, as the end of a sentence about it."""

    header: str
    why: str


def describe(header: str, cells: pd.Series, kind: Kind | None = None, blank: str = "") -> Column | LeftOut:
    """What a column is.

    Parameters
    ----------
    cells
        Text cells (n,), None for a blank one.
    kind
        What a person says it is; otherwise the cells tell.
    blank
        What a person says that a blank cell is, which makes the column a category.

    Raises
    ------
    UsageError
        The cells do not tell, or not what the person says.
    """
    filled = cells.dropna()
    numbers = numbers_of(filled)
    number = np.isfinite(numbers)
    why = _no_use(header, cells, filled, kind, blank)
    if why:
        return LeftOut(header, why)
    if kind is None and _partly_numbers(numbers):
        raise UsageError(cannot_tell(header, filled, number))
    if kind == "category" or (kind is None and (not number.all() or _few_whole(numbers))):
        return _with_blank(_category(header, cells, filled), blank)
    return _number(header, cells)


def numbers_of(filled: pd.Series) -> np.ndarray:
    """The cells as numbers (n,), NaN where they are none: a column with leading zeros has codes."""
    if filled.map(lambda cell: bool(_LEADING_ZERO.fullmatch(cell))).any():
        return np.full(len(filled), math.nan)
    return as_numbers(filled)


def no_label(header: str, filled: pd.Series) -> str:
    """Why nobody would predict a column of such cells, as the end of a sentence; empty where one may."""
    if _numbers_rows(header, numbers_of(filled)):
        return f"it numbers the rows; say --number {option(header)} where it is an amount"
    if _mostly(filled, _DATE) or _is_epoch(header, numbers_of(filled)):
        return f"it is a date; say --category {option(header)} where each is a class"
    return _signs(header, filled) if _mostly(filled, _WITH_SIGN) else ""


def parts_of_date(header: str, cells: pd.Series) -> list[Column]:
    """The parts of a column of dates that a model can learn from, those that are not always the same.

    Raises
    ------
    UsageError
        A cell is no date with the year first.
    """
    odd = [cell for cell in cells.dropna().unique() if not _YEAR_FIRST.fullmatch(cell)]
    if odd:
        raise UsageError(
            f"The column {header} has {_quoted(odd[0])}, which is no date with the year first; write 2026-11-21."
        )
    name = slug(header)
    parts = parts_of_dates(cells.rename(name), tuple(PARTS))
    features = [_part(header, part, parts[f"{name}_{part}"]) for part in PARTS]
    return [column for column in features if len(np.unique(column.numbers[np.isfinite(column.numbers)])) > 1]


def _part(header: str, part: CalendarPart, cells: pd.Series) -> Column:
    title = f"{title_and_unit(header)[0]}, {part}"
    numbers, missing = as_numbers(cells), int(cells.isna().sum())
    return Column(header, str(cells.name), title, "", "number", numbers, {}, whole=True, missing=missing, part=part)


def title_and_unit(header: str) -> tuple[str, str]:
    """What people read for a header, and the unit that it names: `Bill length` and `mm` for `bill_length_mm`."""
    bracketed = _BRACKETED.fullmatch(header.strip())
    words, unit = (bracketed["words"], bracketed["unit"].strip()) if bracketed else (header, "")
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", words).replace("_", " ").replace(".", " ").split()
    if not unit and len(parts) > 1 and parts[-1].lower() in UNITS:
        unit = UNITS[parts.pop().lower()]
        parts = parts[:-1] if len(parts) > 1 and parts[-1].lower() == "in" else parts
    title = textwrap.shorten(" ".join(parts).rstrip(",;:") or header, LONGEST_TITLE, placeholder="...")
    return title[:1].upper() + title[1:], unit


def in_order(values: Sequence[str]) -> tuple[str, ...]:
    """Values as people list them: numbers by size, texts by the alphabet."""
    numbers = as_numbers(pd.Series(values, dtype=object))
    if np.isfinite(numbers).all():
        return tuple(value for _, value in sorted(zip(numbers, values, strict=True)))
    return tuple(sorted(values, key=lambda value: (value.casefold(), value)))


def plain_values(cells: pd.Series) -> pd.Series:
    """The filled cells of a category, whole numbers written without a fraction where all are: `1` for `1.0`."""
    numbers = numbers_of(cells)
    if not (np.isfinite(numbers).all() and (numbers == np.trunc(numbers)).all()):
        return cells
    return pd.Series([f"{number:.0f}" for number in numbers], index=cells.index, dtype=object)


def decimals(numbers: np.ndarray) -> int:
    """How many decimals the numbers are written with."""
    finite = numbers[np.isfinite(numbers)]
    for places in range(MOST_DECIMALS):
        if np.allclose(finite, np.round(finite, places), rtol=0, atol=10.0 ** -(MOST_DECIMALS + 2)):
            return places
    return MOST_DECIMALS


def _no_use(header: str, cells: pd.Series, filled: pd.Series, kind: Kind | None, blank: str) -> str:
    """Why no task can use the column; empty where one can, or where the person says what it is."""
    different = filled.nunique()
    if not plain_name(header) or header == ROW_NAME:
        return "it has no name"
    if different == 0:
        return "it is empty"
    if different == 1 and not (blank and cells.isna().any()):
        advice = "" if kind else f" (--blank {option(header)}=VALUE makes a value of that)"
        return f"it is always {_quoted(filled.iloc[0])}" + f" where it is not empty{advice}" * int(cells.isna().any())
    return "" if kind or blank else _no_number_or_category(header, filled, numbers_of(filled))


def _no_number_or_category(header: str, filled: pd.Series, numbers: np.ndarray) -> str:
    if _mostly(filled, _DATE) or _is_epoch(header, numbers):
        return f"it is a date; its month and weekday become columns by --date {option(header)}, with the year first"
    if _mostly(filled, _WITH_SIGN):
        return _signs(header, filled)
    if _numbers_rows(header, numbers):
        return "it numbers the rows"
    why = "" if np.isfinite(numbers).mean() >= MOSTLY else _no_category(filled, filled.nunique())
    return why or _identity(header, filled, numbers)


def _identity(header: str, filled: pd.Series, numbers: np.ndarray) -> str:
    """Why a column names somebody of whom several rows are, by its own name; empty where it does not."""
    measured = np.isfinite(numbers).any() and not (numbers == np.trunc(numbers)).all()
    if _IDENTITY.fullmatch(slug(header)) is None or measured or filled.nunique() <= MAYBE_CODES:
        return ""
    return (
        f"its name says that it tells whose a row is, {filled.nunique():,} of them; say --category {option(header)} "
        "where new samples are of the same ones"
    )


def _mostly(filled: pd.Series, form: re.Pattern[str]) -> bool:
    """Whether most cells are written so."""
    counts = filled.value_counts()
    fits = np.array([bool(form.fullmatch(cell)) for cell in counts.index], dtype=bool)
    return bool(counts[fits].sum() > MOSTLY * len(filled))


def _signs(header: str, filled: pd.Series) -> str:
    example = _quoted(next(cell for cell in filled if _WITH_SIGN.fullmatch(cell)))
    return (
        f"its numbers have signs around or within them, as in {example}; write the numbers alone, or say --category "
        f"{option(header)}"
    )


def _is_epoch(header: str, numbers: np.ndarray) -> bool:
    """Whether numbers are seconds since 1970, below a name that says so."""
    told = _CLOCK.fullmatch(slug(header).removesuffix("_value")) is not None and len(numbers) > 0
    return told and any(((numbers > low) & (numbers < high)).all() for low, high in _EPOCHS)


def _partly_numbers(numbers: np.ndarray) -> bool:
    """Whether most cells are numbers and the others are not, so that no program can tell what they are."""
    number = np.isfinite(numbers)
    amounts = number.mean() >= HALF and len(np.unique(numbers[number])) > MAYBE_CODES
    return bool(not number.all() and (number.mean() >= MOSTLY or amounts))


def _numbers_rows(header: str, numbers: np.ndarray) -> bool:
    """Whether whole numbers are all different, and go on without a gap or stand below a name that says so."""
    if not (numbers == np.trunc(numbers)).all() or len(np.unique(numbers)) < max(len(numbers), FEWEST_TO_COUNT):
        return False
    told = _COUNTER.fullmatch(slug(header)) is not None
    return told or bool(np.ptp(numbers) == len(numbers) - 1)


def _no_category(filled: pd.Series, different: int) -> str:
    longest = int(filled.str.len().max())
    if longest > LONGEST_VALUE:
        return f"it is text of up to {longest:,} signs, which no model here reads"
    if len(filled) < FEWEST_ROWS_A_VALUE * different:
        return f"it names rows: {different:,} different texts in {len(filled):,} rows"
    if different > MOST_VALUES:
        return f"it has {different:,} different texts, more than {MOST_VALUES}; say --category where they are one"
    return ""


def _few_whole(numbers: np.ndarray) -> bool:
    return bool(len(np.unique(numbers)) <= FEW_WHOLE_NUMBERS and (numbers == np.trunc(numbers)).all())


def cannot_tell(header: str, filled: pd.Series, number: np.ndarray) -> str:
    """What to say of a column whose cells are numbers (n,) in most rows only."""
    others = ", ".join(_quoted(cell) for cell in filled[~number].unique()[:EXAMPLES])
    return (
        f"The column {header} has a number in {number.sum():,} of {len(filled):,} rows, and {others} in others. Say "
        f"what it is: --number {option(header)} (rows with other cells: quarantine), --category {option(header)}, "
        f"or --leave-out {option(header)}; or empty the cells in which nothing is known."
    )


def _category(header: str, cells: pd.Series, filled: pd.Series) -> Column:
    counts = Counter(plain_values(filled))
    if len(counts) > MOST_SAID:
        raise UsageError(f"The column {header} has {len(counts):,} values; a category can have {MOST_SAID:,}.")
    ordered = {value: counts[value] for value in in_order(list(counts))}
    whole = all(value.lstrip("-").isdigit() for value in ordered)
    title, _ = title_and_unit(header)
    return Column(header, slug(header), title, "", "category", np.array([]), ordered, whole, int(cells.isna().sum()))


def _with_blank(column: Column, value: str) -> Column:
    """The category with what a blank cell is: one of its values or one more."""
    if not value:
        return column
    return replace(column, blank=value, counts={**column.counts, value: column.counts.get(value, 0) + column.missing})


def _number(header: str, cells: pd.Series) -> Column:
    numbers = as_numbers(cells)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        raise UsageError(f"The column {header} has no number; leave --number {option(header)} away.")
    if np.abs(finite).max() > GREATEST:
        raise UsageError(
            f"The column {header} has the number {finite[np.abs(finite).argmax()]:g}, too large for any model; correct "
            f"it, or say --leave-out {option(header)}."
        )
    title, unit = title_and_unit(header)
    whole = bool((finite == np.trunc(finite)).all())
    return Column(header, slug(header), title, unit, "number", numbers, {}, whole, int(cells.isna().sum()))


def outward(value: float, *, up: bool) -> float:
    """The nearest number of two digits that is not less, or not more, than a value."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = (math.ceil if up else math.floor)(round(value / step, 6)) * step
    return float(f"{rounded:.2g}")


def _quoted(cell: str) -> str:
    return repr(cell if len(cell) <= 30 else f"{cell[:30]}...")  # noqa: PLR2004 - enough to recognise a cell


def option(header: str) -> str:
    """A header as a shell takes it for the value of an option."""
    return shlex.quote(header)
