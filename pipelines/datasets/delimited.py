"""Text files with cells between separators, as spreadsheets, R and the usual libraries write them, as text cells.

What a parser would guess (types, blanks, row names of its own) is not guessed; what the usual programs write is read:
commas, semicolons or tabs, Excel's line `sep=;`, a byte order mark, R's row names, decimal commas.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from pipelines.errors import SourceError

SEPARATORS = (",", ";", "\t")
ROW_NAME = "row_name"
# How Excel marks the separator of a file in its first line.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[^\S\n]*\r?\n', re.IGNORECASE)
_QUOTED_ROW = re.compile(r'[^\n]*\n\s*"')
_DECIMAL_COMMA = re.compile(r"([+-]?\d*),(\d+(?:e[+-]?\d+)?)", re.IGNORECASE | re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
# `1,234` may be a thousand and more; `0,123` and `1,23` are fractions.
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)


def read_cells(name: str, content: bytes) -> pd.DataFrame:
    """The cells of a file below the names in its header, as text without white space around it.

    Parameters
    ----------
    name
        What error sentences call the file.

    Raises
    ------
    SourceError
        It is no UTF-8 text, is empty, or has rows that do not fit the header.
    """
    text, separator = separated(_text(name, content))
    header, *rows = _lines(name, text, separator) or [[]]
    if not header:
        raise SourceError(f"The source {name} is empty. Give a CSV file with a header and rows.")
    header = _with_row_names(header, rows, quoted=bool(_QUOTED_ROW.match(text)))
    _refuse_longer_rows(name, header, rows)
    cells = pd.DataFrame([row + [""] * (len(header) - len(row)) for row in rows], columns=header, dtype=object)
    return _with_points(cells)


def separated(text: str) -> tuple[str, str]:
    """The text without blank lines at its begin and without Excel's line `sep=;`, and what separates its cells."""
    text = text.lstrip("\r\n ")
    marked = _SEPARATOR_LINE.match(text)
    if marked:
        return text[marked.end() :], marked[1]
    return text, max(SEPARATORS, key=text.partition("\n")[0].count)


def rows_of(text: str, separator: str) -> Iterator[list[str]]:
    """The cells of every line that has any; `csv.Error` where it is no CSV, with the number of the line."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        yield from filter(None, map(_trimmed, lines))
    except csv.Error as error:
        raise csv.Error(f"{error} in line {lines.line_num}") from error


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"The source {name} is not UTF-8 text. Save it as a UTF-8 CSV file.") from error
    if "\0" in text:
        raise SourceError(f"The source {name} is no text: it has null signs. Save it as a UTF-8 CSV file.")
    return text


def _lines(name: str, text: str, separator: str) -> list[list[str]]:
    try:
        return list(rows_of(text, separator))
    except csv.Error as error:
        raise SourceError(f"The source {name} is not a CSV file: {error}. Give one row a line, one header.") from error


def _trimmed(line: list[str]) -> list[str]:
    """The cells without the empty ones at the end, which spreadsheets add."""
    cells = [cell.strip() for cell in line]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _with_row_names(header: list[str], rows: Sequence[list[str]], *, quoted: bool) -> list[str]:
    """The header with a name for the quoted row names that R's `write.table` leaves without one."""
    # Decimal commas without quotes make rows longer too, but their first cell is no quoted text.
    return [ROW_NAME, *header] if quoted and rows and all(len(row) == len(header) + 1 for row in rows) else header


def _refuse_longer_rows(name: str, header: Sequence[str], rows: Sequence[list[str]]) -> None:
    longest = max(rows, key=len, default=[])
    if len(longest) > len(header):
        raise SourceError(
            f"The source {name} has a row of {len(longest)} cells under a header of {len(header)}; it begins with "
            f"{', '.join(longest)[:60]}. Let the header be the first line, with a name for each column, one for row "
            "names too, and put numbers with a decimal comma, and text with a comma, between quotes."
        )


def _with_points(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with points for decimal commas, in a file that has some and no decimal point."""
    forms = Counter(_form(cell) for _, column in cells.items() for cell in column.unique())
    if not forms["comma"] or forms["point"]:
        return cells
    return cells.map(lambda cell: _DECIMAL_COMMA.sub(r"\1.\2", cell) if _DECIMAL_COMMA.fullmatch(cell) else cell)


def _form(cell: str) -> str:
    if _DECIMAL_POINT.fullmatch(cell):
        return "point"
    return "comma" if _DECIMAL_COMMA.fullmatch(cell) and not _MAYBE_THOUSANDS.fullmatch(cell) else ""
