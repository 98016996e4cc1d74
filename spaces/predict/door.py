"""What comes in from outside, judged before anything is done with it: the values of a call, the size of a file."""

import contextlib
import csv
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from pipelines.datasets.delimited import rows_of, separated
from pipelines.datasets.parquet import MAGIC
from pipelines.errors import SourceError, UsageError

# Some seconds of work on the two processors of a free Space, and a few times what such a file needs.
MOST_ROWS, MOST_COLUMNS, MOST_BYTES = 20_000, 200, 5_000_000

_KINDS: dict[type, str] = {list: "a list", dict: "an object"}


class Door(gr.Blocks):
    """A page whose callers are told in one sentence what they sent wrongly, in words of their own side."""

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuse another number of values than the event takes."""
        if len(inputs) != len(block_fn.inputs):
            raise _refused(block_fn, f"{len(inputs)} values were sent")

    async def preprocess_data(self, block_fn: BlockFunction, inputs: list[Any], *more: Any, **options: Any) -> Any:  # noqa: ANN401 - Gradio's own
        """Let the components read what was sent."""
        try:
            return await super().preprocess_data(block_fn, inputs, *more, **options)
        except Exception as error:  # noqa: BLE001 - components raise anything, and what they say is about Python
            already = isinstance(error, gr.Error) and not error.print_exception
            raise error if already else _refused(block_fn, "what was sent is something else") from None


def check_types(given: Mapping[str, object]) -> None:
    """Refuse a value that is no text and no number.

    Raises
    ------
    UsageError
        A value has another type.
    """
    for name, value in given.items():
        if not isinstance(value, str | int | float | None):
            kind = _KINDS.get(type(value), "something else")
            raise UsageError(f"The value of {name} is {kind}; give one number or text, or leave it out.")


def check_size(path: Path) -> None:
    """Refuse a file that is too large, before it is parsed.

    Raises
    ------
    SourceError
        The file has too many bytes, columns or rows, or may have more than can be seen.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _too_large(f"{size:,} bytes", f"{MOST_BYTES:,}")
    content = path.read_bytes()
    if content.startswith(MAGIC):
        # Some kilobytes of it may hold millions of rows, or of signs in a cell.
        raise SourceError("The file is a Parquet file. Save it as a UTF-8 CSV file.")
    columns, rows = _columns_and_rows(content.decode("utf-8-sig", errors="replace"))
    if columns > MOST_COLUMNS:
        raise _too_large(f"{columns} columns", str(MOST_COLUMNS))
    if rows > MOST_ROWS:
        raise _too_large(f"{rows} rows", str(MOST_ROWS))


def _columns_and_rows(text: str) -> tuple[int, int]:
    """As many as the reader would make a table of, which costs far more; what is no CSV is for the reader to say."""
    lines = rows_of(*separated(text))
    columns = rows = 0
    with contextlib.suppress(csv.Error):
        columns = len(next(lines, []))
        for _ in lines:
            rows += 1
    return columns, rows


def _too_large(size: str, most: str) -> SourceError:
    return SourceError(f"The file has {size}; at most {most} can be predicted at once. Split it.")


def _refused(block_fn: BlockFunction, given: str) -> gr.Error:
    wanted = ", ".join(_wanted(block_fn)) or "no values"
    return gr.Error(f"{block_fn.api_name or 'This'} takes {wanted}; {given}.", print_exception=False)


def _wanted(block_fn: BlockFunction) -> Iterator[str]:
    names = list(inspect.signature(block_fn.fn).parameters) if block_fn.fn else []
    for number, block in enumerate(block_fn.inputs):
        name = names[number] if number < len(names) else getattr(block, "label", "a value")
        choices = [str(value) for _, value in getattr(block, "choices", None) or ()]
        if isinstance(block, gr.File):
            yield f"{name} (an uploaded file)"
        else:
            yield f"{name} (one of {', '.join(choices)})" if choices else str(name)
