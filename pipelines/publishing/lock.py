"""A compiled lock, parsed. A Space takes its versions from that of the core."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[2] / "requirements-core.txt"


@dataclass(frozen=True)
class Pin:
    """One package of the lock: its version, when it is needed, and which packages asked for it."""

    name: str
    version: str
    marker: str
    via: tuple[str, ...]

    @property
    def line(self) -> str:
        """The requirement as pip reads it, without the hashes."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


@dataclass(frozen=True)
class Lock:
    """The lock, parsed: the Python that it was compiled for (`3.11`) and its pins, sorted by name.

    A package has several pins where its version depends on the Python.
    """

    python: str
    pins: tuple[Pin, ...]

    def version(self, name: str) -> str:
        """The version of a package that has one pin for every Python."""
        return next(pin.version for pin in self.pins if pin.name == name)

    def closure(self, roots: Sequence[str]) -> list[Pin]:
        """The pins of `roots` and of all that they need, with what any extra of theirs needs that is locked."""
        wanted = set(roots)
        missing = wanted - {pin.name for pin in self.pins}
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} not in the lock; add it to pyproject.toml, then: make lock")
        while more := {pin.name for pin in self.pins if wanted.intersection(pin.via)} - wanted:
            wanted |= more
        return [pin for pin in self.pins if pin.name in wanted]


def read_lock(text: str) -> Lock:
    """Parse what `uv pip compile --generate-hashes` wrote."""
    python = re.search(r"--python-version (\d+\.\d+)", text)
    if python is None:
        raise ValueError("the lock does not say for which Python it was compiled; compile it anew: make lock")
    starts = list(re.finditer(r"^([a-z0-9][\w.-]*)==(\S+)(?: ; (.*?))?(?: \\)?$", text, flags=re.MULTILINE))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    pins = (
        Pin(start[1], start[2], start[3] or "", _via(text[start.end() : end]))
        for start, end in zip(starts, ends, strict=True)
    )
    return Lock(python[1], tuple(pins))


def _via(block: str) -> tuple[str, ...]:
    _, _, told = block.partition("# via")
    names = (line.strip().lstrip("#").strip() for line in told.splitlines())
    return tuple(name for name in names if name)
