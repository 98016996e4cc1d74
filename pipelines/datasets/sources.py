"""Reading a source file as text, so that what is wrong with a cell is found by the data contract, not by a parser."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.errors import SourceError

SEPARATORS = (",", ";")
# How the usual tools write an empty cell; anything else that is no number is a broken cell.
BLANKS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")


@dataclass(frozen=True)
class Source:
    """A data set as it was given: text cells (None for a blank one), and what identifies the source."""

    rows: pd.DataFrame
    name: str
    sha256: str


def read_files(
    paths: Sequence[Path],
    columns: Sequence[str],
    aliases: Mapping[str, str] | None = None,
    by_file_name: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Read one or more CSV files with a header into one source, rows in the order of the files.

    Parameters
    ----------
    columns
        The columns wanted; others in the file are left out.
    aliases
        Other names that a column goes by, after lower-casing and writing `_` for spaces.
    by_file_name
        Columns that a file may leave out because its name tells them: `{"type": ("red", "white")}`.

    Raises
    ------
    SourceError
        A file is missing, empty, not UTF-8 text, has another separator, or lacks a column.
    """
    contents = [_content(path) for path in paths]
    frames = [
        _frame(path, content, columns, aliases or {}, by_file_name or {})
        for path, content in zip(paths, contents, strict=True)
    ]
    return Source(
        rows=pd.concat(frames, ignore_index=True),
        name=", ".join(path.name for path in paths),
        sha256=hashlib.sha256(b"".join(contents)).hexdigest(),
    )


def from_frame(rows: pd.DataFrame, name: str) -> Source:
    """A source from a frame that a library ships; its identity is that of its CSV text."""
    text = rows.to_csv(index=False, lineterminator="\n")
    cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return Source(_blanks_as_none(cells), name, hashlib.sha256(text.encode()).hexdigest())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"Cannot read the source {path}: {error.strerror}. Give the path of a CSV file.") from error


def _frame(
    path: Path,
    content: bytes,
    columns: Sequence[str],
    aliases: Mapping[str, str],
    by_file_name: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    cells = _cells(path, content)
    cells.columns = pd.Index([_canonical(name, aliases) for name in cells.columns])
    times = Counter(cells.columns)
    missing = [name for name in columns if name not in times and name not in by_file_name]
    if missing:
        raise SourceError(
            f"The source {path} has no column {', '.join(missing)}; it needs {', '.join(columns)}, "
            f"with ',' or ';' between cells. Its header reads: {', '.join(map(str, cells.columns))[:200]}."
        )
    for column, values in by_file_name.items():
        if column not in cells.columns:
            cells[column] = _told_by_name(path, column, values)
    repeated = [name for name in columns if times[name] > 1]
    if repeated:
        raise SourceError(f"The source {path} has more than one column {', '.join(repeated)}. Leave one of each.")
    if cells.empty:
        raise SourceError(f"The source {path} has a header but no rows. Give a CSV file with rows.")
    return _blanks_as_none(cells[list(columns)])


def _cells(path: Path, content: bytes) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        raise SourceError(f"The source {path} is not UTF-8 text. Save it as a UTF-8 CSV file.") from error
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        rows = [_trimmed(line) for line in lines]
    except csv.Error as error:
        raise SourceError(
            f"The source {path} is not a CSV file: {error} in line {lines.line_num}. Give one row a line, one header."
        ) from error
    header, *rows = [row for row in rows if row] or [[]]
    if not header:
        raise SourceError(f"The source {path} is empty. Give a CSV file with a header and rows.")
    longest = max(rows, key=len, default=[])
    if len(longest) > len(header):
        raise SourceError(
            f"The source {path} has a row of {len(longest)} cells under a header of {len(header)}; it begins with "
            f"{', '.join(longest)[:60]}. Put numbers with a decimal comma, and text with a comma, between quotes."
        )
    return pd.DataFrame([row + [""] * (len(header) - len(row)) for row in rows], columns=header, dtype=object)


def _trimmed(line: list[str]) -> list[str]:
    """The cells without the empty ones at the end, which spreadsheets add."""
    cells = [cell.strip() for cell in line]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _canonical(name: str, aliases: Mapping[str, str]) -> str:
    plain = "_".join(str(name).strip().lower().split())
    return aliases.get(plain, plain)


def _told_by_name(path: Path, column: str, values: Sequence[str]) -> str:
    told = [value for value in values if value in path.stem.lower()]
    if len(told) == 1:
        return told[0]
    raise SourceError(
        f"The source {path} has no column {column}, and its name does not tell it. "
        f"Add the column, or put one of {', '.join(values)} into the file name."
    )


def _blanks_as_none(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.astype(object).where(~cells.isin(BLANKS), None)
