"""Keep one issue in step with the known vulnerabilities of the locked packages.

    audit.py requirements.txt=audit-full.json ...    each lock with the answer of `pip-audit --format json` about it

The issue is opened when a vulnerability is found, gets a comment when others are, and is closed when there is none.
"""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from github_rest import GitHub, GitHubError

BOT = "github-actions[bot]"
MARK = "<!-- audit -->"
TITLE = "Known vulnerabilities in the locked packages"
HELP = (
    'Take the fixed version: `make lock UPGRADE="--upgrade-package NAME"`, then commit both locks; Dependabot may have '
    "done it already. The issue closes with the first audit that finds nothing. "
    "Help: docs/operations.md#known-vulnerabilities"
)
GONE = 410
# An answer is text from elsewhere: of a name or version only what can be one is repeated.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}")


class AuditError(Exception):
    """An answer that is none: the audit did not work, which says nothing about the packages."""


@dataclass(frozen=True, order=True)
class Finding:
    """One vulnerability of one locked package; `fixes` are the versions without it."""

    package: str
    version: str
    id: str
    fixes: tuple[str, ...]
    lock: str

    @property
    def line(self) -> str:
        """The finding for a person."""
        fixed = f"fixed in {', '.join(self.fixes)}" if self.fixes else "no fixed version yet"
        advisory = f"[{self.id}](https://osv.dev/vulnerability/{self.id})"
        return f"- `{self.package}` {self.version}: {advisory}, {fixed} (`{self.lock}`)"


def findings(lock: str, answer: str) -> list[Finding]:
    """What `pip-audit --format json` found in a lock.

    Raises
    ------
    AuditError
        The answer is not what pip-audit writes, or audits no package.
    """
    try:
        packages = json.loads(answer)["dependencies"]
        found = [
            Finding(
                _word(each["name"]),
                _word(each["version"]),
                _word(hole["id"]),
                tuple(map(_word, hole["fix_versions"])),
                lock,
            )
            for each in packages
            for hole in each.get("vulns", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AuditError(f"The audit of {lock} gave no answer that pip-audit writes: {error!r}.") from error
    if not packages:
        raise AuditError(f"The audit of {lock} looked at no package.")
    return sorted(set(found))


def keep_issue(github: GitHub, found: Sequence[Finding]) -> str:
    """Bring the one issue in step; returns what was done, in a line."""
    issues = github.pages("issues", state="open")
    issue = next((each for each in issues if each["user"]["login"] == BOT and MARK in (each["body"] or "")), None)
    if issue is None:
        return _open(github, found) if found else "no known vulnerability"
    number = issue["number"]
    if not found:
        github.send("POST", f"issues/{number}/comments", body="The newest audit found no known vulnerability.")
        github.send("PATCH", f"issues/{number}", state="closed", state_reason="completed")
        return f"#{number}, closed"
    said = "\n".join([issue["body"], *(each["body"] or "" for each in github.pages(f"issues/{number}/comments"))])
    news = [each.line for each in found if each.line not in said]
    if news:
        github.send("POST", f"issues/{number}/comments", body="\n".join(["Found since:", "", *news]))
    return f"#{number}, {len(found)} known"


def _open(github: GitHub, found: Sequence[Finding]) -> str:
    body = "\n".join([*(each.line for each in found), "", HELP, MARK])
    try:
        issue = github.send("POST", "issues", title=TITLE, body=body)
    except GitHubError as error:
        if error.status != GONE:
            raise
        print(f"::warning::{len(found)} known vulnerabilities, and this repository has its issues switched off.")
        return "issues are switched off"
    return f"#{issue['number']}, opened"


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(text[:40])
    return text


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Read the answers, keep the issue. Returns 0, or 1 where an audit or GitHub failed, and then touches no issue."""
    try:
        found: list[Finding] = []
        for lock, _, answer in (argument.partition("=") for argument in arguments):
            found += findings(lock, Path(answer).read_text(encoding="utf-8"))
        told = keep_issue(GitHub(environ), found)
    except OSError as error:
        print(f"::error::The answer of an audit is missing: {error}. See the step before; the next run tries again.")
        return 1
    except (AuditError, GitHubError) as error:
        print(f"::error::{error}")
        return 1
    print("\n".join([*(each.line for each in found), told]))
    if environ.get("GITHUB_STEP_SUMMARY"):
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write("\n".join(["### Audit", "", *(each.line for each in found), "", told, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
