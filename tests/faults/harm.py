"""Every harm at every step: what the store is afterwards, when the work that was cut off is done again."""

import errno
import hashlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.disk import DAMAGE, Disk, Journal
from tests.faults.machine import Machine

# What a call that fails says, and whether every later one fails as well (`d` of the shim) or only this one (`e`).
ERRORS = {"full disk": ("d", errno.ENOSPC), "read-only": ("d", errno.EROFS), "input/output error": ("e", errno.EIO)}
KILLS = {"killed": "k", "killed in a write": "t"}


@dataclass(frozen=True)
class Outcome:
    """One harm at one step of a piece of work; `trouble` is empty where everything is as if nothing had been."""

    piece: str
    step: int
    harm: str
    trouble: str


@dataclass(frozen=True)
class Piece:
    """A piece of work done without harm: the store before it, its journal, and all that the store holds at the end."""

    name: str
    before: Path
    journal: Journal


@dataclass(frozen=True)
class Undisturbed:
    """All of the work without harm."""

    pieces: list[Piece]
    contents: list[dict[str, object]]

    def steps(self, every: int) -> Iterator[tuple[int, int]]:
        """Every Nth step of all, as the position of its piece and the number of the step in it."""
        all_of_them = ((at, step.number) for at, piece in enumerate(self.pieces) for step in piece.journal.steps)
        return itertools.islice(all_of_them, 0, None, every)


def undisturbed(machine: Machine) -> Undisturbed:
    """Do the work once."""
    root = _new(machine)
    pieces, contents = [], []
    for name in machine.work.PIECES:
        before = _copied(root, _new(machine))
        code, said, journal = machine.run(root, name)
        assert code == 0, said
        pieces.append(Piece(name, before, Journal(journal, root)))
        contents.append(machine.work.contents(root))
    return Undisturbed(pieces, contents)


def power_cuts(machine: Machine, normal: Undisturbed, every: int) -> Iterator[Outcome]:
    """Cut the power after a step, with each damage: what had been done stays done, and the rest can be done again.

    Where two damages leave the same folder, as both do when all is synced, what comes of it is seen once.
    """
    for at, step in normal.steps(every):
        piece = normal.pieces[at]
        disk = Disk(piece.journal, piece.before).run(step)
        seen: dict[str, str] = {}
        for name, damage in DAMAGE.items():
            root = _new(machine)
            disk.build(root, damage, seed=step)
            left = _checksum(root)
            if left not in seen:
                seen[left] = _trouble(machine, root, normal, at)
            yield Outcome(piece.name, step, name, seen[left])
            shutil.rmtree(root.parent)


def kills(machine: Machine, normal: Undisturbed, every: int) -> Iterator[Outcome]:
    """Kill the process at a step."""
    for at, step in normal.steps(every):
        piece = normal.pieces[at]
        for name, mode in KILLS.items():
            if mode == "t" and piece.journal.steps[step - 1].call != "write":
                continue
            root = _copied(piece.before, _new(machine))
            machine.run(root, piece.name, mode, step)
            yield Outcome(piece.name, step, name, _trouble(machine, root, normal, at))
            shutil.rmtree(root.parent)


def errors(machine: Machine, normal: Undisturbed, every: int) -> Iterator[Outcome]:
    """Let the disk refuse a step: one sentence says so, and when the disk is well again the work can go on."""
    for at, step in normal.steps(every):
        piece = normal.pieces[at]
        for name, (mode, number) in ERRORS.items():
            root = _copied(piece.before, _new(machine))
            code, said, _ = machine.run(root, piece.name, mode, step, number)
            wrong = code not in {0, 1} or "\n" in said or "damaged" in said
            yield Outcome(piece.name, step, name, said if wrong else _trouble(machine, root, normal, at))
            shutil.rmtree(root.parent)


def _trouble(machine: Machine, root: Path, normal: Undisturbed, at: int) -> str:
    """What is otherwise than without harm when the work is done again, from the piece that was harmed on."""
    end = machine.work.DONE_AGAIN or len(normal.pieces)
    try:
        for piece in normal.pieces[at : at + end]:
            machine.work.PIECES[piece.name](root)
        there = machine.work.contents(root)
    except Exception as error:  # noqa: BLE001 - each is a finding
        return f"{type(error).__name__}: {error}"
    expected = normal.contents[min(at + end, len(normal.pieces)) - 1]
    return "; ".join(f"{name} differs" for name in {**expected, **there} if there.get(name) != expected.get(name))


def _checksum(root: Path) -> str:
    """Of all names below a folder, and of what the files hold."""
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found.update(f"{path.relative_to(root)}\t{path.is_file()}\t{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _new(machine: Machine) -> Path:
    return Path(tempfile.mkdtemp(dir=machine.folder)) / "store"


def _copied(store: Path, to: Path) -> Path:
    """A copy of a store, where there is one."""
    return shutil.copytree(store, to) if store.exists() else to
