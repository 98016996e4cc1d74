"""Cross-validation that keeps near rows together, and what models say about rows that they have not learned from."""

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.model_selection import StratifiedGroupKFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from pipelines.datasets import Task
from pipelines.errors import NotReadyError
from pipelines.models.ensemble import Classifier, Floats, Forest, slim
from pipelines.models.number_ensemble import slim_numbers
from pipelines.training.boosted import as_forest
from pipelines.training.decision_rule import Integers
from pipelines.training.families import TUNED, Family, Shape
from pipelines.training.growing import grown

FOLDS = 5
# One part that is only learned from, a gap, and two parts to be judged on: what two chained folds take.
FEWEST_GROUPS_CHAINED = 6
# Starting worker processes takes some five seconds of the processor, which pays for itself from about so many rows on.
ROWS_FOR_WORKERS = {"quick": 10_000, "full": 1000}
# How many draws of a family a full search tries on more than the first fold.
FINALISTS = 2
# Nearest neighbours keep all rows that they learn from and look at each of them for every answer.
MOST_ROWS_KEPT = 10_000
SEED = 0
# How much two folds may differ to be alike, as `numpy.isclose` has it.
ALIKE, ALIKE_SHARE = 1e-8, 1e-5

Fold: TypeAlias = tuple[Integers, Integers]
# What a fitted member says, (n,) or (n, k), of complete rows (n, d).
Answer: TypeAlias = Callable[[Any, Floats], Floats]
# The places of several, the best first, by what each answers on folds out of fold.
Rank: TypeAlias = Callable[[Sequence[Fold], Sequence[Floats]], list[int]]


@dataclass(frozen=True)
class Rows:
    """What is learned from.

    Attributes
    ----------
    matrix
        (n, d) encoded inputs, NaN where a cell is missing; the first `numeric` columns are numbers.
    labels
        (n,) class positions, or numbers.
    groups
        (n,) which rows tell about each other and must not straddle a fold; numbered in order of time where `chained`.
    chained
        Whether folds are chained forward: each is judged by what was learned before it, with a gap of one group.
    persistence
        The column that the baseline answers, such as the value of today; None where it answers the mean.
    """

    matrix: Floats
    labels: npt.NDArray[Any]
    groups: Integers
    numeric: int
    chained: bool = False
    persistence: int | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Tried:
    """A member, not fitted, and what it says of all rows out of fold: (n,), or (n, k) of classes."""

    member: Any
    answers: Floats = field(repr=False)


def grouped_folds(task: Task, rows: Rows, seed: int, count: int = FOLDS) -> list[Fold]:
    """Folds as (learning rows, other rows), no group in both; fewer than `count` for few groups.

    They are stratified by class, or chained forward in time, and then no fold has the oldest rows.

    Raises
    ------
    NotReadyError
        There are fewer than two classes, or too few groups of rows.
    """
    present = np.unique(rows.labels)
    if len(present) < 2:  # noqa: PLR2004 - one class can be answered but not learned
        raise NotReadyError(
            f"{task.name} cannot be trained: its {len(rows)} training rows have {len(present)} of the "
            f"{len(task.classes)} classes, and it takes at least two. Backfill a source with more classes."
        )
    count = min(count, len(np.unique(rows.groups)), int(np.bincount(rows.labels).max()))
    folds = split(rows, count, seed) if count > 1 else []
    if not folds or any(len(np.unique(rows.labels[learned])) < 2 or not len(other) for learned, other in folds):  # noqa: PLR2004
        raise NotReadyError(
            f"{task.name} cannot be trained: its {len(rows)} training rows are too few, or too alike, to judge a model "
            "on rows that it has not learned from. Backfill a source with more rows."
        )
    return folds


def judged_rows(folds: Sequence[Fold]) -> Integers:
    """The rows that some fold has as its other rows, in order."""
    return np.sort(np.concatenate([other for _, other in folds]))


def among_judged(folds: Sequence[Fold]) -> list[Fold]:
    """The folds in positions among the judged rows; what is learned from there are all others of these."""
    judged = judged_rows(folds)
    places = [np.searchsorted(judged, other) for _, other in folds]
    return [(np.setdiff1d(np.arange(len(judged)), other), other) for other in places]


def learning_shape(rows: Rows, folds: Sequence[Fold]) -> Shape:
    """What a family needs to know to be fitted on each of the folds."""
    return Shape(min(len(learned) for learned, _ in folds), rows.numeric)


def tried_members(
    families: Sequence[Family], rows: Rows, folds: Sequence[Fold], *, size: str, seed: int, answer: Answer, rank: Rank
) -> dict[str, Tried]:
    """Each family with its usual parameters, and once more with the best drawn ones where the search tunes it."""
    shape = learning_shape(rows, folds)
    say = partial(out_of_fold, rows=rows, answer=answer, processes=workers(rows, size))
    drawn = {family.name: family.drawn(size, shape, seed) for family in families}
    if size == "full":
        drawn = _finalists(drawn, say, folds[:1], rank)
    versions = {family.name: [family.make(shape, seed), *drawn[family.name]] for family in families}
    said = iter(say(list(chain.from_iterable(versions.values())), folds=folds))
    members = {}
    for name, each in versions.items():
        usual, *others = [Tried(member, next(said)) for member in each]
        members[name] = usual
        if others:
            members[name + TUNED] = others[rank(folds, [one.answers for one in others])[0]]
    return members


