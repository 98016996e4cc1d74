"""What goes wrong on purpose, and the log of what was asked."""

import re
from dataclasses import dataclass, field


@dataclass
class Fault:
    """The next `times` requests whose method and path match are answered wrongly.

    `drop` closes the connection without an answer; with `after` the request is carried out first, so that only
    its answer is lost.
    """

    method: str
    path: str
    status: int = 503
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected fault"
    drop: bool = False
    after: bool = False

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method == method and re.search(self.path, path) is not None


@dataclass(frozen=True)
class Request:
    """One line of the request log; `status` is 0 where the connection was dropped."""

    method: str
    path: str
    status: int
    account: str
    body: bytes = field(default=b"", repr=False)
