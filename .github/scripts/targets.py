"""See where a run can publish to: `spaces` and `page`, as outputs of its step, and one line for what is skipped."""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from github_rest import GitHub, GitHubError

SPACES_SKIPPED = "The Spaces are skipped: this repository has no secret HF_TOKEN."
PAGE_SKIPPED = "GitHub Pages is skipped: switch it on under Settings → Pages → Source: GitHub Actions."

NOT_FOUND = 404


def main(environ: Mapping[str, str]) -> int:
    """Write the outputs, and a notice for each target that is skipped. Returns 0, or 1 where GitHub refused."""
    try:
        targets = {"spaces": environ.get("HAS_HF_TOKEN") == "true", "page": pages_is_on(GitHub(environ))}
    except GitHubError as error:
        print(f"::error::{error}")
        return 1
    skipped = [sentence for name, sentence in (("spaces", SPACES_SKIPPED), ("page", PAGE_SKIPPED)) if not targets[name]]
    for sentence in skipped:
        print(f"::notice::{sentence}")
    _append(environ.get("GITHUB_STEP_SUMMARY"), skipped)
    _append(environ.get("GITHUB_OUTPUT"), [f"{name}={str(is_on).lower()}" for name, is_on in targets.items()])
    return 0


def pages_is_on(github: GitHub) -> bool:
    """Whether GitHub Pages takes its content from workflows; from a branch it cannot take a workflow's."""
    try:
        return bool(github.get("pages")["build_type"] == "workflow")
    except GitHubError as error:
        if error.status == NOT_FOUND:
            return False
        raise


def _append(file: str | None, lines: list[str]) -> None:
    if file and lines:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main(os.environ))
