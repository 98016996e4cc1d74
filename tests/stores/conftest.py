"""The stores that the contract tests run over: a factory each, called with pytest's `request`."""

import pytest

from pipelines.stores.embedded import EmbeddedStore
from tests.hopsworks.emulator.fixtures import delta_store, emulator, kafka_store  # noqa: F401 - fixtures by name


def _embedded(request):
    return EmbeddedStore(request.getfixturevalue("tmp_path") / "store")


def _hopsworks_kafka(request):
    return request.getfixturevalue("kafka_store")


def _hopsworks_delta(request):
    return request.getfixturevalue("delta_store")


FACTORIES = {"embedded": _embedded, "hopsworks-kafka": _hopsworks_kafka, "hopsworks-delta": _hopsworks_delta}


@pytest.fixture(params=FACTORIES)
def store(request):
    """An empty store of each kind."""
    return FACTORIES[request.param](request)


@pytest.fixture
def folder_store(tmp_path) -> EmbeddedStore:
    """An empty embedded store."""
    return EmbeddedStore(tmp_path / "store")
