"""The server: takes requests, injects faults, keeps the log, and asks the routes for the answer."""

import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.calls import Answer, Call, StandIn
from hub.faults import Fault, Request
from hub.repositories import Account, Hub, HubError
from hub.routes import ROUTES


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
        if fault:
            time.sleep(fault.delay)
        if fault and fault.drop:
            if fault.cut:
                self._send(answer, share=0.5)
            self.close_connection = True
            self.connection.close()
            return
        self._send(answer)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names of the base class

    def _answer(self, fault: Fault | None, path: str, account: Account | None, body: bytes) -> Answer:
        answer = None
        if fault is None or fault.after or fault.passes:
            answer = self._routed(path, account, body)
        if fault is not None and not fault.passes:
            return Answer({"error": fault.message}, fault.status, fault.headers, content=fault.body)
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

    def _send(self, answer: Answer, share: float = 1.0) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: int(len(answer.body) * share)])
            self.wfile.flush()


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
