"""The Hub's HTTP interface, as much of it as `huggingface_hub` uses to publish a Space."""

import base64
import json
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hub import xet
from hub.cards import complaints
from hub.faults import Fault, Request
from hub.repositories import Account, Hub, HubError, Space, upload_mode

TOKEN_SECONDS = 3600
SPACE = r"/api/spaces/(?P<id>[^/]+/[^/]+)"
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
        if identity not in self.hub.spaces:
            raise HubError(404, "Repository not found", {"X-Error-Code": "RepoNotFound"})
        return self.hub.spaces[identity]

    @property
    def writable(self) -> Space:
        if not self.who.may_write(self.match["id"].split("/")[0]):
            message = "you must use a write token to upload to a repository"
            raise HubError(403, message, {"X-Error-Message": message})
        return self.space


def whoami(call: Call) -> Answer:
    """Who the token belongs to, and what it may do."""
    who = call.who
    token = {"displayName": "test", "role": who.role}
    return Answer(
        {
            "type": "user",
            "name": who.name,
            "orgs": [{"name": name} for name in who.organisations],
            "auth": {"type": "access_token", "accessToken": token},
        }
    )


def create(call: Call) -> Answer:
    """Create a Space."""
    wanted = call.json
    namespace = wanted.get("organization") or call.who.name
    space = call.hub.create(call.who, namespace, wanted["name"], wanted["sdk"])
    return Answer({"url": f"{call.stand_in.url}/spaces/{space.id}"})


def validate(call: Call) -> Answer:
    """Check the front matter of a README."""
    errors = complaints(call.json["content"])
    return Answer({"errors": [{"message": error} for error in errors], "warnings": []}, 400 if errors else 200)


def info(call: Call) -> Answer:
    """What a Space is, at its head or at a commit."""
    space = call.space
    commit = space.at(unquote(call.match.groupdict().get("revision") or "main"))
    if commit is None:
        raise HubError(404, "Revision not found", {"X-Error-Code": "RevisionNotFound"})
    files = [{"rfilename": path} for path in sorted(commit.files)]
    return Answer({"id": space.id, "sha": commit.oid, "sdk": space.sdk, "siblings": files, "private": False})


def tree(call: Call) -> Answer:
    """Every file of a commit."""
    commit = call.space.at(call.match["revision"])
    if commit is None:
        raise HubError(404, "Revision not found", {"X-Error-Code": "RevisionNotFound"})
    return Answer([blob.entry(path) for path, blob in sorted(commit.files.items())])


