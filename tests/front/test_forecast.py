"""A task about the day ahead says so, and how often that was right."""

import pytest
from front import documents

from pipelines.front.sentences import plain_sentences
from pipelines.front.verdict import verdict


def row(day, prediction, label=None):
    return {"event_time": f"2015-12-{day:02}T00:00:00+00:00", "prediction": prediction, "label": label,
            "probability": 0.7}  # fmt: skip


def task(**own):
    recent = [row(30, "rain"), row(29, "rain", "dry"), row(28, "dry", "dry"), row(27, "rain", "rain")]
    return {
        "ahead": 1, "recent": recent, "last_run": "2015-12-30T06:47:00+00:00", "champion": 1, "version": 1,
        "classes": ["dry", "rain"], "guarded": [], "confusion": [[1, 1], [0, 1]], "held_out": {},
        "live": {"n": 3, "accuracy": {"value": 0.67, "enough": True}}, "live_baseline": {"accuracy": 0.66},
    } | own  # fmt: skip


WEATHER = {"plural": "days", "record": "2015"}


def test_tomorrow_comes_first_and_then_how_often_that_was_right():
    told, beside = plain_sentences(task(), WEATHER)
    assert told == "Tomorrow: rain, 70%; the last 3 days right on 2."
    assert beside == "This is a record of 2015, played day by day. Always saying dry would be right about 66 of 100."


@pytest.mark.parametrize(
    ("last_run", "day"), [("2015-12-31", "Today"), ("2016-01-02", "31 December"), ("2015-12-30", "Tomorrow")]
)
def test_a_day_is_named_by_the_run(last_run, day):
    assert plain_sentences(task(last_run=f"{last_run}T04:17:00+00:00"), WEATHER)[0].startswith(f"{day}: rain")


def test_what_arrives_now_is_no_record():
    early = {"n": 0, "accuracy": None}
    told, beside = plain_sentences(task(live=early, recent=[row(30, "rain")]), {"plural": "days"})
    assert told == "Tomorrow: rain, 70%."
    assert beside == "New days have not told enough yet: nothing has turned out yet."


def test_no_run_of_a_record_is_due():
    document = documents.healthy()
    assert "The next run is due on" in verdict(document, documents.NOW).as_of
    for data in document["datasets"].values():
        data["record"] = "2015"
    assert verdict(document, documents.NOW).as_of.endswith("in a record: no run is due.")
