"""The smallest data set whose task predicts a number: houses, dear as they are large."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from pipelines.datasets.outcomes import Number
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Task


def load(paths):  # noqa: ARG001 - every source is asked alike
    area = np.linspace(20, 200, 90)
    return from_frame(pd.DataFrame({"area": area, "price": 3 * area}), "made-up houses")


HOUSES = DataSet(
    name="houses", title="Houses", description="Made-up houses.",
    provenance=Provenance(citation="Made up.", url="https://example.org/houses", licence="CC0"),
    features=(Feature(name="area", title="Area", description="Of all floors.", unit="m²", low=5, high=900),),
    labels=(Label(name="price", title="Price", description="Paid.", kind="number"),),
    tasks=(Task(name="houses_price", title="Price of a house", description="What a house was sold for.", label="price",
                outcome=Number(unit="k€", low=0, high=5000), inputs=("area",)),),
    strata=("price",), historical_time=datetime(2020, 1, 1, tzinfo=UTC), load=load,
)  # fmt: skip
PRICE = HOUSES.tasks[0]
