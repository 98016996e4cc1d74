"""A sample whose data set declares no drawing is shown as a card of what tells most about it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.datasets import dataset_named
from pipelines.pictures.portrait import portrait
from pipelines.pictures.sample import ROWS, draw_sample, most_telling

PLAIN = replace(dataset_named("wine"), draw=None)
GRADE, KIND = PLAIN.tasks[1:]


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({name: rng.normal(5.0, 1.0, 60) for name in PLAIN.numeric})
    rows["type"] = np.repeat(["red", "white"], 30)
    rows["quality"] = pd.array(np.tile([4, 5, 8], 20), dtype="Int64")
    rows["chlorides"] = np.where(rows["type"] == "red", 9.0, 1.0) + rng.normal(0, 0.1, 60)
    rows["sulphates"] = 3.0
    return rows


def drawn(task, sample, label, known):
    axes = Figure().subplots()
    draw_sample(axes, sample, task, label, known)
    return axes


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_what_separates_the_classes_is_shown_first_and_what_never_varies_last(known):
    order = [feature.name for feature in most_telling(known.iloc[0], KIND, known)]
    assert order[0] == "chlorides"
    assert order[-1] == "sulphates"
    quality = known.assign(quality=known["quality"].where(known["type"] == "red", 8))
    assert most_telling(known.iloc[0], GRADE, quality)[0].name in {"type", "chlorides"}


def test_a_card_says_values_with_units_and_whose_range_is_shown(known):
    axes = drawn(KIND, pd.Series(known.iloc[0].to_dict() | {"chlorides": 9.0}), "red", known)
    assert len(axes.texts) == ROWS + 1
    assert words(axes)[0] == "Chlorides 9 g/dm³"
    assert words(axes)[-1] == "green: most red"
    assert words(drawn(KIND, known.iloc[0], "", known))[-1] == "green: most of all"
    assert words(drawn(KIND, known.iloc[0], "Chinstrap", known))[-1] == "green: most Chinstrap"


def test_the_mark_of_a_value_lies_in_the_range_of_its_own_class_and_beside_that_of_another(known):
    def lies_within(label):
        rail = drawn(KIND, pd.Series(known.iloc[0].to_dict() | {"chlorides": 9.0}), label, known).lines[:3]
        band, mark = rail[1].get_xdata(), rail[2].get_xdata()
        return band[0] <= mark[0] <= band[1]

    assert lies_within("red")
    assert not lies_within("white")


@pytest.mark.parametrize("label", ["red", "rose", ""])
def test_gaps_values_outside_and_classes_that_nobody_has_are_drawn(known, label):
    sample = dict.fromkeys(KIND.inputs) | {"chlorides": 1e9, "type": "red"}
    svg = portrait(KIND, sample, label, known)
    assert svg == portrait(KIND, sample, label, known)
    axes = drawn(KIND, pd.Series(sample), label, known)
    assert any("missing" in text for text in words(axes))
    assert all(0 <= x <= 1 for line in axes.lines for x in line.get_xdata() if not np.isnan(x))


def test_a_category_is_shown_as_the_share_of_the_class_that_has_it(known):
    only = replace(PLAIN.tasks[0], inputs=("type",))
    whole = replace(PLAIN, tasks=(only,)).tasks[0]
    axes = drawn(whole, known.iloc[0], "5", known)
    assert words(axes)[0] == "Type: red"
    rail, share = (line.get_xdata() for line in axes.lines)
    assert (share[1] - share[0]) / (rail[1] - rail[0]) == pytest.approx(0.5)
