import signal
from datetime import UTC, datetime
from unittest.mock import AsyncMock, call

import nbformat
import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from pipelines.datasets import task_named
from pipelines.errors import NotebookError
from pipelines.stores.hopsworks.sdk import quiet
from pipelines.training import notebook as training_notebook
from pipelines.training.notebook import (
    begun_trainings,
    declared_parameters,
    new_run_folder,
    remove_old_candidates,
    run_notebook,
)


@pytest.fixture
def notebook(tmp_path):
    def write(*cells, tag="parameters", name="source.ipynb"):
        document = nbformat.v4.new_notebook()
        document.cells = [nbformat.v4.new_code_cell(text) for text in cells]
        document.cells[0].metadata["tags"] = [tag]
        # A kernel that only its author has: the wrapper must not depend on it.
        document.metadata["kernelspec"] = {"name": "my-laptop", "display_name": "mine", "language": "python"}
        path = tmp_path / name
        nbformat.write(document, path)
        return path

    return write


def printed(path):
    cells = nbformat.read(path, as_version=4).cells
    return "".join(
        output.text for cell in cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )


def test_parameters_replace_the_defaults(notebook, tmp_path):
    source = notebook("task = 'iris'\nseed = 0", "print(task, seed)")
    output = run_notebook(source, tmp_path / "runs" / "out.ipynb", {"task": "wine"})
    assert printed(output) == "wine 0\n"


def test_the_source_is_never_written_to(notebook, tmp_path):
    source = notebook("seed = 0", "print(seed)")
    before = source.read_bytes()
    run_notebook(source, tmp_path / "out.ipynb", {"seed": 1})
    assert source.read_bytes() == before
    with pytest.raises(NotebookError, match="overwrite its source"):
        run_notebook(source, source, {"seed": 1})


def test_the_notebook_of_a_failed_run_is_there_to_read(notebook, tmp_path):
    source = notebook("seed = 0", "print('so far')", "raise ValueError('no such column')")
    with pytest.raises(NotebookError, match=r"ValueError: no such column.*out\.ipynb"):
        run_notebook(source, tmp_path / "out.ipynb", {})
    assert "so far" in printed(tmp_path / "out.ipynb")


def test_a_kernel_that_dies_is_an_error_of_ours(notebook, tmp_path):
    source = notebook("seed = 0", "import os; os._exit(1)")
    with pytest.raises(NotebookError, match="could not be run"):
        run_notebook(source, tmp_path / "out.ipynb", {})


def test_a_kernel_whose_notebook_is_done_ends_without_being_interrupted(notebook, tmp_path, monkeypatch):
    signalled = AsyncMock()
    monkeypatch.setattr(LocalProvisioner, "send_signal", signalled)
    run_notebook(notebook("seed = 0"), tmp_path / "out.ipynb", {})
    # One that takes long to end is told to by other signals.
    assert call(signal.SIGINT) not in signalled.mock_calls


SHOW_AND_FAIL_OR_GO_ON = """
import os, time
print(os.environ["LOKY_MAX_CPU_COUNT"])
if task == "iris_variety":
    raise ValueError("no such column")
time.sleep(3600)
"""


def test_trainings_at_once_share_the_processors_and_end_with_the_first_that_fails(notebook, tmp_path, monkeypatch):
    source = notebook("task = ''\nsearch = ''\nseed = 0\noutput = ''", SHOW_AND_FAIL_OR_GO_ON)
    monkeypatch.setattr(training_notebook, "BY_KIND", dict.fromkeys(training_notebook.BY_KIND, source))
    monkeypatch.setattr(training_notebook, "cpu_count", lambda: 2)
    times = dict.fromkeys(map(task_named, ("iris_variety", "wine_grade")), datetime(2026, 1, 8, tzinfo=UTC))
    with (
        pytest.raises(NotebookError, match="no such column"),
        begun_trainings(times, runs=tmp_path / "runs", search="quick", seed=0) as begun,
    ):
        begun[task_named("iris_variety")].result()
    shown = {path.parent.name[-4:]: path for path in (tmp_path / "runs").rglob("training.ipynb")}
    assert printed(shown["iety"]) == "1\n"
    assert "rade" in shown


