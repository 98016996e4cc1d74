"""How good the models are: the one official protocol, beside the goals, the majority class and older systems' models.

    python -m benchmarks.quality [TASK...] [--repeats N] [--search quick|full] [--picture FILE]

All rows of a data set take part, equal ones once. Near rows never straddle a split, inner folds included. Five folds,
three repeats; the whole search, its calibration and its decision rule run inside each fold. Scores are those of the
pooled out-of-fold predictions, averaged over the repeats; intervals resample groups of near rows.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier

from pipelines import models
from pipelines.datasets import Task, all_tasks, task_named
from pipelines.datasets.contract import validate
from pipelines.documents.model import DecisionRule
from pipelines.models import MODEL_FILE, Model, decide, metrics
from pipelines.models.ensemble import Floats, fill_missing, medians, member_probabilities
from pipelines.models.metrics import Estimate, metric_title
from pipelines.pictures.canvas import BLUE, GREEN, GREY, SMALL, TEXT, WIDTH, add_heading, finished, new_figure
from pipelines.training.cross_validation import FOLDS, Fold, Rows, grouped_folds, learning_shape, out_of_fold
from pipelines.training.data import TrainingData, distinct, labelled
from pipelines.training.families import BLENDED, FAMILIES
from pipelines.training.search import Candidate, class_answers, compare, fit_candidate, search
from pipelines.training.tables import seconds_for_million, seconds_for_one

HIGHER, LOWER = 1, -1
PLAIN_ACCURACY = "plain_accuracy"  # of answering the most probable class


@dataclass(frozen=True)
class Goal:
    """What a score must reach and what it should; `sign` says which direction is better."""

    score: str
    must: float
    aim: float
    sign: int = HIGHER

    def verdict(self, value: float) -> str:
        """Which of the two is reached."""
        reached = [name for name, bar in (("goal", self.aim), ("must", self.must)) if self.sign * (value - bar) >= 0]
        return reached[0] if reached else "missed"


GOALS = {
    "iris_variety": (Goal("accuracy", 0.97, 0.97), Goal("log_loss", 0.06, 0.06, LOWER)),
    "wine_grade": (
        Goal("macro_f1", 0.56, 0.58),
        Goal("recall_poor", 0.33, 0.43),
        Goal(PLAIN_ACCURACY, 0.79, 0.80),
        Goal("log_loss", 0.50, 0.485, LOWER),
        Goal("calibration_error", 0.02, 0.02, LOWER),
    ),
    "wine_quality": (
        Goal("quadratic_kappa", 0.57, 0.595),
        Goal("mean_absolute_error", 0.54, 0.53, LOWER),
        Goal("calibration_error", 0.04, 0.015, LOWER),
    ),
}
# Of what a model may need at most: the most that is allowed, and the goal.
BUDGETS = {"file, MB": (15, 7), "one row, ms": (30, 10), "a million rows, s": (30, 30)}

# The models of two older systems: so many neighbours, weighed so, of unscaled columns (all where none are named).
OLDER: dict[str, dict[str, tuple[int, str, tuple[str, ...]]]] = {
    "iris": {"2 neighbours": (2, "uniform", ())},
    "wine": {
        "5 neighbours, 4 inputs": (5, "uniform", ("volatile_acidity", "chlorides", "density", "alcohol")),
        "30 neighbours": (30, "distance", ()),
    },
}
FOREST_SIZES = (25, 75, 300)

Texts: TypeAlias = Any  # an array of class text (n,)
Answering: TypeAlias = tuple[Callable[[Floats], Floats], DecisionRule]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the protocol and print its tables."""
    options = _parser().parse_args(arguments)
    for task in [task_named(name) for name in options.tasks] or all_tasks():
        began = time.perf_counter()
        data = whole_data(task, options.rows)
        table = protocol(data, folds=options.folds, repeats=options.repeats, size=options.search)
        print(f"\n## {task.title}: {len(data.train):,} distinct rows, {time.perf_counter() - began:.0f} s\n")
        print(_markdown(table))
    if options.picture:
        task = task_named(options.tasks[0] if options.tasks else all_tasks()[-1].name)
        table = trade_off(whole_data(task, options.rows), folds=options.folds)
        print(f"\n## {task.title}: quality against size and time\n\n{_markdown(table)}")
        options.picture.write_bytes(trade_off_picture(task, table))


