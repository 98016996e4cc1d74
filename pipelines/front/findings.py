"""What somebody should look at, read from `dashboard/metrics.json`: each finding with its words and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Literal

from pipelines.documents.metrics import (
    ALL_INPUTS,
    Alarm,
    DataPart,
    DayPart,
    DayScores,
    Lately,
    live_score,
    score_on,
    value_of,
)
from pipelines.front.kinds import kind_of
from pipelines.models.metrics import LOWER_IS_BETTER, metric_title, wilson
from pipelines.wording import awaiting_words, day_words, minute_words

State = Literal["ok", "bad", "late", "quiet"]
Kind = Literal["late", "clock", "future", "overdue", "quality", "expected", "quarantine", "inputs", "mix"]
Tasks = Mapping[str, DayPart]

# A tenth of the rows, as for drift: fewer change no score by much.
MUCH_QUARANTINE = 0.1
NAMES_TOLD = 3
# Clocks of machines that are right differ by seconds.
MOST_APART = timedelta(hours=1)
ADVICE: dict[Kind, str] = {
    "late": "Look whether the schedule is switched on and the last run ended well, then start the workflow by hand.",
    "clock": "Set the clock of the machine that ran, and run again; until then nobody can tell whether a run is late.",
    "future": "Set those days aside with `python -m pipelines repair --future`; they are kept, and days are due again.",
    "overdue": "Look at where the labels come from; no score knows of these samples. If labels take longer, let their "
    "`Label(due_after=...)` say so.",
    "quality": "Compare its versions; go back to an earlier one where that did better, or train a new one.",
    "expected": "No outcome says so yet: the model is less sure than it was in the test. Look at the inputs; if the "
    "world changed, train on newer data.",
    "quarantine": "Look at what the rows in quarantine share: that tells what broke. Mend the source, not the model.",
    "inputs": "If a sensor or a unit changed, mend the source. If the world changed, train on newer data.",
    "mix": "If the world changed, train on newer data. If not, look at the inputs first.",
}
# What to do about a score while its inputs are strange: another version would answer them no better.
CAUSE_FIRST = "See to the measurements first: the answers follow from them."


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Attributes
    ----------
    about
        The name of the task or data set; empty where it is about all.
    tasks
        The tasks that it concerns, by name.
    lead, detail
        What is wrong and since when, and by how much.
    since
        The day it began (ISO), where that is known.
    parts
        The scores or inputs that it is about: it is another finding when these are others, not when numbers move.
    caused
        Whether another finding about the same data tells why.
    """

    kind: Kind
    about: str
    tasks: tuple[str, ...]
    lead: str
    detail: str
    since: str | None = None
    parts: tuple[str, ...] = ()
    caused: bool = False

    @property
    def advice(self) -> str:
        """What to do."""
        return CAUSE_FIRST if self.caused else ADVICE[self.kind]

    @property
    def state(self) -> State:
        """Late runs and wrong clocks are about the runs, the rest about the models."""
        return "late" if self.kind in {"late", "clock"} else "bad"


def findings_of(datasets: Mapping[str, DataPart], tasks: Tasks, now: datetime) -> list[Finding]:
    """Everything that somebody should look at: late runs, then by data set the cause before what it does to scores."""
    findings = [*_late(tasks, now), *_clock(tasks, now)]
    for name, data in datasets.items():
        own = {task: part for task, part in tasks.items() if part["dataset"] == name}
        cause = [*_quarantine(data, own)] or [*_inputs(data, own)]
        told = [*cause, *_quality(data, own, caused=bool(cause)), *_expected(data, own)]
        # Strange inputs get strange answers: that is no news beside them.
        findings += [*_future(data, own, now), *_overdue(data, own, now)]
        findings += told or [*_mix(data, own)]
    return findings


def is_late(task: DayPart, now: datetime) -> bool:
    """Whether the next run of a task should have happened by now."""
    return task["late_after"] is not None and now > datetime.fromisoformat(task["late_after"])


