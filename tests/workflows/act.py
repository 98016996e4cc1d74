"""The real workflow files, unchanged, run by act on this machine, in a clone whose remote is a bare repository.

Actions of others are answered by the stand-ins under stubs/; GitHub's REST calls go where GITHUB_API_URL says.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from workflows.github_stand_in import REPOSITORY
from workflows.scripts import ROOT

ACT = Path(sys.prefix) / "bin" / "act"
STUBS = Path(__file__).parent / "stubs"
REMOTE_ACTION = re.compile(r"uses: ([\w-]+/([\w-]+)@[0-9a-f]{40})")


@dataclass
class ActRun:
    """What one run of a workflow did, from act's log."""

    entries: list[dict] = field(repr=False)
    returncode: int
    seconds: float
    errors: str
    jobs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.jobs = {entry["jobID"]: entry["jobResult"] for entry in self.entries if "jobResult" in entry}

    @property
    def summary(self):
        return "\n".join(entry["content"] for entry in self.entries if entry.get("command") == "summary")

    @property
    def log(self):
        return "\n".join(str(entry.get("msg", "")).rstrip() for entry in self.entries) + self.errors

    def steps(self):
        """The result of each step of the workflow itself, by its name."""
        return {entry["step"]: entry["stepResult"] for entry in self._results()}

    def durations(self):
        """The seconds of each step, by its name."""
        return {entry["step"]: entry["executionTime"] / 1e9 for entry in self._results() if "executionTime" in entry}

    def _results(self):
        entries = [entry for entry in self.entries if "stepResult" in entry and entry.get("stage") == "Main"]
        return [entry for entry in entries if len(entry["stepID"]) == 1]


class Repository:
    """A repository on "GitHub": a bare repository, and the clone that act checks out for each job."""

    def __init__(self, folder):
        self.folder = folder
        self.bare, self.clone = folder / "remote.git", folder / "clone"
        self.artifacts = folder / "artifacts"
        self.count = 0

    def create(self):
        """Begin with the tracked files of this project, so that one that was never added is missed."""
        source = self.folder / "source"
        tracked = git("ls-files", "-z", cwd=ROOT).split("\0")
        for name in filter(None, tracked):
            if (ROOT / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_bytes((ROOT / name).read_bytes())
                (source / name).chmod((ROOT / name).stat().st_mode)
        git("init", "--quiet", "--bare", "-b", "main", str(self.bare), cwd=self.folder)
        git("init", "--quiet", "-b", "main", cwd=source)
        git("add", "--all", "--force", cwd=source)
        git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "the project", cwd=source)
        git("push", "--quiet", str(self.bare), "main", cwd=source)
        git("clone", "--quiet", str(self.bare), str(self.clone), cwd=self.folder)
        return self

    def point_to_own_remote(self):
        """After a repository was copied: its clone still has the remote of the original."""
        git("remote", "set-url", "origin", str(self.bare), cwd=self.clone)

    def run(self, event, workflow, *, inputs=None, secrets=None, variables=None, payload=None, **environ):
        """Run a workflow as GitHub would for this event."""
        self.count += 1
        home = self.folder / f"home-{self.count}"
        home.mkdir()
        event_file = home / "event.json"
        event_payload = {"repository": {"default_branch": "main"}, "inputs": inputs or {}, **(payload or {})}
        event_file.write_text(json.dumps(event_payload))
        (home / "bin").mkdir()
        (home / "bin" / "python3").symlink_to(sys._base_executable)
        environ = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(1000 + self.count),
            "STUB_ENVIRONMENT": sys.prefix,
            "STUB_ARTIFACTS": str(self.artifacts),
            "OMP_NUM_THREADS": "1",
            **environ,
        }
        started = time.monotonic()
        done = subprocess.run(
            [
                *(str(ACT), event, "-W", f".github/workflows/{workflow}", "-P", "ubuntu-24.04=-self-hosted"),
                *("--json", "--rm", "--no-cache-server", "-e", str(event_file)),
                *_flags("--local-repository", _stand_ins()),
                *_flags("--env", environ),
                *_flags("--secret", secrets or {}),
                *_flags("--var", {"DATASETS": os.environ.get("DATASETS", ""), **(variables or {})}),
            ],
            cwd=self.clone,
            env={"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PATH": f"{home}/bin:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        entries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return ActRun(entries, done.returncode, time.monotonic() - started, done.stderr)

    def store_head(self):
        """The commit of the branch `store`, or nothing."""
        return git("for-each-ref", "--format=%(objectname)", "refs/heads/store", cwd=self.bare)

    def store_commits(self):
        return int(git("rev-list", "--count", "refs/heads/store", cwd=self.bare))

    def store_files(self):
        return git("ls-tree", "-r", "--name-only", "refs/heads/store", cwd=self.bare).splitlines()

    def check_out_store(self, folder):
        """The store as the next job will find it."""
        git("clone", "--quiet", "--branch", "store", str(self.bare), str(folder), cwd=self.folder)
        return folder


def git(*arguments, cwd):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], cwd=cwd, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _stand_ins():
    files = [*(ROOT / ".github").rglob("*.yml")]
    used = {match.groups() for file in files for match in REMOTE_ACTION.finditer(file.read_text())}
    # act has a checkout of its own, which copies the clone.
    return {action: str(STUBS / name) for action, name in used if name != "checkout"}


def _flags(flag, values):
    return [word for name, value in values.items() for word in (flag, f"{name}={value}")]
