from dataclasses import replace

import numpy as np
import pytest
from joblib import cpu_count
from sklearn.model_selection import StratifiedGroupKFold
from trainings import trained, training_data

from pipelines.datasets import task_named
from pipelines.errors import NotReadyError
from pipelines.training import cross_validation as folds
from pipelines.training import decision_rule as decisions
from pipelines.training import families, search
from pipelines.training.cross_validation import Rows, grouped_folds
from pipelines.training.families import Shape
from tests.outcomes import with_outcome

IRIS, GRADE, QUALITY = (task_named(name) for name in ("iris_variety", "wine_grade", "wine_quality"))
TWO = with_outcome(IRIS, names=("a", "b"))


def rows_of(labels, *, groups=None, matrix=None, seed=0):
    labels = np.asarray(labels)
    noise = np.random.default_rng(seed).normal(size=(len(labels), 3))
    matrix = noise + labels[:, None] if matrix is None else matrix
    return Rows(matrix, labels, np.arange(len(labels)) if groups is None else np.asarray(groups), 3)


def straddling(rows, split):
    return [set(rows.groups[learned]) & set(rows.groups[other]) for learned, other in split]


def compared(task, rows, split, member):
    (answers,) = folds.out_of_fold([member], rows, split, search.class_answers(task))
    return search.compare(task, rows, split, [{"one": answers}])


def test_near_rows_never_straddle_the_folds():
    rows = training_data("wine_grade").learning_rows
    assert np.bincount(rows.groups).max() > 1
    assert not any(straddling(rows, grouped_folds(GRADE, rows, seed=0)))
    alone = replace(rows, groups=np.arange(len(rows)))
    assert any(straddling(rows, grouped_folds(GRADE, alone, seed=0)))


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("task", [IRIS, GRADE, QUALITY])
def test_the_folds_are_those_of_scikit_learn(task, seed):
    rows = training_data(task.name).learning_rows
    theirs = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(rows.matrix, rows.labels, rows.groups)
    for (learned, other), (same, rest) in zip(grouped_folds(task, rows, seed), theirs, strict=True):
        assert (learned.tolist(), other.tolist()) == (same.tolist(), rest.tolist())


def test_every_row_is_judged_once():
    rows = training_data("iris_variety").learning_rows
    judged = np.concatenate([other for _, other in grouped_folds(IRIS, rows, seed=0)])
    assert sorted(judged) == list(range(len(rows)))


def test_copies_with_a_random_label_are_not_scored_as_known():
    """Each row five times under one random label: whoever lets copies straddle a split finds it easy to tell."""
    rng = np.random.default_rng(0)
    labels, matrix = np.repeat(rng.integers(0, 2, 60), 5), np.repeat(rng.normal(size=(60, 3)), 5, axis=0)
    together = rows_of(labels, groups=np.repeat(np.arange(60), 5), matrix=matrix)
    apart = replace(together, groups=np.arange(300))
    honest, leaking = (search.search(TWO, rows, "quick", 0).table for rows in (together, apart))
    assert honest["score"].max() < 0.7
    assert leaking["score"].max() > 0.95


def test_the_search_compares_several_families_and_tunes_the_scaled_neighbours():
    table = trained("wine_grade", 800).search.table
    assert {"nearest neighbours", "linear", "discriminant", "forest", "kernel", "forest + kernel"} <= set(
        table["candidate"]
    )
    tuned = table[table["candidate"] == "nearest neighbours, tuned"].iloc[0]
    assert "n_neighbors=" in tuned["parameters"]
    assert table["chosen"].sum() == 1


def test_the_chosen_one_is_near_the_best_score_and_best_in_log_loss():
    table = trained("wine_grade", 800).search.table
    best = table.loc[table["score"].idxmax()]
    good = table[table["score"] >= best["score"] - best["standard_error"]]
    assert good.loc[good["chosen"], "log_loss"].item() == good["log_loss"].min()


def test_the_neighbours_are_scaled():
    member = families.FAMILIES[0].make(families.Shape(100, 4), 0)
    assert [type(step).__name__ for _, step in member.steps] == ["StandardScaler", "KNeighborsClassifier"]


def test_the_full_search_tunes_every_family_that_can_be(monkeypatch):
    monkeypatch.setattr(families, "TREES", 5)
    few = [replace(each, draws=dict.fromkeys(each.draws, 2)) for each in families.FAMILIES]
    monkeypatch.setattr(search, "FAMILIES", few)
    table = search.search(IRIS, training_data("iris_variety").learning_rows, "full", 0).table
    tuned = {name for name in table["candidate"] if name.endswith("tuned")}
    assert tuned == {"nearest neighbours, tuned", "linear, tuned", "forest, tuned", "kernel, tuned",
                     "forest, tuned + kernel, tuned"}  # fmt: skip


def test_of_many_draws_those_that_do_best_on_the_first_fold_are_tried_on_all(monkeypatch):
    rows, tried = training_data("iris_variety").learning_rows, []
    answers = folds._answers
    monkeypatch.setattr(
        folds, "_answers", lambda member, *rest: tried.append(type(member).__name__) or answers(member, *rest)
    )
    few = [replace(each, draws={"full": 6}) for each in families.FAMILIES if each.name == "linear"]
    split = grouped_folds(IRIS, rows, seed=0)
    members = folds.tried_members(
        few,
        rows,
        split,
        size="full",
        seed=0,
        answer=search.class_answers(IRIS),
        rank=lambda _, said: [*range(len(said))],
    )
    assert list(members) == ["linear", "linear, tuned"]
    assert len(tried) == 6 + (1 + folds.FINALISTS) * folds.FOLDS


