"""The file system of the project: reading, listing, replacing a file, and creating one only if it is not there."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.stores.hopsworks.connection import Connection
from pipelines.stores.hopsworks.failures import status_of
from pipelines.stores.hopsworks.patience import Incomplete

# Everything that this project keeps as files lies here; `Resources` is there in every project.
HOME = "Resources/serverless_ml"
PENDING = f"{HOME}/pending"

PAGE = 1000


class Folders:
    """Files by their path in the project. Errors are the client's own."""

    def __init__(self, connection: Connection) -> None:
        self._datasets = connection.datasets
        self._made: set[str] = set()

    def size(self, path: str) -> int | None:
        """The size of a file in bytes, or None where there is none."""
        entry = self._stat(path)
        if entry is None:
            return None
        try:
            about = entry["attributes"]
            return None if about["dir"] else int(about["size"])
        except (KeyError, TypeError, ValueError) as error:
            raise Incomplete(f"what came about {path} does not tell its size") from error

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder; unlike the client's own question, a server error is no "no"."""
        return self._stat(path) is not None

    def read(self, path: str) -> bytes | None:
        """The content of a file, or None where there is none."""
        size = self.size(path)
        if size is None:
            return None
        try:
            # The client cuts off the first character of the path.
            content = bytes(self._datasets.read_content(f"/{path}").content)
        except Exception as error:
            if _is_missing(error):
                return None
            raise
        if len(content) != size:
            raise Incomplete(f"{path} has {size} bytes, and {len(content)} of them came")
        return content

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is no such folder."""
        return sorted(entry.name for entry in self._entries(folder))

    def walk(self, folder: str) -> Iterator[str]:
        """The paths of all files below a folder."""
        for entry in self._entries(folder):
            path = f"{folder}/{entry.name}"
            if entry.dir:
                yield from self.walk(path)
            else:
                yield path

    def make(self, folder: str) -> None:
        """Make a folder and those above it."""
        parts = PurePosixPath(folder).parts
        for depth in range(2, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in self._made and not self.exists(path):
                try:
                    self._datasets.mkdir(path)
                except Exception:
                    # Another process may have made it in between.
                    if not self.exists(path):
                        raise
            self._made.add(path)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing happens where there is none."""
        try:
            self._datasets.remove(path)
        except Exception as error:
            if not _is_missing(error):
                raise

    def replace(self, path: str, content: bytes) -> None:
        """Store a file, in place of what is there.

        Hopsworks cannot replace a file in one step. The new content waits in `pending` under a name that holds the
        checksum and the target, where a reader finds it who comes between the two steps, or after a crash there.
        """
        self.make(str(PurePosixPath(path).parent))
        waiting = self._upload(pending_name(path, content), content)
        for last in (False, False, True):
            self.remove(path)
            try:
                self._datasets.move(waiting, path)
            except Exception:
                # Another process may have put its own file there, or have moved ours, equal to its own, for us.
                if self.read(path) == content:
                    return
                if last:
                    raise
            else:
                return

    def create(self, path: str, content: bytes) -> bool:
        """Store a file unless there is one already; whether this call did it.

        A rename never overwrites, so of two processes that do this at the same time one does it. Whatever the
        server answers, what lies there afterwards tells who did; so `content` should be unlike any other's.
        """
        self.make(str(PurePosixPath(path).parent))
        if self.exists(path):
            return self.read(path) == content
        waiting = self._upload(f"{uuid.uuid4().hex}.json", content)
        try:
            self._datasets.move(waiting, path)
        except Exception:
            if self.read(path) is None:
                raise
        mine = self.read(path) == content
        self.remove(waiting)
        return mine

    def _upload(self, name: str, content: bytes) -> str:
        self.make(PENDING)
        path = f"{PENDING}/{name}"
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / name
            local.write_bytes(content)
            self.remove(path)
            self._datasets.upload(str(local), PENDING)
        if self.size(path) != len(content):
            raise Incomplete(f"{path} did not arrive whole")
        return path

    def _entries(self, folder: str) -> list[Any]:
        from hopsworks_common.core.inode import Inode  # noqa: PLC0415 - the client is loaded when it is used

        entries: list[Any] = []
        while True:
            try:
                # The public listing does not tell folders from files.
                _, page = self._datasets._list_dataset_path(folder, Inode, offset=len(entries), limit=PAGE)  # noqa: SLF001
            except KeyError:
                return entries
            except Exception as error:
                if _is_missing(error):
                    return entries
                raise
            entries += page
            if len(page) < PAGE:
                return entries

    def _stat(self, path: str) -> dict[str, Any] | None:
        try:
            entry: dict[str, Any] = self._datasets.get(path)
        except Exception as error:
            if _is_missing(error):
                return None
            raise
        return entry


def pending_name(path: str, content: bytes) -> str:
    """The name under which the new content of a file waits."""
    return f"{hashlib.sha256(content).hexdigest()}-{path.removeprefix(HOME + '/').replace('/', '--')}"


def _is_missing(error: BaseException) -> bool:
    """Whether the server says that a path does not exist, for which it has more than one way."""
    return status_of(error) in (400, 404) and "DatasetException" not in type(error).__name__
