import numpy as np
import pytest

from spaces.predict.answer import answer
from spaces.predict.class_game import judged, question, revealed
from spaces.predict.game import dealt


@pytest.fixture(name="predictor")
def fixture_predictor(predictors):
    return predictors["wine_grade"]


@pytest.fixture(name="begun")
def fixture_begun(predictor):
    return dealt(predictor, np.random.default_rng(0), None)


def test_a_round_is_a_reserve_sample_that_no_model_learnt(predictor, begun):
    names = list(predictor.task.inputs)
    rows = predictor.reserve[names]
    assert any(all(row[name] == begun["sample"][name] for name in names) for _, row in rows.iterrows())
    assert answer(predictor, begun["sample"])["remembered"] is None


def test_a_question_shows_every_measurement_and_every_class_and_not_the_truth(predictor, begun):
    page = question(predictor, begun)
    assert [f'data-guess="{label}"' in page for label in predictor.task.classes] == [True] * 3
    assert all(feature.title in page for feature in predictor.features)
    assert question(predictor, {**begun, "truth": "another", "told": "another"}) == page


def test_a_guess_counts_once_for_each_player(predictor, begun):
    known = {**begun, "truth": "excellent"}
    done = judged(predictor, known, "excellent", "poor")
    assert done["score"] == {"rounds": 1, "you": 1, "model": 0, "always": 0}
    assert predictor.majority() == "fair"
    assert judged(predictor, done, "excellent", "excellent") == done


def test_a_guess_that_is_no_class_changes_nothing(predictor, begun):
    assert judged(predictor, begun, "<b>", "fair") == begun


def test_the_score_goes_on_with_the_next_sample_and_begins_anew_with_another_task(predictor, predictors, begun):
    rng = np.random.default_rng(1)
    done = judged(predictor, {**begun, "truth": "fair"}, "fair", "fair")
    assert dealt(predictor, rng, done)["score"] == done["score"]
    assert dealt(predictors["iris_variety"], rng, done)["score"]["rounds"] == 0


@pytest.mark.parametrize(
    ("guess", "said", "words"),
    [
        ("fair", "fair", "You and the model are right."),
        ("fair", "poor", "You beat the model."),
        ("poor", "fair", "The model is right, and you are not."),
        ("poor", "poor", "You and the model are both wrong."),
    ],
)
def test_the_truth_is_revealed_with_who_was_right_and_what_led_the_model(predictor, begun, guess, said, words):
    found = {**answer(predictor, begun["sample"]), "prediction": said}
    done = judged(predictor, {**begun, "truth": "fair", "told": "6"}, guess, said)
    page = revealed(predictor, done, found)
    assert "It is fair (quality 6)." in page
    assert words in page
    lead = "What gave it away to the model" if said == "fair" else "What led the model astray"
    assert lead in page
