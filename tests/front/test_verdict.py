"""The verdict in each state; every surface shows what this function says."""

from datetime import timedelta

import pytest
from front.documents import LATE_AFTER, NOW, empty, estimate, healthy

from pipelines.documents.metrics import no_parts
from pipelines.front.findings import much_in_quarantine
from pipelines.front.verdict import too_early, verdict

BROKEN = {"days": 7, "arrived": 33, "quarantined": 47, "since": "2026-11-03"}


@pytest.fixture(name="document")
def fixture_document():
    return healthy()


def below(task, since="2026-11-12"):
    task["alarms"][0] |= {"on": True, "since": since}
    task["live"]["accuracy"] = estimate(0.41)


def states(told):
    return {name: task.state for name, task in told.tasks.items()}


def test_in_health_all_models_keep_their_promise_and_the_next_run_is_told(document):
    told = verdict(document, NOW)
    assert (told.state, told.headline, told.findings) == ("ok", "All 3 models keep their promise", ())
    assert told.as_of == "As of 24 November 2026, 06:47 UTC. The next run is due on 25 November."
    assert told.facts == "200 samples have arrived, none is in quarantine."
    assert {task.words for task in told.tasks.values()} == {"keeps its promise"}


def test_one_model_below_its_promise_needs_somebody(document):
    below(document["tasks"]["iris_variety"])
    told = verdict(document, NOW)
    assert (told.state, told.headline) == ("bad", "1 of 3 models needs you: Iris variety")
    (finding,) = told.findings
    assert (finding.about, finding.lead) == ("Iris", "Below the promise since 12 November")
    assert "Accuracy is 0.41, promised at least 0.55" in finding.detail
    assert finding.advice
    assert states(told) == {"iris_variety": "bad", "wine_grade": "ok", "wine_quality": "ok"}


def expecting(task, *highs):
    """Days from the 20th on with the upper end of the band of the expected accuracy; the promise is 0.55."""
    task["expectation"]["over_time"] = [
        {"version": 1, "day": f"2026-11-{day}", "expected_accuracy": high and high - 0.1,
         "expected_accuracy_low": high and high - 0.2, "expected_accuracy_high": high}
        for day, high in enumerate(highs, 20)
    ]  # fmt: skip


def test_a_score_that_is_surely_expected_below_its_promise_needs_somebody_before_the_truth_is_known(document):
    task = document["tasks"]["iris_variety"]
    expecting(task, 0.5, 0.7, 0.54, 0.5)
    told = verdict(document, NOW)
    (finding,) = told.findings
    assert (finding.kind, finding.lead) == ("expected", "Expected below the promise since 22 November")
    assert finding.detail == "Iris variety, whose Accuracy is expected to be 0.40, promised at least 0.55"
    assert told.tasks["iris_variety"].words == "expected below its promise"
    below(task)
    assert [each.kind for each in verdict(document, NOW).findings] == ["quality"], "what turned out says it already"


@pytest.mark.parametrize("highs", [(), (0.5, 0.56), (0.5, None)])
def test_a_band_that_reaches_the_promise_or_is_not_told_is_no_news(document, highs):
    expecting(document["tasks"]["iris_variety"], *highs)
    assert verdict(document, NOW).state == "ok"


def test_much_quarantine_needs_somebody_and_concerns_all_tasks_of_the_data(document):
    document["datasets"]["wine"]["lately"] = BROKEN
    told = verdict(document, NOW)
    assert told.headline == "2 of 3 models need you: Wine grade, Wine quality"
    assert told.findings[0].lead == "Broken measurements since 3 November"
    assert told.findings[0].detail == "47 of 80 wines of the last 7 days are in quarantine"
    assert told.tasks["wine_grade"].words == "gets broken measurements"


def test_the_cause_is_told_before_what_it_does_to_scores_and_strange_answers_are_no_news(document):
    document["datasets"]["iris"]["lately"] = BROKEN
    document["datasets"]["iris"]["drift"]["alarms"] = ["length", "all inputs"]
    task = document["tasks"]["iris_variety"]
    below(task)
    task["drift"]["alarms"] = ["prediction"]
    told = verdict(document, NOW)
    assert [finding.kind for finding in told.findings] == ["quarantine", "quality"]
    assert told.findings[0].detail.endswith("of the others, Length no longer looks as in training")
    assert "Mend the source, not the model." in told.findings[0].advice
    assert told.findings[1].advice == "See to the measurements first: the answers follow from them."
    assert told.tasks["iris_variety"].words == "below its promise"


@pytest.mark.parametrize(
    ("alarms", "words"),
    [(["length"], "Length no longer looks as in training"), (["all inputs"], "no longer go together as in training")],
)
def test_changed_inputs_need_somebody(document, alarms, words):
    document["datasets"]["iris"]["drift"] |= {"alarms": alarms, "since": "2026-11-20"}
    told = verdict(document, NOW)
    assert told.findings[0].lead == "Unusual flowers since 20 November"
    assert words in told.findings[0].detail
    assert told.tasks["iris_variety"].words == "its inputs have changed"


