"""The short form: some steps of the work, spread over all of it. All steps: `make faults`."""

import sys

import pytest

from pipelines.stores.embedded import delta_upkeep
from tests.faults import moving, verbs, work
from tests.faults.harm import errors, kills, power_cuts, undisturbed
from tests.faults.machine import Machine, compiled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux preloads a library and has /proc")

# Of all steps one in so many, for each kind of work and of harm.
EVERY = {
    work: {"cuts": 31, "kills": 61, "errors": 79},
    verbs: {"cuts": 151, "kills": 97, "errors": 211},
    moving: {"cuts": 61, "kills": 31, "errors": 61},
}
# How many data files each of them syncs at the least.
DATA_FILES = {work: 11, verbs: 11, moving: 2}


@pytest.fixture(scope="module", name="folder")
def fixture_folder(tmp_path_factory):
    """One for all kinds of work: what one has prepared, such as a trained candidate, the next finds there."""
    return tmp_path_factory.mktemp("machine")


@pytest.fixture(scope="module", name="shim")
def fixture_shim(folder):
    return compiled(folder)


@pytest.fixture(scope="module", name="machine", params=EVERY, ids=["writes", "verbs", "copy"])
def fixture_machine(request, folder, shim):
    with pytest.MonkeyPatch.context() as patch:
        # The machine shortens it in this process too: the tests that come after find it as it was.
        patch.setattr(delta_upkeep, "_COMMITS_BETWEEN", request.param.COMMITS_BETWEEN)
        with Machine(shim, request.param, folder) as running:
            yield running


@pytest.fixture(scope="module", name="normal")
def fixture_normal(machine):
    return undisturbed(machine)


def in_trouble(outcomes):
    all_of_them = list(outcomes)
    assert len(all_of_them) > 5
    return [outcome for outcome in all_of_them if outcome.trouble]


def test_a_power_cut_loses_nothing_that_was_done(machine, normal):
    assert in_trouble(power_cuts(machine, normal, every=EVERY[machine.work]["cuts"])) == []


def test_a_killed_process_leaves_nothing_in_the_way(machine, normal):
    assert in_trouble(kills(machine, normal, every=EVERY[machine.work]["kills"])) == []


def test_a_disk_that_refuses_is_one_sentence_and_no_loss(machine, normal):
    assert in_trouble(errors(machine, normal, every=EVERY[machine.work]["errors"])) == []


def test_the_work_is_synced_at_all(machine, normal):
    synced = [step.paths[0].name for piece in normal.pieces for step in piece.journal.steps if step.call == "sync"]
    assert {"store", "_delta_log", "champions.json", "model.skops"} <= {
        name.removeprefix(".").removesuffix(".new") for name in synced
    }
    assert sum(name.endswith(".parquet") for name in synced) >= DATA_FILES[machine.work]
