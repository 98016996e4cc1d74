import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import models
from pipelines.datasets import all_datasets, all_tasks, task_named
from pipelines.errors import UsageError
from spaces.files import SpaceFolder
from spaces.predict.answer import answer
from spaces.predict.answer_html import page_of
from spaces.predict.predictor import measured, predictor_of

SETOSA = {"sepal_length": 5.0, "sepal_width": 3.4, "petal_length": 1.5, "petal_width": 0.2}
WINE = {
    "fixed_acidity": 7.0, "volatile_acidity": 0.3, "citric_acid": 0.3, "residual_sugar": 3.0, "chlorides": 0.05,
    "free_sulfur_dioxide": 30, "total_sulfur_dioxide": 120, "density": 0.994, "ph": 3.2, "sulphates": 0.5,
    "alcohol": 10.5, "type": "white",
}  # fmt: skip
TASKS = [task.name for task in all_tasks()]


def row_of(predictor, role="test"):
    return measured(predictor.samples[predictor.samples["role"] == role].iloc[0][list(predictor.task.inputs)])


@pytest.mark.parametrize("name", TASKS)
def test_an_answer_is_that_of_the_model_and_is_json(predictors, name):
    predictor = predictors[name]
    given = row_of(predictor)
    found = answer(predictor, given)
    expected = models.predict(predictor.model, pd.DataFrame([given])).iloc[0]
    assert found["prediction"] == expected["prediction"]
    assert list(found["probabilities"]) == list(predictor.task.classes)
    assert list(found["probabilities"].values()) == pytest.approx(
        list(expected[predictor.task.probability_columns]), abs=1e-6
    )
    assert found["version"] == predictor.model.version
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("name", TASKS)
def test_the_pushes_add_up_to_the_difference_from_the_typical_sample(predictors, name):
    predictor = predictors[name]
    found = answer(predictor, row_of(predictor))
    label = found["prediction"]
    typical = models.predict(predictor.model, predictor.reference).iloc[0]
    base = typical[predictor.task.probability_columns[predictor.task.classes.index(label)]]
    assert sum(push["effect"] for push in found["pushes"]) == pytest.approx(
        found["probabilities"][label] - base, abs=1e-4
    )
    effects = [abs(push["effect"]) for push in found["pushes"]]
    assert effects == sorted(effects, reverse=True)


def test_a_clear_flower_gets_a_sure_answer_without_warnings(predictors):
    predictor = predictors["iris_variety"]
    found = answer(predictor, measured(predictor.example("setosa", np.random.default_rng(0))[list(SETOSA)]))
    assert found["prediction"] == "setosa"
    assert found["confidence"] == "almost certain"
    assert found["warnings"] == []
    assert {near["label"] for near in found["nearest"]} == {"setosa"}
    assert [near["distance"] for near in found["nearest"]] == sorted(near["distance"] for near in found["nearest"])


def test_the_nearest_samples_are_those_that_the_model_learnt_from(predictors):
    predictor = predictors["wine_grade"]
    learnt = set(predictor.samples.loc[predictor.samples["role"] == "train", "sample_id"])
    assert {near["sample_id"] for near in answer(predictor, WINE)["nearest"]} <= learnt


def test_a_value_beyond_what_was_seen_is_warned_of_with_the_limits(predictors):
    found = answer(predictors["wine_grade"], {**WINE, "residual_sugar": 300})
    assert len(found["warnings"]) == 1
    assert "Residual sugar 300 is outside of what the model has seen" in found["warnings"][0]


def test_usual_values_in_an_unusual_combination_are_warned_of(predictors):
    strange = {**WINE, "density": 0.988, "residual_sugar": 20.0, "alcohol": 8.5, "chlorides": 0.3, "sulphates": 1.5}
    assert [words for words in answer(predictors["wine_grade"], strange)["warnings"] if "combination" in words]


def test_real_samples_are_rarely_taken_for_strangers(predictors):
    predictor = predictors["wine_grade"]
    kept = predictor.kept
    strangers = [predictor.are_far(predictor.nearest(row, 1)) for _, row in kept.iterrows()]
    assert np.mean(strangers) < 0.2


