import json
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from pipelines.datasets import task_named
from spaces.files import SpaceFolder
from spaces.monitor import records
from spaces.monitor.records import Choice

TASK = task_named("iris_variety")
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 6
LAST_RUN = START + timedelta(days=DAYS - 1, hours=5)
ESTIMATE = {"value": 0.8, "low": 0.7, "high": 0.9, "enough": True, "needs": ""}


def history():
    """Two arrivals a day; version 2 takes over on the fourth day and is wrong about every second one."""
    rows = [
        {
            "sample_id": f"iris-{START + timedelta(days=day):%Y-%m-%d}-{number:03d}",
            "model_version": 1 if day < 3 else 2,
            "event_time": START + timedelta(days=day, milliseconds=number),
            "predicted_at": START + timedelta(days=day, hours=5),
            "served": "champion",
            "prediction": "setosa",
            "label": None if day == DAYS - 1 else "setosa" if number else "virginica",
            "run_url": "",
            **dict(zip(TASK.probability_columns, (0.7, 0.2, 0.1), strict=True)),
        }
        for day in range(DAYS)
        for number in range(2)
    ]
    return pd.DataFrame(rows)


def document():
    over_time = [
        {
            "version": 1 if day < 3 else 2,
            "day": f"2026-03-{day + 1:02d}",
            "rolling_accuracy": None if day == 3 else 0.5 + day / 10,
        }
        for day in range(DAYS)
    ]
    reigns = [
        {
            "version": 1,
            "since": "2026-02-28T04:00:00+00:00",
            "until": "2026-03-04T04:00:00+00:00",
            "who": "ada",
            "reason": "first",
        },
        {"version": 2, "since": "2026-03-04T04:00:00+00:00", "until": None, "who": "<b>bob</b>", "reason": "better"},
    ]
    task = {
        "dataset": "iris",
        "version": 2,
        "champion_log": reigns,
        "over_time": over_time,
        "held_out": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}},
        "baseline": {"accuracy": 0.33},
        "live": {
            "version": 2,
            "n": 4,
            "accuracy": ESTIMATE,
            "recall_virginica": {**ESTIMATE, "enough": False, "needs": "2 of 10 samples of virginica"},
        },
        "confusion": [[2, 0, 0], [0, 0, 0], [2, 0, 0]],
        "alarms": [],
        "drift": {"tests": [], "alarms": []},
        "pictures": {"recent": "The newest predictions in words."},
        "last_run": LAST_RUN.isoformat(),
        "late_after": (LAST_RUN + timedelta(hours=36)).isoformat(),
    }
    tests = [
        {"name": "petal_length", "days": 7, "distance": 0.25, "drifted": False},
        {"name": "alcohol", "days": 7, "distance": 0.9, "drifted": True},
    ]
    return {"tasks": {TASK.name: task}, "datasets": {"iris": {"drift": {"tests": tests, "alarms": ["alcohol"]}}}}


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
    (tmp_path / "history").mkdir()
    history().to_parquet(tmp_path / "history" / f"{TASK.name}.parquet")
    pictures = tmp_path / "dashboard" / TASK.name
    pictures.mkdir(parents=True)
    for name in ("newest", "recent", "something_new"):
        (pictures / f"{name}.png").write_bytes(b"PNG " + name.encode())
    write(tmp_path, document())
    return tmp_path


def write(folder, content):
    (folder / "dashboard" / "metrics.json").write_text(json.dumps(content))


def record(folder):
    return records.record_of(SpaceFolder(folder), TASK)


def changed(folder, **parts):
    content = document()
    content["tasks"][TASK.name] |= parts
    write(folder, content)
    return record(folder)


def test_the_state_tells_of_when_the_data_are(folder):
    words = records.state(record(folder), LAST_RUN + timedelta(hours=35))
    assert "Data as of" in words
    assert "06 March 2026, 05:00 UTC" in words
    assert "Late" not in words


def test_a_missed_run_is_marked(folder):
    words = records.state(record(folder), LAST_RUN + timedelta(hours=37))
    assert 'class="late"' in words
    assert "1 day ago" in words
    assert "2 days ago" in records.state(record(folder), LAST_RUN + timedelta(hours=50))


def test_alarms_stand_beside_the_state_but_only_those_of_this_task(folder):
    now = LAST_RUN
    assert "Unlike" not in records.state(record(folder), now)
    alarmed = changed(
        folder,
        alarms=[{"score": "accuracy", "on": True}, {"score": "recall_setosa", "on": False}],
        drift={"tests": [], "alarms": ["label"]},
    )
    words = records.state(alarmed, now)
    assert "Below what was promised: Accuracy." in words
    assert "Unlike the training data: label." in words


