import re

import numpy as np
import pandas as pd
import pytest
from trainings import always, stub_model, telling, training_data

from pipelines.datasets import task_named
from pipelines.training.promotion import Unseen, against_baseline, against_champion, by_order, untouched
from tests.outcomes import with_outcome

GRADE = task_named("wine_grade")
WINE = GRADE.dataset


@pytest.fixture(scope="module")
def held_out():
    return training_data("wine_grade").test


def decide(held_out, champion, challenger, arrived=None, task=GRADE):
    unseen = Unseen(held_out, held_out.head(0) if arrived is None else arrived)
    one, other = stub_model(task, champion, version=1), stub_model(task, challenger, version=2)
    rng = np.random.default_rng(0)
    return against_champion(task, unseen, challenger=other, champion=one, rng=rng)


def test_a_surely_better_version_becomes_champion(held_out):
    decision = decide(held_out, telling(GRADE, held_out, 0.5), telling(GRADE, held_out, 0.8))
    assert decision.promote
    assert decision.sentence.startswith("Version 2 becomes champion: on 1,060 test rows that neither has seen")
    assert "Macro-F1 differs from that of version 1 by +0." in decision.sentence


def test_a_model_that_always_says_fair_does_not(held_out):
    decision = decide(held_out, telling(GRADE, held_out, 0.5), always(GRADE, "fair"))
    assert not decision.promote
    assert "no sure gain" in decision.sentence


def test_the_same_model_does_not(held_out):
    same = telling(GRADE, held_out, 0.6)
    decision = decide(held_out, same, same)
    assert not decision.promote
    assert "+0.000" in decision.sentence


def test_a_gain_within_noise_does_not(held_out):
    champion, perfect, seen = telling(GRADE, held_out, 0.6), telling(GRADE, held_out, 1.0), []

    def one_more_right(matrix):
        chances, right = champion(matrix), perfect(matrix)
        wrong = np.flatnonzero(chances.argmax(axis=1) != right.argmax(axis=1))[:1]
        chances[wrong] = right[wrong]
        seen.extend(wrong)
        return chances

    decision = decide(held_out, champion, one_more_right)
    assert seen
    assert not decision.promote
    assert re.search(r"by \+0\.00[1-9]", decision.sentence)


def test_a_better_score_must_not_cost_a_guarded_class_its_recall(held_out):
    labels = dict(zip(held_out["sample_id"], GRADE.labels(held_out), strict=True))
    poor_knower = telling(GRADE, held_out[[labels[s] == "poor" for s in held_out["sample_id"]]], 1.0)

    def champion(matrix):
        return poor_knower(matrix)

    perfect = telling(GRADE, held_out, 1.0)

    def challenger(matrix):
        chances = perfect(matrix)
        poor = chances.argmax(axis=1) == 0
        chances[poor] = always(GRADE, "fair")(matrix[poor])
        return chances

    decision = decide(held_out, champion, challenger)
    assert not decision.promote
    assert "recall of poor falls by 1.000, more than 0.05" in decision.sentence
    unguarded = decide(held_out, champion, challenger, task=with_outcome(GRADE, guarded=()))
    assert unguarded.promote


def test_arrivals_count_too_but_cannot_outvote_the_test_rows(held_out):
    test, arrived = held_out.iloc[:300].reset_index(drop=True), held_out.iloc[300:].reset_index(drop=True)
    good, bad = telling(GRADE, held_out, 1.0), telling(GRADE, held_out, 0.0)
    of_test = {tuple(row) for row in test[list(GRADE.inputs[:11])].to_numpy()}

    def better_on_arrivals_only(matrix):
        on_test = np.array([tuple(row[:11]) in of_test for row in matrix])
        return np.where(on_test[:, None], bad(matrix), good(matrix))

    average = telling(GRADE, held_out, 0.4)
    decision = decide(test, average, better_on_arrivals_only, arrived)
    assert not decision.promote
    assert "300 test rows and 760 arrivals" in decision.sentence
    assert "on the test rows alone by -" in decision.sentence
    assert decide(test, average, good, arrived).promote


def info(score, low, high, baseline=0.289):
    return {
        "metrics": {"macro_f1": {"value": score, "low": low, "high": high}},
        "baseline": {"macro_f1": baseline},
        "data": {"test_rows": 1060, "released": []},
    }


def test_the_first_version_must_beat_the_majority_class():
    first = against_baseline(GRADE, 1, info(0.58, 0.54, 0.62), "Wine grade has no champion yet")
    assert first.promote
    assert first.sentence == (
        "Wine grade has no champion yet. Version 1 becomes champion: its Macro-F1 on 1,060 test rows is 0.580 "
        "(0.540 to 0.620), above the 0.289 of always answering the majority class."
    )
    always_fair = against_baseline(GRADE, 1, info(0.289, 0.286, 0.292), "Wine grade has no champion yet")
    assert not always_fair.promote
    assert "not surely above the 0.289" in always_fair.sentence


def test_a_score_that_is_no_number_does_not_become_champion():
    decision = against_baseline(GRADE, 1, info(None, None, None, None), "No champion")
    assert not decision.promote
    assert "1,060 test rows cannot tell its Macro-F1" in decision.sentence


def test_a_person_may_order():
    assert by_order(3, "always", "ada").promote
    assert not by_order(3, "never", "ada").promote
    assert "ada" in by_order(3, "never", "ada").sentence


def arrivals():
    days = pd.to_datetime(["2026-11-20", "2026-11-20", "2026-11-21", "2026-11-22"], utc=True)
    return pd.DataFrame({"sample_id": list("abcd"), "event_time": days, "origin": "replayed"})


def released(*samples):
    return {"data": {"released": list(samples)}}


def test_a_day_that_a_version_has_learned_from_is_left_out_whole():
    left = untouched(arrivals(), released("a"), released("d"))
    assert list(left["sample_id"]) == ["c"]


def test_simulated_samples_are_unseen_only_where_no_reserve_row_was_learned():
    simulated = arrivals().assign(origin="simulated")
    assert len(untouched(simulated, released(), released())) == 4
    assert untouched(simulated, released("x"), released()).empty
