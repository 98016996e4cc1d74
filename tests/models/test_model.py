import json
import shutil
import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from trainings import measured, stub_model, trained, training_data

from pipelines import models
from pipelines.datasets import task_named
from pipelines.documents import checksum
from pipelines.errors import ModelRefused, UsageError
from pipelines.models import model as model_module
from pipelines.models.ensemble import Ensemble, blended, log_odds, medians, member_probabilities, slim
from pipelines.training.pipeline import save_candidate

GRADE = task_named("wine_grade")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "candidate"
    save_candidate(trained("wine_grade", 800), folder, commit="abc")
    (folder / "card.md").write_text("a card")
    models.write_info(folder, models.read_info(folder))
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def refused(folder, *words):
    with pytest.raises(ModelRefused) as caught:
        models.load(folder)
    for word in words:
        assert word in str(caught.value)


def test_a_loaded_model_predicts_what_the_fitted_one_does(folder):
    fitted, samples = trained("wine_grade", 800), training_data("wine_grade", 800).test
    pd.testing.assert_frame_equal(
        models.predict(models.load(folder), samples), models.predict(fitted.model, samples), rtol=1e-12
    )


def test_a_model_says_what_it_is(folder):
    model = models.load(folder)
    assert (model.task, model.version, model.classes) == ("wine_grade", 0, GRADE.classes)
    assert list(model.inputs) == list(GRADE.inputs)
    alcohol = model.inputs["alcohol"]
    assert alcohol["unit"] == "% vol"
    assert alcohol["low"] < alcohol["min"] <= alcohol["p01"] < alcohol["p99"] <= alcohol["max"] < alcohol["high"]
    assert model.info["scikit_learn"] == sklearn.__version__
    assert model.info["commit"] == "abc"


@pytest.mark.parametrize("name", ["card.md", "training.ipynb"])
def test_a_change_of_what_only_people_read_is_a_warning(folder, name, caplog):
    (folder / name).write_text("as it was")
    models.write_info(folder, models.read_info(folder))
    (folder / name).write_text("with a note in it")
    assert models.load(folder).task
    assert f"{folder / name} was changed" in caplog.text


def test_a_description_that_names_no_model_file_is_refused(folder):
    info = models.read_info(folder)
    del info["sha256"]["model.skops"]
    info["checksum"] = checksum(info)
    (folder / "model.json").write_text(json.dumps(info))
    refused(folder, "model.skops", "changed")


@pytest.mark.parametrize("name", ["model.skops", "model.json"])
def test_one_changed_byte_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    place = content.index(b"excellent") if name == "model.json" else len(content) // 2
    content[place] ^= 1
    (folder / name).write_bytes(content)
    refused(folder, name, "changed", "train a new one")


def test_another_version_of_scikit_learn_is_refused(folder):
    info = models.read_info(folder)
    models.write_info(folder, {**info, "scikit_learn": "0.24.2"})
    refused(folder, "0.24.2", sklearn.__version__, "python -m pipelines train wine_grade")


def test_a_missing_model_file_is_refused(folder):
    (folder / "model.skops").unlink()
    refused(folder, "model.skops is missing")


def test_a_missing_description_is_refused(tmp_path):
    refused(tmp_path / "nothing", "no readable model.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"task": "wine_grade"}',
        '{"task": 3}',
        '{"inputs": {"ph": []}}',
        pytest.param("[" * 9999, id="deep"),
    ],
)
def test_a_broken_description_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    refused(folder, "model.json")


def test_what_only_a_person_reads_may_be_left_out_of_a_copy(folder):
    (folder / "card.md").unlink()
    assert models.load(folder).task == "wine_grade"


def test_classes_that_the_model_does_not_have_are_refused(folder):
    info = models.read_info(folder)
    models.write_info(folder, {**info, "classes": [*info["classes"], "divine"]})
    refused(folder, "3 classes", "says 4")


def test_only_the_pinned_type_has_to_be_trusted(folder):
    assert tuple(skops.io.get_untrusted_types(file=folder / "model.skops")) == model_module.TRUSTED
    assert model_module.TRUSTED == ("sklearn.tree._tree.Tree",)


