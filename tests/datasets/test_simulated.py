"""Simulated samples: the same everywhere, in the natural mix, plausible, new, and hard to tell from real ones."""

import functools
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.realism import Realism, realism
from pipelines.datasets import dataset_named
from pipelines.datasets.arrivals.simulated import SCENARIOS, simulate_day, simulate_days
from pipelines.datasets.contract import validate
from pipelines.datasets.roles import assign_roles
from pipelines.stores.catalogue import samples_group
from pipelines.stores.rows import conform

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
DAY = date(2026, 11, 21)
BOTH = pytest.mark.parametrize("dataset", [IRIS, WINE], ids=lambda dataset: dataset.name)


@functools.cache
def read(name):
    """The rows of a data set and their roles, which are the same for every test."""
    dataset = dataset_named(name)
    rows = validate(dataset, dataset.load([]).rows).accepted
    return rows.assign(sample_id=[f"{name}-h-{row:05d}" for row in rows.index]), assign_roles(dataset, rows)


def history(dataset):
    rows, _ = read(dataset.name)
    return rows.copy()


def reserve_of(dataset):
    rows, roles = read(dataset.name)
    return rows[roles == "reserve"].copy()


def made(dataset, count, scenario="none", reserve=None, day=DAY):
    return simulate_day(dataset, reserve_of(dataset) if reserve is None else reserve, day, count, scenario)


def digest(dataset):
    return hashlib.sha256(made(dataset, 200).to_csv().encode()).hexdigest()[:16]


@BOTH
def test_the_rows_fit_their_group(dataset):
    rows = made(dataset, 3)
    group = samples_group(dataset)
    assert list(rows.columns) == group.column_names
    assert conform(rows, group).equals(rows)
    assert rows["sample_id"].tolist() == [f"{dataset.name}-2026-11-21-00{number}" for number in range(3)]
    assert rows["event_time"].tolist() == [datetime(2026, 11, 21, 0, 0, 0, 1000 * n, UTC) for n in range(3)]
    assert rows["origin"].eq("simulated").all()
    assert rows["role"].isna().all()


@BOTH
def test_a_sample_does_not_depend_on_how_many_are_made(dataset):
    assert made(dataset, 50).head(7).equals(made(dataset, 7))


@BOTH
def test_a_day_does_not_depend_on_the_other_days(dataset):
    days = [date(2026, 11, 20), DAY]
    together = simulate_days(dataset, reserve_of(dataset), days, 5)
    assert together.tail(5).reset_index(drop=True).equals(made(dataset, 5))
    assert not together.head(5)[dataset.numeric].equals(made(dataset, 5)[dataset.numeric])


@BOTH
def test_the_order_of_the_reserve_does_not_matter(dataset):
    shuffled = reserve_of(dataset).sample(frac=1, random_state=2)
    assert made(dataset, 30, reserve=shuffled).equals(made(dataset, 30))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_samples_are_the_same_in_another_process(threads):
    code = "import test_simulated as t; print(t.digest(t.IRIS), t.digest(t.WINE))"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(("tests/datasets", "tests", ".")),
        "PYTHONHASHSEED": threads,
        "TZ": "America/Los_Angeles",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }
    outside = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert outside.stdout.split() == [digest(IRIS), digest(WINE)] == ["f66f2fe7f78b08fa", "de426a999ef2b036"]


def test_the_last_bits_of_the_arithmetic_do_not_show(monkeypatch):
    before = [made(dataset, 100) for dataset in (IRIS, WINE)]
    cholesky = np.linalg.cholesky
    monkeypatch.setattr(np.linalg, "cholesky", lambda matrix: cholesky(matrix) * (1 + 1e-14))
    assert all(made(dataset, 100).equals(rows) for dataset, rows in zip((IRIS, WINE), before, strict=True))


@BOTH
def test_every_sample_keeps_the_data_contract(dataset):
    assert validate(dataset, made(dataset, 2000)).rejected.empty


@BOTH
def test_every_value_is_one_that_the_laboratory_reports(dataset):
    rows, real = made(dataset, 500), history(dataset)
    for name in dataset.numeric:
        if dataset.simulator.kind == "rank_bootstrap":
            assert rows[name].isin(real[name]).all()
        else:
            assert rows[name].eq(rows[name].round(dataset.simulator.decimals)).all()


@BOTH
def test_no_sample_copies_a_reserve_row(dataset):
    reserve = reserve_of(dataset)
    real = set(map(tuple, reserve[dataset.numeric].to_numpy()))
    assert not real & set(map(tuple, made(dataset, 3000, reserve=reserve)[dataset.numeric].to_numpy()))


@BOTH
def test_the_mix_is_the_natural_one(dataset):
    strata = list(dataset.simulator.strata)
    real = history(dataset).value_counts(strata, normalize=True)
    simulated = made(dataset, 4000).value_counts(strata, normalize=True)
    # Four standard deviations of a share, beside what 20 % of the rows can reproduce of the shares.
    tolerance = 4 * np.sqrt(real * (1 - real) / 4000) + 1 / len(reserve_of(dataset))
    assert (simulated.reindex(real.index, fill_value=0) - real).abs().le(tolerance).all()


