"""Reading source files into the columns of a data set, as text, so that what is wrong with a cell is found by the data
contract, not by a parser. Backfills and uploads in a Space read with the same functions.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pipelines.datasets.delimited import read_cells
from pipelines.datasets.derived import CALENDAR, CalendarPart
from pipelines.datasets.parquet import MAGIC, read_parquet_cells
from pipelines.errors import SourceError
from pipelines.wording import readable

# How the usual tools write an empty cell; anything else that is no number is a broken cell.
BLANKS = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "None", "?")
HEADER_SHOWN = 200
# Names of columns that may say what a file name says too, whatever their cells look like.
TYPE_LIKE = ("type", "kind", "style", "color", "colour", "class", "category", "group", "variety")
# How a date is written so that nobody has to guess which number is the month; what follows is the time of the day.
YEAR_FIRST = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:[ T].*)?"
_OTHER_SIGNS = re.compile(r"[\W_]+")

CellRule = Callable[[str], str]


@dataclass(frozen=True)
class Source:
    """A data set as it was given: text cells (None for a blank one), and what identifies the source."""

    rows: pd.DataFrame
    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Form:
    """How the files of a data set may be written.

    Attributes
    ----------
    aliases
        Other names that a column goes by, as `plain_name` writes them.
    told_by_name
        Columns that a file may leave out because its name tells them: `{"type": ("red", "white")}`.
    spellings
        How the cells of a column are written alike, by the column: `{"type": str.lower}`.
    dates
        Columns with dates, year first, that become columns with parts of them: `{"seen": ("month", "weekday")}` gives
        `seen_month` and `seen_weekday`. A cell that is no date stays what it is, so that the data contract names it.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    told_by_name: Mapping[str, Sequence[str]] = field(default_factory=dict)
    spellings: Mapping[str, CellRule] = field(default_factory=dict)
    dates: Mapping[str, Sequence[CalendarPart]] = field(default_factory=dict)


def read_files(paths: Sequence[Path], columns: Sequence[str], form: Form | None = None) -> Source:
    """Read one or more files with a header into one source, rows in the order of the files.

    Parameters
    ----------
    columns
        The columns wanted; others in the file are left out.

    Raises
    ------
    SourceError
        A file is missing, empty, not UTF-8 text, or lacks a column.
    """
    contents = [_content(path) for path in paths]
    frames = [
        read_table(path, columns, form, content=content)[list(columns)]
        for path, content in zip(paths, contents, strict=True)
    ]
    return Source(
        rows=pd.concat(frames, ignore_index=True),
        name=readable(", ".join(path.name for path in paths)),
        sha256=hashlib.sha256(b"".join(contents)).hexdigest(),
    )


def read_table(
    path: Path, columns: Sequence[str], form: Form | None = None, *, content: bytes | None = None
) -> pd.DataFrame:
    """All columns of one file in their order, those wanted under their own names; see `read_files`."""
    form = form or Form()
    cells = _cells(path, _content(path) if content is None else content)
    header = ", ".join(cells.columns)[:HEADER_SHOWN]
    cells.columns = pd.Index([_column(name, columns, form) for name in cells.columns])
    cells = _with_parts_of_dates(_each_once(path, cells, columns), form)
    missing = [name for name in columns if name not in (*cells.columns, *form.told_by_name)]
    if missing:
        raise SourceError(
            f"The source {path} has no column {', '.join(missing)}; it needs {', '.join(columns)}, with commas, "
            f"semicolons or tabs between cells. Its header reads: {header}."
        )
    _refuse_no_rows(path, cells)
    for column in form.told_by_name:
        if column in columns and column not in cells.columns:
            cells[column] = _told_by_name(path, column, form.told_by_name[column], cells.columns)
    cells = blanks_as_none(cells)
    return cells.assign(
        **{name: cells[name].map(rule, na_action="ignore") for name, rule in form.spellings.items() if name in cells}
    )


