import json
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from front.documents import healthy

from pipelines.datasets import task_named
from spaces.files import SpaceFolder
from spaces.markup import signposts
from spaces.monitor import records
from spaces.monitor.records import Choice

TASK = task_named("iris_variety")
START = datetime(2026, 11, 19, tzinfo=UTC)
DAYS = 6


def history():
    """Two arrivals a day; version 2 takes over on the fourth day; the outcomes of the last day are open."""
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


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
    (tmp_path / "history").mkdir()
    history().to_parquet(tmp_path / "history" / f"{TASK.name}.parquet")
    drawn = tmp_path / "dashboard" / TASK.name
    drawn.mkdir(parents=True)
    (drawn / "portrait.svg").write_bytes(b"<svg/>")
    document = healthy()
    for point in document["tasks"][TASK.name]["over_time"][2:]:
        point["version"] = 2
    (tmp_path / "dashboard" / "metrics.json").write_text(json.dumps(document))
    return tmp_path


def record(folder):
    return records.record_of(SpaceFolder(folder), TASK)


def test_the_list_shows_what_was_predicted_and_what_turned_out_first(folder):
    listed = records.listing(record(folder), Choice())
    assert list(listed.columns)[:3] == ["Predicted", "Actual", "Right"]
    assert listed.iloc[0].to_dict() == {
        "Predicted": "setosa", "Actual": "not known yet", "Right": "", "Day": "2026-11-24", "Probability": 0.7,
        "Version": 2, "Sample": "iris-2026-11-24-001", "Served as": "champion",
    }  # fmt: skip
    assert listed["Right"].tolist() == ["", "", *["✓", "✗"] * (DAYS - 1)]


@pytest.mark.parametrize(
    ("choice", "days"),
    [
        (Choice(version=1), {"2026-11-19", "2026-11-20", "2026-11-21"}),
        (Choice(first=date(2026, 11, 23)), {"2026-11-23", "2026-11-24"}),
        (Choice(last=date(2026, 11, 19)), {"2026-11-19"}),
        (Choice(2, date(2026, 11, 20), date(2026, 11, 22)), {"2026-11-22"}),
        (Choice(version=9), set()),
    ],
)
def test_the_filters_keep_what_is_meant(folder, choice, days):
    assert set(records.listing(record(folder), choice)["Day"]) == days


def test_a_course_has_the_days_and_versions_that_are_meant(folder):
    shown = record(folder)
    assert "from 2026-11-20 to 2026-11-24" in records.course(shown, "macro_f1", Choice())
    assert "from 2026-11-22 to 2026-11-24" in records.course(shown, "macro_f1", Choice(version=2))
    assert "to 2026-11-21" in records.course(shown, "macro_f1", Choice(last=date(2026, 11, 21)))
    assert "Not enough has turned out" in records.course(shown, "log_loss", Choice())


def test_every_part_of_a_task_is_that_of_the_front(folder):
    assert "Macro-F1, which decides" in records.part(record(folder), "scores")
    assert "Changes of champion" in records.part(record(folder), "champions")


def test_the_other_parts_of_the_system_are_linked_where_they_are_known(folder):
    space = SpaceFolder(folder)
    assert signposts(space.links()) == ""
    (folder / "dashboard" / "links.json").write_text(
        json.dumps({"predict": "https://p.example", "site": "javascript:x"})
    )
    nav = signposts(space.links())
    assert '<a href="https://p.example"' in nav
    assert "javascript" not in nav


def test_the_portraits_are_found_by_task(folder):
    assert SpaceFolder(folder).portraits() == {TASK.name: b"<svg/>"}


def test_before_the_first_run_every_part_says_what_will_appear(tmp_path):
    nothing = record(tmp_path)
    assert "after the first daily run" in records.part(nothing, "scores")
    assert "after the first daily run" in records.course(nothing, "accuracy", Choice())
    assert records.listing(nothing, Choice()).empty
    assert nothing.versions == []
    assert SpaceFolder(tmp_path).portraits() == {}
