"""The full search beside a naive one: every draw of every family fitted on every fold, and the best of each once more.

    python -m benchmarks.search STORE [--tasks wine_type wine_quality]

STORE is a folder made by `make demo`; the tasks predict classes. Both take the same rows, folds and distributions. The
naive one takes the family of the lowest log-loss on the folds, with no blend, calibration or decision rule; both are
judged on the test rows, which neither has seen. Seconds are of the processor, all in one process.
"""

import argparse
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss
from sklearn.model_selection import RandomizedSearchCV
from threadpoolctl import threadpool_limits

from pipelines.datasets import Task, task_named
from pipelines.models.ensemble import Classifier, Floats, fill_missing, medians, member_probabilities
from pipelines.models.model import encode
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.cross_validation import Rows, grouped_folds, learning_shape
from pipelines.training.data import TrainingData, load_training_data
from pipelines.training.decision_rule import Integers, positions, score_positions
from pipelines.training.families import FAMILIES
from pipelines.training.search import search

SIZE, SEED = "full", 0


def main() -> None:
    """Print a table row a task."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--tasks", nargs="+", default=("wine_type", "wine_quality"))
    options = parser.parse_args()
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"
    print("| task | scorer | naive | ours | ratio | score, naive | ours | log-loss, naive | ours |")
    print("| --- " * 9 + "|")
    for name in options.tasks:
        print(line(load_training_data(EmbeddedStore(options.store), task_named(name))), flush=True)


def line(data: TrainingData) -> str:
    """Seconds and held-out scores of both."""
    task, rows = data.task, data.learning_rows
    fill = medians(rows.matrix)
    matrix = fill_missing(encode(data.inputs, data.test), fill)
    began = time.process_time()
    plain = naive(task, replace(rows, matrix=fill_missing(rows.matrix, fill)))
    between = time.process_time()
    ours = search(task, rows, SIZE, SEED)
    ended = time.process_time()
    size = len(task.classes)
    labels = np.array([task.classes.index(label) for label in task.labels(data.test)])
    chances = (member_probabilities(plain, matrix, size), ours.estimator.answers(matrix))
    decided = (chances[0].argmax(axis=1), positions(task, chances[1], ours.decision))
    scores = [score_positions(task, labels, each) for each in decided]
    losses = [log_loss(labels, each, labels=range(size)) for each in chances]
    first, second = between - began, ended - between
    return (
        f"| `{task.name}` | {task.scorer} | {first:.0f} s | {second:.0f} s | {second / first:.2f} "
        f"| {scores[0]:.3f} | {scores[1]:.3f} | {losses[0]:.3f} | {losses[1]:.3f} |"
    )


def naive(task: Task, rows: Rows) -> Classifier:
    """The best of every family, each searched and fitted again as scikit-learn does it."""
    folds = grouped_folds(task, rows, SEED)
    shape = learning_shape(rows, folds)
    with threadpool_limits(1):
        tried = [
            RandomizedSearchCV(
                family.make(shape, SEED),
                dict(family.distributions(shape)),
                n_iter=family.draws.get(SIZE, 1),
                scoring=partial(_certainty, len(task.classes)),
                cv=folds,
                random_state=SEED,
            ).fit(rows.matrix, rows.labels)
            for family in FAMILIES
        ]
    return max(tried, key=lambda each: each.best_score_).best_estimator_


def _certainty(size: int, member: Classifier, matrix: Floats, labels: Integers) -> float:
    """The log-loss turned round; scikit-learn's own scorer fails where a fold lacks a class."""
    return -float(log_loss(labels, member_probabilities(member, matrix, size), labels=range(size)))


if __name__ == "__main__":
    main()
