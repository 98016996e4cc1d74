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

from bot_issues import BotIssues
from github_rest import GitHub, GitHubError

MARK = "<!-- audit -->"
TITLE = "Known vulnerabilities in the locked packages"
HELP = (
    'Take the fixed version: `make lock UPGRADE="--upgrade-package NAME"`, then commit both locks; Dependabot may have '
    "done it already. The issue closes with the first audit that finds nothing. "
    "Help: docs/operations.md#known-vulnerabilities"
)
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
        holes = [
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
    return sorted(set(holes))


def keep_issue(issues: BotIssues, holes: Sequence[Finding]) -> str:
    """Bring the one issue in step; returns what was done, in a line."""
    issue = issues.marked(MARK)
    if issue is None:
        body = "\n".join([*(each.line for each in holes), "", HELP, MARK])
        return issues.open(TITLE, body) if holes else "no known vulnerability"
    if not holes:
        return issues.close(issue, "The newest audit found no known vulnerability.")
    said = issues.said(issue)
    news = [each.line for each in holes if each.line not in said]
    if news:
        issues.comment(issue, "\n".join(["Found since:", "", *news]))
    return f"#{issue['number']}, {len(holes)} known"


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(text[:40])
    return text


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Read the answers, keep the issue. Returns 0, or 1 where an audit or GitHub failed, and then touches no issue."""
    try:
        holes: list[Finding] = []
        for lock, _, answer in (argument.partition("=") for argument in arguments):
            holes += findings(lock, Path(answer).read_text(encoding="utf-8"))
        told = keep_issue(BotIssues(GitHub(environ)), holes)
    except OSError as error:
        print(f"::error::The answer of an audit is missing: {error}. See the step before; the next run tries again.")
        return 1
    except (AuditError, GitHubError) as error:
        print(f"::error::{error}")
        return 1
    print("\n".join([*(each.line for each in holes), told]))
    if environ.get("GITHUB_STEP_SUMMARY"):
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write("\n".join(["### Audit", "", *(each.line for each in holes), "", told, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
