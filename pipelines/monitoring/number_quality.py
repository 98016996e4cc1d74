"""How well the predicted numbers of a task do on what arrived: numbers from the prediction history.

Every function takes rows of the predictions group that were served, and gives the same answer for them in any order.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.models import metrics
from pipelines.models.expected_sums import NORMAL_95, TWO_SAMPLES
from pipelines.models.interval_calibration import interval_calibration
from pipelines.models.metrics import FEWEST_SAMPLES, NORMAL_975, ROLLING_SAMPLES, Estimate
from pipelines.models.number_sums import baseline_scores_of, number_scores_of, number_sums_of
from pipelines.monitoring.drift import DriftTest, numeric_drift
from pipelines.monitoring.expectation import MOST_DAYS, held_windows
from pipelines.monitoring.ledger import served_rows
from pipelines.monitoring.loss_alarms import Tested, bar_of, hits_alarm, losses_alarm
from pipelines.monitoring.quality import ROLLING_REPEATS, SEED
from pipelines.monitoring.quality_alarms import QualityAlarm, promise_of

# Eight of ten answers are told to be within an error; the others tell how far off the rest are.
TOLD_SHARE = 0.8
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Days that follow each other err alike; a week is resampled as a whole.
WEEK = 7
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


def live_quality(task: Task, rows: pd.DataFrame, version: int | None) -> dict[str, Any]:
    """The scores of settled rows of one version: `{"version", "n", metric: {"value", "low", "high", "enough",
    "needs"}}`.
    """
    rng = np.random.default_rng(SEED)
    estimates = metrics.bootstrap(task, *_answers(task, rows), rng, groups=_groups(task, rows))
    return {"version": version, "n": len(rows)} | {
        name: _document(each) | _sufficiency(len(rows)) for name, each in estimates.items()
    }


def live_baseline(task: Task, rows: pd.DataFrame) -> dict[str, float]:
    """The scores that the baseline would have had on the same samples."""
    sums = number_sums_of(task, *_answers(task, rows), None)
    return {name: float(values[0]) for name, values in baseline_scores_of(task, sums).items()}


def within(rows: pd.DataFrame) -> dict[str, Any]:
    """The error that so many of the answers do not exceed, and that of the baseline; see `documents.Within`."""
    own, base = ((rows[name] - rows["label"]).abs() for name in ("prediction", "baseline"))
    both = own.notna() & base.notna()
    value, baseline = (float(part[both].quantile(TOLD_SHARE)) for part in (own, base))
    shares = SHARES if both.any() else ()
    errors, of_baseline = ([float(part[both].quantile(share)) for share in shares] for part in (own, base))
    return {"share": TOLD_SHARE, "n": int(both.sum()), "value": value, "baseline": baseline,
            "shares": list(shares), "errors": errors, "of_baseline": of_baseline}  # fmt: skip


def calibration(rows: pd.DataFrame) -> dict[str, Any]:
    """How often the truth lay below the ends of the intervals; see `interval_calibration`."""
    return interval_calibration(rows, np.random.default_rng(SEED))


def over_time(task: Task, predictions: pd.DataFrame, newest: int) -> pd.DataFrame:
    """The scores after each day, one row a version and day with settled rows.

    Returns `version`, `day`, `n` (that day), `total` (so far), `rolling_n`, and `rolling_<metric>` with `_low` and
    `_high` over the newest whole days that hold `ROLLING_SAMPLES` rows; NaN below `FEWEST_SAMPLES`.
    """
    rows = settled_rows(predictions, None)
    if rows.empty:
        return pd.DataFrame(columns=["version", "day", "n", "total", "rolling_n"])
    since = np.unique(_days(rows))[-newest:][0]
    parts = [_version_over_time(task, own, since) for _, own in rows.groupby("model_version", sort=True)]
    return pd.concat(parts, ignore_index=True).sort_values(["day", "version"], ignore_index=True).tail(newest)


def quality_alarms(task: Task, rows: pd.DataFrame, held_out: Mapping[str, Mapping[str, Any]]) -> list[QualityAlarm]:
    """Test the score that decides, and how many truths lie inside the 95 % interval, against their promises.

    Parameters
    ----------
    rows
        Settled rows of one version.
    """
    days, units = np.unique(_days(rows), return_inverse=True)
    sums = number_sums_of(task, *_answers(task, rows), units)
    inside, most = promise_of(held_out.get("coverage_95")), _most(held_out.get(task.scorer))
    bar = bar_of(sum(each is not None for each in (inside, most)))
    alarms = []
    if most is not None:
        losses = sums[LOSSES[task.scorer]] / np.maximum(sums["n"], 1) / most ** POWERS[task.scorer]
        tested = Tested(task.scorer, most, list(days), len(rows), bar)
        alarms.append(losses_alarm(tested, losses[: len(days)], LARGEST_LOSS[task.scorer]))
    if inside is not None:
        tested = Tested("coverage_95", inside, list(days), len(rows), bar)
        alarms.append(hits_alarm(tested, sums["inside_95"][: len(days)], sums["n"][: len(days)]))
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
    version = served["model_version"].iloc[-1]
    own = served[(served["model_version"] == version) & served["label"].notna()]
    errors = own.assign(error=own["prediction"] - own["label"])
    before = errors["event_time"] < pd.Timestamp(day, tz="UTC") - pd.Timedelta(days=max(metrics.WINDOWS))
    return [
        *numeric_drift(served, "label", labels, day),
        *numeric_drift(errors, "error", errors.loc[before, "error"], day),
    ]


def expectation(
    task: Task, predictions: pd.DataFrame, version: int, held_out: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What the widths of the intervals let expect of the deciding score, before the truth is known.

    An interval is as wide as its error is expected to be large (split-conformal intervals, normalised by a predicted
    spread), so that the mean error of some rows is to the mean width as it was in the test. The band holds what chance
    makes of the errors, and how well the test could tell (90 %). Source of the idea: Kivimäki et al. (2025), see
    `models.expected_sums`; direct loss estimation for regression in the NannyML documentation.

    Returns the same shape as `expectation.expectation`.
    """
    promise, width = held_out.get(task.scorer) or {}, (held_out.get("width_95") or {}).get("value")
    if promise.get("value") is None or not width:
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


def _version_over_time(task: Task, rows: pd.DataFrame, since: date) -> pd.DataFrame:
    days, units = np.unique(_days(rows), return_inverse=True)
    counts = np.bincount(units)
    total, firsts = counts.cumsum(), _first_days(counts)
    table = []
    for at in np.flatnonzero(days >= since):
        window = rows.iloc[total[firsts[at]] - counts[firsts[at]] : total[at]]
        table.append(
            {"version": int(rows["model_version"].iloc[0]), "day": days[at], "n": int(counts[at]),
             "total": int(total[at]), "rolling_n": len(window)} | _rolling(task, window)
        )  # fmt: skip
    return pd.DataFrame(table)


def _rolling(task: Task, window: pd.DataFrame) -> dict[str, float]:
    rng, groups = np.random.default_rng(SEED), _groups(task, window)
    scored = metrics.bootstrap(task, *_answers(task, window), rng, repeats=ROLLING_REPEATS, groups=groups)
    enough = len(window) >= FEWEST_SAMPLES
    return {
        f"rolling_{name}{end}": value if enough else np.nan
        for name, each in scored.items()
        for end, value in (("", each.value), ("_low", each.low), ("_high", each.high))
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


def _sufficiency(n: int) -> dict[str, Any]:
    needs = f"{n} of {FEWEST_SAMPLES} samples" if n < FEWEST_SAMPLES else ""
    return {"enough": not needs, "needs": needs}


def _document(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
