"""Predict and monitor for a task that predicts a number."""

import inspect
from dataclasses import replace

import gradio as gr
import numpy as np
import pandas as pd
import pytest
from made_up_numbers import number_history
from small_models import small_number_model

from pipelines.errors import UsageError
from spaces.monitor.records import Choice, Record, listing, told
from spaces.predict import game
from spaces.predict.answer import answer
from spaces.predict.answer_html import brief, page_of
from spaces.predict.batch import predict_file
from spaces.predict.endpoints import endpoint
from spaces.predict.kinds import truth_of
from spaces.predict.predictor import Predictor
from tests.made_up_houses import HOUSES, PRICE

ROWS = HOUSES.load([]).rows.astype("float64")
SAMPLES = ROWS.assign(sample_id=[f"houses-h-{at:05}" for at in range(len(ROWS))],
                      role=np.resize(["train", "train", "test", "reserve"], len(ROWS)))  # fmt: skip
MODEL = small_number_model(PRICE, ROWS)
SEEN = {"area": {**MODEL.inputs["area"], "min": 20.0, "max": 200.0, "p01": 20.0, "p99": 200.0, "median": 110.0}}
INFO = {**MODEL.info, "metrics": {"mae": {"value": 2.13, "low": 1.9, "high": 2.3}}, "baseline": {"mae": 130.0}}
PREDICTOR = Predictor(PRICE, replace(MODEL, inputs=SEEN, info=INFO), "", SAMPLES)


def test_an_answer_has_its_number_its_interval_and_what_pushed_it():
    found = answer(PREDICTOR, {"area": 150.5})
    assert found["low"] < found["low_80"] < found["value"] < found["high_80"] < found["high"]
    assert found["value"] == pytest.approx(451.5, rel=0.05)
    assert found["unit"] == "k€"
    reference = PREDICTOR.reference["area"].iloc[0]
    assert [push["input"] for push in found["pushes"]] == ["area"]
    assert found["pushes"][0]["effect"] == pytest.approx(
        found["value"] - answer(PREDICTOR, {"area": reference})["value"]
    )
    assert all(isinstance(near["label"], float) for near in found["nearest"])
    assert brief(PREDICTOR, found).startswith("Price of a house: 45")


@pytest.mark.parametrize(("off", "words"), [(0.0, "inside the interval"), (400.0, "outside the interval"), (None, "")])
def test_the_page_says_where_the_truth_lies(off, words):
    found = answer(PREDICTOR, {"area": 100.25})
    page = page_of(PREDICTOR, found, None if off is None else found["value"] + off)
    assert words in page
    assert ("It is" in page) is (off is not None)
    assert "95 times of 100 the truth is" in page
    assert "What pushed the number up (+) or down (-)" in page
    assert "2.1 k€ (1.9 to 2.3)" in page
    assert "Always the mean" in page


def test_what_cannot_be_right_is_refused_in_a_sentence():
    with pytest.raises(UsageError, match="area"):
        answer(PREDICTOR, {"area": 2})


def test_a_file_comes_back_with_values_and_intervals_and_how_good_they_are(tmp_path):
    path = tmp_path / "houses.csv"
    SAMPLES[["area", "price"]].assign(value="before").to_csv(path, index=False)
    done = predict_file(PREDICTOR, path)
    columns = ["row", "value", "low_80", "high_80", "low_95", "high_95", "inside", "area", "price"]
    assert done.predicted.columns.tolist() == columns
    inside = int((done.predicted["inside"] == "yes").sum())
    assert f"Of 90 rows with price {inside} lie inside the 95 % interval; the answers are off by " in done.summary
    SAMPLES[["area"]].to_csv(path, index=False)
    assert "inside" not in predict_file(PREDICTOR, path).predicted.columns


def test_an_endpoint_says_what_it_returns():
    described = inspect.getdoc(endpoint(PREDICTOR))
    assert "The predicted value in k€, low and high between which the truth lies 95 times of 100" in described


@pytest.fixture(name="begun")
def fixture_begun():
    return game.dealt(PREDICTOR, np.random.default_rng(0), None)


