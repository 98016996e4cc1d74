"""Made-up predictions of a number with intervals that hold what they say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipelines.stores.catalogue import predictions_group
from pipelines.stores.rows import conform

START = datetime(2026, 6, 1, tzinfo=UTC)
# How many standard deviations from the middle the ends of an interval lie.
REACH = {80: 1.2816, 95: 1.96}


def number_history(task, *, days=60, per_day=1, still_open=3, seed=0, version=1, bias=0.0, scale=1.0, start=START,
                   served="champion"):  # fmt: skip
    """Prediction rows whose labels are drawn from normal distributions that the intervals tell.

    `scale` makes the truth lie so much farther off than said; the newest `still_open` rows have no label yet.
    """
    rng = np.random.default_rng([seed, 2])
    n = days * per_day
    day, index = np.divmod(np.arange(n), per_day)
    times = [start + timedelta(days=int(d), milliseconds=int(i)) for d, i in zip(day, index, strict=True)]
    middle = 500 + 80 * np.sin(np.arange(n) / (20 * per_day)) + rng.normal(0, 10, n)
    spread = 15 + 20 * rng.random(n)
    truth = middle - bias + scale * spread * rng.standard_normal(n)
    known = np.arange(n) < n - still_open
    rows = pd.DataFrame({
        "sample_id": [f"s-{time:%Y-%m-%d}-{i:03d}" for time, i in zip(times, index, strict=True)],
        "model_version": version, "event_time": times,
        "predicted_at": [time.replace(hour=6, minute=47, microsecond=0) for time in times],
        "served": served, "prediction": middle, "label": np.where(known, truth, np.nan),
        "settled_at": None, "corrected_at": None, "inputs": [f"{at:016x}" for at in range(n)],
        "run_url": "https://example.org/runs/1", "baseline": np.full(n, 500.0),
    } | {f"{side}_{share}": middle + sign * reach * spread
         for share, reach in REACH.items() for side, sign in (("low", -1), ("high", 1))})  # fmt: skip
    return conform(rows, predictions_group(task))
