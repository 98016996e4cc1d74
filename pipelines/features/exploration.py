"""What the design of the features rests on, as tables: for a person to read in the notebook, not for a pipeline.

Whatever is decided from these tables is decided on training rows alone, so that the test rows stay unseen.
"""

import warnings
from collections.abc import Sequence
from datetime import date
from functools import singledispatch
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import cohen_kappa_score, f1_score, r2_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals.simulated import simulate_day
from pipelines.datasets.identity import distinguishable
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.roles import BANDS, near_groups, sample_groups

# Two features that rank the samples so alike may say the same thing twice.
REDUNDANT = 0.7
# A quick look: enough folds to see a scatter, enough trees that the scatter is not their own.
FOLDS, REPEATS, TREES = 3, 2, 40
# Any day will do; the same one keeps the notebook the same.
SOME_DAY = date(2026, 11, 21)


def summarise(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """One line a numeric feature: its range and spread, how many values occur, how many are missing."""
    values = rows[dataset.numeric]
    table = values.agg(["min", "median", "max", "mean", "std"]).T
    table.insert(0, "unit", [dataset.feature(name).unit for name in dataset.numeric])
    return table.assign(values=values.nunique(), missing=values.isna().sum(), missing_share=values.isna().mean())


def missing_by_category(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """How many rows lack a measurement, in each category and in all."""
    gaps = rows[dataset.numeric].isna().any(axis=1)
    parts = {"all rows": gaps}
    for column in dataset.categorical:
        parts |= {f"{column} {value}": part for value, part in gaps.groupby(rows[column])}
    lines = {name: {"rows": len(part), "with a gap": part.sum(), "share": part.mean()} for name, part in parts.items()}
    return pd.DataFrame.from_dict(lines, orient="index")


def class_balance(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """One line a class of each task: how many rows it has, and their share; none of a task that predicts a number."""
    counts = {task.name: task.labels(rows).value_counts().reindex(task.classes, fill_value=0) for task in dataset.tasks}
    table = pd.concat(counts, names=["task", "class"]).to_frame("rows").astype("int64")
    return table.assign(share=table["rows"] / table.groupby("task")["rows"].transform("sum"))


def number_spread(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """One line a task that predicts a number: unit, range, quartiles and spread of its label, and how many lack it."""
    lines = {task.title: _spread(task.outcome, task.labels(rows)) for task in dataset.tasks}
    return pd.DataFrame.from_dict({title: line for title, line in lines.items() if line}, orient="index")


@singledispatch
def _spread(outcome: object, labels: pd.Series) -> dict[str, object]:
    raise NotImplementedError


@_spread.register
def _(outcome: Classes, labels: pd.Series) -> dict[str, object]:  # noqa: ARG001 - classes are counted
    return {}


@_spread.register
def _(outcome: Number, labels: pd.Series) -> dict[str, object]:
    return {"unit": outcome.unit, **labels.describe().drop("count"), "missing": int(labels.isna().sum())}


def repeated_rows(dataset: DataSet, rows: pd.DataFrame) -> pd.Series:
    """How many rows repeat another one, exactly or nearly: what a split has to keep together."""
    measured = rows[dataset.numeric]
    groups = pd.Series(near_groups(dataset, rows, distinguishable=distinguishable(dataset, rows)))
    return pd.Series(
        {
            "rows": len(rows),
            "distinct measurements": len(measured.drop_duplicates()),
            "groups of equal or nearly equal rows": groups.nunique(),
            "rows that share their group": int(groups.duplicated(keep=False).sum()),
        }
    )


def correlations(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rank correlation of every two numeric features."""
    return rows[dataset.numeric].corr("spearman")


def redundant_features(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """The inputs of a task that another input may stand for: of two that rank alike, the one that tells the label less.

    Returns
    -------
    One line a redundant input: which one stands for it (`kept`), and their `correlation`.
    """
    names = [name for name in task.inputs if name in task.dataset.numeric]
    table = correlations(task.dataset, rows)
    strong = [pair for pair in combinations(names, 2) if abs(table.loc[pair]) >= REDUNDANT]
    telling = {name: _told_by(task.outcome, rows[name], task.labels(rows)) for name in names}
    dropped: dict[str, tuple[str, float]] = {}
    for pair in sorted(strong, key=lambda pair: -abs(table.loc[pair])):
        less, more = sorted(pair, key=telling.__getitem__)
        if not {less, more} & set(dropped):
            dropped[less] = (more, table.loc[pair])
    return pd.DataFrame.from_dict(dropped, orient="index", columns=["kept", "correlation"]).rename_axis("redundant")


def compare_pruning(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """The quick score of a task with all its inputs, without each redundant one, and without all of them.

    Returns
    -------
    One line a set of inputs: `score` (the task's scorer, of a number R², cross-validated, groups apart), `scatter`
    between the folds, and the `change` against all inputs, fold by fold, with its own scatter.
    """
    rows = _labelled(task, rows)
    redundant = list(redundant_features(task, rows).index)
    variants = {"all inputs": [], **{f"without {name}": [name] for name in redundant}}
    if len(redundant) > 1:
        variants["without all of these"] = redundant
    scores = {name: _fold_scores(task, rows, _without(task, left)) for name, left in variants.items()}
    changes = {name: folds - scores["all inputs"] for name, folds in scores.items()}
    return pd.DataFrame(
        {
            "score": {name: folds.mean() for name, folds in scores.items()},
            "scatter": {name: folds.std() for name, folds in scores.items()},
            "change": {name: change.mean() for name, change in changes.items()},
            "scatter of the change": {name: change.std() for name, change in changes.items()},
        }
    )


def pruning_verdict(task: Task, pruning: pd.DataFrame) -> str:
    """What `compare_pruning` says, in a sentence."""
    variants = pruning.drop(index="all inputs")
    if variants.empty:
        return (
            f"{task.title}: no two inputs rank the samples so alike that one could stand for the other; all are kept."
        )
    best = variants["change"].idxmax()
    gained = variants.loc[best, "change"] > variants.loc[best, "scatter of the change"]
    return (
        f"{task.title}: {best}, the score changes by {variants.loc[best, 'change']:+.3f} "
        f"(±{variants.loc[best, 'scatter of the change']:.3f} between folds); "
        + ("leaving it out is worth trying." if gained else "nothing is gained by leaving inputs out; all are kept.")
    )


def with_gaps(dataset: DataSet, rows: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The rows with a random cell blanked in that share of them."""
    blanked = rows.copy()
    chosen = rng.permutation(len(rows))[: round(share * len(rows))]
    for row, column in zip(chosen, rng.integers(len(dataset.numeric), size=len(chosen)), strict=True):
        blanked.iloc[row, blanked.columns.get_loc(dataset.numeric[column])] = np.nan
    return blanked


def compare_gap_handling(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """Three ways with missing measurements: drop the rows, fill by the median, leave it to the model.

    Returns
    -------
    One line a way: the `score` on complete rows and the `score with a gap`, both cross-validated with groups apart, and
    the share of rows that are `answered` at all: who drops rows has no answer for them.
    """
    ways = {
        "drop the rows": (True, "passthrough"),
        "fill by the median": (False, SimpleImputer(strategy="median", keep_empty_features=True)),
        "leave it to the model": (False, "passthrough"),
    }
    rows = _labelled(task, rows)
    gaps = rows[task.dataset.numeric].isna().any(axis=1).to_numpy()
    labels, lines = task.labels(rows), {}
    for way, (drops, numbers) in ways.items():
        model = _quick_model(task, task.inputs, numbers)
        predicted = _predicted(task, rows, model, trains=~(gaps & drops))
        lines[way] = {
            "score": np.mean([_score(task, labels[~gaps], one[~gaps]) for one in predicted]),
            "score with a gap": np.mean([_score(task, labels[gaps], one[gaps]) for one in predicted])
            if gaps.any() and not drops
            else np.nan,
            "answered": 1 - gaps.mean() if drops else 1.0,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def compare_simulated(
    dataset: DataSet, rows: pd.DataFrame, count: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What the simulator reproduces: `count` simulated samples beside the reserve rows that they are made from.

    Parameters
    ----------
    rows
        Typed rows with `sample_id` and `role`.

    Returns
    -------
    One line a numeric feature and label (means, spreads, the Kolmogorov-Smirnov distance, the largest difference of a
    rank correlation with another), one a class of each task (shares), and the simulated samples.
    """
    reserve = rows[rows["role"] == "reserve"]
    made = simulate_day(dataset, reserve, SOME_DAY, count)
    pair = {"real": reserve, "simulated": made}
    # A label that is a number is simulated as a feature is.
    names = [*dataset.numeric, *(label.name for label in dataset.labels if label.kind == "number")]
    gap = (made[names].corr("spearman") - reserve[names].corr("spearman")).abs()
    features = pd.DataFrame(
        {f"{what} {of}": part[names].agg(what) for what in ("mean", "std") for of, part in pair.items()}
    ).assign(
        distance=[ks_2samp(made[name].dropna(), reserve[name].dropna()).statistic for name in names],
        correlation_gap=gap.max(),
    )
    shares = pd.concat({of: class_balance(dataset, part)["share"] for of, part in pair.items()}, axis=1)
    return features, shares, made


@singledispatch
def _told_by(outcome: object, values: pd.Series, labels: pd.Series) -> float:
    """How much a feature alone tells of the label, from 0 to 1."""
    raise NotImplementedError


@_told_by.register
def _(outcome: Classes, values: pd.Series, labels: pd.Series) -> float:  # noqa: ARG001 - of any classes
    """The share of the variance of the ranks that lies between the classes."""
    ranks = values.rank()
    total = ranks.var(ddof=0)
    return float(ranks.groupby(labels).transform("mean").var(ddof=0) / total) if total > 0 else 0.0


@_told_by.register
def _(outcome: Number, values: pd.Series, labels: pd.Series) -> float:  # noqa: ARG001 - of any number
    """The square of the rank correlation."""
    return float(np.nan_to_num(values.rank().corr(labels.rank())) ** 2)


def _labelled(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[task.labels(rows).notna().to_numpy()]


def _without(task: Task, left: Sequence[str]) -> list[str]:
    return [name for name in task.inputs if name not in left]


def _quick_model(task: Task, inputs: Sequence[str], numbers: object = "passthrough") -> BaseEstimator:
    """A small forest of the family that does best on such tables."""
    dataset = task.dataset
    numeric = [name for name in inputs if name in dataset.numeric]
    categorical = [name for name in inputs if name in dataset.categorical]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("numbers", numbers, numeric), ("categories", encoder, categorical)])
    return make_pipeline(columns, _forest(task.outcome))


@singledispatch
def _forest(outcome: object) -> BaseEstimator:
    raise NotImplementedError


@_forest.register
def _(outcome: Classes) -> BaseEstimator:  # noqa: ARG001 - any classes
    return ExtraTreesClassifier(TREES, min_samples_leaf=2, random_state=0)


@_forest.register
def _(outcome: Number) -> BaseEstimator:  # noqa: ARG001 - any number
    return ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=0)


@singledispatch
def _strata(outcome: object, labels: pd.Series) -> pd.Series:
    """What every fold has the same mix of."""
    raise NotImplementedError


@_strata.register
def _(outcome: Classes, labels: pd.Series) -> pd.Series:  # noqa: ARG001 - any classes
    return labels


@_strata.register
def _(outcome: Number, labels: pd.Series) -> pd.Series:  # noqa: ARG001 - any number
    return np.ceil(labels.rank(pct=True) * BANDS)


def _folds(task: Task, rows: pd.DataFrame) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """The folds of each repeat, near groups, or weeks where time splits, whole."""
    labels = _strata(task.outcome, task.labels(rows))
    groups = sample_groups(task.dataset, rows, distinguishable=distinguishable(task.dataset, rows))
    splitters = [StratifiedGroupKFold(FOLDS, shuffle=True, random_state=repeat) for repeat in range(REPEATS)]
    with warnings.catch_warnings():
        # A class with fewer rows than folds is missing from some; its score is as poor as its data.
        warnings.filterwarnings("ignore", "The least populated class")
        return [list(splitter.split(rows, labels, groups)) for splitter in splitters]


def _fold_scores(task: Task, rows: pd.DataFrame, inputs: Sequence[str]) -> np.ndarray:
    """The score in every fold of every repeat."""
    labels, model, scores = task.labels(rows), _quick_model(task, inputs), []
    for trained, tested in chain.from_iterable(_folds(task, rows)):
        model.fit(rows.iloc[trained], labels.iloc[trained])
        scores.append(_score(task, labels.iloc[tested], model.predict(rows.iloc[tested])))
    return np.array(scores)


def _predicted(task: Task, rows: pd.DataFrame, model: BaseEstimator, trains: np.ndarray) -> list[np.ndarray]:
    """Out-of-fold predictions of each repeat, from models that are fitted on those rows only that may train."""
    labels = task.labels(rows)
    repeats = []
    for repeat in _folds(task, rows):
        predicted = np.empty(len(rows), dtype=object)
        for trained, tested in repeat:
            learnt = trained[trains[trained]]
            predicted[tested] = model.fit(rows.iloc[learnt], labels.iloc[learnt]).predict(rows.iloc[tested])
        repeats.append(predicted)
    return repeats


def _score(task: Task, labels: pd.Series, predicted: np.ndarray) -> float:
    return _quick_score(task.outcome, task, labels, predicted)


@singledispatch
def _quick_score(outcome: object, task: Task, labels: pd.Series, predicted: np.ndarray) -> float:
    """The higher the better."""
    raise NotImplementedError


@_quick_score.register
def _(outcome: Number, task: Task, labels: pd.Series, predicted: np.ndarray) -> float:  # noqa: ARG001 - of any number
    return float(r2_score(labels, predicted.astype("float64")))


@_quick_score.register
def _(outcome: Classes, task: Task, labels: pd.Series, predicted: np.ndarray) -> float:  # noqa: ARG001 - of any classes
    if task.scorer == "macro_f1":
        return float(f1_score(labels, predicted, average="macro"))
    positions = [pd.Index(task.classes).get_indexer(values) for values in (labels, predicted)]
    return float(cohen_kappa_score(*positions, weights="quadratic"))
