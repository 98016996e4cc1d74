from datetime import date, timedelta

import histories
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.datasets import dataset_named, task_named
from pipelines.datasets.arrivals import simulated as simulate
from pipelines.datasets.roles import assign_roles
from pipelines.models.metrics import SMALLEST_DISTANCE
from pipelines.monitoring import drift
from pipelines.monitoring.numbers_apart import Ascending, Chance, distance

WINE, IRIS = dataset_named("wine"), dataset_named("iris")
FIRST = date(2026, 3, 1)


@pytest.fixture(scope="module")
def reserves():
    found = {}
    for dataset in (WINE, IRIS):
        rows = histories.historical(dataset)
        rows = rows.assign(sample_id=[f"{dataset.name}-h-{i:05d}" for i in range(len(rows))])
        found[dataset.name] = rows[assign_roles(dataset, rows) == "reserve"].reset_index(drop=True)
    return found


def arrived(dataset, reserve, days, per_day, *, scenario="none", first=FIRST):
    rows = simulate.simulate_days(dataset, reserve, [first + timedelta(days=d) for d in range(days)], per_day, scenario)
    within = [rows[f.name].between(f.low, f.high) for f in dataset.features if f.kind == "numeric"]
    return rows[np.logical_and.reduce(within)]


def last_day(rows):
    return rows["event_time"].max().date()


