"""What others read by key is written and read in one place."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from pipelines.documents import plain

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_values_become_json_without_nan():
    values = {1: float("nan"), "x": (1.23456789, np.float32(0.5), NOON, NOON.date(), None), "n": np.int64(3)}
    told = {"1": None, "x": [1.23456789, 0.5, "2026-11-21T12:00:00+00:00", "2026-11-21", None], "n": 3}
    assert plain(values) == told
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == told


def test_digits_that_mean_nothing_can_be_left_out():
    assert plain({"a": [1.23456789, np.float64(2)]}, 3) == {"a": [1.235, 2.0]}


def test_no_time_is_null_and_truth_stays_truth():
    assert plain([pd.NaT, np.True_, float("-inf"), date(2026, 1, 2)]) == [None, True, None, "2026-01-02"]