def preupload(call: Call) -> Answer:
    """How each file is to be uploaded."""
    present = call.writable.head.files
    files = []
    for asked in call.json["files"]:
        blob = present.get(asked["path"])
        mode = upload_mode(asked["path"], asked["size"], base64.b64decode(asked["sample"]))
        oid = (blob.sha256 if blob.large else blob.oid) if blob else None
        files.append({"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return Answer({"files": files})


def xet_token(call: Call) -> Answer:
    """Where the xet client writes to: a fresh folder for each token, because the client locks it."""
    call.writable  # noqa: B018 - a reader gets no token
    call.stand_in.token_folders += 1
    folder = call.stand_in.xet_folder / f"{call.stand_in.token_folders:04}"
    folder.mkdir()
    expires = int(time.time()) + TOKEN_SECONDS
    return Answer({"casUrl": f"local://{folder}", "accessToken": "xet-token", "exp": expires})


def lfs_batch(call: Call) -> Answer:
    """Where each large file is to be put; nowhere if it is there already."""
    call.writable  # noqa: B018 - a reader may not upload
    objects = []
    for asked in call.json["objects"]:
        found: dict[str, Any] = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in call.hub.large:
            base = f"{call.stand_in.url}/lfs/{asked['oid']}"
            found["actions"] = {"upload": {"href": base}, "verify": {"href": f"{base}/verify"}}
        objects.append(found)
    return Answer({"transfer": "basic", "objects": objects})


def lfs_put(call: Call) -> Answer:
    """Take the bytes of a large file."""
    call.hub.large[call.match["oid"]] = call.body
    return Answer({})


def lfs_verify(call: Call) -> Answer:
    """Say whether a large file arrived."""
    if call.match["oid"] not in call.hub.large:
        raise HubError(404, "object not found")
    return Answer({})


def commit(call: Call) -> Answer:
    """Commit the lines of the request."""
    lines = [json.loads(line) for line in call.body.splitlines()]
    space = call.writable
    if any(line["key"] == "lfsFile" and line["value"]["oid"] not in call.hub.large for line in lines[1:]):
        call.stand_in.take_uploads()
    made = call.hub.commit(call.who, space, lines)
    url = f"{call.stand_in.url}/spaces/{space.id}/commit/{made.oid}"
    return Answer({"commitOid": made.oid, "commitUrl": url, "success": True})


def runtime(call: Call) -> Answer:
    """How the Space is doing."""
    space = call.space
    found: dict[str, Any] = {"stage": call.hub.poll(space), "hardware": {"current": "cpu-basic", "requested": None}}
    if call.hub.tells_running_commit:
        found["sha"] = space.running or None
    return Answer(found)


def logs(call: Call) -> Answer:
    """The build log or the run log, as server-sent events."""
    call.who  # noqa: B018 - logs are for people who are signed in
    text = call.space.build_log if call.match["kind"] == "build" else call.space.run_log
    events = [json.dumps({"data": line + "\n", "timestamp": "2026-01-01T00:00:00Z"}) for line in text.splitlines()]
    content = "".join(f"data: {event}\n\n" for event in events).encode()
    return Answer(content=content, content_type="text/event-stream")


def resolve(call: Call) -> Answer:
    """The content of one file."""
    found = call.space.at(call.match["revision"])
    blob = found.files.get(unquote(call.match["path"])) if found else None
    if found is None or blob is None:
        raise HubError(404, "Entry not found", {"X-Error-Code": "EntryNotFound"})
    headers = {"X-Repo-Commit": found.oid, "ETag": f'"{blob.oid}"'}
    if blob.large:
        headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(len(blob.content))}
    return Answer(content=blob.content, headers=headers, content_type="application/octet-stream")


def read_log(call: Call) -> Answer:
    """The request log, for a test in another process."""
    log = [[request.method, request.path, request.status, request.account] for request in call.stand_in.log]
    return Answer(log)


def read_space(call: Call) -> Answer:
    """The commits of a Space, for a test in another process."""
    space = call.space
    commits = [{"oid": made.oid, "summary": made.summary, "changed": made.changed} for made in space.commits]
    return Answer({"sdk": space.sdk, "stage": space.stage, "commits": commits, "files": sorted(space.head.files)})


def inject(call: Call) -> Answer:
    """Inject a fault from another process: the body is the arguments of `Fault`."""
    call.stand_in.fail(**call.json)
    return Answer({})


ROUTES: list[tuple[str, str, Callable[[Call], Answer]]] = [
    ("GET", r"/api/whoami-v2", whoami),
    ("POST", r"/api/repos/create", create),
    ("POST", r"/api/validate-yaml", validate),
    ("GET", SPACE, info),
    ("GET", SPACE + r"/revision/(?P<revision>[^/]+)", info),
    ("GET", SPACE + r"/tree/(?P<revision>[^/]+)", tree),
    ("POST", SPACE + r"/preupload/main", preupload),
    ("GET", SPACE + r"/xet-write-token/main", xet_token),
    ("POST", r"/spaces/(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch", lfs_batch),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", lfs_put),
    ("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/verify", lfs_verify),
    ("POST", SPACE + r"/commit/main", commit),
    ("GET", SPACE + r"/runtime", runtime),
    ("GET", SPACE + r"/logs/(?P<kind>build|run)", logs),
    ("GET", r"/spaces/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ("HEAD", r"/spaces/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ("GET", r"/stand-in/log", read_log),
    ("GET", r"/stand-in/spaces/(?P<id>[^/]+/[^/]+)", read_space),
    ("POST", r"/stand-in/faults", inject),
]


class Handler(BaseHTTPRequestHandler):
    """Finds the fault or the route of a request, and logs it."""

    protocol_version = "HTTP/1.1"
    # An answer goes out in one piece; in two, each would wait 40 ms for the client to acknowledge the first.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: "Server"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Stay silent: the log is a list."""

    def _serve(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        stand_in = self.server.stand_in
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        account = stand_in.hub.accounts.get(token)
        with stand_in.hub.lock:
            fault = next((fault for fault in stand_in.faults if fault.matches(self.command, path)), None)
            if fault:
                fault.times -= 1
            answer = self._answer(fault, path, account, body)
            status = 0 if fault and fault.drop else answer.status
            stand_in.log.append(Request(self.command, path, status, account.name if account else "", body))
        if fault and fault.drop:
            self.close_connection = True
            self.connection.close()
            return
        self._send(answer)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names of the base class

    def _answer(self, fault: Fault | None, path: str, account: Account | None, body: bytes) -> Answer:
        answer = None
        if fault is None or fault.after:
            answer = self._routed(path, account, body)
        if fault is not None:
            return Answer({"error": fault.message}, fault.status, fault.headers)
        return answer or Answer({"error": f"no route {self.command} {path}"}, 404)

    def _routed(self, path: str, account: Account | None, body: bytes) -> Answer | None:
        for method, pattern, handler in ROUTES:
            match = re.fullmatch(pattern, path) if method == self.command else None
            if match:
                try:
                    return handler(Call(self.server.stand_in, account, body, match))
                except HubError as error:
                    return Answer(error.body, error.status, error.headers)
        return None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        chunk = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return chunk

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


class Server(ThreadingHTTPServer):
    """The listening server; it carries the stand-in that its handlers answer for."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        super().__init__(address, Handler)
        self.stand_in = stand_in


@contextmanager
def running(hub: Hub | None = None, port: int = 0) -> Iterator[StandIn]:
    """A stand-in that listens on 127.0.0.1 until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        stand_in = StandIn(hub or Hub(), Path(folder))
        server = Server(("127.0.0.1", port), stand_in)
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
