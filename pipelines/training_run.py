"""One training run: the notebook executed through papermill, and the version that comes of it."""

import shutil
from datetime import datetime
from pathlib import Path

from pipelines.datasets import Task, dataset_of
from pipelines.stores.base import Store
from pipelines.training import pipeline as training
from pipelines.training.notebook import run_notebook

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "training.ipynb"


def train_task(
    store: Store,
    task: Task,
    *,
    runs: Path,
    now: datetime,
    who: str,
    search: str,
    seed: int,
    promote: str,
) -> training.TrainingReport:
    """Train a task in the notebook, register the candidate with the executed notebook, and decide on the champion.

    The executed notebook stays in `runs`, also when a cell failed; nothing is registered then.
    """
    folder = runs / f"{now:%Y%m%dT%H%M%SZ}-train-{task.name}"
    candidate = folder / "candidate"
    parameters = {"task": task.name, "search": search, "seed": seed, "output": str(candidate)}
    executed = run_notebook(NOTEBOOK, folder / "training.ipynb", parameters)
    report = training.register_candidate(
        store, dataset_of(task), task, candidate=candidate, notebook=executed, now=now, who=who, promote=promote
    )
    shutil.rmtree(candidate)
    return report