def test_what_is_not_measured_is_named_and_the_rest_is_answered(predictors):
    found = answer(
        predictors["wine_grade"], {name: value for name, value in WINE.items() if name not in {"ph", "type"}}
    )
    assert found["sample"]["ph"] is None
    assert len(found["warnings"]) == 1
    assert found["warnings"][0].startswith("Not measured: pH, Type. The answer is the average over")


@pytest.mark.parametrize(
    ("name", "given"), [("iris_variety", {"sepal_width": 2.9}), ("wine_type", {"ph": 3.2}), ("wine_grade", {"ph": 3.2})]
)
def test_an_answer_from_one_input_of_all_is_not_surer_than_that_input_allows(predictors, name, given):
    predictor = predictors[name]
    found = answer(predictor, given)
    assert found["confidence"] != "almost certain"
    (measured_name, value), labels = *given.items(), predictor.task.labels(predictor.learnt)
    near = labels[(predictor.learnt[measured_name] - value).abs().rank() <= len(labels) / 3]
    # The model knows no more of this input than how often each class has such a value.
    for label, chance in found["probabilities"].items():
        assert chance == pytest.approx((near == label).mean(), abs=0.2)


@pytest.mark.parametrize("name", ["iris_variety", "wine_grade"])
def test_the_pushes_of_a_sample_with_gaps_add_up_too(predictors, name):
    predictor = predictors[name]
    given = row_of(predictor) | dict.fromkeys(predictor.task.inputs[:2])
    found = answer(predictor, given)
    typical = models.predict(predictor.model, predictor.reference).iloc[0]
    base = typical[predictor.task.probability_columns[predictor.task.classes.index(found["prediction"])]]
    difference = found["probabilities"][found["prediction"]] - base
    assert sum(push["effect"] for push in found["pushes"]) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("name", TASKS)
def test_a_learnt_sample_is_said_to_be_remembered_and_a_kept_one_is_not(predictors, name):
    predictor = predictors[name]
    learnt = predictor.learnt.iloc[0]
    found = answer(predictor, measured(learnt[list(predictor.task.inputs)]))
    assert found["confidence"] == "remembered rather than judged"
    assert "equals" in found["remembered"]
    assert "which the model learnt as" in page_of(predictor, found)
    for role in ("test", "reserve"):
        assert answer(predictor, row_of(predictor, role))["remembered"] is None


def test_a_sample_that_is_nearly_a_learnt_one_is_remembered_too(predictors):
    predictor = predictors["wine_grade"]
    learnt = measured(predictor.learnt.iloc[0][list(predictor.task.inputs)])
    found = answer(predictor, learnt | {"alcohol": learnt["alcohol"] + 0.1})
    assert "nearly equals" in found["remembered"]


def test_what_was_not_measured_is_not_taken_for_a_learnt_sample(predictors):
    predictor = predictors["wine_grade"]
    assert answer(predictor, {"alcohol": float(predictor.learnt["alcohol"].iloc[0])})["remembered"] is None


