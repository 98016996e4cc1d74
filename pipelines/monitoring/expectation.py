"""Quality before the truth is known: what the probabilities of a version let expect day by day, and whether it came.

The windows are those of the course of the scores. All is summed by day first, so that days add up to windows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pipelines.datasets import Task
from pipelines.documents.model import Scores
from pipelines.models.expected_sums import ExpectedSums, expected_scores, expected_sums_of
from pipelines.models.metrics import MEANS_OVER_CLASSES, Estimate
from pipelines.models.score_sums import Floats, Integers, sums_of, table_scores
from pipelines.monitoring.ledger import served_rows
from pipelines.monitoring.quality import SEED, first_days, sufficiency

# A course over a quarter of a year shows what is about to come true; older windows are told by their scores.
MOST_DAYS = 91
ENDS = ("", "_low", "_high")
UNKNOWN = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Days:
    """What is summed over the samples of each day.

    Attributes
    ----------
    dates
        The days with samples, ascending.
    expected
        What the probabilities let expect of them.
    settled
        What turned out: true classes (rows) by answers, (days, k, k).
    samples, open
        How many samples there are, and how many of them await their outcome: (days,).
    """

    dates: Sequence[date]
    expected: ExpectedSums
    settled: Floats
    samples: Integers
    open: Integers


def expectation(task: Task, predictions: pd.DataFrame, version: int, held_out: Scores) -> dict[str, Any]:
    """What is expected of a version after each of its newest days, and how often that came true.

    Parameters
    ----------
    predictions
        Rows of the task's predictions group, in any order.
    held_out
        The metrics of the version's `model.json`.

    Returns
    -------
    `{"over_time", "windows", "held"}`. A row over time has `version`, `day`, `n`, `open`, and for the task's score and
    the accuracy `expected_<metric>` with `_low` and `_high` (90 %), and `came_<metric>`, what the same samples scored;
    null where there are too few, and `came` while one of them is open. `held` of `windows`, which share no day, came
    to lie within the interval of the task's score.
    """
    days = _days(task, served_rows(predictions, version))
    narrow, wide = first_days(days.expected.confusion)
    rows = [
        {"version": version, "day": days.dates[at], "n": int(days.samples[at]), "open": int(days.open[at])}
        | _told(task, days, at, (narrow[at], wide[at]), held_out)
        for at in range(max(0, len(days.dates) - MOST_DAYS), len(days.dates))
    ]
    held = list(held_windows(rows, task.scorer))
    return {"over_time": rows, "windows": len(held), "held": sum(held)}


def _scores(task: Task) -> list[str]:
    return list(dict.fromkeys([task.scorer, "accuracy"]))


def _days(task: Task, rows: pd.DataFrame) -> Days:
    days, units = np.unique(rows["event_time"].dt.date.to_numpy(), return_inverse=True)
    answers, chances, labelled = rows["prediction"], rows[task.probability_columns], rows["label"].notna().to_numpy()
    settled = np.zeros((len(days), len(task.classes), len(task.classes)))
    if labelled.any():
        tables = sums_of(task, rows["label"][labelled], answers[labelled], chances[labelled], units[labelled]).confusion
        settled[: len(tables)] = tables
    samples, opened = (np.bincount(units[which], minlength=len(days)) for which in (slice(None), ~labelled))
    return Days(list(days), expected_sums_of(task, answers, chances, units), settled, samples, opened)


def _told(task: Task, days: Days, at: int, firsts: tuple[int, int], held_out: Scores) -> dict[str, float | date]:
    """What a row over time says of each score; `firsts` is where its windows begin, the wide one second."""
    told: dict[str, float | date] = {}
    windows = {first: _window(task, days, first, at + 1, held_out) for first in set(firsts)}
    for score in _scores(task):
        first = firsts[score in MEANS_OVER_CLASSES]
        expected, came, counts = windows[first]
        enough = sufficiency(task, score, counts)["enough"]
        estimate = expected[score] if enough else UNKNOWN
        told |= dict(zip((f"expected_{score}{end}" for end in ENDS), astuple(estimate), strict=True))
        told |= {f"came_{score}": came.get(score, np.nan) if enough else np.nan, f"since_{score}": days.dates[first]}
    return told


def _window(
    task: Task, days: Days, first: int, end: int, held_out: Scores
) -> tuple[dict[str, Estimate], dict[str, float], dict[str, int]]:
    """The expected scores of some days, what they came to be (empty while one is open), and the samples by class."""
    sums, settled = days.expected.window(first, end), days.settled[first:end].sum(axis=0, keepdims=True)
    came = {} if days.open[first:end].any() else {name: float(v[0]) for name, v in table_scores(task, settled).items()}
    counts = np.rint(sums.confusion[0].sum(axis=1)).astype(int)
    expected = expected_scores(task, sums, held_out, np.random.default_rng(SEED))
    return expected, came, dict(zip(task.classes, counts.tolist(), strict=True))


def held_windows(rows: Sequence[Mapping[str, Any]], score: str) -> Iterator[bool]:
    """Whether the score came to lie within its interval, newest window first; no two windows share a day."""
    before = date.max
    for row in reversed(rows):
        came = row[f"came_{score}"]
        if row["day"] < before and np.isfinite(came):
            yield bool(row[f"expected_{score}_low"] <= came <= row[f"expected_{score}_high"])
            before = row[f"since_{score}"]
