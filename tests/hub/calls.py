"""A running stand-in, and one request to it as the routes see it."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub import xet
from hub.faults import Fault, Request
from hub.repositories import Account, Hub, HubError, Space

INVALID = "Invalid credentials in Authorization header"


@dataclass
class Answer:
    """What goes back: JSON unless `content` is given."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"

    @property
    def body(self) -> bytes:
        return json.dumps(self.value).encode() if self.content is None else self.content


@dataclass
class StandIn:
    """A running stand-in: its state, its log, its faults, and where it listens."""

    hub: Hub
    xet_folder: Path
    url: str = ""
    log: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    token_folders: int = 0

    def fail(self, method: str, path: str, **how: Any) -> Fault:
        """Inject a fault; see `Fault`."""
        fault = Fault(method, path, **how)
        self.faults.append(fault)
        return fault

    def requests(self, method: str, path: str) -> list[Request]:
        """The logged requests of a method whose path matches."""
        return [request for request in self.log if request.method == method and re.search(path, request.path)]

    def space(self, identity: str) -> Space:
        return self.hub.spaces[identity]

    def take_uploads(self) -> None:
        """Move what the xet client has uploaded into the large-file storage."""
        for folder in sorted(self.xet_folder.iterdir()):
            for sha256, content in xet.uploaded(folder):
                self.hub.large[sha256] = content


@dataclass
class Call:
    """One request, as the handlers below see it."""

    stand_in: StandIn
    account: Account | None
    body: bytes
    match: re.Match[str]

    @property
    def hub(self) -> Hub:
        return self.stand_in.hub

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    @property
    def who(self) -> Account:
        if self.account is None:
            raise HubError(401, INVALID, {"X-Error-Message": INVALID})
        return self.account

    @property
    def space(self) -> Space:
        identity = self.match["id"]
        if self.match.groupdict().get("type") == "dataset":
            identity = f"datasets/{identity}"
        if identity not in self.hub.spaces:
            raise HubError(404, "Repository not found", {"X-Error-Code": "RepoNotFound"})
        return self.hub.spaces[identity]

    @property
    def writable(self) -> Space:
        if not self.who.may_write(self.match["id"].split("/")[0]):
            message = "you must use a write token to upload to a repository"
            raise HubError(403, message, {"X-Error-Message": message})
        return self.space