def test_a_type_that_is_not_pinned_is_refused_when_saving_and_when_loading(folder):
    rows = training_data("iris_variety")
    booster = HistGradientBoostingClassifier(max_iter=2).fit(rows.learning_rows.matrix, rows.learning_rows.labels)
    strange = Ensemble(np.zeros(4), {"booster": booster}, None, 3, ordinal=False)
    info = models.read_info(folder)
    with pytest.raises(ModelRefused, match="TreePredictor"):
        models.save(folder, strange, info)
    models.write_info(folder, info)
    refused(folder, "TreePredictor", "not trusted")


def test_a_file_that_is_no_skops_file_is_refused(folder):
    (folder / "model.skops").write_bytes(b"\x80\x04pickle")
    models.write_info(folder, models.read_info(folder))
    refused(folder, "model.skops", "no skops file")


def test_the_description_is_strict_json(folder):
    json.loads((folder / "model.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} in model.json"))


def test_probabilities_add_up_and_predictions_keep_the_index():
    samples = measured("wine_grade").set_axis(list("edcba"))
    predicted = models.predict(trained("wine_grade", 800).model, samples)
    assert list(predicted.columns) == ["prediction", *GRADE.probability_columns]
    assert list(predicted.index) == list("edcba")
    assert predicted[GRADE.probability_columns].sum(axis=1).to_numpy() == pytest.approx(1)
    assert (predicted[GRADE.probability_columns] > 0).all(axis=None)
    assert set(predicted["prediction"]) <= set(GRADE.classes)


def test_a_row_alone_gets_what_it_gets_among_others():
    model, samples = trained("wine_grade", 800).model, measured("wine_grade", 40)
    together = models.predict(model, samples)
    alone = pd.concat([models.predict(model, samples.iloc[[i]]) for i in range(len(samples))])
    pd.testing.assert_frame_equal(alone, together, rtol=1e-9)


def test_missing_cells_unknown_categories_and_other_columns_are_no_obstacle():
    samples = measured("wine_grade").astype(object).assign(remark="hello", quality=None)
    samples.loc[samples.index[0], "alcohol"] = None
    samples.loc[samples.index[1], "ph"] = np.inf
    samples.loc[samples.index[2], "type"] = None
    samples.loc[samples.index[3], "type"] = "rosé"
    predicted = models.predict(trained("wine_grade", 800).model, samples)
    assert predicted.notna().all(axis=None)


def test_a_missing_cell_counts_as_the_median_of_the_training_rows():
    done, samples = trained("wine_grade", 800), measured("wine_grade")
    median = done.data.train["alcohol"].median()
    gaps, filled = samples.assign(alcohol=np.nan), samples.assign(alcohol=median)
    pd.testing.assert_frame_equal(models.predict(done.model, gaps), models.predict(done.model, filled))


def test_no_rows_give_no_predictions():
    predicted = models.predict(trained("wine_grade", 800).model, measured("wine_grade").head(0))
    assert list(predicted.columns) == ["prediction", *GRADE.probability_columns]
    assert predicted.empty


def test_a_missing_input_column_is_named():
    with pytest.raises(UsageError, match="lack the column alcohol"):
        models.predict(trained("wine_grade", 800).model, measured("wine_grade").drop(columns="alcohol"))


def test_text_categories_may_be_of_any_text_type():
    samples = measured("wine_grade")
    inputs = training_data("wine_grade").inputs
    strings = samples.assign(type=samples["type"].astype("string"))
    np.testing.assert_array_equal(models.encode(inputs, strings), models.encode(inputs, samples))


def test_numbers_come_before_categories_in_the_matrix():
    inputs = {"colour": {"kind": "categorical", "values": ["red", "blue"]}, "size": {"kind": "numeric"}}
    samples = pd.DataFrame({"size": [1.5, None], "colour": ["blue", None]})
    np.testing.assert_array_equal(models.encode(inputs, samples), [[1.5, 0, 1], [np.nan, 0, 0]])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"kind": "argmax"}, ["fair", "fair"]),
        ({"kind": "weights", "weights": {"poor": 5, "fair": 1, "excellent": 1}}, ["poor", "fair"]),
        ({"kind": "cut_points", "cut_points": [0.95, 1.25]}, ["poor", "excellent"]),
    ],
)
def test_rules_decide(rule, expected):
    chances = np.array([[0.2, 0.7, 0.1], [0.05, 0.6, 0.35]])
    assert list(models.decide(GRADE.classes, chances, rule)) == expected


