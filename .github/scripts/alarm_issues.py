"""Keep one issue for each alarm in step with what the newest Inference found.

    alarm_issues.py inference.yml    the workflow whose newest good run has the artifact `alarms`

The tasks of which a score is newly below its promise are the output `below_promise` of the step.

The words of an issue follow every run, of which GitHub tells nobody. It gets a comment when the alarm concerns other
tasks, scores or inputs than it ever did, and is closed when the alarm is raised no more. A person who closes it as
"not planned" hears of it again when it has changed.
"""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarm_document import FILE, Alarm, AlarmsError, read_alarms
from bot_issues import BotIssues, Issue
from github_rest import ArtifactError, GitHub, GitHubError
from quiet import NOTHING, quiet

ARTIFACT = "alarms"
MOST_BYTES = 10**6
LONG = 1000  # characters of a detail, which may name several tasks
# What the variable of that name can be; empty: nobody has set it.
RETRAIN = ("", "monthly", "on-alarm", "both")

HOW_IT_IS_KEPT = (
    "Text and picture follow each Inference. A comment tells when other tasks, scores or inputs are concerned; the "
    "first Inference without the alarm closes this issue. Close it as *not planned* to hear no more of it as it is."
)

_STATE = re.compile(r"<!-- alarm-state [0-9a-f]{12} -->")


@dataclass(frozen=True)
class Places:
    """Where things are: the repository on the web, the run that found the alarms, and the branch with the pictures."""

    repository: str
    run: str
    pictures: str

    def workflow(self, file: str) -> str:
        """Where a person starts a workflow."""
        return f"{self.repository}/actions/workflows/{file}"


@dataclass(frozen=True)
class Kept:
    """What was done about one alarm: a few words, and whether its readers were told something."""

    words: str
    is_news: bool = False


def keep_alarms(issues: BotIssues, alarms: Sequence[Alarm], places: Places) -> tuple[list[str], list[str]]:
    """Bring the issues in step with the alarms.

    Returns
    -------
    The lines of a summary, and the tasks of which a score is newly below its promise.
    """
    kept = {alarm.mark: _keep(issues, alarm, places) for alarm in alarms}
    lines = [f"| {quiet(alarm.title)} | {kept[alarm.mark].words} |" for alarm in alarms]
    for issue in issues.known:
        marks = re.findall(r"<!-- alarm [a-z0-9_ ]+ -->", issue["body"] or "")
        if marks and marks[-1] not in kept and _is_kept(issue):
            lines.append(f"| {quiet(issue['title'])} | {_end(issues, issue, marks[-1], alarms, places)} |")
    below = {task for alarm in alarms if alarm.kind == "quality" and kept[alarm.mark].is_news for task in alarm.tasks}
    return ["| alarm | issue |", "| --- | --- |", *lines], sorted(below)


def _keep(issues: BotIssues, alarm: Alarm, places: Places) -> Kept:
    issue = issues.marked(alarm.mark)
    if issue is None or not _is_kept(issue):
        return _open(issues, alarm, places)
    said, number = issues.said(issue), f"#{issue['number']}"
    is_news = alarm.state not in said
    if issue["state"] == "closed":
        # Somebody has decided to live with it, as it was.
        return _open(issues, alarm, places) if is_news else Kept(number)
    if is_news:
        issues.comment(issue, f"It has changed: {_words(alarm)}\n{alarm.state}")
    # The text keeps the state that the issue began with, so that this is not told again when it comes back.
    first = _STATE.search(issue["body"])
    text = {"title": _title(alarm), "body": _body(alarm, places, first[0] if first else alarm.state)}
    if any(issue[name] != value for name, value in text.items()):
        issues.edit(issue, **text)
    return Kept(number, is_news)


def _open(issues: BotIssues, alarm: Alarm, places: Places) -> Kept:
    told = issues.open(_title(alarm), _body(alarm, places, alarm.state))
    # Where issues are switched off nothing remembers that this was told, so that it would be news every day.
    return Kept(told, is_news=told.startswith("#"))


