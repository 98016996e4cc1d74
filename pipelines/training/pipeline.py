"""The training pipeline: search, evaluate, save a candidate; register it as a version, and decide on the champion."""

import json
import logging
import math
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import singledispatch
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents import plain
from pipelines.documents.model import CARD_FILE, NOTEBOOK_FILE, ModelInfo, OutcomeInfo
from pipelines.errors import ModelRefused, UsageError, VersionTaken
from pipelines.models import Model
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, task_view
from pipelines.training.card import render_card
from pipelines.training.data import TrainingData, load_training_data
from pipelines.training.evaluation import Evaluation, evaluate
from pipelines.training.number_evaluation import NumberEvaluation
from pipelines.training.promotion import decide_succession, load_with_card, refuse_another_source
from pipelines.training.search import search
from pipelines.training.search_result import SearchResult
from pipelines.training.undecided import is_repeat, remember_decision, undecided_version

SEARCHES = ("quick", "full")
ORDERS = ("auto", "always", "never")
# What a prediction depends on beyond scikit-learn, whose version a model insists on.
ENVIRONMENT = ("numpy", "scipy", "pandas", "skops")

# How often another run may be quicker to a version number before this one gives up.
ATTEMPTS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """A fitted model with where it comes from and what it is worth."""

    data: TrainingData = field(repr=False)
    search: SearchResult
    model: Model
    evaluation: Evaluation | NumberEvaluation


@dataclass(frozen=True)
class TrainingReport:
    """What one training run did: the version it registered, its scores and card, and the decision on the champion."""

    task: str
    version: int
    promoted: bool
    champion: int | None
    sentence: str
    metrics: Mapping[str, Any] = field(repr=False)
    baseline: Mapping[str, float | None] = field(repr=False)
    card: str = field(repr=False)


def fit(data: TrainingData, *, size: str, seed: int) -> Trained:
    """Search, fit and evaluate. The test rows are asked once, when everything is decided.

    Parameters
    ----------
    size
        `quick` or `full`.

    Raises
    ------
    UsageError
        There is no such search.
    NotReadyError
        There are too few rows or classes to learn from.
    """
    if size not in SEARCHES:
        raise UsageError(f"There is no search {size!r}; choose from {', '.join(SEARCHES)}.")
    result = search(data.task, data.learning_rows, size, seed)
    model = Model(
        task=data.task.name,
        version=0,
        classes=data.task.classes,
        inputs=data.inputs,
        decision=result.decision,
        estimator=result.estimator,
        info=_info(data, result, size, seed),
    )
    evaluation = evaluate(data.task, model, data.test, np.random.default_rng(seed))
    return Trained(data, result, model, evaluation)


def save_candidate(trained: Trained, folder: Path, *, commit: str = "") -> None:
    """Write the candidate folder: `model.skops`, and `model.json` without a version."""
    info = {**trained.model.info, **trained.evaluation.document(), "commit": commit or git_commit()}
    models.save(folder, trained.model.estimator, info)


def register_candidate(
    store: Store,
    task: Task,
    *,
    candidate: Path,
    notebook: Path,
    now: datetime,
    who: str,
    promote: str = "auto",
) -> TrainingReport:
    """Register a candidate folder with its executed notebook as the next version, and decide on the champion.

    Parameters
    ----------
    promote
        `auto`: when it is surely better than the champion. `always`, `never`: as a person orders.

    Raises
    ------
    ModelRefused
        The candidate is damaged, or is of another task.
    UsageError
        There is no such promotion rule.
    """
    if promote not in ORDERS:
        raise UsageError(f"There is no promotion rule {promote!r}; choose from {', '.join(ORDERS)}.")
    version = register_version(store, task, candidate=candidate, notebook=notebook, now=now)
    model, card = load_with_card(store, task, version)
    return decide_on(store, task, model, card, now=now, who=who, promote=promote)


def decide_left_over(
    store: Store, task: Task, *, size: str, seed: int, now: datetime, who: str, promote: str
) -> TrainingReport | None:
    """Decide on the version of a training that was killed before it could; a report if it is what is asked for now."""
    version = undecided_version(store, task)
    if version is None:
        return None
    log.warning("Version %d of %s is of a training that ended before it had written its decision.", version, task.name)
    try:
        model, card = load_with_card(store, task, version)
        refuse_another_source(store, task, model)
    except ModelRefused as error:
        log.warning("It stays challenger: %s", error)
        return None
    repeated = is_repeat(store, task, model, size=size, seed=seed)
    report = decide_on(store, task, model, card, now=now, who=who, promote=promote if repeated else "auto")
    return report if repeated else None


def decide_on(
    store: Store, task: Task, model: Model, card: str, *, now: datetime, who: str, promote: str
) -> TrainingReport:
    """Decide whether a registered version becomes the champion, and write the decision down."""
    champion, decision = decide_succession(store, task, model, now=now, who=who, order=promote)
    remember_decision(store, task, model.version, decision.sentence)
    log.info("%s", decision.sentence)
    return TrainingReport(
        task=task.name,
        version=model.version,
        promoted=decision.promote,
        champion=champion,
        sentence=decision.sentence,
        metrics=model.info["metrics"],
        baseline=model.info["baseline"],
        card=card,
    )


