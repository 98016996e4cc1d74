"""Training data and models for tests: real rows without a store, and stand-ins whose answers are known."""

import functools
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from pipelines.datasets import task_named
from pipelines.datasets.contract import validate
from pipelines.datasets.roles import assign_roles
from pipelines.models import Model
from pipelines.models.ensemble import Ensemble
from pipelines.training.data import TrainingData, distinct, fingerprint, labelled
from pipelines.training.pipeline import fit


@functools.cache
def accepted(name):
    """All rows of a data set's own source."""
    task = task_named(name)
    return validate(task.dataset, task.dataset.load([]).rows).accepted


@functools.cache
def training_data(name, most=None) -> TrainingData:
    """What a task learns from and is judged on, at most `most` rows of each."""
    task, rows = task_named(name), accepted(name)
    roles = assign_roles(task.dataset, rows)
    numbered = rows.assign(sample_id=[f"{task.dataset.name}-h-{i:05d}" for i in range(len(rows))])
    train, test = (labelled(task, numbered[(roles == role).to_numpy()]) for role in ("train", "test"))
    if most:
        train, test = (part.sample(min(most, len(part)), random_state=0) for part in (train, test))
    return TrainingData(
        task=task,
        train=distinct(task, train),
        test=distinct(task, test),
        rows=len(train),
        fingerprint=fingerprint(task, train),
        released=(),
        source={"name": "own", "sha256": "0" * 64},
    )


@functools.cache
def trained(name, most=None):
    """A task trained by a quick search, once for all test processes."""
    kept = Path(os.environ["SHARED_BY_TESTS"]) / f"trained-{name}-{most}.pickle"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(fit(training_data(name, most), size="quick", seed=0)))
        return pickle.loads(kept.read_bytes())  # noqa: S301 - written by a test process of this run


class Stub:
    """A member whose probabilities are a function of the encoded rows."""

    def __init__(self, answer, size):
        self.answer, self.classes_ = answer, np.arange(size)

    def predict_proba(self, matrix):
        return np.asarray(self.answer(matrix), dtype=float)


def stub_model(task, answer, *, version=1, decision=None, info=None) -> Model:
    """A model of a task that answers as told: `answer` maps encoded rows (n, d) to probabilities (n, k)."""
    size = len(task.classes)
    inputs = training_data(task.name).inputs
    width = sum(max(len(about.get("values", ())), 1) for about in inputs.values())
    estimator = Ensemble(np.zeros(width), {"stub": Stub(answer, size)}, None, size, ordinal=task.ordinal)
    about = {"data": {"released": [], "source": {}, "test_rows": 100}, **(info or {})}
    return Model(task.name, version, task.classes, inputs, decision or {"kind": "argmax"}, estimator, about)


def always(task, label):
    """An answer function that is sure of one class."""
    row = np.where(np.array(task.classes) == label, 0.9, 0.1 / (len(task.classes) - 1))
    return lambda matrix: np.tile(row, (len(matrix), 1))


def telling(task, rows, skill, seed=0):
    """An answer function that knows the true class of given rows and tells it for a share `skill` of them."""
    inputs = training_data(task.name).inputs
    from pipelines.models import encode

    known = {row.tobytes(): label for row, label in zip(encode(inputs, rows), task.labels(rows), strict=True)}
    rng = np.random.default_rng(seed)
    spoken = {key: label if rng.random() < skill else rng.choice(task.classes) for key, label in known.items()}

    def answer(matrix):
        labels = [spoken.get(row.tobytes(), task.classes[0]) for row in matrix]
        return np.array([always(task, label)(matrix[:1])[0] for label in labels])

    return answer


def measured(name, count=5) -> pd.DataFrame:
    """A few test rows of a task."""
    return training_data(name).test.head(count)
