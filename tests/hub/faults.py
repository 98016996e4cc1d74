"""What goes wrong on purpose, and the log of what was asked."""

import re
from dataclasses import dataclass, field


@dataclass
class Fault:
    """The next `times` requests whose method and path match are answered wrongly.

    `drop` closes the connection without an answer; with `after` the request is carried out first, so that only
    its answer is lost. `body` is answered in place of the message. `cut` sends half of the answer first. `skip`
    matching requests are left alone before.
    """

    method: str
    path: str
    status: int = 503
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected fault"
    drop: bool = False
    after: bool = False
    cut: bool = False
    delay: float = 0.0
    skip: int = 0
    body: bytes | None = None

    @property
    def passes(self) -> bool:
        """Whether the answer is the right one, late or in part."""
        return self.cut or (self.delay > 0 and not self.drop)

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is the next to go wrong; one that is skipped is counted."""
        found = self.times > 0 and re.fullmatch(self.method, method) and re.search(self.path, path)
        if found and self.skip:
            self.skip -= 1
            return False
        return bool(found)


@dataclass(frozen=True)
class Request:
    """One line of the request log; `status` is 0 where the connection was dropped."""

    method: str
    path: str
    status: int
    account: str
    body: bytes = field(default=b"", repr=False)
