"""What goes wrong between us and Hopsworks: what is tried again, what is not, and what is said in the end."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from small_groups import READINGS, day, readings
from tenacity import Retrying, nap, retry_if_exception

from pipelines.errors import StoreError, StoreUnavailable
from pipelines.settings import HopsworksSettings
from pipelines.stores.hopsworks import failures, patience, queries, sdk
from pipelines.stores.hopsworks.patience import PAUSE, StopInTime, is_transient

pytestmark = pytest.mark.usefixtures("impatient")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(kafka_store):
    """A store with one row."""
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    return kafka_store


STEPS = ("GET .*/featuregroups/", "PUT .*/featurestores/query", "GET .*/kafka_connector", "POST .*/executions")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hiccup_of_the_server_is_not_noticed(store, emulator, status):
    for step in STEPS:
        emulator.fault(step, status=status)
    assert store.upsert(READINGS, readings(("b", 1, day(0)))) == 1
    assert store.count(READINGS) == 2
    assert len(emulator.log(f"{status} ")) == len(STEPS)


@pytest.mark.parametrize("stage", ["before", "after", "partial"])
def test_a_broken_connection_is_not_noticed(store, emulator, stage):
    for step in STEPS:
        emulator.fault(step, drop=stage)
    assert store.upsert(READINGS, readings(("b", 1, day(0)))) == 1
    assert store.count(READINGS) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_stays_down_is_told_in_time(store, emulator, status):
    emulator.fault("/featuregroups/", status=status, times=-1)
    with pytest.raises(StoreUnavailable, match=rf"read the feature group readings.*answers {status}.*later"):
        store.read(READINGS)
    assert len(emulator.log(f"{status} GET")) > 2


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, StoreUnavailable, "secret HOPSWORKS_API_KEY"),
        (403, StoreUnavailable, "scopes"),
        (404, StoreError, "doctor"),
        (400, StoreError, "doctor"),
    ],
)
def test_a_refusal_is_told_at_once(store, emulator, status, error, says):
    emulator.fault("PUT .*/featurestores/query", status=status, times=-1)
    with pytest.raises(error, match=says) as caught:
        store.read(READINGS)
    assert "readings" in str(caught.value)
    assert len(emulator.log(f"{status} PUT")) == 1


def test_an_answer_that_is_no_json_is_told(store, emulator):
    emulator.fault("GET .*/featuregroups/", status=200, body="<html>Welcome to the hotel</html>", times=-1)
    with pytest.raises(StoreUnavailable, match="HOPSWORKS_HOST"):
        store.count(READINGS)


@pytest.fixture
def waited(monkeypatch):
    """The pauses, in seconds."""
    pauses, sleep = [], nap.time.sleep
    monkeypatch.setattr(nap.time, "sleep", lambda seconds: (pauses.append(seconds), sleep(seconds)))
    return pauses


def test_pauses_double(store, emulator, waited):
    emulator.fault("GET .*/featuregroups/", status=503, times=2)
    store.count(READINGS)
    assert 0.25 <= waited[0] <= 0.5 <= waited[1] <= 1


def test_who_is_asked_to_wait_waits(store, emulator, waited):
    emulator.fault("GET .*/featuregroups/", status=503, retry_after=4)
    store.count(READINGS)
    assert waited == [4]


def test_a_wait_that_is_longer_than_there_is_time_is_not_begun(store, emulator, waited):
    emulator.fault("GET .*/featuregroups/", status=503, retry_after=3600, times=-1)
    with pytest.raises(StoreUnavailable, match="503"):
        store.count(READINGS)
    assert 0 < sum(waited) <= 8


@pytest.mark.parametrize(
    ("module", "name", "seconds"), [("pipelines", "Incomplete", 60), ("pyarrow", "FlightInternalError", 15)]
)
def test_the_time_for_trying_again_counts_from_the_first_failure(waited, monkeypatch, module, name, seconds):
    monkeypatch.setattr(patience, "RETRY_SECONDS", 60.0)
    monkeypatch.setattr(patience, "FLIGHT_RETRY_SECONDS", 15.0)
    error = type(name, (Exception,), {"__module__": module})

    def fail_late():
        nap.time.sleep(100 if not waited else 0)
        raise error

    with pytest.raises(error):
        Retrying(retry=retry_if_exception(is_transient), wait=PAUSE, stop=StopInTime(), reraise=True)(fail_late)
    assert seconds - 10 < sum(waited[1:]) <= seconds
    assert 3 <= max(waited[1:]) <= 10


def test_a_query_service_that_is_down_is_told_in_time(store, emulator):
    sdk.reset_query_service()
    emulator.knobs(flight_address="127.0.0.1:1/")
    with pytest.raises(StoreUnavailable, match=r"readings.*query service .Arrow Flight, port 5005"):
        store.read(READINGS)


@pytest.mark.usefixtures("tried_twice")
def test_a_query_service_that_says_nothing_is_told_in_time(store, emulator):
    sdk.reset_query_service()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        emulator.knobs(flight_address=f"127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(StoreUnavailable, match="query service"):
            store.read(READINGS)


def test_a_query_service_that_comes_back_is_used_again(store, emulator):
    sdk.reset_query_service()
    emulator.knobs(flight_address="127.0.0.1:1/")
    with pytest.raises(StoreUnavailable):
        store.read(READINGS)
    emulator.knobs(flight_address="")
    assert len(store.read(READINGS)) == 1


def test_a_query_service_that_is_off_is_told(store, emulator):
    sdk.reset_query_service()
    emulator.knobs(query_service=False)
    with pytest.raises(StoreError, match="enable"):
        store.read(READINGS)


@pytest.mark.parametrize(
    ("verb", "status"), [("do-get", 503), ("do-get", 500), ("get-flight-info", 503), ("do-get", 429)]
)
def test_a_hiccup_of_the_query_service_is_not_noticed(store, emulator, verb, status):
    emulator.fault(f"FLIGHT {verb}", status=status)
    assert len(store.read(READINGS)) == 1


def test_a_query_that_takes_too_long_is_broken_off(store, emulator, monkeypatch):
    monkeypatch.setattr(queries, "FLIGHT_SECONDS", 0.3)
    emulator.fault("FLIGHT do-get", delay=60)
    assert len(store.read(READINGS)) == 1


@pytest.mark.usefixtures("tried_twice")
def test_kafka_that_is_down_is_told_in_time(store, emulator):
    emulator.knobs(kafka_address="127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match=r"readings.*Kafka.*HOPSWORKS_WRITE_PATH=delta"):
        store.upsert(READINGS, readings(("b", 1, day(0))))
    emulator.knobs(kafka_address="")
    assert store.upsert(READINGS, readings(("b", 1, day(0)))) == 1


@pytest.mark.usefixtures("tried_twice")
def test_rows_that_no_broker_takes_are_given_up(store, emulator):
    """The first connector is for a look at the topic, the second for sending."""
    path = f"https://127.0.0.1:{emulator.port}/hopsworks-api/api/project/119/featurestores/67/storageconnectors"
    headers = {"Authorization": "ApiKey emulator-key"}
    known = requests.get(f"{path}/kafka_connector/byok", headers=headers, verify=False, timeout=5).json()  # noqa: S501
    broken = json.dumps({**known, "bootstrapServers": "127.0.0.1:1"})
    for _ in range(20):
        emulator.fault("GET .*kafka_connector", status=200, body=json.dumps(known))
        emulator.fault("GET .*kafka_connector", status=200, body=broken)
    with pytest.raises(StoreUnavailable, match="Kafka"):
        store.upsert(READINGS, readings(("b", 1, day(0))))


def test_a_file_system_that_cannot_be_reached_is_told(delta_store, emulator):
    emulator.knobs(direct_writes=False)
    with pytest.raises(StoreUnavailable, match="HOPSWORKS_WRITE_PATH=kafka"):
        delta_store.upsert(READINGS, readings(("b", 1, day(0))))


def test_a_file_that_arrives_in_part_is_fetched_again(kafka_store, emulator):
    kafka_store.put_file("dashboard/x.bin", b"0123456789" * 100)
    emulator.fault("GET .*download", drop="partial")
    assert kafka_store.get_file("dashboard/x.bin") == b"0123456789" * 100
    emulator.fault("GET .*download", status=200, body="0123")
    assert kafka_store.get_file("dashboard/x.bin") == b"0123456789" * 100


def test_a_broken_tls_connection_is_no_bad_certificate():
    broken = requests.exceptions.SSLError("(Caused by SSLError(SSLEOFError(8, 'EOF occurred in violation')))")
    untrusted = requests.exceptions.SSLError("(Caused by SSLError(SSLCertVerificationError(1, 'self-signed')))")
    assert [is_transient(error) for error in (broken, untrusted)] == [True, False]
    said = [str(failures.explain(error, "read", HopsworksSettings())) for error in (broken, untrusted)]
    assert "HOPSWORKS_HOST " in said[0]
    assert "HOPSWORKS_CA_BUNDLE" in said[1]


def test_a_defect_of_our_own_is_not_dressed_up():
    for error in (TypeError("x"), KeyError("x"), ZeroDivisionError()):
        assert failures.explain(error, "do it", HopsworksSettings()) is None
        assert not is_transient(error)


UPSERT_AND_DIE = """
import sys
sys.path.insert(0, "tests")
from small_groups import READINGS, day, readings
from pipelines.settings import read_settings
from pipelines.stores import open_store
print("begins", flush=True)
open_store(read_settings()).upsert(READINGS, readings(*(("k", number, day(0)) for number in range(20))))
"""


@pytest.mark.parametrize(
    ("write_path", "stage"),
    [("kafka", "POST .*/featuregroups"), ("kafka", "POST .*/executions"), ("delta", "POST .*/commits")],
)
def test_what_a_killed_writer_left_is_completed_by_the_next(request, emulator, write_path, stage):
    emulator.fault(stage, delay=30)
    script = [sys.executable, "-c", UPSERT_AND_DIE]
    with subprocess.Popen(script, cwd=ROOT, env={"PATH": "", **emulator.environment(write_path)}) as process:
        while not emulator.waiting():
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    emulator.reset()
    store = request.getfixturevalue(f"{write_path}_store")
    rows = readings(*(("k", number, day(0)) for number in range(25)))
    store.upsert(READINGS, rows)
    assert list(store.read(READINGS)["number"]) == list(range(25))


ODD_ANSWERS = [
    "null",
    "[]",
    "{}",
    "0",
    '"text"',
    "[null]",
    "[[]]",
    '{"count": 1}',
    '{"items": 5}',
    '[{"id": null}]',
    "[1, 2]",
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
@pytest.mark.parametrize(
    "step", ["GET .*/featuregroups/", "PUT .*/featurestores/query", "GET .*dataset/", "GET project/"]
)
def test_an_odd_answer_is_a_sentence_or_harmless(store, emulator, step, answer):
    emulator.fault(step, status=200, body=answer, times=-1)
    for use in (store.read, store.newest, lambda _: store.get_file("dashboard/metrics.json"), store.count):
        with contextlib.suppress(StoreError):
            use(READINGS)
