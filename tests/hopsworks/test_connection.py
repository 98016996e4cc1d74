"""Logging in, and what the client does besides what it is asked to do."""

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from small_groups import READINGS, day, readings

from pipelines.errors import SettingError, StoreUnavailable
from pipelines.settings import read_settings
from pipelines.stores.hopsworks import HopsworksStore, checks
from tests.hopsworks.emulator.world import READ_ONLY_KEY

pytestmark = pytest.mark.usefixtures("logged_out")


def store_with(emulator, **variables):
    return HopsworksStore(read_settings({**emulator.environment(), **variables}))


def test_the_client_is_imported_only_when_it_is_used():
    script = "import sys, pipelines.stores.hopsworks; sys.exit(bool({'hopsworks', 'hsfs', 'hsml'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_without_a_key_the_secret_is_named_and_nobody_is_asked(emulator):
    with pytest.raises(SettingError, match="HOPSWORKS_API_KEY"):
        store_with(emulator, HOPSWORKS_API_KEY="", STORE="hopsworks").count(READINGS)
    assert emulator.log() == []


def test_a_wrong_key_is_told_at_once(emulator):
    with pytest.raises(StoreUnavailable, match="secret HOPSWORKS_API_KEY"):
        store_with(emulator, HOPSWORKS_API_KEY="wrong").count(READINGS)
    assert len(emulator.log("401 ")) == 1


def test_an_unknown_project_is_told(emulator):
    with pytest.raises(StoreUnavailable, match="HOPSWORKS_PROJECT"):
        store_with(emulator, HOPSWORKS_PROJECT="nowhere").count(READINGS)


def test_of_several_projects_none_is_guessed_and_nobody_is_asked(emulator):
    emulator.knobs(projects=["demo", "other"])
    with pytest.raises(SettingError, match=r"demo, other.*HOPSWORKS_PROJECT"):
        store_with(emulator, HOPSWORKS_PROJECT="").count(READINGS)


def test_the_only_project_needs_no_name(emulator):
    assert store_with(emulator, HOPSWORKS_PROJECT="").count(READINGS) == 0


@pytest.mark.usefixtures("impatient")
def test_a_host_that_is_not_there_is_told(emulator):
    with pytest.raises(StoreUnavailable, match="HOPSWORKS_HOST"):
        store_with(emulator, HOPSWORKS_PORT="1").count(READINGS)


def test_the_key_of_the_settings_beats_a_cached_one(emulator, monkeypatch, tmp_path):
    from hopsworks import constants

    cached = tmp_path / ".hw_api_key"
    cached.write_text("cached-and-wrong")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants.HOSTS, "SAAS_HOST", "127.0.0.1")
    assert store_with(emulator).count(READINGS) == 0
    assert cached.read_text() == "cached-and-wrong"


def test_pyspark_changes_nothing(emulator, monkeypatch, tmp_path):
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert store_with(emulator).upsert(READINGS, readings(("a", 1, day(0)))) == 1


def test_variables_of_a_cluster_do_not_lead_astray(emulator, monkeypatch):
    inherited = {
        "REST_ENDPOINT": "https://inside.the.cluster:8181",
        "HOPSWORKS_ENGINE": "spark",
        "HOPSWORKS_HOST": "elsewhere.example.org",
        "HOPSWORKS_CERT_FOLDER": "/nowhere",
    }
    for name, value in inherited.items():
        monkeypatch.setenv(name, value)
    assert store_with(emulator).count(READINGS) == 0
    assert {name: os.environ[name] for name in inherited} == inherited


def test_nothing_is_printed_and_nothing_is_asked(emulator, capfd):
    store = store_with(emulator)
    store.upsert(READINGS, readings(("a", 1, day(0))))
    store.read(READINGS)
    store.put_file("dashboard/x.json", b"{}")
    assert capfd.readouterr() == ("", "")


def test_a_log_that_tells_everything_tells_nothing_of_the_client(emulator, caplog):
    caplog.set_level(logging.INFO)
    store = store_with(emulator)
    store.upsert(READINGS, readings(("a", 1, day(0))))
    store.connection.close()
    assert caplog.text == ""


def test_logging_and_warnings_stay_as_they_were():
    script = (
        "import logging, warnings; before = warnings.formatwarning\n"
        "from pipelines.stores.hopsworks import sdk; sdk.load()\n"
        "root = logging.getLogger()\n"
        "assert not root.handlers and root.level == logging.WARNING and warnings.formatwarning is before"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
    assert warnings.formatwarning.__module__ == "warnings"
    assert logging.getLogger().level == logging.WARNING


def test_certificates_lie_in_a_folder_of_our_own_and_go_away(emulator):
    store = store_with(emulator)
    store.upsert(READINGS, readings(("a", 1, day(0))))
    folder = Path(store.connection.certificates.name)
    assert {path.name for path in folder.iterdir()} >= {"client_key.pem", "keyStore.jks"}
    assert folder.stat().st_mode & 0o077 == 0
    store.connection.close()
    assert not folder.exists()
    assert not list(Path("/tmp").glob("kafka_sc_119_*.pem"))  # noqa: S108 - where the client writes them


def test_stores_of_one_process_share_a_login(emulator):
    one, two = store_with(emulator), store_with(emulator)
    one.count(READINGS)
    two.count(READINGS)
    assert len(emulator.log("variables/versions")) == 1


def test_a_login_that_another_store_ended_is_made_again(emulator):
    one = store_with(emulator)
    one.count(READINGS)
    emulator.knobs(projects=["demo", "other"])
    other = store_with(emulator, HOPSWORKS_PROJECT="other")
    one.upsert(READINGS, readings(("a", 1, day(0))))
    assert (other.count(READINGS), one.count(READINGS)) == (0, 1)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stalls_does_not_hold_us_up(emulator):
    store = store_with(emulator)
    store.count(READINGS)
    emulator.fault("GET .*/featuregroups/", delay=600)
    assert store.count(READINGS) == 0
    assert len(emulator.waiting()) == 1


def outcomes(emulator, **variables):
    settings = read_settings({**emulator.environment(), **variables})
    return {name: (passed, sentence) for name, passed, sentence in checks(settings)}


def test_the_doctor_tries_each_part(emulator):
    for write_path in ("kafka", "delta"):
        found = outcomes(emulator, HOPSWORKS_WRITE_PATH=write_path)
        assert list(found) == ["login", "versions", "read", "write", "query service", "write path"]
        assert all(passed for passed, _ in found.values()), found


def test_the_doctor_stops_after_a_failed_login(emulator):
    found = outcomes(emulator, HOPSWORKS_API_KEY="wrong")
    assert list(found) == ["login"]
    assert "HOPSWORKS_API_KEY" in found["login"][1]


def test_the_doctor_tells_a_key_that_may_only_read(emulator):
    found = outcomes(emulator, HOPSWORKS_API_KEY=READ_ONLY_KEY)
    assert found["read"][0]
    assert not found["write"][0]
    assert "scopes" in found["write"][1]


def test_the_doctor_tells_versions_that_do_not_fit(emulator):
    emulator.knobs(version="5.3.0")
    passed, sentence = outcomes(emulator)["versions"]
    assert not passed
    assert "hopsworks[python]==5.3.*" in sentence


@pytest.mark.usefixtures("impatient")
def test_the_doctor_tells_what_cannot_be_reached(emulator):
    emulator.knobs(flight_address="127.0.0.1:1/", kafka_address="127.0.0.1:1")
    found = outcomes(emulator)
    assert not found["query service"][0]
    assert not found["write path"][0]
    assert "HOPSWORKS_WRITE_PATH=delta" in found["write path"][1]
