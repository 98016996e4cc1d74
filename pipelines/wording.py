"""Numbers, intervals, tables and times as people read them: on pages, in pictures, cards, summaries and sentences."""

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

NOTHING = "-"  # what stands for a number that there is not
LISTED = 20  # as many values as a person takes in
FIVE_DIGITS = 10_000  # of fewer, a number may be a year
TWO_DIGITS_SAY_LITTLE = 0.095
TELLING_DIGITS = 4  # of a measured value; a derived one has many more
BOUND_DIGITS = 6  # of what a value is compared with
PLAIN = (1e-6, 1e15)  # beyond, a number is written with a power of ten
_MARKUP = re.compile(r"([\\`*\[\]|~])")


def number(value: float | None, digits: int | None = None, *, signed: bool = False) -> str:
    """So many digits, or else two, or three for what is near 0; commas from 10,000 on; a dash for nothing."""
    if value is None or math.isnan(value):
        return NOTHING
    if digits is None:
        digits = 3 if 0 < abs(value) < TWO_DIGITS_SAY_LITTLE else 2
    commas = "," if abs(value) >= FIVE_DIGITS else ""
    return f"{value:{'+' if signed else ''}{commas}.{digits}f}"


def measurement(value: float, digits: int = TELLING_DIGITS) -> str:
    """A measured value with at most so many telling digits, but all before the point: `6.593`, `5.1`, `20,640`."""
    if value and not PLAIN[0] <= abs(value) < PLAIN[1]:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    words = number(value, decimals)
    return words.rstrip("0").rstrip(".") if decimals else words


def bound(value: float) -> str:
    """An end of a range, or a value that is compared with one: `0.98711`."""
    return measurement(value, BOUND_DIGITS)


def estimate(score: Mapping[str, Any] | None, digits: int | None = None, *, signed: bool = False) -> str:
    """A number with its 95 % interval in brackets, where the data could tell one.

    Parameters
    ----------
    score
        `value`, `low` and `high`, each a number or None; other keys are ignored.
    """
    return interval(score["value"], score["low"], score["high"], digits, signed=signed) if score else NOTHING


def interval(
    value: float | None, low: float | None, high: float | None, digits: int | None = None, *, signed: bool = False
) -> str:
    """The same for three numbers."""
    words = [number(each, digits, signed=signed) for each in (value, low, high)]
    return words[0] if NOTHING in words else f"{words[0]} ({words[1]} to {words[2]})"


def quantity(value: float | None, unit: str, decimals: int) -> str:
    """A measured or predicted value with its unit: `21.4 °C`."""
    return _with_unit(number(value, decimals), unit)


def quantity_range(low: float, high: float, unit: str, decimals: int) -> str:
    """Between what a value lies: `18.9 to 23.8 °C`."""
    return _with_unit(f"{number(low, decimals)} to {number(high, decimals)}", unit)


def error_size(value: float | None, unit: str, decimals: int) -> str:
    """An error with its unit, with two telling digits where it is smaller than the value is usually rounded."""
    return _with_unit(number(value, error_digits(value, decimals)), unit)


def error_estimate(score: Mapping[str, Any] | None, unit: str, decimals: int, *, signed: bool = False) -> str:
    """An error with its unit and its 95 % interval: `2.1 °C (1.9 to 2.3)`; see `estimate`."""
    if not score:
        return NOTHING
    digits = error_digits(score["value"], decimals)
    words = [number(score[part], digits, signed=signed) for part in ("value", "low", "high")]
    value = _with_unit(words[0], unit)
    return value if NOTHING in words else f"{value} ({words[1]} to {words[2]})"


def error_digits(value: float | None, decimals: int) -> int:
    """After the point, as many digits as the value has that the error is of, or so that two digits tell something."""
    if value is None or not math.isfinite(value) or value == 0:
        return decimals
    return max(decimals, 1 - math.floor(math.log10(abs(value))))


def step_within(low: float, high: float) -> float:
    """A step through a range: about a fiftieth of its width, as a power of ten; 1 where it has no width."""
    return float(10.0 ** math.floor(math.log10((high - low) / 20))) if high > low else 1.0


def to_the_step(value: float, step: float) -> str:
    """A value without the digits below a step, which is a power of ten."""
    return number(value, max(0, -round(math.log10(step))))


def typical_range(low: float, high: float) -> str:
    """The range of most values, without digits that say nothing about it: `4.6 to 7.7`."""
    # Years and counts have no fractions, however close together they are.
    whole = all(bound == math.trunc(bound) for bound in (low, high))
    step = max(step_within(low, high), 1.0 if whole else 0.0)
    return f"{to_the_step(low, step)} to {to_the_step(high, step)}"


def live_estimate(score: Mapping[str, Any] | None) -> str:
    """The same for a live score, which may not have enough samples yet."""
    return not_enough(score["needs"]) if score and not score["enough"] else estimate(score)


def not_enough(needs: object) -> str:
    """What stands where there are too few samples: how many there are, of how many."""
    return f"not enough data yet: {needs}"


def awaiting_words(count: int, since: str | date | None) -> str:
    """How many outcomes are waited for: awaiting the truth: 3, the oldest since 21 November; empty for none."""
    if not count or since is None:
        return ""
    return f"awaiting the truth: {count:,}, {'the oldest ' * (count > 1)}since {day_words(since)}"


def as_sentence(words: str) -> str:
    """Words as a sentence of their own; empty where there are none."""
    return f"{words[0].upper()}{words[1:]}." if words else ""


def moment(text: str | None) -> str:
    """A time as people write it: 2026-11-21 06:47 UTC."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC" if text else NOTHING


def day_words(day: str | date) -> str:
    """A day in a sentence: 3 November."""
    told = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    return f"{told.day} {told:%B}"


def minute_words(text: str) -> str:
    """A time in a sentence: 24 November 2026, 06:47 UTC."""
    told = datetime.fromisoformat(text)
    return f"{told.day} {told:%B %Y, %H:%M} UTC"


def counted(count: int, noun: str) -> str:
    """A number of things: 1 row, 2,000 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(values: Sequence[str]) -> str:
    """The values with commas; of many the first, and how many more there are."""
    more = f" and {len(values) - LISTED:,} more" if len(values) > LISTED else ""
    return ", ".join(values[:LISTED]) + more


def readable(text: str) -> str:
    """Text with `?` for what is no character, as Python makes of bytes in another encoding than UTF-8."""
    return text.encode(errors="replace").decode()


def escape(text: object) -> str:
    """Text that came from outside, safe inside a Markdown table: no markup, no HTML, one line."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(str(text).split()), quote=False))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]], escaped: Sequence[int] = ()) -> str:
    """A Markdown table, nothing where there are no rows; cells are escaped, but for the columns that are already."""
    lines = [[str(cell) if column in escaped else _cell(cell) for column, cell in enumerate(row)] for row in rows]
    if not lines:
        return ""
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *lines])


def text_table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table for a terminal, its columns as wide as their widest cell."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def joined(*paragraphs: str) -> str:
    """Paragraphs of Markdown, without those that are empty."""
    return "\n\n".join(part for part in paragraphs if part)


def _cell(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else escape(cell)


def _with_unit(words: str, unit: str) -> str:
    return f"{words} {unit}".rstrip() if words != NOTHING else words
