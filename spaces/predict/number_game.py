"""A round of the game where numbers are judged: who is closer to the truth."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from pipelines.datasets.outcomes import Number
from pipelines.front.kinds import kind_of
from pipelines.front.told import outcome_part
from pipelines.wording import counted, error_size, quantity, quantity_range

from ..markup import attribute, text
from .game_board import NAMED, PLAYERS, Round, board, told_push
from .predictor import Predictor


def judged(kind: Number, before: Round, guess: str, answered: Mapping[str, Any]) -> Round:
    """The round with a guess and by how much each was off in all; a second guess, or no number, changes nothing."""
    value = _number(kind, guess)
    if before["guess"] is not None or value is None:
        return before
    said = dict(zip(PLAYERS, (value, answered["value"], answered["baseline"]), strict=True))
    off = {player: before["score"][player] + abs(each - before["truth"]) for player, each in said.items()}
    return {**before, "guess": value, "score": {"rounds": before["score"]["rounds"] + 1, **off}}


def question(kind: Number, predictor: Predictor, dealt: Round) -> str:
    """The sample, and a field for a guess."""
    unit = f" in {kind.unit}" if kind.unit else ""
    labels = predictor.task.labels(predictor.learnt) if len(predictor.learnt) else None
    usual = "" if labels is None else _usual(kind, float(labels.quantile(0.1)), float(labels.quantile(0.9)))
    limits = f"{_limit('min', kind.low)}{_limit('max', kind.high)}"
    field = (
        f'<div class="guess"><input type="number" step="any" required aria-label="Your guess{attribute(unit)}"{limits}>'
        '<button type="button" data-guess-typed>Guess</button></div>'
    )
    ask = f'<p class="ask">{text(predictor.task.title)}: how much is it{text(unit)}?</p>'
    score = _score(kind, predictor, dealt["score"])
    return board(predictor, dealt, score, "", f'{ask}{usual}<div class="choices">{field}</div>')


def revealed(kind: Number, predictor: Predictor, done: Round, answered: Mapping[str, Any]) -> str:
    """What both said, what is true, and what moved the model."""
    truth, value = done["truth"], partial(quantity, unit=kind.unit, decimals=kind.decimals)
    within = quantity_range(answered["low"], answered["high"], "", kind.decimals)
    rows = [
        ("choice mine", done["guess"], "you"),
        ("choice", answered["value"], f"the model, {within} at 95 %"),
        ("choice", answered["baseline"], _simplest(predictor)),
    ]
    told = "".join(
        f'<div class="{style}">{text(value(said))} <small>{text(who)}, off by {_off(kind, said - truth)}</small></div>'
        for style, said, who in rows
    )
    words = (
        f'<p class="ask" role="status">It is {text(value(truth))}. {_outcome(done, answered)}</p>'
        f'<div class="choices">{told}</div><p>{_why(kind, predictor, answered)}</p>'
        '<button type="button" class="next" data-next>Next sample</button>'
    )
    # Only a drawing of a data set's own knows what to do with a number.
    label = str(truth) if predictor.task.dataset.draw else ""
    return board(predictor, done, _score(kind, predictor, done["score"]), label, words)


def _number(kind: Number, guess: str) -> float | None:
    try:
        value = float(guess)
    except ValueError:
        return None
    return value if math.isfinite(value) and kind.low <= value <= kind.high else None


def _limit(name: str, end: float) -> str:
    return f' {name}="{end:g}"' if math.isfinite(end) else ""


def _usual(kind: Number, low: float, high: float) -> str:
    return f"<p>Most are from {text(quantity_range(low, high, kind.unit, kind.decimals))}.</p>"


def _simplest(predictor: Predictor) -> str:
    about = outcome_part(predictor.task)
    name = kind_of(about).simplest(about)[0]
    return name[0].lower() + name[1:]


def _score(kind: Number, predictor: Predictor, score: Mapping[str, float]) -> str:
    """How far off each player was on average."""
    rounds, names = score["rounds"], ("you", "the model", _simplest(predictor))
    means = [_off(kind, score[player] / rounds) if rounds else "-" for player in PLAYERS]
    parts = (f"<span><b>{mean}</b> {text(name)}</span>" for mean, name in zip(means, names, strict=True))
    after = counted(int(rounds), "sample")
    return f"{''.join(parts)}<span>off on average, after {after}</span>"


def _off(kind: Number, error: float) -> str:
    return text(error_size(abs(error), kind.unit, kind.decimals))


def _outcome(done: Round, answered: Mapping[str, Any]) -> str:
    you, model = (abs(said - done["truth"]) for said in (done["guess"], answered["value"]))
    if math.isclose(you, model):
        return "You and the model are equally close."
    return "You are closer than the model." if you < model else "The model is closer."


def _why(kind: Number, predictor: Predictor, answered: Mapping[str, Any]) -> str:
    """What moved the model's answer most, away from that to a typical sample."""
    pushes = [push for push in answered["pushes"] if push["effect"]][:NAMED]
    named = " and ".join(f"{told_push(predictor, push)} {_moved(kind, push['effect'])}" for push in pushes)
    return f"What moved the model most: {named}." if named else ""


def _moved(kind: Number, effect: float) -> str:
    return f"{'up' if effect > 0 else 'down'} by {_off(kind, effect)}"
