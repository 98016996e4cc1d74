"""Whether intervals mean what they say: how often the truth lies below each of their ends."""

import numpy as np

from pipelines.models.metrics import FEWEST_SAMPLES, wilson
from pipelines.models.number_sums import NumberSums

# The share of truths that is to lie below each end.
BELOW = {"low_95": 0.025, "low_80": 0.1, "high_80": 0.9, "high_95": 0.975}
REPEATS = 1000


def interval_calibration(sums: NumberSums, rng: np.random.Generator) -> dict[str, object]:
    """How often the truth lay at or below the ends of the intervals, against how often it was said to.

    Parameters
    ----------
    sums
        Those over the settled predictions, of one unit.

    Returns
    -------
    The same shape as the calibration of probabilities: `n`, `enough`, `bins` (one an end: `confidence` is the share
    that was said, `accuracy` the one that came, with its 95 % interval by Wilson), `error` (the mean distance of the
    two) and `chance` (the 95th percentile of that error where all ends are right).
    """
    n = int(sums["n"][0])
    below = {end: int(sums[f"below_{end}"][0]) for end in BELOW}
    bins = [_bin(said, below[end], n) for end, said in BELOW.items()]
    said = np.array(list(BELOW.values()))
    came = np.array(list(below.values())) / max(n, 1)
    return {
        "n": n,
        "enough": n >= FEWEST_SAMPLES,
        "error": float(np.abs(came - said).mean()) if n else np.nan,
        "chance": _chance(n, said, rng) if n else np.nan,
        "bins": bins,
    }


def _bin(said: float, below: int, n: int) -> dict[str, float | int]:
    low, high = wilson(below, n)
    share = below / n if n else np.nan
    return {"low": said, "high": said, "n": n, "confidence": said, "accuracy": share,
            "accuracy_low": low, "accuracy_high": high}  # fmt: skip


def _chance(n: int, said: np.ndarray, rng: np.random.Generator) -> float:
    """The error that ends that are all right show by chance: truths fall between them as often as said."""
    between = rng.multinomial(n, np.diff(said, prepend=0.0, append=1.0), REPEATS)
    errors = np.abs(between.cumsum(axis=1)[:, :-1] / n - said).mean(axis=1)
    return float(np.quantile(errors, 0.95))