def whole_data(task: Task, most: int) -> TrainingData:
    """All rows of a data set's own source as training rows, equal ones once; at most `most` of them."""
    accepted = validate(task.dataset, task.dataset.load([]).rows).accepted
    rows = distinct(task, labelled(task, accepted))
    rows = rows.sample(min(most, len(rows)), random_state=0, ignore_index=True)
    return TrainingData(task, rows, rows, rows=len(accepted), fingerprint="", released=(), source={})


def protocol(data: TrainingData, *, folds: int, repeats: int, size: str) -> pd.DataFrame:
    """Every score: of the project's model with its interval, of the majority class, and of the older models."""
    rows, task = data.learning_rows, data.task
    splits = [grouped_folds(task, rows, seed=repeat, count=folds) for repeat in range(repeats)]
    labels = np.array(task.classes, dtype=object)[rows.labels]
    columns: dict[str, dict[str, Estimate]] = {
        "model": _scores(task, rows, labels, [pooled(task, rows, split, _searching(task, size)) for split in splits]),
        "majority": {name: Estimate(value, value, value) for name, value in metrics.baseline(task, labels).items()},
    }
    columns["majority"][PLAIN_ACCURACY] = columns["majority"]["accuracy"]
    for name, (neighbours, weights, inputs) in OLDER.get(data.task.dataset.name, {}).items():
        learn = _older(data, neighbours, weights, inputs)
        columns[name] = _scores(task, rows, labels, [pooled(task, rows, split, learn) for split in splits])
    return _beside_goals(task, columns)


def pooled(task: Task, rows: Rows, split: Sequence[Fold], learn: Callable[[Rows], Answering]) -> tuple[Floats, Texts]:
    """Probabilities (n, k) and answers (n,) for each row, by what was learned without its fold."""
    chances, answers = np.empty((len(rows), len(task.classes))), np.empty(len(rows), dtype=object)
    for learned, other in split:
        if set(rows.groups[learned]) & set(rows.groups[other]):
            raise AssertionError("near rows straddle a split")
        part = Rows(rows.matrix[learned], rows.labels[learned], rows.groups[learned], rows.numeric)
        answer, rule = learn(part)
        chances[other] = answer(rows.matrix[other])
        answers[other] = decide(task.classes, chances[other], rule)
    return chances, answers


def trade_off(data: TrainingData, *, folds: int) -> pd.DataFrame:
    """Quality, file size and time of every family, of the blend, and of blends with smaller and larger forests."""
    rows = data.learning_rows
    complete = Rows(fill_missing(rows.matrix, medians(rows.matrix)), rows.labels, rows.groups, rows.numeric)
    split = grouped_folds(data.task, rows, seed=0, count=folds)
    members = {family.name: family.make(learning_shape(rows, split), 0) for family in FAMILIES}
    forest, kernel = BLENDED
    others = {f"{forest} of {trees}": clone(members[forest]).set_params(n_estimators=trees) for trees in FOREST_SIZES}
    members |= others
    teams = [*((family.name,) for family in FAMILIES), BLENDED, *((name, kernel) for name in others)]
    said = out_of_fold(list(members.values()), complete, split, class_answers(data.task))
    answers = dict(zip(members, said, strict=True))
    candidates = compare(data.task, rows, split, [{name: answers[name] for name in team} for team in teams])
    return pd.DataFrame.from_dict(
        {each.name: _measured(data, each, _as_model(data, each, rows, members)) for each in candidates}, orient="index"
    )


def trade_off_picture(task: Task, table: pd.DataFrame) -> bytes:
    """The score against the file size and the time of a million rows, with the budgets as lines."""
    figure, panels = new_figure(WIDTH, 7.4, rows=2)
    default, score = " + ".join(BLENDED), metric_title(task.scorer)
    for axes, column in zip(panels, ("file, MB", "a million rows, s"), strict=True):
        for number, (name, line) in enumerate(table.iterrows(), start=1):
            marker, colour = ("D", GREEN) if name == default else ("o", BLUE)
            axes.plot(line[column], line[score], marker, color=colour, label=f"{number} {name}")
            axes.annotate(
                str(number), (line[column], line[score]), xytext=(0, 5), textcoords="offset points", ha="center",
                fontsize=SMALL, color=GREY,
            )  # fmt: skip
        axes.axvline(BUDGETS[column][1], color=GREY, linestyle=":")
        axes.set_xscale("log")
        axes.set_xlabel(column, fontsize=TEXT)
        axes.set_ylabel(score, fontsize=TEXT)
        axes.margins(x=0.1, y=0.15)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False
    )
    add_heading(figure, f"{task.title}: quality against size and time", "dotted: the goal; diamond: the default")
    return finished(figure, "").png


