import math
from datetime import date, timedelta

import histories
import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import task_named
from pipelines.monitoring import quality as monitoring
from pipelines.monitoring.ledger import Ledger

GRADE, VARIETY = task_named("wine_grade"), task_named("iris_variety")


def shuffled(rows, seed=3):
    return rows.sample(frac=1, random_state=seed).reset_index(drop=True)


def two_reigns():
    first = histories.history(GRADE, days=10)
    second = histories.history(GRADE, days=10, version=2, start=histories.START + timedelta(days=10), seed=1)
    shadow = histories.history(
        GRADE, days=10, version=3, start=histories.START + timedelta(days=10), seed=1, served="challenger", skill=0.1
    )
    return pd.concat([first, second, shadow.assign(label=second["label"].to_numpy())], ignore_index=True)


@pytest.mark.parametrize(
    "number",
    [
        monitoring.live_quality,
        monitoring.live_baseline,
        monitoring.by_version,
        monitoring.challenger_comparison,
        monitoring.calibration,
        lambda ledger: monitoring.quality_over_time(ledger).to_dict("records"),
        lambda ledger: ledger.recent(7).to_dict("records"),
    ],
)
def test_shuffled_rows_give_the_same_numbers(number):
    rows = two_reigns()
    assert str(number(Ledger.of(GRADE, rows))) == str(number(Ledger.of(GRADE, shuffled(rows))))


def test_live_quality_is_about_the_version_in_charge_alone():
    rows = two_reigns()
    live = monitoring.live_quality(Ledger.of(GRADE, rows))
    second = rows[rows["model_version"] == 2]
    assert (live["version"], live["n"]) == (2, 100)
    assert live["accuracy"]["value"] == pytest.approx((second["prediction"] == second["label"]).mean())
    assert monitoring.live_quality(Ledger.of(GRADE, rows), 1)["version"] == 1


def test_live_quality_of_nothing_says_what_it_needs():
    live = monitoring.live_quality(Ledger.of(GRADE, histories.history(GRADE, days=0)))
    assert live["n"] == 0
    assert live["version"] is None
    assert math.isnan(live["accuracy"]["value"])
    assert live["accuracy"] | {"value": 0, "low": 0, "high": 0} == {
        "value": 0, "low": 0, "high": 0, "enough": False, "needs": "0 of 30 samples",
    }  # fmt: skip


def test_a_mean_over_classes_needs_every_class():
    live = monitoring.live_quality(Ledger.of(GRADE, histories.history(GRADE, days=4)))
    assert live["accuracy"]["enough"]
    assert not live["macro_f1"]["enough"]
    assert "of 10 samples of poor" in live["macro_f1"]["needs"]
    assert live["recall_fair"]["enough"]
    assert not live["recall_poor"]["enough"]


def test_of_many_classes_those_without_samples_are_counted_not_named():
    told = monitoring.sufficiency(task_named("wine_quality"), "macro_f1", {"5": 20, "6": 20})
    assert told == {"enough": False, "needs": "fewer than 10 samples of 5 of 7 classes"}


def test_rows_without_a_label_do_not_count():
    rows = histories.history(GRADE, days=10)
    rows.loc[rows.index[-40:], "label"] = None
    assert monitoring.live_quality(Ledger.of(GRADE, rows))["n"] == 60


def test_a_version_that_always_says_fair_shows_in_its_recalls():
    rows = histories.history(GRADE, days=60).assign(prediction="fair")
    live, base = monitoring.live_quality(Ledger.of(GRADE, rows)), monitoring.live_baseline(Ledger.of(GRADE, rows))
    assert live["recall_poor"]["value"] == 0
    assert live["macro_f1"]["value"] == pytest.approx(base["macro_f1"])
    assert live["accuracy"]["value"] == pytest.approx(base["accuracy"])


def test_the_gap_to_the_promise_is_signed_and_worded():
    live = monitoring.live_quality(Ledger.of(GRADE, histories.history(GRADE, days=60)))
    value = live["accuracy"]["value"]
    gap = monitoring.gap_to_promise(
        live,
        {
            "accuracy": {"value": value - 0.2, "low": value - 0.22, "high": value - 0.18},
            "log_loss": {"value": 0.1, "low": 0.09, "high": 0.11},
            "recall_fair": {"value": live["recall_fair"]["value"], "low": 0.5, "high": 1.0},
        },
    )
    assert gap["accuracy"]["value"] == pytest.approx(0.2)
    assert gap["accuracy"]["low"] < 0.2 < gap["accuracy"]["high"]
    assert [gap[name]["verdict"] for name in gap] == ["easier", "harder", "no difference shown"]


def test_a_gap_is_not_told_before_there_is_enough_data():
    live = monitoring.live_quality(Ledger.of(GRADE, histories.history(GRADE, days=2)))
    assert monitoring.gap_to_promise(live, histories.model_document(GRADE)["metrics"]) == {}


@pytest.mark.parametrize("newest", [1, 7, 25, 1000])
def test_the_newest_of_the_course_is_the_end_of_the_whole(newest):
    rows = two_reigns()
    whole = monitoring.quality_over_time(Ledger.of(GRADE, rows))
    pd.testing.assert_frame_equal(
        monitoring.quality_over_time(Ledger.of(GRADE, rows), newest), whole.tail(newest).reset_index(drop=True)
    )


def test_quality_over_time_restarts_with_each_version():
    table = monitoring.quality_over_time(Ledger.of(GRADE, two_reigns()))
    assert list(table["version"]) == [1] * 10 + [2] * 10
    assert list(table["day"].iloc[[0, -1]]) == [date(2026, 9, 1), date(2026, 9, 20)]
    assert list(table["total"]) == [*range(10, 101, 10)] * 2
    first_days = table[table["total"] < monitoring.FEWEST_SAMPLES]
    assert first_days["rolling_accuracy"].isna().all()
    assert first_days["cumulative_accuracy"].notna().all()
    assert table[table["total"] >= 30]["rolling_accuracy"].between(0, 1).all()


