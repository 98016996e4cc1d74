import pytest
from front.documents import empty, estimate, healthy

from pipelines.front.classes import of_hundred
from pipelines.front.sentences import outcome_words, plain_sentences


def told(name, document=None):
    document = document or healthy()
    task = document["tasks"][name]
    return plain_sentences(task, document["datasets"][task["dataset"]])


def test_a_task_of_few_classes_is_right_about_so_many_of_a_hundred():
    assert told("iris_variety") == (
        "Right about 98 of 100 flowers.", "Always saying versicolor would be right about 38 of 100.",
    )  # fmt: skip


def test_an_ordinal_task_of_many_classes_is_nearly_right():
    says, beside = told("wine_quality")
    assert says == "Within one point for 95 of 100 wines, exactly right for 50 of 100."
    assert beside == "Always saying 6 would be right about 40 of 100."


def test_where_the_majority_is_right_as_often_the_rare_classes_are_what_counts():
    says, beside = told("wine_grade")
    assert says == "Finds 5 of 10 poor and 5 of 10 excellent wines."
    assert beside == "Always saying fair would be right about 77 of 100, and find none of them."


def test_rare_classes_of_which_too_few_have_come_are_told_from_the_test():
    document = healthy()
    task = document["tasks"]["wine_grade"]
    for rare in ("poor", "excellent"):
        task["live"][f"recall_{rare}"] = estimate(0.0, needs="2 of 10 samples")
        task["held_out"][f"recall_{rare}"] = {"value": 0.31}
    assert told("wine_grade", document)[0] == "In the test it found 3 of 10 poor and 3 of 10 excellent wines."


def test_with_too_few_outcomes_the_promise_is_told_as_one():
    document = healthy()
    document["tasks"]["iris_variety"]["live"]["accuracy"] = estimate(1.0, needs="10 of 30 samples")
    says, beside = told("iris_variety", document)
    assert says == "In the test it was right about 98 of 100 flowers."
    assert "too early to tell: 10 of 30 samples" in beside


def test_without_a_model_it_says_how_to_get_one():
    assert told("iris_variety", empty())[0] == "No model has been trained yet."


@pytest.mark.parametrize(
    ("share", "words"), [(1, "100 of 100"), (0.999, "99 of 100"), (0.984, "98 of 100"), (0, "0 of 100")]
)
def test_only_what_is_never_wrong_is_a_hundred(share, words):
    assert of_hundred(share) == words


@pytest.mark.parametrize(
    ("label", "words"), [("a", ("ok", "✓ right")), ("b", ("bad", "✗ it was b")), (None, ("quiet", "not known yet"))]
)
def test_an_outcome_is_told_in_shape_and_words(label, words):
    assert outcome_words({}, {"prediction": "a", "label": label}) == words


def test_an_outcome_that_was_corrected_says_so():
    row = {"prediction": "a", "label": "b", "corrected_at": "2026-11-24T06:47:00+00:00"}
    assert outcome_words({}, row) == ("bad", "✗ it was b, corrected")
