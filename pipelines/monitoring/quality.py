"""How well the models do on what arrived: numbers from the prediction history.

Prediction and label stand in one row under one `sample_id`; nothing here pairs rows by their position, and every
function gives the same answer for the same rows in any order. What one version did is never mixed with what another
did.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import Task
from pipelines.models import metrics
from pipelines.models.metrics import (
    FEWEST_SAMPLES,
    LOWER_IS_BETTER,
    MEANS_OVER_CLASSES,
    ROLLING_SAMPLES,
    Estimate,
)
from pipelines.models.score_sums import Floats, Integers, Sums, scores_of, sums_of
from pipelines.stores.outcomes import LATE_AFTER

# With 10 samples of a class the interval of its recall still spans up to 0.5; with fewer it says nothing.
FEWEST_OF_CLASS = 10
SEED = 2026  # resampling only draws intervals; a fixed seed keeps an unchanged page unchanged
ROLLING_REPEATS = 200  # one interval a day: 200 repeats place its ends well enough for a picture


def served_rows(predictions: pd.DataFrame, version: int | None = None) -> pd.DataFrame:
    """What was served by the champion of the time (all of them or one version), oldest first, one row a sample."""
    rows = predictions[predictions["served"] == "champion"]
    if version is not None:
        rows = rows[rows["model_version"] == version]
    return _ordered(rows).drop_duplicates("sample_id", keep="last", ignore_index=True)


def version_in_charge(predictions: pd.DataFrame) -> int | None:
    """The version that served the newest sample; None before the first prediction."""
    rows = served_rows(predictions)
    return None if rows.empty else int(rows["model_version"].iloc[-1])


def live_quality(task: Task, predictions: pd.DataFrame, version: int | None = None) -> dict[str, Any]:
    """How well one version does on the labelled samples that it served.

    Parameters
    ----------
    predictions
        Rows of the task's predictions group, in any order.
    version
        Which version; by default the one that served the newest sample.

    Returns
    -------
    `{"version", "n", metric: {"value", "low", "high", "enough", "needs"}}` with the metrics of `metrics.score`; `needs`
    says in words what is missing where `enough` is false.
    """
    version = version_in_charge(predictions) if version is None else version
    rows = _labelled(served_rows(predictions, version))
    estimates = metrics.bootstrap(task, *_answers(task, rows), np.random.default_rng(SEED))
    counts = rows["label"].value_counts().to_dict()
    return {"version": version, "n": len(rows)} | {
        name: _document(estimate) | sufficiency(task, name, counts) for name, estimate in estimates.items()
    }


def live_baseline(task: Task, predictions: pd.DataFrame, version: int | None = None) -> dict[str, float]:
    """The scores that always answering the majority class would have had on the same samples."""
    version = version_in_charge(predictions) if version is None else version
    return metrics.baseline(task, _labelled(served_rows(predictions, version))["label"])


def gap_to_promise(live: Mapping[str, Any], held_out: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By how much the live scores differ from the held-out ones, for each metric that has enough data.

    Returns `{metric: {"value", "low", "high", "verdict"}}`: live minus held-out, with the 95 % interval of the
    difference of two independent estimates (Zou and Donner 2008, method of variance estimates recovery), and
    `easier`, `harder` or `no difference shown`.
    """
    return {
        name: _gap(name, live[name], promise)
        for name, promise in held_out.items()
        if name in live and live[name]["enough"] and _all_known(live[name]) and _all_known(promise)
    }


