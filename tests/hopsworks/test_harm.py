"""The short form: some requests of a daily run, each in one way. All of them: `python -m tests.hopsworks.harm`."""

from pipelines.stores.hopsworks import sdk
from tests.hopsworks.harm import HARMS, harmed, patient


def test_a_request_that_goes_wrong_leaves_the_state_that_an_undisturbed_day_has(
    emulator, kafka_store, tmp_path, monkeypatch
):
    monkeypatch.setattr(sdk, "READ_SECONDS", 5.0)
    # Prime to the number of harms, so that each of them meets requests of every part of the day.
    with patient():
        outcomes = list(harmed(emulator, kafka_store, every=31, folder=tmp_path))
    assert [outcome for outcome in outcomes if outcome.trouble] == []
    assert {outcome.harm for outcome in outcomes} == set(HARMS)
