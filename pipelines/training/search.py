"""Which model to take: families are compared on the same folds, and the best of them is fitted.

A candidate is one family, or two of them blended. What it says about rows that it has not learned from is calibrated
and decided upon fold by fold, so that no score comes from a rule that was tuned on the very same rows.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, singledispatch

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.models.ensemble import (
    Classifier,
    Ensemble,
    Floats,
    blended,
    fill_missing,
    log_odds,
    medians,
    member_probabilities,
)
from pipelines.training import decision_rule as decisions
from pipelines.training.cross_validation import (
    Answer,
    Fold,
    Rows,
    Tried,
    among_judged,
    fit_member,
    grouped_folds,
    judged_rows,
    tried_members,
    workers,
)
from pipelines.training.decision_rule import Integers
from pipelines.training.families import BLENDED, FAMILIES, ITERATIONS, TUNED
from pipelines.training.number_search import search_number
from pipelines.training.processes import parallel_setup
from pipelines.training.search_result import SearchResult, search_table, tuned

# How freely the blend follows its members: the first suits thousands of rows and many classes, the second few rows.
BLEND_STRENGTHS = (0.05, 1.0)
SMALLEST_PROBABILITY = 1e-15

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """One contender and how it did on rows that it had not learned from.

    Attributes
    ----------
    strength
        How freely its blend follows the members; None where their mean is better calibrated.
    labels
        (n,) class positions of the rows that it was judged on.
    answers
        The probabilities (n, k) of each member.
    chances
        Its own probabilities (n, k), calibrated.
    """

    members: tuple[str, ...]
    strength: float | None
    score: float
    standard_error: float
    log_loss: float
    labels: Integers = field(repr=False)
    answers: tuple[Floats, ...] = field(repr=False)
    chances: Floats = field(repr=False)

    @property
    def name(self) -> str:
        """The members, for a person."""
        return " + ".join(self.members)


def search(task: Task, rows: Rows, size: str, seed: int) -> SearchResult:
    """Compare the families of the kind of the task, and fit the best on all rows.

    Parameters
    ----------
    size
        `quick` takes parameters that suit most data and tunes what is quickly fitted; `full` tunes every family.

    Raises
    ------
    NotReadyError
        There are too few rows to learn and judge anything, or all are alike in what is to be learned.
    """
    return _search(task.outcome, task, rows, size, seed)


@singledispatch
def _search(outcome: object, task: Task, rows: Rows, size: str, seed: int) -> SearchResult:
    raise NotImplementedError


@_search.register
def _(outcome: Number, task: Task, rows: Rows, size: str, seed: int) -> SearchResult:  # noqa: ARG001 - of any number
    return search_number(task, rows, size, seed)


@_search.register
def _search_classes(outcome: Classes, task: Task, rows: Rows, size: str, seed: int) -> SearchResult:  # noqa: ARG001 - of any classes
    """Of the candidates within one standard error of the highest score, take the one with the lowest log-loss."""
    began = time.perf_counter()
    complete = replace(rows, matrix=fill_missing(rows.matrix, medians(rows.matrix)))
    with threadpool_limits(1), parallel_config(**parallel_setup()):
        folds = grouped_folds(task, rows, seed)
        tried = tried_members(
            FAMILIES, complete, folds, size=size, seed=seed, answer=class_answers(task),
            rank=partial(_ranked, task, complete, workers(rows, size)),
        )  # fmt: skip
        teams = [
            {name: tried[name].answers for name in team} for team in [*((name,) for name in tried), *_blends(tried)]
        ]
        candidates = compare(task, rows, folds, teams, workers(rows, size))
        best, members = _best(candidates), {name: each.member for name, each in tried.items()}
        estimator = fit_candidate(task, rows, best, members)
    log.info("%s: %s is the best of %d candidates", task.name, best.name, len(candidates))
    return SearchResult(
        chosen=best.name,
        estimator=estimator,
        decision=decisions.tune(task, best.labels, best.chances),
        table=_table(candidates, best, members),
        seconds=time.perf_counter() - began,
    )


def class_answers(task: Task) -> Answer:
    """What a member says of rows: the probability of each class of the task."""
    return partial(member_probabilities, size=len(task.classes))


def compare(
    task: Task, rows: Rows, folds: Sequence[Fold], teams: Sequence[Mapping[str, Floats]], processes: int = 1
) -> list[Candidate]:
    """How teams do, each of one or more members with what they say of rows (n, k) that they have not learned from."""
    judged, within = judged_rows(folds), among_judged(folds)
    said = [{name: answers[judged] for name, answers in team.items()} for team in teams]
    return list(Parallel(n_jobs=processes)(delayed(_judged)(task, rows.labels[judged], within, team) for team in said))


def fit_candidate(task: Task, rows: Rows, candidate: Candidate, members: Mapping[str, Classifier]) -> Ensemble:
    """A candidate fitted on all rows, with the blend that suits what its members said of rows not learned from."""
    fill = medians(rows.matrix)
    matrix = fill_missing(rows.matrix, fill)
    return Ensemble(
        fill=fill,
        members={name: fit_member(members[name], matrix, rows.labels) for name in candidate.members},
        blend=_blend(candidate.answers, candidate.labels, candidate.strength, ordinal=task.ordinal),
        size=len(task.classes),
        ordinal=task.ordinal,
    )


def _ranked(task: Task, rows: Rows, processes: int, folds: Sequence[Fold], answers: Sequence[Floats]) -> list[int]:
    """Which draws of a family to prefer, the best first, by what each says of the rows (n, k)."""
    by_fold = Parallel(n_jobs=processes)(
        delayed(_fold_scores)(task, rows.labels[other], each[other]) for each in answers for _, other in folds
    )
    scores = np.reshape(by_fold, (len(answers), len(folds), 2))
    mean, errors = scores.mean(axis=1), scores.std(axis=1) / np.sqrt(len(folds))
    return _by_preference(mean[:, 0], errors[:, 0], mean[:, 1])


def _fold_scores(task: Task, labels: Integers, answers: Floats) -> tuple[float, float]:
    """Score and log-loss of a member on the rows of a fold; it is calibrated and decided upon there, as all others are.

    Uncalibrated, a member would be chosen for how sure it is and not for what it knows.
    """
    strength = BLEND_STRENGTHS[-1] if len(np.unique(labels)) > 1 else None
    blend = _blend([answers], labels, strength, ordinal=task.ordinal)
    chances = blended([answers], blend, ordinal=task.ordinal)
    rule = decisions.tune(task, labels, chances)
    score = decisions.score_positions(task, labels, decisions.positions(task, chances, rule))
    return score, _log_loss(labels, chances)


def _blends(members: Mapping[str, Tried]) -> list[tuple[str, ...]]:
    teams = [BLENDED, tuple(name + TUNED for name in BLENDED)]
    return [team for team in teams if all(name in members for name in team)]


def _judged(task: Task, labels: Integers, folds: Sequence[Fold], team: Mapping[str, Floats]) -> Candidate:
    """Calibrate and decide for the rows of each fold by what the other folds say."""
    answers = tuple(team.values())
    choices = {
        strength: _cross_blended(answers, labels, folds, strength, ordinal=task.ordinal)
        for strength in (None, *BLEND_STRENGTHS)
    }
    strength = min(choices, key=lambda each: _log_loss(labels, choices[each]))
    chances, decided = choices[strength], np.empty_like(labels)
    for learned, other in folds:
        rule = decisions.tune(task, labels[learned], chances[learned])
        decided[other] = decisions.positions(task, chances[other], rule)
    by_fold = [decisions.score_positions(task, labels[other], decided[other]) for _, other in folds]
    return Candidate(
        members=tuple(team),
        strength=strength,
        score=decisions.score_positions(task, labels, decided),
        standard_error=float(np.std(by_fold) / np.sqrt(len(folds))),
        log_loss=_log_loss(labels, chances),
        labels=labels,
        answers=answers,
        chances=chances,
    )


def _cross_blended(
    answers: Sequence[Floats], labels: Integers, folds: Sequence[Fold], strength: float | None, *, ordinal: bool
) -> Floats:
    chances = np.empty_like(answers[0])
    for learned, other in folds:
        blend = _blend([answer[learned] for answer in answers], labels[learned], strength, ordinal=ordinal)
        chances[other] = blended([answer[other] for answer in answers], blend, ordinal=ordinal)
    return chances


def _blend(answers: Sequence[Floats], labels: Integers, strength: float | None, *, ordinal: bool) -> Classifier | None:
    """A logistic regression on the members' log-odds: D. Wolpert (1992), Stacked generalization."""
    if strength is None:
        return None
    steps = [("scale", StandardScaler()), ("classify", LogisticRegression(C=strength, max_iter=ITERATIONS))]
    return Pipeline(steps).fit(log_odds(answers, ordinal=ordinal), labels)


def _best(candidates: Sequence[Candidate]) -> Candidate:
    scores, errors, losses = (
        np.array([getattr(each, name) for each in candidates]) for name in ("score", "standard_error", "log_loss")
    )
    return candidates[_by_preference(scores, errors, losses)[0]]


def _by_preference(scores: Floats, errors: Floats, losses: Floats) -> list[int]:
    """From the lowest loss on, but first those whose score is within one standard error of the best."""
    best = int(scores.argmax())
    good = scores >= scores[best] - errors[best]
    return [int(place) for place in np.lexsort((losses, ~good))]


def _log_loss(labels: Integers, chances: Floats) -> float:
    of_truth = np.clip(chances[np.arange(len(labels)), labels], SMALLEST_PROBABILITY, 1)
    return float(-np.log(of_truth).mean())


def _table(candidates: Sequence[Candidate], best: Candidate, members: Mapping[str, Classifier]) -> pd.DataFrame:
    table = search_table(candidates, best, lambda each: tuned(each.members, members, FAMILIES))
    table.insert(len(table.columns) - 1, "log_loss", [each.log_loss for each in candidates])
    return table.sort_values("log_loss", ignore_index=True)
