"""The same days of operation on Hopsworks leave the same tables as on the embedded store."""

import pandas as pd
import pytest
import short_demo

from pipelines.datasets import all_datasets, dataset_named
from pipelines.stores.catalogue import predictions_group, samples_group, task_view


def groups():
    for dataset in all_datasets():
        yield samples_group(dataset)
        yield from map(predictions_group, dataset.tasks)


def hand_over_champion(source, target, task, folder):
    """Give a store the champion of another one, so that nothing has to be trained again."""
    champion = source.champion(task.name)
    target.register(task_view(task), champion.version, source.download(task.name, champion.version, folder))
    target.move_champion(champion, None)


@pytest.mark.timeout(600)
def test_the_demo_leaves_the_same_tables_on_both_stores(demo_store, delta_store, emulator, tmp_path):
    for task in dataset_named("wine").tasks:  # which takes a minute to train; Iris is trained here
        hand_over_champion(demo_store, delta_store, task, tmp_path / task.name)
    assert short_demo.run_short_demo(tmp_path / "store", "--yes", **emulator.environment("delta")) == 0
    for group in groups():
        there = delta_store.read(group).drop(columns="run_url", errors="ignore")
        here = demo_store.read(group).drop(columns="run_url", errors="ignore")
        assert len(there)
        pd.testing.assert_frame_equal(there, here, rtol=1e-9)
    assert not (tmp_path / "store" / "tables").exists()
