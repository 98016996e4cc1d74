"""Keep the issues in step with the pipelines, and the schedules alive.

    upkeep.py issues features.yml=36 train.yml ...   open, comment on and close one issue for each pipeline
    upkeep.py keepalive features.yml ...             enable workflows anew, so that GitHub does not switch them off

The state is read from the newest runs and not from the event that started this, so that a missed or doubled
start changes nothing. A pipeline has an issue while its newest run failed, or while it has not run for the
given number of hours.
"""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot_issues import BotIssues
from github_rest import GitHub, GitHubError

FAILED = frozenset({"failure", "timed_out", "startup_failure"})

# A cancelled, skipped or replaced run says nothing about the pipeline; a step that hangs fails by its own timeout.
COUNTED = FAILED | {"success"}

# Among this many runs there is one that counts; only presses of a cancel button come between.
RUNS = 30

# What runs once a day is never that late; what may wait longer runs once a week.
DAILY_HOURS = 72
HELP = "docs/operations.md#when-a-pipeline-fails-or-does-not-run"

NOT_FOUND = 404


@dataclass(frozen=True)
class Pipeline:
    """One workflow file and how many hours it may go without a run; None: it has no schedule."""

    file: str
    hours: float | None = None

    @property
    def often(self) -> str:
        """How often it should run, in a word."""
        return "daily" if self.hours is None or self.hours <= DAILY_HOURS else "weekly"

    @property
    def mark(self) -> str:
        """What the pipeline's issue is recognised by."""
        return f"<!-- upkeep {self.file} -->"


@dataclass(frozen=True)
class State:
    """What the newest runs of a pipeline say. `newest` is the newest run that counts."""

    name: str
    newest: dict[str, Any] | None
    reports: tuple["Report", ...]

    @property
    def word(self) -> str:
        """The state in a word or two."""
        return " and ".join(report.word for report in self.reports) or ("works" if self.newest else "no run yet")


@dataclass(frozen=True)
class Report:
    """One thing that is wrong; `mark` is said once in the pipeline's issue and never again."""

    word: str
    text: str
    mark: str


def keep_issues(github: GitHub, pipelines: Sequence[Pipeline], branch: str, now: datetime) -> list[str]:
    """Bring every pipeline's issue in step with its newest runs; returns the lines of a summary."""
    issues = BotIssues(github)
    lines = ["| pipeline | state | newest run | issue |", "| --- | --- | --- | --- |"]
    for pipeline in pipelines:
        state = _state(github, pipeline, branch, now)
        if state:
            told = _bring_in_step(issues, pipeline, state)
            newest = f"[{state.newest['created_at']}]({state.newest['html_url']})" if state.newest else ""
            lines.append(f"| {state.name} | {state.word} | {newest} | {told} |")
    return lines


def keep_alive(github: GitHub, files: Sequence[str]) -> list[str]:
    """Enable each workflow anew, unless a person switched it off; returns the lines of a summary."""
    lines = []
    for workflow, file in ((_workflow(github, file), file) for file in files):
        if workflow is None:
            lines.append(f"- {file}: GitHub does not know it yet")
        elif workflow["state"] in ("active", "disabled_inactivity"):
            github.send("PUT", f"actions/workflows/{file}/enable")
            lines.append(f"- {workflow['name']}: kept alive (was {workflow['state']})")
        else:
            lines.append(f"- {workflow['name']}: left as it is ({workflow['state']})")
    return lines


def _workflow(github: GitHub, file: str) -> dict[str, Any] | None:
    """None where GitHub knows no such workflow, because it has not reached the default branch."""
    try:
        return dict(github.get(f"actions/workflows/{file}"))
    except GitHubError as error:
        if error.status == NOT_FOUND:
            return None
        raise


