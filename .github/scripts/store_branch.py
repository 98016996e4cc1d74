"""Run a verb on the embedded store that the branch `store` of this repository keeps.

    python .github/scripts/store_branch.py [--read-only] COMMAND [ARGUMENT...]

The branch is checked out into `STORE_DIR`, the command runs, and what it changed replaces the branch: one commit with
no parent, pushed under a lease on the commit that the run started from. Who loses that race takes the new head and
runs the command again, which is safe because every verb does only what is still due. Where the settings choose
Hopsworks the command just runs.
"""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import argparse
import base64
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# The verb runs at most this often; a job that lost five races in a row has something else wrong with it.
MOST_RUNS = 5

# Before each further try of a call to the remote that failed for no reason of ours.
PAUSES_S = (2, 10)

# GitHub asks to keep a repository below 1 GB; half of it leaves time to act.
LARGE_BYTES = 500 * 10**6

BOT = "github-actions[bot]"
BOT_ADDRESS = "41898282+github-actions[bot]@users.noreply.github.com"

# Whatever this machine is set to, the files of the store go in and come out byte for byte.
SETTINGS = (
    *("-c", f"user.name={BOT}", "-c", f"user.email={BOT_ADDRESS}"),
    *("-c", "core.autocrlf=false", "-c", "gc.auto=0"),
)

# Locks and unfinished files begin with a dot; executed notebooks are kept as artifacts and with their model version.
KEPT = (".", ":(exclude,glob)**/.*", ":(exclude,glob)**/.*/**", ":(exclude,glob)runs/**")


class StoreBranchError(Exception):
    """What went wrong with the branch and what to do, in one sentence."""


