"""What is true of the embedded store's tables beyond the contract: what is committed, opened and written where."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from small_groups import COMPLAINTS, READINGS, VIEW, day, model_folder, readings

from pipelines.errors import StoreError, StoreUnavailable
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.embedded import EmbeddedStore, delta_upkeep

PROJECT = os.getcwd()  # noqa: PTH109 - the tests run from the project's folder


def table(store, group=READINGS) -> DeltaTable:
    return DeltaTable(store.root / "tables" / group.name)


def test_the_settings_choose_the_folder(tmp_path):
    store = open_store(read_settings({"STORE_DIR": str(tmp_path / "here")}))
    assert (store.kind, store.location) == ("embedded", str(tmp_path / "here"))


def test_choosing_a_store_imports_no_other():
    program = (
        "import sys; from pipelines.stores import open_store; from pipelines.settings import read_settings\n"
        "assert 'deltalake' not in sys.modules\n"
        "open_store(read_settings({})); assert 'hopsworks' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=PROJECT)


def test_reading_a_store_that_does_not_exist_makes_nothing(folder_store):
    folder_store.read(READINGS)
    folder_store.newest(READINGS)
    folder_store.count(READINGS)
    folder_store.clear(READINGS)
    folder_store.upsert(READINGS, readings())
    folder_store.versions("a_task")
    folder_store.champion("a_task")
    folder_store.get_file("x.json")
    folder_store.list_files("")
    assert not folder_store.root.exists()


def test_a_table_is_opened_once_a_commit(folder_store, monkeypatch):
    folder_store.upsert(READINGS, readings(("a", 0, day(0))))
    opened, open_table = [], EmbeddedStore._open
    monkeypatch.setattr(EmbeddedStore, "_open", lambda self, group: opened.append(group) or open_table(self, group))
    reader = EmbeddedStore(folder_store.root)
    assert [len(reader.read(READINGS)) for _ in range(3)] == [1, 1, 1]
    assert len(opened) == 1
    folder_store.upsert(READINGS, readings(("b", 0, day(0))))
    opened.clear()
    assert [len(reader.read(READINGS)) for _ in range(3)] == [2, 2, 2]
    assert len(opened) == 1


def test_nothing_is_written_outside_the_folder(tmp_path, monkeypatch):
    folder = model_folder(tmp_path / "candidate")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    store = EmbeddedStore(tmp_path / "store")
    for number in range(11):
        store.upsert(READINGS, readings(("a", number, day(number))))
    store.register(VIEW, 1, folder)
    store.put_file("site/index.html", b"")
    assert list(elsewhere.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candidate", "elsewhere", "store"]


def test_nothing_is_committed_where_nothing_differs(folder_store):
    rows = readings(("a", 1, day(0)), ("a", 2, day(1)))
    folder_store.upsert(READINGS, rows)
    before = table(folder_store).version()
    files = {path: path.stat().st_mtime_ns for path in folder_store.root.rglob("*.*")}
    assert folder_store.upsert(READINGS, rows) == 0
    assert table(folder_store).version() == before
    assert {path: path.stat().st_mtime_ns for path in folder_store.root.rglob("*.*")} == files


def test_a_file_with_the_same_content_is_not_written_again(folder_store):
    folder_store.put_file("site/index.html", b"same")
    before = (folder_store.root / "site/index.html").stat().st_ino
    folder_store.put_file("site/index.html", b"same")
    assert (folder_store.root / "site/index.html").stat().st_ino == before


def test_a_write_commits_once(folder_store):
    folder_store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 2, day(0))))
    before = table(folder_store).version()
    folder_store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 3, day(1)), value=2.0))
    assert table(folder_store).version() == before + 1


def test_the_files_of_other_days_are_never_opened(folder_store):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    other = list((folder_store.root / "tables").rglob("*.parquet"))
    folder_store.upsert(READINGS, readings(("a", 2, day(1))))
    for path in other:
        path.write_bytes(b"not to be opened")
    assert folder_store.upsert(READINGS, readings(("a", 2, day(1)), value=2.0)) == 1
    assert list(folder_store.read(READINGS, start=pd.Timestamp(day(1)))["value"]) == [2.0]
    assert folder_store.newest(READINGS) == pd.Timestamp(day(1), tz="UTC")
    assert folder_store.count(READINGS) == 2
    with pytest.raises(StoreError, match="readings"):
        folder_store.read(READINGS)


def rewrite_statistics(store, change):
    for path in (store.root / "tables/readings/_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        for action in actions:
            if "add" in action:
                action["add"]["stats"] = change(json.loads(action["add"]["stats"]))
        path.write_text("\n".join(map(json.dumps, actions)))


def cut_to_milliseconds(statistics):
    for kind in ("minValues", "maxValues"):
        time = pd.Timestamp(statistics[kind]["event_time"]).floor("ms")
        statistics[kind] = {"event_time": time.isoformat()}
    return json.dumps(statistics)


def test_statistics_cut_to_milliseconds_hide_no_row(folder_store):
    rows = readings(("a", 1, "2026-01-01T00:00:00.000300Z"), ("a", 2, "2026-01-01T00:00:00.000700Z"))
    folder_store.upsert(READINGS, rows)
    rewrite_statistics(folder_store, cut_to_milliseconds)
    late = rows["event_time"][1]
    assert folder_store.newest(READINGS) == late
    assert list(folder_store.read(READINGS, start=late)["number"]) == [2]
    assert list(folder_store.read(READINGS, end=late)["number"]) == [1]
    assert folder_store.upsert(READINGS, rows.tail(1).assign(value=5.0)) == 1
    assert list(folder_store.read(READINGS)["value"]) == [1.0, 5.0]


def test_statistics_cut_to_milliseconds_double_no_row_in_upkeep(folder_store, monkeypatch):
    monkeypatch.setattr(delta_upkeep, "_COMMITS_BETWEEN", 4)
    monkeypatch.setattr(delta_upkeep, "_LARGE", 8_000)
    many = readings(*(("a", number, f"2026-01-01T00:00:00.000{number:03d}Z") for number in range(900)))
    folder_store.upsert(READINGS, many.assign(value=np.random.default_rng(0).random(900)))
    rewrite_statistics(folder_store, cut_to_milliseconds)
    for number in (500, 600):
        folder_store.upsert(READINGS, readings(("b", number, f"2026-01-01T00:00:00.000{number}Z")))
    assert len(table(folder_store).file_uris()) == 2
    assert folder_store.count(READINGS) == len(folder_store.read(READINGS)) == 902


def test_a_table_without_statistics_is_read_all_the_same(folder_store):
    folder_store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 2, day(2))))
    rewrite_statistics(folder_store, lambda _: None)
    folder_store.upsert(READINGS, readings(("a", 3, day(1))))
    assert folder_store.newest(READINGS) == pd.Timestamp(day(2), tz="UTC")
    assert folder_store.count(READINGS) == 3
    assert list(folder_store.read(READINGS, start=pd.Timestamp(day(1)))["number"]) == [3, 2]


def test_only_the_event_time_has_statistics(folder_store):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    folder_store.upsert(COMPLAINTS, pd.DataFrame({"complaint_id": ["x"], "text": "", "seen_at": [pd.Timestamp(0)]}))
    for group in (READINGS, COMPLAINTS):
        names = pa.record_batch(table(folder_store, group).get_add_actions(flatten=True)).schema.names
        assert [name for name in names if name.startswith("max.")] == [f"max.{group.event_time}"]


def test_a_clear_can_be_looked_back_behind(folder_store):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    before = table(folder_store).version()
    folder_store.clear(READINGS)
    folder_store.clear(READINGS)
    assert table(folder_store).version() == before + 1
    assert DeltaTable(folder_store.root / "tables/readings", version=before).to_pyarrow_table().num_rows == 1


@pytest.mark.parametrize("name", ["a b", "über", "a#b", "a?b", "50%", "a+b (1)", "a:b", "it's"])
def test_a_folder_may_have_an_odd_name(tmp_path, name):
    store = EmbeddedStore(tmp_path / name)
    for number in range(delta_upkeep._COMMITS_BETWEEN + 1):
        store.upsert(READINGS, readings(("a", number, day(number))))
    assert len(store.read(READINGS)) == store.count(READINGS) == delta_upkeep._COMMITS_BETWEEN + 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a%20b", "a[1]", "a^b", "a|b", "a\\b", "a\nb", "gr\udcf6\udcdfe"])
def test_a_folder_name_that_delta_lake_cannot_take_is_refused(tmp_path, name):
    with pytest.raises(StoreUnavailable, match="STORE_DIR"):
        EmbeddedStore(tmp_path / name).upsert(READINGS, readings(("a", 1, day(0))))
    assert list(tmp_path.iterdir()) == []


def test_the_time_zone_of_the_machine_changes_nothing(folder_store, monkeypatch):
    rows = readings(("a", 1, "2026-01-01T00:00:00Z"), ("a", 2, "2026-01-01T23:59:59.999999Z"))
    folder_store.upsert(READINGS, rows)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert folder_store.upsert(READINGS, rows) == 0
        assert len(folder_store.read(READINGS, start=pd.Timestamp(day(0)), end=pd.Timestamp(day(1)))) == 2
        assert folder_store.newest(READINGS) == rows["event_time"].max()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_large_batch_is_written_at_once(folder_store):
    rows = readings(*(("a", number, day(number % 400)) for number in range(20_000)))
    assert folder_store.upsert(READINGS, rows) == 20_000
    assert folder_store.upsert(READINGS, pd.concat([rows] * 5)) == 0
    assert folder_store.upsert(READINGS, rows.assign(value=rows["number"] % 2)) == 10_000


def test_the_store_says_nothing_on_the_terminal(folder_store, capfd):
    for number in range(delta_upkeep._COMMITS_BETWEEN + 2):
        folder_store.upsert(READINGS, readings(("a", number, day(number))))
    folder_store.read(READINGS)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
