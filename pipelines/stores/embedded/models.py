"""The model registry of the embedded store: a folder a version, and the champion log beside them."""

import os
import shutil
from pathlib import Path

from pipelines.documents import Damaged
from pipelines.documents.champions import champions_text, parse_champions
from pipelines.documents.model import ModelInfo, parse_model
from pipelines.errors import ChampionMoved, NotFound, StoreError, VersionTaken
from pipelines.stores.base import ChampionEntry, FeatureView, champion_entry, champion_fields, check_name
from pipelines.stores.embedded.folder import (
    StoreFolder,
    guarded,
    make_folder,
    move,
    names_in,
    read_regular,
    sync,
    write_atomically,
)

_INFO = "model.json"


class ModelFolders(StoreFolder):
    """Models as folders that appear whole or not at all."""

    @guarded
    def register(self, view: FeatureView, version: int, folder: Path) -> None:
        """Copy `folder` aside, then rename it into place; see `Store.register`."""
        if not (folder / _INFO).is_file():
            raise StoreError(f"{folder} has no {_INFO}, so it is no complete model folder; train the model again.")
        task = self._task_folder(view.name)
        with self.lock(f"models-{view.name}"):
            if (task / str(version)).exists():
                raise VersionTaken(f"Version {version} of {view.name} is registered already; register the next one.")
            make_folder(task)
            _remove_leftovers(task)
            _copy_whole(folder, task / str(version))

    @guarded
    def versions(self, task: str) -> list[int]:
        """The registered versions of a task, ascending."""
        names = names_in(self._task_folder(task))
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    @guarded
    def describe(self, task: str, version: int) -> ModelInfo:
        """The `model.json` of a version, or `NotFound`."""
        path = self._version_folder(task, version) / _INFO
        try:
            return _described(path)
        except Damaged as error:
            raise StoreError(
                f"{path} is damaged ({error}); promote another version of {task} or train a new one."
            ) from error

    @guarded
    def download(self, task: str, version: int, to: Path) -> Path:
        """Copy a version's files into the new folder `to` and return it; see `Store.download`."""
        source = self._version_folder(task, version)
        try:
            return Path(shutil.copytree(source, to))
        except OSError as error:
            unread = sorted(path.name for path in source.iterdir() if not os.access(path, os.R_OK))
            if unread:
                raise StoreError(
                    f"{', '.join(unread)} of version {version} of {task} in {self.location} cannot be read; take the "
                    "version from another copy of the store, promote another one or train a new one."
                ) from error
            raise StoreError(
                f"Version {version} of {task} could not be copied to {to} ({error}); "
                "give a folder that does not exist, where this user may write."
            ) from error

    def champion(self, task: str) -> ChampionEntry | None:
        """The newest entry of the champion log; None where there is none or it withdrew the champion."""
        log = self.champion_log(task)
        return log[-1] if log and log[-1].version is not None else None

    @guarded
    def champion_log(self, task: str) -> list[ChampionEntry]:
        """All entries of the champion log, oldest first."""
        return self._champions().get(task, [])

    @guarded
    def move_champion(self, entry: ChampionEntry, expected: int | None) -> None:
        """Append `entry` to the log if the champion is still `expected`; see `Store.move_champion`."""
        if entry.version is not None:
            self._version_folder(entry.task, entry.version)
        with self.lock("champions"):
            champion = self.champion(entry.task)
            current = champion.version if champion else None
            if current != expected:
                raise ChampionMoved(
                    f"The champion of {entry.task} is version {current or 'none'}, not {expected or 'none'}: "
                    "another run moved it; look at it and promote again."
                )
            champions = self._champions()
            champions.setdefault(entry.task, []).append(entry)
            logs = {task: [champion_fields(each) for each in log] for task, log in champions.items()}
            write_atomically(self._champions_file, champions_text(logs))

    @property
    def _champions_file(self) -> Path:
        return self.root / "champions.json"

    def _champions(self) -> dict[str, list[ChampionEntry]]:
        try:
            content = _content(self._champions_file)
            logs = {} if content is None else parse_champions(content)
            return {task: [champion_entry(task, fields) for fields in log] for task, log in logs.items()}
        except ValueError as error:
            raise StoreError(
                f"{self._champions_file} is damaged ({error}); "
                "take it from a copy of the store, or move it away and promote a version of each task."
            ) from error

    def _task_folder(self, task: str) -> Path:
        check_name(task)
        return self.root / "models" / task

    def _version_folder(self, task: str, version: int) -> Path:
        folder = self._task_folder(task) / str(version)
        if not folder.is_dir() and os.path.lexists(folder):
            raise StoreError(f"{folder} should be a folder and is none; move it away and run this again.")
        if not folder.is_dir():
            registered = ", ".join(map(str, self.versions(task))) or "none"
            raise NotFound(f"{task} has no version {version} in {self.location}; its versions are: {registered}.")
        return folder


def _described(path: Path) -> ModelInfo:
    content = _content(path)
    if content is None:
        raise Damaged("it is missing")
    return parse_model(content)


def _content(path: Path) -> bytes | None:
    content = read_regular(path)
    if content is None and os.path.lexists(path):
        raise Damaged("it is no file")
    return content


def _copy_whole(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.new")
    shutil.copytree(source, temporary)
    for path in (*temporary.rglob("*"), temporary):
        sync(path)
    move(temporary, target)


def _remove_leftovers(task: Path) -> None:
    # Who registers holds the lock, so a hidden folder belongs to a process that was killed.
    for leftover in task.glob(".*"):
        shutil.rmtree(leftover)
