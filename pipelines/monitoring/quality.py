"""How well the models do on what arrived: numbers from the ledger of what was predicted.

Prediction and label stand in one row under one `sample_id`; nothing here pairs rows by their position, and every
function gives the same answer for the same rows in any order. What one version did is never mixed with what another
did.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from pipelines.datasets import Task
from pipelines.documents.model import Scores
from pipelines.models import metrics
from pipelines.models.metrics import (
    FEWEST_SAMPLES,
    LOWER_IS_BETTER,
    MEANS_OVER_CLASSES,
    ROLLING_SAMPLES,
    Estimate,
)
from pipelines.models.number_sums import NumberSums
from pipelines.models.score_sums import Floats, Integers, Sums, scores_of
from pipelines.monitoring.ledger import Ledger, answers, labelled, ordered, served_rows
from pipelines.stores.outcomes import LATE_AFTER

# With 10 samples of a class the interval of its recall still spans up to 0.5; with fewer it says nothing.
FEWEST_OF_CLASS = 10
# More classes that lack samples than these are counted, not named.
MOST_NAMED = 3
SEED = 2026  # resampling only draws intervals; a fixed seed keeps an unchanged page unchanged
ROLLING_REPEATS = 200  # one interval a day: 200 repeats place its ends well enough for a picture


def live_quality(ledger: Ledger, version: int | None = None) -> dict[str, Any]:
    """How well one version does on the labelled samples that it served.

    Parameters
    ----------
    version
        Which version; by default the one that served the newest sample.

    Returns
    -------
    `{"version", "n", metric: {"value", "low", "high", "enough", "needs"}}` with the metrics of `metrics.score`; `needs`
    says in words what is missing where `enough` is false.
    """
    version = ledger.in_charge if version is None else version
    units = ledger.of_version(version)
    counts = _of_each_class(ledger, units)
    return {"version": version, "n": sum(counts.values())} | {
        name: _document(estimate) | sufficiency(ledger.task, name, counts)
        for name, estimate in live_estimates(ledger, units).items()
    }


def live_estimates(ledger: Ledger, units: Integers) -> dict[str, Estimate]:
    """The scores of one version over all its days, as the ledger has them already, or from its sums."""
    told = ledger.days["live"].iloc[units[-1]] if len(units) else None
    if told:
        return {name: Estimate(*map(_number, parts)) for name, parts in json.loads(told).items()}
    return metrics.bootstrap_of_sums(ledger.task, ledger.parts(units), np.random.default_rng(SEED))


def live_baseline(ledger: Ledger, version: int | None = None) -> dict[str, float]:
    """The scores that always answering the majority class would have had on the same samples."""
    version = ledger.in_charge if version is None else version
    counts = _of_each_class(ledger, ledger.of_version(version))
    return metrics.baseline_of_counts(ledger.task, list(counts.values()))


def confusion(ledger: Ledger, version: int | None) -> list[list[int]]:
    """How often each class (outer: true) got each answer (inner) of a version, both in class order."""
    table: list[list[int]] = (
        np.rint(ledger.class_sums.at(ledger.of_version(version)).total.confusion[0]).astype(int).tolist()
    )
    return table


def gap_to_promise(live: Mapping[str, Any], held_out: Scores) -> dict[str, dict[str, Any]]:
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


def by_version(ledger: Ledger) -> list[dict[str, Any]]:
    """The live quality of every version that served, in order of version, with its first and last day."""
    return [
        {
            "first_day": days[0].isoformat(),
            "last_day": days[-1].isoformat(),
            "live": live_quality(ledger, int(version)),
        }
        for version in np.unique(ledger.days["model_version"])
        if (days := ledger.dates(ledger.of_version(version, "served")))
    ]


def quality_over_time(ledger: Ledger, newest: int | None = None) -> pd.DataFrame:
    """The scores after each day, one row a version and day with labelled samples.

    Parameters
    ----------
    newest
        How many rows, the newest; all by default. Resampling is what takes long, and is done for no other row.

    Returns
    -------
    `version`, `day` (date), `n` (that day), `total` (so far, of this version), of classes `cumulative_<metric>` with
    `cumulative_accuracy_low` and `_high` (Wilson), `rolling_n`, and `rolling_<metric>` with `_low` and `_high`
    (bootstrap) over the newest whole days that hold `ROLLING_SAMPLES` samples; NaN below `FEWEST_SAMPLES`.
    """
    settled = ledger.days[ledger.days["settled"] > 0]
    if settled.empty:
        return pd.DataFrame(columns=["version", "day", "n", "total", "rolling_n"])
    # Each of the newest days has a row at least, so no row that is asked for lies before them.
    since = np.unique(settled["day"].dt.date)[-newest if newest else 0 :][0]
    shown = np.unique(settled.loc[settled["day"].dt.date >= since, "model_version"])
    parts = [_version_over_time(ledger, int(version), since) for version in shown]
    table = pd.concat(parts, ignore_index=True).sort_values(["day", "version"], ignore_index=True)
    return table.tail(newest or len(table)).reset_index(drop=True)


def challenger_comparison(ledger: Ledger) -> dict[str, Any] | None:
    """The newest challenger against the version in charge, on the newest samples that both predicted.

    Returns `{"champion", "challenger", "n", "enough", "differences": {metric: {"value", "low", "high"}}}`, where a
    difference is challenger minus champion; None where no challenger newer than the version in charge predicted.
    """
    task, predictions, champion = ledger.task, ledger.rows, ledger.in_charge
    shadow = predictions[(predictions["served"] == "challenger") & (predictions["model_version"] > (champion or 0))]
    if champion is None or shadow.empty:
        return None
    challenger = int(shadow["model_version"].max())
    columns = ["sample_id", "prediction", *task.probability_columns]
    rows = labelled(served_rows(predictions, champion)).merge(
        ordered(shadow[shadow["model_version"] == challenger])[columns],
        on="sample_id", suffixes=("", "_other"), validate="one_to_one",
    )  # fmt: skip
    other = (rows["prediction_other"], rows[[f"{name}_other" for name in task.probability_columns]])
    labels, *own = answers(task, rows)
    differences = metrics.paired_differences(task, labels, tuple(own), other, np.random.default_rng(SEED))
    return {
        "champion": champion,
        "challenger": challenger,
        "n": len(rows),
        "enough": len(rows) >= FEWEST_SAMPLES,
        "differences": {name: _document(estimate) for name, estimate in differences.items()},
    }


def calibration(ledger: Ledger, version: int | None = None) -> dict[str, Any]:
    """Whether the probabilities of a version mean what they say, on the labelled samples that it served.

    Returns `{"n", "error", "chance", "enough", "bins"}`: the calibration error, the 95th percentile of what a perfectly
    calibrated model would show on as many samples, and the rows of `metrics.reliability`.
    """
    version = ledger.in_charge if version is None else version
    units = ledger.of_version(version)
    n, total = int(ledger.days["settled"].iloc[units].sum()), ledger.class_sums.at(units).total
    return {
        "n": n,
        "error": float(scores_of(ledger.task, total)["calibration_error"][0]),
        "chance": metrics.calibration_noise(total.bins[0], np.random.default_rng(SEED)),
        "enough": n >= FEWEST_SAMPLES,
        "bins": metrics.reliability(total.bins[0]).to_dict("records"),
    }


def with_samples(predictions: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Each prediction beside the measurements of its own sample, found by `sample_id`; oldest first."""
    extra = [name for name in samples.columns if name == "sample_id" or name not in predictions.columns]
    return ordered(predictions.merge(samples[extra], on="sample_id", how="left", validate="many_to_one"))


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


