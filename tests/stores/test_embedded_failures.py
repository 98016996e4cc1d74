"""What the embedded store says when its folder cannot be used or something in it is damaged: one sentence each."""

import errno
import os
from pathlib import Path

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


DAMAGE = {
    "half a commit": lambda folder: truncate(newest_commit(folder)),
    "an empty commit": lambda folder: newest_commit(folder).write_bytes(b""),
    "no commit at all": lambda folder: newest_commit(folder).write_bytes(os.urandom(200)),
    "a missing commit": lambda folder: sorted((folder / "_delta_log").glob("*.json"))[-2].unlink(),
    "half a checkpoint": lambda folder: truncate(next((folder / "_delta_log").glob("*.checkpoint.parquet"))),
    "a missing checkpoint": lambda folder: next((folder / "_delta_log").glob("*.checkpoint.parquet")).unlink(),
    "missing data": lambda folder: [path.unlink() for path in folder.glob("*.parquet")],
    "half the data": lambda folder: [truncate(path) for path in folder.glob("*.parquet")],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_table(folder_store, kind):
    for number in range(delta_upkeep._COMMITS_BETWEEN + 3):
        folder_store.upsert(READINGS, readings(("a", number, day(0))))
    DAMAGE[kind](folder_store.root / "tables/readings")
    for use in (
        lambda: folder_store.read(READINGS),
        lambda: folder_store.newest(READINGS),
        lambda: folder_store.upsert(READINGS, readings(("a", 1, day(0)), value=5.0)),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        says(caught, "readings", "damaged", "backfill again")
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"a_task": 1}', b'{"a_task": [{}]}', b"\xff", b'{"a_task": [{"version": "x"}]}'],
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


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"5", b"\xff", None])
def test_a_damaged_model_description(folder_store, tmp_path, content):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    path = folder_store.root / "models/a_task/1/model.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        folder_store.describe("a_task", 1)
    says(caught, "model.json", "damaged")


def test_a_copy_to_where_nobody_may_write_is_about_that_place(folder_store, tmp_path):
    folder_store.register(VIEW, 1, model_folder(tmp_path / "candidate"))
    with pytest.raises(StoreError) as caught:
        folder_store.download("a_task", 1, tmp_path / "candidate/model.json/copy")
    says(caught, "candidate/model.json/copy")
    assert "STORE_DIR" not in str(caught.value)