def is_overdue(task: DayPart, now: datetime) -> bool:
    """Whether the oldest outcome that is waited for should have been learned by now."""
    due = task["awaiting"]["overdue_after"]
    return due is not None and now > datetime.fromisoformat(due)


def much_in_quarantine(lately: Lately) -> bool:
    """Whether surely more than a tenth of what came lately broke the data contract: not by chance alone (95 %)."""
    seen = lately["arrived"] + lately["quarantined"]
    return bool(seen) and wilson(lately["quarantined"], seen)[0] > MUCH_QUARANTINE


def _late(tasks: Tasks, now: datetime) -> Iterator[Finding]:
    late = {name: task for name, task in tasks.items() if is_late(task, now)}
    if late:
        oldest = min(late.values(), key=lambda task: str(task["late_after"]))
        words = f"The last run was on {minute_words(str(oldest['last_run']))}; the numbers below are as old"
        since = str(oldest["late_after"])
        yield Finding("late", "", tuple(late), f"The daily run is late since {day_words(since)}", words, since[:10])


def _clock(tasks: Tasks, now: datetime) -> Iterator[Finding]:
    runs = {name: run for name, task in tasks.items() if (run := task["last_run"])}
    ahead = {name: run for name, run in runs.items() if datetime.fromisoformat(run) > now + MOST_APART}
    if ahead:
        words = f"The last run says that it was on {minute_words(max(ahead.values()))}"
        yield Finding("clock", "", tuple(ahead), "A clock was wrong", words)


def _future(data: DataPart, tasks: Tasks, now: datetime) -> Iterator[Finding]:
    newest = data["newest_day"]
    if newest and date.fromisoformat(newest) > now.date():
        lead = f"There are days up to {day_words(newest)} {newest[:4]}, which is after today"
        detail = "A run had a wrong clock, and no new day is due until then."
        yield Finding("future", data["title"], tuple(tasks), lead, detail)


def _overdue(data: DataPart, tasks: Tasks, now: datetime) -> Iterator[Finding]:
    """Outcomes that a run should have learned by now; where no run came that is no news."""
    waiting = {name: task for name, task in tasks.items() if is_overdue(task, now) and not is_late(task, now)}
    if waiting:
        oldest = min(str(task["awaiting"]["overdue_after"]) for task in waiting.values())
        lead = f"What turned out is overdue since {day_words(oldest)}"
        told = [f"{task['title']} is {_awaiting(task)}" for task in waiting.values()]
        yield Finding("overdue", data["title"], tuple(waiting), lead, "; ".join(told), oldest[:10])


def _awaiting(task: DayPart) -> str:
    return awaiting_words(task["awaiting"]["n"], task["awaiting"]["since"])


def _quality(data: DataPart, tasks: Tasks, *, caused: bool) -> Iterator[Finding]:
    below = {name: [alarm for alarm in task["alarms"] if alarm["on"]] for name, task in tasks.items()}
    below = {name: alarms for name, alarms in below.items() if alarms}
    if below:
        since = min(str(alarm["since"]) for alarms in below.values() for alarm in alarms)
        detail = "; ".join(_below(tasks[name], alarms[0]) for name, alarms in below.items())
        parts = tuple(f"{name} {alarm['score']}" for name, alarms in below.items() for alarm in alarms)
        lead = f"Below the promise since {day_words(since)}"
        yield Finding("quality", data["title"], tuple(below), lead, detail, since, parts, caused)


def _below(task: DayPart, alarm: Alarm, *, expected: bool = False) -> str:
    score, told = alarm["score"], kind_of(task).value_words
    value = value_of(live_score(task["live"], score))
    if expected:
        value = score_on(task["expectation"]["over_time"][-1], f"expected_{score}")
    verb = "is expected to be" if expected else "is"
    now = "" if value is None else f" {verb} {told(task, score, value, 2)}"
    bound = "at most" if score in LOWER_IS_BETTER else "at least"
    return (
        f"{task['title']}, whose {metric_title(score)}{now}, promised {bound} {told(task, score, alarm['promise'], 2)}"
    )


