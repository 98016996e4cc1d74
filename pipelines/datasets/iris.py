"""Iris: 150 flowers of three varieties, four measurements each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.datasets.drawing import bare, ellipse, veined_leaf
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.sources import Form, Source, from_frame, read_files
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Simulator, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VARIETIES = ("setosa", "versicolor", "virginica")
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "variety")
ALIASES = {
    "species": "variety",
    "class": "variety",
    **{f"{part}_{size}_cm": f"{part}_{size}" for part in ("sepal", "petal") for size in ("length", "width")},
    **{f"{part}{size}cm": f"{part}_{size}" for part in ("sepal", "petal") for size in ("length", "width")},
    **{f"{part}{size}": f"{part}_{size}" for part in ("sepal", "petal") for size in ("length", "width")},
}
# The leaf and its vein.
COLOURS = {
    "setosa": ("#8f7fe0", "#5c4bb8"),
    "versicolor": ("#6a9fe6", "#33699f"),
    "virginica": ("#c07ad6", "#8a3fa3"),
}
UNKNOWN_COLOURS = ("#b9b9c2", "#85838f")
SEPAL = ("#9cc58a", "#5d8f4e")
POLLEN = ("#f6cf52", "#a87f12")
REACH = 8.2  # centimetres from the middle; the longest sepal has 7.9


def plain_variety(cell: str) -> str:
    """`setosa` for `Iris-setosa`, `Iris setosa` and `Setosa`."""
    return cell.lower().removeprefix("iris").lstrip("-_ ")


FORM = Form(aliases=ALIASES, spellings={"variety": plain_variety})


def load(paths: Sequence[Path]) -> Source:
    """Read Iris from CSV files, or from the copy that scikit-learn ships."""
    if paths:
        return read_files(paths, COLUMNS, FORM)
    from sklearn.datasets import load_iris  # noqa: PLC0415 - slow to import, and only a backfill needs it

    shipped = load_iris(as_frame=True)
    rows = shipped.data.set_axis(list(COLUMNS[:4]), axis=1)
    return from_frame(rows.assign(variety=shipped.target_names[shipped.target]), "scikit-learn's iris")


def draw(axes: "Axes", sample: pd.Series, task: Task, label: str) -> None:  # noqa: ARG001 - one task only
    """Draw a flower whose petals and sepals have the measured sizes (centimetres), grey without a variety."""
    bare(axes, REACH, -REACH, REACH)
    petal = COLOURS.get(label, UNKNOWN_COLOURS)
    for angle in (90, 210, 330):
        veined_leaf(axes, sample["sepal_length"], sample["sepal_width"], angle, colours=SEPAL, layer=1)
        veined_leaf(axes, sample["petal_length"], sample["petal_width"], angle + 60, colours=petal, layer=3)
    ellipse(axes, (0, 0), (0.8, 0.8), POLLEN[0], edge=POLLEN[1], layer=6)


def _measurement(
    name: str,
    title: str,
    description: str,
    *,
    high: float,
    plausible: tuple[float, float],
    usual: tuple[float, float, float],
) -> Feature:
    return Feature(
        name=name,
        title=title,
        description=description,
        unit="cm",
        low=0.05,
        high=high,
        plausible=plausible,
        usual=usual,
    )


DATASET = DataSet(
    name="iris",
    title="Iris",
    description="Flowers of three iris varieties, measured by Edgar Anderson on the Gaspé Peninsula.",
    provenance=Provenance(
        citation="R. A. Fisher (1936), The use of multiple measurements in taxonomic problems. "
        "UCI Machine Learning Repository 53.",
        url="https://doi.org/10.24432/C56C76",
        licence="CC BY 4.0",
    ),
    features=(
        _measurement(
            "sepal_length",
            "Sepal length",
            "How long the green outer leaves of the flower are.",
            high=15,
            plausible=(2, 12),
            usual=(4.4, 5.8, 7.7),
        ),
        _measurement(
            "sepal_width",
            "Sepal width",
            "How wide the green outer leaves of the flower are.",
            high=10,
            plausible=(1, 7),
            usual=(2.2, 3.0, 4.15),
        ),
        _measurement(
            "petal_length",
            "Petal length",
            "How long the coloured inner leaves of the flower are.",
            high=15,
            plausible=(0.5, 11),
            usual=(1.15, 4.35, 6.7),
        ),
        _measurement(
            "petal_width",
            "Petal width",
            "How wide the coloured inner leaves of the flower are.",
            high=10,
            plausible=(0.05, 5),
            usual=(0.1, 1.3, 2.5),
        ),
    ),
    labels=(Label(name="variety", title="Variety", description="The botanical variety.", values=VARIETIES),),
    tasks=(
        Task(
            name="iris_variety",
            title="Iris variety",
            description="Which of three varieties a flower is, from the size of its sepals and petals.",
            label="variety",
            outcome=Classes(names=VARIETIES, guarded=VARIETIES),
            inputs=COLUMNS[:4],
        ),
    ),
    strata=("variety",),
    historical_time=datetime(1936, 9, 1, tzinfo=UTC),
    # Wide enough not to follow its 30 reserve flowers closely, and still harder to tell from real flowers than a normal
    # distribution: 60 splits of `benchmarks/realism.py` give an AUC of 0.56 against 0.58.
    simulator=Simulator(kind="gaussian", strata=("variety",), bandwidth=1.15, decimals=1),
    form=FORM,
    caution="Not for decisions about people, products or prices.",
    load=load,
    draw=draw,
    plural="flowers",
)
