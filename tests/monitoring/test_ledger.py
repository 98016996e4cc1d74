from datetime import timedelta

import histories
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pipelines.datasets import task_named
from pipelines.documents import DECIMALS, plain
from pipelines.monitoring import kept_ledger, ledger, quality
from pipelines.monitoring.kept_ledger import keep_ledger, read_ledger
from pipelines.monitoring.ledger import Ledger
from pipelines.stores.catalogue import ledger_group, predictions_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.late_days import note_late_day

GRADE = task_named("wine_grade")
GROUP, LEDGER = predictions_group(GRADE), ledger_group(GRADE)
DAYS, PER_DAY, OF_FIRST = 200, 3, 150
LAST = histories.START + timedelta(days=DAYS)


def predictions():
    """Two reigns, the second with a challenger in its shadow."""
    change = histories.START + timedelta(days=OF_FIRST)
    later = {"days": DAYS - OF_FIRST, "per_day": PER_DAY, "start": change, "seed": 1}
    first = histories.history(GRADE, days=OF_FIRST, per_day=PER_DAY)
    second = histories.history(GRADE, version=2, **later)
    return pd.concat([first, second, second.assign(model_version=3, served="challenger")], ignore_index=True)


@pytest.fixture(name="few_rows", autouse=True)
def fixture_few_rows(monkeypatch):
    """So few rows are read again that a short history is a long one; no test looks at the intervals of its course."""
    monkeypatch.setattr(ledger, "MOST_ROWS", 100)
    monkeypatch.setattr(quality, "ROLLING_REPEATS", 10)


@pytest.fixture(name="store")
def fixture_store(tmp_path):
    return EmbeddedStore(tmp_path / "store")


def kept(store, rows):
    """A store with these predictions and their ledger."""
    store.upsert(GROUP, rows)
    return refreshed(store)


def refreshed(store):
    found = read_ledger(store, GRADE)
    keep_ledger(store, found, quality.quality_over_time(found, newest=365))
    return found


def told(found):
    """All numbers that the pages take from a ledger, but for intervals."""
    course = quality.quality_over_time(found)
    ends = [name for name in course.columns if name.endswith(("_low", "_high"))]
    by_version = [
        {name: each["value"] if isinstance(each, dict) else each for name, each in part["live"].items()}
        for part in quality.by_version(found)
    ]
    numbers = [found.samples, found.newest_day, found.last_run, found.in_charge, quality.late_after(found)]
    numbers += [quality.live_baseline(found, 1), quality.confusion(found, 1), quality.calibration(found, 1)]
    return plain([course.drop(columns=ends).to_dict("records"), by_version, numbers], DECIMALS)


def whole(store):
    return Ledger.of(GRADE, store.read(GROUP))


def reads_of(store, monkeypatch):
    """The rows of predictions that are read from now on."""
    read, found = store.read, []

    def counted(group, **options):
        rows = read(group, **options)
        found.extend([len(rows)] if group.name == GROUP.name else [])
        return rows

    monkeypatch.setattr(store, "read", counted)
    return found


def test_what_is_kept_tells_the_same_as_all_predictions(store):
    kept(store, predictions())
    assert told(read_ledger(store, GRADE)) == told(whole(store))


def test_a_new_day_is_added_from_the_newest_rows_alone(store, monkeypatch):
    kept(store, predictions())
    new = histories.history(GRADE, days=1, per_day=PER_DAY, version=2, start=LAST, seed=5)
    store.upsert(GROUP, new)
    reads = reads_of(store, monkeypatch)
    found = refreshed(store)
    assert sum(reads) < DAYS * PER_DAY
    assert len(found.rows) < DAYS * PER_DAY
    assert told(found) == told(whole(store))
    assert store.count(LEDGER) == len(found.days)


def test_nothing_new_writes_nothing_and_resamples_nothing(store, monkeypatch):
    kept(store, predictions())
    monkeypatch.setattr(quality.metrics, "bootstrap_of_sums", None)
    before = store.written_at(LEDGER)
    again = refreshed(store)
    assert store.written_at(LEDGER) == before
    assert quality.live_quality(again)["n"] == (DAYS - OF_FIRST) * PER_DAY


def test_an_outcome_that_comes_or_is_corrected_changes_its_day(store):
    rows = predictions()
    newest = rows["event_time"] >= LAST - timedelta(days=20)
    kept(store, rows.assign(label=rows["label"].mask(newest, None)))
    labels = rows["label"].where(rows["event_time"] != rows["event_time"].max(), "poor")
    store.upsert(GROUP, rows[newest].assign(label=labels[newest]))
    assert told(refreshed(store)) == told(whole(store))
    assert told(read_ledger(store, GRADE)) == told(whole(store))


def test_a_day_that_came_late_is_summed(store):
    rows = predictions()
    late = rows["event_time"].dt.date == (histories.START + timedelta(days=5)).date()
    kept(store, rows[~late])
    note_late_day(store, GRADE.dataset, (histories.START + timedelta(days=5)).date(), LAST)
    store.upsert(GROUP, rows[late])
    assert told(refreshed(store)) == told(whole(store))


@pytest.mark.parametrize("harm", ["removed", "damaged", "of other classes", "rows nobody told of", "days are gone"])
def test_a_ledger_that_does_not_fit_is_made_again(store, harm):
    rows = predictions()
    kept(store, rows)
    there = store.read(LEDGER)
    if harm == "removed":
        store.clear(LEDGER)
    if harm == "damaged":
        store.upsert(LEDGER, there.assign(sums="[1, 2"))
    if harm == "of other classes":
        store.upsert(LEDGER, there.assign(sums="[1, 2]"))
    if harm == "rows nobody told of":
        store.upsert(GROUP, rows.head(1).assign(sample_id="another"))
    if harm == "days are gone":
        store.remove(GROUP, LAST - timedelta(days=30))
    refreshed(store)
    assert told(read_ledger(store, GRADE)) == told(whole(store))
    assert store.count(LEDGER) == len(whole(store).days)


def test_scores_told_before_stay_and_those_of_changed_days_are_told_anew(store):
    rows = predictions()
    before = kept(store, rows)
    store.upsert(GROUP, rows[rows["event_time"] >= LAST - timedelta(days=3)].assign(label="poor"))
    after = read_ledger(store, GRADE).days
    known = store.read(LEDGER)
    changed = (known["day"] >= pd.Timestamp(LAST) - timedelta(days=3)) & (known["model_version"] == 2)
    assert after["rolling"].isna().tolist() == (changed | (known["settled"] == 0)).tolist()
    assert_frame_equal(before.days[["day", "samples"]], after[["day", "samples"]])


def test_intervals_from_days_and_newest_rows_are_as_wide_as_from_rows(monkeypatch):
    rows = histories.history(GRADE, days=400, per_day=5)
    some = quality.live_quality(Ledger.of(GRADE, rows))
    monkeypatch.setattr(ledger, "MOST_ROWS", 10_000)
    every = quality.live_quality(Ledger.of(GRADE, rows))
    for name in ("accuracy", "macro_f1", "log_loss"):
        assert some[name]["value"] == pytest.approx(every[name]["value"])
        assert np.diff([some[name]["low"], some[name]["high"]]) == pytest.approx(
            np.diff([every[name]["low"], every[name]["high"]]), rel=0.2
        )


def test_what_is_expected_reads_years_back_and_what_comes_at_once_a_quarter():
    assert kept_ledger._least(GRADE) == kept_ledger.CLASSES_READ
    assert kept_ledger._least(histories.due_in(GRADE, timedelta(days=2))) == kept_ledger.EXPECTED_READ
