"""What `compare --output` writes: each task trained by the code as it is, beside its champion. Programs rely on it."""

from typing import Literal, NotRequired, TypedDict

from pipelines.documents.model import Estimate

SCHEMA_VERSION = 1

Verdict = Literal["better", "worse", "unsure", "held back", "alone"]


class ModelCost(TypedDict):
    """What a model costs: its file, and a thousand rows."""

    bytes: int
    milliseconds: NotRequired[float]


class ScoreChange(TypedDict):
    """A score of the champion and of the new model on the same rows; the ends are those of the difference."""

    before: float | None
    after: float | None
    low: float | None
    high: float | None


class Comparison(TypedDict):
    """One task; what is not required stands where the two met on rows that neither has seen."""

    scorer: str
    classes: list[str]
    champion: int | None
    verdict: Verdict
    # Of the deciding score.
    held_out: Estimate
    baseline: float | None
    # Of training.
    seconds: float
    # Of the champion, `before`, and of the new one, `after`.
    models: dict[str, ModelCost]
    rows: NotRequired[int]
    scores: NotRequired[dict[str, ScoreChange]]
    confusion: NotRequired[dict[str, list[list[int]]]]


class Comparisons(TypedDict):
    """All of it; `failed` are the tasks that could not be compared."""

    schema_version: int
    tasks: dict[str, Comparison]
    failed: list[str]