# The set-up and the goals are those of benchmarks/realism.py. Iris: all 15 of its seeds, for one seed scatters by 0.08.
# Wine: one of its 6, which differ by 0.005.
@pytest.mark.parametrize(("dataset", "seeds", "auc"), [(IRIS, 15, 0.57), (WINE, 1, 0.66)], ids=["iris", "wine"])
def test_samples_are_hard_to_tell_from_real_ones(dataset, seeds, auc):
    found = [realism(dataset, seed) for seed in range(seeds)]
    mean = Realism(*np.mean([list(vars(one).values()) for one in found], axis=0))
    assert mean.auc <= auc
    assert mean.copies == 0
    assert 0.9 <= mean.closeness <= 1.1
    assert mean.near_copies <= 0.08
    # Halves of 75 flowers differ by that much from each other.
    assert mean.margin <= (0.2 if dataset is IRIS else 0.06)
    assert mean.correlation <= (0.3 if dataset is IRIS else 0.2)
    assert mean.mix <= 0.03


@pytest.mark.parametrize("kind", ["rank_bootstrap", "gaussian"])
def test_gaps_are_reproduced(kind):
    dataset = replace(WINE, simulator=replace(WINE.simulator, kind=kind, decimals=3))
    reserve = reserve_of(WINE).reset_index(drop=True)
    reserve.loc[::4, "alcohol"] = np.nan
    reserve["ph"] = np.nan
    rows = made(dataset, 1000, reserve=reserve)
    assert rows["alcohol"].isna().mean() == pytest.approx(0.25, abs=0.05)
    assert rows["ph"].isna().all()
    assert rows.drop(columns=["alcohol", "ph", "role"]).notna().all(axis=None)


@pytest.mark.parametrize("kind", ["rank_bootstrap", "gaussian"])
def test_odd_reserves_work(kind):
    dataset = replace(WINE, simulator=replace(WINE.simulator, kind=kind, decimals=3))
    reserve = reserve_of(WINE).assign(citric_acid=0.3, chlorides=lambda rows: rows["sulphates"] / 10)
    lonely = reserve.iloc[:40].assign(quality=pd.array([9] + [5] * 39, dtype="Int64"))
    rows = made(dataset, 300, reserve=lonely)
    assert rows["citric_acid"].eq(0.3).all()
    assert rows["quality"].eq(9).any()
    assert np.corrcoef(rows["chlorides"], rows["sulphates"])[0, 1] > 0.9
    assert rows[dataset.numeric].notna().all(axis=None)
    assert len(made(dataset, 3, reserve=reserve.head(1))) == 3


def test_categories_outside_the_strata_come_along():
    outside = replace(WINE, simulator=replace(WINE.simulator, strata=("quality",)))
    assert set(made(outside, 300)["type"]) == {"red", "white"}


def test_without_strata_all_rows_are_one():
    assert len(made(replace(WINE, simulator=replace(WINE.simulator, strata=())), 10)) == 10


@BOTH
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_changes_neither_identities_nor_times(dataset, scenario):
    columns = ["sample_id", "event_time", "origin"]
    assert made(dataset, 20, scenario)[columns].equals(made(dataset, 20)[columns])


@BOTH
def test_a_shifted_sensor_is_off_by_the_same_on_every_sample(dataset):
    normal, shifted = made(dataset, 300), made(dataset, 300, "shifted_sensor")
    offsets = (shifted[dataset.numeric] - normal[dataset.numeric]).round(6)
    moved = [name for name in dataset.numeric if offsets[name].any()]
    assert moved == ["alcohol" if dataset is WINE else "petal_length"]
    spread = reserve_of(dataset)[moved[0]].std(ddof=0)
    assert offsets[moved[0]].eq(round(1.5 * spread, 6)).all()
    assert shifted.drop(columns=moved).equals(normal.drop(columns=moved))


@BOTH
def test_a_new_mix_makes_the_rarest_stratum_the_most_frequent(dataset):
    strata = list(dataset.simulator.strata)
    natural = reserve_of(dataset).value_counts(strata)
    changed = made(dataset, 3000, "new_mix").value_counts(strata)
    assert natural[changed.idxmax()] <= natural.sort_values().iloc[2]
    assert changed[natural.idxmax()] < 3000 * natural.max() / natural.sum() * 0.7


@BOTH
def test_broken_units_break_the_contract_on_a_part_only(dataset):
    rows = made(dataset, 500, "broken_units")
    rejected = validate(dataset, rows).rejected
    assert 0.1 < len(rejected) / len(rows) < 0.9
    normal = made(dataset, 500)
    changed = [name for name in dataset.numeric if not rows[name].equals(normal[name])]
    assert len(changed) == 1
    assert (rows[changed[0]] / normal[changed[0]]).round(6).dropna().isin([10, 0.1, 1000, 0.001]).all()
    assert rows[[label.name for label in dataset.labels]].equals(normal[[label.name for label in dataset.labels]])
