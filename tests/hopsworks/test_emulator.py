"""The emulator refuses what a real server refuses; without that, passing against it would mean little."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from pyarrow import flight
from small_groups import READINGS, VIEW, day, readings

from pipelines.stores.hopsworks import definitions, sdk
from tests.hopsworks.emulator.kafka import PATIENCE

ROOT = Path(__file__).parents[2]
API = "https://127.0.0.1:{port}/hopsworks-api/api/{path}"


def call(emulator, method, path, key="emulator-key", **arguments):
    headers = {"Authorization": f"ApiKey {key}"} if key else {}
    url = API.format(port=emulator.port, path=path)
    return requests.request(method, url, headers=headers, verify=False, timeout=PATIENCE, **arguments)  # noqa: S501


@pytest.mark.parametrize("key", ["", "wrong"])
def test_nobody_without_a_key_is_let_in(emulator, key):
    answer = call(emulator, "GET", "project", key=key)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, 320003)


def test_a_key_to_read_does_not_write(emulator):
    assert call(emulator, "GET", "project/119/dataset/Resources", key="read-only-key").ok
    path = "project/119/dataset/Resources%2Fx?action=create"
    assert call(emulator, "POST", path, key="read-only-key").status_code == 403


def group(**changes):
    feature = {"type": "string", "primary": True, "name": "key"}
    time_feature = {"type": "timestamp", "primary": False, "name": "at"}
    return {
        "name": "a_group",
        "version": 1,
        "type": "cachedFeaturegroupDTO",
        "eventTime": "at",
        "features": [feature, time_feature],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "A Group"},
        {"name": "1group"},
        {"features": []},
        {"features": [{"name": "class-y", "type": "string", "primary": True}]},
        {"features": [{"name": "key", "type": "varchar", "primary": True}]},
        {"features": [{"name": "at", "type": "timestamp", "primary": False}]},
        {"eventTime": "key"},
        {"eventTime": "nothing"},
    ],
)
def test_a_bad_feature_group_is_refused(emulator, changes):
    assert call(emulator, "POST", "project/119/featurestores/67/featuregroups", json=group()).ok
    other = group(name="another") | changes
    answer = call(emulator, "POST", "project/119/featurestores/67/featuregroups", json=other)
    assert answer.status_code == 400


def test_what_exists_is_not_made_again(emulator, delta_store, tmp_path):
    path = "project/119/featurestores/67/featuregroups"
    assert call(emulator, "POST", path, json=group()).ok
    assert call(emulator, "POST", path, json=group()).status_code == 400
    folder = "project/119/dataset/Resources%2Fx?action=create"
    assert [call(emulator, "POST", folder).status_code for _ in range(2)] == [200, 400]
    assert call(emulator, "POST", "project/119/dataset/Resources%2Fa%2Fb?action=create").status_code == 400
    (tmp_path / "model.json").write_text("{}")
    delta_store.register(VIEW, 1, tmp_path)
    body = {"name": "a_task", "version": 1, "metrics": {}}
    assert call(emulator, "PUT", "project/119/modelregistries/119/models/a_task_1", json=body).status_code == 400


def test_a_feature_group_that_views_use_is_not_dropped(emulator, delta_store):
    delta_store.upsert(READINGS, readings(("a", 1, day(0))))
    with sdk.quiet():
        known = delta_store.connection.features.get_feature_group("readings", 1)
        delta_store.connection.features.create_feature_view("a_view", known.select(["value"]), version=1)
    path = f"project/119/featurestores/67/featuregroups/{known.id}"
    assert call(emulator, "DELETE", path).status_code == 400


def test_the_query_service_asks_for_a_certificate_and_a_signature(emulator, delta_store):
    delta_store.upsert(READINGS, readings(("a", 1, day(0))))
    address = call(emulator, "GET", "variables/loadbalancer_external_domain_feature_query").json()["successMessage"]
    stranger = flight.connect(f"grpc+tls://{address}".rstrip("/"), disable_server_verification=True)
    with pytest.raises(flight.FlightUnavailableError):
        list(stranger.do_action(flight.Action("healthcheck", b""), flight.FlightCallOptions(timeout=60)))
    from hsfs.core import arrow_flight_client

    with sdk.quiet():
        service = arrow_flight_client._get_instance()._connection
    descriptor = flight.FlightDescriptor.for_command(json.dumps({"project": 119, "group": 1, "sql": "SELECT 1"}))
    with pytest.raises(flight.FlightUnauthenticatedError, match="Signature"):
        service.do_get(service.get_flight_info(descriptor).endpoints[0].ticket).read_all()


def test_the_client_itself_refuses_and_loses_what_it_is_said_to(kafka_store):
    """The quirks that the store works round are there: if the client loses one, the detour can go."""
    from hopsworks.client.exceptions import FeatureStoreException

    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    features = kafka_store.connection.features
    with sdk.quiet():
        known = features.get_feature_group("readings", 1)
        loose = readings(("b", 1, day(0))).assign(number=1.5)
        with pytest.raises(FeatureStoreException, match="wrong type"):
            known.insert(loose, validation_options={"run_validation": False})
        arguments = definitions.arguments(READINGS, "kafka") | {"name": "keyword", "expectation_suite": None}
        from hsfs.feature import Feature

        arguments["features"] = [*arguments["features"], Feature("class", type="string")]
        keyword = features.create_feature_group(**arguments)
        keyword.save()
        rows = readings(("a", 1, day(0))).assign(**{"class": "lost", "remark": "kept", "grade": 1})
        rows["event_time"] = rows["event_time"].dt.tz_convert(None)
        rows = rows.astype({"grade": "Int64", "number": "Int64"})
        keyword.insert(rows, write_options={"wait_for_job": True}, validation_options={"run_validation": False})
        read = keyword.read()
    assert list(read["remark"]) == ["kept"]
    assert read["class"].isna().all()


def test_it_can_be_started_by_hand():
    command = [sys.executable, "-m", "tests.hopsworks"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        printed = ""
        while "doctor" not in printed:
            printed += process.stdout.readline()
        process.terminate()
        assert process.wait() == 0
    exports = dict(re.findall(r"(HOPSWORKS_\w+)=(\S+)", printed))
    assert exports["HOPSWORKS_PROJECT"] == "demo"
    assert exports["HOPSWORKS_WRITE_PATH"] == "kafka"
    assert 0 < int(exports["HOPSWORKS_PORT"]) < 65536


def test_a_delayed_request_holds_up_no_other(emulator):
    emulator.fault("GET variables/versions", delay=600)
    with pytest.raises(requests.Timeout):
        requests.get(
            API.format(port=emulator.port, path="variables/versions"),
            headers={"Authorization": "ApiKey emulator-key"},
            verify=False,  # noqa: S501
            timeout=0.1,
        )
    assert call(emulator, "GET", "project").ok
    assert emulator.waiting() == ["GET variables/versions"]


def test_every_request_of_the_tests_is_understood(emulator):
    """Runs last of this module; what the emulator did not know, a test would have taken for a refusal."""
    assert [line for line in emulator.unknown() if "Traceback" in line] == []
