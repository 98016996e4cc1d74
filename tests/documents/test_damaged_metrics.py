"""Whatever stands in one place of `metrics.json`: it is refused in a sentence, or the whole page can be told."""

import copy
import json

import pytest
from front.documents import NOW, with_a_number
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.documents import Damaged
from pipelines.documents.metrics import metrics_text, parse_metrics
from pipelines.monitoring.page import render_site

DOCUMENT = json.loads(metrics_text(with_a_number()))
ODD = (None, 7, -1, 1e308, 10**400, "", "x", "2026-99-99", "2026-11-21T06:47", [], {}, [[1]], {"a": {"b": 1}}, True)


def places(part, at=()):
    """Every place of a document as keys and positions, but of a list only the first item and the last."""
    yield at
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inside:
        if not isinstance(part, list) or name in {0, len(part) - 1}:
            yield from places(value, (*at, name))


PLACES = [place for place in places(DOCUMENT) if place]


def spoilt(place, value, *, absent=False, checksum=True):
    """The document with another value in one place, or with none there."""
    document = copy.deepcopy(DOCUMENT)
    if not checksum:
        del document["checksum"]
    part = document
    for name in place[:-1]:
        part = part[name]
    if absent:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return json.dumps(document)


def told(text):
    """The page, or a sentence."""
    try:
        return render_site(parse_metrics(text), {}, NOW)
    except Damaged as error:
        return str(error)


@settings(max_examples=150)
@given(place=st.sampled_from(PLACES), value=st.sampled_from(ODD), absent=st.booleans())
def test_anything_in_one_place_is_refused_or_told(place, value, absent):
    assert told(spoilt(place, value, absent=absent))


def place_of(task, *names):
    return ("tasks", task, *names)


NUMBER = next(name for name, task in DOCUMENT["tasks"].items() if "outcome" in task)


BINS = {"name": "x", "days": 7, "n": 3, "drifted": False, "edges": [1], "labels": [], "reference": [1], "now": [1]}


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (place_of(NUMBER, "late_after"), "x", 'late_after is "x", not a time such as'),
        (place_of(NUMBER, "last_run"), "2026-11-21T06:47:00", "not a time such as"),
        (place_of(NUMBER, "awaiting", "overdue_after"), "soon", "not a time such as"),
        (place_of(NUMBER, "newest_day"), "2026-99-99", "not a day such as"),
        (place_of(NUMBER, "over_time", 0, "day"), None, "not of a day"),
        (place_of(NUMBER, "held_out", "mae", "low"), 10**400, "a number of 401 digits"),
        (("datasets", "iris", "drift", "distributions"), [{"name": "petal_width"}], "lacks days"),
        (("datasets", "iris", "drift", "distributions"), [BINS], "not one share a bin"),
    ],
)
def test_what_a_page_could_not_tell_is_refused_with_its_place(place, value, says):
    with pytest.raises(Damaged, match=says):
        parse_metrics(spoilt(place, value, checksum=False))


def test_a_document_of_an_earlier_version_has_no_checksum():
    assert parse_metrics(spoilt(place_of(NUMBER, "title"), "Warmth", checksum=False))
    with pytest.raises(Damaged, match="changed after it was saved"):
        parse_metrics(spoilt(place_of(NUMBER, "title"), "Warmth"))