def late_after(ledger: Ledger) -> datetime | None:
    """When the next run must have happened; None before the first."""
    last = ledger.last_run
    return None if last is None else last.to_pydatetime() + LATE_AFTER


def _of_each_class(ledger: Ledger, units: Integers) -> dict[str, int]:
    """How many settled samples there are of each class; of numbers, how many in all."""
    if not ledger.task.classes:
        return {"": int(ledger.days["settled"].iloc[units].sum())}
    counts = np.rint(ledger.class_sums.confusion[units].sum(axis=(0, 2))).astype(int)
    return dict(zip(ledger.task.classes, counts.tolist(), strict=True))


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
    elif len(rare) > MOST_NAMED:
        needs = f"fewer than {FEWEST_OF_CLASS} samples of {len(rare)} of {len(classes)} classes"
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


def _version_over_time(ledger: Ledger, version: int, since: date) -> pd.DataFrame:
    units = ledger.of_version(version)
    days, counts = np.array(ledger.dates(units)), ledger.days["settled"].to_numpy()[units]
    daily, total = ledger.sums.at(units), counts.cumsum()
    ends = np.concatenate([[0], total])
    firsts, wide = _windows(daily)
    shown = np.flatnonzero(days >= since)
    table = pd.DataFrame(
        {"version": version, "day": days, "n": counts, "total": total, "rolling_n": total - ends[firsts]}
    )
    table = table.join(_cumulative(daily, ledger.task)).iloc[shown]
    rolling = [rolling_scores(ledger, units[: end + 1], firsts[end], wide[end]) for end in shown]
    return table.join(pd.DataFrame(rolling, index=table.index))