class StoreBranch:
    """The branch `name` of `origin`, checked out into `folder` with an index of its own beside the code's."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self.ref = f"refs/heads/{name}"
        self.folder = folder
        self.git_dir = Path(_git("rev-parse", "--absolute-git-dir", environ=environ))
        self.index = self.git_dir / f"{name}-index"
        self.environ = {
            **_without_token(environ),
            **_access(environ),
            "GIT_DIR": str(self.git_dir),
            "GIT_INDEX_FILE": str(self.index),
            "GIT_WORK_TREE": str(folder),
            "GIT_TERMINAL_PROMPT": "0",
        }

    def check_out(self) -> str:
        """Make the folder what the branch holds and return its commit; empty, where there is no branch yet."""
        if not self.index.exists() and self.folder.is_dir() and any(self.folder.iterdir()):
            raise StoreBranchError(
                f"{self.folder} is not empty, and checking out the branch {self.name} would overwrite it; "
                "move it away or set STORE_DIR to another folder."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        start = self._fetch()
        self._git("read-tree", *(["--reset", "-u", start] if start else ["--empty"]))
        self._git("clean", "-ffdxq", "-e", "/runs/")
        return start

    def keep(self, start: str, message: str) -> bool:
        """Replace the branch by what the folder holds; False where another run has moved it from `start`."""
        self._git("add", "--all", "--force", "--", *KEPT)
        tree = self._git("write-tree")
        if tree == self._tree(start):
            print(f"store: nothing changed, the branch {self.name} stays at {start[:12] or 'nothing'}")
            return True
        commit = self._git("commit-tree", tree, "-m", message)
        kept = self._push(commit, start)
        if kept:
            self._tell_size(commit)
        return kept

    def _tree(self, commit: str) -> str:
        if not commit:
            return self._git("hash-object", "-t", "tree", os.devnull)
        return self._git("rev-parse", f"{commit}^{{tree}}")

    def _fetch(self) -> str:
        if not self._head():
            return ""
        self._patiently("fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{self.ref}:refs/store/start")
        return self._git("rev-parse", "refs/store/start")

    def _head(self) -> str:
        line = self._patiently("ls-remote", "origin", self.ref)
        return line.split()[0] if line else ""

    def _push(self, commit: str, start: str) -> bool:
        for pause in (*PAUSES_S, 0):
            try:
                self._git("push", "--quiet", f"--force-with-lease={self.ref}:{start}", "origin", f"{commit}:{self.ref}")
            except StoreBranchError as error:
                failure = error
            else:
                return True
            head = self._head()
            # A push whose answer got lost has arrived all the same.
            if head != start:
                return head == commit
            time.sleep(pause)
        raise StoreBranchError(
            f"The branch {self.name} could not be replaced; the job needs 'contents: write', and no rule of the "
            f"repository may forbid force pushes to that branch. {failure}"
        )

    def _patiently(self, *arguments: str) -> str:
        for pause in PAUSES_S:
            try:
                return self._git(*arguments)
            except StoreBranchError as error:
                print(f"store: tried again in {pause} s, because {error}")
                time.sleep(pause)
        return self._git(*arguments)

    def _tell_size(self, commit: str) -> None:
        sizes = [int(line.split()[3]) for line in self._git("ls-tree", "-r", "-l", commit).splitlines()]
        print(f"store: the branch {self.name} is now {commit[:12]}, {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB")
        if sum(sizes) > LARGE_BYTES:
            print(
                f"::warning::The branch {self.name} has grown to {sum(sizes) / 1e6:.0f} MB; "
                "docs/operations.md says what can be removed."
            )

    def _git(self, *arguments: str) -> str:
        return _git(*arguments, environ=self.environ, cwd=self.folder)


def run_on_branch(branch: StoreBranch, command: Sequence[str], environ: Mapping[str, str], message: str) -> int:
    """Check out, run, keep; again, where another run was faster. Returns the exit code of the command.

    What a failed command had finished is kept too: every write of the store is whole, and the next run goes on
    from there.
    """
    for attempt in range(1, MOST_RUNS + 1):
        _empty_summary(environ)
        start = branch.check_out()
        code = _run(command, environ, branch.folder)
        if branch.keep(start, message):
            return code
        print(f"::notice::Another run changed the store first (run {attempt} of at most {MOST_RUNS} of this verb).")
    raise StoreBranchError(
        f"Other runs changed the branch {branch.name} {MOST_RUNS} times while this one worked; "
        "nothing is lost, start it again when they are done."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of the arguments. Returns its exit code, or 1 where the branch could not be used."""
    parser = argparse.ArgumentParser(description="Run a verb on the store that a branch of this repository keeps.")
    parser.add_argument("--read-only", action="store_true", help="keep nothing of what the command writes")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the verb and its arguments")
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error("which command?")
    environ = dict(os.environ)
    folder = Path(environ.get("STORE_DIR") or "store").absolute()
    try:
        if _chosen_store(environ) != "embedded":
            return _run(options.command, environ, folder)
        branch = StoreBranch(environ.get("STORE_BRANCH") or "store", folder, environ)
        if options.read_only:
            branch.check_out()
            return _run(options.command, environ, folder)
        return run_on_branch(branch, options.command, environ, _message(environ))
    except StoreBranchError as error:
        print(f"::error::{error}")
        return 1


def _chosen_store(environ: Mapping[str, str]) -> str:
    default = "hopsworks" if environ.get("HOPSWORKS_API_KEY", "").strip() else "embedded"
    return environ.get("STORE", "").strip() or default


def _empty_summary(environ: Mapping[str, str]) -> None:
    # Each step has a summary file of its own; what a run that lost the race wrote there did not happen.
    if environ.get("GITHUB_STEP_SUMMARY"):
        Path(environ["GITHUB_STEP_SUMMARY"]).write_bytes(b"")


def _message(environ: Mapping[str, str]) -> str:
    return f"The store after {environ.get('GITHUB_WORKFLOW') or 'a run'}\n\n{environ.get('RUN_URL', '')}".strip()


def _run(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    sys.stdout.flush()
    environ = {**_without_token(environ), "STORE_DIR": str(folder)}
    return subprocess.run(command, env=environ, check=False).returncode


def _without_token(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name != "GITHUB_TOKEN"}


def _access(environ: Mapping[str, str]) -> dict[str, str]:
    """The token as a header for git and for nothing else, so that it is in no file and on no command line."""
    token = environ.get("GITHUB_TOKEN", "")
    if not token:
        return {}
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{server}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {secret}",
    }


def _git(*arguments: str, environ: Mapping[str, str], cwd: Path | None = None) -> str:
    command = ["git", *SETTINGS, *arguments]
    done = subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StoreBranchError(f"'git {arguments[0]}' failed: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
