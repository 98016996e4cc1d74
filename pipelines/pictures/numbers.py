"""The pictures of a task that predicts a number: what was said, within which interval, and what turned out.

Every picture has the prediction rows of the task: `prediction`, `label` (missing while it is not known), the ends of
the intervals `low_80`, `high_80`, `low_95`, `high_95`, and what the baseline said.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Number
from pipelines.documents.model import Calibration
from pipelines.models.metrics import FEWEST_SAMPLES, wilson
from pipelines.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINES,
    NO_PREDICTIONS,
    RED,
    SMALL,
    TEXT,
    VIOLET,
    WIDTH,
    Picture,
    add_heading,
    empty_picture,
    finished,
    new_figure,
    number_axis,
)
from pipelines.pictures.dates import date_axis
from pipelines.pictures.table import Cell, draw_table
from pipelines.wording import error_size, number, quantity, quantity_range

NOTHING_OUT = "Nothing has turned out yet: the first outcomes appear after the next inference run."
# So many samples are told apart across a picture.
COURSE_SHOWN = 60
# More marks than that are one blot; they are thinned evenly.
MARKS_SHOWN = 1500
# Residuals are averaged over so many, so that a bias stands out of the noise.
AVERAGED = 30
USUAL = (0.01, 0.99)
THIRDS = ("narrow", "middle", "wide")
ROOM = 0.06
LEAST_SHARE = 0.6  # from which a picture of coverage begins, at the latest


def newest_picture(task: Task, kind: Number, row: Mapping[str, Any] | None, history: pd.DataFrame) -> Picture:
    """The newest prediction on a scale with its intervals and, once it is known, the truth.

    Parameters
    ----------
    row
        A prediction; None before the first.
    history
        Historical rows, which tell how far the scale goes.
    """
    if row is None:
        return empty_picture(f"{task.title}: newest sample", NO_PREDICTIONS)
    figure, (axes,) = new_figure(WIDTH, 2.7)
    axes.set(ylim=(0, 1), xlim=scale_of(row, task.labels(history)), yticks=[])
    axes.spines[["left", "right", "top"]].set_visible(False)
    number_axis(axes.xaxis)
    axes.set_xlabel(_axis(task, kind), fontsize=TEXT)
    axes.plot([row["low_95"], row["high_95"]], [0.4] * 2, color=BLUE, alpha=0.3, linewidth=9, solid_capstyle="butt")
    axes.plot([row["low_80"], row["high_80"]], [0.4] * 2, color=BLUE, alpha=0.6, linewidth=9, solid_capstyle="butt")
    axes.plot(row["prediction"], 0.4, "o", color=BLUE, markeredgecolor="white", markersize=11)
    said = quantity(row["prediction"], kind.unit, kind.decimals)
    axes.text(row["prediction"], 0.58, f"predicted {said}", ha="center", fontsize=TEXT, color=BLUE)
    if pd.notna(row["label"]):
        colour = GREEN if is_inside(row) else RED
        axes.plot(row["label"], 0.4, "D", color=colour, markeredgecolor="white", markersize=9, zorder=4)
        axes.text(row["label"], 0.12, f"it was {quantity(row['label'], kind.unit, kind.decimals)}",
                  ha="center", fontsize=TEXT, color=colour)  # fmt: skip
    about = f"{row['sample_id']}, {row['event_time']:%d %B %Y}, by version {row['model_version']}"
    add_heading(figure, f"{task.title}: newest sample", "dark: 80 %, pale: 95 % of the truths are to lie here")
    figure.supxlabel(about, fontsize=TEXT, color=GREY)
    within = quantity_range(row["low_95"], row["high_95"], kind.unit, kind.decimals)
    return finished(figure, f"Newest sample {about}: predicted {said}, 95 % interval {within}; {_outcome(kind, row)}.")


def recent_picture(task: Task, kind: Number, rows: pd.DataFrame) -> Picture:
    """The newest predictions as a table, newest first."""
    title = f"{task.title}: recent predictions"
    if rows.empty:
        return empty_picture(title, NO_PREDICTIONS)
    unit = f" ({kind.unit})" if kind.unit else ""
    header = ("Sample", f"Predicted{unit}", "95 % interval", "Actual", "", "Version")
    done = rows[rows["label"].notna()]
    inside = int(inside_95(done).sum())
    words = f"{title}: of the {len(done)} newest with a known outcome, {inside} were inside the 95 % interval."
    return draw_table(title, header, [_table_row(kind, row) for row in rows.to_dict("records")], words)


def actual_picture(task: Task, kind: Number, rows: pd.DataFrame) -> Picture:
    """Predicted against actual, one mark a sample; on the diagonal both agree."""
    title = f"{task.title}: predicted against actual"
    done = settled(rows)
    if done.empty:
        return empty_picture(title, NOTHING_OUT)
    shown, inside = _thinned(done), inside_95(_thinned(done))
    figure, (axes,) = new_figure(WIDTH, 5.4)
    low, high = _range(pd.concat([done["prediction"], done["label"]]))
    axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1.2, label="both agree")
    for which, colour, mark, strength, words in (
        (inside, BLUE, "o", 0.55, "inside the 95 % interval"), (~inside, RED, "x", 1.0, "outside"),
    ):  # fmt: skip
        part = shown[which]
        axes.plot(part["prediction"], part["label"], mark, color=colour, alpha=strength, markersize=5, label=words)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    number_axis(axes.xaxis)
    number_axis(axes.yaxis)
    axes.set_xlabel(f"predicted{_unit(kind)}", fontsize=TEXT)
    axes.set_ylabel(f"actual{_unit(kind)}", fontsize=TEXT)
    axes.grid(color=LINES, linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    error = (done["prediction"] - done["label"]).abs().mean()
    words = f"{len(done):,} samples; off by {error_size(error, kind.unit, kind.decimals)} on average"
    add_heading(figure, title, words)
    return finished(figure, f"{title}: {words}, {int(inside_95(done).sum()):,} inside the 95 % interval.")


def course_picture(task: Task, kind: Number, rows: pd.DataFrame) -> Picture:
    """The newest predictions in order with their intervals and outcomes; those that are open are hollow."""
    title = f"{task.title}: the newest predictions in order"
    if rows.empty:
        return empty_picture(title, NO_PREDICTIONS)
    shown = _ordered(rows).tail(COURSE_SHOWN).reset_index(drop=True)
    days = shown["event_time"].dt.tz_localize(None).dt.normalize()
    # Several samples of one day have no course of their own: each then has a place, and its interval is a bar.
    by_day = days.is_unique
    x = days if by_day else pd.Series(range(len(shown)))
    open_ = shown["label"].isna()
    figure, (axes,) = new_figure(WIDTH, 4.2)
    for which, colour in ((~open_, BLUE), (open_ | open_.shift(-1, fill_value=False) & by_day, VIOLET)):
        _draw_intervals(axes, x[which], shown[which], colour, filled=by_day)
    axes.plot(x, shown["prediction"], color=BLUE, linewidth=1.2 if by_day else 0, marker=".", label="predicted")
    out, awaited = shown[~open_], shown[open_]
    axes.plot(x[~open_], out["label"], "D", color=INK, markersize=4, linestyle="none", label="what turned out")
    axes.plot(x[open_], awaited["prediction"], "o", color=VIOLET, markerfacecolor="white", markersize=6,
              linestyle="none", label="not known yet")  # fmt: skip
    _date_axis(axes, x, days, by_day=by_day)
    number_axis(axes.yaxis)
    axes.set_ylabel(_axis(task, kind), fontsize=TEXT)
    axes.grid(color=LINES, linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    add_heading(figure, title, "with the intervals that are to hold 80 % (dark) and 95 % (pale) of the truths")
    inside = int(inside_95(out).sum())
    span = f"from {days.iloc[0]:%Y-%m-%d} to {days.iloc[-1]:%Y-%m-%d}"
    words = f"{span}, {inside} of {len(out)} outcomes inside the 95 % interval, {len(awaited)} not known yet"
    return finished(figure, f"{title}: {words}.")


def residuals_picture(task: Task, kind: Number, rows: pd.DataFrame) -> Picture:
    """By how much each prediction was off, in order of time, and the mean of the newest at each time."""
    title = f"{task.title}: errors over time"
    done = _ordered(settled(rows))
    if done.empty:
        return empty_picture(title, NOTHING_OUT)
    errors = done["prediction"] - done["label"]
    times = done["event_time"].dt.tz_localize(None)
    figure, (axes,) = new_figure(WIDTH, 3.8)
    picked = _thinned(done).index
    axes.axhline(0, color=INK, linewidth=1)
    axes.plot(times[picked], errors[picked], ".", color=BLUE, alpha=0.45, markersize=5, label="one sample")
    if len(done) >= AVERAGED:
        mean = errors.rolling(AVERAGED).mean()
        axes.plot(times, mean, color=RED, linewidth=1.8, label=f"mean of the newest {AVERAGED}")
    date_axis(axes)
    number_axis(axes.yaxis)
    axes.set_ylabel(f"predicted minus actual{_unit(kind)}", fontsize=TEXT)
    axes.grid(color=LINES, linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    bias = errors.mean()
    way = "too high" if bias > 0 else "too low"
    words = f"{error_size(abs(bias), kind.unit, kind.decimals)} {way} on average over {len(done):,} samples"
    add_heading(figure, title, words)
    return finished(figure, f"{title}: predictions are {words}.")


def intervals_picture(task: Task, measured: Calibration, rows: pd.DataFrame) -> Picture:
    """How often the truth lay below the ends of the intervals, against how often it was said to.

    Parameters
    ----------
    measured
        What `models.interval_calibration` returns.
    """
    title = f"{task.title}: do the intervals hold what they say?"
    error, chance = measured["error"], measured["chance"]
    if not measured["enough"] or error is None or chance is None:
        return empty_picture(title, f"Not enough data yet: {measured['n']} of {FEWEST_SAMPLES} samples.")
    figure, (left, right) = new_figure(WIDTH, 4.3, columns=2)
    _draw_ends(left, measured)
    told = _draw_coverage(right, settled(rows))
    verdict = "within what chance does" if error <= chance else "more than chance"
    words = f"ends off by {number(error, 3)}, {verdict} (up to {number(chance, 3)}) on {measured['n']:,} samples"
    add_heading(figure, title)
    figure.supxlabel(words, fontsize=SMALL, color=GREY)
    return finished(figure, f"{title} {told}; {words}.")


def scale_of(row: Mapping[str, Any], labels: pd.Series) -> tuple[float, float]:
    """From where to where a scale goes that shows a prediction among what is usual."""
    ends = [row["low_95"], row["high_95"], row["prediction"], row.get("label")]
    usual = labels.dropna().astype(float).quantile(list(USUAL)).tolist() if labels.notna().any() else []
    return _range(pd.Series([each for each in (*ends, *usual) if pd.notna(each)], dtype=float))


def settled(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose outcome is known."""
    return rows[rows["label"].notna()]