def _state(github: GitHub, pipeline: Pipeline, branch: str, now: datetime) -> State | None:
    workflow = _workflow(github, pipeline.file)
    if workflow is None:
        return None
    query = {"branch": branch} if branch else {}
    runs = github.get(f"actions/workflows/{pipeline.file}/runs", status="completed", per_page=RUNS, **query)
    newest = next((run for run in runs["workflow_runs"] if run["conclusion"] in COUNTED), None)
    reports = (_failure(github, workflow, newest), _staleness(pipeline, workflow, newest, now))
    return State(workflow["name"], newest, tuple(report for report in reports if report))


def _failure(github: GitHub, workflow: Mapping[str, Any], newest: Mapping[str, Any] | None) -> Report | None:
    if newest is None or newest["conclusion"] not in FAILED:
        return None
    jobs = github.get(f"actions/runs/{newest['id']}/jobs")["jobs"]
    failed = [_where(job) for job in jobs if job["conclusion"] in FAILED]
    text = (
        f"**{workflow['name']}** failed: [run of {newest['created_at']}]({newest['html_url']})"
        f"{''.join(f'{chr(10)}- {place}' for place in failed)}"
    )
    return Report("fails", text, f"<!-- run {newest['id']}.{newest.get('run_attempt', 1)} -->")


def _where(job: Mapping[str, Any]) -> str:
    steps = [step["name"] for step in job.get("steps") or () if step["conclusion"] in FAILED]
    return f"job *{job['name']}*" + (f", step *{steps[0]}*" if steps else "")


def _staleness(
    pipeline: Pipeline, workflow: Mapping[str, Any], newest: Mapping[str, Any] | None, now: datetime
) -> Report | None:
    # One that a person switched off is meant to stand still; one without a run counts from its beginning.
    if pipeline.hours is None or workflow["state"] == "disabled_manually":
        return None
    since = _time((newest or workflow)["created_at"])
    if now - since <= timedelta(hours=pipeline.hours):
        return None
    name = workflow["name"]
    text = (
        f"**{name}** has not run since {since:%Y-%m-%d %H:%M} UTC, though it is scheduled {pipeline.often} (GitHub "
        f"says the workflow is {workflow['state']}). Start it by hand: *Actions → {name} → Run workflow*; it catches "
        "up by itself."
    )
    return Report("does not run", text, f"<!-- stale {now:%Y-%m-%d} -->")


def _bring_in_step(issues: BotIssues, pipeline: Pipeline, state: State) -> str:
    issue = issues.marked(pipeline.mark)
    if issue is None:
        return _open_issue(issues, pipeline, state) if state.reports else ""
    if not state.reports:
        return issues.close(issue, _recovery(state))
    said = issues.said(issue)
    for report in state.reports:
        if report.mark not in said:
            issues.comment(issue, f"{report.text}\n{report.mark}")
    return f"#{issue['number']}"


def _recovery(state: State) -> str:
    if state.newest is None:
        return f"**{state.name}** is switched off, so nothing is expected of it."
    return f"**{state.name}** works again: [run of {state.newest['created_at']}]({state.newest['html_url']})"


def _open_issue(issues: BotIssues, pipeline: Pipeline, state: State) -> str:
    texts = [f"{report.text}\n{report.mark}" for report in state.reports]
    ending = f"Each further failure becomes a comment here; the next run that works closes this issue. Help: {HELP}"
    return issues.open(f"{state.name} {state.word}", "\n\n".join([*texts, ending, pipeline.mark]))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _pipeline(text: str) -> Pipeline:
    file, _, hours = text.partition("=")
    return Pipeline(file, float(hours) if hours else None)


def main(arguments: Sequence[str], environ: Mapping[str, str], now: datetime) -> int:
    """Do what the first argument says for the workflows that follow. Returns 0, or 1 where GitHub refused."""
    verb, *files = arguments
    github = GitHub(environ)
    try:
        if verb == "keepalive":
            lines = keep_alive(github, files)
        else:
            lines = keep_issues(github, [_pipeline(file) for file in files], environ.get("BRANCH", ""), now)
    except GitHubError as error:
        print(f"::error::{error}")
        return 1
    print("\n".join(lines))
    if environ.get("GITHUB_STEP_SUMMARY"):
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, datetime.now(UTC)))
