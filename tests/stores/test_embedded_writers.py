"""Many processes at one embedded store: they all get their rows in, and a killed one leaves no trace that matters."""

import os
import signal
import subprocess
import sys
import time

import pytest
from deltalake import write_deltalake
from filelock import FileLock
from small_groups import READINGS, VIEW, day, model_folder, readings

from pipelines.errors import StoreError, StoreUnavailable
from pipelines.stores import rows as group_rows
from pipelines.stores.embedded import folder
from pipelines.stores.embedded import tables as embedded_tables

PROJECT = os.getcwd()  # noqa: PTH109 - the tests run from the project's folder

PREAMBLE = """
import sys, pathlib, time
sys.path[:0] = [{project!r}, {project!r} + "/tests"]
import pandas as pd
from small_groups import *
from pipelines.stores.embedded import EmbeddedStore
store, me = EmbeddedStore(pathlib.Path({root!r})), int(sys.argv[1])
"""


def start(store, program, number=0):
    text = PREAMBLE.format(project=PROJECT, root=store.location) + program
    return subprocess.Popen([sys.executable, "-c", text, str(number)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def all_succeed(processes):
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()


def test_eight_processes_write_at_once(folder_store):
    program = """
for turn in range(3):
    mine = readings(*((f"own-{me}", turn * 10 + number, day(turn)) for number in range(10)))
    shared = readings(*(("shared", number, day(0)) for number in range(5)), value=float(me))
    assert store.upsert(READINGS, pd.concat([mine, shared])) >= 10
"""
    all_succeed([start(folder_store, program, number) for number in range(8)])
    rows = folder_store.read(READINGS)
    assert len(rows) == folder_store.count(READINGS) == 8 * 30 + 5
    assert not rows.duplicated(["sensor", "number"]).any()
    assert len(set(rows.loc[rows["sensor"] == "shared", "value"])) == 1


def test_of_four_processes_one_registers_a_version_and_one_moves_the_champion(folder_store, tmp_path):
    folder = model_folder(tmp_path / "candidate")
    program = f"""
from datetime import datetime, UTC
from pipelines.errors import ChampionMoved, VersionTaken
from pipelines.stores.base import ChampionEntry
try:
    store.register(VIEW, 1, pathlib.Path({str(folder)!r}))
except VersionTaken:
    pass
else:
    store.put_file("registered/" + str(me), b"")
try:
    store.move_champion(ChampionEntry("a_task", 1, datetime(2026, 1, 1, tzinfo=UTC), str(me), ""), None)
except ChampionMoved:
    pass
"""
    all_succeed([start(folder_store, program, number) for number in range(4)])
    assert folder_store.versions("a_task") == [1]
    assert len(folder_store.list_files("registered/")) == 1
    assert len(folder_store.champion_log("a_task")) == 1


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.08])
def test_a_writer_that_is_killed_leaves_what_was_there_before(folder_store, delay):
    folder_store.upsert(READINGS, readings(*(("a", number, day(0)) for number in range(2000)), value=0.0))
    program = """
print("ready", flush=True)
for turn in range(1, 10_000):
    store.upsert(READINGS, readings(*(("a", number, day(0)) for number in range(2000)), value=float(turn)))
"""
    process = start(folder_store, program)
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    rows = folder_store.read(READINGS)
    assert len(rows) == folder_store.count(READINGS) == 2000
    assert len(set(rows["value"])) == 1
    assert folder_store.upsert(READINGS, readings(("a", 2000, day(1)))) == 1


def test_a_writer_that_is_killed_before_the_first_commit_leaves_no_group(folder_store):
    data = folder_store.root / "tables/readings"
    (data / "_delta_log").mkdir(parents=True)
    (data / "part-00000-left.parquet").write_bytes(b"half")
    (data / "_delta_log" / "00000000000000000000.json#1").write_bytes(b"")
    assert folder_store.read(READINGS).empty
    assert folder_store.upsert(READINGS, readings(("a", 1, day(0)))) == 1
    assert folder_store.count(READINGS) == 1


