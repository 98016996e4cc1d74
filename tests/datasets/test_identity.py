"""Whether equal rows are one sample is decided from the data, and roles follow from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from benchmarks.coarse import passengers
from pipelines.datasets import dataset_named
from pipelines.datasets.contract import validate
from pipelines.datasets.identity import chance_twins, contradictions, distinguishable
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.roles import assign_roles, near_groups, stratifying_columns
from pipelines.datasets.spec import Feature, Label

IRIS = dataset_named("iris")


def declared(rows, label="outcome"):
    """A data set with these columns; text is a category."""
    about = {"description": "Made up."}
    features = tuple(
        Feature(name=name, title=name, **about)
        if rows[name].dtype == float
        else Feature(name=name, title=name, kind="categorical", values=tuple(sorted(set(cells))), **about)
        for name, cells in rows.drop(columns=label).items()
    )
    classes = tuple(sorted({*rows[label], "no"}))  # a task has two at least
    labels = (Label(name=label, title=label, description="Made up.", values=classes),)
    simulator = replace(IRIS.simulator, strata=(label,))
    told = {"label": label, "outcome": Classes(names=classes), "inputs": (features[0].name,)}
    tasks = (replace(IRIS.tasks[0], **told),)
    return replace(IRIS, features=features, labels=labels, tasks=tasks, strata=(label,), simulator=simulator)


def accepted(dataset):
    return validate(dataset, dataset.load([]).rows).accepted


def coarse(seed=0, count=1312):
    dataset = passengers(seed, count)
    return dataset, accepted(dataset)


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_measurements_of_flowers_and_wines_tell_samples_apart(name):
    dataset = dataset_named(name)
    rows = accepted(dataset)
    assert chance_twins(dataset, rows) < 0.02
    assert contradictions(dataset, rows) == 0


def test_class_sex_and_age_tell_no_passengers_apart():
    dataset, rows = coarse()
    assert chance_twins(dataset, rows) > 0.2
    assert not distinguishable(dataset, rows)


def test_categories_alone_tell_nothing_apart():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.choice([*"xyz"], 180), "b": rng.choice([*"uv"], 180), "outcome": "yes"})
    assert not distinguishable(declared(rows), rows)


def test_one_feature_proves_nothing():
    rows = pd.DataFrame({"x": np.random.default_rng(0).normal(5, 1, 200).round(2), "outcome": "yes"})
    assert not distinguishable(declared(rows), rows)
    assert distinguishable(declared(rows), rows.drop_duplicates())


def test_equal_rows_that_contradict_each_other_are_no_copies_however_unlikely_they_are_by_chance():
    rng = np.random.default_rng(0)
    profile = rng.integers(0, 12, 240)
    rows = pd.DataFrame({f"x{column}": (profile * 7.5 + column) % 13 for column in range(9)})
    rows["outcome"] = np.where(rng.random(240) < 0.5, "yes", "no")
    dataset = declared(rows)
    assert chance_twins(dataset, rows) == 0
    assert contradictions(dataset, rows) > 0.3
    assert not distinguishable(dataset, rows)


def test_copies_of_measured_samples_are_copies_however_many():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(300, 5)).round(3), columns=[*"abcde"])
    rows["outcome"] = np.where(rows["a"] > 0, "yes", "no")
    for copied in (rows, pd.concat([rows, rows]), pd.concat([rows, *[rows.head(1)] * 5000])):
        assert distinguishable(declared(rows), copied)


def test_columns_that_are_mostly_nought_tell_nothing_apart():
    rng = np.random.default_rng(0)
    measured = rng.normal(size=(1000, 5)).round(3)
    rows = pd.DataFrame(np.where(rng.random((1000, 5)) < 0.05, measured, 0.0), columns=[*"abcde"]).assign(outcome="yes")
    assert not distinguishable(declared(rows), rows)


def test_the_estimate_does_not_depend_on_the_order_of_the_rows():
    dataset, rows = coarse()
    assert chance_twins(dataset, rows) == chance_twins(dataset, rows.sample(frac=1, random_state=1))


def test_rows_that_cannot_be_told_apart_are_groups_of_their_own():
    dataset, rows = coarse()
    assert len(set(near_groups(dataset, rows, distinguishable=False))) == len(rows)


@pytest.mark.parametrize("seed", range(20))
def test_roles_of_coarse_rows_have_the_same_mix_in_every_label_and_category(seed):
    dataset, rows = coarse(seed)
    roles = assign_roles(dataset, rows, distinguishable=False)
    assert roles.value_counts(normalize=True).round(2).to_dict() == {"train": 0.6, "test": 0.2, "reserve": 0.2}
    for column in ("outcome", "cabin", "sex"):
        # By chance alone one in twenty would be below 0.05; shared out, none is.
        assert chi2_contingency(pd.crosstab(rows[column], roles)).pvalue > 0.5
    ages = rows["age"].groupby(roles.to_numpy()).mean()
    assert ages.max() - ages.min() < 4


def test_categories_that_are_no_strata_are_shared_out_too():
    dataset, _ = coarse()
    assert stratifying_columns(dataset) == ["outcome", "sex", "cabin"]


def test_rare_categories_are_shared_out_together_and_do_not_all_train():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"town": [f"t{number:03d}" for number in rng.integers(0, 400, 600)], "x": rng.normal(size=600)})
    rows["outcome"] = rng.choice(["yes", "no"], 600)
    shares = assign_roles(declared(rows), rows).value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.02)


def test_the_order_of_coarse_rows_does_not_matter():
    dataset, rows = coarse()
    counted = [
        part.assign(role=assign_roles(dataset, part, distinguishable=False)).value_counts().sort_index()
        for part in (rows, rows.sample(frac=1, random_state=5))
    ]
    assert counted[0].equals(counted[1])
