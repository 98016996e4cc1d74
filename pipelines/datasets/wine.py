"""Wine Quality: 6,497 red and white vinhos verdes, eleven measurements and a taster's score each."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.datasets.drawing import OUTLINE, bare, curve, ellipse, fill, line, stroke
from pipelines.datasets.outcomes import Classes
from pipelines.datasets.sources import Form, Source, read_files
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Simulator, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = Path(__file__).parents[2] / "data" / "wine.csv"

TYPES = ("red", "white")
QUALITIES = ("3", "4", "5", "6", "7", "8", "9")
GRADES = ("poor", "fair", "excellent")

# The wine and its surface, which catches the light.
FILL_COLOURS = {"red": ("#8e1b3a", "#b03455"), "white": ("#e8d06a", "#f4e59b")}
UNKNOWN_COLOURS = ("#b9b9b9", "#d4d4d4")
GLASS = "#c9d3dc"
TOP, BOTTOM = 4.0, 1.25
# The bowl from rim to rim, the stem, and the gleam on the glass, as pieces of Bézier curves.
BOWL = (
    (-0.78, TOP), (-1.35, 2.5), (-1.1, 1.35), (0, BOTTOM), (1.1, 1.35), (1.35, 2.5), (0.78, TOP),
)  # fmt: skip
STEM = (
    (-0.1, BOTTOM), (0, 1.0), (-0.04, 0.2), (-0.06, -0.25), (-0.1, -0.5), (0.1, -0.5), (0.06, -0.25), (0.04, 0.2),
    (0, 1.0), (0.1, BOTTOM),
)  # fmt: skip
GLEAM = ((-0.78, 3.3), (-0.95, 2.7), (-0.9, 2.3), (-0.78, 2.0))

FEATURES = (
    Feature(
        name="fixed_acidity",
        title="Fixed acidity",
        description="Acids that stay in the wine when it is heated, as tartaric acid.",
        unit="g/dm³",
        low=0,
        high=40,
        plausible=(2, 25),
        usual=(5.1, 7.0, 12.0),
    ),
    Feature(
        name="volatile_acidity",
        title="Volatile acidity",
        description="Acids that evaporate, as acetic acid; much of it smells of vinegar.",
        unit="g/dm³",
        low=0,
        high=5,
        plausible=(0.02, 3),
        usual=(0.12, 0.29, 0.88),
    ),
    Feature(
        name="citric_acid",
        title="Citric acid",
        description="A little of it makes a wine taste fresh.",
        unit="g/dm³",
        low=0,
        high=10,
        plausible=(0, 3),
        usual=(0.0, 0.31, 0.74),
    ),
    Feature(
        name="residual_sugar",
        title="Residual sugar",
        description="Sugar that is left when fermentation stops; over 45 g/dm³ is a sweet wine.",
        unit="g/dm³",
        low=0,
        high=400,
        plausible=(0.2, 150),
        usual=(0.9, 3.0, 18.2),
    ),
    Feature(
        name="chlorides",
        title="Chlorides",
        description="Salt, as sodium chloride.",
        unit="g/dm³",
        low=0,
        high=5,
        plausible=(0.002, 1.5),
        usual=(0.021, 0.047, 0.186),
    ),
    Feature(
        name="free_sulfur_dioxide",
        title="Free sulfur dioxide",
        description="The part of the preservative that still protects the wine.",
        unit="mg/dm³",
        low=0,
        high=1000,
        plausible=(0.5, 500),
        usual=(4.0, 29.0, 77.0),
    ),
    Feature(
        name="total_sulfur_dioxide",
        title="Total sulfur dioxide",
        description="All of the preservative, free and bound.",
        unit="mg/dm³",
        low=0,
        high=2000,
        plausible=(2, 800),
        usual=(11.0, 118.0, 238.0),
    ),
    Feature(
        name="density",
        title="Density",
        description="Falls with alcohol, rises with sugar.",
        unit="g/cm³",
        low=0.9,
        high=1.2,
        plausible=(0.97, 1.06),
        usual=(0.9889, 0.9949, 1.0006),
    ),
    Feature(
        name="ph",
        title="pH",
        description="How acid the wine is; lower is more acid.",
        unit="pH",
        low=2,
        high=5,
        plausible=(2.5, 4.5),
        usual=(2.89, 3.21, 3.64),
    ),
    Feature(
        name="sulphates",
        title="Sulphates",
        description="An additive that becomes sulfur dioxide, as potassium sulphate.",
        unit="g/dm³",
        low=0,
        high=10,
        plausible=(0.1, 3),
        usual=(0.3, 0.51, 0.99),
    ),
    Feature(
        name="alcohol",
        title="Alcohol",
        description="The share of alcohol by volume.",
        unit="% vol",
        low=5,
        high=25,
        plausible=(6, 18),
        usual=(8.7, 10.3, 13.4),
    ),
    Feature(name="type", title="Type", description="Red or white wine.", kind="categorical", values=TYPES),
)
MEASUREMENTS = tuple(feature.name for feature in FEATURES if feature.kind == "numeric")


FORM = Form(aliases={"color": "type", "colour": "type"}, told_by_name={"type": TYPES}, spellings={"type": str.lower})


def load(paths: Sequence[Path]) -> Source:
    """Read the wines from CSV files (the Kaggle file, the UCI pair, one of our form) or from `data/wine.csv`."""
    return read_files(paths or [FILE], (*MEASUREMENTS, "type", "quality"), FORM)


def draw(axes: "Axes", sample: pd.Series, task: Task, label: str) -> None:
    """Draw a wine glass: its colour is the type, its fill the place of the class; grey and middling where not known."""
    bare(axes, 1.9, -0.95, 4.4)
    kind = label if task.label == "type" else sample["type"]
    share = (task.classes.index(label) + 1) / len(task.classes) if label and task.label != "type" else 0.6
    bowl = curve(BOWL)
    glass = fill(axes, bowl, GLASS, layer=1, strength=0.16)
    surface = BOTTOM + (TOP - 0.3 - BOTTOM) * share
    body, shine = FILL_COLOURS.get(kind, UNKNOWN_COLOURS)
    for wine in (
        fill(axes, line((-2, BOTTOM), (2, BOTTOM), (2, surface), (-2, surface)), body, layer=2),
        ellipse(axes, (0, surface), (2.6, 0.24), shine, layer=3),
    ):
        wine.set_clip_path(glass)
    stroke(axes, bowl)
    ellipse(axes, (0, TOP), (1.56, 0.2), "none", edge=OUTLINE, width=1.2, layer=5)
    stroke(axes, curve(STEM))
    ellipse(axes, (0, -0.62), (1.7, 0.3), GLASS, edge=OUTLINE, width=1.4, layer=4)
    stroke(axes, curve(GLEAM), "#ffffff", width=2.2, layer=4)


DATASET = DataSet(
    name="wine",
    title="Wine Quality",
    description="Red and white vinho verde, measured in the laboratory and scored by tasters.",
    provenance=Provenance(
        citation="P. Cortez, A. Cerdeira, F. Almeida, T. Matos, J. Reis (2009), Modeling wine preferences by data "
        "mining from physicochemical properties. UCI Machine Learning Repository 186.",
        url="https://doi.org/10.24432/C56S3T",
        licence="CC BY 4.0",
    ),
    features=FEATURES,
    labels=(
        Label(
            name="quality",
            title="Quality",
            description="The median score of at least three tasters, on a scale from 0 to 10.",
            values=QUALITIES,
            kind="integer",
        ),
    ),
    tasks=(
        Task(
            name="wine_quality",
            title="Wine quality",
            description="The tasters' score of a wine, from 3 to 9.",
            label="quality",
            outcome=Classes(names=QUALITIES, ordinal=True, decision="cut_points", guarded=("5", "6", "7")),
            inputs=(*MEASUREMENTS, "type"),
            scorer="quadratic_kappa",
        ),
        Task(
            name="wine_grade",
            title="Wine grade",
            description="Whether a wine is poor (below 5), fair (5 or 6) or excellent (above 6).",
            label="quality",
            outcome=Classes(
                names=GRADES, ordinal=True, upper_bounds=(4, 6, math.inf), decision="weights", guarded=GRADES
            ),
            inputs=(*MEASUREMENTS, "type"),
        ),
        Task(
            name="wine_type",
            title="Wine type",
            description="Whether a wine is red or white, from its measurements alone.",
            label="type",
            outcome=Classes(names=TYPES, guarded=TYPES),
            inputs=MEASUREMENTS,
        ),
    ),
    strata=("type", "quality"),
    historical_time=datetime(2009, 10, 7, tzinfo=UTC),
    simulator=Simulator(kind="rank_bootstrap", strata=("type", "quality"), bandwidth=0.4),
    form=FORM,
    caution="Not for decisions about people, products or prices.",
    load=load,
    draw=draw,
    plural="wines",
)
