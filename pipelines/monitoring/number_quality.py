"""How well the predicted numbers of a task do on what arrived: numbers from the prediction history.

What of the whole history is told follows from the sums of the ledger; the rest takes the newest rows of the predictions
group that were served, and gives the same answer for them in any order. What `quality` tells of classes and of numbers
alike is not here.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.documents.metrics import value_of
from pipelines.documents.model import Scores
from pipelines.models import metrics
from pipelines.models.expected_sums import NORMAL_95, TWO_SAMPLES
from pipelines.models.interval_calibration import interval_calibration
from pipelines.models.metrics import FEWEST_SAMPLES, NORMAL_975, ROLLING_SAMPLES, Estimate
from pipelines.models.number_sums import baseline_scores_of, number_scores_of, number_sums_of
from pipelines.monitoring.drift import DriftTest, numeric_drift
from pipelines.monitoring.expectation import MOST_DAYS, held_windows
from pipelines.monitoring.ledger import WEEK, Ledger, served_rows
from pipelines.monitoring.loss_alarms import Tested, bar_of, hits_alarm, losses_alarm
from pipelines.monitoring.quality import SEED
from pipelines.monitoring.quality_alarms import QualityAlarm, promise_of

# Eight of ten answers are told to be within an error; the others tell how far off the rest are.
TOLD_SHARE = 0.8
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# How much the size of an error spreads about its mean, where errors are normal.
SPREAD_OF_SIZE = float(np.sqrt(np.pi / 2 - 1))
# What a single loss counts for at most, in multiples of what was promised: no one day makes an alarm.
LARGEST_LOSS = {"mae": 4.0, "rmse": 10.0, "pinball": 4.0}
# The power of the score that its mean loss is, and what is summed of it.
POWERS = {"mae": 1, "rmse": 2, "pinball": 1}
LOSSES = {"mae": "error_size", "rmse": "error_squared", "pinball": "pinball"}


def settled_rows(predictions: pd.DataFrame, version: int | None) -> pd.DataFrame:
    """What a version served and is settled, oldest first."""
    rows = served_rows(predictions, version)
    return rows[rows["label"].notna()].reset_index(drop=True)


def live_baseline(ledger: Ledger, version: int | None) -> dict[str, float]:
    """The scores that the baseline would have had on the samples that a version served."""
    sums = ledger.number_sums.at(ledger.of_version(version)).total
    return {name: float(values[0]) for name, values in baseline_scores_of(ledger.task, sums).items()}


def within(rows: pd.DataFrame) -> dict[str, Any]:
    """The error that so many of the answers do not exceed, and that of the baseline; see `documents.Within`."""
    own, base = ((rows[name] - rows["label"]).abs() for name in ("prediction", "baseline"))
    both = own.notna() & base.notna()
    value, baseline = (float(part[both].quantile(TOLD_SHARE)) for part in (own, base))
    shares = SHARES if both.any() else ()
    errors, of_baseline = ([float(part[both].quantile(share)) for share in shares] for part in (own, base))
    return {"share": TOLD_SHARE, "n": int(both.sum()), "value": value, "baseline": baseline,
            "shares": list(shares), "errors": errors, "of_baseline": of_baseline}  # fmt: skip


def calibration(ledger: Ledger, version: int | None) -> dict[str, Any]:
    """How often the truth lay below the ends of the intervals; see `interval_calibration`."""
    sums = ledger.number_sums.at(ledger.of_version(version)).total
    return interval_calibration(sums, np.random.default_rng(SEED))


def quality_alarms(ledger: Ledger, version: int | None, held_out: Scores) -> list[QualityAlarm]:
    """Test the score that decides, and how many truths lie inside the 95 % interval, against their promises."""
    task, units = ledger.task, ledger.of_version(version)
    days, sums = ledger.dates(units), ledger.number_sums.at(units)
    n = int(sums["n"].sum())
    inside, most = promise_of(held_out.get("coverage_95")), _most(held_out.get(task.scorer))
    bar = bar_of(sum(each is not None for each in (inside, most)))
    alarms = []
    if most is not None:
        losses = sums[LOSSES[task.scorer]] / sums["n"] / most ** POWERS[task.scorer]
        alarms.append(losses_alarm(Tested(task.scorer, most, days, n, bar), losses, LARGEST_LOSS[task.scorer]))
    if inside is not None:
        alarms.append(hits_alarm(Tested("coverage_95", inside, days, n, bar), sums["inside_95"], sums["n"]))
    return alarms


def differences(task: Task, both: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The scores of the columns that end with `_other` minus those of the others, on the same rows."""
    labels, *one = _answers(task, both)
    other = (both["prediction_other"], both[[f"{name}_other" for name in task.answer_columns]])
    rng, groups = np.random.default_rng(SEED), _groups(task, both)
    estimates = metrics.paired_differences(task, labels, (one[0], one[1]), other, rng, groups=groups)
    return {name: _document(each) for name, each in estimates.items()}


