"""A machine that can be cut off: runs work in a process whose file system calls the shim notes, fails or cuts."""

import ctypes
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Self

SHIM = Path(__file__).with_name("shim.c")
NO_COMPILER = "The fault tests need a C compiler (cc); call `make compiler`, or install gcc or clang."


def compiled(folder: Path) -> Path:
    """The shim as a library to preload."""
    library = folder / "shim.so"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM)], check=True)
    except FileNotFoundError as error:
        raise RuntimeError(NO_COMPILER) from error
    return library


class Machine:
    """A process that has everything imported, and forks for each piece of work of a module such as `work`."""

    def __init__(self, library: Path, work: ModuleType, folder: Path) -> None:
        self.work, self.folder = work, folder
        work.prepare(folder)
        arguments = f"{work.__name__!r}, {str(folder)!r}"
        program = f"import sys; sys.path[:0] = {sys.path!r}; from tests.faults.machine import serve; serve({arguments})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "LD_PRELOAD": str(library)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, root: Path, piece: str, mode: str = "-", at: int = 0, error: int = 0) -> tuple[int, str, Path]:
        """Do a piece of work on the folder `root`, with harm as the shim has it.

        Returns the exit code (1 for a sentence), what was said, and the journal.
        """
        journal = Path(tempfile.mkdtemp(dir=self.folder)) / "journal"
        order = {"root": str(root), "journal": str(journal), "piece": piece, "mode": mode, "at": at, "error": error}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        said = journal.with_name("said")
        return code, said.read_text(encoding="utf-8") if said.exists() else "", journal


def serve(work: str, folder: str) -> None:
    """Do what each line of the standard input orders, in a fork."""
    module = importlib.import_module(work)
    module.prepare(Path(folder))
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_harmed(order, module.PIECES[order["piece"]]))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _harmed(order: dict[str, object], piece: Callable[[Path], object]) -> int:
    from pipelines.errors import PipelineError

    shim = ctypes.CDLL(None)
    journal = Path(str(order["journal"]))
    shim.fault_arm(
        os.fsencode(Path(str(order["root"])).parent), os.fsencode(journal),
        ctypes.c_char(str(order["mode"]).encode()), int(str(order["at"])), int(str(order["error"])),
    )  # fmt: skip
    code = 0
    try:
        piece(Path(str(order["root"])))
    except PipelineError as error:
        code, said = 1, str(error)
    except BaseException as error:  # noqa: BLE001 - whatever it is, a test wants to see it
        code, said = 3, f"{type(error).__name__}: {error}"
    shim.fault_disarm()
    if code:
        journal.with_name("said").write_text(said, encoding="utf-8")
    return code