def test_kernels_get_the_variables_of_their_beginning_whatever_the_store_hides_meanwhile(
    notebook, tmp_path, monkeypatch
):
    source = notebook("seed = 0", "import os; print(os.environ['HOPSWORKS_PROJECT'])")
    monkeypatch.setenv("HOPSWORKS_PROJECT", "ours")
    kernels = training_notebook.Kernels(1)
    with quiet():
        run_notebook(source, tmp_path / "out.ipynb", {}, manager=kernels.manager())
    assert printed(tmp_path / "out.ipynb") == "ours\n"


def test_a_notebook_without_a_parameters_cell_is_refused(notebook, tmp_path):
    source = notebook("task = 'iris'", "print(task)", tag="other")
    with pytest.raises(NotebookError, match="no code cell tagged 'parameters'"):
        run_notebook(source, tmp_path / "out.ipynb", {"task": "wine"})
    assert not (tmp_path / "out.ipynb").exists()


def test_an_unknown_parameter_is_refused(notebook, tmp_path):
    source = notebook("task = 'iris'", "print(task)")
    with pytest.raises(NotebookError, match="no parameter 'taks'; it has task"):
        run_notebook(source, tmp_path / "out.ipynb", {"taks": "wine"})


@pytest.mark.parametrize("value", ["1", 1.0, True, None])
def test_a_parameter_of_another_type_is_refused(notebook, tmp_path, value):
    source = notebook("seed = 0", "print(seed)")
    with pytest.raises(NotebookError, match="it must be a int"):
        run_notebook(source, tmp_path / "out.ipynb", {"seed": value})


def test_declared_parameters_are_plain_values_with_or_without_annotation(notebook):
    assert declared_parameters(notebook("task: str = 'iris'\nseed = 0\nreplace = False")) == {
        "task": "iris",
        "seed": 0,
        "replace": False,
    }
    with pytest.raises(NotebookError, match="not a plain value"):
        declared_parameters(notebook("path = open('x')"))


def test_what_is_no_notebook_is_refused(tmp_path):
    with pytest.raises(NotebookError, match="Cannot read"):
        declared_parameters(tmp_path / "absent.ipynb")
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(NotebookError, match="is not a notebook"):
        declared_parameters(tmp_path / "text.ipynb")


def test_no_secret_of_the_settings_stays_in_a_notebook(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("HOPSWORKS_API_KEY", 'sesame"key')
    monkeypatch.setenv("HF_TOKEN", "hf_sesame")
    show = "import os\nprint('the server got', os.environ['HF_TOKEN'])\nos.environ['HOPSWORKS_API_KEY']"
    source = notebook("seed = 0", show, "raise ValueError('401 for ' + os.environ['HOPSWORKS_API_KEY'])")
    with pytest.raises(NotebookError):
        run_notebook(source, tmp_path / "out.ipynb", {})
    kept = (tmp_path / "out.ipynb").read_text()
    assert "sesame" not in kept
    assert "the server got [redacted]" in printed(tmp_path / "out.ipynb")
    assert "401 for [redacted]" in kept


def test_two_runs_of_one_second_have_a_folder_each(tmp_path):
    made = [new_run_folder(tmp_path / "runs", "20261121T070000Z-train-iris_variety") for _ in range(3)]
    assert [folder.name[-2:] for folder in made] == ["ty", "-2", "-3"]
    assert all(folder.is_dir() for folder in made)


def test_candidates_of_failed_runs_go_after_a_week_and_notebooks_stay(tmp_path):
    names = ["20260101T000000Z-train-iris_variety", "20260107T000000Z-train-wine_grade-2", "mine-train-iris_variety"]
    for name in names:
        (tmp_path / name / "candidate").mkdir(parents=True)
        (tmp_path / name / "training.ipynb").write_text("{}")
    remove_old_candidates(tmp_path, datetime(2026, 1, 8, 0, 1, tzinfo=UTC))
    assert [(tmp_path / name / "candidate").exists() for name in names] == [False, True, True]
    assert all((tmp_path / name / "training.ipynb").exists() for name in names)
