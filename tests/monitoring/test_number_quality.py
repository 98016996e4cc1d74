"""Monitoring of a task that predicts a number: its document, its alarms, and what is expected before the truth."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_numbers import START, number_history

from pipelines.documents import plain
from pipelines.documents.metrics import TaskPart
from pipelines.documents.values import parse
from pipelines.front.findings import findings_of
from pipelines.front.render import section
from pipelines.front.sentences import plain_sentences
from pipelines.models import metrics
from pipelines.monitoring import kinds, number_quality
from pipelines.monitoring.document import DataState, TaskState, dataset_document
from pipelines.monitoring.ledger import Ledger
from pipelines.monitoring.loss_alarms import bar_of, loss_path
from pipelines.monitoring.quality import live_quality
from pipelines.pictures.side_by_side import draw_all
from pipelines.stores.base import ChampionEntry
from tests.made_up_houses import HOUSES

# Outcomes come two days after their samples.
LATE = replace(HOUSES, labels=tuple(replace(label, due_after=timedelta(days=2)) for label in HOUSES.labels))
PRICE = LATE.tasks[0]


def promised(rows):
    """What a `model.json` promises where the test looked like the rows."""
    known = rows[rows["label"].notna()]
    answers = (known["label"], known["prediction"], known[PRICE.answer_columns])
    found = metrics.bootstrap(PRICE, *answers, np.random.default_rng(0))
    return {name: {"value": each.value, "low": each.low, "high": each.high} for name, each in found.items()}


def states(rows, **model):
    log = [ChampionEntry(PRICE.name, 1, START, "ada", "first")]
    test = promised(number_history(PRICE, days=400, seed=9, still_open=0))
    info = {"metrics": test, "baseline": {"mae": 60.0}, "version": 1} | model
    times = rows["event_time"]
    prices = np.random.default_rng(3).normal(500, 60, 400)
    historical = pd.DataFrame({"sample_id": [f"h-{at}" for at in range(400)], "area": prices / 3, "price": prices,
                               "role": "reserve", "origin": "historical", "event_time": START})  # fmt: skip
    arrivals = pd.DataFrame({"sample_id": rows["sample_id"], "event_time": times, "area": rows["prediction"] / 3,
                             "price": rows["label"], "origin": "simulated", "role": None})  # fmt: skip
    quarantine = pd.DataFrame(columns=["seen_at", "source", "reasons", "row", "quarantine_id"])
    data = DataState(LATE, historical, arrivals, quarantine.astype({"seen_at": "datetime64[us, UTC]"}), len(arrivals))
    return TaskState(Ledger.of(PRICE, rows), log, [1], 1, info), data


def part(rows, **model):
    state, data = states(rows, **model)
    text = json.dumps(kinds.task_document(state, data), allow_nan=False)
    return parse(text, TaskPart), dataset_document(data)


def test_the_document_has_its_shape_and_the_front_tells_it():
    own, data = part(number_history(PRICE, days=60, per_day=3, still_open=6))
    assert own["live"]["n"] == 174
    assert own["outcome"] == {"kind": "number", "unit": "k€", "low": 0.0, "high": 5000.0, "decimals": 1,
                              "baseline": "mean"}  # fmt: skip
    assert own["within"]["value"] < own["within"]["baseline"]
    assert [row["label"] is None for row in own["recent"][:7]] == [True] * 6 + [False]
    assert own["awaiting"]["n"] == 6
    says, beside = plain_sentences(own, data)
    assert says == f"Within {own['within']['value']:.1f} k€ for 80 of 100 samples."
    assert beside == f"Always the mean would be within {own['within']['baseline']:.1f} k€."
    document = {"tasks": {PRICE.name: own}, "datasets": {"houses": data}}
    assert all(section(name, document, PRICE.name) for name in ("course", "scores", "recent", "champions", "inputs"))


@pytest.mark.parametrize(("days", "still_open"), [(0, 0), (2, 2), (1, 1)])
def test_little_is_enough_for_a_document_and_its_pictures(days, still_open):
    rows = number_history(PRICE, days=days, still_open=still_open)
    own, _ = part(rows)
    state, data = states(rows)
    newest = rows.iloc[-1].to_dict() if len(rows) else None
    found = draw_all(kinds.own_pictures(state, own, newest, data.historical))
    assert set(found) == {"newest", "recent", "actual", "course", "residuals", "quality", "calibration"}


def test_without_a_model_there_is_a_document():
    state, data = states(number_history(PRICE, days=0, still_open=0))
    bare = kinds.task_document(replace(state, model={}, champion=None, log=[], versions=[]), data)
    assert parse(json.dumps(bare, allow_nan=False), TaskPart)["alarms"] == []


@pytest.mark.parametrize(("scale", "on"), [(1.0, set()), (1.8, {"mae", "coverage_95"})])
def test_larger_errors_than_promised_raise_alarms(scale, on):
    own, data = part(number_history(PRICE, days=60, per_day=4, still_open=0, scale=scale))
    assert {alarm["score"] for alarm in own["alarms"] if alarm["on"]} == on
    assert {alarm["score"] for alarm in own["alarms"]} == {"mae", "coverage_95"}
    if on:
        own["dataset"] = "houses"
        details = [
            finding.detail
            for finding in findings_of({"houses": data}, {PRICE.name: own}, START)
            if finding.kind == "quality"
        ]
        assert "promised at most" in details[0]


def test_while_the_promise_holds_hardly_any_run_raises_an_alarm():
    losses = np.abs(np.random.default_rng(5).standard_normal((365, 2000))) / np.sqrt(2 / np.pi)
    path = loss_path(losses, 4.0)
    assert np.mean(np.max(path, axis=0) >= bar_of(2)) < 0.02
    assert np.mean(10.0 ** path[-1]) < 365 * 1.5


def test_a_doubled_error_is_found_within_weeks():
    losses = 2 * np.abs(np.random.default_rng(6).standard_normal((100, 500))) / np.sqrt(2 / np.pi)
    found = loss_path(losses, 4.0) >= bar_of(2)
    assert found.any(axis=0).all()
    assert np.median(found.argmax(axis=0)) < 40


def test_what_is_expected_before_the_truth_comes_true():
    rows = number_history(PRICE, days=300, per_day=5, still_open=10, seed=4)
    told = plain(number_quality.expectation(PRICE, rows, 1, promised(number_history(PRICE, days=400, seed=9))))
    assert told["windows"] >= 4
    assert told["held"] >= told["windows"] - 1
    newest = told["over_time"][-1]
    assert newest["open"] == 5
    assert newest["came_mae"] is None
    assert newest["expected_mae_low"] < newest["expected_mae"] < newest["expected_mae_high"]


def test_wider_intervals_let_expect_larger_errors():
    rows = number_history(PRICE, days=100, still_open=0)
    wide = rows.assign(low_95=rows["prediction"] - 200, high_95=rows["prediction"] + 200)
    test = promised(rows)
    usual, larger = (number_quality.expectation(PRICE, each, 1, test)["over_time"][-1]["expected_mae"]
                     for each in (rows, wide))  # fmt: skip
    width = (rows["high_95"] - rows["low_95"]).mean()
    assert larger == pytest.approx(usual * 400 / width)


def test_errors_that_lie_elsewhere_than_before_are_found():
    before = number_history(PRICE, days=200, per_day=2, still_open=0)
    later = number_history(
        PRICE, days=60, per_day=2, still_open=0, bias=60.0, seed=1, start=START + timedelta(days=200)
    )
    labels, day = before["label"], later["event_time"].max().date()
    tests = number_quality.number_drift(pd.concat([before, later], ignore_index=True), labels, day)
    assert {test.name for test in tests if test.drifted} == {"error", "label"}
    higher = later.assign(prediction=later["prediction"] + 150)
    found = number_quality.prediction_drift(pd.concat([before, higher], ignore_index=True), day)
    assert {test.name for test in found if test.drifted} == {"prediction"}
    usual = number_quality.number_drift(before, labels, before["event_time"].max().date())
    assert {test.name for test in usual} == {"error", "label"}
    assert not [test for test in usual if test.drifted and test.name == "error"]


def test_a_challenger_is_compared_on_the_same_samples():
    one = number_history(PRICE, days=60, still_open=0)
    better = one.assign(model_version=2, served="challenger", prediction=one["label"] + 1.0)
    found = part(pd.concat([one, better], ignore_index=True))[0]["challenger"]
    assert (found["champion"], found["challenger"], found["n"], found["enough"]) == (1, 2, 60, True)
    assert found["differences"]["mae"]["high"] < 0


def test_the_status_has_the_live_scores_of_numbers_too():
    rows = number_history(PRICE, days=40)
    known = rows[rows["label"].notna()]
    found = live_quality(Ledger.of(PRICE, rows))
    assert found["mae"]["value"] == pytest.approx((known["prediction"] - known["label"]).abs().mean())
    assert (found["n"], found["mae"]["enough"]) == (len(known), True)


def test_outcomes_in_another_unit_from_one_day_on_are_an_alarm_in_one_sentence():
    rows = number_history(PRICE, days=70, still_open=0)
    changed = rows["event_time"] >= START + timedelta(days=62)
    own, data = part(rows.assign(label=rows["label"].mask(changed, 1.8 * rows["label"] + 32)))
    own["dataset"] = "houses"
    before, _ = part(rows[~changed])
    assert not [alarm for alarm in before["alarms"] if alarm["on"]]
    (found,) = [each for each in findings_of({"houses": data}, {PRICE.name: own}, START)
                if each.kind == "quality"]  # fmt: skip
    assert set(found.parts) == {f"{PRICE.name} mae", f"{PRICE.name} coverage_95"}
    assert START.date() + timedelta(days=62) < date.fromisoformat(found.since) < START.date() + timedelta(days=70)
    assert "promised at most" in found.detail


def test_inputs_in_another_unit_from_one_day_on_are_an_alarm_in_one_sentence():
    rows = number_history(PRICE, days=60, per_day=2, still_open=0)
    state, data = states(rows)
    data = replace(data, arrivals=data.arrivals.assign(area=np.random.default_rng(8).normal(500, 60, len(rows)) / 3))
    changed = data.arrivals["event_time"] >= START + timedelta(days=50)
    feet = data.arrivals["area"].mask(changed, 10.76 * data.arrivals["area"])
    own = json.loads(json.dumps(kinds.task_document(state, data))) | {"dataset": "houses"}
    in_feet = replace(data, arrivals=data.arrivals.assign(area=feet))
    told = {
        name: findings_of({"houses": dataset_document(each)}, {PRICE.name: own}, START)
        for name, each in (("metres", data), ("feet", in_feet))
    }
    assert not [each for each in told["metres"] if each.kind == "inputs"]
    (found,) = [each for each in told["feet"] if each.kind == "inputs"]
    assert "Area" in found.lead + found.detail
