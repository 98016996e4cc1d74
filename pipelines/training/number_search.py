"""Which model of a number to take: families are compared on the same folds, and the best of them is fitted.

A candidate is one family, or several added up with weights that are learned fold by fold from what the members say of
rows that they have not learned from. Where the baseline is the value of an input, each candidate is tried twice: on
the number itself, and on its change from what the baseline says. The errors that the best one makes there become its
intervals.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from joblib import parallel_config
from threadpoolctl import threadpool_limits

from pipelines.datasets import Task
from pipelines.datasets.roles import BANDS
from pipelines.documents.model import DecisionRule, Intervals
from pipelines.errors import NotReadyError
from pipelines.models.ensemble import Floats, fill_missing, medians
from pipelines.models.number_ensemble import (
    MISSED,
    NumberEnsemble,
    Regressor,
    error_bounds,
    expected_errors,
    member_numbers,
    middle_error,
    positive_weights,
    slim_numbers,
    starting_values,
    thinned_errors,
)
from pipelines.models.number_sums import QUANTILES
from pipelines.training.cross_validation import (
    FOLDS,
    Fold,
    Rows,
    Tried,
    among_judged,
    fit_member,
    judged_rows,
    split,
    tried_members,
)
from pipelines.training.decision_rule import Integers
from pipelines.training.families import TUNED
from pipelines.training.growing import grown
from pipelines.training.number_families import NUMBER_FAMILIES, spread_regressor
from pipelines.training.processes import parallel_setup
from pipelines.training.search_result import SearchResult, search_table, tuned

# Fewer errors say nothing about how their size depends on the inputs.
ROWS_FOR_SPREAD = 200
# No error is expected to be smaller than this share of the mean one.
SMALLEST_SHARE = 0.1
# A member that counts less than that is left out of the file.
SMALLEST_WEIGHT = 1e-3
MEDIAN_SCORERS = ("mae", "pinball")
# Of days in order the newer half is judged: a model of four years has to have seen each season before it is judged.
JUDGED = 0.5
OF_CHANGE = ", as the change from the baseline"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NumberCandidate:
    """One contender and how it did on rows that it had not learned from.

    Attributes
    ----------
    members
        Its regressors by name, not fitted.
    change_from
        The column that they say the change from; None where they say the number.
    score, standard_error
        The task's score over all of these rows, and how much it differs from fold to fold.
    answers
        (n, m) what each member says.
    middle
        (n,) what it says itself of the number.
    """

    members: Mapping[str, Regressor] = field(repr=False)
    change_from: int | None
    score: float
    standard_error: float
    answers: Floats = field(repr=False)
    middle: Floats = field(repr=False)

    @property
    def name(self) -> str:
        """The members, for a person."""
        return " + ".join(self.members) + (OF_CHANGE if self.change_from is not None else "")


@dataclass(frozen=True)
class WeightedSum:
    """Fitted members, what each of them counts (m,), and what is added."""

    members: Mapping[str, Regressor] = field(repr=False)
    weights: Floats
    intercept: float


@dataclass(frozen=True)
class Errors:
    """What a model was wrong by on rows not learned from, and what expects the size of it.

    `relative` (n,) are the errors in units of the expected size; `spread` is None where that is `smallest` for all.
    """

    relative: Floats = field(repr=False)
    spread: Regressor | None = field(repr=False)
    smallest: float


@dataclass(frozen=True)
class Contest:
    """What the candidates are compared on: complete rows in folds, the size of the search, and its seed."""

    task: Task
    rows: Rows = field(repr=False)
    folds: Sequence[Fold] = field(repr=False)
    size: str
    seed: int

    def known(self, change_from: int | None) -> tuple[Floats, Floats]:
        """The labels of the judged rows, and what their answers start from."""
        judged = judged_rows(self.folds)
        return self.rows.labels[judged], starting_values(self.rows.matrix, change_from)[judged]


def search_number(task: Task, rows: Rows, size: str, seed: int) -> SearchResult:
    """Compare the families and their sum, and fit the one with the lowest score on all rows.

    Parameters
    ----------
    size
        `quick` tunes what is quickly fitted, `full` every family.

    Raises
    ------
    NotReadyError
        There are too few rows, or all have the same number.
    """
    began = time.perf_counter()
    complete = replace(rows, matrix=fill_missing(rows.matrix, medians(rows.matrix)))
    with threadpool_limits(1), parallel_config(**parallel_setup()):
        folds = number_folds(task, rows, seed)
        contest = Contest(task, complete, folds, size, seed)
        starts = dict.fromkeys((None, rows.persistence))
        candidates = [each for start in starts for each in _candidates(contest, start)]
        best = min(candidates, key=lambda each: each.score)
        judged = judged_rows(folds)
        errors = _errors(complete.matrix[judged], rows.labels[judged], best.middle, among_judged(folds), seed)
        estimator = _ensemble(task, rows, best, _fitted(complete, best, judged), errors)
    log.info("%s: %s is the best of %d candidates", task.name, best.name, len(candidates))
    table = search_table(candidates, best, lambda each: tuned(each.members, each.members, NUMBER_FAMILIES))
    return SearchResult(
        chosen=best.name,
        estimator=estimator,
        decision=_decision(task),
        table=table.sort_values("score", ignore_index=True),
        seconds=time.perf_counter() - began,
        intervals=_intervals(estimator, len(judged), adaptive=rows.chained),
    )


def number_folds(task: Task, rows: Rows, seed: int) -> list[Fold]:
    """Folds as (learning rows, other rows), no group in both; stratified by the tenths of the labels, or chained.

    Raises
    ------
    NotReadyError
        All rows have the same number, or there are too few groups of them.
    """
    different, groups = np.unique(rows.labels), len(np.unique(rows.groups))
    if len(different) < 2:  # noqa: PLR2004 - one number can be answered but not learned
        raise NotReadyError(
            f"{task.name} cannot be trained: all of its {len(rows)} training rows have the same number, "
            f"{different[0]:g}. Backfill a source in which it differs."
        )
    tenths = np.ceil(pd.Series(rows.labels).rank(pct=True) * min(BANDS, max(len(rows) // FOLDS, 1)))
    count = min(FOLDS, groups)
    folds = split(replace(rows, labels=tenths.to_numpy(dtype=np.int64)), count, seed, JUDGED) if count > 1 else []
    if not folds or any(len(np.unique(rows.labels[learned])) < 2 or not len(other) for learned, other in folds):  # noqa: PLR2004
        raise NotReadyError(
            f"{task.name} cannot be trained: its {len(rows)} training rows are too few, or too alike, to judge a model "
            "on rows that it has not learned from. Backfill a source with more rows."
        )
    return folds


def _candidates(contest: Contest, change_from: int | None) -> list[NumberCandidate]:
    """Each member and their sum, learned from the labels or from how these differ from a column."""
    rows = contest.rows
    learned = replace(rows, labels=rows.labels - starting_values(rows.matrix, change_from))
    tried = tried_members(
        NUMBER_FAMILIES, learned, contest.folds, size=contest.size, seed=contest.seed, answer=member_numbers,
        rank=partial(_ranked, contest.task, learned.labels),
    )  # fmt: skip
    teams = [{name: tried[name] for name in team} for team in [*((name,) for name in tried), _team(tried)]]
    return [_judged(contest, team, change_from) for team in teams]


def _ranked(task: Task, labels: Floats, folds: Sequence[Fold], answers: Sequence[Floats]) -> list[int]:
    """Which draws of a family to prefer, the best first, by what each says of the rows (n,)."""
    errors = [np.mean([_score(task, (each - labels)[other]) for _, other in folds]) for each in answers]
    return [int(place) for place in np.argsort(errors, kind="stable")]


def _team(members: Mapping[str, Tried]) -> tuple[str, ...]:
    """One member of each family, the tuned one where there is one."""
    return tuple(family.name + TUNED if family.name + TUNED in members else family.name for family in NUMBER_FAMILIES)


def _judged(contest: Contest, team: Mapping[str, Tried], change_from: int | None) -> NumberCandidate:
    """Add up the members for the rows of each fold by the weights that suit the other folds."""
    task, folds = contest.task, among_judged(contest.folds)
    answers = np.column_stack([each.answers for each in team.values()])[judged_rows(contest.folds)]
    labels, start = contest.known(change_from)
    middle = np.empty(len(labels))
    for learned, other in folds:
        weights, intercept = _weights(answers[learned], (labels - start)[learned])
        middle[other] = start[other] + answers[other] @ weights + intercept
    by_fold = [_score(task, middle[other] - labels[other]) for _, other in folds]
    return NumberCandidate(
        members={name: each.member for name, each in team.items()},
        change_from=change_from,
        score=_score(task, middle - labels),
        standard_error=float(np.std(by_fold) / np.sqrt(len(folds))),
        answers=answers,
        middle=middle,
    )


def _weights(answers: Floats, labels: Floats) -> tuple[Floats, float]:
    """One member stands for itself; several are weighed."""
    return positive_weights(answers, labels) if answers.shape[1] > 1 else (np.ones(1), 0.0)


def _score(task: Task, errors: Floats) -> float:
    """The task's score of errors; the pinball loss of numbers without intervals ranks as their mean size does."""
    return float(np.sqrt((errors**2).mean()) if task.scorer == "rmse" else np.abs(errors).mean())


