"""What the front says of a task that predicts a class."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.documents.metrics import Answer, Predicted, TaskPart, live_score, value_of
from pipelines.documents.model import Estimate
from pipelines.wording import estimate, number

ADJACENT = 1  # an ordinal answer that is off by one class
LEAST_HEIGHT = 0.1  # of a score; a narrower course is no drama
MANY_CLASSES = 4  # from so many ordinal classes on, being off by one is nearly right


def of_hundred(share: float) -> str:
    """A share as people count: 98 of 100. Only what is never wrong is 100 of 100."""
    count = round(100 * share)
    return f"{count - (count == 100 and share < 1)} of 100"  # noqa: PLR2004 - a hundred is a hundred


def promised(task: TaskPart, plural: str) -> str:
    """How well the test went; empty where that is not known."""
    held_out = value_of(task["held_out"].get("accuracy"))
    return "" if held_out is None else f"In the test it was right about {of_hundred(held_out)} {plural}."


def sentence(task: TaskPart, plural: str) -> str:
    """What the task does on new samples."""
    accuracy = _right(task)
    if len(task["classes"]) >= MANY_CLASSES and _ordinal(task):
        near, exact = of_hundred(_within_one(task)), of_hundred(accuracy)
        return f"Within one point for {near} {plural}, exactly right for {exact}."
    if _majority_wins(task):
        now = _found(task, _live_recalls(task), plural)
        return f"Finds {now}." if now else f"In the test it found {_found(task, _test_recalls(task), plural)}."
    return f"Right about {of_hundred(accuracy)} {plural}."


def beside(task: TaskPart) -> str:
    """What the simplest answer, always the commonest class, would have done on the same samples."""
    common, base = _commonest(task), _base(task)
    told_by_class = not task.get("ahead") and not (len(task["classes"]) >= MANY_CLASSES and _ordinal(task))
    if _majority_wins(task) and told_by_class:
        return f"Always saying {common} would be right about {of_hundred(base)}, and find none of them."
    return f"Always saying {common} would be right about {of_hundred(base)}."


def simplest(task: Predicted) -> tuple[str, str]:  # noqa: ARG001 - as for numbers
    """What the simplest answer is called, and what it does."""
    return "Always the commonest", "answers the same class every time"


def forecast(task: TaskPart, newest: Answer, settled: Sequence[Answer], plural: str) -> str:  # noqa: ARG001 - as for numbers
    """What is said of the day ahead, and on how many of the newest days that was right."""
    told = f"{said(task, newest)}, {sure(task, newest)}"
    right = sum(row["prediction"] == row["label"] for row in settled)
    return f"{told}; the last {len(settled)} days right on {right}." if settled else f"{told}."


def said(task: Predicted, row: Answer) -> str:  # noqa: ARG001 - as for numbers
    """The answer of a prediction."""
    return str(row["prediction"])


def sure(task: Predicted, row: Answer) -> str:  # noqa: ARG001 - as for numbers
    """How sure it was."""
    return f"{row['probability']:.0%}"


def outcome(task: Predicted, row: Answer) -> tuple[str, str]:  # noqa: ARG001 - as for numbers
    """Whether the prediction of a row came true: the state of the words, and the words."""
    if row["label"] is None:
        return "quiet", "not known yet"
    corrected = ", corrected" if row.get("corrected_at") else ""
    if row["label"] == row["prediction"]:
        return "ok", f"✓ right{corrected}"
    return "bad", f"✗ it was {row['label']}{corrected}"


def verdict(task: Predicted, row: Answer) -> str:  # noqa: ARG001 - as for numbers
    """Whether the prediction of a row came true, in a word."""
    return "not known yet" if row["label"] is None else "right" if row["label"] == row["prediction"] else "wrong"


def score_words(task: Predicted, score: str, measured: Estimate | None) -> str:  # noqa: ARG001 - as for numbers
    """A score with its interval."""
    return estimate(measured)


def value_words(task: Predicted, score: str, value: float | None, digits: int | None = None) -> str:  # noqa: ARG001 - as for numbers
    """A score without."""
    return number(value, digits)


def least_height(task: Predicted, score: str, level: float) -> float:  # noqa: ARG001 - as for numbers
    """How much of a score a plot shows at least."""
    return LEAST_HEIGHT


def _ordinal(task: TaskPart) -> bool:
    return "quadratic_kappa" in task["live"]


def _majority_wins(task: TaskPart) -> bool:
    """Whether always saying the commonest class is right as often: then what matters is which classes are found."""
    return _base(task) >= _right(task)


def _right(task: TaskPart) -> float:
    """The share of answers that turned out to be right, where some have turned out."""
    return value_of(live_score(task["live"], "accuracy")) or 0.0


def _base(task: TaskPart) -> float:
    """The same of always saying the commonest class."""
    return task["live_baseline"]["accuracy"] or 0.0


def _live_recalls(task: TaskPart) -> dict[str, float | None]:
    """The share of each class that is found, where there are enough to tell."""
    scores = {name: live_score(task["live"], f"recall_{name}") for name in task["classes"]}
    return {name: score["value"] if score and score["enough"] else None for name, score in scores.items()}


def _test_recalls(task: TaskPart) -> dict[str, float | None]:
    return {name: value_of(task["held_out"].get(f"recall_{name}")) for name in task["classes"]}


def _found(task: TaskPart, recalls: Mapping[str, float | None], plural: str) -> str:
    """How many of each rarer class are found: 6 of 10 poor and 5 of 10 excellent wines; empty where nobody knows."""
    rarer = {name: recalls[name] for name in task["guarded"] or task["classes"] if name != _commonest(task)}
    told = [f"{round(10 * recall)} of 10 {name}" for name, recall in rarer.items() if recall is not None]
    return f"{' and '.join(told)} {plural}" if told else ""


def _commonest(task: TaskPart) -> str:
    counts = np.asarray(task["confusion"]).sum(axis=1)
    return str(task["classes"][int(counts.argmax())])


def _within_one(task: TaskPart) -> float:
    table = np.asarray(task["confusion"], dtype=np.float64)
    off = np.abs(np.subtract.outer(np.arange(len(table)), np.arange(len(table))))
    return float(table[off <= ADJACENT].sum() / max(table.sum(), 1))
