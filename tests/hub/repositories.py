"""What the stand-in remembers: accounts, Spaces with their commits, and the rules of a commit."""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from hub.cards import front_matter

PROCESSOR, ZERO_GPU = "cpu-basic", "zero-a10g"
# Gradio Spaces on ZeroGPU that an account may have, by its plan; `restricted` stands for one not in good standing.
ZERO_GPU_SPACES = {"pro": 10, "free": 2, "restricted": 0}
ZERO_GPU_PYTHONS = ("3.10.13", "3.12.12")
LARGEST_REGULAR_FILE = 10 * 1024 * 1024
# The kind of repository that is no Space and never builds.
DATASET = "dataset"
# The files that the Hub keeps as git blobs are text; these endings are in the .gitattributes of a new repository.
BINARY_ENDINGS = (".parquet", ".png", ".skops", ".zip", ".gz", ".bin", ".jpg", ".ico")


@dataclass(frozen=True)
class Account:
    """Who a token belongs to. `role` is that of the token: write or read; `plan` one of `ZERO_GPU_SPACES`."""

    name: str
    organisations: tuple[str, ...] = ()
    role: str = "write"
    plan: str = "pro"

    def may_write(self, namespace: str) -> bool:
        return self.role == "write" and namespace in (self.name, *self.organisations)


@dataclass(frozen=True)
class Blob:
    """A file of a commit; `large` ones are kept outside git and named by SHA-256."""

    content: bytes
    large: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        return (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n".encode()
        )

    @property
    def oid(self) -> str:
        """The git object id: of the content, or of the pointer file that stands for a large one."""
        stored = self.pointer if self.large else self.content
        return hashlib.sha1(b"blob %d\0%s" % (len(stored), stored), usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "file", "path": path, "oid": self.oid, "size": len(self.content)}
        if self.large:
            found["lfs"] = {"oid": self.sha256, "size": len(self.content), "pointerSize": len(self.pointer)}
        return found


@dataclass(frozen=True)
class Commit:
    """One state of a Space, and what changed since its parent."""

    oid: str
    parent: str
    summary: str
    author: str
    files: dict[str, Blob]
    changed: tuple[str, ...] = ()


@dataclass
class Space:
    """A Space repository with a linear history, and how its builds go.

    `stages` are what the runtime answers, one a poll, after a commit; the last one stays.
    """

    id: str
    sdk: str
    commits: list[Commit] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    stage: str = "NO_APP_FILE"
    running: str = ""
    hardware: str = PROCESSOR
    build_log: str = ""
    run_log: str = ""

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        if revision == "main":
            return self.head
        return next((commit for commit in self.commits if commit.oid == revision), None)

    def append(self, files: dict[str, Blob], summary: str, author: str) -> Commit:
        parent = self.commits[-1] if self.commits else None
        before = parent.files if parent else {}
        identity = json.dumps([self.id, len(self.commits), summary, {path: blob.oid for path, blob in files.items()}])
        changed = tuple(sorted(path for path in before.keys() | files.keys() if before.get(path) != files.get(path)))
        oid = hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest()
        self.commits.append(Commit(oid, parent.oid if parent else "", summary, author, files, changed))
        return self.head


