"""How the system does, in one sentence: a pure function of `dashboard/metrics.json` and the clock.

Four states: `ok` (every model keeps its promise), `bad` (somebody is needed), `late` (a run is missing), `quiet` (too
early to tell). A model keeps its promise while no alarm says otherwise and enough samples have turned out to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipelines.documents.metrics import Parts, TaskPart, live_score
from pipelines.front.findings import Finding, State, findings_of
from pipelines.front.kinds import kind_of
from pipelines.wording import day_words, minute_words

ONE_RUN_A_DAY = timedelta(days=1)
MOST_NAMED = 3  # names that a headline bears
# What a card says of a task that needs somebody; what it does to answers comes before its cause.
BAD = {
    "future": "has days that are not yet",
    "quality": "below its promise",
    "expected": "expected below its promise",
    "overdue": "waits for the truth too long",
    "quarantine": "gets broken measurements",
    "inputs": "its inputs have changed",
    "mix": "the mix has changed",
}
START = "Nothing has run yet"
HOW_TO_START = "Run `make demo` on a laptop, or the workflows Features, Train model and Inference on GitHub."


@dataclass(frozen=True)
class TaskVerdict:
    """The state of one task, and the same in a few words."""

    state: State
    words: str


@dataclass(frozen=True)
class Verdict:
    """What a visitor reads first.

    Attributes
    ----------
    headline
        One sentence without a full stop.
    as_of
        Of when the data are and when the next run is due.
    facts
        What arrived and how much of it is in quarantine.
    findings
        What to look at, the most pressing first.
    """

    state: State
    headline: str
    as_of: str
    facts: str
    findings: tuple[Finding, ...]
    tasks: Mapping[str, TaskVerdict]


def verdict(document: Parts, now: datetime) -> Verdict:
    """How the system does.

    Parameters
    ----------
    document
        What `dashboard/metrics.json` holds.
    now
        The time (UTC): only whether a run is late depends on it.
    """
    last_run = max((task["last_run"] for task in document["tasks"].values() if task["last_run"]), default="")
    findings = tuple(findings_of(document["datasets"], document["tasks"], now))
    tasks = {name: task_verdict(name, task, findings) for name, task in document["tasks"].items()}
    state, headline = _headline(document, findings, tasks) if last_run else ("quiet", START)
    running = not document["datasets"] or any(not data.get("record") for data in document["datasets"].values())
    return Verdict(state, headline, _as_of(last_run, running=running), _facts(document), findings, tasks)


def task_verdict(name: str, task: TaskPart, findings: tuple[Finding, ...]) -> TaskVerdict:
    """The state of one task: its alarms first, then whether there is enough to tell."""
    own = [finding for finding in findings if name in finding.tasks and finding.state == "bad"]
    if own:
        kinds = {finding.kind for finding in own}
        return TaskVerdict("bad", next(words for kind, words in BAD.items() if kind in kinds))
    missing = too_early(task)
    return TaskVerdict("quiet", missing) if missing else TaskVerdict("ok", "keeps its promise")


def too_early(task: TaskPart) -> str:
    """Why nothing can be said of a task yet; empty where something can. Every surface asks this function."""
    if task["champion"] is None and task["version"] is None:
        return "no model yet"
    judged = live_score(task["live"], kind_of(task).judged_by)
    if not judged or not task["live"]["n"]:
        return "nothing has turned out yet"
    return "" if judged["enough"] else f"too early to tell: {judged['needs']}"


def _headline(document: Parts, findings: tuple[Finding, ...], tasks: Mapping[str, TaskVerdict]) -> tuple[State, str]:
    bad = [document["tasks"][name]["title"] for name, task in tasks.items() if task.state == "bad"]
    if bad:
        whole = list(dict.fromkeys(finding.about for finding in findings if finding.state == "bad"))
        names = ", ".join(bad if len(bad) <= MOST_NAMED else whole)
        return "bad", f"{len(bad)} of {_models(len(tasks))} need{'s' * (len(bad) == 1)} you: {names}"
    if findings:
        return "late", findings[0].lead
    kept = sum(task.state == "ok" for task in tasks.values())
    return ("ok" if kept else "quiet"), _kept(kept, len(tasks))


def _kept(kept: int, total: int) -> str:
    if not kept:
        return f"Too early to tell how {'the model does' if total == 1 else f'the {total} models do'}"
    if kept < total:
        return f"{kept} of {_models(total)} keep{'s' * (kept == 1)} the promise; for the rest it is too early to tell"
    return "The model keeps its promise" if total == 1 else f"All {total} models keep their promise"


def _models(total: int) -> str:
    return f"{total} model{'s' * (total != 1)}"


def _as_of(last_run: str, *, running: bool) -> str:
    if not last_run:
        return HOW_TO_START
    if not running:
        return f"As of {minute_words(last_run)}, in a record: no run is due."
    next_day = date.fromisoformat(last_run[:10]) + ONE_RUN_A_DAY
    return f"As of {minute_words(last_run)}. The next run is due on {day_words(next_day)}."


def _facts(document: Parts) -> str:
    arrived = sum(data["arrived"] for data in document["datasets"].values())
    refused = sum(data["quarantined"] for data in document["datasets"].values())
    if not arrived + refused:
        return ""
    return f"{arrived:,} samples have arrived, {f'{refused:,} more are' if refused else 'none is'} in quarantine."
