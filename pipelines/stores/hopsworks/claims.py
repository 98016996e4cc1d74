"""Who may register a model version: the client, when it fails, removes the files of whoever else does it.

A claim is a file that names its owner. It is removed after the work; one that stays belongs to a process that was
killed, or to one that is at work, and is taken over when the first is certain.
"""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipelines.errors import VersionTaken
from pipelines.stores.hopsworks.folders import HOME, Folders

# A registration ends long before; so whoever waited this long knows that the owner is gone.
LEASE_SECONDS = 600.0
POLL_SECONDS = 2.0

# A start of this process, told from every other process on every other machine.
_PROCESS = uuid.uuid4().hex


@contextmanager
def claimed(folders: Folders, task: str, version: int) -> Iterator[None]:
    """Hold the claim on a version while this lasts.

    Raises
    ------
    VersionTaken
        Another process held it, and is done.
    """
    folder = f"{HOME}/registrations/{task}/{version}"
    deadline = time.monotonic() + LEASE_SECONDS
    while not _take(folders, folder, expired=time.monotonic() > deadline):
        time.sleep(POLL_SECONDS)
        if not folders.names(folder):
            raise VersionTaken(f"Another run registered version {version} of {task} meanwhile; register the next one.")
    try:
        yield
    finally:
        # A claim that cannot be removed now is one of a process that is gone, for the next run.
        with suppress(Exception):
            folders.remove(folder)


def _take(folders: Folders, folder: str, *, expired: bool) -> bool:
    """Whether the claim is ours, after trying to take it where its owner is gone."""
    numbers = [int(name[:-5]) for name in folders.names(folder) if name.endswith(".json")]
    newest = max(numbers, default=0)
    if newest:
        owner = json.loads(folders.read(f"{folder}/{newest:06}.json") or b"{}")
        if owner.get("process") == _PROCESS:
            return True
        if not (expired or _is_gone(owner)):
            return False
    return folders.create(f"{folder}/{newest + 1:06}.json", json.dumps(_identity()).encode())


def _identity() -> dict[str, str | int]:
    return {"process": _PROCESS, "machine": _machine(), "pid": os.getpid()}


def _machine() -> str:
    return f"{socket.gethostname()} {uuid.getnode():012x}"


def _is_gone(owner: dict[str, str | int]) -> bool:
    """Whether the owner was a process of this machine that does not run any more."""
    if owner.get("machine") != _machine():
        return False
    try:
        os.kill(int(owner["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
