"""The files of the embedded store that are neither a table nor a model: pictures, pages, numbers, notebooks."""

from pathlib import PurePosixPath

from pipelines.errors import StoreError
from pipelines.stores.folders import StoreFolder, guarded, names_in, write_atomically

# What the other parts of the store own.
_TAKEN = ("tables", "models", "champions.json")


class StoredFiles(StoreFolder):
    """Small files by name, each replaced in one step."""

    @guarded
    def put_file(self, name: str, content: bytes) -> None:
        """Store a file; one that has this content already is left alone."""
        path = self.root / _checked(name)
        with self.lock("files"):
            if self.get_file(name) != content:
                write_atomically(path, content)

    @guarded
    def get_file(self, name: str) -> bytes | None:
        """The content of a stored file, or None."""
        try:
            return (self.root / _checked(name)).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None

    @guarded
    def list_files(self, prefix: str) -> list[str]:
        """The names of stored files that begin with `prefix`, sorted."""
        top = [self.root / name for name in names_in(self.root) if _is_free((name,))]
        paths = [inner for path in top for inner in (path, *path.rglob("*")) if inner.is_file()]
        files = [path.relative_to(self.root) for path in paths]
        return sorted(file.as_posix() for file in files if _is_free(file.parts) and file.as_posix().startswith(prefix))


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or path.as_posix() != name or not _is_free(path.parts):
        raise StoreError(
            f"{name!r} cannot name a stored file; use a relative name such as dashboard/metrics.json, "
            f"with no part that begins with '.', outside {', '.join(_TAKEN)}."
        )
    return name


def _is_free(parts: tuple[str, ...]) -> bool:
    return bool(parts) and parts[0] not in _TAKEN and not any(part.startswith(".") for part in parts)
