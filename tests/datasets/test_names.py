"""Names that every store takes, and columns for classes of any kind."""

import re

import pytest

from pipelines.datasets.names import name_fault, probability_columns, slug


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Mean radius", "mean_radius"),
        ("MedInc", "med_inc"),
        ("class", "class_value"),
        ("distance", "distance_value"),
        ("Größe (cm)", "groe_cm"),
        ("2nd try", "x_2nd_try"),
        ("Ω", "x"),
        ("a" * 90, "a" * 63),
    ],
)
def test_a_title_has_a_name_that_stores_take(title, name):
    assert slug(title) == name
    assert not name_fault(name)


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("MedInc", "med_inc"),
        ("mean radius", "mean_radius"),
        ("class", "class_value"),
        ("origin", "origin_value"),
        ("distance", "distance_value"),
        ("probability_yes", "probability_yes"),
        ("", "x"),
    ],
)
def test_a_name_that_no_store_takes_is_told_with_one_that_does(name, better):
    assert repr(better) in name_fault(name)
    assert "keep" in name_fault(name)


def test_the_columns_of_plain_classes_are_what_they_always_were():
    assert probability_columns(["poor", "Very good", "3"]) == [
        "probability_poor", "probability_very_good", "probability_3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "classes",
    [[">50K", "<=50K"], ["0-75", "75+"], ["Malmö", "Malmo"], ["a b", "a_b"], ["A", "a"], ["?", "!"], ["x" * 80]],
)
def test_classes_of_any_kind_have_columns_of_their_own_that_stores_take(classes):
    columns = probability_columns(classes)
    assert len(set(columns)) == len(classes)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", column) for column in columns)
    assert probability_columns(classes[::-1]) == columns[::-1]


def test_the_column_of_a_class_does_not_change_with_its_neighbours():
    assert probability_columns([">50K"])[0] == probability_columns(["<=50K", ">50K", "other"])[1]
