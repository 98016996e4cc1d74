"""What a pull request says about its models, read as what it is: data that anybody may have written.

It is bounded, and checked to be what `compare --output` writes. Numbers are numbers, tasks are those of the default
branch, and the names of classes are shown without any effect.
"""
# ruff: noqa: INP001 - a module beside the workflows

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quiet import quiet

# A table of more classes says nothing that a person could read.
MOST_CLASSES = 30
LONGEST_CLASS = 40
LARGEST = 10**12  # no number here can be more

VERDICTS = {
    "better": "**better**, it would become champion",
    "worse": "**worse**",
    "unsure": "no sure gain",
    "held back": "a gain, but it loses on the test rows alone or in a class that must not",
    "alone": "there is no champion to compare with, or too few rows",
}
# What is told beside the deciding score.
SHOWN = ("accuracy", "macro_f1", "log_loss")
_SCORE = re.compile(r"[a-z][a-z0-9_]{0,30}")


class ComparisonError(Exception):
    """A result that is none; the comment says so, and shows nothing of it."""


@dataclass(frozen=True)
class Difference:
    """A score of the champion and of the new model, and the 95 % interval of the difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """The difference with its interval."""
        return f"{self.after - self.before:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


@dataclass(frozen=True)
class Comparison:
    """One task, checked: numbers are finite or None, `scores` has the deciding `scorer` where two models met."""

    task: str
    verdict: str
    scorer: str
    champion: int | None
    rows: int
    held_out: float | None
    baseline: float | None
    seconds: float
    sizes: Mapping[str, float]
    times: Mapping[str, float]
    scores: Mapping[str, Difference]
    classes: Sequence[str]
    confusion: Mapping[str, Sequence[Sequence[int]]]

    @property
    def sentence(self) -> str:
        """What a reader takes home."""
        if not self.scores:
            value, simplest = (
                "unknown" if score is None else f"{score:.3f}" for score in (self.held_out, self.baseline)
            )
            return (
                f"`{self.task}`: {named(self.scorer)} {value} on the test rows, the simplest answer {simplest}; "
                f"{VERDICTS['alone']}"
            )
        return f"`{self.task}`: {named(self.scorer)} {self.scores[self.scorer].words}: {VERDICTS[self.verdict]}"


def named(score: str) -> str:
    """A score as people write it: `macro-f1`."""
    return score.replace("_", "-")


def read_comparison(content: bytes, tasks: Sequence[str]) -> tuple[list[Comparison], list[str], int]:
    """What a result says.

    Returns
    -------
    The comparisons of known tasks, the known tasks that failed, and how many tasks the default branch does not know.

    Raises
    ------
    ComparisonError
        It is not what `compare --output` writes.
    """
    try:
        document = json.loads(content)
        told, failed = dict(document["tasks"]), list(document["failed"])
        comparisons = [_comparison(task, told[task]) for task in tasks if task in told]
        return comparisons, [task for task in tasks if task in failed], len({*told, *map(str, failed)} - {*tasks})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ComparisonError(f"It is not what `compare --output` writes ({type(error).__name__}).") from error


def _comparison(task: str, told: Mapping[str, Any]) -> Comparison:
    verdict, scorer = told["verdict"], told["scorer"]
    if verdict not in VERDICTS or not _SCORE.fullmatch(scorer):
        raise ValueError(verdict)
    scores = {} if verdict == "alone" else _scores(told["scores"], scorer)
    classes = [quiet(_text(name), LONGEST_CLASS) for name in told["classes"]]
    shown = bool(scores) and len(classes) <= MOST_CLASSES
    return Comparison(
        task=task,
        verdict=verdict,
        scorer=scorer,
        champion=None if told["champion"] is None else _count(told["champion"]),
        rows=_count(told["rows"]) if scores else 0,
        held_out=_number_or_none(told["held_out"]["value"]),
        baseline=_number_or_none(told["baseline"]),
        seconds=_number(told["seconds"]),
        sizes={name: _count(told["models"][name]["bytes"]) for name in _sides(scores)},
        times={name: _number(told["models"][name]["milliseconds"]) for name in _sides(scores) if scores},
        scores=scores,
        classes=classes if shown else [],
        confusion={name: _table(told["confusion"][name], len(classes)) for name in _sides(scores)} if shown else {},
    )


def _sides(scores: Mapping[str, Difference]) -> Sequence[str]:
    return ("before", "after") if scores else ("after",)


def _scores(told: Mapping[str, Any], scorer: str) -> dict[str, Difference]:
    """The deciding score, and of those beside it the ones that the data could tell."""
    parts = ("before", "after", "low", "high")
    others = [name for name in SHOWN if name != scorer and None not in [told.get(name, {}).get(part) for part in parts]]
    return {name: Difference(*(_number(told[name][part]) for part in parts)) for name in (scorer, *others)}


def _number(value: object) -> float:
    # Python takes true for 1.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        raise ValueError(type(value).__name__)
    return float(value)


def _number_or_none(value: object) -> float | None:
    return None if value is None else _number(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise ValueError(type(value).__name__)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _table(told: Sequence[Sequence[object]], size: int) -> list[list[int]]:
    table = [[_count(cell) for cell in row] for row in told]
    if [len(row) for row in table] != [size] * size:
        raise ValueError(size)
    return table
