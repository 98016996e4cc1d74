"""What the embedded store says when its folder cannot be used or something in it is damaged: one sentence each."""

import errno
import json
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from small_groups import READINGS, VIEW, day, model_folder, readings

from pipelines.errors import StoreError, StoreUnavailable
from pipelines.stores.base import ChampionEntry
from pipelines.stores.embedded import EmbeddedStore, delta_upkeep, folder
from pipelines.stores.embedded import files as embedded_files


def uses(store, tmp_path):
    """Everything that can be asked of a store, by name."""
    return {
        "upsert": lambda: store.upsert(READINGS, readings(("a", 1, day(0)))),
        "put_file": lambda: store.put_file("site/index.html", b""),
        "register": lambda: store.register(VIEW, 1, model_folder(tmp_path / "candidate")),
        "read": lambda: store.read(READINGS),
        "newest": lambda: store.newest(READINGS),
        "count": lambda: store.count(READINGS),
        "versions": lambda: store.versions("a_task"),
        "champion": lambda: store.champion("a_task"),
        "get_file": lambda: store.get_file("site/index.html"),
        "list_files": lambda: store.list_files(""),
    }


WRITES = ("upsert", "put_file", "register")
READS = ("read", "newest", "count", "versions", "champion", "get_file", "list_files")


def says(caught, *parts):
    text = str(caught.value)
    assert all(part in text for part in parts), text
    assert "\n" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("use", WRITES + READS)
@pytest.mark.parametrize("below", ["", "deeper/store"])
def test_a_file_in_the_place_of_the_folder(tmp_path, use, below):
    blocker = tmp_path / "store"
    blocker.write_text("mine")
    with pytest.raises(StoreUnavailable) as caught:
        uses(EmbeddedStore(blocker / below), tmp_path)[use]()
    says(caught, "STORE_DIR", str(blocker), "is a file")
    assert blocker.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder that even root cannot write")
@pytest.mark.parametrize("use", WRITES)
def test_a_folder_that_nobody_can_write(tmp_path, use):
    with pytest.raises(StoreUnavailable) as caught:
        uses(EmbeddedStore(Path("/proc/store")), tmp_path)[use]()
    says(caught, "STORE_DIR", "/proc/store")


@pytest.mark.parametrize("use", WRITES)
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_may_not_be_written(folder_store, tmp_path, monkeypatch, use, number):
    folder_store.upsert(READINGS, readings(("a", 1, day(0))))

    def refuse(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(folder, "FileLock", refuse)
    with pytest.raises(StoreUnavailable) as caught:
        uses(folder_store, tmp_path)[use]()
    says(caught, "STORE_DIR", os.strerror(number), "set STORE_DIR to another folder")
    assert folder_store.count(READINGS) == 1


@pytest.mark.parametrize("use", READS)
def test_a_folder_that_may_not_be_read(folder_store, tmp_path, monkeypatch, use):
    def refuse(path, *_, **__):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StoreUnavailable) as caught:
        uses(folder_store, tmp_path)[use]()
    says(caught, "STORE_DIR", "Permission denied")