def read_as_written(path: Path) -> pd.DataFrame:
    """The cells of one file as text, blank ones as they are, below the names that stand in the file."""
    cells = _cells(path, _content(path))
    _refuse_no_rows(path, cells)
    return cells


def from_frame(rows: pd.DataFrame, name: str) -> Source:
    """A source from a frame that a library ships; its identity is that of its CSV text."""
    text = rows.to_csv(index=False, lineterminator="\n")
    cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return Source(blanks_as_none(cells), name, hashlib.sha256(text.encode()).hexdigest())


def plain_name(name: str) -> str:
    """A column name in lower case, with `_` for every other sign: `sepal_length_cm` for `Sepal.Length (cm)`."""
    return _OTHER_SIGNS.sub("_", str(name).strip().lower()).strip("_")


def _content(path: Path) -> bytes:
    if path.exists() and not (path.is_file() or path.is_dir()):
        # Which may have no end, or wait for one who writes.
        raise SourceError(f"The source {path} is a device or a pipe. Save what it gives as a file, and give that one.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"Cannot read the source {path}: {error.strerror}. Give the path of a CSV or Parquet file."
        ) from error


def _cells(path: Path, content: bytes) -> pd.DataFrame:
    read = read_parquet_cells if content.startswith(MAGIC) else read_cells
    return read(str(path), content)


def _column(name: str, columns: Sequence[str], form: Form) -> str:
    plain = plain_name(name)
    return plain if plain in columns else form.aliases.get(plain, plain)


def _each_once(path: Path, cells: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The cells with one of the columns that have the same name, where they agree or nobody asks for them."""
    for name in cells.columns[cells.columns.duplicated()].unique():
        alike = cells[name]
        if name in columns and not alike.eq(alike.iloc[:, 0], axis=0).all(axis=None):
            raise SourceError(
                f"The source {path} has more than one column {name}, and they differ. Leave the right one of them."
            )
    return cells.loc[:, ~cells.columns.duplicated()]


def parts_of_dates(cells: pd.Series, parts: Sequence[CalendarPart]) -> pd.DataFrame:
    """Parts of dates as text (n, parts), each named `<column>_<part>`; a cell that is no date stays what it is."""
    written = cells.astype(object).where(cells.notna(), "").str.strip()
    year_month_day = written.str.extract(rf"^{YEAR_FIRST}$").apply(pd.to_numeric)
    days = pd.to_datetime(year_month_day, errors="coerce")
    numbers = {f"{cells.name}_{part}": CALENDAR[part](days) for part in parts}
    return pd.DataFrame(
        {name: part.map("{:g}".format).where(days.notna(), cells).astype(object) for name, part in numbers.items()}
    )


def _with_parts_of_dates(cells: pd.DataFrame, form: Form) -> pd.DataFrame:
    there = {name: parts for name, parts in form.dates.items() if name in cells.columns}
    return cells.assign(
        **{name: part for date, parts in there.items() for name, part in parts_of_dates(cells[date], parts).items()}
    )


def _refuse_no_rows(path: Path, cells: pd.DataFrame) -> None:
    if cells.empty:
        raise SourceError(f"The source {path} has a header but no rows. Give a file with rows.")


def blanks_as_none(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with None for what the usual tools write where nothing is."""
    return cells.astype(object).where(~cells.isin(BLANKS), None)


def _told_by_name(path: Path, column: str, values: Sequence[str], header: Iterable[str]) -> str:
    """What the words of a file name tell, unless a column of the file may know better."""
    rivals = [name for name in header if {*name.split("_")} & {*values, *TYPE_LIKE, column}]
    if rivals:
        raise SourceError(
            f"The source {path} has no column {column}, but {', '.join(rivals)}, which may tell it. Name that column "
            f"{column}, with the values {', '.join(values)}, or remove it."
        )
    told = [value for value in values if value in plain_name(path.stem).split("_")]
    if len(told) == 1:
        return told[0]
    raise SourceError(
        f"The source {path} has no column {column}, and its name does not tell it. "
        f"Add the column, or put one of {', '.join(values)} into the file name as a word of its own."
    )