def test_the_same_seed_finds_the_same_model():
    rows = training_data("iris_variety").learning_rows
    one, other = (search.search(IRIS, rows, "quick", 3) for _ in range(2))
    np.testing.assert_array_equal(one.estimator.probabilities(rows.matrix), other.estimator.probabilities(rows.matrix))
    assert one.table.equals(other.table)


def test_an_overconfident_member_is_calibrated():
    """One neighbour alone is always sure; blended, it says how often it is right."""
    rows = training_data("wine_grade", 800).learning_rows
    rows = replace(rows, matrix=np.nan_to_num(rows.matrix))
    member = families.FAMILIES[0].make(families.Shape(100, 11), 0).set_params(classify__n_neighbors=1)
    split = grouped_folds(GRADE, rows, seed=0)
    (judged,) = compared(GRADE, rows, split, member)
    raw, right = judged.answers[0].max(axis=1), judged.chances.argmax(axis=1) == rows.labels
    assert raw.mean() == pytest.approx(1)
    assert judged.strength is not None
    assert abs(judged.chances.max(axis=1).mean() - right.mean()) < 0.02
    assert right.mean() < 0.85


@pytest.mark.parametrize("rare", [1, 2, 3])
def test_a_class_of_few_rows_can_be_trained(rare):
    rows = rows_of([0] * 30 + [1] * 30 + [2] * rare)
    found = search.search(IRIS, rows, "quick", 0)
    assert found.estimator.probabilities(rows.matrix).shape == (60 + rare, 3)


def test_a_class_without_rows_stays_possible():
    rows = rows_of([0] * 30 + [2] * 30)
    chances = search.search(IRIS, rows, "quick", 0).estimator.probabilities(rows.matrix)
    assert (chances > 0).all()
    assert chances[:, 1].max() < 0.01


def test_missing_cells_are_no_obstacle():
    rows = rows_of([0] * 30 + [1] * 30)
    rows.matrix[::7, 0] = np.nan
    rows.matrix[:, 2] = np.nan
    assert not np.isnan(search.search(TWO, rows, "quick", 0).estimator.probabilities(rows.matrix)).any()


def test_inputs_may_all_be_categories():
    labels = np.array([0, 1] * 30)
    shares = np.column_stack([labels, 1 - labels, np.zeros(60)]).astype(float)
    rows = Rows(shares, labels, np.arange(60), 0)
    assert search.search(TWO, rows, "quick", 0).estimator.probabilities(shares).argmax(axis=1).tolist() == list(labels)


@pytest.mark.parametrize(
    ("labels", "groups", "words"),
    [
        ([0] * 20, None, "have 1 of the 3 classes"),
        ([], None, "have 0 of the 3 classes"),
        ([0, 1], None, "too few"),
        ([0, 1] * 10, [0] * 20, "too alike"),
    ],
)
def test_what_cannot_be_trained_says_why(labels, groups, words):
    rows = rows_of(np.array(labels, dtype=int), groups=groups)
    with pytest.raises(NotReadyError, match=words) as caught:
        grouped_folds(IRIS, rows, seed=0)
    assert "Backfill" in str(caught.value)


def test_ordinal_tasks_are_searched_by_their_own_score():
    found = trained("wine_quality", 800).search
    assert found.decision["kind"] == "cut_points"
    assert len(found.decision["cut_points"]) == len(QUALITY.classes) - 1
    assert 0.3 < found.table.loc[found.table["chosen"], "score"].item() < 0.65


def test_few_rows_are_fitted_in_this_process():
    few, some = rows_of([0, 1]), rows_of([0, 1] * 1000)
    assert [folds.workers(rows, size) for rows in (few, some) for size in ("quick", "full")][:3] == [1, 1, 1]
    assert folds.workers(some, "full") == cpu_count()


def test_a_score_comes_from_a_rule_that_was_tuned_on_other_rows(monkeypatch):
    rows = training_data("iris_variety").learning_rows
    split = grouped_folds(IRIS, rows, seed=0)
    member, tuned_on = families.FAMILIES[2].make(folds.learning_shape(rows, split), 0), []
    tune = decisions.tune
    monkeypatch.setattr(
        decisions, "tune", lambda task, labels, chances: tuned_on.append(list(labels)) or tune(task, labels, chances)
    )
    compared(IRIS, rows, split, member)
    assert tuned_on == [list(rows.labels[learned]) for learned, _ in split]


@pytest.mark.parametrize(
    ("scores", "losses", "best"),
    [([0.60, 0.59, 0.50], [0.9, 0.5, 0.1], 1), ([0.60, 0.57, 0.50], [0.9, 0.5, 0.1], 0)],
)
def test_of_those_within_one_standard_error_the_lowest_loss_wins(scores, losses, best):
    errors = np.full(3, 0.02)
    assert search._by_preference(np.array(scores), errors, np.array(losses))[0] == best


def test_neither_leaves_nor_kept_rows_grow_with_the_rows():
    forests = [families.FAMILIES[3].make(Shape(rows, 3), 0).min_samples_leaf for rows in (300, 50_000, 500_000)]
    assert forests == [1, 10, 100]
    rows = rows_of(np.arange(3 * folds.MOST_ROWS_KEPT) % 2)
    fitted = folds.fit_member(families.FAMILIES[0].make(Shape(len(rows), 3), 0), rows.matrix, rows.labels)
    assert fitted[-1].n_samples_fit_ == folds.MOST_ROWS_KEPT
