"""The HTTPS side: requests, routes, who may do what, and faults."""

import json
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hopsworks.emulator import kafka
from tests.hopsworks.emulator.certificates import Certificates
from tests.hopsworks.emulator.faults import Fault, Faults
from tests.hopsworks.emulator.world import API_KEY, READ_ONLY_KEY, Knobs, Project, Refusal, World

PREFIX = "/hopsworks-api/api/"
CONTROL = "/emulator/"


@dataclass(frozen=True)
class Request:
    """What a handler sees of a request."""

    world: World
    certificates: Certificates
    method: str
    query: dict[str, list[str]]
    content_type: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def flag(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(frozen=True)
class Binary:
    """An answer that is a file."""

    content: bytes


Handler = Callable[..., Any]
_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
_IN_PROJECT = r"project/(\d+)"
_READS = re.compile(r"PUT .*/featurestores/query$")


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Register a handler. In the pattern `P` is a project and `*` a segment, given to it; `#` a number, not given."""
    expression = re.sub(r"^P(?=/)", lambda _: _IN_PROJECT, pattern.replace("*", "([^/]+)").replace("#", r"\d+"))

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, re.compile(expression), handler))
        return handler

    return register


def dispatch(request: Request, path: str) -> Any:
    """The answer of the handler for this path."""
    for method, pattern, handler in _ROUTES:
        match = pattern.fullmatch(path)
        if match and method == request.method:
            arguments = [unquote(part) for part in match.groups()]
            with request.world.lock:
                if pattern.pattern.startswith(_IN_PROJECT):
                    return handler(request, _project(request.world, int(arguments[0])), *arguments[1:])
                return handler(request, *arguments)
    raise Refusal(404, 0, f"the emulator has no {request.method} {path}")


def _project(world: World, number: int) -> Project:
    project = world.projects.get(number)
    if project is None or project.name not in world.knobs.projects:
        raise Refusal(403, 150068, "You are not a member of this project.")
    return project


class Server(ThreadingHTTPServer):
    """The HTTPS server."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, world: World, certificates: Certificates, faults: Faults, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.world, self.certificates, self.faults = world, certificates, faults
        self.log: list[str] = []
        self.unknown: list[str] = []
        self.waiting: list[str] = []
        self._tls = _tls_context(certificates)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection, so that a slow client holds up nobody."""
        request.settimeout(120)
        try:
            wrapped = self._tls.wrap_socket(request, server_side=True)
        except OSError:
            return
        _Connection(wrapped, client_address, self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is what the tests provoke."""


def _tls_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificates.server.key_pem + certificates.server.certificate_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


class _Connection(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        line = f"{self.command} {unquote(self.path.removeprefix(PREFIX))}"
        if parts.path.startswith(CONTROL):
            self._send(*_control(self.server, self.command, parts.path.removeprefix(CONTROL), self._body()))
            return
        fault = self.server.faults.take(line)
        if fault and fault.delay:
            self.server.waiting.append(line)
            time.sleep(fault.delay)
        if fault and fault.drop == "before":
            self._reset()
            return
        body = self._body()
        request = Request(
            self.server.world,
            self.server.certificates,
            self.command,
            query,
            self.headers.get("content-type", ""),
            body,
        )
        if fault and fault.status:
            status, answer = fault.status, _fault_answer(fault)
        else:
            status, answer = self._answer(request, parts.path, line)
        self.server.log.append(f"{status} {line}")
        if fault and fault.drop:
            if fault.drop == "partial":
                self._send(status, answer, share=0.5)
            self._reset()
            return
        self._send(status, answer, retry_after=fault.retry_after if fault else 0)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815 - the names that http.server calls

    def _answer(self, request: Request, path: str, line: str) -> tuple[int, Any]:
        try:
            _check_key(self.headers.get("authorization", ""), line)
            answer = dispatch(request, path.removeprefix(PREFIX))
        except Refusal as refusal:
            if refusal.message.startswith("the emulator has no"):
                self.server.unknown.append(line)
            return refusal.status, {
                "errorCode": refusal.code,
                "errorMsg": refusal.message,
                "usrMsg": refusal.message,
            }
        except Exception:  # noqa: BLE001 - a defect of the emulator, to be seen in the test that met it
            self.server.unknown.append(f"{line}\n{traceback.format_exc()}")
            return 500, {"errorCode": 0, "errorMsg": "The emulator failed.", "usrMsg": ""}
        return (204 if answer is None else 200), answer

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _send(self, status: int, answer: Any, share: float = 1.0, retry_after: int = 0) -> None:
        if isinstance(answer, Binary):
            content, kind = answer.content, "application/octet-stream"
        else:
            content, kind = (b"" if answer is None else json.dumps(answer).encode()), "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if retry_after:
            self.send_header("Retry-After", str(retry_after))
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: int(len(content) * share)])
        self.wfile.flush()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of http.server
        """Print nothing; the log is at /emulator/log."""


def _fault_answer(fault: Fault) -> Any:
    if fault.body is not None:
        return Binary(fault.body.encode())
    return {"errorCode": fault.code, "errorMsg": "injected", "usrMsg": "injected"}


def _check_key(authorization: str, line: str) -> None:
    scheme, _, key = authorization.partition(" ")
    if scheme != "ApiKey" or key not in (API_KEY, READ_ONLY_KEY):
        raise Refusal(401, 320003, "Invalid API key.")
    if key == READ_ONLY_KEY and not line.startswith("GET ") and not _READS.search(line.partition("?")[0]):
        raise Refusal(403, 320004, "The API key lacks the scope for this operation.")


def _control(server: Server, method: str, what: str, body: bytes) -> tuple[int, Any]:
    """What tests ask of the emulator itself."""
    verbs: dict[tuple[str, str], Callable[[], Any]] = {
        ("POST", "faults"): lambda: server.faults.add(Fault(**json.loads(body))),
        ("POST", "knobs"): lambda: _turn(server.world.knobs, json.loads(body)),
        ("DELETE", "behaviour"): lambda: _reset(server),
        ("DELETE", "world"): lambda: (_reset(server), server.world.wipe(), kafka.forget()),
        ("GET", "log"): lambda: list(server.log),
        ("GET", "waiting"): lambda: list(server.waiting),
        ("GET", "unknown"): lambda: list(server.unknown),
    }
    if (method, what) not in verbs:
        return 404, {"error": f"there is no {method} {what}"}
    return 200, verbs[method, what]()


def _reset(server: Server) -> None:
    """Behave well again, and forget the log."""
    for told in (server.faults, server.log, server.waiting):
        told.clear()
    server.world.knobs = Knobs()


def _turn(knobs: Knobs, values: dict[str, Any]) -> None:
    known = {entry.name for entry in fields(Knobs)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(name)
        setattr(knobs, name, tuple(value) if isinstance(value, list) else value)


def start(server: Server) -> None:
    """Serve in a thread of its own."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