def _expected(data: DataPart, tasks: Tasks) -> Iterator[Finding]:
    """Scores that are surely expected below their promise, before the truth is known."""
    below = {
        name: alarm
        for name, task in tasks.items()
        for alarm in task["alarms"]
        if not any(each["on"] for each in task["alarms"]) and _days_below(task, alarm)
    }
    if below:
        since = min(_days_below(tasks[name], alarm)[0] for name, alarm in below.items())
        detail = "; ".join(_below(tasks[name], alarm, expected=True) for name, alarm in below.items())
        parts = tuple(f"{name} {alarm['score']}" for name, alarm in below.items())
        lead = f"Expected below the promise since {day_words(since)}"
        yield Finding("expected", data["title"], tuple(below), lead, detail, since, parts)


def _days_below(task: DayPart, alarm: Alarm) -> list[str]:
    """The newest days on which the whole band of the expected score lies below the promise, oldest first."""
    rows = task["expectation"]["over_time"] if "expectation" in task else []
    below = takewhile(lambda row: _is_surely_below(row, alarm), reversed(rows))
    return [str(row["day"]) for row in below][::-1]


def _is_surely_below(row: DayScores, alarm: Alarm) -> bool:
    score, promise = alarm["score"], alarm["promise"]
    low, high = (score_on(row, f"expected_{score}_{end}") for end in ("low", "high"))
    if promise is None or low is None or high is None:
        return False
    return low > promise if score in LOWER_IS_BETTER else high < promise


def _quarantine(data: DataPart, tasks: Tasks) -> Iterator[Finding]:
    lately = data["lately"]
    if much_in_quarantine(lately):
        seen = lately["arrived"] + lately["quarantined"]
        detail = (
            f"{lately['quarantined']} of {seen} {data['plural']} of the last {lately['days']} days are in quarantine"
        )
        changed = _changed(data)
        detail += f"; of the others, {changed}" if changed else ""
        lead = _since("Broken measurements", lately["since"])
        yield Finding("quarantine", data["title"], tuple(tasks), lead, detail, lately["since"])


def _inputs(data: DataPart, tasks: Tasks) -> Iterator[Finding]:
    drifted = {*data["drift"]["alarms"]}
    concerned = [own for own, task in tasks.items() if {*task["inputs"], ALL_INPUTS} & drifted]
    if concerned:
        since = data["drift"]["since"]
        lead = _since(f"Unusual {data['plural']}", since)
        yield Finding("inputs", data["title"], tuple(concerned), lead, _changed(data), since, tuple(sorted(drifted)))


def _changed(data: DataPart) -> str:
    """Which inputs have changed; empty where none has."""
    drifted = data["drift"]["alarms"]
    single = [data["features"][name] for name in drifted if name in data["features"]]
    if single:
        return f"{_listed(single)} no longer look{'s' * (len(single) == 1)} as in training"
    return "the measurements no longer go together as in training" if drifted else ""


def _mix(data: DataPart, tasks: Tasks) -> Iterator[Finding]:
    drifted = {name: task["drift"]["alarms"] for name, task in tasks.items() if task["drift"]["alarms"]}
    if drifted:
        titles = _listed([tasks[name]["title"] for name in drifted])
        what = {
            "label": "what turns out", "prediction": "what is predicted", "error": "how far off the answers are",
        }  # fmt: skip
        told = " and ".join(what[each] for each in sorted({each for names in drifted.values() for each in names}))
        moved = " and ".join(dict.fromkeys(kind_of(tasks[name]).moved for name in drifted))
        detail = f"{titles}: {moved} than the model was made for"
        parts = tuple(f"{name} {each}" for name, names in drifted.items() for each in sorted(names))
        yield Finding("mix", data["title"], tuple(drifted), f"Another mix in {told}", detail, parts=parts)


def _since(words: str, day: str | None) -> str:
    return f"{words} since {day_words(day)}" if day else words


def _listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMES_TOLD
    return ", ".join(names[:NAMES_TOLD]) + (f" and {more} more" if more > 0 else "")
