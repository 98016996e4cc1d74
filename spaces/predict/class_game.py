"""A round of the game where classes are judged: who is right."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..markup import attribute, text
from .answer_html import chance_text
from .game_board import NAMED, PLAYERS, Round, board, told_push
from .predictor import TELLING, Predictor


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
    return board(
        predictor,
        dealt,
        _score(predictor, dealt["score"]),
        "",
        f'<p class="ask">{text(predictor.task.title)}: what is it?</p>{choices}',
    )


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
    return board(predictor, done, _score(predictor, done["score"]), said, words)


def _score(predictor: Predictor, score: Mapping[str, int]) -> str:
    names = ("you", "the model", f"always saying {predictor.majority()}")
    parts = [f"<span><b>{score[player]}</b> {text(name)}</span>" for player, name in zip(PLAYERS, names, strict=True)]
    return f"{''.join(parts)}<span>right of {score['rounds']}</span>"


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
    named = " and ".join(told_push(predictor, push) for push in up)
    return f"{lead}: {named}. It was {chance_text(answered['probabilities'][label])} sure of {text(label)}."
