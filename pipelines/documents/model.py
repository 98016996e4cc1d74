"""`model.json`: what is known about a model version. Models verify it against a checksum over all of its keys."""

from collections.abc import Mapping
from typing import Literal, NotRequired, Required, TypedDict

from pipelines.documents.values import Damaged, parse, refuse_changed

SCHEMA_VERSION = 1
# What a model folder holds for people alone: whoever changes it changes no prediction.
CARD_FILE = "card.md"
NOTEBOOK_FILE = "training.ipynb"
FOR_PEOPLE = (CARD_FILE, NOTEBOOK_FILE)


class Estimate(TypedDict):
    """A score with its 95 % interval; null where the data cannot tell."""

    value: float | None
    low: float | None
    high: float | None


# Scores by their name.
Scores = Mapping[str, Estimate]


class InputInfo(TypedDict, total=False):
    """An input: what it may be, and what training saw of it.

    A category of many values has `own`, the values with a column of their own in the model, and `frequencies`, from 0
    for a value that training did not see to 1 for the most frequent one.
    """

    kind: Required[Literal["numeric", "categorical"]]
    title: str
    missing: int
    unit: str
    low: float | None
    high: float | None
    min: float | None
    p01: float | None
    median: float | None
    p99: float | None
    max: float | None
    values: list[str]
    seen: list[str]
    own: list[str]
    frequencies: dict[str, float]


class OutcomeInfo(TypedDict):
    """What is predicted; `low` and `high` are null where the number has no end."""

    kind: Literal["classes", "number"]
    unit: NotRequired[str]
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    decimals: NotRequired[int]


class Intervals(TypedDict):
    """How the intervals of a number are made, see `models.number_ensemble`.

    `rows` not learned from gave the errors; `spread` says whether their size depends on the row. `bounds` are, by
    interval, between which multiples of the expected error an outcome lies. `adaptive`: they follow the outcomes.
    """

    rows: int
    spread: bool
    bounds: dict[str, list[float]]
    adaptive: bool


class LabelInfo(TypedDict):
    """The labels of the training rows of a number."""

    mean: float
    deviation: float
    min: float
    p10: float
    median: float
    p90: float
    max: float


class DecisionRule(TypedDict):
    """How a class is chosen from the probabilities, see `models.decide`; of a number, whether it is mean or median."""

    kind: Literal["argmax", "weights", "cut_points", "costs", "mean", "median"]
    weights: NotRequired[dict[str, float]]
    cut_points: NotRequired[list[float]]
    costs: NotRequired[list[list[float]]]


class SearchCandidate(TypedDict):
    """One contender of the search, on rows that it had not learned from."""

    candidate: str
    parameters: str
    score: float | None
    standard_error: float | None
    # Of classes.
    log_loss: NotRequired[float | None]
    chosen: bool


class SearchInfo(TypedDict):
    """How the model was searched for."""

    size: str
    seed: int
    candidates: list[SearchCandidate]


class LearnedSource(TypedDict, total=False):
    """What the data set was backfilled from; empty where nobody had written it down."""

    sha256: str
    name: str
    rows: int
    at: str


class DataInfo(TypedDict):
    """What the model learned from and was judged on."""

    fingerprint: str
    distinguishable: NotRequired[bool]
    source: LearnedSource
    rows: int
    distinct_rows: int
    test_rows: int
    class_rows: dict[str, int]
    released: list[str]
    labels: NotRequired[LabelInfo]
    # Where time splits: what is not newer, the model may have seen.
    trained_until: NotRequired[str | None]


class CategoryScores(TypedDict):
    """The scores on the rows of one value of a category."""

    rows: int
    scores: dict[str, Estimate]
    baseline: dict[str, float | None]


class CalibrationBin(TypedDict):
    """How often the most probable class was right where its probability lay between `low` and `high`."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None


class Calibration(TypedDict):
    """Whether probabilities mean what they say: the error, and up to which chance alone makes it."""

    enough: bool
    n: int
    bins: list[CalibrationBin]
    error: float | None
    chance: float | None


class Importance(TypedDict):
    """By how much the log-loss rises when an input is shuffled, with the least and the most over the shuffles."""

    loss: float | None
    low: float | None
    high: float | None


class Ranked(TypedDict):
    """How one class is found among all others, as `models.ranking.Ranking` tells it."""

    rows: int
    of_class: int
    average_precision: Estimate
    roc_auc: Estimate
    precision: Estimate
    recall: Estimate
    enough: bool


class Evaluated(TypedDict, total=False):
    """What a version is worth on held-out rows."""

    metrics: dict[str, Estimate]
    baseline: dict[str, float | None]
    by_category: dict[str, dict[str, CategoryScores]]
    confusion: list[list[int]]
    calibration: Calibration
    importance: dict[str, Importance]
    decision_cost: dict[str, dict[str, float | None]]
    ranking: dict[str, Ranked]


class ModelInfo(Evaluated, total=False):
    """All of `model.json`. A candidate has no `version` and `created` yet."""

    schema_version: int
    task: str
    version: int
    created: str
    dataset: str
    # Absent where there are classes: these are older.
    outcome: OutcomeInfo
    classes: list[str]
    intervals: Intervals
    # What the baseline of a number takes: a column; empty where it is the mean.
    baseline_of: str
    scorer: str
    inputs: dict[str, InputInfo]
    decision: DecisionRule
    model: str
    search: SearchInfo
    data: DataInfo
    python: str
    environment: dict[str, str]
    commit: str
    scikit_learn: str
    sha256: dict[str, str]
    checksum: str


# Without these nothing can be predicted, and without the others no version can be judged.
TO_PREDICT = ("task", "classes", "inputs", "decision", "scikit_learn", "sha256", "checksum")
TO_JUDGE = ("metrics", "baseline", "data", "commit")


def whole(score: Estimate | None) -> tuple[float, float, float] | None:
    """Value, low and high of a score; None where the data could not tell all three."""
    if score is None or score["value"] is None or score["low"] is None or score["high"] is None:
        return None
    return score["value"], score["low"], score["high"]


def parse_model(content: bytes | str) -> ModelInfo:
    """A `model.json`, or `Damaged`; keys may be missing."""
    info = parse(content, ModelInfo, SCHEMA_VERSION)
    refuse_changed(info)
    return info


def demand(info: ModelInfo, names: tuple[str, ...]) -> None:
    """Raise `Damaged` where one of the keys is missing."""
    absent = [name for name in names if name not in info]
    if absent:
        raise Damaged(f"it lacks {', '.join(absent)}")
