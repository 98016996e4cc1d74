"""A folder that many processes write to: locks, atomic files, and one sentence for what the disk refuses."""

import errno
import functools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from filelock import FileLock, Timeout

from pipelines.errors import StoreUnavailable

# A write takes well under a second: who waits this long waits for a process that hangs.
LOCK_TIMEOUT_S = 120

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound="StoreFolder")


class StoreFolder:
    """A folder `root` that need not exist yet, with locks that end with the process that holds them."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.location = str(self.root)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` of this folder; make the folder where there is none.

        Raises
        ------
        StoreUnavailable
            Another process held the lock for `LOCK_TIMEOUT_S`.
        """
        path = self.root / ".locks" / f"{name}.lock"
        make_folder(path.parent)
        try:
            with FileLock(path, timeout=LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StoreUnavailable(
                f"Another process has been writing to {name} in {self.root} for more than {LOCK_TIMEOUT_S} s; "
                "end it if it hangs, then run this again."
            ) from error


def guarded(method: Callable[Concatenate[F, P], R]) -> Callable[Concatenate[F, P], R]:
    """Turn what the operating system refuses in a method of a `StoreFolder` into `StoreUnavailable`."""

    @functools.wraps(method)
    def call(self: F, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            raise StoreUnavailable(_refusal(self.root, error)) from error

    return call


def names_in(folder: Path) -> list[str]:
    """The names in a folder; none where it does not exist."""
    try:
        return os.listdir(folder)  # noqa: PTH208
    except FileNotFoundError:
        return []


def read_regular(path: Path) -> bytes | None:
    """The content of a file, also behind a link; None where there is no file.

    A pipe or a device, which may have no end, is no file, and neither is a folder.
    """
    if path.exists() and not path.is_file():
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            return None
        raise


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file `path` in one step: a reader, or a crash, sees the old content or the new.

    The caller holds a lock, so what lies under the temporary name was left by a killed process.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that do not exist, so that they survive a power cut."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync(path.parent)


def move(source: Path, target: Path) -> Path:
    """Rename `source` to `target`, which survives a power cut from then on; return `target`."""
    make_folder(target.parent)
    source.rename(target)
    for folder in {source.parent, target.parent}:
        sync(folder)
    return target


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def error_number(error: Exception) -> int | None:
    """The number of an operating system error, also where a library has put it into its text."""
    in_text = re.search(r"(?:os error |Errno )(\d+)", str(error))
    return getattr(error, "errno", None) or (int(in_text[1]) if in_text else None)


def _refusal(root: Path, error: OSError) -> str:
    blocker = next((path for path in (root, *root.parents) if path.exists() and not path.is_dir()), None)
    if blocker is not None:
        return f"STORE_DIR is {root}, but {blocker} is a file; move it away or set STORE_DIR to a folder."
    number = error_number(error)
    if number == errno.EISDIR:
        return f"{error.filename2 or error.filename} is a folder and should be a file; move it away and run this again."
    if number == errno.ENOSPC:
        return f"The disk that holds STORE_DIR ({root}) is full; free some space and run this again."
    return (
        f"STORE_DIR ({root}) cannot be used: {os.strerror(number) if number else error} ({error.filename or root}); "
        "give this user the right to write there or set STORE_DIR to another folder."
    )