@singledispatch
def _windows(daily: object) -> tuple[Integers, Integers]:
    """Where the windows of each day begin, see `first_days`."""
    raise NotImplementedError


@_windows.register
def _(daily: Sums) -> tuple[Integers, Integers]:
    return first_days(daily.confusion)


@_windows.register
def _(daily: NumberSums) -> tuple[Integers, Integers]:
    # Numbers have no means over classes: one class with all of them.
    return first_days(daily["n"][:, None, None])


@singledispatch
def _cumulative(daily: object, task: Task) -> pd.DataFrame:
    """The scores of all days up to each, where a page shows them."""
    raise NotImplementedError


@_cumulative.register
def _(daily: NumberSums, task: Task) -> pd.DataFrame:  # noqa: ARG001 - of any number
    return pd.DataFrame(index=range(len(daily)))


@_cumulative.register
def _(daily: Sums, task: Task) -> pd.DataFrame:
    sums = daily.running()
    hits, n = np.trace(sums.confusion, axis1=1, axis2=2), sums.confusion.sum(axis=(1, 2))
    bounds = [metrics.wilson(h, m) for h, m in zip(hits, n, strict=True)]
    scores = pd.DataFrame(scores_of(task, sums)).add_prefix("cumulative_")
    return scores.assign(
        cumulative_accuracy_low=[low for low, _ in bounds], cumulative_accuracy_high=[high for _, high in bounds]
    )


def rolling_scores(ledger: Ledger, units: Integers, first: int, wide: int) -> dict[str, float]:
    """The scores of the newest samples of a version; means over classes need a window with enough of each.

    Parameters
    ----------
    units
        Its days, rows of `Ledger.days`; the window ends with the last of them.
    first, wide
        Where both windows begin among these.
    """
    told = ledger.days["rolling"].iloc[units[-1]]
    if told:
        return {name: _number(value) for name, value in json.loads(told).items()}
    narrow = _bootstrapped(ledger, units[first:])
    # Where even all of history has too few of a class, neither window has enough.
    enough = sufficiency(ledger.task, MEANS_OVER_CLASSES[0], _of_each_class(ledger, units[wide:]))["enough"]
    scored = {False: narrow, True: _bootstrapped(ledger, units[wide:]) if enough and wide < first else narrow}
    return {
        f"rolling_{name}{end}": part
        for name in scored[False]
        for end, part in scored[name in MEANS_OVER_CLASSES][name].items()
    }


def _bootstrapped(ledger: Ledger, units: Integers) -> dict[str, dict[str, float]]:
    """Value and ends of the interval of each score, NaN where the window has not enough for it."""
    rng, counts = np.random.default_rng(SEED), _of_each_class(ledger, units)
    estimates = metrics.bootstrap_of_sums(ledger.task, ledger.parts(units), rng, repeats=ROLLING_REPEATS)
    return {
        name: {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
        if sufficiency(ledger.task, name, counts)["enough"]
        else {"": np.nan, "_low": np.nan, "_high": np.nan}
        for name, estimate in estimates.items()
    }


def _number(value: float | None) -> float:
    return np.nan if value is None else value
