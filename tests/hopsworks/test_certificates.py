"""Whom the API key is sent to: the cluster that the settings name, as its certificate proves, and nobody else."""

import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509
from small_groups import READINGS

from pipelines.cli.main import main
from pipelines.errors import SettingError, StoreUnavailable
from pipelines.settings import read_settings
from pipelines.stores.hopsworks import HopsworksStore, connection
from tests.hopsworks.emulator.certificates import issue
from tests.hopsworks.emulator.world import API_KEY

pytestmark = pytest.mark.usefixtures("logged_out")


@contextmanager
def whoever_answers(identity, folder):
    """A server that takes every connection and keeps what it is sent; gives its port, what it got, its certificate."""
    pem, heard = folder / "whoever.pem", bytearray()
    pem.write_text(identity.key_pem + identity.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def take(listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(client, server_side=True) as encrypted:
                    heard.extend(encrypted.recv(65536))
                    encrypted.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=take, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], heard, pem
        listener.shutdown(socket.SHUT_RDWR)


ELSEWHERE = (x509.DNSName("elsewhere.example.org"),)
HERE = (x509.DNSName("localhost"),)


def log_in_there(port, **variables):
    settings = read_settings(
        {
            "HOPSWORKS_API_KEY": "sesame-key",
            "HOPSWORKS_HOST": "localhost",
            "HOPSWORKS_PORT": str(port),
            "HOPSWORKS_PROJECT": "demo",
            **variables,
        }
    )
    HopsworksStore(settings).count(READINGS)


@pytest.mark.parametrize(
    ("names", "trusted"),
    [
        (ELSEWHERE, "public authorities"),
        (ELSEWHERE, "another authority"),
        (ELSEWHERE, "its own certificate"),
        (HERE, "public authorities"),
        (HERE, "another authority"),
    ],
)
def test_the_key_is_never_sent_to_a_certificate_that_is_not_the_cluster_s(emulator, tmp_path, names, trusted):
    with whoever_answers(issue("whoever", None, names), tmp_path) as (port, heard, pem):
        bundle = {"its own certificate": str(pem), "another authority": emulator.ca_bundle}.get(trusted, "")
        with pytest.raises(StoreUnavailable, match=r"certificate is not trusted \(.+\).*HOPSWORKS_CA_BUNDLE"):
            log_in_there(port, HOPSWORKS_CA_BUNDLE=bundle)
    assert heard == b""


def test_no_variable_of_the_client_switches_the_check_off(tmp_path, monkeypatch):
    monkeypatch.setenv("HOPSWORKS_HOSTNAME_VERIFICATION", "false")
    monkeypatch.setenv("HOPSWORKS_TRUST_STORE_PATH", "/nowhere.pem")
    stranger = whoever_answers(issue("whoever", None, ELSEWHERE), tmp_path)
    with stranger as (port, heard, _), pytest.raises(StoreUnavailable, match="not trusted"):
        log_in_there(port)
    assert heard == b""


def test_who_switches_the_check_off_is_told_at_every_login(tmp_path, caplog):
    stranger = whoever_answers(issue("whoever", None, ELSEWHERE), tmp_path)
    with stranger as (port, heard, _), pytest.raises(StoreUnavailable):
        log_in_there(port, HOPSWORKS_HOSTNAME_VERIFICATION="false")
    assert b"sesame-key" in heard
    assert "HOPSWORKS_HOSTNAME_VERIFICATION is false, so the API key is sent to whoever answers" in caplog.text


def test_the_doctor_complains_of_a_check_that_is_off(emulator, monkeypatch, capsys):
    off = {**emulator.environment(), "HOPSWORKS_CA_BUNDLE": "", "HOPSWORKS_HOSTNAME_VERIFICATION": "False"}
    for name, value in off.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 0
    assert "WARN  certificate: HOPSWORKS_HOSTNAME_VERIFICATION is false" in capsys.readouterr().out


def test_a_bundle_makes_the_check_pass_everywhere(emulator, caplog):
    settings = read_settings(emulator.environment())
    assert settings.hopsworks.verified
    assert HopsworksStore(settings).count(READINGS) == 0
    assert not caplog.text


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named_and_nothing_is_sent(emulator, tmp_path, content):
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(SettingError, match=r"HOPSWORKS_CA_BUNDLE is .*ca\.pem.*PEM"):
        HopsworksStore(read_settings({**emulator.environment(), "HOPSWORKS_CA_BUNDLE": str(bundle)})).count(READINGS)
    assert emulator.log() == []


def test_the_managed_service_is_checked(emulator, monkeypatch):
    sent = {}
    HopsworksStore(read_settings(emulator.environment())).count(READINGS)
    client = connection.Connected._current.hopsworks
    monkeypatch.setattr(client, "login", lambda **arguments: sent.update(arguments))
    with pytest.raises(StoreUnavailable, match="no project"):
        connection.log_in(read_settings({"HOPSWORKS_API_KEY": API_KEY}).hopsworks)
    assert sent["hostname_verification"]
    assert sent["host"] is None
