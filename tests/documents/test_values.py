"""How values become JSON, and whether JSON is what a type says."""

import json
from datetime import UTC, date, datetime
from typing import Literal, NotRequired, TypedDict

import numpy as np
import pandas as pd
import pytest

from pipelines.documents import Damaged, parse, plain

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_values_become_json_without_nan():
    values = {1: float("nan"), "x": (1.23456789, np.float32(0.5), NOON, NOON.date(), None), "n": np.int64(3)}
    told = {"1": None, "x": [1.23456789, 0.5, "2026-11-21T12:00:00+00:00", "2026-11-21", None], "n": 3}
    assert plain(values) == told
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == told


def test_digits_that_mean_nothing_can_be_left_out():
    assert plain({"a": [1.23456789, np.float64(2)]}, 3) == {"a": [1.235, 2.0]}


def test_no_time_is_null_and_truth_stays_truth():
    assert plain([pd.NaT, np.True_, float("-inf"), date(2026, 1, 2)]) == [None, True, None, "2026-01-02"]


class Leaf(TypedDict):
    kind: Literal["a", "b"]
    share: float | None
    rows: NotRequired[int]


class Tree(TypedDict):
    leaves: dict[str, list[Leaf]]


GOOD = {"leaves": {"x": [{"kind": "a", "share": 1, "rows": 3}, {"kind": "b", "share": None}]}, "later": {"any": 1}}


def test_a_document_is_read_as_it_is_with_keys_of_a_later_version():
    assert parse(json.dumps(GOOD), Tree) == GOOD


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b'{"leaves": {"x": [', "it is no JSON"),
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> main\n", "it is no JSON"),
        pytest.param(b"[" * 9999, "it is nested too deeply", id="deep"),
        (b'{"leaves": "\\ud800"}', "it is no JSON"),
        (b"null", "it is null, not an object"),
        (b"[]", "it is a list, not an object"),
        (b"{}", "it lacks leaves"),
        (b'{"leaves": []}', "leaves is a list, not an object"),
        (b'{"leaves": {"x": {}}}', "leaves.x is an object, not a list"),
        (b'{"leaves": {"x": [{"kind": "c", "share": 1}]}}', 'leaves.x.0.kind is "c", not a or b'),
        (b'{"leaves": {"x": [{"kind": "a"}]}}', "leaves.x.0 lacks share"),
        (b'{"leaves": {"x": [{"kind": "a", "share": "1"}]}}', 'leaves.x.0.share is "1", not a number'),
        (b'{"leaves": {"x": [{"kind": "a", "share": true}]}}', "leaves.x.0.share is true, not a number"),
        (b'{"leaves": {"x": [{"kind": "a", "share": 1, "rows": 1.5}]}}', "leaves.x.0.rows is 1.5, not a whole number"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, fault):
    with pytest.raises(Damaged) as caught:
        parse(text, Tree)
    assert str(caught.value).startswith(fault)


def test_a_document_of_a_later_version_says_what_to_do_before_its_form_is_looked_at():
    with pytest.raises(Damaged, match="schema version 2, and this program reads up to 1: update the program"):
        parse('{"schema_version": 2, "leaves": 0}', Tree, newest=1)
    assert parse(json.dumps({"schema_version": 1, **GOOD}), Tree, newest=1)
