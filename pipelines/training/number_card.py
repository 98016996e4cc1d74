"""What the model card says differently of a version that predicts a number."""

from collections.abc import Mapping

from pipelines.datasets import Task
from pipelines.documents.model import CategoryScores, Estimate, ModelInfo
from pipelines.models.metrics import metric_title
from pipelines.wording import bound, estimate, interval, markdown_table, number

DIGITS = 3  # of a score
SCORES_BY_PART = ("mae", "bias", "coverage_95")
PARTS = {"prediction": "By what was predicted", "season": "By season"}


def gist(task: Task, info: ModelInfo) -> str:
    """Three lines for somebody who has to decide whether to use it."""
    off, inside = _value(info["metrics"]["mae"]), _value(info["metrics"]["coverage_95"])
    simplest = info["baseline"]["mae"]
    good = f"off by {_shown(off, task)} on average on {task.dataset.plural} that it had never seen"
    base = f"; {baseline_words(task)} would be off by {_shown(simplest, task)}"
    return (
        f"- **What it does:** it predicts {task.title.lower()}{_unit(task)} from {len(task.inputs)} inputs, with the "
        f"range that the truth will lie in.\n- **How good it is:** {good}{base}.\n- **When not to trust it:** outside "
        f"of what training has seen. Of 100 outcomes about {100 * (inside or 0):.0f} lay in the 95 % range. "
        f"{task.dataset.caution}"
    )


def predicts(task: Task) -> str:
    """What it predicts, for the sentence about its use."""
    return f"{task.title.lower()}{_unit(task)}"


def labels(info: ModelInfo) -> str:
    """How the numbers are spread that it has learned from."""
    about = info["data"].get("labels")
    if not about:
        return ""
    rows = {
        "Mean": about["mean"], "Standard deviation": about["deviation"], "Lowest": about["min"],
        "10 of 100 are below": about["p10"], "Half are below": about["median"], "90 of 100 are below": about["p90"],
        "Highest": about["max"],
    }  # fmt: skip
    return markdown_table(
        ("Numbers learned from", "Value"), [(name, number(value, DIGITS)) for name, value in rows.items()]
    )


def chosen_for(score: str) -> str:
    """What a search chose it for."""
    return (
        f" for the lowest {score.lower()} on rows that it had not learned from; several are added up with weights that "
        "are never below 0"
    )


def scores(task: Task, info: ModelInfo) -> str:
    """Its scores beside those of the baseline, and by part."""
    rows = [
        (metric_title(name), estimate(score, DIGITS), number(info["baseline"][name], DIGITS))
        for name, score in info["metrics"].items()
    ]
    unit = task.outcome.unit or "the unit of the label"
    parts = [
        "## Scores on held-out rows",
        f"With 95 % bootstrap intervals, beside the baseline, {baseline_words(task)}. Errors and widths are in {unit}.",
        markdown_table(("Score", "Model", "Baseline"), rows),
        *(_by_part(PARTS.get(name, name.capitalize()), values) for name, values in info["by_category"].items()),
    ]
    return "\n\n".join(parts)


def decision(task: Task, info: ModelInfo) -> str:
    """Which number is answered, and how its intervals are made."""
    unit = f" {task.outcome.unit}".rstrip()
    which = "median" if info["decision"]["kind"] == "median" else "mean"
    about = info["intervals"]
    size = "the error that is expected for the row" if about["spread"] else "the mean error"
    bounds = "; ".join(f"{share} %: {low:+.2f} to {high:+.2f}" for share, (low, high) in about["bounds"].items())
    follow = (
        " As outcomes come, the intervals follow them: after misses they widen, after a run of hits they narrow "
        "(I. Gibbs and E. Candès 2021)."
        if about["adaptive"]
        else ""
    )
    return (
        f"## Prediction and intervals\n\nThe {which} of what may come is predicted. The intervals are split-conformal: "
        f"errors on {about['rows']:,} rows not learned from, in units of {size} ({bounds}); "
        f"no answer lies outside of {bound(task.outcome.low)} to {bound(task.outcome.high)}{unit}.{follow}"
    )


def calibration(info: ModelInfo) -> str:
    """How often the truth lay below each end of the intervals."""
    rows = [
        (
            f"{100 * each['low']:g} %",
            interval(each["accuracy"], each["accuracy_low"], each["accuracy_high"], DIGITS),
        )
        for each in info["calibration"]["bins"]
        if each["n"]
    ]
    error, chance = (number(info["calibration"][name], DIGITS) for name in ("error", "chance"))
    return (
        f"## Calibration\n\nThe ends of the intervals are off by {error} on average; chance alone makes up to {chance} "
        "on so many rows. How often the truth lay below an end, by how often it was said to:\n\n"
        + markdown_table(("Said", "Came"), rows)
    )


def baseline_words(task: Task) -> str:
    """What the baseline does."""
    if task.baseline:
        return f"always answering {task.dataset.feature(task.baseline).title.lower()}"
    if task.persistence:
        return f"expecting today's {task.dataset.feature(task.persistence).title.lower()} again"
    return "always answering the mean of what was learned from"


def _by_part(title: str, values: Mapping[str, CategoryScores]) -> str:
    rows = [
        (
            value,
            part["rows"],
            *(estimate(part["scores"][name], DIGITS) for name in SCORES_BY_PART),
            number(part["baseline"]["mae"], DIGITS),
        )
        for value, part in values.items()
    ]
    header = (title, "Test rows", *map(metric_title, SCORES_BY_PART), f"{metric_title('mae')} of the baseline")
    return markdown_table(header, rows)


def _value(score: Estimate) -> float | None:
    return score["value"]


def _shown(value: float | None, task: Task) -> str:
    return f"{number(value, DIGITS)} {task.outcome.unit}".rstrip()


def _unit(task: Task) -> str:
    return f" in {task.outcome.unit}" if task.outcome.unit else ""
