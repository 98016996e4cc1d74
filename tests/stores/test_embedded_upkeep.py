"""Tables and their logs stay small, a week of time travel stays possible, and a checkout from git changes neither."""

import os
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable
from small_groups import READINGS, day, readings

from pipelines.stores.embedded import delta_upkeep

EVERY = delta_upkeep._COMMITS_BETWEEN


@pytest.fixture
def short_memory(monkeypatch):
    """Keep a second of history instead of a week, and look after it every fourth commit."""
    monkeypatch.setattr(delta_upkeep, "_COMMITS_BETWEEN", 4)
    second = {name: "interval 1 seconds" for name, value in delta_upkeep.CONFIGURATION.items() if "interval" in value}
    monkeypatch.setattr(delta_upkeep, "_KEPT", timedelta(seconds=1))
    monkeypatch.setattr("pipelines.stores.embedded.tables.CONFIGURATION", {**delta_upkeep.CONFIGURATION, **second})


def write_days(store, days):
    for number in days:
        assert store.upsert(READINGS, readings(("a", number, day(number)))) == 1


def folder(store) -> Path:
    return store.root / "tables/readings"


def listing(store):
    data = sorted(path.name for path in folder(store).glob("*.parquet"))
    return data, sorted(path.name for path in (folder(store) / "_delta_log").iterdir())


def check_out_again(store):
    """What git does to the times of files."""
    for path in store.root.rglob("*.*"):
        os.utime(path)


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize("between", [lambda _: None, check_out_again], ids=["in place", "from checkouts"])
def test_a_table_and_its_log_do_not_grow_with_the_number_of_days(folder_store, between):
    sizes = []
    for turn in range(5):
        write_days(folder_store, range(turn * 4, turn * 4 + 4))
        sizes.append(tuple(map(len, listing(folder_store))))
        time.sleep(1.1)
        between(folder_store)
    assert len(folder_store.read(READINGS)) == 20
    data, log = zip(*sizes, strict=True)
    assert data[-1] <= max(data[1:3])
    assert log[-1] <= max(log[1:3])
    assert len(DeltaTable(folder(folder_store)).file_uris()) <= 4


@pytest.mark.usefixtures("short_memory")
def test_updates_alone_are_tidied_up_after_too(folder_store):
    counts = []
    for turn in range(4):
        for value in range(4):
            folder_store.upsert(READINGS, readings(("a", 1, day(0)), value=float(4 * turn + value)))
        counts.append(len(listing(folder_store)[0]))
        time.sleep(1.1)
    assert counts[-1] <= max(counts[:2])


def test_a_week_can_be_looked_back(folder_store):
    write_days(folder_store, range(3 * EVERY))
    newest = DeltaTable(folder(folder_store)).version()
    for version in range(1, newest + 1):
        DeltaTable(folder(folder_store), version=version).to_pyarrow_table()
    assert DeltaTable(folder(folder_store), version=5).to_pyarrow_table().num_rows == 5


def test_no_checkpoint_forgets_a_removed_file_before_it_is_deleted(folder_store, monkeypatch):
    monkeypatch.setattr(delta_upkeep, "_COMMITS_BETWEEN", 1000)
    write_days(folder_store, range(101))
    assert [name for name in listing(folder_store)[1] if "checkpoint" in name] == []
    remembered = DeltaTable(folder(folder_store)).metadata().configuration["delta.deletedFileRetentionDuration"]
    assert remembered == "interval 8 days"
    assert timedelta(days=8) > delta_upkeep._KEPT


def test_what_upkeep_writes_does_not_grow_with_history(folder_store, monkeypatch):
    monkeypatch.setattr(delta_upkeep, "_LARGE", 30_000)
    random = np.random.default_rng(0)
    written, seen = [], set()
    for number in range(8 * EVERY):
        rows = readings(*(("a", 100 * number + index, day(number)) for index in range(100)))
        folder_store.upsert(READINGS, rows.assign(value=random.random(100)))
        new = set(folder(folder_store).glob("*.parquet")) - seen
        written.append(sum(path.stat().st_size for path in new))
        seen |= new
    assert sum(written) > 5 * 30_000
    assert max(written) < 2 * 30_000
    assert folder_store.count(READINGS) == len(folder_store.read(READINGS)) == 800 * EVERY
    files = DeltaTable(folder(folder_store)).file_uris()
    assert len(files) < 2 * EVERY


def test_upkeep_keeps_every_row_whatever_the_order_of_days(folder_store):
    random = np.random.default_rng(0)
    expected = {}
    for value in range(5 * EVERY):
        days = random.integers(0, 60, size=3)
        times = [f"{day(int(number))}T00:00:00.000{number:03d}Z" for number in days]
        rows = readings(*(("a", int(number), time) for number, time in zip(days, times, strict=True)))
        folder_store.upsert(READINGS, rows.assign(value=float(value)))
        expected |= dict.fromkeys(days, float(value))
    read = folder_store.read(READINGS)
    assert dict(zip(read["number"], read["value"], strict=True)) == expected
    assert len(read) == len(expected) == folder_store.count(READINGS)
    assert len(DeltaTable(folder(folder_store)).file_uris()) < 2 * EVERY


def test_what_a_killed_writer_left_is_removed_when_it_is_old(folder_store):
    write_days(folder_store, range(2))
    old, new = folder(folder_store) / "part-old.parquet", folder(folder_store) / "part-new.parquet"
    staged = folder(folder_store) / "_delta_log" / "00000000000000000099.json#1"
    for path in (old, new, staged):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    write_days(folder_store, range(2, 2 + EVERY))
    assert (old.exists(), new.exists(), staged.exists()) == (False, True, False)
    assert len(folder_store.read(READINGS)) == 2 + EVERY


def test_reading_never_tidies_up(folder_store):
    write_days(folder_store, range(EVERY - 2))
    before = listing(folder_store)
    for _ in range(EVERY):
        folder_store.read(READINGS)
        folder_store.newest(READINGS)
    assert listing(folder_store) == before


def test_a_log_file_without_a_time_is_left_as_it_is(folder_store):
    write_days(folder_store, range(EVERY))
    first = folder(folder_store) / "_delta_log" / "00000000000000000001.json"
    first.write_bytes(b"\xff no commit at all")
    write_days(folder_store, range(EVERY, 3 * EVERY))
    assert first.exists()
    assert folder_store.newest(READINGS) == pd.Timestamp(day(3 * EVERY - 1), tz="UTC")
