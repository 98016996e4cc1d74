"""The same days of operation on Hopsworks leave the same tables as on the embedded store."""

import pandas as pd
import pytest
import short_demo

from pipelines.datasets import all_datasets
from pipelines.stores.catalogue import predictions_group, samples_group


def groups():
    for dataset in all_datasets():
        yield samples_group(dataset)
        yield from map(predictions_group, dataset.tasks)


@pytest.mark.timeout(600)
def test_the_demo_leaves_the_same_tables_on_both_stores(demo_store, delta_store, emulator, tmp_path):
    assert short_demo.run_short_demo(tmp_path / "store", "--yes", **emulator.environment("delta")) == 0
    for group in groups():
        there = delta_store.read(group).drop(columns="run_url", errors="ignore")
        here = demo_store.read(group).drop(columns="run_url", errors="ignore")
        assert len(there)
        pd.testing.assert_frame_equal(there, here, rtol=1e-9)
    assert not (tmp_path / "store" / "tables").exists()
