"""Small plots as SVG that takes its colours from the style sheet: sharp at any size, by day and by night.

Each is one picture for a screen reader, with the words that stand for it; details on a mark show under the pointer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from markupsafe import Markup, escape

from pipelines.documents.metrics import DataPart, DayScores, Distribution, TaskPart, score_on
from pipelines.documents.model import Calibration, whole
from pipelines.front.kinds import kind_of
from pipelines.wording import measurement

# Value, low and high of what the test promised.
Promise = tuple[float, float, float]

ROOM = 0.12  # of the height that stays free above and below
ROOM_OF_A_DAY = 130  # of the width, for its label


@dataclass(frozen=True)
class Frame:
    """Where a plot lies in its picture: size, and margins left, right, top and bottom."""

    width: int
    height: int
    left: int = 4
    right: int = 62
    top: int = 6
    bottom: int = 6

    def across(self, share: float) -> float:
        """The place of a share of the width."""
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def up(self, share: float) -> float:
        """The place of a share of the height, counted from below."""
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 1)


SMALL = Frame(420, 92)
NARROW = Frame(400, 200, left=36, right=60, top=10, bottom=30)
LARGE = Frame(860, 280, left=46, right=80, top=14, bottom=30)


@dataclass(frozen=True)
class Course:
    """The days and scores that a plot over time shows, where they lie in its frame, and how a score is told."""

    days: Sequence[str]
    low: float
    high: float
    frame: Frame
    told: Callable[[float], str]

    def x(self, day: str) -> float:
        """The place of a day."""
        first, last = (date.fromisoformat(self.days[at]) for at in (0, -1))
        return self.frame.across((date.fromisoformat(day) - first).days / max((last - first).days, 1))

    def y(self, value: float) -> float:
        """The place of a score."""
        return self.frame.up((value - self.low) / (self.high - self.low))


@dataclass(frozen=True)
class Point:
    """A score on a day: of a version, with the ends of its interval where it has one."""

    day: str
    score: float
    version: int
    low: float | None = None
    high: float | None = None


def course(task: TaskPart, data: DataPart, score: str, frame: Frame = SMALL) -> Markup:
    """A score over the days, one line a version, with the promised band, changes of champion and the days of alarm."""
    measured = _points(task["over_time"], f"rolling_{score}")
    awaited = _points(task["expectation"]["over_time"], f"expected_{score}")
    expected = [point for point in awaited if point.low is not None and point.high is not None]
    if not measured + expected:
        return Markup("")
    promise = whole(task["held_out"].get(score))
    bands = [end for point in expected for end in (point.low, point.high) if end is not None] + [*(promise or ())]
    plot = _course(task, score, measured + expected, bands, frame)
    versions = sorted({point.version for point in measured})
    lines = [_line(plot, [point for point in measured if point.version == version]) for version in versions]
    parts = [_band(plot, promise), *_axes(plot), *_expected(plot, expected), *lines]
    parts += [*_changes(plot, task), *_alarm_days(plot, task, data)]
    last = f"last {plot.told(measured[-1].score)}" if measured else "nothing has turned out yet"
    words = f"{task['title']}: from {plot.days[0]} to {plot.days[-1]}, {last}"
    words += f"; expected {plot.told(expected[-1].score)}" if expected else ""
    words += f"; promised {plot.told(promise[1])} to {plot.told(promise[2])}" if promise else ""
    return picture(frame, "course-plot", f"{words}.", parts)


def _points(rows: Sequence[DayScores], name: str) -> list[Point]:
    """The days that tell a score."""
    return [
        Point(
            str(row["day"]),
            value,
            int(score_on(row, "version") or 0),
            score_on(row, f"{name}_low"),
            score_on(row, f"{name}_high"),
        )
        for row in rows
        if (value := score_on(row, name)) is not None
    ]


def distribution(shown: Distribution, title: str) -> Markup:
    """The reference as a filled outline, the newest arrivals as a line over it."""
    frame = Frame(300, 120, left=4, right=4, top=6, bottom=22)
    top = max(*shown["reference"], *shown["now"], 0.01)
    bins = len(shown["now"])
    then, now = (_steps([share / top for share in shown[part]], frame) for part in ("reference", "now"))
    ends = shown["labels"] or [measurement(edge) for edge in shown["edges"]]
    places = [(at + 0.5) / bins for at in range(bins)] if shown["labels"] else [at / bins for at in range(bins + 1)]
    picked = range(len(ends)) if shown["labels"] else (0, len(ends) // 2, len(ends) - 1)
    labels = [label(frame.across(places[at]), frame.height - 5, ends[at], _anchor(places[at])) for at in picked]
    verdict = "differs from" if shown["drifted"] else "looks like"
    words = f"{title}: what came in the last {shown['days']} days ({shown['n']}) {verdict} the reference."
    return picture(
        frame, "distribution", words, [f'<path class="then" d="{then}"/><path class="now" d="{now}"/>', *labels]
    )


def arrivals(daily: Sequence[tuple[int, int, int]], days: int, title: str) -> Markup:
    """A bar a day: what was taken in, and on top of it what went to quarantine.

    Parameters
    ----------
    daily
        Day (from 1), rows taken in, rows in quarantine.
    days
        How many days there is room for.
    """
    frame = Frame(420, 150, left=30, right=6, top=8, bottom=24)
    top = max((taken + refused for _, taken, refused in daily), default=1)
    width = 0.7 * (frame.across(1 / days) - frame.across(0))
    bars = []
    for day, taken, refused in daily:
        x, low, high = frame.across((day - 0.85) / days), frame.up(taken / top), frame.up((taken + refused) / top)
        bars.append(
            f"<g><title>Day {day}: {taken} taken in, {refused} in quarantine</title>"
            f'<rect class="in" x="{x}" y="{low}" width="{width:.1f}" height="{frame.up(0) - low:.1f}"/>'
            f'<rect class="out" x="{x}" y="{high}" width="{width:.1f}" height="{low - high:.1f}"/></g>'
        )
    labels = [label(frame.across((day - 0.5) / days), frame.height - 6, str(day)) for day in range(5, days + 1, 5)]
    labels.append(label(frame.left - 4, frame.up(1) + 4, str(top), "end"))
    refused_in_all = sum(refused for _, _, refused in daily)
    words = f"{title}: {sum(taken for _, taken, _ in daily)} rows taken in and {refused_in_all} in quarantine."
    return picture(frame, "arrivals", words, [*bars, *labels])


def calibration(measured: Calibration, title: str) -> Markup:
    """How often the answer was right, by the probability that it was given; on the diagonal where both agree."""
    frame = Frame(300, 240, left=34, right=8, top=8, bottom=30)
    bins = [each for each in measured["bins"] if each["n"]]
    if not measured["enough"] or not bins:
        return Markup("")
    x, y = frame.across, frame.up
    parts = [f'<path class="promise" d="M{x(0)},{y(0)}L{x(1)},{y(1)}"/>']
    for each in bins:
        # A bin with answers tells all four.
        told_of = (each["confidence"], each["accuracy"], each["accuracy_low"], each["accuracy_high"])
        said, right, low, high = cast("tuple[float, float, float, float]", told_of)
        told = f"{each['n']} answers: said {said:.0%}, right {right:.0%}"
        parts.append(f'<path class="reach" d="M{x(said)},{y(low)}V{y(high)}"/>')
        parts.append(f'<circle class="dot" cx="{x(said)}" cy="{y(right)}" r="4"><title>{told}</title></circle>')
    parts += [label(x(share), frame.height - 12, f"{share:.0%}") for share in (0, 0.5, 1)]
    parts += [label(frame.left - 4, y(share) + 4, f"{share:.0%}", "end") for share in (0, 0.5, 1)]
    return picture(frame, "calibration-plot", f"{title}: said against right, on {measured['n']} answers.", parts)


def _course(task: TaskPart, score: str, points: Sequence[Point], bands: Sequence[float], frame: Frame) -> Course:
    values, kind = [*(point.score for point in points), *bands], kind_of(task)
    low, high = min(values), max(values)
    room = max(ROOM * (high - low), (kind.least_height(task, score, high) - (high - low)) / 2)

    def told(value: float) -> str:
        return kind.value_words(task, score, value, 2)

    return Course(sorted({point.day for point in points}), low - room, high + room, frame, told)


def _band(plot: Course, promise: Promise | None) -> str:
    if promise is None:
        return ""
    value, low, high = map(plot.y, promise)
    left, right = plot.frame.left, plot.frame.width - plot.frame.right
    return (
        f'<rect class="band" x="{left}" y="{high}" width="{right - left}" height="{max(low - high, 1):.1f}"/>'
        f'<path class="promise" d="M{left},{value}H{right}"/>{label(right + 6, value + 4, "promised", "start")}'
    )


def _line(plot: Course, points: Sequence[Point]) -> str:
    """The scores of one version, the last of them as a dot."""
    places = [(plot.x(point.day), plot.y(point.score)) for point in points]
    told = [f"{point.day}: {plot.told(point.score)}, version {point.version}" for point in points]
    marks = [
        f'<circle class="hover" cx="{x}" cy="{y}" r="6"><title>{words}</title></circle>'
        for (x, y), words in zip(places, told, strict=True)
    ]
    path, (x, y) = "L".join(f"{x},{y}" for x, y in places), places[-1]
    return f'<path class="course" d="M{path}"/><circle class="dot" cx="{x}" cy="{y}" r="4"/>{"".join(marks)}'


def _expected(plot: Course, points: Sequence[Point]) -> list[str]:
    """The expected scores as a dashed line, with a band in which 90 of 100 are to come true."""
    if not points:
        return []
    line = "L".join(f"{plot.x(point.day)},{plot.y(point.score)}" for point in points)
    upper = [f"{plot.x(point.day)},{plot.y(point.high)}" for point in points if point.high is not None]
    lower = [f"{plot.x(point.day)},{plot.y(point.low)}" for point in points if point.low is not None]
    return [f'<path class="maybe" d="M{"L".join(upper + lower[::-1])}Z"/><path class="expected" d="M{line}"/>']


def _axes(plot: Course) -> list[str]:
    """Days below and scores at the left, where there is room for them."""
    frame, days = plot.frame, plot.days
    if frame.left <= SMALL.left:
        return []
    labels = frame.width // ROOM_OF_A_DAY
    picked = sorted({round(step * (len(days) - 1) / (labels - 1)) for step in range(labels)})
    levels = [plot.low + share * (plot.high - plot.low) for share in (0.1, 0.5, 0.9)]
    return [
        *(label(plot.x(days[at]), frame.height - 8, short_day(days[at])) for at in picked),
        *(label(frame.left - 6, plot.y(level) + 4, plot.told(level).split(" ")[0], "end") for level in levels),
        *(f'<path class="rule" d="M{frame.left},{plot.y(level)}H{frame.width - frame.right}"/>' for level in levels),
    ]


def _changes(plot: Course, task: TaskPart) -> list[str]:
    """A line where another version came into charge."""
    frame = plot.frame
    changes = [(reign["since"][:10], reign["version"]) for reign in task["champion_log"][1:]]
    return [
        f'<path class="change" d="M{plot.x(day)},{frame.top}V{frame.height - frame.bottom}"/>'
        + label(plot.x(day), frame.top + 6, "none" if version is None else f"v{version}")
        for day, version in changes
        if plot.days[0] < day <= plot.days[-1]
    ]


def _alarm_days(plot: Course, task: TaskPart, data: DataPart) -> list[str]:
    """A triangle below each day on which the inputs or the score raised an alarm."""
    own = {*task["inputs"]}
    raised = {day for day, names in data["drift"].get("alarm_days", {}).items() if own & {*names}}
    begun = [alarm["since"] for alarm in task["alarms"] if alarm["on"] and alarm["since"]]
    raised |= {day for since in begun for day in plot.days if day >= since}
    y = plot.frame.height - plot.frame.bottom
    return [
        f'<path class="alarm-day" d="M{plot.x(day) - 3.5:.1f},{y}l3.5,-6l3.5,6z"><title>alarm on {day}</title></path>'
        for day in sorted(raised & {*plot.days})
    ]


def _steps(shares: Sequence[float], frame: Frame) -> str:
    width = 1 / len(shares)
    parts = [f"V{frame.up(share)}H{frame.across((at + 1) * width)}" for at, share in enumerate(shares)]
    return f"M{frame.across(0)},{frame.up(0)}{''.join(parts)}V{frame.up(0)}"


def label(x: float, y: float, words: str, anchor: str = "middle") -> str:
    """Words at a place."""
    return f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _anchor(place: float) -> str:
    return "start" if place == 0 else "end" if place == 1 else "middle"


def short_day(day: str) -> str:
    """A day as a label: 3 Nov."""
    told = date.fromisoformat(day)
    return f"{told.day} {told:%b}"


def picture(frame: Frame, kind: str, words: str, parts: Sequence[str]) -> Markup:
    """The parts as one picture of a kind, with the words that stand for it."""
    size = f'viewBox="0 0 {frame.width} {frame.height}" width="{frame.width}" height="{frame.height}"'
    return Markup(f'<svg class="{kind}" {size} role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>')  # noqa: S704 - its texts are escaped
