"""Settling predictions: writing down what turned out beside what was predicted, once it is known."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from pipelines.datasets import Task
from pipelines.stores.base import Store
from pipelines.stores.catalogue import predictions_group
from pipelines.stores.rows import latest_per_key


@dataclass(frozen=True)
class Settlement:
    """What one run settled: predictions that were open, and settled ones whose outcome was corrected."""

    settled: int
    corrected: int


def settle(
    store: Store, task: Task, *, predictions: pd.DataFrame, samples: pd.DataFrame, now: datetime
) -> tuple[Settlement, pd.DataFrame]:
    """Give each prediction the outcome that its sample has now, joined by `sample_id`.

    What was predicted is never touched, nor when its first outcome came. A prediction whose outcome is taken back
    keeps the one that it had. Nothing is written where nothing changed.

    Parameters
    ----------
    predictions, samples
        Rows of the predictions group of the task and of the samples group of its data set, in any order.
    now
        The clock of the run (UTC), which becomes `settled_at`, or `corrected_at` where there was an outcome before.

    Returns
    -------
    What was settled, and the predictions as they are afterwards.
    """
    changed = newly_settled(task, predictions, samples, now)
    if changed.empty:
        return Settlement(settled=0, corrected=0), predictions
    opened = changed["sample_id"].isin(predictions.loc[predictions["label"].isna(), "sample_id"])
    store.upsert(predictions_group(task), changed)
    after = latest_per_key(pd.concat([predictions, changed], ignore_index=True), predictions_group(task))
    return Settlement(settled=int(opened.sum()), corrected=int((~opened).sum())), after


def newly_settled(task: Task, predictions: pd.DataFrame, samples: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The predictions whose outcome is known now and was not, or was another, with it and when it was learned."""
    outcomes = pd.Series(task.labels(samples).to_numpy(), index=samples["sample_id"].to_numpy(), dtype=object)
    outcome = predictions["sample_id"].map(outcomes).astype(predictions["label"].dtype)
    changed = outcome.notna() & (outcome != predictions["label"])
    settled, corrected = predictions[changed], predictions.loc[changed, "label"].notna()
    return settled.assign(
        label=outcome[changed],
        settled_at=settled["settled_at"].where(corrected, now),
        corrected_at=settled["corrected_at"].mask(corrected, now),
    ).reset_index(drop=True)
