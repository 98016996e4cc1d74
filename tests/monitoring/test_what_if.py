from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module

import pytest
import small_models

from pipelines import models
from pipelines.datasets import dataset_named
from pipelines.documents.what_if import WHAT_IF_FILE, document_of, parse_what_if, what_if_bytes
from pipelines.features.backfill import backfill
from pipelines.front.played import played as drawn
from pipelines.monitoring import what_if
from pipelines.monitoring.hasty import hasty_model
from pipelines.monitoring.kinds import can_be_played
from pipelines.monitoring.month import BEGINS, DAYS, HASTE, MENDED, PATIENCE, SHOWN_FROM, Player, Stage, played
from pipelines.monitoring.what_if import refresh_what_if, together
from pipelines.stores.catalogue import load_version, read_history
from pipelines.stores.embedded import EmbeddedStore

IRIS = dataset_named("iris")
TASK = IRIS.tasks[0]


@pytest.fixture(name="store", scope="module")
def fixture_store(tmp_path_factory):
    """The history of Iris and two registered versions, the first in charge."""
    folder = tmp_path_factory.mktemp("what-if")
    store = EmbeddedStore(folder / "store")
    backfill(store, IRIS, sources=[], now=datetime(2026, 2, 1, tzinfo=UTC))
    for version in ("1", "2"):
        small_models.register_small_model(store, TASK, folder / version)
    small_models.crown(store, TASK, 1)
    return store


@pytest.fixture(name="stage", scope="module")
def fixture_stage(store):
    historical = read_history(store, IRIS)
    small = load_version(store, TASK, 1, load=models.load)
    champion = hasty_model(TASK, replace(small, version=0), historical)
    return Stage(
        dataset=IRIS, historical=historical, distinguishable=True,
        players=(Player(TASK, champion, hasty_model(TASK, champion, historical)),),
    )  # fmt: skip


@pytest.fixture(name="story", scope="module")
def fixture_story(stage):
    return played(stage, "broken_units")


def day_of(story, kind):
    return next(event["day"] for event in story["events"] if event["kind"] == kind)


def frame_of(story, day):
    return next(frame for frame in story["frames"] if frame["day"] == day)


def test_the_front_draws_every_day_of_a_month_that_was_played(story):
    months = {"schema_version": 1, "made_from": "", "days": DAYS, "stories": {"broken_units": story}}
    for frame in story["frames"]:
        page = drawn(parse_what_if(what_if_bytes(months)), "broken_units", frame["day"])
        assert f"day {frame['day']} of {DAYS}" in page


def test_the_alarm_goes_off_after_the_trouble_begins_and_the_version_before_is_promoted_back(story):
    alarm = day_of(story, "alarm")
    assert BEGINS <= alarm <= BEGINS + 2
    assert (day_of(story, "haste"), day_of(story, "back")) == (alarm + HASTE, alarm + PATIENCE)
    answers = {frame["day"]: frame["tasks"][TASK.name]["version"] for frame in story["frames"]}
    assert [answers[alarm], answers[alarm + HASTE], answers[alarm + PATIENCE]] == [1, 2, 1]
    log = frame_of(story, DAYS)["tasks"][TASK.name]["champion_log"]
    assert [reign["version"] for reign in log] == [1, 2, 1]


def test_quarantine_fills_while_the_trouble_lasts_and_not_before_or_after(story):
    counts = {frame["day"]: frame["datasets"]["iris"]["quarantined"] for frame in story["frames"]}
    assert counts[SHOWN_FROM] == 0
    assert 0 < counts[BEGINS] < counts[MENDED - 1] == counts[DAYS]


def test_the_course_leaves_the_band_and_comes_back(story):
    scores = [point["rolling_macro_f1"] for point in story["over_time"][TASK.name]]
    course = [score for score in scores if score is not None]
    low = frame_of(story, SHOWN_FROM)["tasks"][TASK.name]["held_out"]["macro_f1"]["low"]
    assert min(course) < low < course[-1]


def test_a_frame_shows_nothing_of_the_days_after_it(story):
    shown = document_of(story, frame_of(story, BEGINS))
    assert max(point["day"] for point in shown["tasks"][TASK.name]["over_time"]) == f"2001-01-{BEGINS}"
    assert shown["tasks"][TASK.name]["predictions"] < 20 * BEGINS


def test_the_file_is_small_and_the_same_again(story):
    document = {"schema_version": 1, "made_from": "x", "days": DAYS, "stories": {"broken_units": story}}
    content = what_if_bytes(document)
    assert len(content) < 20_000
    assert what_if_bytes(parse_what_if(content)) == content


def test_months_of_several_data_sets_are_one(story):
    other = {
        "frames": [{"day": each["day"], "datasets": {"b": {}}, "tasks": {"t": {}}} for each in story["frames"]],
        "over_time": {"t": []},
        "events": [{"day": BEGINS, "kind": "begins", "tasks": []}, {"day": BEGINS, "kind": "alarm", "tasks": ["t"]}],
    }
    both = together([story, other])
    assert both["frames"][0]["tasks"].keys() == {TASK.name, "t"}
    assert [event["kind"] for event in both["events"]].count("begins") == 1
    assert [event["day"] for event in both["events"]] == sorted(event["day"] for event in both["events"])


@pytest.fixture(name="plays")
def fixture_plays(monkeypatch, story):
    """Which scenarios were played, each answered by the same month."""
    plays = []
    monkeypatch.setattr(what_if, "played", lambda _, scenario: plays.append(scenario) or story)
    return plays


def test_months_are_made_once_and_again_when_the_champion_moves_or_the_file_is_damaged(store, plays):
    assert refresh_what_if(store)
    assert sorted(plays) == ["broken_units", "new_mix", "shifted_sensor"]
    assert not refresh_what_if(store)
    small_models.crown(store, TASK, 2)
    assert refresh_what_if(store)
    store.put_file(WHAT_IF_FILE, b"no gzip")
    assert refresh_what_if(store)
    assert parse_what_if(store.get_file(WHAT_IF_FILE))["stories"].keys() == set(plays)


@pytest.mark.usefixtures("plays")
def test_only_classes_of_samples_that_are_simulated_are_played_and_the_others_are_named(store, monkeypatch):
    weather = import_module("pipelines.datasets.weather").DATASET
    rain = weather.tasks[0]
    assert not can_be_played(rain)
    assert all(can_be_played(task) for task in dataset_named("wine").tasks)
    monkeypatch.setattr(what_if, "all_tasks", lambda: (TASK, rain))
    store.put_file(WHAT_IF_FILE, b"made again")
    assert refresh_what_if(store)
    assert parse_what_if(store.get_file(WHAT_IF_FILE))["left_out"] == [rain.title]


def test_without_a_champion_there_is_nothing_to_play(tmp_path, plays):
    store = EmbeddedStore(tmp_path / "store")
    assert not refresh_what_if(store)
    assert plays == []
    assert store.get_file(WHAT_IF_FILE) is None