def test_a_full_disk(folder_store, monkeypatch):
    def refuse(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(embedded_files, "write_atomically", refuse)
    with pytest.raises(StoreUnavailable) as caught:
        folder_store.put_file("site/index.html", b"")
    says(caught, "full", "free some space")


def test_a_full_disk_below_delta_lake(folder_store, monkeypatch):
    def refuse(*_):
        raise OSError("Generic LocalFileSystem error: Unable to copy data to file: No space left (os error 28)")

    monkeypatch.setattr("pipelines.stores.embedded.tables.to_arrow", refuse)
    with pytest.raises(StoreUnavailable) as caught:
        folder_store.upsert(READINGS, readings(("a", 1, day(0))))
    says(caught, "full", "free some space")


def newest_commit(folder):
    return max((folder / "_delta_log").glob("*.json"))


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def newest_data(folder):
    names = [json.loads(line).get("add", {}).get("path") for line in newest_commit(folder).read_text().split("\n")]
    return next(folder / name for name in names if name)


def checkpoint(folder):
    return next((folder / "_delta_log").glob("*.checkpoint.parquet"))


# What a power cut leaves of the newest commit, and of a checkpoint.
OF_THE_NEWEST = {
    "half a commit": lambda folder: truncate(newest_commit(folder)),
    "an empty commit": lambda folder: newest_commit(folder).write_bytes(b""),
    "no commit at all": lambda folder: newest_commit(folder).write_bytes(os.urandom(200)),
    "zeros for a commit": lambda folder: newest_commit(folder).write_bytes(bytes(1000)),
    "no data": lambda folder: newest_data(folder).unlink(),
    "half the data": lambda folder: truncate(newest_data(folder)),
    "zeros for data": lambda folder: newest_data(folder).write_bytes(bytes(newest_data(folder).stat().st_size)),
}
OF_A_CHECKPOINT = {
    "half a checkpoint": lambda folder: truncate(checkpoint(folder)),
    "an empty checkpoint": lambda folder: checkpoint(folder).write_bytes(b""),
    "a missing checkpoint": lambda folder: checkpoint(folder).unlink(),
    "half a hint": lambda folder: (folder / "_delta_log/_last_checkpoint").write_bytes(b'{"ver'),
}
# What no power cut does, because it had been synced before.
OF_MORE = {
    "a missing commit": lambda folder: sorted((folder / "_delta_log").glob("*.json"))[-2].unlink(),
    "missing data": lambda folder: [path.unlink() for path in folder.glob("*.parquet")],
    "half the data": lambda folder: [truncate(path) for path in folder.glob("*.parquet")],
}


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory):
    """A store that was tidied up and written to since. Only to be copied."""
    store = EmbeddedStore(tmp_path_factory.mktemp("used") / "store")
    for number in range(delta_upkeep._COMMITS_BETWEEN + 3):
        store.upsert(READINGS, readings(("a", number, day(number))))
    return store.root


@pytest.fixture
def used_store(used_folder, tmp_path):
    return EmbeddedStore(shutil.copytree(used_folder, tmp_path / "store"))


@pytest.mark.parametrize("use", ["upsert", "read", "newest", "count"])
@pytest.mark.parametrize("kind", OF_THE_NEWEST)
def test_a_damaged_newest_commit_is_set_aside_by_itself(used_store, kind, use, caplog, tmp_path):
    whole = used_store.read(READINGS)
    folder = used_store.root / "tables/readings"
    before = newest_commit(folder).name
    OF_THE_NEWEST[kind](folder)
    damaged = newest_commit(folder).read_bytes()
    store = EmbeddedStore(used_store.root)
    if use == "upsert":
        assert store.upsert(READINGS, readings(("b", 1, day(0)))) == 1
    else:
        uses(store, tmp_path)[use]()
        assert store.newest(READINGS) == whole["event_time"].iloc[-2]
        assert store.count(READINGS) == len(whole) - 1
        store.upsert(READINGS, whole)
        pd.testing.assert_frame_equal(store.read(READINGS), whole)
    aside = folder / "_set_aside" / f"{before}.1"
    assert aside.read_bytes() == damaged
    assert str(aside) in caplog.text


@pytest.mark.parametrize("use", ["clear", "remove", "upsert", "written_at"])
def test_a_table_whose_only_commit_is_damaged_is_made_again(folder_store, use):
    folder_store.upsert(READINGS, readings(("a", 0, day(0))))
    folder = folder_store.root / "tables/readings"
    newest_commit(folder).unlink()
    newest_commit(folder).write_bytes(b"")
    store = EmbeddedStore(folder_store.root)
    {
        "clear": lambda: store.clear(READINGS),
        "remove": lambda: store.remove(READINGS, day(0)),
        "upsert": lambda: store.upsert(READINGS, readings(("b", 0, day(0)))),
        "written_at": lambda: store.written_at(READINGS),
    }[use]()
    store.upsert(READINGS, readings(("b", 0, day(0))))
    assert list(store.read(READINGS)["sensor"]) == ["b"]


@pytest.mark.parametrize("kind", OF_A_CHECKPOINT)
def test_a_damaged_checkpoint_costs_nothing(used_store, kind):
    whole = used_store.read(READINGS)
    OF_A_CHECKPOINT[kind](used_store.root / "tables/readings")
    store = EmbeddedStore(used_store.root)
    pd.testing.assert_frame_equal(store.read(READINGS), whole)
    assert store.upsert(READINGS, whole) == 0


