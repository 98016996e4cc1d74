"""The short form: some steps of the work, spread over all of it. All steps: `make faults`."""

import sys

import pytest

from tests.faults.harm import errors, kills, power_cuts, undisturbed
from tests.faults.machine import Machine, compiled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux preloads a library and has /proc")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with Machine(compiled(tmp_path_factory.mktemp("shim"))) as running:
        yield running


@pytest.fixture(scope="module")
def normal(machine, tmp_path_factory):
    return undisturbed(machine, tmp_path_factory.mktemp("undisturbed"))


def in_trouble(outcomes):
    all_of_them = list(outcomes)
    assert len(all_of_them) > 5
    return [outcome for outcome in all_of_them if outcome.trouble]


def test_a_power_cut_loses_nothing_that_was_done(normal, tmp_path):
    assert in_trouble(power_cuts(normal, tmp_path, every=31)) == []


def test_a_killed_process_leaves_nothing_in_the_way(machine, normal, tmp_path):
    assert in_trouble(kills(machine, normal, tmp_path, every=61)) == []


def test_a_disk_that_refuses_is_one_sentence_and_no_loss(machine, normal, tmp_path):
    assert in_trouble(errors(machine, normal, tmp_path, every=79)) == []


def test_the_work_is_synced_at_all(normal):
    synced = [step.paths[0].name for step in normal.journal.steps if step.call == "sync"]
    assert {"store", "readings", "_delta_log", "champions.json", "model.skops"} <= {
        name.removeprefix(".").removesuffix(".new") for name in synced
    }
    assert sum(name.endswith(".parquet") for name in synced) > 10
