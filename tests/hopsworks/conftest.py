"""What the tests of the Hopsworks store share."""

import importlib

import pytest

from pipelines.stores.hopsworks import connection, ingestion, patience, sdk
from tests.hopsworks.clock import WAITING, Clock
from tests.hopsworks.emulator.fixtures import delta_store, emulator, kafka_store  # noqa: F401 - fixtures by name

# The package has a function of the same name.
checks_module = importlib.import_module("pipelines.stores.hopsworks.checks")


@pytest.fixture
def impatient(monkeypatch):
    """Give up after some attempts, which take no time; what has to end by itself ends within seconds."""
    clock = Clock().module()
    for module in WAITING:
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(patience, "RETRY_SECONDS", 8.0)
    monkeypatch.setattr(patience, "FLIGHT_RETRY_SECONDS", 4.0)
    monkeypatch.setattr(sdk, "REPEAT_SECONDS", 5.0)
    monkeypatch.setattr(sdk, "READ_SECONDS", 5.0)
    monkeypatch.setattr(checks_module, "BROKER_SECONDS", 0.5)
    monkeypatch.setattr(ingestion, "KAFKA_SECONDS", 1)


@pytest.fixture
def tried_twice(impatient, monkeypatch):  # noqa: ARG001 - on top of the other
    """Give up after the second attempt: for what costs seconds of real time at each one."""
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.7)  # between the first pause and the first two together
    monkeypatch.setattr(patience, "FLIGHT_RETRY_SECONDS", 0.7)


@pytest.fixture
def logged_out():
    """No login of this process is used again."""

    def forget():
        if connection.Connected._current is not None:
            connection.Connected._current.close()
            connection.Connected._current = None

    forget()
    yield
    forget()
