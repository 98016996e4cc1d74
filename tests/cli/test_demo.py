import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import short_demo
from deltalake import DeltaTable
from front.documents import NOW, empty, healthy

from pipelines.cli import demo
from pipelines.cli.demo import Month, alarm_lines, called, ending
from pipelines.cli.main import main
from pipelines.datasets import all_datasets, all_tasks
from pipelines.monitoring.dashboard import DashboardReport
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore


def table_versions(root):
    return {path.name: DeltaTable(path).version() for path in sorted((root / "tables").iterdir())}


def all_rows(store):
    groups = [samples_group(dataset) for dataset in all_datasets()] + [predictions_group(task) for task in all_tasks()]
    return {group.name: store.read(group).to_json() for group in groups}


def test_every_day_has_its_samples_and_every_sample_one_prediction_a_task(demo_store):
    for dataset in all_datasets():
        samples = demo_store.read(samples_group(dataset), where={"origin": "simulated"})
        assert samples["event_time"].dt.date.value_counts().to_dict() == dict.fromkeys(
            Month(short_demo.DAYS, short_demo.PER_DAY, short_demo.END, "none"), short_demo.PER_DAY
        )
        for task in dataset.tasks:
            predictions = demo_store.read(predictions_group(task), where={"served": "champion"})
            assert sorted(predictions["sample_id"]) == sorted(samples["sample_id"])


def test_a_prediction_stands_beside_the_label_of_its_own_sample(demo_store):
    for dataset in all_datasets():
        samples = demo_store.read(samples_group(dataset)).set_index("sample_id")
        for task in dataset.tasks:
            predictions = demo_store.read(predictions_group(task))
            truth = task.labels(samples).loc[predictions["sample_id"]]
            assert list(predictions["label"]) == list(truth)


def test_a_second_demo_changes_no_table_and_trains_nothing(demo_copy):
    before = table_versions(demo_copy.root), all_rows(demo_copy), (demo_copy.root / "champions.json").read_bytes()
    assert short_demo.run_short_demo(demo_copy.root) == 0
    assert before == (
        table_versions(demo_copy.root),
        all_rows(demo_copy),
        (demo_copy.root / "champions.json").read_bytes(),
    )
    assert all(demo_copy.versions(task.name) == [1] for task in all_tasks())


def test_data_sets_side_by_side_end_as_in_turn(demo_copy, tmp_path, monkeypatch):
    twin = EmbeddedStore(Path(shutil.copytree(demo_copy.root, tmp_path / "twin")))
    further = Month(2, 3, short_demo.END + timedelta(days=2), "none")
    in_turn = list(demo._side_by_side(demo_copy, further))
    assert [count for _, count, _ in in_turn] == [2] * len(all_datasets())
    monkeypatch.setattr(demo, "LONG", 2)
    monkeypatch.setattr(demo, "cpu_count", lambda: 2)
    at_once = list(demo._side_by_side(twin, further))
    assert [drawn for *_, drawn in at_once] == [drawn for *_, drawn in in_turn]
    assert all_rows(twin) == all_rows(demo_copy)


def test_nothing_is_written_outside_the_named_places(demo_dir):
    assert {path.name for path in demo_dir.iterdir() if not path.name.startswith(".")} == {
        "tables", "models", "champions.json", "dashboard", "site", "sources", "backfills", "decisions", "runs",
    }  # fmt: skip


def test_every_picture_and_the_page_are_there(demo_store):
    files = demo_store.list_files("")
    for task in all_tasks():
        for picture in ("newest", "recent", "confusion", "quality", "drift"):
            assert f"dashboard/{task.name}/{picture}.png" in files
    assert "site/index.html" in files
    assert json.loads(demo_store.get_file("dashboard/metrics.json"))


def test_the_demo_refuses_a_store_that_is_not_its_own(capsys, monkeypatch):
    monkeypatch.setenv("HOPSWORKS_API_KEY", "key")
    assert main(["demo"]) == 2
    assert "--yes" in capsys.readouterr().err


def board(drift_days=(), quality_since=None):
    document = {
        "datasets": {"wine": {"drift": {"alarm_days": {day: ["alcohol"] for day in drift_days}}}},
        "tasks": {"wine_grade": {"alarms": [{"score": "accuracy", "since": quality_since}]}},
    }
    return DashboardReport((), document)


def test_the_demo_says_what_went_off_and_how_late():
    month = Month(days=30, per_day=10, end=date(2026, 3, 30), scenario="shifted_sensor")
    lines = alarm_lines(board(["2026-03-14", "2026-03-13"], "2026-03-20"), month)
    assert lines == [
        "ALARM  drift of wine: 2026-03-13, 2 days after shifted_sensor began",
        "ALARM  accuracy of wine_grade below promise: 2026-03-20, 9 days after shifted_sensor began",
    ]


def test_the_demo_says_that_nothing_went_off():
    month = Month(days=30, per_day=10, end=date(2026, 3, 30), scenario="none")
    assert alarm_lines(board(), month) == []


def test_the_demo_ends_with_the_verdict_of_the_page_its_address_and_what_to_try():
    month = Month(days=30, per_day=10, end=date(2026, 3, 30), scenario="none")
    for document, headline in ((healthy(), "All 3 models keep their promise."), (empty(), "Nothing has run yet.")):
        last = ending(DashboardReport((), document), month, Path("/a b/index.html"), NOW)
        assert last.startswith(headline)
        assert "file:///a%20b/index.html" in last
        assert "make serve" in last
        assert max(map(len, last.splitlines())) <= 80


def test_what_to_try_next_is_called_as_it_can_be_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert called() == "python"
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert called() == ".venv/bin/python"
    month = Month(days=30, per_day=10, end=date(2026, 3, 30), scenario="none")
    last = ending(DashboardReport((), empty()), month, None, NOW).splitlines()
    assert "  .venv/bin/python -m pipelines demo --scenario broken_units  see an alarm" in last
    assert max(map(len, last)) <= 80


def test_a_scenario_begins_after_a_third_of_the_days():
    month = Month(days=30, per_day=10, end=date(2026, 3, 30), scenario="new_mix")
    assert [day.day for day in month if month.scenario_on(day) == "new_mix"] == list(range(11, 31))
