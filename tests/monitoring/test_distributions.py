from datetime import timedelta

import histories
import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import dataset_named
from pipelines.monitoring.categories import MOST_VALUES, THE_REST, value_counts
from pipelines.monitoring.distributions import SHOWN, distributions
from pipelines.monitoring.document import DataState, lately
from pipelines.monitoring.drift import input_drift

IRIS, WINE = dataset_named("iris"), dataset_named("wine")
DAYS = 10
DAY = (histories.START + timedelta(days=DAYS - 1)).date()


def arrivals_of(dataset, change=None):
    rows = histories.historical(dataset).sample(200, replace=True, random_state=1)
    ids = [f"a-{number:03d}" for number in range(len(rows))]
    times = [histories.START + timedelta(days=number % DAYS) for number in range(len(rows))]
    return histories.arrivals(dataset, rows if change is None else change(rows), ids, times)


def found(dataset, arrivals):
    reference = histories.historical(dataset).assign(sample_id=lambda rows: rows.index.astype(str))
    return distributions(dataset, reference, arrivals, input_drift(dataset, reference, arrivals, DAY), DAY)


def test_the_input_that_drifted_comes_first_and_its_shares_add_up():
    shown = found(IRIS, arrivals_of(IRIS, lambda rows: rows.assign(sepal_width=rows["sepal_width"] + 2)))
    assert shown[0]["name"] == "sepal_width"
    assert shown[0]["drifted"]
    for each in shown:
        assert len(each["edges"]) == len(each["reference"]) + 1
        assert [sum(each[part]) for part in ("reference", "now")] == pytest.approx([1, 1])
    assert np.argmax(shown[0]["now"]) > np.argmax(shown[0]["reference"])


def test_a_category_is_shown_by_its_values():
    shown = found(WINE, arrivals_of(WINE, lambda rows: rows.assign(type="red")))
    kind = next(each for each in shown if each["name"] == "type")
    assert (kind["labels"], kind["now"]) == (["red", "white"], [1, 0])
    assert len(shown) == SHOWN


def test_without_a_test_nothing_is_shown():
    assert distributions(IRIS, histories.historical(IRIS), arrivals_of(IRIS), [], DAY) == []


def state(quarantine):
    rows = pd.DataFrame(quarantine, columns=["source", "seen_at"]).astype({"seen_at": "datetime64[us, UTC]"})
    return DataState(IRIS, histories.historical(IRIS), arrivals_of(IRIS), rows)


def test_quarantine_is_counted_over_a_week_and_since_it_began():
    day = pd.Timestamp(DAY, tz="UTC")
    rows = [("simulate broken_units", day - timedelta(days=back)) for back in (0, 3, 8, 20)]
    told = lately(state([*rows, ("wine.csv", day)]))
    assert told == {"days": 7, "arrived": 140, "quarantined": 2, "since": (day - timedelta(days=8)).date()}


def test_a_fault_that_is_long_mended_is_forgotten():
    told = lately(state([("simulate broken_units", pd.Timestamp(DAY, tz="UTC") - timedelta(days=9))]))
    assert (told["quarantined"], told["since"]) == (0, None)


def test_before_the_first_arrival_nothing_came():
    empty = DataState(IRIS, histories.historical(IRIS), arrivals_of(IRIS).head(0), state([]).quarantine)
    assert (lately(empty)["arrived"], lately(empty)["quarantined"]) == (0, 0)


def test_of_many_values_the_frequent_ones_are_looked_at_and_the_rest_together():
    values = [f"v{number:03d}" for number in range(300)]
    reference = [value for place, value in enumerate(values) for _ in range(300 - place)]
    names, (first, second) = value_counts(values, reference, ["v000", "v250", "v299", None])
    assert names == [*values[: MOST_VALUES - 1], THE_REST]
    assert sum(first) == len(reference)
    assert second == [1, *[0] * (MOST_VALUES - 2), 2]
