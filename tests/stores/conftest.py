"""The stores that the contract tests run over: a factory each, called with pytest's `request`."""

import pytest

from pipelines.stores.embedded import EmbeddedStore


def _embedded(request):
    return EmbeddedStore(request.getfixturevalue("tmp_path") / "store")


FACTORIES = {"embedded": _embedded}


@pytest.fixture(params=FACTORIES)
def store(request):
    """An empty store of each kind."""
    return FACTORIES[request.param](request)


@pytest.fixture
def folder_store(tmp_path) -> EmbeddedStore:
    """An empty embedded store."""
    return EmbeddedStore(tmp_path / "store")
