import re

import pytest
from front.documents import played_months

from pipelines.front.played import first_day, played, title_of

MONTHS = played_months()


@pytest.mark.parametrize(("day", "stamped"), [(1, 10), (11, 11), (99, 12)])
def test_every_picture_and_number_says_that_it_is_not_live(day, stamped):
    page = played(MONTHS, "broken_units", day)
    stamp = f"What if: a broken unit · day {stamped} of 12"
    parts = re.findall(r'<(?:article class="card|section class="hero).*?</(?:article|section)>', page, flags=re.DOTALL)
    assert len(parts) == 4
    assert all(stamp in part for part in parts)
    pictures = re.findall(r'role="img" aria-label="([^"]*)"', page)
    assert len(pictures) == 4
    assert all(words.startswith(stamp) for words in pictures)
    assert "Nothing here is live." in page


def test_what_is_not_played_is_named():
    assert "left out" not in played(MONTHS, "broken_units", 11)
    assert "Rain is left out: a month is" in played(MONTHS | {"left_out": ["Rain"]}, "broken_units", 11)
    assert "Rain, Warmest are left out" in played(MONTHS | {"left_out": ["Rain", "Warmest"]}, "broken_units", 11)


def test_nothing_of_it_can_be_confused_with_the_live_page():
    page = played(MONTHS, "broken_units", 12)
    assert not re.search(r'href=|role="status"|\sid="|The next run', page)


def test_it_tells_what_has_happened_and_what_came_each_day():
    page = played(MONTHS, "broken_units", 11)
    assert "<b>Day 11</b>: the alarm goes off" in page
    assert "promoted back" not in page
    assert "Day 11: 40 taken in, 8 in quarantine" in page
    assert "promoted back" in played(MONTHS, "broken_units", 12)


def test_a_month_begins_with_the_first_day_that_is_told():
    assert first_day(MONTHS, "broken_units") == 10


def test_a_scenario_without_words_is_called_by_its_name():
    assert title_of("late_truth") == "Late truth"
