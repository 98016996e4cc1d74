"""A task that predicts a number reads well: in its unit, with its intervals, beside the simplest answer."""

import pytest
from front import documents

from pipelines.front import number_plots
from pipelines.front.findings import findings_of
from pipelines.front.kinds import kind_of
from pipelines.front.render import front, section
from pipelines.front.sentences import outcome_words, plain_sentences
from pipelines.front.verdict import verdict


def told(**own):
    return plain_sentences(documents.number_task() | own, documents.data("Weather", "days"))


def test_an_error_that_is_surely_expected_above_its_promise_needs_somebody():
    document = documents.with_a_number()
    task = document["tasks"]["weather_max"]
    row = {"version": 1, "day": "2026-11-24", "expected_mae": 3.0, "expected_mae_high": 4.0}
    for low, kinds in ((2.3, []), (2.5, ["expected"])):
        task["expectation"]["over_time"] = [row | {"expected_mae_low": low}]
        findings = findings_of(document["datasets"], document["tasks"], documents.NOW)
        assert [finding.kind for finding in findings] == kinds
    assert "is expected to be 3.0 °C, promised at most 2.4 °C" in findings[0].detail


def test_tomorrow_comes_first_and_then_within_what_eight_of_ten_were():
    says, beside = told()
    assert says == "Tomorrow: 13.5 °C (8.5 to 18.5); within 2.5 °C for 80 of 100 days."
    assert beside == "The value before would be within 3.4 °C."


def test_without_a_day_ahead_the_mean_is_what_it_is_compared_with():
    outcome = documents.number_task()["outcome"] | {"baseline": "mean"}
    assert told(ahead=0, outcome=outcome) == (
        "Within 2.5 °C for 80 of 100 days.", "Always the mean would be within 3.4 °C.",
    )  # fmt: skip


def test_with_too_few_outcomes_the_promise_is_told():
    live = {"n": 10, "mae": documents.error(2.0, needs="10 of 30 samples")}
    says, beside = told(ahead=0, live=live)
    assert says == "In the test it was off by 2.1 °C on average."
    assert "too early to tell: 10 of 30 samples" in beside


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (None, ("quiet", "not known yet")),
        (14.0, ("ok", "✓ it was 14.0 °C")),
        (19.2, ("bad", "✗ outside: it was 19.2 °C")),
    ],
)
def test_an_outcome_is_inside_its_interval_or_outside(label, words):
    assert outcome_words(documents.number_task(), documents.predicted(24, 13.46, label)) == words


def test_errors_have_the_unit_and_shares_have_none():
    task = documents.number_task()
    words = kind_of(task).score_words
    assert words(task, "mae", documents.error(2.13)) == "2.1 °C (1.9 to 2.3)"
    assert words(task, "bias", documents.error(-0.12)) == "-0.12 °C (-0.32 to +0.08)"
    assert words(task, "coverage_95", documents.error(0.7)) == "0.70 (0.50 to 0.90)"
    assert words(task, "mae", None) == "-"
    value = kind_of(task).value_words
    assert [value(task, "r2", each, None) for each in (-0.0004, 0.9, None)] == ["0.00", "0.90", "-"]


def test_an_error_above_its_promise_is_told_as_one():
    document = documents.with_a_number()
    document["tasks"]["weather_max"]["alarms"][0] |= {"on": True, "since": "2026-11-20"}
    (finding,) = findings_of(document["datasets"], document["tasks"], documents.NOW)
    assert finding.detail == "Tomorrow's maximum, whose Mean absolute error is 2.1 °C, promised at most 2.4 °C"
    assert verdict(document, documents.NOW).headline == "1 of 4 models needs you: Tomorrow's maximum"


def test_drifting_numbers_are_no_classes():
    document = documents.with_a_number()
    document["tasks"]["weather_max"]["drift"]["alarms"] = ["error", "label"]
    (finding,) = findings_of(document["datasets"], document["tasks"], documents.NOW)
    assert finding.lead == "Another mix in how far off the answers are and what turns out"
    assert finding.detail == "Tomorrow's maximum: the numbers lie elsewhere than the model was made for"


def test_the_card_has_the_number_and_its_interval():
    page = front(documents.with_a_number(), {}, documents.NOW)
    assert "<b>13.5 °C</b> (8.5 to 18.5)" in page
    assert "All 4 models keep their promise" in page


def test_until_there_is_a_course_over_days_the_card_has_the_newest_predictions():
    document, score = documents.with_a_number(), documents.number_task()["scorer"]
    task = document["tasks"]["weather_max"]
    days = [{"version": 1, "day": f"2026-11-{day}", f"rolling_{score}": 2.0} for day in range(11, 18)]
    for drawn, early in ((days[:6], True), (days, False)):
        task["over_time"] = drawn
        page = front(document, {}, documents.NOW)
        assert ('<svg class="fan-plot"' in page) is ("what turned out (diamonds)" in page) is early
        assert page.count('<svg class="course-plot"') == 4 - early


@pytest.mark.parametrize("name", ["course", "scores", "champions", "recent"])
def test_every_section_can_be_told(name):
    words = section(name, documents.with_a_number(), "weather_max")
    assert "commonest" not in words
    assert "None" not in words


def test_the_newest_are_drawn_with_what_turned_out():
    task = documents.number_task()
    drawn = number_plots.fan(task)
    assert drawn.count("<g>") == 23
    assert (drawn.count("outcome-bad"), drawn.count("hollow"), drawn.count("within open")) == (1, 1, 2)
    assert "21 of 22 outcomes inside the 95 % interval, 1 not known yet." in drawn
    assert "off by at most 2.5 °C, of the simplest ones by at most 3.4 °C." in number_plots.errors(task)
    assert number_plots.agreement(task).count("<circle") == 22
    assert number_plots.fan(task | {"recent": []}) == number_plots.agreement(task | {"recent": []}) == ""
