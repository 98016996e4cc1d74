"""The small files of the Hopsworks store: pictures, pages and numbers, in the project's `Resources`."""

import hashlib

from pipelines.stores.base import checked_file_name
from pipelines.stores.hopsworks.connection import Connected, operation
from pipelines.stores.hopsworks.folders import HOME, PENDING, Folders, pending_name

FILES = f"{HOME}/files"


class StoredFiles(Connected):
    """Small files by name."""

    @property
    def folders(self) -> Folders:
        """The file system of the project."""
        return Folders(self.connection)

    @operation("store the file {}")
    def put_file(self, name: str, content: bytes) -> None:
        """Store a file; one that has this content already is left alone."""
        path, folders = f"{FILES}/{checked_file_name(name)}", self.folders
        if folders.read(path) != content:
            folders.replace(path, content)

    @operation("fetch the file {}")
    def get_file(self, name: str) -> bytes | None:
        """The content of a stored file, or None."""
        path, folders = f"{FILES}/{checked_file_name(name)}", self.folders
        content = folders.read(path)
        return _waiting(folders, path) if content is None else content

    @operation("list the files {}")
    def list_files(self, prefix: str) -> list[str]:
        """The names of stored files that begin with `prefix`, sorted."""
        folder = FILES if "/" not in prefix else f"{FILES}/{prefix.rpartition('/')[0]}"
        names = (path.removeprefix(f"{FILES}/") for path in self.folders.walk(folder))
        return sorted(name for name in names if name.startswith(prefix))


def _waiting(folders: Folders, path: str) -> bytes | None:
    """The content of a file whose replacement was broken off, or is going on, after the old one was removed."""
    ending = pending_name(path, b"").partition("-")[2]
    for name in folders.names(PENDING):
        checksum, _, target = name.partition("-")
        if target == ending:
            content = folders.read(f"{PENDING}/{name}")
            if content is not None and hashlib.sha256(content).hexdigest() == checksum:
                return content
    # Whoever replaced it may have finished while we looked.
    return folders.read(path)
