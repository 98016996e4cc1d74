"""What a data set from a file will be: its columns, what it predicts, and what is left out and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.datasets.contract import as_numbers
from pipelines.datasets.roles import FEWEST_TO_SHARE
from pipelines.datasets.sources import plain_name
from pipelines.drafting.columns import Column, Kind, LeftOut, decimals, describe, title_and_unit
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
        What columns are whose cells do not tell.
    left_out
        The columns not to use.
    """

    labels: Sequence[str]
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    left_out: Sequence[str] = ()

    def kind(self, header: str) -> Kind | None:
        """What the person says that a column is."""
        return "number" if header in self.numbers else "category" if header in self.categories else None


@dataclass(frozen=True)
class Plan:
    """A data set to be written; `left_out` are the columns of the file that no task can use."""

    name: str
    file: Path
    rows: int
    features: tuple[Column, ...]
    labels: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def title(self) -> str:
        """What people read for the data set."""
        return title_and_unit(self.name)[0]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Features and labels."""
        return (*self.features, *self.labels)

    @property
    def aliases(self) -> dict[str, str]:
        """The names in the file, as the reader writes them, that differ from those of the columns."""
        return {plain_name(each.header): each.name for each in self.columns if plain_name(each.header) != each.name}

    @property
    def kept_apart(self) -> tuple[str, ...]:
        """What the simulator keeps the mix of: the labels, and categories of few and frequent values."""
        few = [each for each in self.features if each.kind == "category" and len(each.values) <= MOST_APART]
        frequent = [each.name for each in few if min(each.counts.values()) >= FEWEST_APART]
        return (*(label.name for label in self.labels), *frequent[:MOST_COLUMNS_APART])

    @property
    def decimals(self) -> int | None:
        """With how many decimals new measurements are drawn; None where values that occur are better."""
        places = {decimals(each.numbers) for each in self.features if each.kind == "number"}
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
    cells, twice = _each_readable_once(cells)
    labels = [_label(file, header, cells) for header in wishes.labels]
    rest = [header for header in cells.columns if header not in {*wishes.labels, *wishes.left_out}]
    columns = [describe(header, cells[header], wishes.kind(header)) for header in rest]
    features = [each for each in columns if isinstance(each, Column)]
    left_out = [*(each for each in columns if isinstance(each, LeftOut)), *twice]
    if not features:
        reasons = "; ".join(f"{each.header}: {each.why}" for each in left_out)
        raise UsageError(f"{file.name} has no column that {', '.join(wishes.labels)} could be told from. {reasons}")
    named = _named_apart([*features, *labels])
    asked = [LeftOut(header, "you left it out") for header in wishes.left_out]
    return Plan(
        name, file, len(cells), tuple(named[: len(features)]), tuple(named[len(features) :]), (*left_out, *asked)
    )


def _in_the_file(file: Path, cells: pd.DataFrame, wishes: Wishes) -> Wishes:
    """The wishes by the names as they stand in the file, however the person spelled them."""
    headers = {plain_name(header): header for header in cells.columns}

    def header(name: str) -> str:
        if plain_name(name) not in headers:
            names = ", ".join(cells.columns)[:HEADERS_SHOWN]
            raise UsageError(f"There is no column {name!r} in {file.name}; it has {names}.")
        return str(headers[plain_name(name)])

    said = [wishes.labels, wishes.numbers, wishes.categories, wishes.left_out]
    wanted = [list(dict.fromkeys(map(header, names))) for names in said]
    twice = [name for name, times in Counter(name for names in wanted for name in names).items() if times > 1]
    if twice:
        raise UsageError(f"You say two things of the column {', '.join(twice)}; say one.")
    return Wishes(*wanted)


def _each_readable_once(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[LeftOut]]:
    """The columns that the reader can tell from each other, and those that it cannot."""
    names = pd.Series([plain_name(header) for header in cells.columns])
    again = names.duplicated().to_numpy()
    others = {header: names[names == name].index[0] for header, name in zip(cells.columns, names, strict=True)}
    twice = [
        LeftOut(header, f"its name reads like that of {cells.columns[others[header]]}; rename it")
        for header in cells.columns[again]
    ]
    return cells.loc[:, ~again], twice


def _label(file: Path, header: str, cells: pd.DataFrame) -> Column:
    """The column to predict, or a sentence that says why it cannot be."""
    filled = cells[header].dropna()
    if _is_continuous(filled):
        raise UsageError(
            f"The label {header} is a number ({filled.nunique():,} different ones), and only classes can be predicted "
            "here yet; put ranges of it into a column of their own, such as low and high, and predict that."
        )
    described = describe(header, cells[header], "category")
    if isinstance(described, LeftOut):
        raise UsageError(f"The label {header} cannot be predicted: {described.why}.")
    if len(described.values) > MOST_CLASSES:
        raise UsageError(
            f"The label {header} has {len(described.values):,} classes, and {MOST_CLASSES} can be told; group them."
        )
    frequent = [value for value, rows in described.counts.items() if rows >= FEWEST_TO_SHARE]
    if len(filled) < FEWEST_ROWS or len(frequent) < FEWEST_CLASSES:
        raise UsageError(
            f"{file.name} has {len(filled):,} rows with {header}, and {len(frequent)} classes of {FEWEST_TO_SHARE} "
            f"rows or more; it takes {FEWEST_ROWS} rows and {FEWEST_CLASSES} such classes."
        )
    return described


def _is_continuous(filled: pd.Series) -> bool:
    numbers = as_numbers(filled)
    if not len(filled) or not np.isfinite(numbers).all():
        return False
    return filled.nunique() > MOST_CLASSES or bool((numbers != np.trunc(numbers)).any())


def _named_apart(columns: Sequence[Column]) -> list[Column]:
    """The columns with a number behind the names that others had before them."""
    taken: set[str] = set()
    named = []
    for column in columns:
        name, number = column.name, 2
        while name in taken:
            name, number = f"{column.name}_{number}", number + 1
        taken.add(name)
        named.append(replace(column, name=name))
    return named
