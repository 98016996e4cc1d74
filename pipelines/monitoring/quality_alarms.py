"""Is the live quality of a version below what its held-out scores promise? A test that may be looked at every day.

Evidence is gathered as in a bet: each day's answers multiply a stake by how much more likely they are under a lower
score than under the promised one. A new bet starts each day and the stakes are added up (a Shiryaev-Roberts
e-detector), so that a drop after a good year is found as fast as one on the first day. While the promise holds, the
stakes gain at most 1 a day on average, whatever the number of samples; reaching a bar of B days therefore takes at
least B days on average, however often one looks.

Source: J. Shin, A. Ramdas, A. Rinaldo (2024), E-detectors: a nonparametric framework for sequential change detection;
I. Waudby-Smith, A. Ramdas (2024), Estimating means of bounded random variables by betting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from pipelines.datasets import Task
from pipelines.documents.model import Estimate, Scores
from pipelines.models.score_sums import Floats

# On average at least so many days of samples pass before a false alarm of any score of a version: ten years.
DAYS_TO_FALSE_ALARM = 3650
# The lower scores that are bet on, as steps down in log-odds: 0.1 takes 0.80 to 0.78, 3 takes it to 0.17.
DROPS = np.linspace(0.1, 3.0, 15)
# Arrivals are as small a sample of the world as the test rows were: the difference of the two scores is so much wider.
TWO_SAMPLES = np.sqrt(2)
HIGHEST_PROMISE = 0.999  # a promise of 1 would be broken by one error


@dataclass(frozen=True)
class QualityAlarm:
    """Whether one score is below promise.

    `evidence` and `bar` are base-10 logarithms; `on` where evidence has reached the bar, `since` the day it did.
    """

    score: str
    promise: float
    n: int
    evidence: float
    bar: float
    on: bool
    since: date | None


def quality_alarms(task: Task, days: Sequence[date], confusion: Floats, held_out: Scores) -> list[QualityAlarm]:
    """Test the accuracy of one version, and its recall of the classes that matter, against their promises.

    Parameters
    ----------
    days
        The days of what the version served and is settled, in order.
    confusion
        How often on each of them a class (rows) got an answer (columns): (days, k, k).
    held_out
        The metrics of the version's `model.json`: `{metric: {"value", "low", "high"}}`.
    """
    counted = {"accuracy": (np.trace(confusion, axis1=1, axis2=2), confusion.sum(axis=(1, 2)))}
    places = {name: task.classes.index(name) for name in task.guarded}
    counted |= {f"recall_{name}": (confusion[:, i, i], confusion[:, i].sum(axis=1)) for name, i in places.items()}
    promises = {name: promise_of(held_out.get(name)) for name in counted}
    tested = {name: promise for name, promise in promises.items() if promise is not None}
    bar = np.log10(DAYS_TO_FALSE_ALARM * max(len(tested), 1))
    return [_alarm(name, promise, days, counted[name], bar) for name, promise in tested.items()]


def promise_of(estimate: Estimate | None) -> float | None:
    """The lowest share that a held-out interval still promises of new samples; None where it promises nothing.

    Two independent samples of the test's size differ by the square root of two more than the test from the truth.
    """
    if estimate is None or estimate["value"] is None or estimate["low"] is None:
        return None
    lowest = float(estimate["value"] - TWO_SAMPLES * (estimate["value"] - estimate["low"]))
    return min(lowest, HIGHEST_PROMISE) if lowest > 0 else None


def evidence_path(hits: npt.ArrayLike, totals: npt.ArrayLike, promise: float) -> npt.NDArray[np.float64]:
    """The evidence (base-10 logarithm) after each day that the share of hits is below `promise`.

    Parameters
    ----------
    hits, totals
        Right answers and samples of each day: (days,) or (days, runs), for many simulated runs at once.
    """
    hits, totals = np.asarray(hits, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    lower = expit(logit(promise) - DROPS)
    gain_hit, gain_miss = np.log(lower / promise), np.log((1 - lower) / (1 - promise))
    stakes = np.full((*hits.shape[1:], len(DROPS)), -np.inf)
    path = np.empty(hits.shape)
    for day in range(len(hits)):
        gain = hits[day][..., None] * gain_hit + (totals[day] - hits[day])[..., None] * gain_miss
        stakes = np.logaddexp(stakes, 0) + gain
        path[day] = np.logaddexp.reduce(stakes, axis=-1) - np.log(len(DROPS))
    base_ten: npt.NDArray[np.float64] = path / np.log(10)
    return base_ten


def _alarm(name: str, promise: float, days: Sequence[date], by_day: tuple[Floats, Floats], bar: float) -> QualityAlarm:
    counted = np.flatnonzero(by_day[1])
    hits, totals = (part[counted] for part in by_day)
    path = evidence_path(hits, totals, promise)
    below = np.flatnonzero(path < bar)
    first = int(below[-1]) + 1 if len(below) else 0
    on = first < len(path)
    return QualityAlarm(
        score=name,
        promise=promise,
        n=int(totals.sum()),
        evidence=float(path[-1]) if len(path) else 0.0,
        bar=float(bar),
        on=on,
        since=days[counted[first]] if on else None,
    )
