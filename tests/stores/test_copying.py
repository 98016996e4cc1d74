"""Copying a store: to Hopsworks and back, broken off and started again."""

import dataclasses
import hashlib
import json
import uuid
from datetime import UTC, datetime

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_groups import model_folder

from pipelines.datasets import dataset_named
from pipelines.errors import StoreError, UsageError
from pipelines.stores.base import ChampionEntry
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group, task_view
from pipelines.stores.copying import copy_store, folder_checksum, rows_checksum
from pipelines.stores.embedded import EmbeddedStore
from tests.hopsworks.emulator.fixtures import delta_store, emulator, kafka_store  # noqa: F401 - fixtures by name

IRIS = dataset_named("iris")
TASK = IRIS.tasks[0]
GROUPS = (samples_group(IRIS), quarantine_group(IRIS), predictions_group(TASK))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def entry(version, minute):
    return ChampionEntry(TASK.name, version, NOON.replace(minute=minute), "someone", f"because of {version}")


def rows_of(group, count):
    values = {"string": "x", "double": 0.1, "bigint": 1, "timestamp": pd.Timestamp("1936-09-01", tz="UTC")}
    row = {column.name: values[column.type] for column in group.columns}
    return pd.DataFrame([{**row, group.key[0]: f"key-{number}"} for number in range(count)])


@pytest.fixture
def filled(tmp_path):
    """An embedded store with something of everything."""
    store = EmbeddedStore(tmp_path / "filled")
    for count, group in enumerate(GROUPS, start=3):
        store.upsert(group, rows_of(group, count))
    for version in (1, 3):
        folder = model_folder(tmp_path / f"candidate-{version}", version=version)
        store.register(task_view(TASK), version, folder)
    for number, (version, expected) in enumerate([(1, None), (3, 1), (None, 3)]):
        store.move_champion(entry(version, number), expected)
    store.put_file("dashboard/metrics.json", b"{}")
    store.put_file("sources/iris.json", b'{"rows": 150}')
    return store


def assert_equal(one, other, tmp_path):
    for group in GROUPS:
        assert_frame_equal(one.read(group), other.read(group))
    assert one.versions(TASK.name) == other.versions(TASK.name) == [1, 3]
    folders = [store.download(TASK.name, 3, tmp_path / uuid.uuid4().hex) for store in (one, other)]
    assert folder_checksum(folders[0]) == folder_checksum(folders[1])
    assert one.champion_log(TASK.name) == other.champion_log(TASK.name)
    assert one.list_files("") == other.list_files("") == ["dashboard/metrics.json", "sources/iris.json"]
    assert one.get_file("sources/iris.json") == other.get_file("sources/iris.json")


@pytest.mark.parametrize("name", ["kafka_store", "delta_store"])
def test_everything_moves_to_hopsworks_and_back(filled, request, tmp_path, name):
    hopsworks, back = request.getfixturevalue(name), EmbeddedStore(tmp_path / "back")
    copied = copy_store(filled, hopsworks, [IRIS])
    assert_equal(filled, hopsworks, tmp_path)
    assert {part.what: (part.in_source, part.written) for part in copied} == {
        "files": (2, 2),
        "feature group iris": (3, 3),
        "feature group iris_quarantine": (4, 4),
        "feature group iris_variety_predictions": (5, 5),
        "model iris_variety": (2, 2),
        "champion log of iris_variety": (3, 3),
    }
    returned = copy_store(hopsworks, back, [IRIS])
    assert_equal(filled, back, tmp_path)
    assert [part.checksum for part in returned] == [part.checksum for part in copied]


def test_a_copy_that_is_there_already_is_left_alone(filled, tmp_path):
    target = EmbeddedStore(tmp_path / "target")
    copy_store(filled, target)
    assert not any(part.written for part in copy_store(filled, target))


@pytest.mark.parametrize("broken", ["upsert", "register", "move_champion", "put_file"])
def test_a_copy_that_was_broken_off_is_completed(filled, tmp_path, monkeypatch, broken):
    target, calls = EmbeddedStore(tmp_path / "target"), []
    method = getattr(EmbeddedStore, broken)

    def breaks(store, *args, **kwargs):
        calls.append(args)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return method(store, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedStore, broken, breaks)
        with pytest.raises(KeyboardInterrupt):
            copy_store(filled, target, [IRIS])
    copy_store(filled, target, [IRIS])
    assert_equal(filled, target, tmp_path)


