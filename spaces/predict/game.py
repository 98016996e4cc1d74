"""Beat the model: a person and a model judge the same real sample, and then the truth is revealed."""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from pipelines.datasets.outcomes import Classes, Number

from ..markup import attribute, text
from . import class_game, number_game
from .answer import answer
from .game_board import PLAYERS, Round
from .kinds import truth_of
from .predictor import Predictor, measured

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
# The choice is drawn together with the board: Gradio's own comes a moment later and would push the board down.
CHOICE = """
const mark = () => element.querySelectorAll("input").forEach(each => each.checked = each.value === props.value);
element.addEventListener("change", ({ target }) => { props.value = target.value; trigger("choose"); });
watch("value", mark);
mark();
"""


def game_tab(predictors: Sequence[Predictor]) -> None:
    """The game on the reserve samples of one task after the other."""
    by_name = {predictor.task.name: predictor for predictor in predictors}
    # Which sample comes is a surprise.
    rng = np.random.default_rng()
    gr.HTML(
        "<h2>Beat the model</h2><p>A real sample that no model has learnt from. Judge it; then the model does, and you "
        "both see what it turned out to be.</p>"
    )
    task = _task_choice(predictors)
    begun = dealt(predictors[0], rng, None)
    state = gr.State(begun)
    board = gr.HTML(question(predictors[0], begun), js_on_load=SCRIPT, elem_id="game", apply_default_css=False)

    def deal(name: object, before: Round) -> tuple[Round, str]:
        # A program may send any name.
        predictor = by_name.get(str(name), predictors[0])
        begun = dealt(predictor, rng, before)
        return begun, question(predictor, begun)

    def guess(before: Round, event: gr.EventData) -> tuple[Round, str]:
        predictor = by_name[before["task"]]
        answered = answer(predictor, before["sample"])
        done = judged(predictor, before, str(event.guess), answered)
        # A guess that does not count leaves the question where it is.
        return done, question(predictor, done) if done["guess"] is None else revealed(predictor, done, answered)

    quiet: dict[str, Any] = {"outputs": [state, board], "api_visibility": "private", "show_progress": "hidden"}
    board.guess(guess, state, **quiet)
    for event in (board.next, task.choose):
        event(deal, [task, state], **quiet)


def _task_choice(predictors: Sequence[Predictor]) -> gr.HTML:
    """The choice of a task; where there is only one it is not shown."""
    radios = "".join(
        f'<label><input type="radio" name="game-task" value="{attribute(predictor.task.name)}"> '
        f"{text(predictor.task.title)}</label>"
        for predictor in predictors
    )
    return gr.HTML(
        predictors[0].task.name,
        html_template=f'<fieldset class="tasks"><legend>What to judge</legend>{radios}</fieldset>',
        js_on_load=CHOICE, elem_id="game-task", apply_default_css=False, visible=len(predictors) > 1,
    )  # fmt: skip


def dealt(predictor: Predictor, rng: np.random.Generator, before: Round | None) -> Round:
    """A new round; the score goes on as long as the task is the same."""
    sample, name = predictor.judgeable.iloc[int(rng.integers(len(predictor.judgeable)))], predictor.task.name
    same = before is not None and before["task"] == name
    score = before["score"] if before is not None and same else {"rounds": 0, **dict.fromkeys(PLAYERS, 0)}
    return {
        "task": name,
        "sample": measured(sample[list(predictor.task.inputs)]),
        "truth": truth_of(predictor, sample.to_frame().T),
        "told": str(sample[predictor.task.label]),
        "guess": None,
        "score": score,
    }


def judged(predictor: Predictor, before: Round, guess: str, answered: Mapping[str, Any]) -> Round:
    """The round with a guess and the score after it; a second guess, or one that cannot be, changes nothing."""
    return _judged(predictor.task.outcome, predictor, before, guess, answered)


def question(predictor: Predictor, dealt: Round) -> str:
    """The sample, and what a person guesses with, as HTML."""
    return _question(predictor.task.outcome, predictor, dealt)


def revealed(predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    """What both said, what is true, and what led the model, as HTML."""
    return _revealed(predictor.task.outcome, predictor, done, answered)


@singledispatch
def _judged(outcome: object, predictor: Predictor, before: Round, guess: str, answered: Mapping[str, Any]) -> Round:
    raise NotImplementedError


@_judged.register
def _(outcome: Classes, predictor: Predictor, before: Round, guess: str, answered: Mapping[str, Any]) -> Round:  # noqa: ARG001 - of any classes
    return class_game.judged(predictor, before, guess, answered["prediction"])


@_judged.register
def _(outcome: Number, predictor: Predictor, before: Round, guess: str, answered: Mapping[str, Any]) -> Round:  # noqa: ARG001 - the kind tells all
    return number_game.judged(outcome, before, guess, answered)


@singledispatch
def _question(outcome: object, predictor: Predictor, dealt: Round) -> str:
    raise NotImplementedError


@_question.register
def _(outcome: Classes, predictor: Predictor, dealt: Round) -> str:  # noqa: ARG001 - of any classes
    return class_game.question(predictor, dealt)


@_question.register
def _(outcome: Number, predictor: Predictor, dealt: Round) -> str:
    return number_game.question(outcome, predictor, dealt)


@singledispatch
def _revealed(outcome: object, predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    raise NotImplementedError


@_revealed.register
def _(outcome: Classes, predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:  # noqa: ARG001 - of any classes
    return class_game.revealed(predictor, done, answered)


@_revealed.register
def _(outcome: Number, predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    return number_game.revealed(outcome, predictor, done, answered)