def test_numeric_distance_agrees_with_scipy():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal(300), rng.standard_normal(40) + 0.5
    expected = stats.ks_2samp(one, other, method="exact")
    distance, _, p_value = drift.numeric_distance(one, other)
    assert (distance, p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_the_stability_index_of_a_known_case():
    reference = np.repeat(np.arange(10), 1000)
    shifted = np.concatenate([np.repeat(0, 2000), np.repeat(np.arange(1, 9), 1000)])
    assert drift.numeric_distance(reference, shifted)[1] == pytest.approx(
        0.1 * np.log(2) + 0.1 * np.log(2000), abs=0.05
    )
    assert drift.numeric_distance(reference, reference)[1] == pytest.approx(0)


def test_a_sensor_that_falls_silent_is_seen():
    values = np.random.default_rng(0).standard_normal(1000)
    assert drift.numeric_distance(values, np.full(20, np.nan))[0] == 1
    assert drift.numeric_distance(np.append(values, np.nan), np.append(values, np.nan))[0] == 0


def test_category_distance_is_exact():
    distance, _, p_value = drift.category_distance([8, 2], [1, 5])
    assert distance == pytest.approx(0.8 - 1 / 6)
    upper = stats.fisher_exact([[8, 2], [1, 5]], alternative="greater").pvalue
    assert p_value == pytest.approx(min(1, 2 * upper * 2))
    assert drift.category_distance([10, 0, 5], [2, 0, 1])[2] == 1


def test_a_rare_class_in_a_small_window_is_no_drift():
    # A chi-square test would give one wine of quality 9 a p-value of 1e-20.
    counts = np.array([20, 165, 1650, 2180, 830, 150, 1])
    assert drift.category_distance(counts, [0, 0, 3, 3, 0, 0, 1])[2] > 0.01


def test_p_values_are_uniform_or_larger_when_nothing_changed():
    rng = np.random.default_rng(0)
    numeric = [drift.numeric_distance(rng.random(200), rng.random(15))[2] for _ in range(1000)]
    classes = [
        drift.category_distance(rng.multinomial(500, [0.7, 0.2, 0.1]), rng.multinomial(30, [0.7, 0.2, 0.1]))[2]
        for _ in range(1000)
    ]
    together = [
        drift.energy_distance(rng.standard_normal((60, 3)), rng.standard_normal((25, 3)), rng)[1] for _ in range(300)
    ]
    for found, slack in ((numeric, 0.02), (classes, 0.02), (together, 0.04)):
        assert (np.array(found) < 0.05).mean() < 0.05 + slack
        assert (np.array(found) < 0.01).mean() < 0.01 + slack


def test_energy_distance_sees_a_broken_correlation():
    rng = np.random.default_rng(0)
    one = rng.multivariate_normal([0, 0], [[1, 0.95], [0.95, 1]], 300)
    other = rng.multivariate_normal([0, 0], [[1, -0.95], [-0.95, 1]], 100)
    distance, p_value = drift.energy_distance(one, other, rng)
    assert p_value < 1e-4
    assert distance > drift.SMALLEST_ENERGY
    assert drift.energy_distance(one, one[:100], rng)[1] > 0.2
    assert drift.energy_distance(np.ones((30, 2)), np.ones((30, 2)), rng) == (0, 1)


@pytest.mark.parametrize(("rows", "expected"), [(0, 0), (1, 0), (29, 5), (1300, 2)])
def test_the_fewest_samples_are_those_that_could_show_a_complete_change(rows, expected):
    assert drift.fewest_samples(rows) == expected


def test_too_few_samples_make_no_test(reserves):
    rows = arrived(IRIS, reserves["iris"], 1, 3)
    assert drift.input_drift(IRIS, reserves["iris"], rows, FIRST) == []
    assert drift.input_drift(IRIS, reserves["iris"].head(0), rows, FIRST) == []
    assert drift.class_drift(rows, "variety", ("setosa", "versicolor", "virginica"), [], FIRST) == []


def test_chance_explains_what_the_p_value_says_in_whatever_order_it_is_asked():
    rng, chance = np.random.default_rng(5), Chance(0.05)
    for rows, shift in [(rows, shift) for rows in (15, 300) for shift in rng.uniform(0, 1, 60)]:
        pair = Ascending.of(rng.normal(size=100)), Ascending.of(rng.normal(shift, size=rows))
        assert chance.explains(*pair) == (distance(*pair)[2] >= chance.level)


@pytest.mark.parametrize("dataset", [WINE, IRIS], ids=lambda dataset: dataset.name)
def test_nothing_goes_off_for_none(dataset, reserves):
    reserve = reserves[dataset.name]
    rows = arrived(dataset, reserve, 60, 10)
    for day in (6, 20, 40, 59):
        assert not [t for t in drift.input_drift(dataset, reserve, rows, FIRST + timedelta(days=day)) if t.drifted]
    by_day = drift.alarms_by_day(dataset, reserve, rows, [FIRST + timedelta(days=d) for d in range(0, 60, 2)])
    assert not any(by_day.values())


@pytest.mark.parametrize(
    ("red", "of", "drifted"),
    [(500, 1000, False), (5600, 10_000, False), (8, 10, False), (750, 1000, True), (80, 100, True)],
)
def test_a_category_is_passed_over_where_it_is_near_or_chance_explains_it(red, of, drifted):
    usual, values = ["red", "white"] * 5000, pd.Series(["red"] * red + ["white"] * (of - red), name="colour")
    [test] = drift.adjusted([drift._category_test("categorical", ("red", "white"), usual, values, 7)])
    assert test.drifted == drifted
    assert drift._category_explained(("red", "white"), usual, values, drift.LEVEL) != drifted


@pytest.mark.parametrize(
    ("dataset", "scenario"),
    [(IRIS, "shifted_sensor"), (WINE, "shifted_sensor"), (WINE, "new_mix")],
    ids=["iris sensor", "wine sensor", "wine mix"],
)
def test_what_is_passed_over_on_a_quiet_day_raises_no_alarm(dataset, scenario, reserves, monkeypatch):
    reserve = reserves[dataset.name]
    before = arrived(dataset, reserve, 20, 10)
    rows = pd.concat([before, arrived(dataset, reserve, 20, 10, scenario=scenario, first=FIRST + timedelta(days=20))])
    days = [FIRST + timedelta(days=number) for number in range(40)]
    found = drift.alarms_by_day(dataset, reserve, rows, days)
    monkeypatch.setattr(drift, "_explained", lambda *_: False)
    assert found == drift.alarms_by_day(dataset, reserve, rows, days)
    assert any(found.values())
    assert not all(found.values())


@pytest.mark.parametrize("scenario", ["shifted_sensor", "broken_units"])
@pytest.mark.parametrize("dataset", [WINE, IRIS], ids=lambda dataset: dataset.name)
def test_a_faulty_sensor_goes_off_within_ten_days(dataset, scenario, reserves):
    reserve = reserves[dataset.name]
    before = arrived(dataset, reserve, 20, 10)
    rows = pd.concat([before, arrived(dataset, reserve, 10, 10, scenario=scenario, first=FIRST + timedelta(days=20))])
    found = [test for test in drift.input_drift(dataset, reserve, rows, last_day(rows)) if test.drifted]
    numeric = [test for test in found if test.kind == "numeric"]
    assert numeric
    assert all(test.distance >= SMALLEST_DISTANCE and test.adjusted < drift.LEVEL for test in numeric)


def test_a_new_mix_shows_in_the_labels(reserves):
    task = task_named("wine_grade")
    rows = arrived(WINE, reserves["wine"], 7, 10, scenario="new_mix")
    rows = rows.assign(label=task.labels(rows))
    reference = list(task.labels(histories.historical(WINE)))
    found = drift.class_drift(rows, "label", task.classes, reference, last_day(rows))
    assert any(test.drifted for test in found)
    calm = arrived(WINE, reserves["wine"], 7, 10)
    calm = calm.assign(label=task.labels(calm))
    assert not any(t.drifted for t in drift.class_drift(calm, "label", task.classes, reference, last_day(calm)))


def test_a_thousand_samples_are_tested_on_their_first_day(reserves):
    rows = arrived(WINE, reserves["wine"], 1, 1000, scenario="shifted_sensor")
    found = drift.input_drift(WINE, reserves["wine"], rows, FIRST)
    assert [t.name for t in found if t.drifted and t.kind == "numeric"] == ["alcohol"]
    assert {test.days for test in found} == {1}


def made_test(name, distance, p_value):
    return drift.DriftTest(name, "numeric", 1, 50, distance, psi=0.1, p_value=p_value, adjusted=1.0, drifted=False)


def test_a_certain_difference_that_does_not_matter_is_no_alarm():
    rng = np.random.default_rng(0)
    distance, _, p_value = drift.numeric_distance(rng.random(90_000), rng.random(90_000) * 1.05)
    found = drift.adjusted([made_test("x", distance, p_value)])[0]
    assert found.adjusted < 1e-6
    assert not found.drifted


def test_many_tests_of_one_look_are_adjusted():
    tests = [made_test(f"f{i}", 0.5, 0.9 if i else 2e-4) for i in range(50)]
    assert not any(test.drifted for test in drift.adjusted(tests))
    assert drift.adjusted(tests[:1])[0].drifted


def test_the_order_of_the_rows_changes_nothing(reserves):
    reserve, rows = reserves["wine"], arrived(WINE, reserves["wine"], 10, 10)
    mixed = rows.sample(frac=1, random_state=1), reserve.sample(frac=1, random_state=2)
    assert drift.input_drift(WINE, mixed[1], mixed[0], last_day(rows)) == drift.input_drift(
        WINE, reserve, rows, last_day(rows)
    )


def test_windows_end_with_the_day_and_leave_out_what_came_later(reserves):
    rows = arrived(WINE, reserves["wine"], 30, 10)
    counts = {t.days: t.n for t in drift.input_drift(WINE, reserves["wine"], rows, FIRST + timedelta(days=9))}
    assert counts == {1: 10, 7: 70, 28: 100}
