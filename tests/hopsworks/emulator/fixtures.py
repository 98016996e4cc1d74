"""Pytest fixtures for tests that use the emulator; a conftest imports them by name."""

import importlib
import time
from types import SimpleNamespace

import pytest

from pipelines.settings import read_settings
from pipelines.stores.hopsworks import HopsworksStore, sdk
from tests.hopsworks.emulator.handle import shared_emulator


@pytest.fixture
def emulator(monkeypatch):
    """The emulator of this test process, well-behaved and with nothing in it."""
    shared_emulator().wipe()
    with sdk.quiet():
        sdk.load()
        engines = map(
            importlib.import_module, ("hsml.engine.model_engine", "hopsworks_common.engine.environment_engine")
        )
        # The client sleeps five seconds after each registration, and before it looks whether something is installed.
        swift = SimpleNamespace(sleep=lambda _: None, time=time.time, monotonic=time.monotonic)
        for engine in engines:
            monkeypatch.setattr(engine, "time", swift)
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