def _searching(task: Task, size: str) -> Callable[[Rows], Answering]:
    def learn(rows: Rows) -> Answering:
        result = search(task, rows, size, seed=0)
        return result.estimator.answers, result.decision

    return learn


def _older(data: TrainingData, neighbours: int, weights: str, inputs: Sequence[str]) -> Callable[[Rows], Answering]:
    numeric = [name for name, about in data.inputs.items() if about["kind"] == "numeric"]
    missing = [name for name in inputs if name not in numeric]
    if missing:
        raise ValueError(f"{data.task.name} has no input {missing}")

    def learn(rows: Rows) -> Answering:
        columns = [numeric.index(name) for name in inputs] or list(range(rows.matrix.shape[1]))
        model = KNeighborsClassifier(neighbours, weights=weights).fit(rows.matrix[:, columns], rows.labels)
        size = len(data.task.classes)
        return lambda matrix: member_probabilities(model, matrix[:, columns], size), {"kind": "argmax"}

    return learn


def _scores(
    task: Task,
    rows: Rows,
    labels: Texts,
    runs: Sequence[tuple[Floats, Texts]],
) -> dict[str, Estimate]:
    """Each score with its interval, averaged over the repeats."""
    repeats = []
    for repeat, (chances, answers) in enumerate(runs):
        rng = np.random.default_rng(repeat)
        own = metrics.bootstrap(task, labels, answers, chances, rng, groups=rows.groups)
        plain = decide(task.classes, chances, {"kind": "argmax"})
        plainly = metrics.bootstrap(task, labels, plain, chances, rng, groups=rows.groups)
        repeats.append({**own, PLAIN_ACCURACY: plainly["accuracy"]})
    return {
        name: Estimate(
            *(float(np.mean([getattr(run[name], part) for run in repeats])) for part in ("value", "low", "high"))
        )
        for name in repeats[0]
    }


def _beside_goals(task: Task, columns: Mapping[str, Mapping[str, Estimate]]) -> pd.DataFrame:
    goals = {goal.score: goal for goal in GOALS.get(task.name, ())}
    lines = {}
    for name in dict.fromkeys([*goals, *columns["model"]]):
        goal, ours = goals.get(name), columns["model"][name]
        title = "Accuracy of the most probable class" if name == PLAIN_ACCURACY else metric_title(name)
        lines[title] = {
            "model": f"{ours.value:.4f} ({ours.low:.4f} to {ours.high:.4f})",
            "must": f"{goal.must:g}" if goal else "",
            "goal": f"{goal.aim:g}" if goal else "",
            "reached": goal.verdict(ours.value) if goal else "",
            **{other: f"{scores[name].value:.4f}" for other, scores in columns.items() if other != "model"},
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def _as_model(data: TrainingData, candidate: Candidate, rows: Rows, members: Mapping[str, object]) -> Model:
    return Model(
        task=data.task.name,
        version=0,
        classes=data.task.classes,
        inputs=data.inputs,
        decision={"kind": "argmax"},
        estimator=fit_candidate(data.task, rows, candidate, members),
        info={},
    )


def _measured(data: TrainingData, candidate: Candidate, model: Model) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        models.save(Path(folder), model.estimator, {})
        size = (Path(folder) / MODEL_FILE).stat().st_size / 1e6
    return {
        metric_title(data.task.scorer): round(candidate.score, 4),
        metric_title("log_loss"): round(candidate.log_loss, 4),
        "file, MB": round(size, 2),
        "one row, ms": round(1e3 * seconds_for_one(model, data.test), 2),
        "a million rows, s": round(seconds_for_million(model, data.test), 1),
    }


def _markdown(table: pd.DataFrame) -> str:
    header = ["", *map(str, table.columns)]
    lines = [
        header,
        ["---"] * len(header),
        *([name, *row] for name, row in zip(table.index, table.to_numpy(), strict=True)),
    ]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The scores of the models, by the one official protocol.")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="default: all tasks")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--search", choices=("quick", "full"), default="quick")
    parser.add_argument("--rows", type=int, default=1_000_000, help="take a sample of so many rows, to try it out")
    parser.add_argument(
        "--picture", type=Path, help="write quality against size and time of the first task to this PNG"
    )
    return parser


if __name__ == "__main__":
    main()