def _is_kept(issue: Issue) -> bool:
    """Whether an issue follows its alarm: while it is open, and where a person closed it as not planned."""
    return bool(issue["state"] == "open" or issue.get("state_reason") == "not_planned")


def _end(issues: BotIssues, issue: Issue, mark: str, alarms: Sequence[Alarm], places: Places) -> str:
    if issue["state"] == "closed":
        issues.edit(issue, state="closed", state_reason="completed")
        return f"#{issue['number']}, over"
    dataset = mark.split()[-2]
    others = [f"*{quiet(alarm.title)}*" for alarm in alarms if alarm.dataset == dataset]
    beside = f" It raises for the same data: {', '.join(others)}." if others else ""
    return issues.close(issue, f"The [newest Inference]({places.run}) does not raise this alarm any more.{beside}")


def _title(alarm: Alarm) -> str:
    # GitHub shows a title as it is, so that nothing in it has to be made harmless but a mention.
    return " ".join(alarm.title.split())[:200].replace("@", f"@{NOTHING}") or alarm.subject


def _words(alarm: Alarm) -> str:
    return f"**{quiet(alarm.title)}.** {quiet(alarm.detail, LONG)}."


def _body(alarm: Alarm, places: Places, state: str) -> str:
    links = {
        "Promote another version": places.workflow("promote.yml"),
        "Train a new one": places.workflow("train.yml"),
        "The run that found it": places.run,
        "How it is computed": f"{places.repository}/blob/HEAD/docs/monitoring.md",
    }
    parts = [
        _words(alarm),
        f"**What to do.** {quiet(alarm.advice)}",
        " · ".join(f"[{words}]({address})" for words, address in links.items()),
        _picture(alarm, places),
        f"{quiet(alarm.false_alarms)} {HOW_IT_IS_KEPT}".strip(),
        f"{alarm.mark}\n{state}",
    ]
    return "\n\n".join(filter(None, parts))


def _picture(alarm: Alarm, places: Places) -> str:
    if not alarm.picture:
        return ""
    return f"![{quiet(alarm.picture['alt'])}]({places.pictures}/{alarm.picture['file']}?raw=true)"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Read what the newest run found, keep the issues. Returns 0, or 1 where GitHub refused or the document is none."""
    [workflow] = arguments
    github, retrain = GitHub(environ), environ.get("RETRAIN", "")
    if retrain not in RETRAIN:
        choices = ", ".join(RETRAIN[1:])
        print(f"::warning::The variable RETRAIN is {quiet(retrain)}, which does nothing; it can be {choices}.")
    try:
        run = _newest_run(github, workflow, environ.get("BRANCH", ""))
        content = github.artifact(run["id"], ARTIFACT, FILE, MOST_BYTES) if run else None
        if run is None or content is None:
            print(f"The newest good run of {workflow} has told no alarms yet.")
            return 0
        lines, below = keep_alarms(BotIssues(github, "all"), read_alarms(content), _places(run, environ))
    except (AlarmsError, ArtifactError, GitHubError) as error:
        print(f"::error::{error}")
        return 1
    print("\n".join(lines))
    _append(environ.get("GITHUB_STEP_SUMMARY"), "### Alarms", "", *lines)
    _append(environ.get("GITHUB_OUTPUT"), f"below_promise={' '.join(below)}")
    return 0


def _append(file: str | None, *lines: str) -> None:
    if file:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write("\n".join([*lines, ""]))


def _newest_run(github: GitHub, workflow: str, branch: str) -> Mapping[str, Any] | None:
    query = {"branch": branch} if branch else {}
    runs = github.get(f"actions/workflows/{workflow}/runs", status="success", per_page=1, **query)["workflow_runs"]
    return dict(runs[0]) if runs else None


def _places(run: Mapping[str, Any], environ: Mapping[str, str]) -> Places:
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    repository = f"{server}/{environ['GITHUB_REPOSITORY']}"
    branch = environ.get("STORE_BRANCH") or "store"
    return Places(repository, str(run["html_url"]), f"{repository}/blob/{branch}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
