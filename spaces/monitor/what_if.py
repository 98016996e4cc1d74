"""Break it: a switch that plays a simulated month in which something goes wrong, in the place of the live pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipelines.documents.what_if import WhatIf
from pipelines.front.played import first_day, played, title_of

from ..files import SpaceFolder

NONE = "none"
LIVE = "nothing: show what is live"
PLAY, STOP = "Play on", "Stop"
SECONDS_A_DAY = 0.9

# Which day is shown, its page, whether the month goes on by itself, and what the button says.
Shown = tuple[dict[str, Any], str, gr.Timer | dict[str, Any], str | dict[str, Any]]


@dataclass(frozen=True)
class Switch:
    """The switch, and the stage with the page of a day, the day, and the button that stops and goes on."""

    chosen: gr.Radio
    stage: gr.Column
    board: gr.HTML
    day: gr.Slider
    button: gr.Button
    timer: gr.Timer


def switch(space: SpaceFolder) -> Switch:
    """The switch; it is not seen until a month is stored and the page is loaded again."""
    chosen = gr.Radio(**_choices(space.what_if()), value=NONE, label="What if …", elem_id="what-if")
    with gr.Column(visible=False, elem_id="played") as stage:
        with gr.Row():
            day = gr.Slider(1, 30, step=1, label="Day", elem_id="played-day")
            button = gr.Button(STOP, elem_id="played-button")
        board = gr.HTML(elem_id="played-board", padding=False)
    return Switch(chosen, stage, board, day, button, gr.Timer(SECONDS_A_DAY, active=False))


def wire(demo: gr.Blocks, space: SpaceFolder, on: Switch, live: Sequence[gr.HTML | gr.Column]) -> None:
    """Let the switch play; the parts that show what is `live` are hidden meanwhile."""

    def choose(scenario: str) -> tuple[Any, ...]:
        playing = scenario != NONE
        hidden = [gr.update(visible="hidden" if playing else True) for _ in live]
        return gr.update(visible=playing), *_shown(space.what_if(), scenario, 0, on=playing), *hidden

    def step(scenario: str, number: float) -> Shown:
        day, page, timer, words = _shown(space.what_if(), scenario, int(number) + 1, on=True)
        # A step that was on its way when somebody pressed Stop does not let the month go on.
        return (day, page, timer, words) if words == PLAY else (day, page, gr.skip(), gr.skip())

    def turn(scenario: str, number: float) -> Shown:
        return _shown(space.what_if(), scenario, int(number), on=False)

    def press(words: str, scenario: str, number: float) -> Shown:
        document, again = space.what_if(), words == PLAY
        ended = document is not None and number >= document["days"]
        return _shown(document, scenario, 0 if again and ended else int(number), on=again)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    now, outputs = [on.chosen, on.day], [on.day, on.board, on.timer, on.button]
    demo.load(lambda: gr.update(**_choices(space.what_if())), None, on.chosen, **quiet)
    on.chosen.input(choose, on.chosen, [on.stage, *outputs, *live], **quiet)
    on.timer.tick(step, now, outputs, **quiet)
    on.day.input(turn, now, outputs, **quiet)
    on.button.click(press, [on.button, *now], outputs, **quiet)


def _choices(document: WhatIf | None) -> dict[str, Any]:
    stories = document["stories"] if document else {}
    choices = [(LIVE, NONE), *((title_of(name).lower(), name) for name in stories)]
    return {"choices": choices, "visible": bool(stories)}


def _shown(document: WhatIf | None, scenario: str, day: int, *, on: bool) -> Shown:
    """A day of a month, the first for one before it; with the last nothing goes on."""
    if document is None or scenario not in document["stories"]:
        return gr.update(), "", gr.Timer(active=False), STOP
    first, last = first_day(document, scenario), document["days"]
    number = min(max(day, first), last)
    page = f'<div class="front">{played(document, scenario, number)}</div>'
    going = on and number < last
    return gr.update(minimum=first, maximum=last, value=number), page, gr.Timer(active=going), STOP if going else PLAY
