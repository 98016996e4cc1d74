"""The short form: some requests of a daily run, each in one way. All of them: `python -m tests.hopsworks.harm`."""

import pytest

from pipelines.stores.hopsworks import sdk
from tests.hopsworks.harm import HARMS, TASKS, harmed, patient


@pytest.mark.parametrize("task", TASKS)
def test_a_request_that_goes_wrong_leaves_the_state_that_an_undisturbed_day_has(
    emulator, kafka_store, tmp_path, monkeypatch, task
):
    monkeypatch.setattr(sdk, "READ_SECONDS", 5.0)
    # Prime to the number of harms, so that each of them meets requests of every part of the day.
    with patient():
        outcomes = list(harmed(emulator, kafka_store, TASKS[task], every=61, folder=tmp_path))
    assert [outcome for outcome in outcomes if outcome.trouble] == []
    assert {outcome.harm for outcome in outcomes} == set(HARMS)
