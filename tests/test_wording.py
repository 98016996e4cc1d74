"""Numbers, tables and times are written in one way everywhere."""

import math
from pathlib import Path

import pytest

from pipelines import wording

SCORE = {"value": 0.8, "low": 0.75, "high": 0.851}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8, "0.80"), (0.0512, "0.051"), (-0.0512, "-0.051"), (0, "0.00"), (None, "-"), (math.nan, "-"), (12.3, "12.30")],
)
def test_a_number_near_nothing_has_a_digit_more(value, text):
    assert wording.number(value) == text


def test_digits_and_a_sign_can_be_asked_for():
    assert wording.number(0.0512, 2) == "0.05"
    assert wording.number(0.0512, 4, signed=True) == "+0.0512"


def test_from_five_digits_on_thousands_are_parted():
    assert wording.quantity(206855.8, "USD", 0) == "206,856 USD"
    assert wording.quantity(9999.4, "", 0) == "9999"
    assert wording.error_estimate({"value": -29152.0, "low": -28496, "high": 29859}, "USD", 0) == (
        "-29,152 USD (-28,496 to 29,859)"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6.59286, "6.593"), (5.1, "5.1"), (5.0, "5"), (0.0, "0"), (-0.5, "-0.5"), (143.5, "143.5"),
        (0.00031, "0.00031"), (20640.6, "20,641"), (1234567.0, "1,234,567"), (-2064.2, "-2064"), (2007.0, "2007"),
        (0.99708, "0.9971"),        (1e-9, "1e-09"), (1.5e300, "1.5e+300"),
    ],
)  # fmt: skip
def test_a_measured_value_has_no_digits_that_say_nothing(value, text):
    assert wording.measurement(value) == text


def test_the_end_of_a_range_has_more_digits_than_a_measured_value():
    assert [wording.bound(value) for value in (0.98711, 2007, 41035, 1e6)] == ["0.98711", "2007", "41,035", "1,000,000"]


def test_thousands_are_set_off_wherever_a_number_is_written():
    assert wording.number(29152.4, 0) == "29,152"
    assert wording.quantity(29152.4, "USD", 0) == "29,152 USD"
    assert wording.quantity_range(-15000, 20640, "USD", 0) == "-15,000 to 20,640 USD"
    assert wording.error_size(12345.4, "USD", 0) == "12,345 USD"
    assert wording.typical_range(1000, 250000) == "1000 to 250,000"


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (SCORE, "0.80 (0.75 to 0.85)"),
        ({**SCORE, "low": None, "high": None}, "0.80"),
        ({**SCORE, "high": math.nan}, "0.80"),
        ({**SCORE, "value": None}, "-"),
        ({}, "-"),
        (None, "-"),
    ],
)
def test_an_interval_stands_in_brackets_where_there_is_one(score, text):
    assert wording.estimate(score) == text


def test_a_difference_has_its_sign_at_each_end():
    assert wording.estimate({"value": 0.01, "low": -0.02, "high": 0.04}, 3, signed=True) == "+0.010 (-0.020 to +0.040)"


def test_a_live_score_says_when_there_are_too_few_samples():
    assert wording.live_estimate({**SCORE, "enough": False, "needs": "3 of 30"}) == "not enough data yet: 3 of 30"
    assert wording.live_estimate({**SCORE, "enough": True, "needs": ""}) == "0.80 (0.75 to 0.85)"
    assert wording.live_estimate(None) == "-"


def test_a_time_is_written_to_the_minute():
    assert wording.moment("2026-11-21T06:47:13+00:00") == "2026-11-21 06:47 UTC"
    assert wording.moment(None) == "-"


def test_things_are_counted():
    assert [wording.counted(count, "row") for count in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


def test_escaping_keeps_plain_words_plain():
    assert wording.escape("volatile_acidity is 3.5 g/dm³") == "volatile_acidity is 3.5 g/dm³"
    assert wording.escape("a\nb\t| c") == r"a b \| c"
    assert wording.escape("<b>*x*</b>") == r"&lt;b&gt;\*x\*&lt;/b&gt;"
    assert wording.escape(Path("x")) == "x"


def test_cells_of_a_markdown_table_cannot_break_out_of_it():
    table = wording.markdown_table(("What", "Rows", "Link"), [("a | b\n<i>", 6497, "[x](y)")], escaped=(2,))
    assert table.splitlines() == [
        "| What | Rows | Link |",
        "| --- | --- | --- |",
        r"| a \| b &lt;i&gt; | 6,497 | [x](y) |",
    ]
    assert wording.markdown_table(("What",), []) == ""


def test_columns_of_a_text_table_are_as_wide_as_their_widest_cell():
    assert wording.text_table(("a", "b"), [("long", 1), ("x", 22)]) == ["a     b", "long  1", "x     22"]


def test_empty_paragraphs_fall_away():
    assert wording.joined("a", "", "b") == "a\n\nb"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4.6, 7.724, "4.6 to 7.7"),
        (0.021, 0.1864, "0.021 to 0.186"),
        (3.0, 77.0, "3 to 77"),
        (5.0, 5.0, "5 to 5"),
        (2007, 2009.0, "2007 to 2009"),
    ],
)
def test_a_typical_range_has_no_digits_that_say_nothing(low, high, words):
    assert wording.typical_range(low, high) == words