def inside_95(rows: pd.DataFrame) -> pd.Series:
    """Which outcomes lie inside their 95 % interval."""
    return rows["label"].between(rows["low_95"], rows["high_95"])


def is_inside(row: Mapping[str, Any]) -> bool:
    """The same for one row."""
    return bool(row["low_95"] <= row["label"] <= row["high_95"])


def _outcome(kind: Number, row: Mapping[str, Any]) -> str:
    if pd.isna(row["label"]):
        return "the truth is not known yet"
    where = "inside" if is_inside(row) else "outside"
    return f"it was {quantity(row['label'], kind.unit, kind.decimals)}, {where} the interval"


def _table_row(kind: Number, row: Mapping[str, Any]) -> list[Cell]:
    is_settled = pd.notna(row["label"])
    verdict, colour = ("inside", GREEN) if is_settled and is_inside(row) else ("outside", RED)
    return [
        (row["sample_id"], INK),
        (number(row["prediction"], kind.decimals), INK),
        (quantity_range(row["low_95"], row["high_95"], "", kind.decimals), INK),
        (number(row["label"], kind.decimals) if is_settled else "not known yet", INK),
        (verdict if is_settled else "", colour),
        (str(row["model_version"]), INK),
    ]


def _draw_intervals(axes: Axes, x: pd.Series, rows: pd.DataFrame, colour: str, *, filled: bool) -> None:
    for level, strength, width in (("95", 0.18, 2.0), ("80", 0.3, 5.0)):
        low, high = rows[f"low_{level}"], rows[f"high_{level}"]
        if filled and len(rows) > 1:
            axes.fill_between(x, low, high, color=colour, alpha=strength, linewidth=0)
        else:
            axes.vlines(x, low, high, color=colour, alpha=strength + 0.1, linewidth=width)


