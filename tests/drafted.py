"""Data sets with a number to predict, drafted from files as a person would: one from scikit-learn, one made up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from pipelines.datasets import DataSet
from pipelines.drafting.draft import draft
from pipelines.drafting.plan import Wishes

DISTRICTS = 800


def diabetes_rows():
    """442 patients, and how far their diabetes had progressed a year later."""
    rows = load_diabetes(as_frame=True, scaled=False).frame
    return rows.rename(columns={"target": "progression"}).astype({"sex": int})


def homes_rows(count=DISTRICTS):
    """Districts as of the Californian census of 1990, made up: the dearer the richer, and the nearer to the sea."""
    rng = np.random.default_rng(9)
    income, sea = rng.lognormal(1.25, 0.42, count), rng.exponential(60, count)
    rooms = 3.2 + 0.45 * income + rng.normal(0, 0.9, count)
    value = 35_000 + 40_000 * income + 30_000 * np.exp(-sea / 40) * (1 + 0.25 * income)
    return pd.DataFrame({
        "MedInc": income.round(4),
        "AveRooms": rooms.clip(1).round(4),
        "sea_km": sea.round(1),
        "inland": np.where(sea > 50, "yes", "no"),
        "median_value_usd": (value + rng.normal(0, 25_000, count)).clip(15_000, 500_001).round(-2),
    })  # fmt: skip


def drafted(name: str, rows: pd.DataFrame, label: str, folder: Path) -> DataSet:
    """The data set that `new` makes of these rows, its module and its data in `folder`."""
    (folder / "pipelines" / "datasets").mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    file = folder / f"{name}_source.csv"
    rows.to_csv(file, index=False)
    dataset = draft(name, file, Wishes([label]), folder).dataset
    # Its own file is looked for beside the module, which is in no package here.
    return replace(dataset, load=lambda paths: dataset.load(paths or [file]))
