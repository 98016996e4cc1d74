"""What a disk holds after a power cut: built from the journal of the shim, step by step.

A file is its content, a folder the names in it; each of them is on the disk as it was when it was last synced. What was
not synced may be there too, or some of it, or come back with the wrong content: `DAMAGE` has the kinds.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Content = bytes


@dataclass
class File:
    """The content that programs see, and the one that is on the disk (None: nothing of it yet)."""

    seen: Content = b""
    synced: Content | None = None


@dataclass
class Folder:
    """The names that programs see, and those that are on the disk."""

    seen: "dict[str, File | Folder]" = field(default_factory=dict)
    synced: "dict[str, File | Folder]" = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A line of the journal."""

    number: int
    call: str
    paths: tuple[Path, ...]


class Journal:
    """What a process did to the folder `root`, in order."""

    def __init__(self, file: Path, root: Path) -> None:
        self.file, self.root = file, root
        self.steps: list[Step] = []
        for line in file.read_text(encoding="utf-8").splitlines():
            number, call, *paths = line.split("\t")
            if call == "failed":
                self.steps[-1] = Step(int(number), "nothing", ())
            else:
                self.steps.append(Step(int(number), call, tuple(Path(path) for path in paths if path)))

    def content_after(self, step: Step) -> Content:
        """The content of the file that a step wrote to."""
        return self.file.with_name(f"{self.file.name}.{step.number}").read_bytes()


class Disk:
    """A folder as programs see it and as the disk holds it.

    It begins with the folder above `root`, with nothing in it but what lies in the folder `before`, if that is there.
    """

    def __init__(self, journal: Journal, before: Path) -> None:
        self.journal = journal
        self.top = Folder()
        if before.exists():
            self.top.seen[journal.root.name] = _whole(before)
            self.top.synced = dict(self.top.seen)

    def run(self, steps: int) -> "Disk":
        """Do the first `steps` steps of the journal."""
        for step in self.journal.steps[:steps]:
            self._do(step)
        return self

    def _do(self, step: Step) -> None:
        call = step.call
        if call == "sync":
            self._sync(step.paths[0])
        elif call in {"write", "truncate"}:
            self._file(step.paths[0]).seen = self.journal.content_after(step) if call == "write" else b""
        elif call in {"create", "mkdir"}:
            folder, name = self._place(step.paths[0])
            folder.seen[name] = File() if call == "create" else Folder()
        elif call == "unlink":
            folder, name = self._place(step.paths[0])
            del folder.seen[name]
        elif call in {"rename", "link"}:
            (old, old_name), (new, new_name) = map(self._place, step.paths)
            new.seen[new_name] = old.seen[old_name]
            if call == "rename":
                del old.seen[old_name]

    def _sync(self, path: Path) -> None:
        if path == self.journal.root.parent:
            self.top.synced = dict(self.top.seen)
            return
        folder, name = self._place(path)
        node = folder.seen[name]
        if isinstance(node, File):
            node.synced = node.seen
        else:
            node.synced = dict(node.seen)

    def _place(self, path: Path) -> tuple[Folder, str]:
        """The folder that a path lies in, and its name there."""
        folder = self.top
        for part in path.relative_to(self.journal.root.parent).parent.parts:
            inner = folder.seen[part]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, path.name

    def _file(self, path: Path) -> File:
        folder, name = self._place(path)
        # What was unlinked while it was open is nobody's any more.
        node = folder.seen.get(name, File())
        assert isinstance(node, File)
        return node

    def build(self, root: Path, damage: "Damage", seed: int) -> None:
        """Make `root` the folder that the machine finds when the power is back."""
        root.mkdir(parents=True)
        chance = random.Random(seed)  # noqa: S311 - reproducible
        node = damage.names(self.top, chance).get(self.journal.root.name)
        if isinstance(node, Folder):
            _build(node, root, damage, chance)


def _whole(path: Path) -> File | Folder:
    """What lies at a path, with all of it on the disk."""
    if path.is_file():
        content = path.read_bytes()
        return File(content, content)
    inner = {each.name: _whole(each) for each in path.iterdir()}
    return Folder(inner, dict(inner))


def _build(folder: Folder, path: Path, damage: "Damage", chance: random.Random) -> None:
    for name, node in sorted(damage.names(folder, chance).items()):
        if isinstance(node, Folder):
            (path / name).mkdir()
            _build(node, path / name, damage, chance)
        else:
            intact = node.seen == node.synced
            (path / name).write_bytes(node.seen if intact else damage.content(node, chance))


@dataclass(frozen=True)
class Damage:
    """What becomes of names and contents that were not synced."""

    names: Callable[[Folder, random.Random], dict[str, File | Folder]]
    content: Callable[[File, random.Random], Content]


def _any_names(folder: Folder, chance: random.Random) -> dict[str, File | Folder]:
    """Each name as it was seen or as it was synced."""
    both = sorted({*folder.seen, *folder.synced})
    picked = {name: (folder.seen if chance.random() < 0.5 else folder.synced).get(name) for name in both}
    return {name: node for name, node in picked.items() if node is not None}


def _half(file: File, _: random.Random) -> Content:
    return file.seen[: len(file.seen) // 2]


def _zeros(file: File, _: random.Random) -> Content:
    return bytes(len(file.seen))


def _any_content(file: File, chance: random.Random) -> Content:
    return chance.choice([file.seen, file.synced or b"", _half(file, chance), _zeros(file, chance)])


def _seen(folder: Folder, _: random.Random) -> dict[str, File | Folder]:
    return folder.seen


DAMAGE = {
    "vanished": Damage(lambda folder, _: folder.synced, lambda file, _: file.synced or b""),
    "empty": Damage(_seen, lambda *_: b""),
    "half": Damage(_seen, _half),
    "zeros": Damage(_seen, _zeros),
    "mixed": Damage(_any_names, _any_content),
}
