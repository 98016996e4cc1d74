"""The ledger of predictions is kept in a store of each kind."""

from datetime import timedelta

import histories
import pytest
from made_up_numbers import number_history
from pandas.testing import assert_frame_equal

from pipelines.datasets import task_named
from pipelines.monitoring import ledger
from pipelines.monitoring.kept_ledger import keep_ledger, read_ledger
from pipelines.monitoring.quality import quality_over_time
from pipelines.stores.catalogue import ledger_group, predictions_group
from tests.made_up_houses import PRICE

VARIETY = task_named("iris_variety")
HISTORIES = {
    VARIETY.name: histories.history(VARIETY, days=120, per_day=1),
    PRICE.name: number_history(PRICE, days=120, still_open=0, start=histories.START),
}


def refreshed(store, task):
    found = read_ledger(store, task)
    keep_ledger(store, found, quality_over_time(found))
    return found


@pytest.mark.parametrize("task", [VARIETY, PRICE], ids=lambda task: task.name)
def test_a_ledger_is_kept_continued_and_made_again(store, monkeypatch, task):
    monkeypatch.setattr(ledger, "MOST_ROWS", 50)
    rows = HISTORIES[task.name]
    newest = rows["event_time"] >= histories.START + timedelta(days=119)
    store.upsert(predictions_group(task), rows[~newest])
    refreshed(store, task)
    store.upsert(predictions_group(task), rows[newest])
    course = quality_over_time(refreshed(store, task))
    assert store.count(ledger_group(task)) == (119 if store.writes_wait else 120)
    assert len(read_ledger(store, task).rows) < len(rows)
    store.clear(ledger_group(task))
    scores = [name for name in course.columns if not name.endswith(("_low", "_high"))]
    assert_frame_equal(quality_over_time(refreshed(store, task))[scores], course[scores])
    assert store.count(ledger_group(task)) == 120
