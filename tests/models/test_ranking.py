"""What accuracy hides where a class is rare: how it is ranked, and what the answers make of it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pipelines.datasets import task_named
from pipelines.models.ranking import precision_recall, rankings

TYPE = task_named("wine_type")
GRADE = task_named("wine_grade")


def rare(rows=600, share=0.05, seed=0, digits=2):
    """Labels and probabilities of a class that few samples have, with ties."""
    rng = np.random.default_rng(seed)
    of_class = rng.random(rows) < share
    chances = np.clip(rng.beta(1, 6, rows) + 0.3 * of_class, 0, 1).round(digits)
    return np.where(of_class, "red", "white"), np.column_stack([chances, 1 - chances])


def ranked(labels, chances, threshold=0.3, **options):
    answers = np.where(chances[:, 0] >= threshold, "red", "white")
    return rankings(TYPE, labels, answers, chances, np.random.default_rng(0), **options)


@pytest.mark.parametrize("seed", range(5))
def test_the_areas_are_those_of_scikit_learn_ties_and_all(seed):
    labels, chances = rare(seed=seed, digits=1)
    found = ranked(labels, chances)
    for name, column in (("red", 0), ("white", 1)):
        assert found[name].average_precision.value == pytest.approx(
            average_precision_score(labels == name, chances[:, column])
        )
        assert found[name].roc_auc.value == pytest.approx(roc_auc_score(labels == name, chances[:, column]))


def test_the_curve_is_that_of_scikit_learn():
    labels, chances = rare(digits=1)
    precision, recall = precision_recall(labels == "red", chances[:, 0])
    theirs = precision_recall_curve(labels == "red", chances[:, 0])
    assert precision.tolist() == pytest.approx(theirs[0][-2::-1].tolist())
    assert recall.tolist() == pytest.approx(theirs[1][-2::-1].tolist())


def test_precision_and_recall_are_those_of_the_answers():
    labels, chances = rare()
    found, answered = ranked(labels, chances)["red"], chances[:, 0] >= 0.3
    assert found.precision.value == (labels == "red")[answered].mean()
    assert found.recall.value == answered[labels == "red"].mean()
    assert found.precision.low < found.precision.value < found.precision.high


def test_intervals_hold_the_value_of_many_samples():
    labels, chances = rare(rows=200_000, seed=99)
    true = average_precision_score(labels == "red", chances[:, 0])
    held = [
        found.average_precision.low <= true <= found.average_precision.high
        for found in (ranked(*rare(seed=seed))["red"] for seed in range(20))
    ]
    assert sum(held) >= 17


def test_rows_that_are_resampled_together_make_the_interval_wider():
    labels, chances = rare(rows=200)
    ten_times = [np.repeat(part, 10, axis=0) for part in (labels, chances)]
    alone, together = ranked(*ten_times)["red"], ranked(*ten_times, groups=np.repeat(np.arange(200), 10))["red"]
    width = {name: e.roc_auc.high - e.roc_auc.low for name, e in (("alone", alone), ("together", together))}
    assert width["together"] > 2 * width["alone"]


def test_a_guess_has_the_share_of_the_class_and_a_half():
    labels, _ = rare()
    found = ranked(labels, np.full((len(labels), 2), 0.5))["red"]
    assert found.average_precision.value == pytest.approx((labels == "red").mean())
    assert found.roc_auc.value == 0.5


@pytest.mark.parametrize(("share", "rows", "enough"), [(0.05, 600, True), (0.05, 60, False), (0.5, 20, False)])
def test_too_few_of_a_kind_are_called_so(share, rows, enough):
    assert ranked(*rare(rows=rows, share=share))["red"].enough == enough


def test_a_class_that_nothing_or_everything_is_has_no_ranking():
    chances = np.full((4, 3), 1 / 3)
    task = replace(GRADE)
    assert list(rankings(task, ["fair"] * 4, ["fair"] * 4, chances, np.random.default_rng(0))) == []
    assert list(rankings(task, ["fair", "poor", None, None], ["fair"] * 4, chances, np.random.default_rng(0))) == [
        "poor", "fair",
    ]  # fmt: skip