def test_numbers_may_come_as_text(predictors):
    as_text = {name: str(value) for name, value in WINE.items()}
    assert answer(predictors["wine_grade"], as_text) == answer(predictors["wine_grade"], WINE)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Nothing is filled in"),
        ({"sepal_length": -1}, "sepal_length"),
        ({"sepal_length": 5000}, "sepal_length"),
        ({"sepal_length": "long"}, "long"),
        ({"sepal_length": float("inf")}, "sepal_length"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(predictors, given, words):
    with pytest.raises(UsageError, match=words):
        answer(predictors["iris_variety"], given)


def test_a_category_that_does_not_exist_is_refused(predictors):
    with pytest.raises(UsageError, match="type"):
        answer(predictors["wine_grade"], {**WINE, "type": "rosé"})


def test_an_answer_that_is_not_the_most_probable_class_says_so(predictors):
    predictor = predictors["wine_grade"]
    told = [answer(predictor, measured(row[list(predictor.task.inputs)])) for _, row in predictor.kept.iterrows()]
    for found in told:
        likeliest = max(found["probabilities"], key=found["probabilities"].get)
        assert ("is more probable" in found["decision"]) == (likeliest != found["prediction"])


@pytest.mark.parametrize("name", TASKS)
def test_every_class_that_was_kept_has_an_example_and_surprises_keep_the_contract(predictors, name):
    predictor = predictors[name]
    rng = np.random.default_rng(0)
    assert predictor.example_classes()
    for label in predictor.example_classes():
        example = predictor.example(label, rng)
        assert predictor.task.labels(example.to_frame().T).iloc[0] == label
        assert example["role"] == "test"
    surprise = measured(predictor.surprise(rng)[list(predictor.task.inputs)])
    assert answer(predictor, surprise)["prediction"] in predictor.task.classes


@pytest.mark.parametrize("name", TASKS)
def test_the_page_tells_the_answer_in_words_and_tables_with_a_text_for_the_picture(predictors, name):
    predictor = predictors[name]
    page = page_of(predictor, answer(predictor, row_of(predictor)))
    assert 'alt="A drawing of the sample as' in page
    for words in ("Probability of each class", "What pushed", "The nearest real samples", "on samples kept from it"):
        assert words in page


def test_a_page_of_an_incomplete_sample_is_drawn_with_typical_values(predictors):
    for name, given in (
        ("iris_variety", {"petal_width": 2.0}),
        ("wine_grade", {"alcohol": 13.0}),
        ("wine_type", {"ph": 3.0}),
    ):
        assert "not measured" in page_of(predictors[name], answer(predictors[name], given))


def test_a_page_judges_the_answer_where_the_truth_is_known(predictors):
    predictor = predictors["iris_variety"]
    found = answer(predictor, SETOSA)
    assert "✓ Right: it is setosa." in page_of(predictor, found, "setosa")
    assert "✗ Wrong: it is virginica." in page_of(predictor, found, "virginica")
    assert "truth" not in page_of(predictor, found)


def test_strength_has_one_scale_and_nothing_is_no_bar(predictors):
    predictor = predictors["iris_variety"]
    found = answer(predictor, SETOSA)
    found["pushes"] = [{**push, "effect": effect} for push, effect in zip(found["pushes"], (-0.2, -0.0), strict=False)]
    page = page_of(predictor, found)
    assert ">-20.0</td>" in page
    assert 'class="bar away" style="width:20.0%"' in page
    assert re.search(r">0\.0</td><td[^>]*></td>", page)


def test_texts_from_outside_are_no_markup(predictors):
    predictor = predictors["iris_variety"]
    found = answer(predictor, SETOSA)
    found["nearest"][0]["sample_id"] = "<script>alert(1)</script>"
    assert "<script>" not in page_of(predictor, found)


def test_without_samples_there_is_an_answer_and_no_comparison(predict_folder, tmp_path):
    task = task_named("iris_variety")
    shutil.copytree(predict_folder / "models", tmp_path / "models")
    predictor = predictor_of(SpaceFolder(tmp_path), task)
    found = answer(predictor, SETOSA)
    assert found["prediction"] == "setosa"
    assert found["pushes"] == found["nearest"] == []
    assert predictor.example_classes() == []
    assert "setosa" in page_of(predictor, found)


def test_a_task_without_a_model_says_when_there_will_be_one(tmp_path):
    dataset = all_datasets()[0]
    found = predictor_of(SpaceFolder(tmp_path), dataset.tasks[0])
    assert "after the first training" in found


def test_a_damaged_model_says_what_to_do(predict_folder, tmp_path):
    task = task_named("iris_variety")
    shutil.copytree(predict_folder / "models", tmp_path / "models")
    (tmp_path / "models" / task.name / "model.skops").write_bytes(b"nothing")
    assert "cannot be used" in predictor_of(SpaceFolder(tmp_path), task)


def test_a_model_for_other_inputs_says_that_it_will_be_replaced(predict_folder):
    task = task_named("iris_variety")
    other = replace(task, inputs=task.inputs[:2])
    assert "other inputs" in predictor_of(SpaceFolder(predict_folder), other)
