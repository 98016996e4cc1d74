"""Are the errors of a version larger, or its intervals hit less often, than its held-out scores promise?

The same test as `quality_alarms` for losses instead of hits: a stake is multiplied each day by how much the mean loss
of the day exceeds the promised one, cut off above, so that while the promise holds it gains nothing on average, however
the errors are distributed (betting on a bounded mean: I. Waudby-Smith, A. Ramdas 2024). The mean of a day may be cut
off instead of each loss, because that only makes it smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from pipelines.monitoring.quality_alarms import DAYS_TO_FALSE_ALARM, QualityAlarm, evidence_path

Floats = npt.NDArray[np.float64]

# The shares of what is there that are bet on each day: small ones find small changes, large ones large changes soon.
STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7])


@dataclass(frozen=True)
class Tested:
    """A score that is tested: its promise, the days with samples in order, these in all, and from where on it rings."""

    score: str
    promise: float
    days: Sequence[date]
    n: int
    bar: float


def bar_of(tests: int) -> float:
    """The evidence from which on there is an alarm, where so many scores are tested."""
    return float(np.log10(DAYS_TO_FALSE_ALARM * max(tests, 1)))


def hits_alarm(tested: Tested, hits: Floats, totals: Floats) -> QualityAlarm:
    """Whether a share is below its promise, from the hits and the samples of each day."""
    return _alarm(tested, evidence_path(hits, totals, tested.promise))


def losses_alarm(tested: Tested, losses: Floats, largest: float) -> QualityAlarm:
    """Whether a mean loss is above its promise.

    Parameters
    ----------
    losses
        The mean loss of each day as a multiple of the promised one: (days,).
    largest
        Such a multiple counts for no more than this.
    """
    return _alarm(tested, loss_path(losses, largest))


def loss_path(losses: npt.ArrayLike, largest: float) -> Floats:
    """The evidence (base-10 logarithm) after each day that the mean of `losses` is above 1.

    Parameters
    ----------
    losses
        (days,) or (days, runs), for many simulated runs at once.
    """
    gains = np.log1p(STAKES * (np.minimum(np.asarray(losses, dtype=np.float64), largest)[..., None] - 1))
    stakes = np.full(gains.shape[1:], -np.inf)
    path = np.empty(gains.shape[:-1])
    for day, gain in enumerate(gains):
        stakes = np.logaddexp(stakes, 0) + gain
        path[day] = np.logaddexp.reduce(stakes, axis=-1) - np.log(len(STAKES))
    base_ten: Floats = path / np.log(10)
    return base_ten


def _alarm(tested: Tested, path: Floats) -> QualityAlarm:
    below = np.flatnonzero(path < tested.bar)
    first = int(below[-1]) + 1 if len(below) else 0
    on = first < len(path)
    return QualityAlarm(
        score=tested.score, promise=tested.promise, n=tested.n, evidence=float(path[-1]) if len(path) else 0.0,
        bar=tested.bar, on=on, since=tested.days[first] if on else None,
    )  # fmt: skip