class HubError(Exception):
    """An answer that is an error: status, the text of its body, and the headers that the client reads."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **body: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": message, **body}


@dataclass
class Hub:
    """Everything that the stand-in knows. `lock` is held while a request is answered."""

    accounts: dict[str, Account] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    broken_builds: dict[str, str] = field(default_factory=dict)
    broken_starts: dict[str, str] = field(default_factory=dict)
    stale_polls: int = 0
    tells_running_commit: bool = True
    # What the service answers to one Space too many on ZeroGPU is not known.
    no_room: int = 402

    def create(self, account: Account, namespace: str, name: str, sdk: str, hardware: str = PROCESSOR) -> Space:
        """Make an empty Space with the one commit that the Hub puts there itself."""
        if not account.may_write(namespace):
            message = f'You don\'t have the rights to create a space under the namespace "{namespace}"'
            raise HubError(403, message, {"X-Error-Message": message})
        identity = f"datasets/{namespace}/{name}" if sdk == DATASET else f"{namespace}/{name}"
        if identity in self.spaces:
            raise HubError(409, "You already created this space repo", url=f"/spaces/{identity}")
        if sdk not in ("static", DATASET):
            self._check_plan(account, hardware)
        space = Space(identity, sdk, hardware=hardware)
        space.append({".gitattributes": Blob(b"*.png filter=lfs\n")}, "initial commit", account.name)
        self.spaces[identity] = space
        return space

    def commit(self, account: Account, space: Space, lines: list[dict[str, Any]]) -> Commit:
        """Apply the lines of a commit request, all or none."""
        header = lines[0]["value"]
        parent = header.get("parentCommit")
        if parent and parent != space.head.oid:
            raise HubError(412, "A commit has happened since. Please refresh and try again.")
        files = dict(space.head.files)
        for line in lines[1:]:
            self._apply(files, line["key"], line["value"])
        made = space.append(files, header["summary"], account.name)
        self._start_build(space)
        return made

    def poll(self, space: Space) -> str:
        """The stage of a Space; each question lets the build go one step on."""
        if space.stages:
            space.stage = space.stages.pop(0)
            if space.stage == "RUNNING" and not space.stages:
                space.running = space.head.oid
        return space.stage

    def _check_plan(self, account: Account, hardware: str) -> None:
        if hardware == PROCESSOR and account.plan != "pro":
            raise HubError(
                402,
                "Static Spaces are free for everyone, but hosting Gradio and Docker Spaces on free cpu-basic requires "
                "a PRO subscription. Subscribe at https://huggingface.co/pro",
            )
        there = sum(space.hardware == ZERO_GPU for space in self.spaces.values())
        if hardware == ZERO_GPU and there >= ZERO_GPU_SPACES[account.plan]:
            raise HubError(self.no_room, f"You can host at most {ZERO_GPU_SPACES[account.plan]} Spaces on ZeroGPU")

    def _apply(self, files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
        path = value["path"]
        if key == "file":
            files[path] = Blob(_decoded(value))
        elif key == "lfsFile":
            if value["oid"] not in self.large:
                raise HubError(400, f"LFS pointer of {path} pointed to a file that does not exist")
            files[path] = Blob(self.large[value["oid"]], large=True)
        elif key == "deletedFile":
            if path not in files:
                raise HubError(404, f"A file with this name doesn't exist: {path}", {"X-Error-Code": "EntryNotFound"})
            del files[path]
        elif key == "deletedFolder":
            for name in [name for name in files if name.startswith(path)]:
                del files[name]
        else:
            raise HubError(400, f"unknown operation {key}")

    def _start_build(self, space: Space) -> None:
        before = [space.stage] * self.stale_polls
        if space.sdk == "static":
            space.stages = [*before, "RUNNING"]
        elif "app.py" not in space.head.files:
            space.stages = [*before, "NO_APP_FILE"]
        elif space.id in self.broken_builds:
            space.build_log = self.broken_builds[space.id]
            space.stages = [*before, "BUILDING", "BUILD_ERROR"]
        elif space.id in self.broken_starts:
            space.run_log = self.broken_starts[space.id]
            space.stages = [*before, "BUILDING", "APP_STARTING", "RUNTIME_ERROR"]
        elif space.hardware == ZERO_GPU and (missing := _lacks_for_zero_gpu(space.head.files)):
            space.run_log = f"RuntimeError: {missing}"
            space.stages = [*before, "BUILDING", "APP_STARTING", "RUNTIME_ERROR"]
        else:
            busy = "RUNNING_BUILDING" if space.running else "BUILDING"
            space.stages = [*before, busy, "APP_STARTING", "RUNNING"]


def _lacks_for_zero_gpu(files: dict[str, Blob]) -> str:
    """What keeps a Space from starting on ZeroGPU; empty where nothing does."""
    python = front_matter(files["README.md"].content.decode()).get("python_version")
    if python not in ZERO_GPU_PYTHONS:
        return f"Python {python} is not available on ZeroGPU, which has {' and '.join(ZERO_GPU_PYTHONS)}"
    decorated = any(re.search(rb"^\s*@(spaces\.)?GPU\b", blob.content, re.MULTILINE) for blob in files.values())
    return "" if decorated else "No @spaces.GPU function detected during startup"


def upload_mode(path: str, size: int, sample: bytes) -> str:
    """How the Hub wants a file: inside the commit, or to the large-file storage first."""
    binary = path.endswith(BINARY_ENDINGS) or b"\0" in sample
    return "lfs" if size and (binary or size > LARGEST_REGULAR_FILE) else "regular"


def _decoded(value: dict[str, Any]) -> bytes:
    return base64.b64decode(value["content"], validate=True)