def register_version(store: Store, task: Task, *, candidate: Path, notebook: Path, now: datetime) -> int:
    """Register a candidate folder with its executed notebook under the next free version, and return that.

    Raises
    ------
    ModelRefused
        The candidate is damaged, is of another task, or did not come of this notebook.
    VersionTaken
        Other runs were quicker each time.
    """
    info = models.load(candidate).info
    if info["task"] != task.name:
        raise ModelRefused(f"{candidate} holds a model of {info['task']}, not of {task.name}. Train {task.name} again.")
    _check_provenance(info, notebook)
    for _ in range(ATTEMPTS):
        version = max(store.versions(task.name), default=0) + 1
        about: ModelInfo = {**info, "version": version, "created": now.isoformat(timespec="seconds")}
        with tempfile.TemporaryDirectory() as above:
            folder = Path(above) / "version"
            shutil.copytree(candidate, folder)
            shutil.copyfile(notebook, folder / NOTEBOOK_FILE)
            (folder / CARD_FILE).write_text(render_card(task, about), encoding="utf-8")
            models.write_info(folder, about)
            try:
                store.register(task_view(task), version, folder)
            except VersionTaken:
                continue
        return version
    raise VersionTaken(f"Other runs registered versions of {task.name} {ATTEMPTS} times in a row. Train again later.")


def _check_provenance(info: Mapping[str, Any], notebook: Path) -> None:
    """Refuse a notebook that was run with other parameters than the model was made with; papermill writes them down."""
    ran = json.loads(notebook.read_bytes()).get("metadata", {}).get("papermill", {}).get("parameters", {})
    made = {"task": info["task"], "search": info["search"]["size"], "seed": info["search"]["seed"]}
    other = [f"{name} {ran[name]!r} and not {value!r}" for name, value in made.items() if ran.get(name, value) != value]
    if other:
        raise ModelRefused(
            f"{notebook} was run with {', '.join(other)} as the model was. Train {info['task']} again: a version keeps "
            "the notebook that it comes from."
        )


def needs_training(store: Store, task: Task) -> bool:
    """Whether the champion, if there is one, cannot be used here or has learned from other data than there are now."""
    champion = champion_version(store, task)
    if champion is None:
        return True
    info = store.describe(task.name, champion)
    return not _is_usable(info) or info["data"]["fingerprint"] != load_training_data(store, task).fingerprint


def nothing_new(store: Store, task: Task) -> str:
    """Why a training would learn nothing that no version knows yet, in one line; empty where it would.

    A champion that cannot be used here, and a version that nobody has decided on, need a training in any case.
    """
    champion = champion_version(store, task)
    needed = champion is None or not _is_usable(store.describe(task.name, champion))
    if needed or undecided_version(store, task) is not None:
        return ""
    present = load_training_data(store, task).fingerprint
    for version in sorted(store.versions(task.name), reverse=True):
        info = store.describe(task.name, version)
        if _is_usable(info) and info["data"]["fingerprint"] == present:
            return (
                f"{task.title}: nothing new to learn, because version {version} has learned from all "
                f"{info['data']['rows']:,} rows that may train (simulated ones never do)."
            )
    return ""


def _is_usable(info: Mapping[str, Any]) -> bool:
    """Whether a version can be loaded here, and says what it has learned from."""
    return info.get("scikit_learn") == sklearn.__version__ and "data" in info


def git_commit() -> str:
    """The commit of the working copy that this module lies in; empty where it lies in none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _info(data: TrainingData, result: SearchResult, size: str, seed: int) -> ModelInfo:
    about: ModelInfo = {
        "task": data.task.name,
        "dataset": data.task.dataset.name,
        "classes": list(data.task.classes),
        "scorer": data.task.scorer,
        "inputs": data.inputs,
        "decision": result.decision,
        "model": result.chosen,
        "search": {"size": size, "seed": seed, "candidates": plain(result.table.to_dict("records"))},
        "data": {
            "fingerprint": data.fingerprint,
            "source": data.source,
            "rows": data.rows,
            "distinguishable": data.distinguishable,
            "distinct_rows": len(data.train),
            "test_rows": len(data.test),
            "class_rows": {},
            "released": list(data.released),
            "trained_until": data.trained_until,
        },
        "python": platform.python_version(),
        "environment": {name: installed(name) for name in ENVIRONMENT},
    }
    about["data"].update(_learned(data.task.outcome, data.task.labels(data.train)))
    return _with_outcome(data.task.outcome, data.task, about, result)


@singledispatch
def _learned(outcome: object, labels: pd.Series) -> Any:  # noqa: ANN401 - a part of a typed document
    """What the labels of the training rows are, as keys of `data`."""
    raise NotImplementedError


@_learned.register
def _(outcome: Classes, labels: pd.Series) -> Any:  # noqa: ANN401 - see above
    return {"class_rows": {name: int((labels == name).sum()) for name in outcome.names}}


@_learned.register
def _(outcome: Number, labels: pd.Series) -> Any:  # noqa: ANN401, ARG001 - of any number
    shares = {"min": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "max": 1.0}
    quantiles = {name: float(labels.quantile(share)) for name, share in shares.items()}
    return {
        "class_rows": {},
        "labels": {"mean": float(labels.mean()), "deviation": float(labels.std(ddof=0)), **quantiles},
    }


@singledispatch
def _with_outcome(outcome: object, task: Task, about: ModelInfo, result: SearchResult) -> ModelInfo:
    """The document with what only one kind of outcome has."""
    raise NotImplementedError


@_with_outcome.register
def _(outcome: Classes, task: Task, about: ModelInfo, result: SearchResult) -> ModelInfo:  # noqa: ARG001 - older ones have no more
    return about


@_with_outcome.register
def _(outcome: Number, task: Task, about: ModelInfo, result: SearchResult) -> ModelInfo:
    low, high = (end if math.isfinite(end) else None for end in (outcome.low, outcome.high))
    told: OutcomeInfo = {"kind": "number", "unit": outcome.unit, "low": low, "high": high, "decimals": outcome.decimals}
    if result.intervals is None:
        raise ValueError(f"the search of {task.name} gave no intervals")
    return {**about, "outcome": told, "baseline_of": task.persistence, "intervals": result.intervals}
