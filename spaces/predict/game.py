"""Beat the model: a person and a model judge the same real sample, and then the truth is revealed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from pipelines.datasets.spec import Feature

from ..markup import attribute, text
from .answer import answer
from .answer_html import chance_text, drawing, shown
from .predictor import TELLING, Predictor, measured

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
# Who judges: the person, the model, and a rule that knows nothing.
PLAYERS = ("you", "model", "always")
# So many inputs are named as what led the model; more are no explanation.
NAMED = 2

# One round as plain values: `task`, `sample` (by input), `truth`, `guess` (None before), and `score` by player.
Round = dict[str, Any]


def game_tab(predictors: Sequence[Predictor]) -> None:
    """The game on the reserve samples of one task after the other."""
    by_name = {predictor.task.name: predictor for predictor in predictors}
    # Which sample comes is a surprise.
    rng = np.random.default_rng()
    choices = [(predictor.task.title, predictor.task.name) for predictor in predictors]
    gr.HTML(
        "<h2>Beat the model</h2><p>A real sample that no model has learnt from. Judge it; then the model does, and you "
        "both see what it turned out to be.</p>"
    )
    task = gr.Radio(choices, value=choices[0][1], label="What to judge", elem_id="game-task", visible=len(choices) > 1)
    begun = dealt(predictors[0], rng, None)
    state = gr.State(begun)
    board = gr.HTML(question(predictors[0], begun), js_on_load=SCRIPT, elem_id="game", apply_default_css=False)

    def deal(name: str, before: Round) -> tuple[Round, str]:
        begun = dealt(by_name[name], rng, before)
        return begun, question(by_name[name], begun)

    def guess(before: Round, event: gr.EventData) -> tuple[Round, str]:
        predictor = by_name[before["task"]]
        answered = answer(predictor, before["sample"])
        done = judged(predictor, before, str(event.guess), answered["prediction"])
        return done, revealed(predictor, done, answered)

    quiet: dict[str, Any] = {"outputs": [state, board], "api_visibility": "private", "show_progress": "hidden"}
    board.guess(guess, state, **quiet)
    for event in (board.next, task.input):
        event(deal, [task, state], **quiet)


def dealt(predictor: Predictor, rng: np.random.Generator, before: Round | None) -> Round:
    """A new round; the score goes on as long as the task is the same."""
    sample, name = predictor.held(rng), predictor.task.name
    same = before is not None and before["task"] == name
    score = before["score"] if before is not None and same else {"rounds": 0, **dict.fromkeys(PLAYERS, 0)}
    return {
        "task": name,
        "sample": measured(sample[list(predictor.task.inputs)]),
        "truth": predictor.task.labels(sample.to_frame().T).iloc[0],
        "told": str(sample[predictor.task.label]),
        "guess": None,
        "score": score,
    }


def judged(predictor: Predictor, before: Round, guess: str, prediction: str) -> Round:
    """The round with a guess and the score after it; a round that was guessed already, or no class, changes nothing."""
    if before["guess"] is not None or guess not in predictor.task.classes:
        return before
    said = dict(zip(PLAYERS, (guess, prediction, predictor.majority()), strict=True))
    right = {player: before["score"][player] + (label == before["truth"]) for player, label in said.items()}
    return {**before, "guess": guess, "score": {"rounds": before["score"]["rounds"] + 1, **right}}


def question(predictor: Predictor, dealt: Round) -> str:
    """The sample, and a button for each class; where there are many, a field that offers them."""
    classes = predictor.task.classes
    choices = _buttons(classes) if len(classes) <= TELLING else _field(classes)
    return _board(predictor, dealt, "", f'<p class="ask">{text(predictor.task.title)}: what is it?</p>{choices}')


def _buttons(classes: Sequence[str]) -> str:
    buttons = (f'<button type="button" data-guess="{attribute(label)}">{text(label)}</button>' for label in classes)
    return f'<div class="choices">{"".join(buttons)}</div>'


def _field(classes: Sequence[str]) -> str:
    options = "".join(f'<option value="{attribute(label)}">' for label in classes)
    return (
        '<div class="choices"><div class="guess"><input list="game-classes" aria-label="Your guess" autocomplete="off" '
        f'placeholder="one of {len(classes)} classes"><button type="button" data-guess-typed>Guess</button></div>'
        f'<datalist id="game-classes">{options}</datalist></div>'
    )


def revealed(predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    """What both said, what is true, and what led the model."""
    chances, said = answered["probabilities"], answered["prediction"]
    likely = sorted(chances, key=lambda label: -chances[label])[:TELLING]
    told = {*likely, done["guess"], done["truth"], said}
    rows = "".join(_choice(label, done, said, chances[label]) for label in predictor.task.classes if label in told)
    also = "" if done["told"] == done["truth"] else f" ({text(predictor.task.label)} {text(done['told'])})"
    words = (
        f'<p class="ask" role="status">It is {text(done["truth"])}{also}. {_outcome(done, said)}</p>'
        f'<div class="choices">{rows}</div><p>{_why(predictor, done, answered)}</p>'
        '<button type="button" class="next" data-next>Next sample</button>'
    )
    return _board(predictor, done, said, words)


def _board(predictor: Predictor, dealt: Round, label: str, judgement: str) -> str:
    drawn = drawing(predictor, dealt["sample"], label)
    measurements = "".join(_measurement(predictor, each, dealt["sample"][each.name]) for each in predictor.telling)
    return (
        f'{_score(predictor, dealt["score"])}<div class="play"><div class="card">{drawn}'
        f'<ul class="measurements">{measurements}</ul></div><div class="card judge">{judgement}</div></div>'
    )


def _score(predictor: Predictor, score: Mapping[str, int]) -> str:
    names = ("you", "the model", f"always saying {predictor.majority()}")
    parts = [f"<span><b>{score[player]}</b> {text(name)}</span>" for player, name in zip(PLAYERS, names, strict=True)]
    return f'<p class="score">{"".join(parts)}<span>right of {score["rounds"]}</span></p>'


def _measurement(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    unit = "" if feature.unit in {"", feature.title} else f" {feature.unit}"
    level = _level(predictor, feature, value)
    words = f"{shown(value)}{text(unit) if value is not None else ''}{f' · {level}' if level else ''}"
    return f"<li><span>{text(feature.title)}<em>{words}</em></span>{_rail(predictor, feature, value)}</li>"


def _level(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    """Whether a number is beyond what eight of ten samples have."""
    if not isinstance(value, float):
        return ""
    low, high = predictor.usual(feature)
    return "low" if value < low else "high" if value > high else ""


def _rail(predictor: Predictor, feature: Feature, value: float | str | None) -> str:
    """Where a number lies in the typical range, with the usual range; decoration, words stand beside it."""
    seen = predictor.model.inputs[feature.name]
    first, last = seen.get("p01"), seen.get("p99")
    if not isinstance(value, float) or first is None or last is None or first == last:
        return ""
    low, high, here = (
        100 * min(max((each - first) / (last - first), 0.0), 1.0) for each in (*predictor.usual(feature), value)
    )
    return (
        f'<span class="rail" aria-hidden="true"><i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<b style="left:{here:.1f}%"></b></span>'
    )


def _choice(label: str, done: Round, said: str, chance: float) -> str:
    """One class after the guess: who said it, and whether it is true."""
    who = [name for name, choice in (("you", done["guess"]), ("the model", said)) if choice == label]
    sign = "✓" if label == done["truth"] else "✗"
    marks = " · ".join([*(f"{name} {sign}" for name in who), f"the model gives it {chance_text(chance)}"])
    kinds = "choice" + (" truth" if label == done["truth"] else "") + (" mine" if label == done["guess"] else "")
    return f'<div class="{kinds}">{text(label)} <small>{text(marks)}</small></div>'


def _outcome(done: Round, said: str) -> str:
    you, model = done["guess"] == done["truth"], said == done["truth"]
    if you and model:
        return "You and the model are right."
    if not you and not model:
        return "You and the model are both wrong."
    return "You beat the model." if you else "The model is right, and you are not."


def _why(predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    """What led the model to its answer: the inputs that pushed it up most."""
    label = answered["prediction"]
    up = [push for push in answered["pushes"] if push["effect"] > 0][:NAMED]
    if not up:
        return ""
    lead = "What gave it away to the model" if label == done["truth"] else "What led the model astray"
    named = " and ".join(_pushed(predictor, push) for push in up)
    return f"{lead}: {named}. It was {chance_text(answered['probabilities'][label])} sure of {text(label)}."


def _pushed(predictor: Predictor, push: Mapping[str, Any]) -> str:
    feature = predictor.task.dataset.feature(push["input"])
    level = _level(predictor, feature, push["value"])
    title = text(f"{level} {feature.title.lower()}".strip() if feature.title != feature.unit else feature.title)
    if not isinstance(push["value"], float):
        return f"<b>{title}</b> ({shown(push['value'])})"
    low, high = (predictor.coarse(feature, bound) for bound in predictor.usual(feature))
    return f"<b>{title}</b> ({shown(push['value'])}; most have {low} to {high})"
