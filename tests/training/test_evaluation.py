import json
from dataclasses import replace

import numpy as np
import pytest
from trainings import always, stub_model, telling, trained, training_data

from pipelines.datasets import task_named
from pipelines.training import evaluation
from pipelines.training.evaluation import evaluate

GRADE = task_named("wine_grade")
WINE = GRADE.dataset


def judged(model, rows):
    return evaluate(GRADE, model, rows, np.random.default_rng(0))


@pytest.fixture(scope="module")
def test_rows():
    return training_data("wine_grade").test


@pytest.fixture(scope="module")
def found():
    return trained("wine_grade", 800).evaluation


def test_a_model_that_always_says_fair_is_seen_through(test_rows):
    found = judged(stub_model(GRADE, always(GRADE, "fair")), test_rows)
    assert found.scores["accuracy"].value == pytest.approx(found.baseline["accuracy"])
    assert found.scores["accuracy"].value == pytest.approx(0.766, abs=0.02)
    assert found.scores["macro_f1"].value == pytest.approx(found.baseline["macro_f1"])
    assert found.scores["macro_f1"].value < 0.3
    assert found.scores["recall_poor"].value == 0


def test_a_miscalibrated_model_is_seen_by_its_calibration_error(test_rows):
    right = telling(GRADE, test_rows, 0.5)
    found = judged(stub_model(GRADE, right), test_rows)
    assert found.calibration["error"] > found.calibration["chance"] + 0.1


def test_the_trained_model_is_calibrated_within_chance(found):
    assert found.calibration["error"] < found.calibration["chance"] + 0.01


def test_the_rows_of_the_confusion_are_the_true_classes(test_rows):
    poor = judged(stub_model(GRADE, always(GRADE, "poor")), test_rows).confusion
    counts = GRADE.labels(test_rows).value_counts()
    assert [poor.loc[name, "poor"] for name in GRADE.classes] == [counts[name] for name in GRADE.classes]
    assert poor["fair"].sum() == poor["excellent"].sum() == 0


def test_the_importance_finds_the_one_input_that_counts(test_rows):
    alcohol = list(GRADE.inputs).index("alcohol")
    strong = np.median(test_rows["alcohol"])

    def answer(matrix):
        return np.where((matrix[:, alcohol] > strong)[:, None], [0.05, 0.55, 0.4], [0.05, 0.9, 0.05])

    table = evaluation.importance(GRADE, stub_model(GRADE, answer), test_rows, np.random.default_rng(0))
    assert table.index[0] == "alcohol"
    assert table.loc["alcohol", "low"] > 0.01
    assert (table.drop("alcohol")["loss"].abs() < 1e-12).all()


def test_scores_are_told_for_red_and_white(found):
    parts = found.by_category["type"]
    assert set(parts) == {"red", "white"}
    assert parts["red"]["rows"] + parts["white"]["rows"] == found.rows
    for part in parts.values():
        assert part["scores"]["accuracy"]["low"] < part["scores"]["accuracy"]["value"]
        assert 0.6 < part["baseline"]["accuracy"] < 0.9


def test_the_cost_of_the_decision_rule_is_told(found):
    rule, plain = found.decision_cost["rule"], found.decision_cost["most_probable"]
    assert rule["macro_f1"] > plain["macro_f1"]
    assert rule["accuracy"] < plain["accuracy"]


def test_intervals_hold_the_score(found):
    for estimate in found.scores.values():
        assert not estimate.low > estimate.value
        assert not estimate.high < estimate.value


def test_the_document_is_strict_json(found):
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert set(document) == {
        "metrics", "baseline", "by_category", "confusion", "calibration", "importance", "decision_cost",
        "ranking",
    }  # fmt: skip
    assert document["metrics"]["macro_f1"]["value"] == found.scores["macro_f1"].value


def test_a_class_that_no_test_row_has_leaves_null(test_rows):
    fair = test_rows[GRADE.labels(test_rows) == "fair"]
    document = judged(stub_model(GRADE, always(GRADE, "fair")), fair).document()
    assert document["metrics"]["recall_poor"]["value"] is None


def test_a_category_that_no_test_row_has_is_left_out(test_rows):
    red = test_rows[test_rows["type"] == "red"]
    assert set(judged(stub_model(GRADE, always(GRADE, "fair")), red).by_category["type"]) == {"red"}


def test_the_label_is_no_category_of_its_own_task():
    task = task_named("wine_type")
    rows = training_data("wine_type", 200).test
    found = evaluate(task, stub_model(task, always(task, "white")), rows, np.random.default_rng(0))
    assert found.by_category == {}
    assert replace(found).rows == len(rows)
