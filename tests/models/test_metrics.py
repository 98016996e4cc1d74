import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from pipelines.datasets import all_tasks, task_named
from pipelines.models import metrics
from pipelines.models.score_sums import sums_of

GRADE, QUALITY, VARIETY = task_named("wine_grade"), task_named("wine_quality"), task_named("iris_variety")


def made(task, n=400, seed=0, sharpness=0.5):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(len(task.classes), sharpness), n)
    classes = np.array(task.classes, dtype=object)
    labels = classes[[rng.choice(len(classes), p=row) for row in probabilities]]
    return labels, classes[probabilities.argmax(axis=1)], probabilities


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_scores_agree_with_scikit_learn(task):
    labels, predictions, probabilities = made(task)
    ours = metrics.score(task, labels, predictions, probabilities)
    positions = {name: i for i, name in enumerate(task.classes)}
    true, answered = [positions[c] for c in labels], [positions[c] for c in predictions]
    assert ours["accuracy"] == pytest.approx(reference.accuracy_score(true, answered))
    assert ours["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(true, answered))
    assert ours["macro_f1"] == pytest.approx(reference.f1_score(true, answered, average="macro"))
    assert ours["log_loss"] == pytest.approx(reference.log_loss(true, probabilities, labels=range(len(task.classes))))
    recalls = reference.recall_score(true, answered, average=None, labels=range(len(task.classes)))
    assert [ours[f"recall_{name}"] for name in task.classes] == pytest.approx(list(recalls))
    if task.ordinal:
        kappa = reference.cohen_kappa_score(true, answered, weights="quadratic")
        assert ours["quadratic_kappa"] == pytest.approx(kappa)
        assert ours["mean_absolute_error"] == pytest.approx(reference.mean_absolute_error(true, answered))


def test_scores_of_tasks_without_an_order_have_no_kappa():
    assert "quadratic_kappa" not in metrics.score(VARIETY, *made(VARIETY))


def test_an_absent_class_neither_helps_nor_harms():
    labels, predictions = ["fair", "fair", "excellent"], ["fair", "excellent", "excellent"]
    scores = metrics.score(GRADE, labels, predictions, np.full((3, 3), 1 / 3))
    assert np.isnan(scores["recall_poor"])
    assert scores["macro_f1"] == pytest.approx(2 / 3)
    assert scores["balanced_accuracy"] == pytest.approx(0.75)


def test_rows_without_a_label_are_left_out():
    labels, predictions, probabilities = made(GRADE)
    extended = [np.append(labels, None), np.append(predictions, "poor"), np.vstack([probabilities, [1, 0, 0]])]
    assert metrics.score(GRADE, *extended) == metrics.score(GRADE, labels, predictions, probabilities)


def test_no_rows_give_nan_everywhere():
    scores = metrics.score(GRADE, [], [], np.zeros((0, 3)))
    assert all(np.isnan(value) for value in scores.values())
    assert np.isnan(metrics.bootstrap(GRADE, [], [], np.zeros((0, 3)), np.random.default_rng(0))["accuracy"].low)


def test_a_class_that_the_task_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"'good' is no class of wine_grade; it has poor, fair, excellent"):
        metrics.score(GRADE, ["good"], ["fair"], [[1, 0, 0]])


def test_calibration_error_by_hand():
    labels = ["poor", "poor", "fair", "excellent"]
    probabilities = [[0.9, 0.1, 0], [0.9, 0.1, 0], [0.9, 0.1, 0], [0, 0.4, 0.6]]
    error = metrics.score(GRADE, labels, labels, probabilities)["calibration_error"]
    assert error == pytest.approx(3 / 4 * abs(2 / 3 - 0.9) + 1 / 4 * abs(1 - 0.6))


def test_calibration_error_tells_a_calibrated_model_from_an_overconfident_one():
    labels, predictions, probabilities = made(GRADE, n=5000)
    sharpened = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    assert metrics.score(GRADE, labels, predictions, probabilities)["calibration_error"] < 0.02
    assert metrics.score(GRADE, labels, predictions, sharpened)["calibration_error"] > 0.1


def test_confusion_keeps_the_class_order_with_true_rows():
    table = metrics.confusion(GRADE, ["poor", "poor", "excellent"], ["fair", "fair", "poor"])
    assert list(table.index) == list(table.columns) == ["poor", "fair", "excellent"]
    assert table.loc["poor", "fair"] == 2
    assert table.loc["fair", "poor"] == 0
    assert table.loc["excellent", "poor"] == 1