def _errors(matrix: Floats, labels: Floats, middle: Floats, folds: Sequence[Fold], seed: int) -> Errors:
    """The errors on rows not learned from, by their expected size where that tells more than the mean one."""
    errors = labels - middle
    mean = float(np.abs(errors).mean()) or np.finfo(np.float64).tiny
    constant = Errors(errors / mean, None, mean)
    if len(errors) < ROWS_FOR_SPREAD:
        return constant
    smallest, expected = SMALLEST_SHARE * mean, np.empty(len(errors))
    for learned, other in folds:
        regressor = grown(spread_regressor(len(learned), seed), matrix[learned], np.abs(errors[learned]))
        expected[other] = expected_errors(regressor, matrix[other], smallest)
    whole = slim_numbers(grown(spread_regressor(len(errors), seed), matrix, np.abs(errors)))
    varied = Errors(errors / expected, whole, smallest)
    return min((constant, varied), key=lambda each: _interval_loss(errors, each, expected))


def _interval_loss(errors: Floats, usual: Errors, expected: Floats) -> float:
    """The pinball loss of the ends of the intervals that such errors make."""
    size = np.full(len(errors), usual.smallest) if usual.spread is None else expected
    ends = {level: np.quantile(usual.relative, level) * size for level in QUANTILES.values()}
    return float(np.mean([np.maximum(level * (errors - e), (level - 1) * (errors - e)) for level, e in ends.items()]))


