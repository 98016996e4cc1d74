"""Every operational picture, as PNG bytes with a text alternative."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pipelines.datasets import DataSet, Task
from pipelines.documents.metrics import DriftTest, Reign
from pipelines.documents.model import Estimate, whole
from pipelines.models.metrics import FEWEST_SAMPLES, ROLLING_SAMPLES, SMALLEST_DISTANCE, WINDOWS, metric_title
from pipelines.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINES,
    LONGEST_NAME,
    NO_PREDICTIONS,
    RED,
    SMALL,
    TEXT,
    TITLE,
    VIOLET,
    WIDTH,
    Picture,
    add_heading,
    empty_picture,
    finished,
    new_figure,
)
from pipelines.pictures.dates import date_axis
from pipelines.pictures.sample import draw_sample
from pipelines.pictures.table import Cell, draw_table
from pipelines.wording import interval

MARKERS = dict(zip(WINDOWS, "os^D", strict=True))


def newest_picture(task: Task, row: Mapping[str, Any] | None, history: pd.DataFrame) -> Picture:
    """The newest sample as predicted beside as it turned out.

    Parameters
    ----------
    row
        A prediction with the measurements of its sample; None before the first.
    history
        Historical rows, as `draw_sample` takes them.
    """
    if row is None:
        return empty_picture(f"{task.title}: newest sample", NO_PREDICTIONS)
    figure, (left, right) = new_figure(WIDTH, 3.9, columns=2)
    sample = pd.Series(dict(row))
    sure = max(row[name] for name in task.probability_columns)
    chance = row[task.probability_columns[task.classes.index(row["prediction"])]]
    draw_sample(left, sample, task, row["prediction"], history)
    _caption(left, "Predicted", row["prediction"], f"probability {chance:.0%}")
    label = row["label"] if pd.notna(row["label"]) else None
    verdict = "not known yet" if label is None else "right" if label == row["prediction"] else "wrong"
    if label is None:
        right.axis("off")
        _caption(right, "Actual", "not known yet", "")
    else:
        draw_sample(right, sample, task, label, history)
        _caption(right, "Actual", label, f"the prediction was {verdict}")
    about = f"{row['sample_id']}, {row['event_time']:%d %B %Y}, by version {row['model_version']}"
    add_heading(figure, f"{task.title}: newest sample")
    figure.supxlabel(about, fontsize=TEXT, color=GREY)
    words = f"Newest sample {about}: predicted {row['prediction']} ({chance:.0%}), actual {label or verdict}"
    extra = "" if chance == sure else f"; the most probable class had {sure:.0%}"
    return finished(figure, f"{words}; {verdict}{extra}.")


def recent_picture(task: Task, rows: pd.DataFrame) -> Picture:
    """The newest predictions as a table, newest first."""
    title = f"{task.title}: recent predictions"
    if rows.empty:
        return empty_picture(title, NO_PREDICTIONS)
    settled = rows[rows["label"].notna()]
    right = int((settled["prediction"] == settled["label"]).sum())
    words = f"{title}: of the {len(settled)} newest with a known outcome, {right} were right."
    header = ("Sample", "Predicted", "Actual", "", "Version")
    return draw_table(title, header, [_table_row(task, row) for row in rows.to_dict("records")], words)


def quality_picture(
    task: Task,
    over_time: pd.DataFrame,
    held_out: Mapping[str, Estimate],
    baseline: Mapping[str, float | None],
    reigns: Sequence[Reign],
    *,
    expected: Sequence[Mapping[str, Any]] = (),
    beside: str = "accuracy",
    simplest: str = "always the majority class",
) -> Picture:
    """The task's score and the one `beside` it over time, with interval, promise, baseline and changes of champion.

    Parameters
    ----------
    over_time
        What `monitoring.quality_over_time` returns.
    held_out, baseline
        What the version in charge promises, and what the `simplest` answer would score.
    expected
        What its probabilities let expect: rows of `monitoring.expectation`, with their days as text.
    """
    title = f"{task.title}: quality over time"
    if over_time.empty and not expected:
        return empty_picture(title, NO_PREDICTIONS)
    foreseen, days = pd.DataFrame(expected), [*over_time["day"].map(str), *(row["day"] for row in expected)]
    names = list(dict.fromkeys([task.scorer, beside]))
    figure, panels = new_figure(WIDTH, 2.4 * len(names) + 1.1, rows=len(names))
    for axes, name in zip(panels, names, strict=True):
        _quality_panel(axes, name, held_out.get(name), baseline.get(name), simplest)
        if not over_time.empty:
            _draw_live(axes, name, over_time)
        if f"expected_{name}" in foreseen:
            _draw_expected(axes, name, foreseen)
        _mark_changes(axes, days, reigns)
    # One of them may have no baseline.
    lines, words = max((axes.get_legend_handles_labels() for axes in panels[::-1]), key=lambda each: len(each[0]))
    # The first two have the longest words, and beside each other would reach beyond the picture.
    columns = 2 if len(lines) > 2 else 1  # noqa: PLR2004
    figure.legend(lines, words, loc="outside lower center", ncols=columns, fontsize=SMALL, frameon=False)
    add_heading(figure, title)
    spoken = [f"{metric_title(name)} {_spoken(over_time, foreseen, name)}" for name in names]
    return finished(figure, f"{title}, up to {max(days)}: {'; '.join(spoken)}.")


def drift_picture(dataset: DataSet, title: str, tests: Sequence[DriftTest], needs: str) -> Picture:
    """How far each input, the predictions and the labels are from the reference, one mark a window.

    Parameters
    ----------
    tests
        Fields of `drift.DriftTest`.
    needs
        What is missing where there are no tests yet.
    """
    if not tests:
        return empty_picture(title, f"Not enough data yet: {needs}.")
    names = list(dict.fromkeys(test["name"] for test in tests))
    titles = {name: name for name in names} | {feature.name: feature.title for feature in dataset.features}
    figure, (axes,) = new_figure(WIDTH, 2.1 + 0.3 * len(names))
    lengths = sorted({(test["days"], test["n"]) for test in tests if test["kind"] in {"numeric", "categorical"}})
    for days, n in lengths or sorted({(test["days"], test["n"]) for test in tests}):
        axes.scatter([], [], marker=MARKERS[days], color=GREY, label=f"{days} day{'s' * (days > 1)} ({n:,} samples)")
    for test in tests:
        place, colour = (test["distance"], names.index(test["name"])), RED if test["drifted"] else BLUE
        fill = colour if test["drifted"] else "none"
        axes.scatter(*place, marker=MARKERS[test["days"]], s=55, facecolors=fill, edgecolors=colour, zorder=3)
    axes.axvline(
        SMALLEST_DISTANCE, color=GREY, linestyle=":", linewidth=1.2, label="a single difference below does not matter"
    )
    drifted = [name for name in names if any(test["drifted"] for test in tests if test["name"] == name)]
    axes.set_yticks(
        range(len(names)), [titles[name] + " (drifted)" * (name in drifted) for name in names], fontsize=TEXT
    )
    axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.4, -0.6))
    axes.set_xlabel("distance from the reference (0 same, 1 apart)", fontsize=TEXT)
    axes.grid(axis="y", color=LINES, linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    add_heading(figure, title, "filled marks are alarms: more than chance, and enough to matter")
    return finished(
        figure,
        f"{title}: {'drift of ' + ', '.join(titles[name] for name in drifted) if drifted else 'no drift found'}.",
    )


def _table_row(task: Task, row: Mapping[str, Any]) -> list[Cell]:
    chance = row[task.probability_columns[task.classes.index(row["prediction"])]]
    settled = pd.notna(row["label"])
    verdict, colour = ("right", GREEN) if row["prediction"] == row["label"] else ("wrong", RED)
    return [
        (row["sample_id"], INK),
        (f"{row['prediction']} ({chance:.0%})", INK),
        (row["label"] if settled else "not known yet", INK),
        (verdict if settled else "", colour),
        (str(row["model_version"]), INK),
    ]


def _caption(axes: Axes, above: str, label: str, below: str) -> None:
    between = "\n" if len(label) > LONGEST_NAME else " "
    axes.set_title(f"{above}:{between}{label}", fontsize=TITLE, color=INK)
    axes.text(0.5, -0.06, below, transform=axes.transAxes, ha="center", fontsize=TEXT, color=GREY)


def _quality_panel(axes: Axes, name: str, promise: Estimate | None, base: float | None, simplest: str) -> None:
    """The promised band, the score of the simplest answer, and the axes."""
    promised = whole(promise)
    if promised:
        value, low, high = promised
        axes.axhspan(low, high, color=GREEN, alpha=0.15, linewidth=0, label="promised (held-out, 95 %)")
        axes.axhline(value, color=GREEN, linewidth=1)
    if base is not None:
        axes.axhline(base, color=GREY, linestyle="--", linewidth=1.2, label=simplest)
    axes.set_ylabel(metric_title(name), fontsize=TEXT)
    axes.tick_params(labelsize=SMALL)
    axes.grid(color=LINES, linewidth=0.6)
    date_axis(axes)


def _draw_live(axes: Axes, name: str, rows: pd.DataFrame) -> None:
    """The score of what has turned out, one line a version, with its interval."""
    for number, (_, of_version) in enumerate(rows.groupby("version", sort=True)):
        days, middle = pd.to_datetime(of_version["day"]), of_version[f"rolling_{name}"]
        axes.fill_between(
            days,
            of_version[f"rolling_{name}_low"],
            of_version[f"rolling_{name}_high"],
            color=BLUE,
            alpha=0.2,
            linewidth=0,
        )
        label = f"live, newest {ROLLING_SAMPLES} samples or more, with 95 % interval" if not number else None
        axes.plot(days, middle, color=BLUE, marker="o", markersize=3, linewidth=1.6, label=label)
    if rows[f"rolling_{name}"].isna().all():
        samples = int(rows["rolling_n"].iloc[-1])
        words = f"Not enough data yet: {samples} of {FEWEST_SAMPLES} samples"
        words = words if samples < FEWEST_SAMPLES else "Not enough data yet: a class has too few samples"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=TEXT, color=INK)


def _draw_expected(axes: Axes, name: str, rows: pd.DataFrame) -> None:
    """The score that is expected before the truth is known, dashed, with its interval."""
    days = pd.to_datetime(rows["day"])
    value, low, high = (rows[f"expected_{name}{end}"].astype("float64") for end in ("", "_low", "_high"))
    axes.fill_between(days, low, high, color=VIOLET, alpha=0.12, linewidth=0)
    label = "expected before the truth, with 90 % interval"
    axes.plot(days, value, color=VIOLET, linestyle="--", linewidth=1.6, label=label)


def _mark_changes(axes: Axes, days: Sequence[str], reigns: Sequence[Reign]) -> None:
    """A line at each change of champion within the days shown; the first reign begins at the left edge."""
    first, last = pd.Timestamp(min(days)), pd.Timestamp(max(days))
    axes.set_xlim(first - pd.Timedelta(hours=12), last + pd.Timedelta(hours=12))
    for reign in reigns:
        since = pd.Timestamp(reign["since"]).tz_convert("UTC").tz_localize(None)
        if since > last:
            continue
        name = "no champion" if reign["version"] is None else f"v{reign['version']}"
        if since > first:
            axes.axvline(since, color=INK, linewidth=1, linestyle="-.")
            axes.text(since, 1.01, name, transform=axes.get_xaxis_transform(), fontsize=SMALL, color=INK, ha="center")


def _spoken(over_time: pd.DataFrame, foreseen: pd.DataFrame, name: str) -> str:
    """The newest score in words, and the one that is expected beside it."""
    told = [_newest(over_time, f"rolling_{name}")] if len(over_time) else []
    told += [f"expected {_newest(foreseen, f'expected_{name}')}"] if f"expected_{name}" in foreseen else []
    return ", ".join(told)


def _newest(rows: pd.DataFrame, name: str) -> str:
    value, low, high = (rows[f"{name}{end}"].iloc[-1] for end in ("", "_low", "_high"))
    return "not enough data yet" if pd.isna(value) else interval(value, low, high)
