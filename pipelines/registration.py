"""Registering a trained candidate as a version: complete, written once, and read back."""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from pipelines import models
from pipelines.datasets import DataSet, Task
from pipelines.errors import ModelRefused, VersionTaken
from pipelines.models import Model
from pipelines.stores.base import Store
from pipelines.stores.catalogue import task_view
from pipelines.training import card

# How often another run may be quicker to a version number before this one gives up.
ATTEMPTS = 5
NOTEBOOK_FILE = "training.ipynb"
CARD_FILE = "card.md"


def register_version(
    store: Store, dataset: DataSet, task: Task, *, candidate: Path, notebook: Path, now: datetime
) -> int:
    """Register a candidate folder with its executed notebook under the next free version, and return that.

    Raises
    ------
    ModelRefused
        The candidate is damaged, or is of another task.
    VersionTaken
        Other runs were quicker each time.
    """
    info = models.load(candidate).info
    if info["task"] != task.name:
        raise ModelRefused(f"{candidate} holds a model of {info['task']}, not of {task.name}. Train {task.name} again.")
    for _ in range(ATTEMPTS):
        version = max(store.versions(task.name), default=0) + 1
        about = {**info, "version": version, "created": now.isoformat(timespec="seconds")}
        with tempfile.TemporaryDirectory() as above:
            folder = Path(above) / "version"
            shutil.copytree(candidate, folder)
            shutil.copyfile(notebook, folder / NOTEBOOK_FILE)
            (folder / CARD_FILE).write_text(card.render_card(dataset, task, about), encoding="utf-8")
            models.write_info(folder, about)
            try:
                store.register(task_view(dataset, task), version, folder)
            except VersionTaken:
                continue
        return version
    raise VersionTaken(f"Other runs registered versions of {task.name} {ATTEMPTS} times in a row. Train again later.")


def load_registered(store: Store, task: Task, version: int) -> Model:
    """Download a registered version, verify it and load it."""
    with tempfile.TemporaryDirectory() as folder:
        return models.load(store.download(task.name, version, Path(folder) / "model"))
