"""The issues that the workflows keep: each found by a mark in its text, opened once, and never told the same twice."""
# ruff: noqa: INP001, T201 - a module beside the workflows, which talks to the log of a job

from collections.abc import Mapping
from typing import Any

from github_rest import BOT, GitHub, GitHubError

GONE = 410

Issue = Mapping[str, Any]


class BotIssues:
    """The issues that a job of this repository has opened; those of people are left alone, whatever they say."""

    def __init__(self, github: GitHub, state: str = "open") -> None:
        self._github = github
        self.known = [issue for issue in github.pages("issues", state=state) if issue["user"]["login"] == BOT]

    def marked(self, mark: str) -> Issue | None:
        """The newest issue with that mark, an open one before those that are closed."""
        issues = [issue for issue in self.known if mark in (issue["body"] or "")]
        return next((issue for issue in issues if issue["state"] == "open"), issues[0] if issues else None)

    def open(self, title: str, body: str) -> str:
        """Open an issue; returns what was done, in a few words."""
        try:
            issue = self._github.send("POST", "issues", title=title, body=body)
        except GitHubError as error:
            if error.status != GONE:
                raise
            print(f"::warning::{title}, and this repository has its issues switched off.")
            return "issues are switched off"
        return f"#{issue['number']}, opened"

    def said(self, issue: Issue) -> str:
        """All that the issue and its comments say."""
        comments = self._github.pages(f"issues/{issue['number']}/comments")
        return "\n".join([issue["body"], *(comment["body"] or "" for comment in comments)])

    def comment(self, issue: Issue, text: str) -> None:
        """Say something below an issue, which GitHub tells its readers."""
        self._github.send("POST", f"issues/{issue['number']}/comments", body=text)

    def edit(self, issue: Issue, **changes: object) -> None:
        """Change an issue, of which GitHub tells nobody."""
        self._github.send("PATCH", f"issues/{issue['number']}", **changes)

    def close(self, issue: Issue, text: str) -> str:
        """Say why, and close the issue; returns what was done, in a few words."""
        self.comment(issue, text)
        self.edit(issue, state="closed", state_reason="completed")
        return f"#{issue['number']}, closed"
