"""Press Train model for the tasks that the environment names: a quick search, and the rule of promotion decides."""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import os
import sys
from collections.abc import Mapping

from github_rest import GitHub, GitHubError

WORKFLOW = "train.yml"


def main(environ: Mapping[str, str]) -> int:
    """Start the workflow on the default branch. Returns 0, or 1 where GitHub refused."""
    tasks = environ["TASKS"].split()
    # Of several runs that wait GitHub keeps only the newest, so that more than one task is a run for all of them.
    task = tasks[0] if len(tasks) == 1 else "all"
    inputs = {"task": task, "search": "quick", "promote": "auto", "only_new": "true"}
    try:
        GitHub(environ).send("POST", f"actions/workflows/{WORKFLOW}/dispatches", ref=environ["BRANCH"], inputs=inputs)
    except GitHubError as error:
        print(f"::error::Train model could not be started: {error}. Is the workflow disabled?")
        return 1
    print(f"Train model is started for {task}: {', '.join(tasks)} newly below the promise.")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