def test_weights_are_found_by_name_not_by_position():
    rule = {"kind": "weights", "weights": {"excellent": 1, "poor": 9, "fair": 1}}
    assert list(models.decide(GRADE.classes, np.array([[0.2, 0.7, 0.1]]), rule)) == ["poor"]


def test_a_slim_forest_predicts_as_before_and_the_fast_way_as_the_slow():
    rows = training_data("wine_grade", 800).learning_rows
    forest = ExtraTreesClassifier(20, random_state=0).fit(rows.matrix, rows.labels)
    before = forest.predict_proba(rows.matrix)
    after = member_probabilities(slim(forest), rows.matrix, 3)
    # A threshold in single precision may move a row that lies exactly on it.
    assert np.abs(after - before).max(axis=1).mean() < 0.001
    np.testing.assert_allclose(after, forest.predict_proba(rows.matrix), atol=1e-12)


def test_a_class_that_a_member_has_not_seen_is_possible_all_the_same():
    forest = ExtraTreesClassifier(5, random_state=0).fit(np.eye(4), [0, 0, 2, 2])
    known = member_probabilities(forest, np.eye(4), 3)
    assert (known[:, 1] == 0).all()
    mixed = blended([known], None, ordinal=False)
    assert (mixed[:, 1] > 0).all()
    assert mixed.sum(axis=1) == pytest.approx(1)


def test_log_odds_of_ordered_classes_are_cumulative():
    answer = np.array([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(log_odds([answer], ordinal=True), np.log([[0.2 / 0.8, 0.5 / 0.5]]))
    np.testing.assert_allclose(log_odds([answer], ordinal=False), np.log([[0.2 / 0.8, 0.3 / 0.7, 0.5 / 0.5]]))


def test_medians_are_over_what_is_there():
    matrix = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(medians(matrix), [2.0, 0.0])


def test_many_rows_are_predicted_on_all_cores_and_each_is_what_it_is_alone(monkeypatch):
    threads = set()
    model = stub_model(GRADE, lambda matrix: threads.add(threading.get_ident()) or together(matrix))
    both = threading.Barrier(2, timeout=60)

    def together(matrix):
        both.wait()  # passes where two are asked at once
        return np.column_stack([matrix[:, 0], 1 - matrix[:, 0], np.zeros(len(matrix))])

    monkeypatch.setattr(model_module, "CHUNK", 2)
    monkeypatch.setattr(model_module, "cpu_count", lambda: 2)
    shares = np.linspace(0, 1, 4)
    matrix = np.column_stack([shares, np.zeros((4, len(model.estimator.fill) - 1))])
    answers = model_module.matrix_answers(model, matrix)
    np.testing.assert_allclose(answers, np.column_stack([shares, 1 - shares, np.zeros(4)]), atol=1e-3)
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_many_rows_are_predicted_in_chunks(monkeypatch):
    sizes = []
    model = stub_model(GRADE, lambda matrix: sizes.append(len(matrix)) or np.full((len(matrix), 3), 1 / 3))
    monkeypatch.setattr("pipelines.models.ensemble.CHUNK", 2)
    assert len(models.predict(model, measured("wine_grade", 5))) == 5
    assert sizes == [2, 2, 1]


def test_a_category_of_many_values_has_columns_for_the_frequent_ones_and_one_for_how_frequent():
    inputs = {
        "age": {"kind": "numeric"},
        "shop": {"kind": "categorical", "values": [*"abcd"], "own": ["b"], "frequencies": {"a": 0.5, "b": 1.0}},
    }
    samples = pd.DataFrame({"age": [1.0, 2.0, None, 4.0], "shop": ["b", "a", "c", None]})
    expected = [[1, 1, 1], [2, 0, 0.5], [np.nan, 0, 0], [4, 0, 0]]
    np.testing.assert_array_equal(models.encode(inputs, samples), expected)
    assert model_module.columns_of_inputs(inputs).tolist() == [0, 1, 1]
