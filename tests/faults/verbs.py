"""What is done to a store while the power is cut: whole verbs of the command line, as schedules and people run them.

A notebook runs in a process of its own; here its files are written as it writes them, by the process that is harmed.
"""

import contextlib
import hashlib
import importlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest import mock

from pipelines.cli import main as command_line
from pipelines.datasets import dataset_named, task_named
from pipelines.errors import PipelineError
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.copying import folder_checksum, rows_checksum
from pipelines.stores.embedded import EmbeddedStore, delta_upkeep
from pipelines.training import notebook, pipeline

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
COMMITS_BETWEEN = 3

# A verb takes a second; what `work` leaves behind is seen through to its end.
DONE_AGAIN = 1
# What the verbs import when they run, and a machine has to have before it forks.
IMPORTED = (
    "pipelines.cli.summaries", "pipelines.features.backfill", "pipelines.features.daily", "pipelines.stores",
    "pipelines.inference.pipeline", "pipelines.monitoring.dashboard", "pipelines.training.promotion",
)  # fmt: skip
CANDIDATE, OTHER_SOURCE = "candidate", "other.csv"


def prepare(folder: Path) -> None:
    """Make what the verbs need, once: a candidate for the registry, and another source."""
    delta_upkeep._COMMITS_BETWEEN = COMMITS_BETWEEN
    for name in IMPORTED:
        importlib.import_module(name)
    _MADE["folder"] = folder
    if not (folder / CANDIDATE).exists():
        run(folder / "prepared", 0, "backfill", "iris")
        data = pipeline.load_training_data(EmbeddedStore(folder / "prepared"), VARIETY)
        pipeline.save_candidate(pipeline.fit(data, size="quick", seed=0), folder / CANDIDATE)
        rows = IRIS.load([]).rows
        rows.loc[7, "petal_width"] = "wide"
        rows.to_csv(folder / OTHER_SOURCE, index=False)


_MADE: dict[str, Path] = {}


def run(root: Path, hour: int, *arguments: str) -> None:
    """Run a verb at an hour; what it fails with is raised."""
    now = datetime(2026, 3, 2, hour, tzinfo=UTC)
    told = io.StringIO()
    with (
        mock.patch.object(command_line, "datetime", SimpleNamespace(now=lambda _: now)),
        mock.patch.dict("os.environ", {"STORE": "embedded", "STORE_DIR": str(root), "GITHUB_ACTOR": "ada"}),
        mock.patch.object(notebook, "run_notebook", _written_notebook),
        contextlib.redirect_stderr(told),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        code = command_line.main(arguments)
    assert "Traceback" not in told.getvalue(), told.getvalue()
    if code:
        raise PipelineError(told.getvalue().splitlines()[-1])


def _written_notebook(_: Path, output: Path, parameters: Mapping[str, Any], **__: object) -> Path:
    """Write what the notebook of a training writes: itself, cell by cell, and the candidate."""
    for cells in range(3):
        output.write_text(json.dumps({"cells": [""] * cells}))
    candidate = Path(str(parameters["output"]))
    shutil.copytree(_MADE["folder"] / CANDIDATE, candidate)
    info = json.loads((candidate / "model.json").read_bytes())
    info["search"]["seed"] = parameters["seed"]
    pipeline.models.write_info(candidate, info)
    return output


def _train(root: Path, hour: int, seed: int) -> None:
    """Train, unless that training has come to its decision: then nobody would train again."""
    decided = json.loads(EmbeddedStore(root).get_file(f"decisions/{VARIETY.name}.json") or b'{"version": 0}')
    if decided["version"] <= seed:
        run(root, hour, "train", VARIETY.name, "--search=quick", f"--seed={seed}")


def _promote(root: Path, hour: int, version: int) -> None:
    champion = EmbeddedStore(root).champion(VARIETY.name)
    if champion is None or champion.version != version:
        run(root, hour, "promote", VARIETY.name, str(version), "--reason=better")


def _replace(root: Path, hour: int) -> None:
    run(root, hour, "backfill", "iris", f"--source={_MADE['folder'] / OTHER_SOURCE}", "--replace")


PIECES: dict[str, Callable[[Path], object]] = {
    "backfill": lambda root: run(root, 0, "backfill", "iris"),
    "features": lambda root: run(root, 1, "features", "iris", "--per-day=2", "--date=2026-03-01"),
    "train": lambda root: _train(root, 2, seed=0),
    "infer": lambda root: run(root, 3, "infer", VARIETY.name, "--date=2026-03-01"),
    "features of the next day": lambda root: run(root, 4, "features", "iris", "--per-day=2", "--date=2026-03-02"),
    "train again": lambda root: _train(root, 5, seed=1),
    "infer with a challenger": lambda root: run(root, 6, "infer", VARIETY.name, "--date=2026-03-02"),
    "promote": lambda root: _promote(root, 7, 2),
    "dashboard": lambda root: run(root, 8, "dashboard", "iris"),
    "backfill --replace": lambda root: _replace(root, 9),
}


def contents(root: Path) -> dict[str, object]:
    """Everything that the store answers, but for the folders of runs, of which a repeated training has two."""
    store = EmbeddedStore(root)
    groups = (samples_group(IRIS), quarantine_group(IRIS), predictions_group(VARIETY))
    files = [name for name in store.list_files("") if not name.startswith("runs/")]
    return {
        **{group.name: rows_checksum(store.read(group)) for group in groups},
        **{name: hashlib.sha256(store.get_file(name) or b"").hexdigest() for name in files},
        "models": {version: _checksum(store, version) for version in store.versions(VARIETY.name)},
        "champions": store.champion_log(VARIETY.name),
    }


def _checksum(store: EmbeddedStore, version: int) -> str:
    with TemporaryDirectory() as folder:
        return folder_checksum(store.download(VARIETY.name, version, Path(folder) / "model"))
