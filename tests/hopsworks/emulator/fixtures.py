"""Pytest fixtures for tests that use the emulator; a conftest imports them by name."""

import functools
import importlib
import inspect
import time
from types import SimpleNamespace

import pytest

from pipelines.settings import read_settings
from pipelines.stores.hopsworks import HopsworksStore, ingestion, sdk
from tests.hopsworks.emulator.handle import shared_emulator

# Where the client sleeps: five seconds after each registration, as long before it looks whether something is installed,
# and half a second between two dots that say that it waits for a query.
SLEEPING = ("hsml.engine.model_engine", "hopsworks_common.engine.environment_engine", "hopsworks_common.util")


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let the client, and us, look again after a moment where nothing is ever long in coming."""
    with sdk.quiet():
        sdk.load()
        swift = SimpleNamespace(sleep=lambda _: time.sleep(0.01), time=time.time, monotonic=time.monotonic)
        for module in map(importlib.import_module, SLEEPING):
            patch.setattr(module, "time", swift)
        # It looks for who calls it; the lines of source around each caller, which it does not ask for, take the time.
        swift_inspect = SimpleNamespace(**vars(inspect) | {"stack": functools.partial(inspect.stack, 0)})
        patch.setattr(importlib.import_module("hopsworks_apigen.deprecation"), "inspect", swift_inspect)
    patch.setattr(ingestion, "FIRST_POLL", 0.01)


@pytest.fixture
def emulator(monkeypatch):
    """The emulator of this test process, well-behaved and with nothing in it."""
    shared_emulator().wipe()
    hurry(monkeypatch)
    sdk.reset_query_service()
    return shared_emulator()


@pytest.fixture
def kafka_store(emulator):
    """A Hopsworks store that writes through Kafka."""
    return HopsworksStore(read_settings(emulator.environment("kafka")))


@pytest.fixture
def delta_store(emulator):
    """A Hopsworks store that writes directly."""
    return HopsworksStore(read_settings(emulator.environment("delta")))
