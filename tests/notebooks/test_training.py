import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from pipelines.datasets import dataset_named, task_named
from pipelines.errors import NotebookError
from pipelines.features.daily import backfill
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.notebook import NOTEBOOK, declared_parameters, train_task

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


def train(store, tmp_path, **changes):
    options = {"runs": tmp_path / "runs", "now": NOW, "who": "ada", "search": "quick", "seed": 0, "promote": "auto"}
    return train_task(store, task_named("iris_variety"), **(options | changes))


def test_the_notebook_is_committed_without_outputs():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_the_notebook_is_thin():
    code = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert max(len(cell.source.splitlines()) for cell in code) <= 25


def test_the_parameters_are_declared():
    assert set(declared_parameters(NOTEBOOK)) == {"task", "search", "seed", "output"}


def test_a_run_trains_registers_and_keeps_the_executed_notebook(tmp_path):
    store = EmbeddedStore(Path(tmp_path / "store"))
    backfill(store, dataset_named("iris"), sources=[], now=NOW)
    report = train(store, tmp_path)
    assert report.champion == 1
    version = store.download("iris_variety", 1, tmp_path / "version")
    cells = nbformat.read(version / "training.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    shown = "\n".join(map(str, outputs))
    for seen in ("nearest neighbours, tuned", "baseline", "precision", "Fingerprint", "model file, MB"):
        assert seen in shown
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 5
    assert "Warning" not in shown
    assert not list((tmp_path / "runs").rglob("candidate"))
    assert len(list((tmp_path / "runs").rglob("training.ipynb"))) == 1


def test_a_failing_cell_registers_nothing_and_leaves_the_notebook(tmp_path):
    store = EmbeddedStore(Path(tmp_path / "store"))
    with pytest.raises(NotebookError, match="backfill iris"):
        train(store, tmp_path)
    assert store.versions("iris_variety") == []
    assert len(list((tmp_path / "runs").rglob("training.ipynb"))) == 1


def test_a_kernel_that_starts_in_the_folder_of_the_notebooks_finds_the_code(tmp_path):
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    first = next(cell.source for cell in cells if "import" in cell.source and cell.cell_type == "code")
    script = f"{first}\nprint(Path.cwd())"
    environment = {"PATH": os.environ["PATH"], "STORE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=NOTEBOOK.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(NOTEBOOK.parents[1])
