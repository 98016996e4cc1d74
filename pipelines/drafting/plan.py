"""What a data set from a file will be: its columns, what it predicts, and what is left out and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.datasets.names import ENDS_OF_GROUPS, LONGEST_NAME, slug
from pipelines.datasets.roles import FEWEST_TO_SHARE
from pipelines.datasets.sources import plain_name
from pipelines.drafting.columns import (
    MAYBE_CODES,
    MOSTLY,
    Column,
    Kind,
    LeftOut,
    cannot_tell,
    decimals,
    describe,
    no_label,
    numbers_of,
    option,
    parts_of_date,
    title_and_unit,
)
from pipelines.errors import UsageError

FEWEST_ROWS = 20
MOST_CLASSES = 100
FEWEST_CLASSES = 2
# The simulator keeps apart the values of a category of few values, each with rows enough to be a distribution.
MOST_APART, FEWEST_APART, MOST_COLUMNS_APART = 4, 50, 2
# With fewer rows than these, measured values hardly repeat, so new ones are drawn between them.
FEW_ROWS = 500
HEADERS_SHOWN = 300


@dataclass(frozen=True)
class Wishes:
    """What the person says, by the names of columns in the file.

    Attributes
    ----------
    labels
        What to predict.
    numbers, categories
        What columns are, labels among them, whose cells do not tell.
    left_out
        The columns not to use.
    dates
        The columns of dates whose parts are features.
    blanks
        What a blank cell of a category is, by the category.
    """

    labels: Sequence[str]
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    left_out: Sequence[str] = ()
    dates: Sequence[str] = ()
    blanks: Mapping[str, str] = field(default_factory=dict)

    def kind(self, header: str) -> Kind | None:
        """What the person says that a column is."""
        return "number" if header in self.numbers else "category" if header in self.categories else None


@dataclass(frozen=True)
class Plan:
    """A data set to be written: `left_out` are the columns of the file that no task can use, `dates` have features."""

    name: str
    file: Path
    rows: int
    features: tuple[Column, ...]
    labels: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]
    dates: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people read for the data set."""
        return title_and_unit(self.name)[0]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Features and labels."""
        return (*self.features, *self.labels)

    @property
    def tasks(self) -> list[str]:
        """The names of its tasks, one a label, short enough for those of their groups."""
        longest = LONGEST_NAME - max(map(len, ENDS_OF_GROUPS))
        return _apart([f"{self.name}_{label.name}" for label in self.labels], longest)

    @property
    def outcomes(self) -> list[str]:
        """What kinds of outcomes its labels have, by the name of their class."""
        return sorted({"Number" if label.kind == "number" else "Classes" for label in self.labels})

    @property
    def aliases(self) -> dict[str, str]:
        """The names in the file, as the reader writes them, that differ from those of the columns."""
        names = {each.header: each.name for each in self.columns if not each.part}
        names |= {header: slug(header) for header in self.dates}
        return {plain_name(header): name for header, name in names.items() if plain_name(header) != name}

    @property
    def parts(self) -> dict[str, list[str]]:
        """Which parts of each column of dates are features, by its name."""
        return {
            slug(header): [each.part for each in self.features if each.part and each.header == header]
            for header in self.dates
        }

    @property
    def kept_apart(self) -> tuple[str, ...]:
        """What the simulator keeps the mix of: the labels, and categories of few and frequent values."""
        few = [each for each in self.features if each.kind == "category" and len(each.values) <= MOST_APART]
        frequent = [each.name for each in few if min(each.counts.values()) >= FEWEST_APART]
        return (*(label.name for label in self.labels), *frequent[:MOST_COLUMNS_APART])

    @property
    def decimals(self) -> int | None:
        """With how many decimals new measurements are drawn; None where values that occur are better."""
        places = {decimals(each.numbers) for each in self.columns if each.kind == "number"}
        return places.pop() if self.rows < FEW_ROWS and len(places) == 1 and 0 not in places else None


def plan(name: str, file: Path, cells: pd.DataFrame, wishes: Wishes) -> Plan:
    """Find out what a data set of these cells is.

    Parameters
    ----------
    cells
        Text cells (n, columns) below the names in the file, None for a blank one.

    Raises
    ------
    UsageError
        A column is not there, cannot be predicted or cannot be told, or there are too few rows.
    """
    wishes = _in_the_file(file, cells, wishes)
    cells, twice = _each_readable_once(file, cells)
    labels = [_label(file, header, cells, wishes.kind(header)) for header in wishes.labels]
    rest = [header for header in cells.columns if header not in {*wishes.labels, *wishes.left_out}]
    columns = [each for header in rest for each in _columns(header, cells[header], wishes)]
    features = [each for each in columns if isinstance(each, Column)]
    _refuse_blanks(features, wishes.blanks)
    left_out = [*(each for each in columns if isinstance(each, LeftOut)), *twice]
    if not features:
        reasons = "; ".join(f"{each.header}: {each.why}" for each in left_out)
        raise UsageError(f"{file.name} has no column that {', '.join(wishes.labels)} could be told from. {reasons}")
    _refuse_parts_beside_columns([*features, *labels])
    named = _named_apart([*features, *labels])
    asked = [LeftOut(header, "you left it out") for header in wishes.left_out]
    features, labels = named[: len(features)], named[len(features) :]
    dates = [header for header in wishes.dates if any(each.part and each.header == header for each in features)]
    return Plan(name, file, len(cells), tuple(features), tuple(labels), (*left_out, *asked), tuple(dates))


def blank_cells(options: Sequence[str]) -> dict[str, str]:
    """What a blank cell is, by its column: `{"sex": "unknown"}` for `sex=unknown`.

    Raises
    ------
    UsageError
        One does not tell both.
    """
    parts = [each.partition("=") for each in options]
    for each, (column, _, value) in zip(options, parts, strict=True):
        if not (column.strip() and value.strip()):
            raise UsageError(f"--blank {each} is no column with a value; write it as --blank sex=unknown.")
    return {column.strip(): value.strip() for column, _, value in parts}


def _columns(header: str, cells: pd.Series, wishes: Wishes) -> Sequence[Column | LeftOut]:
    if header not in wishes.dates:
        return [describe(header, cells, wishes.kind(header), wishes.blanks.get(header, ""))]
    return parts_of_date(header, cells) or [LeftOut(header, "its month and its weekday are always the same")]


def _refuse_blanks(features: Sequence[Column], blanks: Mapping[str, str]) -> None:
    """Refuse a value for the blank cells of what is no category."""
    categories = [each.header for each in features if each.kind == "category"]
    for header in blanks:
        if header not in categories:
            raise UsageError(
                f"A blank cell of {header} cannot be said to be {blanks[header]!r}: that is for categories, which are "
                f"{', '.join(categories) or 'none'} here."
            )


def _in_the_file(file: Path, cells: pd.DataFrame, wishes: Wishes) -> Wishes:
    """The wishes by the names as they stand in the file, however the person spelled them."""
    # Of names that read alike the first counts, as below.
    headers = {plain_name(header): header for header in reversed(cells.columns)}

    def header(name: str) -> str:
        if plain_name(name) not in headers:
            names = ", ".join(cells.columns)[:HEADERS_SHOWN]
            alone = " alone: write commas, semicolons or tabs between cells" if len(cells.columns) == 1 else ""
            raise UsageError(f"There is no column {name!r} in {file.name}; it has {names}{alone}.")
        return str(headers[plain_name(name)])

    said = [wishes.labels, wishes.numbers, wishes.categories, wishes.left_out, wishes.dates]
    wanted = [list(dict.fromkeys(map(header, names))) for names in said]
    labels, numbers, categories, left_out, dates = wanted
    roles = [[*labels, *left_out, *dates], [*numbers, *categories, *left_out, *dates]]
    counts = [Counter(names) for names in roles]
    twice = sorted({name for each in counts for name, times in each.items() if times > 1})
    if twice:
        raise UsageError(f"You say two things of the column {', '.join(twice)}; say one.")
    blanks = {header(name): value for name, value in wishes.blanks.items()}
    return Wishes(labels, numbers, categories, left_out, dates, blanks)


def _each_readable_once(file: Path, cells: pd.DataFrame) -> tuple[pd.DataFrame, list[LeftOut]]:
    """The columns that the reader can tell from each other, and those that are there once more.

    Raises
    ------
    UsageError
        Two names read alike, and the columns differ.
    """
    names = pd.Index([plain_name(header) for header in cells.columns])
    again = names.duplicated() & (names != "")
    for place in np.flatnonzero(again):
        first = names.get_indexer_for([names[place]])[0]
        header, other = cells.columns[place], cells.columns[first]
        if not cells.iloc[:, place].equals(cells.iloc[:, first]):
            raise UsageError(
                f"{file.name} has the columns {other} and {header}, whose names read alike, and they differ. Rename "
                "one of them."
            )
    return cells.loc[:, ~again], [LeftOut(header, "it is there twice") for header in cells.columns[again]]


def _label(file: Path, header: str, cells: pd.DataFrame, kind: Kind | None) -> Column:
    """The column to predict, or a sentence that says why it cannot be."""
    filled = cells[header].dropna()
    why = "" if kind else no_label(header, filled)
    described = LeftOut(header, why) if why else describe(header, cells[header], kind or _kind_of_label(header, filled))
    if isinstance(described, LeftOut):
        raise UsageError(f"The label {header} cannot be predicted: {described.why}.")
    filled = len(cells) - described.missing
    if described.kind == "category":
        _refuse_classes(file, described, filled)
    elif filled < FEWEST_ROWS:
        raise UsageError(f"{file.name} has {filled:,} rows with {header}; it takes {FEWEST_ROWS}.")
    return described


def _refuse_classes(file: Path, label: Column, filled: int) -> None:
    """Refuse a label of which too many classes, or too few with rows enough, are there."""
    header = label.header
    if len(label.values) > MOST_CLASSES:
        raise UsageError(
            f"The label {header} has {len(label.values):,} classes, and {MOST_CLASSES} can be told; group them, or "
            "predict another column."
        )
    frequent = [value for value, rows in label.counts.items() if rows >= FEWEST_TO_SHARE]
    if filled < FEWEST_ROWS or len(frequent) < FEWEST_CLASSES:
        raise UsageError(
            f"{file.name} has {filled:,} rows with {header}, and {len(frequent)} classes of {FEWEST_TO_SHARE} "
            f"rows or more; it takes {FEWEST_ROWS} rows and {FEWEST_CLASSES} such classes."
        )


def _kind_of_label(header: str, filled: pd.Series) -> Kind:
    """A number where the cells are measured, with fractions or more whole numbers than classes can be; else classes."""
    numbers = numbers_of(filled)
    number = np.isfinite(numbers)
    different = np.unique(numbers[number])
    measured = len(different) > MOST_CLASSES or bool((different % 1 != 0).any())
    if not len(filled) or number.mean() < MOSTLY:
        return "category"
    if not measured:
        _refuse_classes_or_amounts(header, different, filled)
        return "category"
    if not number.all():
        raise UsageError(cannot_tell(header, filled, number))
    return "number"


def _refuse_classes_or_amounts(header: str, different: np.ndarray, filled: pd.Series) -> None:
    """Refuse whole numbers that may be classes or amounts: many of them, and not the first ones with some rows each."""
    numbered = different[0] in {0, 1} and np.ptp(different) == len(different) - 1
    if len(different) > MAYBE_CODES and not (numbered and filled.value_counts().min() >= FEWEST_TO_SHARE):
        raise UsageError(
            f"The label {header} has {len(different)} different whole numbers. Say what they are: --number "
            f"{option(header)} (an amount, such as a count) or --category {option(header)} (each a class)."
        )


def _refuse_parts_beside_columns(columns: Sequence[Column]) -> None:
    """Refuse a part of a date that has the name of a column, since the reader could not tell them apart."""
    parts = {each.name: each.header for each in columns if each.part}
    for each in columns:
        if not each.part and each.name in parts:
            raise UsageError(
                f"There is a column {each.header} beside the date {parts[each.name]}; leave one of them out."
            )


def _named_apart(columns: Sequence[Column]) -> list[Column]:
    """The columns with a number behind the names that others had before them."""
    names = _apart([column.name for column in columns], LONGEST_NAME)
    return [replace(column, name=name) for column, name in zip(columns, names, strict=True)]


def _apart(names: Sequence[str], longest: int) -> list[str]:
    """The names no longer than that, with a number behind those that others had before them."""
    apart: list[str] = []
    for whole in names:
        name, number = whole[:longest].rstrip("_"), 2
        while name in apart:
            end = f"_{number}"
            name, number = f"{whole[: longest - len(end)]}{end}", number + 1
        apart.append(name)
    return apart
