"""The exploration notebook runs from end to end, and is committed without outputs."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from pipelines.datasets import dataset_named
from pipelines.errors import NotebookError
from pipelines.features.backfill import backfill
from pipelines.stores.catalogue import backfilled_source, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.notebook import declared_parameters, run_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "eda_and_backfill.ipynb"
WITH_GAPS = ROOT / "tests" / "datasets" / "data" / "wine_with_gaps.csv"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "store"))
    return EmbeddedStore(tmp_path / "store")


def text_of(output):
    cells = nbformat.read(output, as_version=4).cells
    shown = [part for cell in cells if cell.cell_type == "code" for part in cell.outputs]
    return "\n".join(part.get("text") or str(part.get("data", "")) for part in shown)


def test_no_outputs_are_committed():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells if cell.cell_type == "code")
    assert declared_parameters(NOTEBOOK) == {"dataset": "iris", "source": "", "replace": False}


def test_the_own_source(store, tmp_path):
    output = run_notebook(NOTEBOOK, tmp_path / "iris.ipynb", {"dataset": "iris"})
    assert store.count(samples_group(dataset_named("iris"))) == 150
    text = text_of(output)
    assert "Iris variety: without" in text
    assert "gaps made at random" in text
    assert text.count("image/png") == 4


def test_a_file_with_gaps_replaces_another_source(store, tmp_path):
    wine = dataset_named("wine")
    backfill(store, wine, [], datetime(2026, 11, 21, tzinfo=UTC))
    parameters = {"dataset": "wine", "source": str(WITH_GAPS), "replace": True}
    text = text_of(run_notebook(NOTEBOOK, tmp_path / "wine.ipynb", parameters))
    assert store.count(samples_group(wine)) == 400
    assert backfilled_source(store, wine)["name"] == "wine_with_gaps.csv"
    assert "gaps of the source" in text
    assert "leave it to the model" in text


def test_a_file_that_is_not_there_fails_with_its_sentence(store, tmp_path):
    with pytest.raises(NotebookError, match=r"Cannot read the source .*nowhere.csv"):
        run_notebook(NOTEBOOK, tmp_path / "out.ipynb", {"source": "nowhere.csv"})
    assert not store.root.exists()