@pytest.mark.parametrize("kind", OF_MORE)
def test_a_table_that_is_damaged_further_back(used_store, kind):
    OF_MORE[kind](used_store.root / "tables/readings")
    left = sorted(path for path in (used_store.root / "tables").rglob("*") if path.is_file())
    for use in (
        lambda: used_store.read(READINGS),
        lambda: used_store.newest(READINGS),
        lambda: used_store.upsert(READINGS, readings(("a", 1, day(1)), value=5.0)),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        says(caught, "readings", "damaged", "copy of the store", "keep it under another name")
        assert len(str(caught.value)) < 600
    assert sorted(path for path in (used_store.root / "tables").rglob("*") if path.is_file()) == left


def test_what_was_set_aside_goes_after_a_week(used_store):
    folder = used_store.root / "tables/readings"
    newest_commit(folder).write_bytes(b"")
    EmbeddedStore(used_store.root).newest(READINGS)
    aside = next((folder / "_set_aside").iterdir())
    for age, left in ((timedelta(days=6), True), (timedelta(days=8), False)):
        when = time.time() - age.total_seconds()
        os.utime(aside, (when, when))
        for number in range(delta_upkeep._COMMITS_BETWEEN):
            used_store.upsert(READINGS, readings((f"{age}", number, day(number))))
        assert aside.exists() == left


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a_task": 1}',
        b'{"a_task": [{}]}',
        b"\xff",
        b'{"a_task": [{"version": "x"}]}',
        b'{"a_task": [{"version": 1, "when": "noon", "who": "a", "reason": ""}]}',
        b"<<<<<<< HEAD",
        pytest.param(b"[" * 9999, id="deep"),
        b'{"schema_version": 1}',
        b'{"schema_version": 2, "champions": {}}',
    ],
)
def test_a_damaged_champion_log(folder_store, tmp_path, content):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    (folder_store.root / "champions.json").write_bytes(content)
    when = readings(("a", 1, day(0)))["event_time"][0].to_pydatetime()
    for use in (
        lambda: folder_store.champion("a_task"),
        lambda: folder_store.champion_log("a_task"),
        lambda: folder_store.move_champion(ChampionEntry("a_task", 1, when, "someone", ""), None),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        says(caught, "champions.json", "damaged")
    assert (folder_store.root / "champions.json").read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2]", b"5", b"\xff", b'{"inputs": {"a": 1}}', pytest.param(b"[" * 9999, id="deep"), None]
)
def test_a_damaged_model_description(folder_store, tmp_path, content):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    path = folder_store.root / "models/a_task/1/model.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        folder_store.describe("a_task", 1)
    says(caught, "model.json", "damaged")


IN_THE_PLACE_OF_A_FILE = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("/nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("what", IN_THE_PLACE_OF_A_FILE)
def test_what_is_no_file_is_not_read(folder_store, tmp_path, what):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    for name in ("champions.json", "models/a_task/1/model.json", "notes.json"):
        (folder_store.root / name).unlink(missing_ok=True)
        IN_THE_PLACE_OF_A_FILE[what](folder_store.root / name)
    for use in (lambda: folder_store.champion("a_task"), lambda: folder_store.describe("a_task", 1)):
        with pytest.raises(StoreError) as caught:
            use()
        assert not isinstance(caught.value, StoreUnavailable)  # which would stop what is about other tasks
        says(caught, "damaged (it is no file)")
    assert folder_store.get_file("notes.json") is None


def test_a_version_that_cannot_be_read_whole_is_no_fault_of_the_place_that_it_is_copied_to(folder_store, tmp_path):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    (folder_store.root / "models/a_task/1/model.skops").unlink(missing_ok=True)
    (folder_store.root / "models/a_task/1/model.skops").symlink_to("/nowhere")
    with pytest.raises(StoreError) as caught:
        folder_store.download("a_task", 1, tmp_path / "copy")
    says(caught, "model.skops of version 1 of a_task", "cannot be read; take the version from another copy")


def test_a_file_in_the_place_of_a_version_is_named(folder_store):
    (folder_store.root / "models/a_task").mkdir(parents=True)
    (folder_store.root / "models/a_task/2").write_text("mine")
    with pytest.raises(StoreError) as caught:
        folder_store.describe("a_task", 2)
    says(caught, "models/a_task/2 should be a folder and is none; move it away")


def test_a_folder_where_a_file_is_written_is_named(folder_store):
    (folder_store.root / "sources/wine.json").mkdir(parents=True)
    with pytest.raises(StoreUnavailable) as caught:
        folder_store.put_file("sources/wine.json", b"{}")
    says(caught, "sources/wine.json is a folder and should be a file; move it away")


def test_a_copy_to_where_nobody_may_write_is_about_that_place(folder_store, tmp_path):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    with pytest.raises(StoreError) as caught:
        folder_store.download("a_task", 1, tmp_path / "candidate/model.json/copy")
    says(caught, "candidate/model.json/copy")
    assert "STORE_DIR" not in str(caught.value)
