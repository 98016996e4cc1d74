"""Bit rot: what `doctor --deep` finds in a store that was whole."""

import random
import shutil
from datetime import UTC, datetime

import pytest
from small_models import register_small_model

from pipelines.cli.doctor import doctor_checks
from pipelines.datasets import dataset_named, task_named
from pipelines.errors import PipelineError
from pipelines.features.backfill import backfill
from pipelines.settings import read_settings
from pipelines.stores.backfills import history_checksum
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    backfill(store, IRIS, [], NOW)
    return store


def failed(settings=None):
    checks = list(doctor_checks(settings or read_settings(), NOW, deep=True))
    return {check.name: check.sentence for check in checks if not check.passed}


def test_a_whole_store_is_well(store, tmp_path):
    register_small_model(store, VARIETY, tmp_path / "model")
    found = {check.name: check.sentence for check in doctor_checks(read_settings(), NOW, deep=True)}
    assert failed() == {}
    assert found["history of iris"] == "as it was backfilled from scikit-learn's iris"
    assert found["rows of iris"] == "all 150 can be read"
    assert found["versions of iris_variety"] == "all 1 are as they were registered"


def test_a_changed_number_in_history_is_found_and_backfill_brings_it_back(store):
    row = store.read(samples_group(IRIS)).head(1)
    store.upsert(samples_group(IRIS), row.assign(sepal_width=row["sepal_width"] + 1e-9))
    assert "the same source" in failed()["history of iris"]
    backfill(store, IRIS, [], NOW)
    assert failed() == {}


def test_a_version_with_a_changed_file_is_found(store, tmp_path):
    register_small_model(store, VARIETY, tmp_path / "model")
    path = store.root / "models" / VARIETY.name / "1" / "model.skops"
    path.write_bytes(path.read_bytes() + b" ")
    assert "model.skops was changed" in failed()["versions of iris_variety"]


def test_a_store_of_before_says_how_to_record_a_checksum(store):
    (store.root / "backfills" / "iris.json").unlink()
    sentences = [check.sentence for check in doctor_checks(read_settings(), NOW, deep=True)]
    assert any("python -m pipelines backfill iris" in sentence for sentence in sentences)


def test_no_flipped_bit_changes_history_unseen(store, tmp_path):
    """A bit of a data file either cannot be read past, or is found by the checksum, or changes nothing."""
    chance = random.Random(0)  # noqa: S311 - reproducible
    whole, known = store.read(samples_group(IRIS)), history_checksum(store, IRIS)
    unreadable, changed = 0, 0
    for number in range(40):
        spoilt = EmbeddedStore(shutil.copytree(store.root, tmp_path / f"spoilt-{number}"))
        flip_a_bit(next(spoilt.root.glob("tables/iris/*.parquet")), chance)
        try:
            rows, checksum = spoilt.read(samples_group(IRIS)), history_checksum(spoilt, IRIS)
        except PipelineError:
            unreadable += 1
        else:
            assert rows.equals(whole) == (checksum == known)
            changed += checksum != known
    assert unreadable + changed > 10


def flip_a_bit(file, chance):
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    file.write_bytes(content)
