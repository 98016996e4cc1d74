"""Small plots of a task that predicts a number, from the document: see `plots` for how they are drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from pipelines.front.kinds import kind_of
from pipelines.front.plots import Frame, label, picture, short_day
from pipelines.wording import quantity

Document = Mapping[str, Any]

FAN = Frame(860, 280, left=52, right=14, top=14, bottom=30)
NARROW_FAN = Frame(400, 220, left=44, right=8, top=10, bottom=30)
SQUARE = Frame(300, 240, left=44, right=10, top=8, bottom=30)
ROOM = 0.06
TICKS = (0.05, 0.5, 0.95)
ROOM_OF_A_DAY = 90  # of the width, for its label


def fan(task: Document, frame: Frame = FAN) -> Markup:
    """The newest predictions in order, each with its intervals and outcome; those that are open are hollow."""
    rows = task["recent"][::-1]
    if not rows:
        return Markup("")
    ends = [row[name] for row in rows for name in ("low_95", "high_95", "label") if row[name] is not None]
    scale = _Scale(ends, frame)
    places = [frame.across((at + 0.5) / len(rows)) for at in range(len(rows))]
    width = 0.6 * (frame.across(1 / len(rows)) - frame.across(0))
    bars = [_bars(task, row, x, width, scale) for row, x in zip(rows, places, strict=True)]
    line = "L".join(f"{x},{scale(row['prediction'])}" for row, x in zip(rows, places, strict=True))
    inside = sum(kind_of(task).outcome(task, row)[0] == "ok" for row in rows)
    known = sum(row["label"] is not None for row in rows)
    words = (
        f"{task['title']}: the newest {len(rows)} predictions; {inside} of {known} outcomes inside the 95 % interval"
    )
    words += f", {len(rows) - known} not known yet." if known < len(rows) else "."
    parts = [*_levels(task, scale), *_days(rows, places, frame), f'<path class="course" d="M{line}"/>', *bars]
    return picture(frame, "fan-plot", words, parts)


def errors(task: Document) -> Markup:
    """The error that so many of 100 answers do not exceed, and that of the simplest answer."""
    within = task["within"]
    shares, own, base = within["shares"], within["errors"], within["of_baseline"]
    top = max(*own, *base) or 1.0
    y = SQUARE.up

    def x(error: float) -> float:
        return SQUARE.across(error / top)

    paths = [
        "L".join(f"{x(each)},{y(share)}" for each, share in zip(part, shares, strict=True)) for part in (own, base)
    ]
    at, told = x(within["value"]), _told(task, within["value"])
    share = within["share"]
    parts = [
        *(f'<path class="rule" d="M{SQUARE.left},{y(level)}H{x(top)}"/>' for level in (0, 0.5, 1)),
        f'<path class="promise" d="M{paths[1]}"/><path class="course" d="M{paths[0]}"/>',
        f'<circle class="dot" cx="{at}" cy="{y(share)}" r="5"><title>{escape(told)}</title></circle>',
        *(label(SQUARE.left - 4, y(level) + 4, f"{level:.0%}", "end") for level in (0, 0.5, 1)),
        label(x(0), SQUARE.height - 10, "0", "start"), label(x(top), SQUARE.height - 10, _told(task, top), "end"),
    ]  # fmt: skip
    words = f"{task['title']}: {share:.0%} of the answers are off by at most {told}"
    words += f", of the simplest ones by at most {_told(task, within['baseline'])}."
    return picture(SQUARE, "calibration-plot", words, parts)


def agreement(task: Document) -> Markup:
    """The newest predictions (across) against what turned out (up); on the diagonal both agree."""
    known = [row for row in task["recent"] if row["label"] is not None]
    if not known:
        return Markup("")
    ends = [value for row in known for value in (row["prediction"], row["label"])]
    up, across = _Scale(ends, SQUARE), _Scale(ends, SQUARE, along=True)
    corners = [f"{across(value)},{up(value)}" for value in (up.low, up.high)]
    dots = [
        f'<circle class="dot {kind_of(task).outcome(task, row)[0]}" cx="{across(row["prediction"])}" '
        f'cy="{up(row["label"])}" r="4"><title>{escape(_both(task, row))}</title></circle>'
        for row in known
    ]
    ticks = [label(across(value), SQUARE.height - 10, _plain(task, value)) for value in up.ticks]
    parts = [*_levels(task, up), *ticks, f'<path class="promise" d="M{"L".join(corners)}"/>', *dots]
    return picture(SQUARE, "calibration-plot", f"{task['title']}: predicted against true, {len(known)} newest.", parts)


class _Scale:
    """Where values lie in a frame: up, or `along` its width."""

    def __init__(self, values: Sequence[float], frame: Frame, *, along: bool = False) -> None:
        room = ROOM * (max(values) - min(values)) or 1.0
        self.low, self.high, self.frame = min(values) - room, max(values) + room, frame
        self._place = frame.across if along else frame.up

    def __call__(self, value: float) -> float:
        return self._place((value - self.low) / (self.high - self.low))

    @property
    def ticks(self) -> list[float]:
        """The values that are written at the edge."""
        return [self.low + share * (self.high - self.low) for share in TICKS]


def _bars(task: Document, row: Document, x: float, width: float, scale: _Scale) -> str:
    """The intervals of a prediction, the prediction as a dot, and the outcome as a diamond."""
    state, words = kind_of(task).outcome(task, row)
    open_ = row["label"] is None
    bars = [
        f'<rect class="within{" open" if open_ else ""}" x="{x - share * width / 2:.1f}" '
        f'y="{scale(row[f"high_{level}"])}" width="{share * width:.1f}" '
        f'height="{scale(row[f"low_{level}"]) - scale(row[f"high_{level}"]):.1f}"/>'
        for level, share in (("95", 0.5), ("80", 1.0))
    ]
    said = f"{row['event_time'][:10]}: {kind_of(task).said(task, row)} ({kind_of(task).sure(task, row)}), {words}"
    mark = f'<circle class="{"hollow" if open_ else "dot"}" cx="{x}" cy="{scale(row["prediction"])}" r="3.5"/>'
    if not open_:
        y = scale(row["label"])
        mark += f'<path class="outcome-{state}" d="M{x},{y - 5:.1f}l5,5l-5,5l-5,-5z"/>'
    return f"<g><title>{escape(said)}</title>{''.join(bars)}{mark}</g>"


def _levels(task: Document, scale: _Scale) -> list[str]:
    frame, right = scale.frame, scale.frame.width - scale.frame.right
    return [
        f'<path class="rule" d="M{frame.left},{scale(value)}H{right}"/>'
        + label(frame.left - 6, scale(value) + 4, _plain(task, value), "end")
        for value in scale.ticks
    ]


def _days(rows: Sequence[Document], places: Sequence[float], frame: Frame) -> list[str]:
    """The days below, where there is room for one and another begins."""
    step = max(-(-len(rows) * ROOM_OF_A_DAY // frame.width), 1)
    days = [row["event_time"][:10] for row in rows]
    return [
        label(places[at], frame.height - 8, short_day(days[at]))
        for at in range(step // 2, len(rows), step)
        if at < step or days[at] != days[at - step]
    ]


def _plain(task: Document, value: float) -> str:
    return quantity(value, "", task["outcome"]["decimals"])


def _told(task: Document, value: float) -> str:
    return kind_of(task).value_words(task, "mae", value, None)


def _both(task: Document, row: Document) -> str:
    return f"{row['event_time'][:10]}: {kind_of(task).said(task, row)}, {kind_of(task).outcome(task, row)[1]}"
