"""How the newest arrivals lie beside the reference, input by input: what drift looks like."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.datasets import DataSet
from pipelines.datasets.spec import Feature
from pipelines.documents.metrics import Distribution
from pipelines.monitoring.categories import value_counts
from pipelines.monitoring.drift import DriftTest
from pipelines.monitoring.seasons import same_season

BINS = 14
SHOWN = 4
# What lies outside is counted in the first and the last bin, so that one slip of a unit does not hide all the rest.
MIDDLE = (0.01, 0.99)


def distributions(
    dataset: DataSet, reference: pd.DataFrame, arrivals: pd.DataFrame, tests: Sequence[DriftTest], day: date
) -> list[Distribution]:
    """The inputs that differ most, the most different first: shares of the reference and of the arrivals in each bin.

    Returns
    -------
    At most `SHOWN` of `{"name", "drifted", "days", "n", "labels", "edges", "reference", "now"}`: the days that end with
    `day` and show the difference best, the arrivals in them, and either `labels` (k,) or `edges` (k + 1,) of the bins.
    """
    told = {feature.name: [test for test in tests if test.name == feature.name] for feature in dataset.features}
    best = {name: max(of_input, key=_tells) for name, of_input in told.items() if of_input}
    chosen = sorted(best, key=lambda name: _tells(best[name]), reverse=True)[:SHOWN]
    return [
        _distribution(dataset.feature(name), _compared(dataset, reference, best[name], day), arrivals, best[name], day)
        for name in chosen
    ]


def _compared(dataset: DataSet, reference: pd.DataFrame, test: DriftTest, day: date) -> pd.DataFrame:
    return reference if dataset.split == "random" else same_season(reference, day, test.days)


def _tells(test: DriftTest) -> tuple[bool, float, int]:
    """What makes a test worth showing: an alarm, then the distance; without an alarm a long window wins."""
    return test.drifted, test.distance if test.drifted else test.days, test.n


def _distribution(
    feature: Feature, reference: pd.DataFrame, arrivals: pd.DataFrame, test: DriftTest, day: date
) -> Distribution:
    end = pd.Timestamp(day, tz="UTC") + timedelta(days=1)
    times = arrivals["event_time"]
    window = arrivals[(times >= end - timedelta(days=test.days)) & (times < end)]
    labels, edges, counts = _counted(feature, reference[feature.name].dropna(), window[feature.name].dropna())
    then, now = (_shares(part) for part in counts)
    return {
        "name": feature.name, "drifted": test.drifted, "days": test.days, "n": len(window),
        "labels": labels, "edges": edges, "reference": then, "now": now,
    }  # fmt: skip


def _counted(
    feature: Feature, first: pd.Series, second: pd.Series
) -> tuple[list[str], list[float], Sequence[npt.ArrayLike]]:
    """Labels or edges of the bins, and how many of both samples lie in each."""
    if feature.kind == "categorical":
        labels, counts = value_counts(feature.values, first, second)
        return labels, [], counts
    edges = _edges(first, second)
    return [], edges.tolist(), [np.histogram(each.clip(edges[0], edges[-1]), bins=edges)[0] for each in (first, second)]


def _edges(first: pd.Series, second: pd.Series) -> npt.NDArray[np.float64]:
    ends = [part.quantile(list(MIDDLE)) for part in (first, second) if len(part)]
    low, high = min(end.iloc[0] for end in ends), max(end.iloc[1] for end in ends)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _shares(counts: npt.ArrayLike) -> list[float]:
    numbers = np.asarray(counts, dtype=np.float64)
    shares: list[float] = (numbers / max(numbers.sum(), 1)).tolist()
    return shares
