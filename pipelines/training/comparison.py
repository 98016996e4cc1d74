"""The code as it is against the champion: what a change of the code would do to a model, before it is merged.

Nothing is registered and the store stays as it is. The rule is that of promotion.
"""

import shutil
import time
from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents import plain
from pipelines.documents.comparison import Comparison, Verdict
from pipelines.models import Model, metrics
from pipelines.models.metrics import metric_title
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, load_version
from pipelines.training.notebook import train_candidate
from pipelines.training.promotion import Decision, Meeting, advantage, judge, objection_to
from pipelines.wording import estimate, interval, number

DIGITS = 3  # of a score
DECIMALS = 6  # of a number in the document
VERDICTS: Mapping[Verdict, str] = {
    "better": "better, it would become champion",
    "worse": "worse",
    "unsure": "no sure gain",
    "held back": "a gain, but it loses on the test rows alone or in a class that must not",
    "alone": "there is no champion to compare with, or too few rows",
}


def compare(store: Store, task: Task, *, runs: Path, now: datetime, search: str) -> Comparison:
    """Train a task with the code as it is, and set the outcome against the champion on rows that neither has seen."""
    model, size, seconds = _train(task, runs=runs, now=now, search=search)
    champion = champion_version(store, task)
    decision = judge(store, task, model, champion)
    verdict = _verdict(task, decision)
    about: Comparison = {
        "scorer": task.scorer,
        "classes": list(task.classes),
        "champion": champion,
        "verdict": verdict,
        "held_out": model.info["metrics"][task.scorer],
        "baseline": model.info["baseline"][task.scorer],
        "seconds": seconds,
        "models": {"after": {"bytes": size}},
    }
    if decision.meeting and verdict != "alone":
        before = load_version(store, task, decision.meeting.champion.version, _size)
        _tell_meeting(about, task, model, decision.meeting, {"before": before, "after": size})
    told: Comparison = plain(about, DECIMALS)
    return told


def comparison_sentence(name: str, told: Comparison) -> str:
    """What a comparison says: `wine_grade: Macro-F1 +0.012 (-0.004 to +0.028): no sure gain`."""
    score, simplest = told["scorer"], "the majority class" if told["classes"] else "the baseline"
    if told["verdict"] == "alone":
        in_numbers = f"{estimate(told['held_out'], DIGITS)}, {simplest} {number(told['baseline'], DIGITS)}"
    else:
        change = told["scores"][score]
        before, after = change["before"], change["after"]
        gain = None if before is None or after is None else after - before
        in_numbers = interval(gain, change["low"], change["high"], DIGITS, signed=True)
    return f"{name}: {metric_title(score)} {in_numbers}: {VERDICTS[told['verdict']]}"


def _train(task: Task, *, runs: Path, now: datetime, search: str) -> tuple[Model, int, float]:
    """A model by the code as it is, its bytes, and the seconds that it took."""
    began = time.perf_counter()
    folder, _ = train_candidate(task, runs=runs, now=now, search=search, seed=0)
    seconds = time.perf_counter() - began
    model, size = models.load(folder), _size(folder)
    shutil.rmtree(folder)
    return model, size, seconds


def _size(folder: Path) -> int:
    return (folder / models.MODEL_FILE).stat().st_size


def _verdict(task: Task, decision: Decision) -> Verdict:
    if decision.meeting is None or not np.isfinite(decision.meeting.gains[task.scorer].value):
        return "alone"
    gain = advantage(task, decision.meeting.gains[task.scorer])
    if not gain.low > 0:
        return "worse" if gain.high < 0 else "unsure"
    return "held back" if objection_to(task, decision.meeting) else "better"


def _tell_meeting(about: Comparison, task: Task, model: Model, meeting: Meeting, sizes: Mapping[str, int]) -> None:
    rows = meeting.unseen.rows
    labels = task.labels(rows).to_numpy()
    answers, took = {}, {}
    for name, each in (("before", meeting.champion), ("after", model)):
        answers[name], took[name] = _predicted(each, rows)
    scores = {name: _scores(task, labels, predicted) for name, predicted in answers.items()}
    about["rows"] = len(rows)
    about["models"] = {
        name: {"bytes": sizes[name], "milliseconds": 1e6 * seconds / len(rows)} for name, seconds in took.items()
    }
    about["scores"] = {
        name: {"before": scores["before"][name], "after": scores["after"][name], "low": gain.low, "high": gain.high}
        for name, gain in meeting.gains.items()
    }
    about["confusion"] = {
        name: _confusion(task.outcome, task, labels, predicted) for name, predicted in answers.items()
    }


@singledispatch
def _confusion(outcome: object, task: Task, labels: Any, predicted: pd.DataFrame) -> list[list[int]]:  # noqa: ANN401 - an array
    raise NotImplementedError


@_confusion.register
def _(outcome: Classes, task: Task, labels: Any, predicted: pd.DataFrame) -> list[list[int]]:  # noqa: ANN401, ARG001 - see above
    table: list[list[int]] = metrics.confusion(task, labels, predicted["prediction"].to_numpy()).to_numpy().tolist()
    return table


@_confusion.register
def _(outcome: Number, task: Task, labels: Any, predicted: pd.DataFrame) -> list[list[int]]:  # noqa: ANN401, ARG001 - see above
    return []


def _predicted(model: Model, rows: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """The answers of a model, and the seconds that they took."""
    began = time.perf_counter()
    predicted = models.predict(model, rows)
    return predicted, time.perf_counter() - began


def _scores(task: Task, labels: Any, predicted: pd.DataFrame) -> Mapping[str, float]:  # noqa: ANN401 - an array
    chances = predicted[task.answer_columns].to_numpy()
    return metrics.score(task, labels, predicted["prediction"].to_numpy(), chances)
