"""What a task does, in words that need no explanation: counted in hundreds, beside the simplest answer."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from pipelines.front.verdict import too_early
from pipelines.wording import as_sentence, awaiting_words, day_words

Document = Mapping[str, Any]

NEAR_DAYS = {0: "Today", 1: "Tomorrow"}
ADJACENT = 1  # an ordinal answer that is off by one class
MANY_CLASSES = 4  # from so many ordinal classes on, being off by one is nearly right


def plain_sentences(task: Document, data: Document) -> tuple[str, str]:
    """What the task does, and what that is to be compared with; live where enough has turned out, else as promised."""
    plural = data["plural"]
    if task["champion"] is None and task["version"] is None:
        return "No model has been trained yet.", "The first training makes one."
    if forecast := _forecast(task):
        return forecast, " ".join(filter(None, (_record(data), _untold(task, plural) or _beside(task))))
    if too_early(task):
        held_out = (task["held_out"].get("accuracy") or {}).get("value")
        promised = "" if held_out is None else f"In the test it was right about {of_hundred(held_out)} {plural}."
        return promised, _untold(task, plural)
    return _sentence(task, plural), _beside(task)


def of_hundred(share: float) -> str:
    """A share as people count: 98 of 100. Only what is never wrong is 100 of 100."""
    count = round(100 * share)
    return f"{count - (count == 100 and share < 1)} of 100"  # noqa: PLR2004 - a hundred is a hundred


def outcome_words(row: Document) -> tuple[str, str]:
    """Whether the prediction of a row came true: the state of the words, and the words."""
    if row["label"] is None:
        return "quiet", "not known yet"
    corrected = ", corrected" if row.get("corrected_at") else ""
    if row["label"] == row["prediction"]:
        return "ok", f"✓ right{corrected}"
    return "bad", f"✗ it was {row['label']}{corrected}"


def awaiting_sentence(still: Document) -> str:
    """How many outcomes are waited for, and since when; empty where none is."""
    return as_sentence(awaiting_words(still["n"], still["since"]))


def _untold(task: Document, plural: str) -> str:
    """Why nothing can be said of what arrived yet; empty where something can."""
    return f"New {plural} have not told enough yet: {too_early(task)}." if too_early(task) else ""


def _forecast(task: Document) -> str:
    """What is said of the day ahead, and on how many days that was right; empty where no day is."""
    if not task.get("ahead") or not task["recent"]:
        return ""
    newest = task["recent"][0]
    day = date.fromisoformat(newest["event_time"][:10]) + timedelta(days=task["ahead"])
    away = (day - date.fromisoformat(task["last_run"][:10])).days
    told = f"{NEAR_DAYS.get(away, day_words(day))}: {newest['prediction']}, {newest['probability']:.0%}"
    settled = [row for row in task["recent"] if row["label"] is not None]
    right = sum(row["prediction"] == row["label"] for row in settled)
    return f"{told}; the last {len(settled)} days right on {right}." if settled else f"{told}."


def _record(data: Document) -> str:
    return f"This is a record of {data['record']}, played day by day." if data.get("record") else ""


def _sentence(task: Document, plural: str) -> str:
    accuracy = task["live"]["accuracy"]["value"]
    if len(task["classes"]) >= MANY_CLASSES and _ordinal(task):
        near, exact = of_hundred(_within_one(task)), of_hundred(accuracy)
        return f"Within one point for {near} {plural}, exactly right for {exact}."
    if _majority_wins(task):
        return f"Finds {_found(task, plural)}."
    return f"Right about {of_hundred(accuracy)} {plural}."


def _beside(task: Document) -> str:
    """What the simplest answer, always the commonest class, would have done on the same samples."""
    common, base = _commonest(task), task["live_baseline"]["accuracy"]
    told_by_class = not task.get("ahead") and not (len(task["classes"]) >= MANY_CLASSES and _ordinal(task))
    if _majority_wins(task) and told_by_class:
        return f"Always saying {common} would be right about {of_hundred(base)}, and find none of them."
    return f"Always saying {common} would be right about {of_hundred(base)}."


def _ordinal(task: Document) -> bool:
    return "quadratic_kappa" in task["live"]


def _majority_wins(task: Document) -> bool:
    """Whether always saying the commonest class is right as often: then what matters is which classes are found."""
    return bool(task["live_baseline"]["accuracy"] >= task["live"]["accuracy"]["value"])


def _found(task: Document, plural: str) -> str:
    """How many of each rarer class are found: 6 of 10 poor and 5 of 10 excellent wines."""
    rarer = [name for name in task["guarded"] or task["classes"] if name != _commonest(task)]
    values = {name: (task["live"].get(f"recall_{name}") or {}).get("value") for name in rarer}
    told = [f"{round(10 * share)} of 10 {name}" for name, share in values.items() if share is not None]
    return f"{' and '.join(told)} {plural}"


def _commonest(task: Document) -> str:
    counts = np.asarray(task["confusion"]).sum(axis=1)
    return str(task["classes"][int(counts.argmax())])


def _within_one(task: Document) -> float:
    table = np.asarray(task["confusion"], dtype=np.float64)
    off = np.abs(np.subtract.outer(np.arange(len(table)), np.arange(len(table))))
    return float(table[off <= ADJACENT].sum() / max(table.sum(), 1))
