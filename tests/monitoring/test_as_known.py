"""The clock moves over days on which samples and outcomes come late: what was said of a past day stays."""

import dataclasses
import shutil
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from histories import due_in
from small_models import crown, register_small_model

from pipelines.datasets import dataset_named
from pipelines.datasets.arrivals.simulated import simulate_days
from pipelines.features.backfill import backfill
from pipelines.inference.pipeline import run_inference
from pipelines.monitoring.as_known import end_of, report_as_known
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.outcomes import as_known, corrected_since

VARIETY = due_in(dataset_named("iris").tasks[0], timedelta(days=1))
IRIS = VARIETY.dataset
DAYS = [date(2026, 3, 10) + timedelta(days=after) for after in range(5)]
PER_DAY = 12


def clock(day):
    return datetime(day.year, day.month, day.day, 6, 47, tzinfo=UTC)


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """Five days whose outcomes come a day late, one sample of the first day three days late; what each day said."""
    folder = tmp_path_factory.mktemp("operated")
    store = EmbeddedStore(folder / "store")
    backfill(store, IRIS, [], now=clock(DAYS[0]))
    crown(store, VARIETY, register_small_model(store, VARIETY, folder / "one"))
    truth = simulate_days(IRIS, store.read(samples_group(IRIS), where={"role": "reserve"}), DAYS, PER_DAY)
    said = {}
    for day in DAYS:
        store.upsert(samples_group(IRIS), source(truth, day))
        run_inference(store, VARIETY, run_date=day, now=clock(day))
        said[day] = report_as_known(store, IRIS, day)
    return store, truth, said


def source(truth, day):
    """What the source answers on a day."""
    arrived = truth["event_time"] < pd.Timestamp(end_of(day))
    late = truth["sample_id"] == f"iris-{DAYS[0]}-005"
    known = truth["event_time"] < pd.Timestamp(clock(day)) - timedelta(hours=24)
    rows = truth[arrived & ~(late & (day < DAYS[3]))]
    return rows.assign(variety=rows["variety"].where(known[rows.index], None))


def test_what_was_said_of_a_past_day_stays(operated):
    store, _, said = operated
    assert [said[day].document["tasks"][VARIETY.name]["live"]["n"] for day in DAYS] == [0, 11, 23, 36, 48]
    assert [said[day].document["tasks"][VARIETY.name]["awaiting"]["n"] for day in DAYS] == [11, 12, 12, 12, 12]
    assert [said[day].document["datasets"]["iris"]["arrived"] for day in DAYS] == [11, 23, 35, 48, 60]
    for day in DAYS:
        assert dataclasses.astuple(report_as_known(store, IRIS, day)) == dataclasses.astuple(said[day])


def test_a_correction_changes_past_days_and_is_said(operated, tmp_path):
    store, truth, said = operated
    store = EmbeddedStore(shutil.copytree(store.root, tmp_path / "store"))
    row = truth[truth["sample_id"] == f"iris-{DAYS[0]}-003"]
    wrong = next(name for name in VARIETY.classes if name != row["variety"].iloc[0])
    store.upsert(samples_group(IRIS), row.assign(variety=wrong))
    run_inference(store, VARIETY, run_date=DAYS[-1], now=clock(DAYS[-1]) + timedelta(days=1))
    assert report_as_known(store, IRIS, DAYS[0]) == said[DAYS[0]]
    after = report_as_known(store, IRIS, DAYS[1])
    assert after.notices == ("Iris variety: corrected after 11 March, and counted as it is now: 1 outcome.",)
    before, now = (each.document["tasks"][VARIETY.name] for each in (said[DAYS[1]], after))
    assert now["live"]["n"] == before["live"]["n"]
    assert now["live"]["accuracy"]["value"] < before["live"]["accuracy"]["value"]
    assert said[DAYS[1]].notices == report_as_known(store, IRIS, DAYS[-1] + timedelta(days=1)).notices == ()


def test_what_an_earlier_version_settled_was_known_when_it_was_predicted(operated):
    rows = operated[0].read(predictions_group(VARIETY))
    rows["settled_at"] = rows["settled_at"].where(rows["label"].isna())
    at = end_of(DAYS[1])
    assert as_known(rows, at)["label"].notna().sum() == len(as_known(rows, at)) == 23
    assert corrected_since(rows, at) == 0
