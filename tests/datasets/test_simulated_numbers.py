"""Simulated samples whose label is a number: it is new like the measurements, and goes with them as in real rows."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from benchmarks.realism import realism
from pipelines.datasets.arrivals.simulated import simulate_day, simulate_days
from pipelines.datasets.contract import validate
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import Simulator
from tests.made_up_houses import HOUSES

ROWS = 600
DAY = date(2026, 11, 21)


def sold(paths):  # noqa: ARG001 - every source is asked alike
    rng = np.random.default_rng(5)
    area = rng.gamma(6, 15, ROWS).round() + 20
    noise = rng.normal(0, 30, ROWS)
    return from_frame(pd.DataFrame({"area": area, "price": (2.5 * area + 60 + noise).round(1)}), "made-up sales")


SALES = replace(HOUSES, load=sold, simulator=Simulator(kind="rank_bootstrap", strata=("price",)))
GAUSSIAN = replace(SALES, simulator=replace(SALES.simulator, kind="gaussian"))
KINDS = pytest.mark.parametrize("dataset", [SALES, GAUSSIAN], ids=lambda dataset: dataset.simulator.kind)


def real():
    rows = validate(SALES, sold([]).rows).accepted
    return rows.assign(sample_id=[f"houses-h-{row:05d}" for row in rows.index])


def slope_and_noise(rows):
    slope, intercept = np.polyfit(rows["area"], rows["price"], 1)
    return slope, float((rows["price"] - slope * rows["area"] - intercept).std())


@KINDS
def test_the_label_is_new_within_its_range_and_as_far_from_its_line_as_real_ones(dataset):
    rows = simulate_day(dataset, real(), DAY, 1500)
    assert rows["price"].between(0, 5000).all()
    assert not set(zip(rows["area"], rows["price"], strict=True)) & set(
        zip(*real()[["area", "price"]].T.to_numpy(), strict=True)
    )
    assert slope_and_noise(rows) == pytest.approx(slope_and_noise(real()), rel=0.1)
    assert rows["price"].mean() == pytest.approx(real()["price"].mean(), rel=0.05)
    assert rows["price"].std() == pytest.approx(real()["price"].std(), rel=0.1)


def test_a_label_that_is_not_known_stays_so():
    rows = simulate_day(SALES, real().assign(price=lambda rows: rows["price"].where(rows.index % 4 > 0)), DAY, 400)
    assert rows["price"].isna().mean() == pytest.approx(0.25, abs=0.07)
    assert rows["area"].notna().all()


def test_rows_that_cannot_be_told_apart_keep_their_label():
    few = real().assign(area=lambda rows: rows["area"].round(-2))
    rows = simulate_days(SALES, few, [DAY], 200, distinguishable=False)
    assert set(rows["price"]) <= set(few["price"])


@pytest.mark.parametrize("scenario", ["shifted_sensor", "new_mix"])
def test_what_goes_wrong_goes_wrong_with_numbers_too(scenario):
    normal, changed = (simulate_day(SALES, real(), DAY, 300, each) for each in ("none", scenario))
    assert not changed["area"].equals(normal["area"])


def test_samples_are_hard_to_tell_from_real_ones_and_copy_none():
    shown = realism(SALES, seed=0)
    assert shown.auc < 0.7
    assert shown.copies == 0
    assert shown.margin < 0.12
    assert shown.correlation < 0.05
