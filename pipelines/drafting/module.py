"""The text of a drafted module: what a person would have written, with a comment where a decision is theirs."""

import json
import math
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.drafting.columns import PARTS, Column, decimals, outward
from pipelines.drafting.plan import Plan

TEMPLATES = Path(__file__).parent / "templates"
LINE = 120
LONGEST_SENTENCE = 90
# Below this share of the rows, or half of an even one, a class is rare, and hardly ever the most probable one.
RARE, OF_EVEN = 0.15, 0.5
# Weights of more classes than these take minutes to tune.
MOST_WEIGHED = 10
# Finer digits of a number say nothing beside how much it varies.
SPREAD_DIGITS = 3
# What is usual: all but one in a hundred on either side.
USUAL = (0.01, 0.5, 0.99)


def module_text(plan: Plan, data_file: str) -> str:
    """The module of a data set whose rows are in `data/<data_file>`."""
    text: str = _environment().get_template("dataset.py.j2").render(plan=plan, data_file=data_file)
    return text


def provenance_text(plan: Plan, data_file: str, sha256: str) -> str:
    """The page beside the data, for a person to fill in."""
    text: str = _environment().get_template("provenance.md.j2").render(plan=plan, data_file=data_file, sha256=sha256)
    return text


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=False, undefined=StrictUndefined,  # noqa: S701 - Python, no HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        "literal": _literal, "number": _number, "listed": _listed, "range": _range, "sentence": _sentence,
        "usual": _usual, "constant": _constant, "rare": _is_rare, "shown_decimals": _shown_decimals,
        "spread": _spread, "simulator": _simulator, "columns": _columns,
    }  # fmt: skip
    return environment


def _literal(text: str) -> str:
    """A text as Python writes it, in double quotes where that needs no more escapes."""
    quoted = json.dumps(text, ensure_ascii=False)
    if text.count("'") >= text.count('"'):
        return quoted
    return "'" + quoted[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def _sentence(text: str) -> str:
    """A sentence that fits on a line and ends no docstring."""
    return textwrap.shorten(re.sub(r'["\\]', "'", text), LONGEST_SENTENCE, placeholder=" ...") + "."


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - exact as a double


def _listed(values: Sequence[str], indent: int) -> str:
    """The values as a tuple: on one line where they fit, else in lines below each other."""
    written = [_literal(value) for value in values]
    line = f"({', '.join(written)}{',' * (len(values) == 1)})"
    if len(line) + indent <= LINE:
        return line
    # No line ends within a value.
    words = " ".join(f"{each},".replace(" ", "\0") for each in written)
    lines = textwrap.wrap(words, LINE - 4, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["(", *(f"    {each}" for each in lines), ")  # fmt: skip"]).replace("\0", " ")


def _spread(values: Sequence[str], before: str) -> str:
    """The values as a tuple behind what stands before it on its line: on that line where they fit, else one a line."""
    return _tuple([_literal(value) for value in values], before)


def _columns(plan: Plan) -> str:
    """The columns that a module reads, behind their name."""
    return _tuple(["*INPUTS", *(_literal(label.name) for label in plan.labels)], "    columns = ")


def _tuple(written: Sequence[str], before: str) -> str:
    line = f"({', '.join(written)}{',' * (len(written) == 1)})"
    indent = " " * (len(before) - len(before.lstrip()))
    if len(before) + len(line) < LINE:
        return line
    return "\n".join(["(", *(f"{indent}    {each}," for each in written), f"{indent})"])


def _simulator(plan: Plan, kind: str) -> str:
    """The line that makes the simulator, or lines where it is too long."""
    arguments = [f'kind="{kind}"', f"strata={_spread(plan.kept_apart, ' ' * 8 + 'strata=')}"]
    arguments += [f"decimals={plan.decimals}"] if plan.decimals is not None else []
    line = f"    simulator=Simulator({', '.join(arguments)}),"
    if len(line) <= LINE and "\n" not in line:
        return line
    return "\n".join(["    simulator=Simulator(", *(f"        {each}," for each in arguments), "    ),"])


def _constant(column: Column) -> str:
    return f"{column.name.upper()}_VALUES"


def _range(column: Column) -> tuple[float, float]:
    """The range of the file and as much again, and not below 0 where nothing is; that of a part of a date."""
    if column.part:
        return PARTS[column.part]
    finite = column.numbers[np.isfinite(column.numbers)]
    low, high = float(finite.min()), float(finite.max())
    beyond = high - low
    return 0.0 if low >= 0 else outward(low - beyond, up=False), outward(high + beyond, up=True)


def _usual(column: Column) -> tuple[float, ...]:
    finite = column.numbers[np.isfinite(column.numbers)]
    return tuple(float(f"{value:.4g}") for value in np.quantile(finite, USUAL))


def _shown_decimals(label: Column) -> int:
    """How many decimals people are shown: no more than the file has, nor than three digits of the spread take."""
    spread = float(label.numbers[np.isfinite(label.numbers)].std())
    return min(decimals(label.numbers), max(0, SPREAD_DIGITS - 1 - math.floor(math.log10(spread))))


def _is_rare(column: Column) -> bool:
    """Whether one of a few classes of a label is rare."""
    classes, rows = len(column.counts), sum(column.counts.values())
    return classes <= MOST_WEIGHED and min(column.counts.values()) < min(RARE, OF_EVEN / classes) * rows