def test_the_rolling_window_holds_whole_days_and_no_more_than_it_needs():
    for per_day, expected in ((1, 100), (10, 100), (30, 120), (150, 150)):
        table = monitoring.quality_over_time(Ledger.of(VARIETY, histories.history(VARIETY, days=110, per_day=per_day)))
        assert table["rolling_n"].iloc[-1] == expected


def test_a_mean_over_classes_is_shown_only_with_samples_enough_of_each_and_then_from_a_longer_window():
    rows = histories.history(GRADE, days=60).sort_values(["event_time", "sample_id"], ignore_index=True)
    # Five of a hundred are of a class that is always found: a perfect score that says nothing.
    labels = np.where(rows.index % 20 == 0, "poor", np.where(rows.index % 2, "fair", "excellent"))
    table = monitoring.quality_over_time(Ledger.of(GRADE, rows.assign(label=labels, prediction=labels)))
    enough = table["total"] > 180
    assert table["rolling_macro_f1"].isna().tolist() == (~enough).tolist()
    assert table.loc[enough, "rolling_macro_f1"].eq(1).all()
    assert table.loc[table["total"] >= 30, "rolling_accuracy"].notna().all()
    assert table["rolling_recall_poor"].isna().all()


def test_the_last_cumulative_and_live_scores_agree():
    rows = histories.history(GRADE, days=30)
    table, live = monitoring.quality_over_time(Ledger.of(GRADE, rows)), monitoring.live_quality(Ledger.of(GRADE, rows))
    for name in ("accuracy", "macro_f1", "log_loss", "calibration_error", "quadratic_kappa"):
        assert table[f"cumulative_{name}"].iloc[-1] == pytest.approx(live[name]["value"])


def test_days_with_a_gap_between_them_are_days_of_their_own():
    rows = histories.history(GRADE, days=30)
    rows = rows[~rows["event_time"].dt.day.between(10, 20)]
    assert len(monitoring.quality_over_time(Ledger.of(GRADE, rows))) == 19


def test_the_challenger_is_compared_on_the_same_samples():
    rows = two_reigns()
    found = monitoring.challenger_comparison(Ledger.of(GRADE, rows))
    assert (found["champion"], found["challenger"], found["n"], found["enough"]) == (2, 3, 100, True)
    champion, challenger = (
        (rows[rows["model_version"] == v]["prediction"] == rows[rows["model_version"] == v]["label"]).mean()
        for v in (2, 3)
    )
    assert found["differences"]["accuracy"]["value"] == pytest.approx(challenger - champion)


def test_there_is_no_challenger_after_it_was_promoted():
    rows = two_reigns()
    promoted = histories.history(GRADE, days=1, version=3, start=histories.START + timedelta(days=20))
    assert monitoring.challenger_comparison(Ledger.of(GRADE, pd.concat([rows, promoted], ignore_index=True))) is None


def test_calibration_tells_a_calibrated_version_from_an_overconfident_one():
    rows = histories.history(GRADE, days=100)
    columns = GRADE.probability_columns
    sharpened = rows[columns].to_numpy() ** 3
    overconfident = rows.assign(**dict(zip(columns, (sharpened / sharpened.sum(axis=1, keepdims=True)).T, strict=True)))
    good, bad = monitoring.calibration(Ledger.of(GRADE, rows)), monitoring.calibration(Ledger.of(GRADE, overconfident))
    assert good["error"] < good["chance"]
    assert bad["error"] > bad["chance"]


def test_samples_are_found_by_id_and_not_by_position():
    rows = histories.history(VARIETY, days=5)
    samples = histories.arrivals_of(VARIETY, rows)
    joined = monitoring.with_samples(rows, shuffled(samples))
    expected = samples.set_index("sample_id").loc[joined["sample_id"], "petal_length"]
    assert list(joined["petal_length"]) == list(expected)


def test_recent_predictions_are_the_newest_by_event_time():
    rows = two_reigns()
    recent = Ledger.of(GRADE, shuffled(rows)).recent(3)
    assert list(recent["sample_id"]) == ["s-2026-09-20-009", "s-2026-09-20-008", "s-2026-09-20-007"]
    assert set(recent["served"]) == {"champion"}


def test_a_task_that_never_had_a_champion_had_no_reign():
    assert monitoring.reigns([]) == []


def test_reigns_end_where_the_next_begins():
    log = [histories.entry(GRADE, v, histories.START + timedelta(days=d)) for v, d in ((1, 0), (2, 5), (None, 8))]
    found = monitoring.reigns(reversed(log))
    assert [reign["version"] for reign in found] == [1, 2, None]
    assert [reign["until"] for reign in found] == [log[1].when, log[2].when, None]


def test_a_run_is_late_two_days_after_the_last():
    rows = histories.history(GRADE, days=2)
    assert monitoring.late_after(Ledger.of(GRADE, rows)) == rows["predicted_at"].max() + timedelta(days=2)
    assert monitoring.late_after(Ledger.of(GRADE, rows.head(0))) is None


def test_numbers_are_finite_where_they_are_enough():
    live = monitoring.live_quality(Ledger.of(GRADE, histories.history(GRADE, days=60)))
    told = [v for v in live.values() if isinstance(v, dict) and v["enough"]]
    assert told
    assert all(np.isfinite([each["value"], each["low"], each["high"]]).all() for each in told)