def _finalists(
    drawn: Mapping[str, Sequence[Any]], say: Callable[..., list[Floats]], first: Sequence[Fold], rank: Rank
) -> dict[str, list[Any]]:
    """Of the many draws of each family those that do best on the first fold, which alone are tried on all."""
    said = iter(say(list(chain.from_iterable(drawn.values())), folds=first))
    ranks = {name: rank(first, [next(said) for _ in each]) if each else [] for name, each in drawn.items()}
    return {name: [each[place] for place in ranks[name][:FINALISTS]] for name, each in drawn.items()}


def out_of_fold(
    members: Sequence[Any], rows: Rows, folds: Sequence[Fold], answer: Answer, processes: int = 1
) -> list[Floats]:
    """What each member, learned without a fold, answers to the rows of that fold; 0 for rows that no fold has.

    The matrix of `rows` must be complete.
    """
    jobs = [(member, fold) for member in members for fold in folds]
    begun = Parallel(n_jobs=processes, return_as="generator")(
        delayed(_answers)(member, rows, fold, answer) for member, fold in jobs
    )
    said = list(tqdm(begun, desc="models", total=len(jobs), disable=not sys.stderr.isatty()))
    answers = [np.zeros((len(rows), *said[0].shape[1:])) for _ in members]
    for position, ((_, (_, other)), numbers) in enumerate(zip(jobs, said, strict=True)):
        answers[position // len(folds)][other] = numbers
    return answers


def fit_member(member: Classifier, matrix: Floats, labels: npt.NDArray[Any]) -> Classifier:
    """A fitted copy of a member; a forest without what no prediction needs, one that keeps its rows on some of them."""
    if keeps_rows(member):
        some = thinned(np.arange(len(labels)))
        matrix, labels = matrix[some], labels[some]
    with warnings.catch_warnings():
        # A class of one row has no spread; the discriminant then takes that of the others.
        warnings.filterwarnings("ignore", message="Only one sample available")
        fitted = grown(member, matrix, labels) if isinstance(member, Forest) else clone(member).fit(matrix, labels)
    if isinstance(fitted, HistGradientBoostingRegressor):
        fitted = as_forest(fitted)
    if isinstance(fitted, ExtraTreesRegressor):
        return slim_numbers(fitted)
    return slim(fitted) if isinstance(fitted, ExtraTreesClassifier) else fitted


def keeps_rows(member: Classifier) -> bool:
    """Whether a member is as large and as slow as the rows that it learns from are many."""
    return isinstance(member, Pipeline) and isinstance(member[-1], KNeighborsClassifier | KNeighborsRegressor)


def thinned(rows: Integers) -> Integers:
    """As many of the rows (n,), at random, as a member learns from that keeps them."""
    if len(rows) <= MOST_ROWS_KEPT:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, MOST_ROWS_KEPT, replace=False))


def workers(rows: Rows, size: str) -> int:
    """How many processes a search takes: one for every processor, or this one alone for few rows."""
    return int(cpu_count()) if len(rows) >= ROWS_FOR_WORKERS[size] else 1


def _answers(member: Classifier, rows: Rows, fold: Fold, answer: Answer) -> Floats:
    learned, other = fold
    return answer(fit_member(member, rows.matrix[learned], rows.labels[learned]), rows.matrix[other])


def split(rows: Rows, count: int, seed: int, judged: float | None = None) -> list[Fold]:
    """So many folds, stratified by label (class positions), or chained forward in time.

    `judged` is the share of the groups, the newest, that chained folds are judged on; all but the oldest part if None.
    """
    return _chained(rows, count, judged) if rows.chained else _stratified(rows, count, seed)


def _chained(rows: Rows, count: int, judged: float | None) -> list[Fold]:
    present = np.unique(rows.groups)
    # One part more than folds, since the oldest is only learned from, and two groups a part, one of which may be a gap.
    folds = min(count, max(len(present) // 2 - 1, 2))
    size = max(int(len(present) * judged) // folds, 1) if judged else None
    splitter = TimeSeriesSplit(folds, gap=1, test_size=size)
    parts = splitter.split(present) if len(present) >= FEWEST_GROUPS_CHAINED else ()
    return [(_rows_of(rows, present[before]), _rows_of(rows, present[after])) for before, after in parts]


def _rows_of(rows: Rows, groups: Integers) -> Integers:
    return np.flatnonzero(np.isin(rows.groups, groups))


class _Stratified(StratifiedGroupKFold):  # type: ignore[misc]  # scikit-learn has no types
    """The folds of scikit-learn, bit by bit, in a sixth of its time: it weighs one fold after the other."""

    def _find_best_fold(self, y_counts_per_fold: Floats, y_cnt: Integers, group_y_counts: Floats) -> int:
        """Where a group leaves the classes most even; of folds alike in that, the smallest."""
        counts = y_counts_per_fold + np.eye(self.n_splits)[:, :, None] * group_y_counts
        uneven = np.std(counts / y_cnt, axis=1).mean(axis=1).tolist()
        sizes, best = y_counts_per_fold.sum(axis=1).tolist(), 0
        for fold in range(1, self.n_splits):
            alike = abs(uneven[fold] - uneven[best]) <= ALIKE + ALIKE_SHARE * uneven[best]
            if uneven[fold] < uneven[best] or (alike and sizes[fold] < sizes[best]):
                best = fold
        return best


def _stratified(rows: Rows, count: int, seed: int) -> list[Fold]:
    splitter = _Stratified(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class may have fewer rows than there are folds; it is then missing from some.
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(splitter.split(rows.matrix, rows.labels, rows.groups))
