"""Predict and monitor for a task that predicts a number."""

import inspect
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up_numbers import number_history
from small_models import small_number_model

from pipelines.errors import UsageError
from spaces.monitor.records import Choice, Record, listing
from spaces.predict.answer import answer
from spaces.predict.answer_html import brief, page_of
from spaces.predict.batch import predict_file
from spaces.predict.endpoints import endpoint
from spaces.predict.kinds import is_played, truth_of
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


def test_a_number_is_not_guessed_in_the_game():
    assert not is_played(PREDICTOR)


def test_a_truth_that_is_not_known_is_none():
    assert truth_of(PREDICTOR, SAMPLES.head(1)) == 60.0
    assert truth_of(PREDICTOR, SAMPLES.head(1).assign(price=np.nan)) is None


def test_the_monitor_lists_numbers_with_their_intervals():
    rows = number_history(PRICE, days=5, still_open=1)
    shown = listing(Record(PRICE, {}, rows), Choice())
    newest, before = rows.iloc[4], rows.iloc[3]
    assert shown.columns.tolist()[:5] == ["Predicted", "Actual", "Inside", "Day", "95 % interval"]
    interval = f"{newest['low_95']:.1f} to {newest['high_95']:.1f}"
    assert shown.iloc[0].tolist()[:5] == [round(newest["prediction"], 1), "not known yet", "", "2026-06-05", interval]
    assert shown.iloc[1]["Actual"] == f"{before['label']:.1f}"
    assert listing(Record(PRICE, {}, pd.DataFrame()), Choice()).empty