def _date_axis(axes: Axes, x: pd.Series, days: pd.Series, *, by_day: bool) -> None:
    axes.tick_params(labelsize=SMALL)
    if by_day:
        date_axis(axes)
        return
    firsts = days.drop_duplicates().index
    picked = firsts[:: max(len(firsts) // 6, 1)]
    axes.set_xticks(x[picked], [f"{days[at].day} {days[at]:%b}" for at in picked])


def _draw_ends(axes: Axes, measured: Calibration) -> None:
    """The share below each end of the intervals: said across, and happened up."""
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2)
    ends = pd.DataFrame(measured["bins"])
    axes.vlines(ends["confidence"], ends["accuracy_low"], ends["accuracy_high"], color=BLUE, linewidth=1.6)
    axes.plot(ends["confidence"], ends["accuracy"], "o", color=BLUE, markersize=6)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axes.set_xlabel("said to lie below an end", fontsize=TEXT)
    axes.set_ylabel("lay below it", fontsize=TEXT)
    axes.grid(color=LINES, linewidth=0.6)


def _draw_coverage(axes: Axes, done: pd.DataFrame) -> str:
    """How often the truth lay inside, over all and where the intervals are narrowest and widest; the same in words."""
    widths = done["high_95"] - done["low_95"]
    third = widths.rank(method="first").sub(1) * len(THIRDS) // len(done)
    groups = {"all": done} | {name: done[third == at] for at, name in enumerate(THIRDS)}
    lowest = LEAST_SHARE
    for level, mark, colour in ((80, "o", BLUE), (95, "D", GREEN)):
        axes.axhline(level / 100, color=colour, linestyle=":", linewidth=1.2)
        for at, rows in enumerate(groups.values()):
            hits = int(rows["label"].between(rows[f"low_{level}"], rows[f"high_{level}"]).sum())
            reach = wilson(hits, len(rows))
            lowest = min(lowest, reach[0])
            axes.plot([at] * 2, reach, color=colour, linewidth=1.6)
            axes.plot(at, hits / max(len(rows), 1), mark, color=colour, markersize=6, label=f"{level} %" * (not at))
    axes.set_xticks(range(len(groups)), list(groups), fontsize=SMALL)
    axes.set(ylim=(lowest - 0.15, 1.02), xlim=(-0.5, len(groups) - 0.5))
    axes.set_ylabel("share inside", fontsize=TEXT)
    axes.set_xlabel("by width of the interval", fontsize=TEXT)
    axes.grid(axis="y", color=LINES, linewidth=0.6)
    axes.legend(fontsize=SMALL, frameon=False, loc="lower right")
    shares = [done["label"].between(done[f"low_{level}"], done[f"high_{level}"]).mean() for level in (80, 95)]
    return f"{shares[0]:.0%} inside the 80 % and {shares[1]:.0%} inside the 95 % interval"


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["event_time", "sample_id"], ignore_index=True)


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[:: -(-len(rows) // MARKS_SHOWN)]


def _range(values: pd.Series) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = ROOM * (high - low) or 1.0
    return low - room, high + room


def _axis(task: Task, kind: Number) -> str:
    return f"{task.title}{_unit(kind)}"


def _unit(kind: Number) -> str:
    return f" ({kind.unit})" if kind.unit else ""
