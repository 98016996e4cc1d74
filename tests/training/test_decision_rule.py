import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from pipelines.datasets import task_named
from pipelines.training import decision_rule as decisions
from tests.outcomes import with_outcome

GRADE, QUALITY = task_named("wine_grade"), task_named("wine_quality")


def rare_and_common(rows=3000, seed=0):
    """Calibrated probabilities of three classes of which the first is rare and never the most probable."""
    rng = np.random.default_rng(seed)
    poor = rng.beta(1, 12, rows) * 0.45
    excellent = rng.beta(1.2, 4, rows) * (1 - poor) * 0.8
    chances = np.column_stack([poor, 1 - poor - excellent, excellent])
    return (rng.random(rows)[:, None] > chances.cumsum(axis=1)).sum(axis=1), chances


def decided(task, chances, rule):
    return decisions.positions(task, chances, rule)


def test_tuned_weights_beat_the_most_probable_class_on_other_rows():
    labels, chances = rare_and_common()
    rule = decisions.tune(GRADE, labels, chances)
    others, their_chances = rare_and_common(seed=1)
    plain = f1_score(others, their_chances.argmax(axis=1), average="macro")
    tuned = f1_score(others, decided(GRADE, their_chances, rule), average="macro")
    assert tuned > plain + 0.05
    weights = [(poor, 1, excellent) for poor in np.geomspace(1, 9, 20) for excellent in np.geomspace(1, 4, 15)]
    possible = [f1_score(others, (their_chances * each).argmax(axis=1), average="macro") for each in weights]
    assert tuned > max(possible) - 0.015
    assert rule["weights"]["poor"] > rule["weights"]["excellent"] > rule["weights"]["fair"] == 1


def test_of_equally_good_weights_the_lowest_recall_counts(monkeypatch):
    labels, chances = rare_and_common()

    def lowest(tolerance):
        monkeypatch.setattr(decisions, "WEIGHTS_TOLERANCE", tolerance)
        answers = decided(GRADE, chances, decisions.tune(GRADE, labels, chances))
        return min((answers[labels == label] == label).mean() for label in range(3))

    assert lowest(0.01) > lowest(0.0)


def test_cut_points_beat_rounding_on_other_rows():
    def quality(seed):
        rng = np.random.default_rng(seed)
        middle = rng.normal(3, 0.6, 3000)
        chances = np.exp(-((np.arange(7) - middle[:, None]) ** 2) / 1.2)
        chances /= chances.sum(axis=1, keepdims=True)
        return (rng.random(3000)[:, None] > chances.cumsum(axis=1)).sum(axis=1), chances

    rule = decisions.tune(QUALITY, *quality(0))
    labels, chances = quality(1)
    tuned = cohen_kappa_score(labels, decided(QUALITY, chances, rule), weights="quadratic")
    rounded = cohen_kappa_score(labels, (chances @ np.arange(7)).round().astype(int), weights="quadratic")
    assert tuned > rounded + 0.02
    assert np.all(np.diff(rule["cut_points"]) > 0)


def test_a_task_may_take_the_most_probable_class():
    labels, chances = rare_and_common(50)
    assert decisions.tune(with_outcome(GRADE, decision="argmax"), labels, chances) == {"kind": "argmax"}


@pytest.mark.parametrize(("task", "average"), [(GRADE, "macro"), (QUALITY, None)])
def test_scores_agree_with_scikit_learn(task, average):
    rng = np.random.default_rng(0)
    labels, answers = rng.integers(0, len(task.classes), (2, 400))
    known = (
        f1_score(labels, answers, average=average)
        if average
        else cohen_kappa_score(labels, answers, weights="quadratic")
    )
    assert decisions.score_positions(task, labels, answers) == pytest.approx(known)


def test_rules_can_be_tuned_on_one_class_or_two_rows():
    for task in (GRADE, QUALITY):
        k = len(task.classes)
        for labels in (np.zeros(2, dtype=int), np.array([0, 1])):
            rule = decisions.tune(task, labels, np.full((2, k), 1 / k))
            assert decided(task, np.full((3, k), 1 / k), rule).shape == (3,)


def test_costs_choose_what_costs_least_on_other_rows():
    # To call a poor wine fair or excellent is twenty times as bad as any other mistake.
    costs = ((0.0, 20.0, 20.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
    task = with_outcome(GRADE, decision="costs", costs=costs)
    labels, chances = rare_and_common()
    answers = decided(task, chances, decisions.tune(task, labels, chances))
    paid = np.array(costs)[labels, answers].mean()
    assert paid < np.array(costs)[labels, chances.argmax(axis=1)].mean()
    assert paid < min(np.array(costs)[labels, answer].mean() for answer in range(3))


def test_equal_costs_choose_the_most_probable_class():
    task = with_outcome(GRADE, decision="costs", costs=((0, 1, 1), (1, 0, 1), (1, 1, 0)))
    labels, chances = rare_and_common(rows=200)
    assert (decided(task, chances, decisions.tune(task, labels, chances)) == chances.argmax(axis=1)).all()
