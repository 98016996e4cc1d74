"""What the scores mean, in a few words each, and the order in which they are told."""

from collections.abc import Mapping
from typing import Any

TERMS = {
    "accuracy": "the share of answers that are right",
    "macro_f1": "how well each class is found and hit, averaged over the classes so that rare ones count as much",
    "quadratic_kappa": "agreement with the truth beyond chance, where a far miss costs more; 1 is perfect, 0 is chance",
    "balanced_accuracy": "the share of each class that is found, averaged over the classes",
    "mean_absolute_error": "how many classes the answer is off, on average",
    "log_loss": "how much probability the truth was denied",
    "calibration_error": "how far the probabilities are from what happens",
}


def explained(score: str) -> str:
    """What a score means; empty for one that says it itself."""
    return TERMS.get(score, "")


def ordered_scores(task: Mapping[str, Any]) -> list[str]:
    """The scores that a task has, the deciding one first; the recalls stand in a table of their own."""
    return [name for name in dict.fromkeys([task["scorer"], *TERMS]) if name in {**task["live"], **task["held_out"]}]
