"""Parquet files as text cells, so that what is wrong with a cell is found by the data contract here too."""

import io
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import SourceError

# How every such file begins.
MAGIC = b"PAR1"
# What pandas writes beside the columns of a person.
_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet_cells(name: str, content: bytes) -> pd.DataFrame:
    """The cells of a file below the names of its columns, as text; empty where there is no value.

    Parameters
    ----------
    name
        What error sentences call the file.

    Raises
    ------
    SourceError
        It is no whole Parquet file, or has a column of lists or structures.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
    except pa.ArrowException as error:
        raise SourceError(f"The source {name} is no whole Parquet file. Write it again, or give a CSV file.") from error
    kept = [place for place, column in enumerate(table.column_names) if not _INDEX.fullmatch(column)]
    cells = [_texts(name, table.column_names[place], table.column(place)) for place in kept]
    frame = pd.concat([pd.Series(each, dtype=object) for each in cells], axis=1) if cells else pd.DataFrame()
    return frame.set_axis([table.column_names[place] for place in kept], axis=1)


def _texts(name: str, header: str, column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_boolean(column.type):
        # As pandas writes them into a CSV file.
        return ["" if cell is None else str(cell) for cell in column.to_pylist()]
    try:
        return [cell or "" for cell in column.cast(pa.string()).to_pylist()]
    except pa.ArrowException as error:
        raise SourceError(
            f"The column {header} of the source {name} holds {column.type}; numbers, texts and dates can be read. "
            "Write the file without it, or what matters of it as columns."
        ) from error