def _fitted(rows: Rows, best: NumberCandidate, judged: Integers) -> WeightedSum:
    """The members of a candidate that count, fitted on all rows, with the weights that suit rows not learned from."""
    labels = rows.labels - starting_values(rows.matrix, best.change_from)
    weights, intercept = _weights(best.answers, labels[judged])
    least = min(SMALLEST_WEIGHT, weights.max())
    counted = {name: weight for name, weight in zip(best.members, weights, strict=True) if weight >= least}
    fitted = {name: fit_member(best.members[name], rows.matrix, labels) for name in counted}
    return WeightedSum(fitted, np.array(list(counted.values())), intercept)


def _ensemble(task: Task, rows: Rows, best: NumberCandidate, sum_of: WeightedSum, errors: Errors) -> NumberEnsemble:
    relative = thinned_errors(errors.relative)
    return NumberEnsemble(
        fill=medians(rows.matrix),
        members=sum_of.members,
        weights=sum_of.weights,
        intercept=sum_of.intercept,
        spread=errors.spread,
        smallest_spread=errors.smallest,
        errors=relative,
        centre=middle_error(relative) if _decision(task)["kind"] == "median" else 0.0,
        low=task.outcome.low,
        high=task.outcome.high,
        baseline=float(rows.labels.mean()),
        baseline_of=task.persistence,
        change_from=best.change_from,
    )


def _decision(task: Task) -> DecisionRule:
    """Which number is answered: the median makes the least absolute error, the mean the least squared one."""
    return {"kind": "median" if task.scorer in MEDIAN_SCORERS else "mean"}


def _intervals(estimator: NumberEnsemble, rows: int, *, adaptive: bool) -> Intervals:
    return {
        "rows": rows,
        "spread": estimator.spread is not None,
        "bounds": {str(share): list(error_bounds(estimator.errors, missed)) for share, missed in MISSED.items()},
        "adaptive": adaptive,
    }
