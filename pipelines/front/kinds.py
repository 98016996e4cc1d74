"""What the front says differently of a task that predicts a class and of one that predicts a number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.documents.metrics import Answer, LiveEstimate, Predicted, TaskPart
from pipelines.documents.model import Estimate
from pipelines.front import classes, numbers
from pipelines.wording import not_enough


@dataclass(frozen=True)
class Kind:
    """The words for tasks of one kind; `classes` tells what each function says.

    Attributes
    ----------
    judged_by
        The score that tells whether enough has turned out.
    second, second_words
        The score that stands beside the one that decides, and what it is called in a sentence.
    template
        What the name of the template with its own tables begins with.
    sure_title, certainty
        How what `sure` tells is called, to people and to those who know the terms.
    expects
        From what a score is expected before the truth is known.
    moved
        What another mix of answers is.
    early
        The plot of a card until there is a course over days, by its name in `render.EARLY`; empty for a short course.
    """

    judged_by: str
    second: str
    second_words: str
    template: str
    sure_title: str
    certainty: str
    moved: str
    expects: str
    early: str
    promised: Callable[[TaskPart, str], str]
    sentence: Callable[[TaskPart, str], str]
    beside: Callable[[TaskPart], str]
    simplest: Callable[[Predicted], tuple[str, str]]
    forecast: Callable[[TaskPart, Answer, Sequence[Answer], str], str]
    said: Callable[[Predicted, Answer], str]
    sure: Callable[[Predicted, Answer], str]
    outcome: Callable[[Predicted, Answer], tuple[str, str]]
    verdict: Callable[[Predicted, Answer], str]
    score_words: Callable[[Predicted, str, Estimate | None], str]
    value_words: Callable[[Predicted, str, float | None, int | None], str]
    least_height: Callable[[Predicted, str, float], float]


KINDS = {
    "classes": Kind(
        judged_by="accuracy", second="accuracy", second_words="accuracy", template="classes_", sure_title="Sure",
        certainty="Probability",
        moved="the classes come in other shares", expects="the probabilities", early="",
        promised=classes.promised, sentence=classes.sentence, beside=classes.beside, simplest=classes.simplest,
        forecast=classes.forecast,
        said=classes.said, sure=classes.sure, outcome=classes.outcome,
        verdict=classes.verdict, score_words=classes.score_words,
        value_words=classes.value_words, least_height=classes.least_height,
    ),
    "number": Kind(
        judged_by="mae", second="coverage_95", second_words="share inside the 95 % interval",
         template="number_",
        sure_title="95 % interval", certainty="95 % interval",
        moved="the numbers lie elsewhere", expects="the intervals", early="fan",
        promised=numbers.promised, sentence=numbers.sentence, beside=numbers.beside, simplest=numbers.simplest,
        forecast=numbers.forecast,
        said=numbers.said, sure=numbers.sure, outcome=numbers.outcome,
        verdict=numbers.verdict, score_words=numbers.score_words,
        value_words=numbers.value_words, least_height=numbers.least_height,
    ),
}  # fmt: skip


def kind_of(task: Predicted) -> Kind:
    """The kind of a task; a document that does not tell is of classes."""
    return KINDS[task["outcome"]["kind"] if "outcome" in task else "classes"]


def live_words(task: Predicted, score: str, live: LiveEstimate | None) -> str:
    """A live score, which may not have enough samples yet, with its interval."""
    if live and not live["enough"]:
        return not_enough(live["needs"])
    return kind_of(task).score_words(task, score, live)
