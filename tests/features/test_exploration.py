"""The tables of the exploration, on made data whose answers are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up_quantities import FLATS, PRICE

from pipelines.datasets import dataset_named
from pipelines.datasets.contract import validate
from pipelines.datasets.roles import assign_roles
from pipelines.features.exploration import (
    class_balance,
    compare_gap_handling,
    compare_pruning,
    compare_simulated,
    correlations,
    missing_by_category,
    number_spread,
    pruning_verdict,
    redundant_features,
    repeated_rows,
    summarise,
    with_gaps,
)
from pipelines.pictures import exploration as figures

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
VARIETY = IRIS.tasks[0]


def flowers():
    rows = validate(IRIS, IRIS.load([]).rows).accepted
    return rows.assign(sample_id=rows.index.astype(str), role=assign_roles(IRIS, rows))


def wines(count=400):
    rows = validate(WINE, WINE.load([]).rows).accepted.sample(count, random_state=0)
    return rows.assign(sample_id=rows.index.astype(str), role=assign_roles(WINE, rows))


def test_the_summary_counts_values_and_gaps():
    rows = flowers()
    rows.loc[:14, "petal_width"] = np.nan
    table = summarise(IRIS, rows)
    assert table.loc["petal_width", "missing"] == 15
    assert table.loc["petal_width", "missing_share"] == pytest.approx(0.1)
    assert table.loc["sepal_length", ["unit", "min", "max", "values"]].tolist() == ["cm", 4.3, 7.9, 35]


def test_gaps_are_counted_in_each_category():
    rows = wines()
    rows.loc[rows["type"] == "red", "ph"] = np.nan
    table = missing_by_category(WINE, rows)
    assert table["share"].to_dict() == {
        "all rows": pytest.approx((rows["type"] == "red").mean()),
        "type red": 1.0,
        "type white": 0.0,
    }


def test_the_class_balance_names_classes_that_no_row_has():
    table = class_balance(IRIS, flowers().head(60))
    assert table.loc["iris_variety", "rows"].to_dict() == {"setosa": 50, "versicolor": 10, "virginica": 0}
    assert table["share"].sum() == pytest.approx(1)


def test_repeated_rows():
    rows = pd.concat([flowers()] * 2)
    found = repeated_rows(IRIS, rows)
    assert found["rows"] == 300
    assert found["distinct measurements"] == 149
    assert found["rows that share their group"] == 300


def test_of_two_features_alike_the_one_that_tells_less_is_redundant():
    rng = np.random.default_rng(0)
    variety = np.repeat(VARIETY.classes, 40)
    told = np.repeat([0.0, 1.0, 2.0], 40) + rng.normal(scale=0.3, size=120)
    rows = pd.DataFrame(
        {
            "sepal_length": -told + rng.normal(scale=0.3, size=120),
            "sepal_width": rng.normal(size=120),
            "petal_length": told,
            "petal_width": rng.normal(size=120),
            "variety": variety,
        }
    )
    table = redundant_features(VARIETY, rows)
    assert table["kept"].to_dict() == {"sepal_length": "petal_length"}
    assert table.loc["sepal_length", "correlation"] < -0.8


def test_leaving_out_the_only_telling_feature_costs_and_a_copy_does_not():
    rows = flowers().assign(sepal_width=lambda table: table["petal_width"], sepal_length=5.0, petal_length=1.0)
    rows["sepal_width"] += np.random.default_rng(0).normal(scale=0.01, size=150)
    task = replace(VARIETY, inputs=("sepal_width", "petal_width", "sepal_length"))
    table = compare_pruning(task, rows)
    assert table.index[0] == "all inputs"
    assert table["change"].iloc[1:].abs().max() < 0.1
    alone = compare_pruning(replace(VARIETY, inputs=("sepal_length", "petal_length")), rows)
    assert alone.loc["all inputs", "score"] < 0.5 < table.loc["all inputs", "score"]


def test_the_verdict_keeps_what_makes_no_difference():
    columns = ["score", "scatter", "change", "scatter of the change"]
    lines = {"all inputs": [0.5, 0.1, 0, 0], "without a": [0.51, 0.1, 0.01, 0.02], "without b": [0.4, 0.1, -0.1, 0.02]}
    table = pd.DataFrame.from_dict(lines, orient="index", columns=columns)
    assert "without a, the score changes by +0.010 (±0.020 between folds); nothing is gained" in pruning_verdict(
        VARIETY, table
    )
    table.loc["without b", "change"] = 0.1
    assert "without b, the score changes by +0.100 (±0.020 between folds); leaving it out" in pruning_verdict(
        VARIETY, table
    )
    assert "no two inputs" in pruning_verdict(VARIETY, table.head(1))


def test_gaps_are_made_in_the_share_asked_for():
    rows = flowers()
    blanked = with_gaps(IRIS, rows, 0.2, np.random.default_rng(0))
    assert blanked[IRIS.numeric].isna().to_numpy().sum() == 30
    assert blanked[IRIS.numeric].isna().any(axis=1).sum() == 30
    assert rows.notna().all(axis=None)


def test_dropping_rows_leaves_samples_without_an_answer():
    rows = with_gaps(IRIS, flowers(), 0.2, np.random.default_rng(0))
    table = compare_gap_handling(VARIETY, rows)
    assert table["answered"].tolist() == [pytest.approx(0.8), 1.0, 1.0]
    assert table["score with a gap"].isna().tolist() == [True, False, False]
    assert (table["score"] > 0.9).all()


def test_without_gaps_all_ways_are_one():
    table = compare_gap_handling(VARIETY, flowers())
    assert table["answered"].eq(1).all()
    assert table["score"].eq(table["score"].iloc[0]).all()


def test_simulated_samples_beside_the_reserve():
    rows = wines(1000)
    by_feature, by_class, made = compare_simulated(WINE, rows, 1500)
    assert len(made) == 1500
    assert by_feature["distance"].max() < 0.1
    assert (by_class["real"] - by_class["simulated"]).abs().max() < 0.05


@pytest.mark.parametrize("dataset", [IRIS, WINE], ids=lambda dataset: dataset.name)
def test_pictures_are_drawn_for_rows_with_gaps_and_for_classes_without_rows(dataset):
    rows = (flowers() if dataset is IRIS else wines()).head(90)
    rows = with_gaps(dataset, rows, 0.5, np.random.default_rng(0))
    rows[dataset.numeric[0]] = 5.0
    pictures = [
        figures.distribution_picture(dataset.tasks[0], rows),
        figures.correlation_picture(dataset, correlations(dataset, rows)),
        figures.simulated_picture(dataset, rows, rows),
        figures.balance_picture(class_balance(dataset, rows), dataset.tasks),
    ]
    assert all(picture.png.startswith(b"\x89PNG") and picture.alt for picture in pictures)


def priced(dataset=FLATS):
    rows = validate(dataset, dataset.load([]).rows).accepted
    return rows.assign(sample_id=rows.index.astype(str), role=assign_roles(dataset, rows))


def test_a_number_is_summed_up_and_no_class_of_it_is_counted():
    rows = priced()
    rows.loc[:4, "price"] = np.nan
    table = number_spread(FLATS, rows)
    assert table.loc[PRICE.title, ["unit", "missing"]].tolist() == ["k€", 5]
    assert table.loc[PRICE.title, "50%"] == rows["price"].median()
    assert class_balance(FLATS, rows).empty
    assert number_spread(WINE, wines()).empty


def test_of_two_features_alike_the_one_that_tells_less_of_a_number_is_redundant_and_costs_nothing():
    copy = replace(FLATS.features[0], name="plot")
    task = replace(PRICE, inputs=("area", "age", "plot"))
    dataset = replace(FLATS, features=(*FLATS.features, copy), tasks=(task,))
    rows = validate(FLATS, FLATS.load([]).rows).accepted
    rows["plot"] = rows["area"] + np.random.default_rng(0).normal(0, 15, len(rows))
    rows.loc[:2, "price"] = np.nan
    task = dataset.tasks[0]
    assert redundant_features(task, rows)["kept"].to_dict() == {"plot": "area"}
    pruning = compare_pruning(task, rows)
    assert pruning.loc["all inputs", "score"] > 0.8
    assert abs(pruning.loc["without plot", "change"]) < 0.1
    ways = compare_gap_handling(task, rows)
    assert (ways["score"] > 0.7).all()
    assert ways.loc["drop the rows", "answered"] < 1


def test_a_simulated_number_is_compared_as_the_features_are():
    by_feature, by_class, made = compare_simulated(FLATS, priced(), 500)
    assert by_feature.index.tolist() == ["area", "age", "price"]
    assert by_feature.loc["price", "distance"] < 0.2
    assert by_class.empty
    assert made["price"].notna().all()


def test_pictures_of_a_number():
    rows = with_gaps(FLATS, priced().head(60), 0.5, np.random.default_rng(0))
    (histogram,) = figures.outcome_pictures(FLATS, rows, class_balance(FLATS, rows))
    dots = figures.distribution_picture(PRICE, rows)
    assert "half below" in histogram.alt
    assert "over 2 measurements" in dots.alt
    assert all(picture.png.startswith(b"\x89PNG") for picture in (histogram, dots))
