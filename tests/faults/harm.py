"""Every harm at every step: what the store is afterwards, when the work that was cut off is done again."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.disk import DAMAGE, Disk, Journal
from tests.faults.machine import Machine
from tests.faults.work import contents, work

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
class Undisturbed:
    """The same work without harm: its journal, and what the store holds at its end."""

    journal: Journal
    contents: dict[str, object]

    def piece_at(self, step: int) -> str:
        """The piece of work that does a step."""
        return [piece for piece, done in self.journal.marks.items() if done < step][-1]


def undisturbed(machine: Machine, folder: Path) -> Undisturbed:
    """Do the work once."""
    root = _new(folder)
    code, said, journal = machine.run(root)
    assert code == 0, said
    return Undisturbed(Journal(journal, root), contents(root))


def power_cuts(normal: Undisturbed, folder: Path, every: int) -> Iterator[Outcome]:
    """Cut the power after a step, with each damage: what had been done stays done, and the rest can be done again."""
    for step in range(1, len(normal.journal.steps) + 1, every):
        disk = Disk(normal.journal).run(step)
        for name, damage in DAMAGE.items():
            root = _new(folder)
            disk.build(root, damage, seed=step)
            yield Outcome(normal.piece_at(step), step, name, _trouble(root, normal, normal.piece_at(step)))
            shutil.rmtree(root.parent)


def kills(machine: Machine, normal: Undisturbed, folder: Path, every: int) -> Iterator[Outcome]:
    """Kill the process at a step."""
    for step in range(1, len(normal.journal.steps) + 1, every):
        for name, mode in KILLS.items():
            if mode == "t" and normal.journal.steps[step - 1].call != "write":
                continue
            root = _new(folder)
            _, _, file = machine.run(root, mode, step)
            piece = list(Journal(file, root).marks)[-1]
            yield Outcome(piece, step, name, _trouble(root, normal, piece))
            shutil.rmtree(root.parent)


def errors(machine: Machine, normal: Undisturbed, folder: Path, every: int) -> Iterator[Outcome]:
    """Let the disk refuse a step: one sentence says so, and when the disk is well again the work can go on."""
    for step in range(1, len(normal.journal.steps) + 1, every):
        for name, (mode, number) in ERRORS.items():
            root = _new(folder)
            code, said, file = machine.run(root, mode, step, number)
            piece = list(Journal(file, root).marks)[-1]
            wrong = code not in {0, 1} or "\n" in said or "damaged" in said
            yield Outcome(piece, step, name, said if wrong else _trouble(root, normal, piece))
            shutil.rmtree(root.parent)


def _trouble(root: Path, normal: Undisturbed, piece: str) -> str:
    """What is otherwise than without harm when the work is done again from a piece on."""
    try:
        if piece != "done":
            work(root, piece)
        there = contents(root)
    except Exception as error:  # noqa: BLE001 - each is a finding
        return f"{type(error).__name__}: {error}"
    return "; ".join(f"{name} differs" for name, expected in normal.contents.items() if there[name] != expected)


def _new(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder)) / "store"
