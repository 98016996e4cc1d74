"""Small plots of a task that predicts a number, from the document: see `plots` for how they are drawn."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from pipelines.documents.metrics import Predicted, RecentPrediction, TaskPart
from pipelines.front.kinds import kind_of
from pipelines.front.plots import Frame, label, picture, short_day
from pipelines.wording import quantity

FAN = Frame(860, 280, left=52, right=14, top=14, bottom=30)
NARROW_FAN = Frame(400, 220, left=44, right=8, top=10, bottom=30)
# On a card, which has no room for days.
CARD_FAN = Frame(420, 92, left=44, right=8)
SQUARE = Frame(300, 240, left=44, right=10, top=8, bottom=30)
ROOM = 0.06
TICKS = (0.05, 0.5, 0.95)
ROOM_OF_A_DAY = 90  # of the width, for its label


def fan(task: TaskPart, frame: Frame = FAN) -> Markup:
    """The newest predictions in order, each with its intervals and outcome; those that are open are hollow."""
    rows = task["recent"][::-1]
    if not rows:
        return Markup("")
    ends = [end for row in rows for end in (row["low_95"], row["high_95"], row["label"]) if end is not None]
    scale = _Scale([float(end) for end in ends], frame)
    places = [frame.across((at + 0.5) / len(rows)) for at in range(len(rows))]
    width = 0.6 * (frame.across(1 / len(rows)) - frame.across(0))
    bars = [_bars(task, row, x, width, scale) for row, x in zip(rows, places, strict=True)]
    line = "L".join(f"{x},{scale(float(row['prediction']))}" for row, x in zip(rows, places, strict=True))
    inside = sum(kind_of(task).outcome(task, row)[0] == "ok" for row in rows)
    settled = sum(row["label"] is not None for row in rows)
    words = (
        f"{task['title']}: the newest {len(rows)} predictions; {inside} of {settled} outcomes inside the 95 % interval"
    )
    words += f", {len(rows) - settled} not known yet." if settled < len(rows) else "."
    parts = [*_levels(task, scale), *_days(rows, places, frame), f'<path class="course" d="M{line}"/>', *bars]
    return picture(frame, "fan-plot", words, parts)


def errors(task: TaskPart) -> Markup:
    """The error that so many of 100 answers do not exceed, and that of the simplest answer."""
    within = task["within"]
    value, simple = within["value"], within["baseline"]
    if value is None or simple is None:
        return Markup("")
    shares, own, base = within["shares"], within["errors"], within["of_baseline"]
    top = max(*own, *base) or 1.0
    y = SQUARE.up

    def x(error: float) -> float:
        return SQUARE.across(error / top)

    paths = [
        "L".join(f"{x(each)},{y(share)}" for each, share in zip(part, shares, strict=True)) for part in (own, base)
    ]
    at, told = x(value), _told(task, value)
    share = within["share"]
    parts = [
        *(f'<path class="rule" d="M{SQUARE.left},{y(level)}H{x(top)}"/>' for level in (0, 0.5, 1)),
        f'<path class="promise" d="M{paths[1]}"/><path class="course" d="M{paths[0]}"/>',
        f'<circle class="dot" cx="{at}" cy="{y(share)}" r="5"><title>{escape(told)}</title></circle>',
        *(label(SQUARE.left - 4, y(level) + 4, f"{level:.0%}", "end") for level in (0, 0.5, 1)),
        label(x(0), SQUARE.height - 10, "0", "start"), label(x(top), SQUARE.height - 10, _told(task, top), "end"),
    ]  # fmt: skip
    words = f"{task['title']}: {share:.0%} of the answers are off by at most {told}"
    words += f", of the simplest ones by at most {_told(task, simple)}."
    return picture(SQUARE, "calibration-plot", words, parts)


def agreement(task: TaskPart) -> Markup:
    """The newest predictions (across) against what turned out (up); on the diagonal both agree."""
    settled = [
        (row, float(row["prediction"]), float(row["label"])) for row in task["recent"] if row["label"] is not None
    ]
    if not settled:
        return Markup("")
    ends = [value for _, *both in settled for value in both]
    up, across = _Scale(ends, SQUARE), _Scale(ends, SQUARE, along=True)
    corners = [f"{across(value)},{up(value)}" for value in (up.low, up.high)]
    dots = [
        f'<circle class="dot {kind_of(task).outcome(task, row)[0]}" cx="{across(said)}" '
        f'cy="{up(true)}" r="4"><title>{escape(_both(task, row))}</title></circle>'
        for row, said, true in settled
    ]
    ticks = [label(across(value), SQUARE.height - 10, _plain(task, value)) for value in up.ticks]
    parts = [*_levels(task, up), *ticks, f'<path class="promise" d="M{"L".join(corners)}"/>', *dots]
    return picture(
        SQUARE, "calibration-plot", f"{task['title']}: predicted against true, {len(settled)} newest.", parts
    )


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


def _bars(task: Predicted, row: RecentPrediction, x: float, width: float, scale: _Scale) -> str:
    """The intervals of a prediction, the prediction as a dot, and the outcome as a diamond."""
    state, words = kind_of(task).outcome(task, row)
    label = row["label"]
    intervals = ((row["low_95"], row["high_95"], 0.5), (row["low_80"], row["high_80"], 1.0))
    bars = [
        f'<rect class="within{" open" if label is None else ""}" x="{x - share * width / 2:.1f}" '
        f'y="{scale(high)}" width="{share * width:.1f}" height="{scale(low) - scale(high):.1f}"/>'
        for low, high, share in intervals
    ]
    said = f"{row['event_time'][:10]}: {kind_of(task).said(task, row)} ({kind_of(task).sure(task, row)}), {words}"
    shape, y = "hollow" if label is None else "dot", scale(float(row["prediction"]))
    mark = f'<circle class="{shape}" cx="{x}" cy="{y}" r="3.5"/>'
    if label is not None:
        y = scale(float(label))
        mark += f'<path class="outcome-{state}" d="M{x},{y - 5:.1f}l5,5l-5,5l-5,-5z"/>'
    return f"<g><title>{escape(said)}</title>{''.join(bars)}{mark}</g>"


def _levels(task: Predicted, scale: _Scale) -> list[str]:
    frame, right = scale.frame, scale.frame.width - scale.frame.right
    return [
        f'<path class="rule" d="M{frame.left},{scale(value)}H{right}"/>'
        + label(frame.left - 6, scale(value) + 4, _plain(task, value), "end")
        for value in scale.ticks
    ]


def _days(rows: Sequence[RecentPrediction], places: Sequence[float], frame: Frame) -> list[str]:
    """The days below, where there is room for them, for one, and another begins."""
    if frame.bottom < FAN.bottom:
        return []
    step = max(-(-len(rows) * ROOM_OF_A_DAY // frame.width), 1)
    days = [row["event_time"][:10] for row in rows]
    return [
        label(places[at], frame.height - 8, short_day(days[at]))
        for at in range(step // 2, len(rows), step)
        if at < step or days[at] != days[at - step]
    ]


def _plain(task: Predicted, value: float) -> str:
    return quantity(value, "", task["outcome"]["decimals"])


def _told(task: Predicted, value: float) -> str:
    return kind_of(task).value_words(task, "mae", value, None)


def _both(task: Predicted, row: RecentPrediction) -> str:
    return f"{row['event_time'][:10]}: {kind_of(task).said(task, row)}, {kind_of(task).outcome(task, row)[1]}"
