"""Where a version comes from, as GitHub attests it: asked of GitHub's own command line, where that is installed."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from pipelines import models
from pipelines.datasets import Task
from pipelines.stores.base import Store
from pipelines.stores.catalogue import load_version

WORKFLOW = ".github/workflows/train.yml"
UNKNOWN = "not verified: set GITHUB_REPOSITORY to the repository that trained it"
NO_GH = "not verified: GitHub's command line, gh, is not installed (https://cli.github.com)"
TIMEOUT_S = 120
_CLONED = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def attested(store: Store, task: Task, version: int, repository: str) -> str:
    """What GitHub says about a registered version, in a few words.

    A version that was trained elsewhere, or before this repository attested, has no attestation; that is no error.

    Raises
    ------
    NotFound
        There is no such version.
    """
    return load_version(store, task, version, _asking(repository))


def name_of_clone() -> str:
    """The name of the repository that this is a clone of; empty where that is not on GitHub."""
    try:
        told = subprocess.run(["git", "remote", "get-url", "origin"], capture_output=True, check=False)
    except OSError:
        return ""
    address = _CLONED.search(told.stdout.decode(errors="replace").strip())
    return address[1] if address else ""


def _asking(repository: str) -> Callable[[Path], str]:
    return lambda folder: _verified(folder / models.MODEL_FILE, repository)


def _verified(file: Path, repository: str) -> str:
    if not repository:
        return UNKNOWN
    signer = f"{repository}/{WORKFLOW}"
    command = ["gh", "attestation", "verify", str(file), "--repo", repository, "--signer-workflow", signer]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except FileNotFoundError:
        return NO_GH
    except subprocess.TimeoutExpired:
        return "not verified: gh did not answer"
    if told.returncode == 0:
        return f"attested: {WORKFLOW} of {repository} made this file"
    words = [line for line in (told.stderr or told.stdout).splitlines() if line.strip()]
    return f"not attested: {' '.join(words[-1].split()) if words else 'gh does not say why'}"
