"""What the scores mean, in a few words each, and the order in which they are told."""

from pipelines.documents.metrics import TaskPart

TERMS = {
    "accuracy": "the share of answers that are right",
    "macro_f1": "how well each class is found and hit, averaged over the classes so that rare ones count as much",
    "quadratic_kappa": "agreement with the truth beyond chance, where a far miss costs more; 1 is perfect, 0 is chance",
    "balanced_accuracy": "the share of each class that is found, averaged over the classes",
    "mean_absolute_error": "how many classes the answer is off, on average",
    "log_loss": "how much probability the truth was denied",
    "calibration_error": "how far the probabilities are from what happens",
    # Of tasks that predict a number.
    "mae": "how far off the answer is, on average",
    "rmse": "how far off the answer is, where far misses count more",
    "pinball": "how far the ends of the intervals are from where they should be; a wide interval and a miss both cost",
    "skill": "by how much the error is smaller than that of the simplest answer; 1 is perfect, 0 is no better",
    "r2": "the share of the variation that the answers explain; 1 is perfect, 0 is no better than the mean",
    "bias": "predicted minus true, on average",
    "coverage_80": "the share of truths inside the interval that is to hold 80 of 100",
    "coverage_95": "the share of truths inside the interval that is to hold 95 of 100",
    "width_80": "how wide that interval is, on average",
    "width_95": "how wide that interval is, on average",
}


def explained(score: str) -> str:
    """What a score means; empty for one that says it itself."""
    return TERMS.get(score, "")


def ordered_scores(task: TaskPart) -> list[str]:
    """The scores that a task has, the deciding one first; the recalls stand in a table of their own."""
    return [name for name in dict.fromkeys([task["scorer"], *TERMS]) if name in {**task["live"], **task["held_out"]}]