def test_wilson_agrees_with_scipy():
    counts = [(successes, n) for n in (1, 2, 10, 31, 1000) for successes in {0, 1, n // 3, n - 1, n}]
    expected = [binomtest(*count).proportion_ci(method="wilson") for count in counts]
    np.testing.assert_allclose([metrics.wilson(*count) for count in counts], expected, rtol=0, atol=1e-15)
    assert metrics.wilson(0, 0) == (0, 1)


def test_baseline_answers_the_majority_class_with_the_shares():
    labels = ["fair"] * 7 + ["poor"] * 3
    scores = metrics.baseline(GRADE, labels)
    assert scores["accuracy"] == pytest.approx(0.7)
    assert scores["log_loss"] == pytest.approx(-(0.7 * np.log(0.7) + 0.3 * np.log(0.3)))
    assert scores["calibration_error"] == pytest.approx(0)
    assert scores["quadratic_kappa"] == pytest.approx(0)


def test_reliability_counts_every_row_once():
    labels, predictions, probabilities = made(GRADE)
    table = metrics.reliability(sums_of(GRADE, labels, predictions, probabilities, units=None).bins[0])
    assert table["n"].sum() == len(labels)
    hits = (table["accuracy"].fillna(0) * table["n"]).sum()
    assert hits == pytest.approx((labels == predictions).sum())
    filled = table[table["n"] > 0]
    assert filled["confidence"].between(filled["low"], filled["high"]).all()


def test_bootstrap_intervals_cover_the_truth_as_often_as_they_say():
    truth = metrics.score(GRADE, *made(GRADE, n=100_000, seed=99))
    hits = {"accuracy": 0, "macro_f1": 0, "log_loss": 0}
    for seed in range(100):
        found = metrics.bootstrap(GRADE, *made(GRADE, n=200, seed=seed), np.random.default_rng(seed), repeats=300)
        for name in hits:
            hits[name] += found[name].low <= truth[name] <= found[name].high
    assert all(88 <= count <= 100 for count in hits.values()), hits


def test_bootstrap_resamples_groups_whole():
    labels, predictions, probabilities = made(GRADE, n=100)
    repeated = [np.repeat(values, 10, axis=0) for values in (labels, predictions, probabilities)]
    groups = np.repeat(np.arange(100), 10)
    rows = metrics.bootstrap(GRADE, *repeated, np.random.default_rng(0))["log_loss"]
    whole = metrics.bootstrap(GRADE, *repeated, np.random.default_rng(0), groups=groups)["log_loss"]
    assert (whole.high - whole.low) > 2.5 * (rows.high - rows.low)


def test_pooling_many_rows_keeps_the_width(monkeypatch):
    made_rows = made(GRADE, n=4000)
    exact = metrics.bootstrap(GRADE, *made_rows, np.random.default_rng(0))["log_loss"]
    monkeypatch.setattr(metrics, "LARGEST_UNITS", 500)
    pooled = metrics.bootstrap(GRADE, *made_rows, np.random.default_rng(0))["log_loss"]
    assert pooled.value == exact.value
    assert pooled.high - pooled.low == pytest.approx(exact.high - exact.low, rel=0.2)


def test_a_flawless_small_sample_does_not_pretend_certainty():
    labels = ["setosa"] * 5 + ["virginica"] * 5
    probabilities = [[1, 0, 0]] * 5 + [[0, 0, 1]] * 5
    found = metrics.bootstrap(VARIETY, labels, labels, probabilities, np.random.default_rng(0))
    for name in ("accuracy", "macro_f1", "balanced_accuracy"):
        assert found[name].value == 1
        assert found[name].low == pytest.approx(0.7225, abs=1e-3)
    assert found["recall_setosa"].low == pytest.approx(0.5655, abs=1e-3)
    flawless = metrics.bootstrap(GRADE, ["fair"] * 10, ["fair"] * 10, [[0, 1, 0]] * 10, np.random.default_rng(0))
    assert flawless["mean_absolute_error"].high == pytest.approx(0.2775, abs=1e-3)


def test_one_row_has_no_interval_but_that_of_a_share():
    found = metrics.bootstrap(GRADE, ["fair"], ["fair"], [[0.1, 0.8, 0.1]], np.random.default_rng(0))
    assert np.isnan(found["log_loss"].low)
    assert np.isnan(found["macro_f1"].high)
    assert found["accuracy"].low == pytest.approx(0.2065, abs=1e-3)


def test_estimates_contain_their_value():
    found = metrics.bootstrap(QUALITY, *made(QUALITY, n=60), np.random.default_rng(0))
    assert all(e.low <= e.value <= e.high for e in found.values() if not np.isnan(e.value))


def test_the_same_seed_gives_the_same_interval():
    one, two = (metrics.bootstrap(GRADE, *made(GRADE), np.random.default_rng(5)) for _ in range(2))
    assert one == two


def test_paired_differences_are_sharper_than_two_intervals_apart():
    labels, predictions, probabilities = made(GRADE, n=500)
    worse = predictions.copy()
    worse[:25] = np.where(labels[:25] == "fair", "poor", "fair")
    found = metrics.paired_differences(
        GRADE, labels, (predictions, probabilities), (worse, probabilities), np.random.default_rng(0)
    )["accuracy"]
    alone = metrics.bootstrap(GRADE, labels, predictions, probabilities, np.random.default_rng(0))["accuracy"]
    assert found.high < 0
    assert found.high - found.low < (alone.high - alone.low) / 2


def test_two_models_that_agree_on_few_rows_may_still_differ():
    rows = (["fair"] * 10, [[0, 1, 0]] * 10)
    found = metrics.paired_differences(GRADE, ["fair"] * 10, rows, rows, np.random.default_rng(0))["accuracy"]
    assert (found.low, found.value, found.high) == pytest.approx((-0.2775, 0, 0.2775), abs=1e-3)


def test_calibration_noise_is_what_calibrated_models_show():
    errors = [metrics.score(GRADE, *made(GRADE, n=300, seed=s))["calibration_error"] for s in range(200)]
    sums = sums_of(GRADE, *made(GRADE, n=300), units=None)
    noise = metrics.calibration_noise(sums.bins[0], np.random.default_rng(0))
    assert noise == pytest.approx(np.quantile(errors, 0.95), rel=0.15)