def by_version(task: Task, predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """The live quality of every version that served, in order of version, with its first and last day."""
    rows = served_rows(predictions)
    return [
        {
            "first_day": of_version["event_time"].min().date().isoformat(),
            "last_day": of_version["event_time"].max().date().isoformat(),
            "live": live_quality(task, of_version, int(version)),
        }
        for version, of_version in rows.groupby("model_version", sort=True)
    ]


def quality_over_time(task: Task, predictions: pd.DataFrame, newest: int | None = None) -> pd.DataFrame:
    """The scores after each day, one row a version and day with labelled samples.

    Parameters
    ----------
    newest
        How many rows, the newest; all by default. Resampling is what takes long, and is done for no other row.

    Returns
    -------
    `version`, `day` (date), `n` (that day), `total` (so far, of this version), `cumulative_<metric>` with
    `cumulative_accuracy_low` and `_high` (Wilson), `rolling_n`, and `rolling_<metric>` with `_low` and `_high`
    (bootstrap) over the newest whole days that hold `ROLLING_SAMPLES` samples; NaN below `FEWEST_SAMPLES`.
    """
    rows = _labelled(served_rows(predictions))
    if rows.empty:
        return pd.DataFrame(columns=["version", "day", "n", "total", "rolling_n"])
    # Each of the newest days has a row at least, so no row that is asked for lies before them.
    since = np.unique(_days(rows))[-newest if newest else 0 :][0]
    parts = [
        _version_over_time(task, of_version, since)
        for _, of_version in rows.groupby("model_version", sort=True)
        if _days(of_version).max() >= since
    ]
    table = pd.concat(parts, ignore_index=True).sort_values(["day", "version"], ignore_index=True)
    return table.tail(newest or len(table)).reset_index(drop=True)


def challenger_comparison(task: Task, predictions: pd.DataFrame) -> dict[str, Any] | None:
    """The newest challenger against the version in charge, on the samples that both predicted.

    Returns `{"champion", "challenger", "n", "enough", "differences": {metric: {"value", "low", "high"}}}`, where a
    difference is challenger minus champion; None where no challenger newer than the version in charge predicted.
    """
    champion = version_in_charge(predictions)
    shadow = predictions[(predictions["served"] == "challenger") & (predictions["model_version"] > (champion or 0))]
    if champion is None or shadow.empty:
        return None
    challenger = int(shadow["model_version"].max())
    columns = ["sample_id", "prediction", *task.probability_columns]
    rows = _labelled(served_rows(predictions, champion)).merge(
        _ordered(shadow[shadow["model_version"] == challenger])[columns],
        on="sample_id", suffixes=("", "_other"), validate="one_to_one",
    )  # fmt: skip
    other = (rows["prediction_other"], rows[[f"{name}_other" for name in task.probability_columns]])
    labels, *answers = _answers(task, rows)
    differences = metrics.paired_differences(task, labels, tuple(answers), other, np.random.default_rng(SEED))
    return {
        "champion": champion,
        "challenger": challenger,
        "n": len(rows),
        "enough": len(rows) >= FEWEST_SAMPLES,
        "differences": {name: _document(estimate) for name, estimate in differences.items()},
    }


def calibration(task: Task, predictions: pd.DataFrame, version: int | None = None) -> dict[str, Any]:
    """Whether the probabilities of a version mean what they say, on the labelled samples that it served.

    Returns `{"n", "error", "chance", "enough", "bins"}`: the calibration error, the 95th percentile of what a perfectly
    calibrated model would show on as many samples, and the rows of `metrics.reliability`.
    """
    version = version_in_charge(predictions) if version is None else version
    rows = _labelled(served_rows(predictions, version))
    labels, _, probabilities = _answers(task, rows)
    return {
        "n": len(rows),
        "error": metrics.score(task, *_answers(task, rows))["calibration_error"],
        "chance": metrics.calibration_noise(probabilities, np.random.default_rng(SEED)),
        "enough": len(rows) >= FEWEST_SAMPLES,
        "bins": metrics.reliability(task, labels, probabilities).to_dict("records"),
    }


def recent_predictions(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """The newest served predictions, newest first."""
    return served_rows(predictions).iloc[::-1].head(count).reset_index(drop=True)


def with_samples(predictions: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Each prediction beside the measurements of its own sample, found by `sample_id`; oldest first."""
    extra = [name for name in samples.columns if name == "sample_id" or name not in predictions.columns]
    return _ordered(predictions.merge(samples[extra], on="sample_id", how="left", validate="many_to_one"))


def reigns(log: Iterable[Any]) -> list[dict[str, Any]]:
    """Which version was in charge from when to when, oldest first; `until` is None for the one that still is.

    Parameters
    ----------
    log
        The champion log (`ChampionEntry`: version, when, who, reason).
    """
    entries = sorted(log, key=lambda entry: entry.when)
    ends = [*(entry.when for entry in entries), None][1:]
    return [
        {"version": entry.version, "since": entry.when, "until": end, "who": entry.who, "reason": entry.reason}
        for entry, end in zip(entries, ends, strict=True)
    ]


def first_days(confusion: Floats) -> tuple[Integers, Integers]:
    """Where the window of each day begins, so that it is the shortest that holds samples enough.

    Parameters
    ----------
    confusion
        Of each day, true classes in rows: (days, k, k).

    Returns
    -------
    The position of the first day (days,) for scores over samples, and for means over classes, whose windows hold
    enough of each class too; 0 where no window does.
    """
    each = np.insert(confusion.sum(axis=2).cumsum(axis=0), 0, 0, axis=0)
    total = np.rint(each.sum(axis=1))
    narrow = np.searchsorted(total, total[1:] - ROLLING_SAMPLES, side="right") - 1
    of_class = [np.searchsorted(column, column[1:] - FEWEST_OF_CLASS, side="right") - 1 for column in each.T]
    return np.maximum(narrow, 0), np.maximum(np.min([narrow, *of_class], axis=0), 0)


def late_after(predictions: pd.DataFrame) -> datetime | None:
    """When the next run must have happened; None before the first."""
    return None if predictions.empty else predictions["predicted_at"].max().to_pydatetime() + LATE_AFTER


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["event_time", "sample_id", "model_version"], ignore_index=True)


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["label"].notna()].reset_index(drop=True)


def _answers(task: Task, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    return rows["label"], rows["prediction"], rows[task.probability_columns]


def _document(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def sufficiency(task: Task, metric: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Whether a metric has enough samples of each class for what it needs, and in words what is missing."""
    total = sum(counts.values())
    classes = [metric.removeprefix("recall_")] if metric.startswith("recall_") else []
    classes = list(task.classes) if metric in MEANS_OVER_CLASSES else classes
    rare = [name for name in classes if counts.get(name, 0) < FEWEST_OF_CLASS]
    if total < FEWEST_SAMPLES:
        needs = f"{total} of {FEWEST_SAMPLES} samples"
    elif rare:
        needs = ", ".join(f"{counts.get(name, 0)} of {FEWEST_OF_CLASS} samples of {name}" for name in rare)
    else:
        needs = ""
    return {"enough": not needs, "needs": needs}


def _all_known(estimate: Mapping[str, Any]) -> bool:
    return all(estimate[part] is not None and np.isfinite(estimate[part]) for part in ("value", "low", "high"))


def _gap(metric: str, live: Mapping[str, Any], promise: Mapping[str, Any]) -> dict[str, Any]:
    value = live["value"] - promise["value"]
    low = value - np.hypot(live["value"] - live["low"], promise["high"] - promise["value"])
    high = value + np.hypot(live["high"] - live["value"], promise["value"] - promise["low"])
    better = "harder" if metric in LOWER_IS_BETTER else "easier"
    worse = "easier" if metric in LOWER_IS_BETTER else "harder"
    verdict = better if low > 0 else worse if high < 0 else "no difference shown"
    return {"value": value, "low": float(low), "high": float(high), "verdict": verdict}


def _days(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The UTC day of each row."""
    return np.asarray(rows["event_time"].dt.date.to_numpy())


def _version_over_time(task: Task, rows: pd.DataFrame, since: date) -> pd.DataFrame:
    days, index = np.unique(_days(rows), return_inverse=True)
    daily = sums_of(task, *_answers(task, rows), units=index)
    total = np.bincount(index).cumsum()
    ends = np.concatenate([[0], total])
    firsts, wide = first_days(daily.confusion)
    shown = days >= since
    table = pd.DataFrame(
        {
            "version": int(rows["model_version"].iloc[0]),
            "day": days,
            "n": np.bincount(index),
            "total": total,
            "rolling_n": total - ends[firsts],
        }
    ).join(_cumulative(task, daily))[shown]
    windows, wide_windows = (
        [rows.iloc[ends[first] : end] for first, end in zip(begin[shown], total[shown], strict=True)]
        for begin in (firsts, wide)
    )
    rolling = [_rolling(task, window, other) for window, other in zip(windows, wide_windows, strict=True)]
    return table.join(pd.DataFrame(rolling, index=table.index))


def _cumulative(task: Task, daily: Sums) -> pd.DataFrame:
    sums = Sums(daily.confusion.cumsum(axis=0), daily.loss.cumsum(), daily.bins.cumsum(axis=0))
    hits, n = np.trace(sums.confusion, axis1=1, axis2=2), sums.confusion.sum(axis=(1, 2))
    bounds = [metrics.wilson(h, m) for h, m in zip(hits, n, strict=True)]
    scores = pd.DataFrame(scores_of(task, sums)).add_prefix("cumulative_")
    return scores.assign(
        cumulative_accuracy_low=[low for low, _ in bounds], cumulative_accuracy_high=[high for _, high in bounds]
    )


def _rolling(task: Task, window: pd.DataFrame, wide: pd.DataFrame) -> dict[str, float]:
    """The scores of the newest samples; those that are means over classes need a window with enough of each."""
    scored = {False: _bootstrapped(task, window)}
    scored[True] = scored[False] if len(wide) == len(window) else _bootstrapped(task, wide)
    return {
        f"rolling_{name}{end}": part
        for name in scored[False]
        for end, part in scored[name in MEANS_OVER_CLASSES][name].items()
    }


def _bootstrapped(task: Task, window: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Value and ends of the interval of each score, NaN where the window has not enough for it."""
    rng, counts = np.random.default_rng(SEED), window["label"].value_counts().to_dict()
    estimates = metrics.bootstrap(task, *_answers(task, window), rng, repeats=ROLLING_REPEATS)
    return {
        name: {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
        if sufficiency(task, name, counts)["enough"]
        else {"": np.nan, "_low": np.nan, "_high": np.nan}
        for name, estimate in estimates.items()
    }
