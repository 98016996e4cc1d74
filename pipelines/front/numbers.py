"""What the front says of a task that predicts a number: in its own unit, with intervals, beside the simplest answer."""

from collections.abc import Sequence

from pipelines.documents.metrics import IN_UNITS, Answer, Predicted, TaskPart, value_of
from pipelines.documents.model import Estimate
from pipelines.wording import (
    error_estimate,
    error_size,
    estimate,
    number,
    quantity,
    quantity_range,
)

LEAST_HEIGHT = 0.1  # a narrower course is no drama
DIGITS = 2  # of what has no unit
# What the simplest answer is called, and what it does.
SIMPLEST = {
    "mean": ("Always the mean", "answers the mean of what was learned from"),
    "persistence": ("The value before", "answers what was measured last"),
    "input": ("Always “{title}”", "answers “{title}”"),
}


def simplest(task: Predicted) -> tuple[str, str]:
    """What the simplest answer is called, and what it does."""
    about = task["outcome"]
    name, does = (words.format(title=about.get("baseline_title", "")) for words in SIMPLEST[about["baseline"]])
    return name, does


def promised(task: TaskPart, plural: str) -> str:  # noqa: ARG001 - as for classes
    """How well the test went; empty where that is not known."""
    error = value_of(task["held_out"].get("mae"))
    return "" if error is None else f"In the test it was off by {_error(task, error)} on average."


def sentence(task: TaskPart, plural: str) -> str:
    """Within what eight of ten answers are."""
    within = task["within"]
    return f"Within {_error(task, within['value'])} for {_of_hundred(task)} {plural}."


def beside(task: TaskPart) -> str:
    """Within what the simplest answer would have been as often."""
    return f"{simplest(task)[0]} would be within {_error(task, task['within']['baseline'])}."


def forecast(task: TaskPart, newest: Answer, settled: Sequence[Answer], plural: str) -> str:  # noqa: ARG001 - as for classes
    """What is said of the day ahead, with its interval, and within what the answers were before."""
    told = f"{said(task, newest)} ({sure(task, newest)})"
    if not task["within"]["n"]:
        return f"{told}."
    return f"{told}; {_lower(sentence(task, plural))}"


def said(task: Predicted, row: Answer) -> str:
    """The answer of a prediction."""
    return _value(task, row["prediction"])


def sure(task: Predicted, row: Answer) -> str:
    """Between what the truth is to be found 95 times of 100."""
    return quantity_range(row["low_95"], row["high_95"], "", task["outcome"]["decimals"])


def outcome(task: Predicted, row: Answer) -> tuple[str, str]:
    """Whether the truth lay inside the 95 % interval: the state of the words, and the words."""
    if row["label"] is None:
        return "quiet", "not known yet"
    corrected = ", corrected" if row.get("corrected_at") else ""
    was = f"it was {_value(task, row['label'])}{corrected}"
    return ("ok", f"✓ {was}") if _is_inside(row) else ("bad", f"✗ outside: {was}")


def verdict(task: Predicted, row: Answer) -> str:  # noqa: ARG001 - as for classes
    """Where the truth lay, in a word."""
    return "not known yet" if row["label"] is None else "inside" if _is_inside(row) else "outside"


def score_words(task: Predicted, score: str, measured: Estimate | None) -> str:
    """A score with its interval, in the unit of the number where it is one."""
    kind = task["outcome"]
    if score not in IN_UNITS:
        return estimate(measured)
    return error_estimate(measured, kind["unit"], kind["decimals"], signed=score == "bias")


def value_words(task: Predicted, score: str, value: float | None, digits: int | None = None) -> str:
    """A score without, in the unit too."""
    if score in IN_UNITS:
        return _error(task, value)
    # What is nothing after rounding has no sign.
    return number(None if value is None else round(value, DIGITS) + 0.0, DIGITS if digits is None else digits)


def least_height(task: Predicted, score: str, level: float) -> float:  # noqa: ARG001 - as for classes
    """How much of a score a plot shows at least: a share of it where it is an error."""
    return LEAST_HEIGHT * (abs(level) if score in IN_UNITS else 1)


def _is_inside(row: Answer) -> bool:
    return row["label"] is not None and row["low_95"] <= float(row["label"]) <= row["high_95"]


def _value(task: Predicted, value: str | float) -> str:
    return quantity(float(value), task["outcome"]["unit"], task["outcome"]["decimals"])


def _error(task: Predicted, value: float | None) -> str:
    return error_size(value, task["outcome"]["unit"], task["outcome"]["decimals"])


def _of_hundred(task: TaskPart) -> str:
    return f"{round(100 * task['within']['share'])} of 100"


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]