def test_predictions_are_listed_newest_first_with_what_is_not_known_yet(folder):
    listed = records.listing(record(folder), Choice())
    assert list(listed.columns) == list(records.LISTED)
    assert listed.iloc[0].to_dict() == {
        "Day": "2026-03-06", "Sample": "iris-2026-03-06-001", "Predicted": "setosa", "Actual": "not known yet",
        "Right": "", "Probability": 0.7, "Version": 2, "Served as": "champion",
    }  # fmt: skip
    assert listed["Right"].tolist() == ["", "", *["yes", "no"] * (DAYS - 1)]


@pytest.mark.parametrize(
    ("choice", "days"),
    [
        (Choice(version=1), {"2026-03-01", "2026-03-02", "2026-03-03"}),
        (Choice(first=date(2026, 3, 5)), {"2026-03-05", "2026-03-06"}),
        (Choice(last=date(2026, 3, 1)), {"2026-03-01"}),
        (Choice(2, date(2026, 3, 2), date(2026, 3, 4)), {"2026-03-04"}),
        (Choice(version=9), set()),
    ],
)
def test_the_filters_keep_what_is_meant(folder, choice, days):
    assert set(records.listing(record(folder), choice)["Day"]) == days


def test_a_plot_has_a_line_a_version_the_promise_the_baseline_and_the_change_of_champion(folder):
    lines = records.score_lines(record(folder), "accuracy", Choice())
    by_name = dict(list(lines.groupby("line")))
    assert set(by_name) == {"version 1", "version 2", "promised", "majority class", "change to version 2"}
    assert by_name["version 1"]["score"].tolist() == [0.5, 0.6, 0.7]
    assert by_name["version 2"]["score"].tolist() == [0.9, 1.0]
    assert set(by_name["promised"]["score"]) == {0.9}
    assert set(by_name["change to version 2"]["day"]) == {pd.Timestamp("2026-03-04")}


def test_a_plot_of_other_days_has_no_change_that_lies_outside(folder):
    lines = records.score_lines(record(folder), "accuracy", Choice(last=date(2026, 3, 2)))
    assert set(lines["line"]) == {"version 1", "promised", "majority class"}


def test_a_score_that_has_too_few_samples_says_what_it_needs(folder):
    words = records.scores(record(folder))
    assert "0.80 (0.70 to 0.90)" in words
    assert "0.90 (0.85 to 0.95)" in words
    assert "not enough data yet: 2 of 10 samples of virginica" in words


def test_champions_are_listed_newest_first_and_texts_of_people_are_no_markup(folder):
    words = records.champions(record(folder))
    assert words.index("version 2") < words.index("version 1")
    assert "&lt;b&gt;bob&lt;/b&gt;" in words
    assert "<b>bob" not in words


def test_drift_points_are_those_of_the_inputs_of_the_task(folder):
    points = records.drift_points(record(folder))
    assert points.to_dict("records") == [{"distance": 0.25, "input": "petal_length", "window": "7 days"}]


def test_pictures_come_with_their_words_and_unknown_ones_too(folder):
    words = records.pictures(record(folder))
    assert "The newest predictions in words." in words
    assert "something_new" in words
    assert words.index("newest predictions") < words.index("something_new")
    assert words.count("<img") == 2
    assert records.newest(record(folder)).count("<img") == 1


def test_before_the_first_run_every_part_says_what_will_appear(tmp_path):
    nothing = record(tmp_path)
    assert "after the first daily run" in records.state(nothing, LAST_RUN)
    assert "after the first training" in records.champions(nothing)
    assert "first dashboard run" in records.pictures(nothing)
    assert records.listing(nothing, Choice()).empty
    assert records.score_lines(nothing, "accuracy", Choice()).empty
    assert records.scores(nothing) == records.confusion(nothing) == records.newest(nothing) == ""
    assert nothing.versions == []


def test_a_first_day_without_labels_shows_the_list_and_no_scores(folder):
    early = changed(folder, live={"version": 1, "n": 0}, over_time=[])
    assert records.scores(early) == records.confusion(early) == ""
    assert records.score_lines(early, "accuracy", Choice()).empty
    assert len(records.listing(early, Choice())) == 2 * DAYS