def test_an_input_that_no_task_takes_concerns_nobody(document):
    document["datasets"]["iris"]["drift"]["alarms"] = ["colour"]
    assert verdict(document, NOW).state == "ok"


def test_another_mix_needs_somebody(document):
    document["tasks"]["wine_grade"]["drift"]["alarms"] = ["label"]
    told = verdict(document, NOW)
    assert told.findings[0].lead == "Another mix in what turns out"
    assert told.tasks["wine_grade"].words == "the mix has changed"


def test_a_missed_run_is_late_and_an_alarm_outweighs_it(document):
    late = NOW + timedelta(days=2)
    told = verdict(document, late)
    assert (told.state, told.headline) == ("late", "The daily run is late since 26 November")
    assert "last run was on 24 November 2026, 06:47 UTC" in told.findings[0].detail
    assert set(states(told).values()) == {"ok"}
    below(document["tasks"]["iris_variety"])
    told = verdict(document, late)
    assert told.state == "bad"
    assert [finding.kind for finding in told.findings] == ["late", "quality"]


def test_an_outcome_that_is_overdue_needs_somebody_unless_no_run_could_learn_it(document):
    still = {"n": 3, "since": "2026-11-21", "overdue_after": "2026-11-24T00:00:00+00:00"}
    document["tasks"]["wine_grade"]["awaiting"] = still
    told = verdict(document, NOW)
    assert told.headline == "1 of 3 models needs you: Wine grade"
    (finding,) = told.findings
    assert (finding.about, finding.lead) == ("Wine Quality", "What turned out is overdue since 24 November")
    assert finding.detail == "Wine grade is awaiting the truth: 3, the oldest since 21 November"
    assert told.tasks["wine_grade"].words == "waits for the truth too long"
    assert verdict(document, NOW + timedelta(days=2)).findings[0].kind == "late"
    assert len(verdict(document, NOW + timedelta(days=2)).findings) == 1
    document["tasks"]["wine_grade"]["awaiting"] = still | {"overdue_after": NOW.isoformat()}
    assert verdict(document, NOW).state == "ok"


def test_a_run_of_tomorrow_had_a_wrong_clock_which_hides_that_it_is_late(document):
    ahead = "2031-05-17T06:47:00+00:00"
    document["tasks"]["iris_variety"] |= {"last_run": ahead, "late_after": "2031-05-19T06:47:00+00:00"}
    told = verdict(document, NOW)
    assert (told.state, told.headline) == ("late", "A clock was wrong")
    assert "17 May 2031" in told.findings[0].detail
    assert "Set the clock" in told.findings[0].advice
    document["tasks"]["iris_variety"]["last_run"] = (NOW + timedelta(minutes=50)).isoformat()
    assert verdict(document, NOW).state == "ok"


def test_a_run_is_not_late_in_the_very_second(document):
    document["tasks"] = {"iris_variety": document["tasks"]["iris_variety"] | {"late_after": NOW.isoformat()}}
    assert verdict(document, NOW).state == "ok"
    assert NOW.isoformat() < LATE_AFTER


def test_before_the_first_run_nothing_is_promised():
    for nothing in (empty(), no_parts()):
        told = verdict(nothing, NOW)
        assert (told.state, told.headline, told.facts) == ("quiet", "Nothing has run yet", "")
        assert "make demo" in told.as_of
        assert all(task.words == "no model yet" for task in told.tasks.values())


def test_with_too_few_outcomes_it_is_too_early_to_tell(document):
    for task in document["tasks"].values():
        task["live"]["accuracy"] = estimate(1.0, needs="10 of 30 samples")
    told = verdict(document, NOW)
    assert (told.state, told.headline) == ("quiet", "Too early to tell how the 3 models do")
    assert told.tasks["iris_variety"].words == "too early to tell: 10 of 30 samples"
    document["tasks"]["wine_grade"]["live"]["accuracy"] = estimate(0.7)
    assert verdict(document, NOW).headline == "1 of 3 models keeps the promise; for the rest it is too early to tell"


def test_predictions_without_an_outcome_tell_nothing(document):
    document["tasks"]["iris_variety"]["live"] = {"version": 1, "n": 0}
    assert too_early(document["tasks"]["iris_variety"]) == "nothing has turned out yet"


@pytest.mark.parametrize(
    ("arrived", "refused", "much"), [(6, 1, False), (4, 3, True), (0, 0, False), (63, 7, False), (0, 7, True)]
)
def test_one_bad_row_is_no_alarm(arrived, refused, much):
    assert much_in_quarantine({"arrived": arrived, "quarantined": refused}) == much