def test_a_registration_that_is_killed_leaves_no_version(folder_store, tmp_path):
    folder = model_folder(tmp_path / "candidate")
    program = f"""
from pipelines.stores.embedded import models as embedded_models
def hang(path):
    print("copied", flush=True)
    time.sleep(60)
embedded_models.sync = hang
store.register(VIEW, 1, pathlib.Path({str(folder)!r}))
"""
    process = start(folder_store, program)
    assert process.stdout.readline() == b"copied\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert os.listdir(folder_store.root / "models/a_task") == [".1.new"]  # noqa: PTH208
    assert folder_store.versions("a_task") == []
    folder_store.register(VIEW, 2, folder)
    assert os.listdir(folder_store.root / "models/a_task") == ["2"]  # noqa: PTH208


def test_a_file_that_was_half_written_is_not_seen(folder_store, monkeypatch):
    folder_store.put_file("dashboard/metrics.json", b"old")

    def crash(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder, "sync", crash)
        with pytest.raises(KeyboardInterrupt):
            folder_store.put_file("dashboard/metrics.json", b"new")
    assert folder_store.get_file("dashboard/metrics.json") == b"old"
    assert folder_store.list_files("") == ["dashboard/metrics.json"]
    folder_store.put_file("dashboard/metrics.json", b"newer")
    assert os.listdir(folder_store.root / "dashboard") == ["metrics.json"]  # noqa: PTH208


def test_a_lock_that_is_never_given_back_is_reported(folder_store, monkeypatch):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    monkeypatch.setattr(folder, "LOCK_TIMEOUT_S", 0.1)
    with (
        FileLock(folder_store.root / ".locks/tables-readings.lock"),
        pytest.raises(StoreUnavailable, match="tables-readings"),
    ):
        folder_store.upsert(READINGS, readings(("a", 2, day(0))))
    assert folder_store.upsert(READINGS, readings(("a", 2, day(0)))) == 1


def intrude(store, monkeypatch, times):
    """Let another program, without our lock, rewrite the table between our look at it and our commit."""
    seen = []

    def compare(*arguments):
        if len(seen) < times:
            seen.append(1)
            theirs = readings(("a", 1, day(0)), value=float(len(seen)))
            write_deltalake(store.root / "tables/readings", group_rows.to_arrow(theirs, READINGS), mode="overwrite")
        return group_rows.new_or_changed(*arguments)

    monkeypatch.setattr(embedded_tables, "new_or_changed", compare)
    return seen


def test_a_conflict_with_another_program_is_tried_again(folder_store, monkeypatch):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    seen = intrude(folder_store, monkeypatch, times=2)
    assert folder_store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 2, day(0)), value=9.0)) == 2
    assert len(seen) == 2
    assert list(folder_store.read(READINGS)["value"]) == [9.0, 9.0]


def test_new_rows_are_compared_again_with_what_another_program_has_added_meanwhile(folder_store, monkeypatch):
    folder_store.upsert(READINGS, readings(("b", 1, day(0))))
    seen = []

    def compare(*arguments):
        if not seen:
            seen.append(1)
            theirs = group_rows.to_arrow(readings(("a", 1, day(0)), value=1.0), READINGS)
            write_deltalake(folder_store.root / "tables/readings", theirs, mode="append")
        return group_rows.new_or_changed(*arguments)

    monkeypatch.setattr(embedded_tables, "new_or_changed", compare)
    assert folder_store.upsert(READINGS, readings(("a", 1, day(0)), value=9.0)) == 1
    assert list(folder_store.read(READINGS, where={"sensor": "a"})["value"]) == [9.0]


def test_a_conflict_that_does_not_end_is_reported(folder_store, monkeypatch):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    intrude(folder_store, monkeypatch, times=1000)
    with pytest.raises(StoreError, match="readings"):
        folder_store.upsert(READINGS, readings(("a", 1, day(0)), value=9.0))
    assert folder_store.read(READINGS)["value"].item() < 9.0


def test_readers_see_whole_states_while_others_write(folder_store):
    program = """
print("ready", flush=True)
for turn in range(40):
    store.upsert(READINGS, readings(*(("a", number, day(0)) for number in range(50)), value=float(turn)))
"""
    writer = start(folder_store, program)
    writer.stdout.readline()
    states = []
    while writer.poll() is None:
        rows = folder_store.read(READINGS)
        assert len(rows) in (0, 50)
        assert len(set(rows["value"])) <= 1
        states.extend(rows["value"][:1])
    all_succeed([writer])
    assert states == sorted(states)
    assert len(set(states)) > 1
