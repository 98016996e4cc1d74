"""The contract is about every data set that there is, not only about those of the project."""

import pytest

from pipelines.datasets import activate


@pytest.fixture(autouse=True)
def every_data_set(clean_environment, monkeypatch):  # noqa: ARG001 - after it
    monkeypatch.delenv("DATASETS", raising=False)
    activate([])