def test_a_store_is_not_copied_to_itself(filled):
    with pytest.raises(UsageError, match="itself"):
        copy_store(filled, EmbeddedStore(filled.root))


def test_what_was_there_before_is_not_mixed_with_what_comes(filled, tmp_path):
    target = EmbeddedStore(tmp_path / "target")
    target.upsert(GROUPS[0], rows_of(GROUPS[0], 9))
    with pytest.raises(StoreError, match=r"iris has 3 rows in .* and 9 in"):
        copy_store(filled, target, [IRIS])


def test_another_model_of_the_same_version_is_told(filled, tmp_path):
    target = EmbeddedStore(tmp_path / "target")
    target.register(task_view(TASK), 1, model_folder(tmp_path / "other", version=1, seed=7))
    with pytest.raises(StoreError, match="Version 1 of iris_variety is another model"):
        copy_store(filled, target, [IRIS])


@pytest.fixture
def recorded(tmp_path):
    """A store with a version whose files are recorded with their checksums."""
    store = EmbeddedStore(tmp_path / "recorded")
    folder = model_folder(tmp_path / "candidate")
    (folder / "card.md").write_text("# A model")
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.skops", "card.md")}
    (folder / "model.json").write_text(json.dumps({"version": 1, "sha256": sums}))
    store.register(task_view(TASK), 1, folder)
    return store


@pytest.mark.parametrize("content", [b"half", None])
def test_half_a_model_is_not_copied(recorded, tmp_path, content):
    path = recorded.root / "models" / TASK.name / "1/model.skops"
    path.unlink() if content is None else path.write_bytes(content)
    target = EmbeddedStore(tmp_path / "target")
    with pytest.raises(StoreError, match=f"Version 1 of {TASK.name} in .*recorded is damaged: model.skops"):
        copy_store(recorded, target)
    assert target.versions(TASK.name) == []


def test_a_note_in_a_card_is_copied_with_a_warning(recorded, tmp_path, caplog):
    (recorded.root / "models" / TASK.name / "1/card.md").write_text("# A model, see the notes")
    target = EmbeddedStore(tmp_path / "target")
    copy_store(recorded, target)
    assert target.versions(TASK.name) == [1]
    assert "card.md of version 1" in caplog.text


def test_another_champion_is_told(filled, tmp_path):
    target = EmbeddedStore(tmp_path / "target")
    target.register(task_view(TASK), 1, model_folder(tmp_path / "same", version=1))
    target.move_champion(dataclasses.replace(entry(1, 0), who="somebody else"), None)
    with pytest.raises(StoreError, match="champion of iris_variety was moved"):
        copy_store(filled, target, [IRIS])


@pytest.mark.parametrize(
    ("method", "spoilt"),
    [("read", lambda rows: rows.iloc[1:]), ("read", lambda rows: rows.assign(petal_width=0.1 + 1e-17 * 2))],
)
def test_rows_that_did_not_arrive_are_missed(filled, tmp_path, monkeypatch, method, spoilt):
    target = EmbeddedStore(tmp_path / "target")
    read = EmbeddedStore.read

    def spoils(store, group, **kwargs):
        rows = read(store, group, **kwargs)
        return spoilt(rows) if store is target and "petal_width" in rows and len(rows) else rows

    monkeypatch.setattr(EmbeddedStore, method, spoils)
    with pytest.raises(StoreError, match="iris has 3 rows"):
        copy_store(filled, target, [IRIS])


def test_a_checksum_sees_the_last_bit_and_nothing_else():
    rows = pd.DataFrame({"a": ["x", None], "b": [0.1 + 0.2, None], "c": pd.array([1, None], dtype="Int64")})
    assert rows_checksum(rows) == rows_checksum(rows.copy())
    assert rows_checksum(rows) != rows_checksum(rows.assign(b=[0.3, None]))
    assert rows_checksum(rows) != rows_checksum(rows.assign(a=["y", None]))
    assert rows_checksum(rows) != rows_checksum(rows.assign(c=pd.array([1, 2], dtype="Int64")))
