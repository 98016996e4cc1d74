"""The pictures of a task that predicts a number."""

import io
import re

import numpy as np
import pytest
from made_up_numbers import number_history
from PIL import Image

from pipelines.models.interval_calibration import interval_calibration
from pipelines.models.number_sums import number_sums_of
from pipelines.pictures import numbers as figures
from pipelines.pictures.portrait import scale_portrait
from tests.made_up_houses import PRICE


def calibrated(rows):
    sums = number_sums_of(PRICE, rows["label"], rows["prediction"], rows[PRICE.answer_columns], None)
    return interval_calibration(sums, np.random.default_rng(1))


def drawn(rows):
    """Every picture of a history."""
    newest = rows.iloc[-1].to_dict() if len(rows) else None
    kind, history = PRICE.outcome, rows.assign(price=rows["label"])
    return {
        "newest": figures.newest_picture(PRICE, kind, newest, history),
        "recent": figures.recent_picture(PRICE, kind, rows.iloc[::-1].head(12)),
        "actual": figures.actual_picture(PRICE, kind, rows),
        "course": figures.course_picture(PRICE, kind, rows),
        "residuals": figures.residuals_picture(PRICE, kind, rows),
        "intervals": figures.intervals_picture(PRICE, calibrated(rows), rows),
    }


@pytest.mark.parametrize(("days", "per_day", "still_open"), [(60, 1, 3), (20, 6, 6), (4, 1, 1), (1, 4, 4)])
def test_every_picture_has_a_size_that_a_phone_can_show_and_words(days, per_day, still_open):
    for name, picture in drawn(number_history(PRICE, days=days, per_day=per_day, still_open=still_open)).items():
        width, height = Image.open(io.BytesIO(picture.png)).size
        assert 700 <= width <= 1200, name
        assert 250 <= height <= 1300, name
        assert 20 < len(picture.alt) < 500, name
        assert len(picture.png) < 120_000, name


def test_words_say_what_is_seen():
    rows = number_history(PRICE)
    found = drawn(rows)
    assert re.search(r"predicted \d+\.\d k€, 95 % interval .* k€; the truth is not known yet\.$", found["newest"].alt)
    inside = int(rows["label"].between(rows["low_95"], rows["high_95"]).sum())
    assert found["actual"].alt.endswith(f"on average, {inside} inside the 95 % interval.")
    assert found["course"].alt.endswith(f"{inside} of 57 outcomes inside the 95 % interval, 3 not known yet.")
    assert "within what chance does" in found["intervals"].alt
    known = figures.newest_picture(PRICE, PRICE.outcome, rows.iloc[3].to_dict(), rows.assign(price=rows["label"])).alt
    assert "it was " in known


def test_a_bias_is_seen_in_the_errors():
    biased = figures.residuals_picture(PRICE, PRICE.outcome, number_history(PRICE, days=400, bias=20.0)).alt
    assert re.search(r"predictions are (1[5-9]|2[0-4])\.\d k€ too high on average over 397 samples\.$", biased)


def test_empty_pictures_say_what_will_come():
    for picture in drawn(number_history(PRICE, days=0, still_open=0)).values():
        assert re.search(r"appear after the next inference run\.|0 of 30 samples\.", picture.alt)


@pytest.mark.parametrize(("scale", "chance"), [(1.0, True), (1.6, False)])
def test_intervals_that_are_too_narrow_are_told_from_chance(scale, chance):
    measured = calibrated(number_history(PRICE, days=300, still_open=0, scale=scale))
    assert (measured["error"] <= measured["chance"]) is chance
    assert [each["confidence"] for each in measured["bins"]] == [0.025, 0.1, 0.9, 0.975]


def test_a_portrait_shows_the_number_and_is_the_same_each_time():
    row = number_history(PRICE).iloc[3].to_dict()
    labels = number_history(PRICE)["label"]
    one = scale_portrait(PRICE.outcome, row, labels)
    assert one == scale_portrait(PRICE.outcome, row, labels)
    assert one != scale_portrait(PRICE.outcome, {**row, "label": np.nan}, labels)