def number_drift(served: pd.DataFrame, labels: pd.Series, day: date) -> list[DriftTest]:
    """What turned out against all that was known before, and the errors of the newest days against earlier ones.

    Parameters
    ----------
    served
        What was served, of all versions.
    labels
        The historical labels that arrivals should look like.
    """
    own = _of_newest_version(served)
    errors = own[own["label"].notna()].assign(error=lambda rows: rows["prediction"] - rows["label"])
    return [*numeric_drift(served, "label", labels, day), *_against_before(errors, "error", day)]


def prediction_drift(served: pd.DataFrame, day: date) -> list[DriftTest]:
    """What the version in charge predicted in the newest days against what it did before."""
    return _against_before(_of_newest_version(served), "prediction", day)


def _of_newest_version(served: pd.DataFrame) -> pd.DataFrame:
    return served[served["model_version"] == served["model_version"].iloc[-1]]


def _against_before(rows: pd.DataFrame, column: str, day: date) -> list[DriftTest]:
    """The newest days against those before the longest window."""
    before = rows["event_time"] < pd.Timestamp(day, tz="UTC") - pd.Timedelta(days=max(metrics.WINDOWS))
    return numeric_drift(rows, column, rows.loc[before, column], day)


def expectation(task: Task, predictions: pd.DataFrame, version: int, held_out: Scores) -> dict[str, Any]:
    """What the widths of the intervals let expect of the deciding score, before the truth is known.

    An interval is as wide as its error is expected to be large (split-conformal intervals, normalised by a predicted
    spread), so that the mean error of some rows is to the mean width as it was in the test. The band holds what chance
    makes of the errors, and how well the test could tell (90 %). Source of the idea: Kivimäki et al. (2025), see
    `models.expected_sums`; direct loss estimation for regression in the NannyML documentation.

    Returns the same shape as `expectation.expectation`.
    """
    promise, width = held_out.get(task.scorer), value_of(held_out.get("width_95"))
    if promise is None or promise["value"] is None or not width:
        return {"over_time": [], "windows": 0, "held": 0}
    served = served_rows(predictions, version)
    days, units = np.unique(_days(served), return_inverse=True)
    counts, opened = (np.bincount(units[which], minlength=len(days)) for which in (slice(None), served["label"].isna()))
    firsts = _first_days(counts)
    told = []
    for at in range(max(0, len(days) - MOST_DAYS), len(days)):
        first = firsts[at]
        rows = served[(units >= first) & (units <= at)]
        row = {"version": version, "day": days[at], "n": int(counts[at]), "open": int(opened[at])}
        told.append(row | _expected(task, rows, promise, float(width)) | {f"since_{task.scorer}": days[first]})
    held = list(held_windows(told, task.scorer))
    return {"over_time": told, "windows": len(held), "held": sum(held)}


def _expected(task: Task, rows: pd.DataFrame, promise: Mapping[str, Any], width: float) -> dict[str, float]:
    score, n = task.scorer, len(rows)
    if n < FEWEST_SAMPLES:
        return {f"{name}_{score}{end}": np.nan for name, end in (
            ("expected", ""), ("expected", "_low"), ("expected", "_high"), ("came", ""))}  # fmt: skip
    ratio = float((rows["high_95"] - rows["low_95"]).mean()) / width
    value = ratio * promise["value"]
    chance = NORMAL_95 * SPREAD_OF_SIZE * value / np.sqrt(n)
    scale = TWO_SAMPLES * NORMAL_95 / NORMAL_975 * ratio
    low, high = (
        scale * abs(promise["value"] - end) if end is not None else 0.0 for end in (promise["low"], promise["high"])
    )
    came = np.nan
    if rows["label"].notna().all():
        came = float(number_scores_of(task, number_sums_of(task, *_answers(task, rows), None))[score][0])
    return {
        f"expected_{score}": value,
        f"expected_{score}_low": max(value - float(np.hypot(chance, low)), 0.0),
        f"expected_{score}_high": value + float(np.hypot(chance, high)),
        f"came_{score}": came,
    }


def _first_days(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where the window of each day begins, so that it is the shortest that holds samples enough; 0 where none does."""
    total = np.insert(counts.cumsum(), 0, 0)
    return np.maximum(np.searchsorted(total, total[1:] - ROLLING_SAMPLES, side="right") - 1, 0)


def _most(estimate: Mapping[str, Any] | None) -> float | None:
    """The largest error that a held-out interval still promises of new samples; None where it promises nothing."""
    if not estimate or estimate.get("high") is None or not np.isfinite(estimate["high"]):
        return None
    return float(estimate["value"] + TWO_SAMPLES * (estimate["high"] - estimate["value"]))


def _answers(task: Task, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    return rows["label"], rows["prediction"], rows[task.answer_columns]


def _groups(task: Task, rows: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """What is resampled together where days follow each other: whole weeks."""
    if task.dataset.split != "time":
        return None
    epoch = pd.Timestamp(0, tz="UTC")
    return np.asarray((rows["event_time"] - epoch).dt.days // WEEK, dtype=np.int64)


def _days(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(rows["event_time"].dt.date.to_numpy())


def _document(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
