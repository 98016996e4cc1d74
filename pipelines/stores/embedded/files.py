"""The files of the embedded store that are neither a table nor a model: pictures, pages, numbers, notebooks."""

from pipelines.stores.base import checked_file_name, is_free_name
from pipelines.stores.embedded.folder import StoreFolder, guarded, names_in, read_regular, write_atomically


class StoredFiles(StoreFolder):
    """Small files by name, each replaced in one step."""

    @guarded
    def put_file(self, name: str, content: bytes) -> None:
        """Store a file; one that has this content already is left alone."""
        path = self.root / checked_file_name(name)
        with self.lock("files"):
            if self.get_file(name) != content:
                write_atomically(path, content)

    @guarded
    def get_file(self, name: str) -> bytes | None:
        """The content of a stored file, or None."""
        return read_regular(self.root / checked_file_name(name))

    @guarded
    def list_files(self, prefix: str) -> list[str]:
        """The names of stored files that begin with `prefix`, sorted."""
        top = [self.root / name for name in names_in(self.root) if is_free_name((name,))]
        paths = [inner for path in top for inner in (path, *path.rglob("*")) if inner.is_file()]
        files = [path.relative_to(self.root) for path in paths]
        return sorted(
            file.as_posix() for file in files if is_free_name(file.parts) and file.as_posix().startswith(prefix)
        )