def test_a_guess_of_a_number_is_scored_by_how_far_off_it_is(begun):
    answered = answer(PREDICTOR, begun["sample"])
    done = game.judged(PREDICTOR, begun, str(begun["truth"] + 2), answered)
    assert done["score"]["rounds"] == 1
    assert [done["score"][player] for player in ("you", "model", "always")] == pytest.approx(
        [2, abs(answered["value"] - begun["truth"]), abs(answered["baseline"] - begun["truth"])]
    )
    assert game.judged(PREDICTOR, done, "1", answered) == done
    assert game.dealt(PREDICTOR, np.random.default_rng(1), done)["score"] == done["score"]


@pytest.mark.parametrize("guess", ["", "many", "nan", "inf", "-1", "<b>"])
def test_a_guess_that_cannot_be_changes_nothing(begun, guess):
    assert game.judged(PREDICTOR, begun, guess, answer(PREDICTOR, begun["sample"])) == begun


def test_the_question_asks_for_a_number_and_does_not_tell_it(begun):
    page = game.question(PREDICTOR, begun)
    assert 'aria-label="Your guess in k€" min="0"' in page
    assert "Most are from" in page
    assert "<b>-</b> you" in page
    assert game.question(PREDICTOR, {**begun, "truth": -7.0}) == page


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (0.0, "You are closer than the model."),
        (100.0, "The model is closer."),
        (None, "You and the model are equally close."),
    ],
)
def test_who_is_closer_is_told_with_what_each_said(begun, off, words):
    answered = {**answer(PREDICTOR, begun["sample"])}
    guess = answered["value"] if off is None else begun["truth"] + off
    page = game.revealed(PREDICTOR, game.judged(PREDICTOR, begun, repr(guess), answered), answered)
    assert f"It is {begun['truth']:.1f} k€. {words}" in page
    assert "at 95 %, off by" in page
    assert "What moved the model most: <b>" in page
    assert "off on average, after 1" in page


def test_only_samples_whose_outcome_is_known_are_dealt():
    open_ = SAMPLES.assign(price=SAMPLES["price"].where(SAMPLES["role"] != "reserve"))
    assert replace(PREDICTOR, samples=open_).judgeable.empty
    assert len(PREDICTOR.judgeable) == len(PREDICTOR.reserve) > 0


def test_a_truth_that_is_not_known_is_none():
    assert truth_of(PREDICTOR, SAMPLES.head(1)) == 60.0
    assert truth_of(PREDICTOR, SAMPLES.head(1).assign(price=np.nan)) is None


def test_the_monitor_lists_numbers_with_their_intervals():
    rows = number_history(PRICE, days=5, still_open=1)
    shown = listing(Record(PRICE, {}, rows), Choice())
    newest, before = rows.iloc[4], rows.iloc[3]
    assert shown.columns.tolist()[:5] == ["Predicted", "Actual", "Inside", "Day", "95 % interval"]
    interval = f"{newest['low_95']:.1f} to {newest['high_95']:.1f}"
    assert shown.iloc[0].drop("Actual").tolist()[:4] == [round(newest["prediction"], 1), "", "2026-06-05", interval]
    assert shown["Actual"].tolist()[:2] == pytest.approx([np.nan, round(before["label"], 1)], nan_ok=True)


def test_the_monitor_writes_numbers_as_everywhere_and_sorts_them_as_numbers():
    rows = number_history(PRICE, days=5, still_open=1)
    rows.loc[3, ["prediction", "label"]] = 12345.67, 2000.0
    found = told(PRICE, listing(Record(PRICE, {}, rows), Choice()))
    shown = gr.Dataframe(interactive=False).postprocess(found).model_dump()
    assert shown["metadata"]["display_value"][0][1] == "not known yet"
    assert shown["metadata"]["display_value"][1][:2] == ["12,345.7", "2000.0"]
    assert shown["data"][1][:2] == [12345.7, 2000.0]
    assert listing(Record(PRICE, {}, pd.DataFrame()), Choice()).empty
