"""The ledger of predictions is kept in a store of each kind."""

from datetime import timedelta

import histories
from pandas.testing import assert_frame_equal

from pipelines.datasets import task_named
from pipelines.monitoring import ledger
from pipelines.monitoring.kept_ledger import keep_ledger, read_ledger
from pipelines.monitoring.quality import quality_over_time
from pipelines.stores.catalogue import ledger_group, predictions_group

VARIETY = task_named("iris_variety")


def refreshed(store):
    found = read_ledger(store, VARIETY)
    keep_ledger(store, found, quality_over_time(found))
    return found


def test_a_ledger_is_kept_continued_and_made_again(store, monkeypatch):
    monkeypatch.setattr(ledger, "MOST_ROWS", 50)
    rows = histories.history(VARIETY, days=120, per_day=1)
    newest = rows["event_time"] >= histories.START + timedelta(days=119)
    store.upsert(predictions_group(VARIETY), rows[~newest])
    refreshed(store)
    store.upsert(predictions_group(VARIETY), rows[newest])
    course = quality_over_time(refreshed(store))
    assert store.count(ledger_group(VARIETY)) == (119 if store.writes_wait else 120)
    assert len(read_ledger(store, VARIETY).rows) < len(rows)
    store.clear(ledger_group(VARIETY))
    scores = [name for name in course.columns if not name.endswith(("_low", "_high"))]
    assert_frame_equal(quality_over_time(refreshed(store))[scores], course[scores])
    assert store.count(ledger_group(VARIETY)) == 120
